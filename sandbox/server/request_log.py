"""A line of the log for each request: how is it told without anybody's credentials?

There is no query in it, where DialogTech's keys stand, and no header. What is left of secrets in the path is taken out
as the journal does, and so is the token of a sink.
"""

import logging
import re
from typing import NamedTuple

from sandbox.server.guard import HEALTH, PREFIX
from sandbox.server.journal.batch import secrets_of
from sandbox.server.journal.secrets import MARK, Forms, among, beginning, forms
from sandbox.store import Store, Tx
from sandbox.store.errors import StoreError
from sandbox.store.tables import WorkspaceRow
from sandbox.world.errors import UnknownWorkspace
from sandbox.world.workspaces import find

LONGEST_PATH = 1024
"""Bytes of a path that are logged."""
METHOD = re.compile(r"[A-Za-z-]{1,32}")
NO_METHOD = "?"
"""Stands for the first bytes of what is no HTTP, in which anything may be: secrets, or codes that turn a terminal."""
CONTROLS = re.compile(rb"[\x00-\x1f\x7f]")
SINK_TOKEN = re.compile(rb"(/_sandbox/sinks/)[^/]+")
WORKSPACE_NAME = re.compile(rf"{PREFIX}/workspaces/([^/]+)/".encode())
logger = logging.getLogger("sandbox.access")


class LoggedRequest(NamedTuple):
    """A request that was answered, or not; `path`, `exchange` and `workspace` as people may see them."""

    client: str | None
    method: str
    path: str
    status: int | None
    ms: int
    operation: str
    outcome: str
    exchange: str | None
    workspace: str | None

    def __str__(self) -> str:
        status = "unanswered" if self.status is None else self.status
        names = f"{self.operation} {self.exchange or '-'} {self.workspace or '-'}"
        return f'{self.client or "-"} "{self.method} {self.path}" {status} {self.ms} ms {names}'


class RequestLog:
    """Writes behind each answer, to the logger `sandbox.access`. Each record has its `LoggedRequest` as `request`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def write(self, request: LoggedRequest, path: bytes, workspace_id: int | None) -> None:
        """Log a request whose path came as `path`, from a caller of that workspace if from any."""
        method = request.method if METHOD.fullmatch(request.method) else NO_METHOD
        request = request._replace(method=method, path=await self._without_secrets(path, workspace_id))
        logger.info("%s", request, extra={"request": request})

    async def _without_secrets(self, path: bytes, workspace_id: int | None) -> str:
        if not path.startswith(HEALTH.encode()):
            try:
                known = await self._store.read(lambda tx: _known(tx, path, workspace_id))
            except StoreError:
                return MARK.decode()
            path = SINK_TOKEN.sub(rb"\1" + MARK, beginning(path, LONGEST_PATH, known))
        return _printable(path)


def _printable(text: bytes) -> str:
    """Return it as one line of ASCII that does nothing to a terminal."""
    shown = CONTROLS.sub(lambda found: b"\\x%02x" % ord(found[0]), text)
    return shown.decode("ascii", "backslashreplace")


def _known(tx: Tx, path: bytes, workspace_id: int | None) -> Forms:
    """Return the credentials that may be in the path: the caller's, those of the workspace in it, or anybody's."""
    name = WORKSPACE_NAME.match(path)
    try:
        if workspace_id is not None:
            return _of(tx, workspace_id)
        if name is not None:
            return _of(tx, find.find_workspace(tx, name[1].decode("ascii", "replace")).id)
    except UnknownWorkspace:
        pass
    return forms(among(path, find.secrets(tx)))


def _of(tx: Tx, workspace_id: int) -> Forms:
    tx.enter(find.by_id(tx, workspace_id))
    row = tx.get(WorkspaceRow, workspace_id)
    assert row is not None, "it was found"
    return secrets_of(row, find.accounts(tx))
