"""How does a request of the journal become one that can be sent again? With other credentials, in the same places."""

import json
from base64 import b64encode
from collections.abc import Mapping
from typing import NamedTuple

from dialog_sandbox.models.workspaces import WorkspaceInfo
from sandbox.server.exports.credentials import MARK, is_basic, with_keys
from sandbox.server.journal.entry import LONGEST_BODY, LONGEST_HEADER, LONGEST_TARGET
from sandbox.store.tables import JournalEntryRow

OF_ITS_CONNECTION = frozenset(
    {"connection", "keep-alive", "proxy-connection", "upgrade", "http2-settings", "te", "trailer", "expect"}
)
"""Headers that are about the connection that a request came on."""


class CannotBeSent(Exception):
    """The text says why a recorded request cannot be sent again."""


class RecordedRequest(NamedTuple):
    """A request to be sent. `note`: what of it is not as it was, in words, if anything."""

    method: str
    target: bytes
    headers: list[tuple[bytes, bytes]]
    body: bytes
    note: str | None


class RunCredentials(NamedTuple):
    """Those of the workspace in which a run is made again. `keys`: of its accounts, by number and parameter."""

    basic: str
    keys: Mapping[int, Mapping[str, str]]


def credentials_of(workspace: WorkspaceInfo) -> RunCredentials:
    """Return what calls of a workspace show. Its accounts are listed by their numbers, which count from 1."""
    pair = f"{workspace.basic.username}:{workspace.basic.password}"
    keys = {
        number: {"access_key": account.access_key, "secret_access_key": account.secret_access_key}
        for number, account in enumerate(workspace.accounts, 1)
    }
    return RunCredentials(f"Basic {b64encode(pair.encode()).decode()}", keys)


def request_again(entry: JournalEntryRow, credentials: RunCredentials) -> RecordedRequest:
    """Return the request of an exchange. Raises `CannotBeSent`."""
    if entry.request_size > LONGEST_BODY:
        raise CannotBeSent(f"of its {entry.request_size} bytes only the first {LONGEST_BODY} are kept")
    target = entry.path + (b"?" + entry.query if entry.query else b"")
    if max(len(entry.path), len(entry.query)) >= LONGEST_TARGET:
        raise CannotBeSent("its path or query was longer than what is kept")
    keys = credentials.keys.get(entry.call_account or 1, {})
    target, body = _with_keys(target, keys), _with_keys(entry.request_body, keys)
    headers = []
    for name, value in json.loads(entry.request_headers):
        if len(value) >= LONGEST_HEADER:
            raise CannotBeSent(f"its header {name} was longer than what is kept")
        if name.lower() == "content-length":
            if value != str(entry.request_size):
                raise CannotBeSent(f"only {entry.request_size} bytes of its body came")
            value = str(len(body))
        elif is_basic(name, value):
            value = credentials.basic
        if name.lower() not in OF_ITS_CONNECTION:
            headers.append((name.encode("latin-1"), value.encode("latin-1")))
    left = [part for part in (target, body, *(value for _, value in headers)) if MARK.encode() in part]
    note = f"a secret was taken out of its request: {MARK} is sent in its place" if left else None
    return RecordedRequest(entry.method, target, headers, body, note)


def _with_keys(text: bytes, keys: Mapping[str, str]) -> bytes:
    """Return a target or a body with keys where they were; latin-1 keeps whatever bytes there are."""
    return with_keys(text.decode("latin-1"), lambda name: keys.get(name, MARK)).encode("latin-1")
