"""How an exchange becomes an entry of the journal: its secrets taken out, its bodies cut."""

import json
from collections.abc import Callable
from typing import Any, NamedTuple

from pydantic_core import to_json

from sandbox.dependencies import Exchange, Finding, Subject
from sandbox.remembering import remembered
from sandbox.server.journal.secrets import among, basic_token, forms, redacted, redacted_header, without
from sandbox.vendor import raw_path
from sandbox.world import World, journal, workspaces
from sandbox.world.errors import UnknownWorkspace
from sandbox.world.faults import RULE

LONGEST_BODY = 64 * 1024
"""Bytes that are kept of each body."""
KEPT = LONGEST_BODY + 4 * 1024
"""Bytes that are looked through for secrets, so that none is cut in two where the body is cut."""
LONGEST_TARGET = 16 * 1024
LONGEST_HEADER = 8 * 1024
"""Bytes that are kept of a header's value."""
MOST_MESSAGES = 1000

RawHeaders = tuple[tuple[bytes, bytes], ...]


class Answer(NamedTuple):
    """An exchange and what came of it.

    `body`: as much of it as may be kept; `size`: bytes of the whole, null if it never came to its end. `wall`: wall
    time in ms; `ms`: how long it took.
    """

    exchange: Exchange
    status: int
    headers: RawHeaders
    body: bytes
    size: int | None
    wall: int
    ms: int

    @property
    def workspace_id(self) -> int:
        workspace = self.exchange.workspace
        return journal.SERVER if workspace is None else workspace.id


class Owner(NamedTuple):
    """What is to be known of a workspace: the forms of its credentials, and its accounts' numbers by access key."""

    known: tuple[bytes, ...]
    accounts: dict[str | None, int | None]


class Owners:
    """To whom exchanges belong, remembered until credentials change."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._owners: dict[int, Owner] = {}
        self._all_credentials: frozenset[bytes] | None = None
        self._as_of = (0, 0)

    def of(self, answer: Answer) -> Owner:
        """Of an exchange that belongs to no workspace: what it shows of any workspace's credentials."""
        self._forget_what_changed()
        if answer.workspace_id == journal.SERVER:
            return self._of_nobody(answer.exchange)
        account = answer.exchange.subject.account
        owner = self._owners.get(answer.workspace_id)
        if owner is None or account not in owner.accounts:
            owner = self._owners[answer.workspace_id] = owner_of(self._world, answer.workspace_id)
        return owner

    def _forget_what_changed(self) -> None:
        as_of = (self._world.credentials, self._world.store.others_wrote)
        if self._as_of != as_of:
            self._as_of = as_of
            self._owners.clear()
            self._all_credentials = None

    def _of_nobody(self, exchange: Exchange) -> Owner:
        if self._all_credentials is None:
            self._all_credentials = workspaces.secrets(self._world)
        scope = exchange.request.scope
        values = [value for _, value in scope["headers"]]
        sent = b"\n".join((raw_path(scope), scope["query_string"], exchange.raw_body[:KEPT], *values))
        return Owner(forms(among(sent, self._all_credentials)), {})


def owner_of(world: World, workspace_id: int) -> Owner:
    """What is to be known of a workspace; nothing of one that is gone."""
    try:
        found = workspaces.row_of(world, workspace_id)
    except UnknownWorkspace:
        return Owner((), {None: None})
    accounts = workspaces.accounts(world, workspace_id)
    keys = [key for account in accounts for key in (account["access_key"], account["secret_access_key"])]
    credentials = [key.encode() for key in (found["password"], *keys) if key]
    numbers: dict[str | None, int | None] = {account["access_key"]: account["id"] for account in accounts}
    return Owner(forms([*credentials, basic_token(found["username"], found["password"])]), numbers | {None: None})


def entry_of(answer: Answer, owner: Owner) -> journal.EntryValues:
    """What is kept of an exchange and its answer."""
    row = {**_decided(answer, owner), **_request(answer.exchange, owner.known), **_response(answer, owner.known)}
    return tuple(row[name] for name in journal.COLUMNS)


def _decided(answer: Answer, owner: Owner) -> journal.EntryRow:
    """All but what was sent to and fro."""
    exchange = answer.exchange
    messages, found, fault = exchange.messages, findings_of(exchange), exchange.fault
    return {
        "workspace_id": answer.workspace_id,
        "number": exchange.number,
        "at": exchange.now if answer.workspace_id else answer.wall,
        "wall": answer.wall,
        "operation": operation_of(exchange),
        "outcome": outcome_of(exchange),
        "status": answer.status,
        "levels": levels_of(found) if found else None,
        "messages": f",{','.join(map(str, messages[:MOST_MESSAGES]))}," if messages else None,
        "subject": subject_of(exchange.subject, owner),
        "ms": answer.ms if fault is None else answer.ms + fault.delay_ms,
        "rules": " ".join(rules_of(exchange)),
        "findings": _json(found, owner.known, redacted) if found else None,
        "fault": None if fault is None else _json(fault.described, owner.known, redacted),
    }


def _request(exchange: Exchange, known: tuple[bytes, ...]) -> journal.EntryRow:
    scope = exchange.request.scope
    return {
        "method": scope["method"],
        "path": redacted(raw_path(scope), known)[:LONGEST_TARGET],
        "query": redacted(scope["query_string"], known)[:LONGEST_TARGET],
        "request_headers": headers_of(tuple(scope["headers"]), known),
        "request_body": redacted(exchange.raw_body[:KEPT], known)[:LONGEST_BODY],
        "request_size": len(exchange.raw_body),
    }


def _response(answer: Answer, known: tuple[bytes, ...]) -> journal.EntryRow:
    """No vendor's answer has secret names of its own; one that does not accept may repeat what was sent."""
    take_out = without if outcome_of(answer.exchange) == journal.ACCEPTED else redacted
    has_body = answer.exchange.request.scope["method"] != "HEAD"
    return {
        "response_headers": headers_of(answer.headers, known),
        "response_body": take_out(answer.body, known)[:LONGEST_BODY] if has_body else b"",
        "response_size": answer.size if has_body else 0,
    }


@remembered
def headers_of(headers: RawHeaders, known: tuple[bytes, ...]) -> str:
    """As JSON, a list of pairs; remembered, since those of a client and of its answers are the same again and again."""
    pairs = [(without(name, known), redacted_header(name, value, known)) for name, value in headers]
    return json.dumps(
        [[name.decode("latin-1"), _short(value).decode("latin-1")] for name, value in pairs], ensure_ascii=False
    )


def _short(value: bytes) -> bytes:
    return value if len(value) <= LONGEST_HEADER else value[:LONGEST_HEADER] + b"..."


TakeOut = Callable[[bytes, tuple[bytes, ...]], bytes]


def _json(value: Any, known: tuple[bytes, ...], take_out: TakeOut) -> str:
    return to_json(_cleaned(value, known, take_out)).decode()


def _cleaned(value: Any, known: tuple[bytes, ...], take_out: TakeOut) -> Any:
    """Text by text: in JSON as it is written a secret could have a string's end in it."""
    if isinstance(value, str):
        return take_out(value.encode(errors="replace"), known).decode(errors="replace")
    if isinstance(value, dict):
        return {name: _cleaned(each, known, take_out) for name, each in value.items()}
    return [_cleaned(each, known, take_out) for each in value] if isinstance(value, list | tuple) else value


def subject_of(subject: Subject, owner: Owner) -> str:
    """As JSON, the account by its number. A text is told as it is, but for the workspace's credentials."""
    return _json((*subject[:4], owner.accounts.get(subject.account), subject.number), owner.known, without)


def levels_of(findings: list[Finding]) -> str:
    """Each once."""
    return " ".join(sorted({finding.level for finding in findings}))


def operation_of(exchange: Exchange) -> str | None:
    """`simplepay.submit`; None for a path that leads nowhere."""
    name = exchange.operation
    return None if name is None else f"{exchange.request.app.vendor.name}.{name}"


def outcome_of(exchange: Exchange) -> str:
    if exchange.fault is not None:
        return journal.FAULTED
    return journal.ACCEPTED if exchange.refusal is None else journal.REFUSED


def rules_of(exchange: Exchange) -> tuple[str, ...]:
    """Those that decided the answer; none of a defect of ours."""
    met = () if exchange.fault is None else (RULE,)
    if exchange.refusal is None:
        return exchange.rules + met
    return ((exchange.refusal.rule,) if exchange.refusal.rule else ()) + met


def findings_of(exchange: Exchange) -> list[Finding]:
    """What the endpoint saw itself, and what the exchange as a whole shows."""
    found: list[Finding] = exchange.request.app.vendor.findings(exchange)
    return exchange.findings + found
