"""How is a run made again from its bundle? Call by call, each at the time that the clock read, and compared."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO, Protocol
from urllib.parse import quote

from dialog_sandbox.models.journal import Exchange
from dialog_sandbox.models.workspaces import WorkspaceInfo
from sandbox.clock import milliseconds, rfc3339
from sandbox.server.exports.bundle import START, BundleHead, BundleLines, read_head
from sandbox.server.exports.differences import differences
from sandbox.server.exports.recorded_requests import (
    CannotBeSent,
    RecordedRequest,
    RunCredentials,
    credentials_of,
    request_again,
)
from sandbox.server.exports.run_start import EMPTY
from sandbox.server.exports.run_start import SNAPSHOT as FROM_SNAPSHOT
from sandbox.store.tables import ControlCallRow, JournalEntryRow

NOT_REPEATED = re.compile(r"/(clock|sinks|journal|snapshots|callbacks/[^/]+/redeliver)(/.*)?")
"""Calls of the control API that are not made again: the clock is set for each call, and nobody is called."""
PROFILE = "/callbacks/profile"
STORIES = "/stories/"
PLACEHOLDER = re.compile(r"\[(access_key|secret_access_key):(\d+)\]")
KEYS_OF_ACCOUNT = ("access_key", "secret_access_key")
LIFETIME_S = 3600
"""How long the workspace stays in which the calls are made again."""
LONGEST_LINE = 4 * 1024 * 1024
MOST_LOOKS = 100


class ReplayRefused(Exception):
    """The text says why the run cannot be made again at all."""


class ReplayServer(Protocol):
    """A server on which a run is made again."""

    def control(self, method: str, path: str, body: bytes | None = None, media_type: str = ...) -> tuple[int, bytes]:
        """Make a call of the control API; return the answer's status and body."""

    def send(self, request: RecordedRequest, *, hangs: bool) -> str | None:
        """Make a vendor call; return the exchange's id, if it was answered. `hangs`: it waits for who hangs up.

        Raises `CannotBeSent`.
        """


@dataclass
class ReplayResult:
    """What came of it: how many calls of each kind were made again, and how many of those were not as they were, or
    could not be made.
    """

    exchanges: int = 0
    controls: int = 0
    different: int = 0
    left_out: int = 0
    missing: int = 0

    @property
    def is_same(self) -> bool:
        """Whether all of the run was made again, and was as it was."""
        return not (self.different or self.left_out or self.missing)


class Replay:
    """Makes a run again. `say` is called with each line that a person should read."""

    def __init__(self, server: ReplayServer, say: Callable[[str], None]) -> None:
        self.result = ReplayResult()
        self.workspace_id = ""
        self._server = server
        self._say = say
        self._path = ""
        self._now = 0
        self._credentials = RunCredentials("", {})
        self._last_exchange: str | None = None

    def run(self, file: BinaryIO) -> ReplayResult:
        """Make the calls of a bundle. Raises `DamagedBundle` and `ReplayRefused`, before a call if that can be."""
        _check(file)
        head = read_head(file.readline())
        for sentence in head.missing:
            self._say(sentence)
        self.result.missing = len(head.missing)
        self._create(head)
        lines = BundleLines()
        snapshot: list[bytes] = []
        for line in file:
            was_start = lines.snapshot == START
            found = lines.read(line)
            if isinstance(found, bytes):
                if was_start:
                    snapshot.append(found)
                    if lines.snapshot is None:
                        self._restore(b"".join(snapshot))
            elif isinstance(found, JournalEntryRow):
                self._set_clock(found.at)
                self._replay_exchange(lines.calls, found)
            elif isinstance(found, ControlCallRow):
                self._set_clock(found.at)
                self._replay_control(lines.calls, found)
        return self.result

    # The beginning -----------------------------------------------------------------------------------------------

    def _create(self, head: BundleHead) -> None:
        start = head.start
        named = {name: start[name] for name in ("fixture", "fixture_text", "seed", "start_at") if name in start}
        if start.get("from") != FROM_SNAPSHOT and not {"fixture", "fixture_text"} & named.keys():
            raise ReplayRefused("It does not say what the run began with.")
        made = self._needed("POST", "/_sandbox/workspaces", {**named, "clock": "frozen", "ttl": LIFETIME_S})
        self._learn(made)
        self._path = f"/_sandbox/workspaces/{self.workspace_id}"
        if "delivery" in start:
            self._needed("PUT", f"{self._path}/delivery", start["delivery"])
        if start.get("from") == EMPTY:
            self._needed("POST", f"{self._path}/reset", {"to": "empty"})
        self._call_nobody({})
        self._note_clock()

    def _restore(self, file: bytes) -> None:
        path = f"{self._path}/snapshots/start"
        status, answer = self._server.control("PUT", path, file, "application/octet-stream")
        _accepted(status, answer)
        self._learn(self._needed("POST", f"{path}/restore"))
        self._needed("POST", f"{self._path}/clock", {"action": "freeze"})
        profile = self._needed("GET", self._path + PROFILE)
        self._call_nobody(profile)
        self._note_clock()

    def _learn(self, workspace: Any) -> None:
        info = WorkspaceInfo.model_validate(workspace)
        self.workspace_id = info.id
        self._credentials = credentials_of(info)

    def _call_nobody(self, profile: dict[str, Any]) -> Any:
        return self._needed("PUT", self._path + PROFILE, {**profile, "lose": 1})

    def _note_clock(self) -> None:
        self._now = milliseconds(datetime.fromisoformat(self._needed("GET", f"{self._path}/clock")["now"]))

    # Calls ---------------------------------------------------------------------------------------------------------

    def _set_clock(self, at: int) -> None:
        if at > self._now:
            self._needed("POST", f"{self._path}/clock", {"action": "set", "at": rfc3339(at)})
            self._now = at

    def _replay_control(self, number: int, call: ControlCallRow) -> None:
        if NOT_REPEATED.fullmatch(call.path):
            return
        name = f"{number}: {call.method} {call.path}"
        if call.body is None:
            self.result.left_out += 1
            self._say(f"{name} cannot be made again: its body was longer than what is kept.")
            return
        self.result.controls += 1
        status, answer = self._server.control(call.method, self._path_of(call), self._body_of(call))
        if status >= 400:
            self.result.different += 1
            self._say(f"{name}: it is refused now: {_detail(answer)}")
        if call.path == "/accounts":
            self._learn(self._needed("GET", self._path))
        if call.path.startswith(STORIES):
            self._needed("POST", f"{self._path}/clock", {"action": "freeze"})
            self._note_clock()

    def _path_of(self, call: ControlCallRow) -> str:
        query = self._with_keys(call.query)
        return self._path + quote(self._with_keys(call.path), safe="/") + (f"?{query}" if query else "")

    def _body_of(self, call: ControlCallRow) -> bytes | None:
        if not call.body:
            return None
        body = json.loads(call.body)
        if call.path == "/accounts":
            body = {name: value for name, value in body.items() if name not in KEYS_OF_ACCOUNT}
        if call.path == PROFILE:
            body = {**body, "lose": 1}
        return self._with_keys(json.dumps(body)).encode()

    def _with_keys(self, text: str) -> str:
        keys = self._credentials.keys
        return PLACEHOLDER.sub(lambda found: keys.get(int(found[2]), {}).get(found[1], found[0]), text)

    def _replay_exchange(self, number: int, recorded: JournalEntryRow) -> None:
        name = f"{number}: {recorded.operation or 'no operation'} at {rfc3339(recorded.at)}"
        hangs = recorded.fault is not None and "timeout" in json.loads(recorded.fault)["effect"]
        try:
            request = request_again(recorded, self._credentials)
            exchange_id = self._server.send(request, hangs=hangs)
        except CannotBeSent as error:
            self.result.left_out += 1
            self._say(f"{name} cannot be sent again: {error}.")
            return
        self.result.exchanges += 1
        replayed = self._exchange(exchange_id)
        found = ["it left no entry in the journal"] if replayed is None else [*differences(recorded, replayed)]
        if found:
            self.result.different += 1
            for line in [*found, *([request.note] if request.note else [])]:
                self._say(f"{name}: {line}.")

    def _exchange(self, exchange_id: str | None) -> Exchange | None:
        """Return a call's entry: that of its id, or, of one that was not answered, the newest that there is."""
        if exchange_id is None:
            exchange_id = next(self._newest(), None)
        if exchange_id is None:
            return None
        self._last_exchange = exchange_id
        return Exchange.model_validate(self._needed("GET", f"/_sandbox/journal/{exchange_id}"))

    def _newest(self) -> Iterator[str]:
        for _ in range(MOST_LOOKS):
            found = self._needed("GET", f"{self._path}/journal?order=newest&limit=1")["items"]
            if found and found[0]["id"] != self._last_exchange:
                yield found[0]["id"]

    def _needed(self, method: str, path: str, body: Any = None) -> Any:
        """Make a call that the replay cannot do without. Raises `ReplayRefused`."""
        status, answer = self._server.control(method, path, None if body is None else json.dumps(body).encode())
        return _accepted(status, answer)


def _accepted(status: int, answer: bytes) -> Any:
    if status >= 400:
        raise ReplayRefused(f"The server refuses to make the run again: {_detail(answer)}")
    return json.loads(answer) if answer else None


def _detail(answer: bytes) -> str:
    try:
        return str(json.loads(answer)["detail"])
    except (ValueError, LookupError, TypeError):
        return answer[:200].decode(errors="replace")


def _check(file: BinaryIO) -> None:
    """Read the whole once, so that nothing is done with a file that was cut off. Raises `DamagedBundle`."""
    read_head(file.readline(LONGEST_LINE))
    lines = BundleLines()
    for line in file:
        lines.read(line)
    lines.check_end()
    file.seek(0)
