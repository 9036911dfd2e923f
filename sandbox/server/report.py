"""Keeps every vendor exchange as a line of JSON, of workspaces too that are reset or gone before anybody reads."""

from typing import TextIO

from pydantic_core import to_json
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.server.guard import PREFIX
from sandbox.server.journal import Journal
from sandbox.store import Store
from sandbox.store.tables import JournalEntryRow, WorkspaceRow
from sandbox.store.workspace_view import SERVER

ONLY_READ = ("GET", "HEAD")


class Report:
    """Stands before an application, and has it write down what it has answered before it is told to change anything.

    Each line is an exchange as the control API shows it, with the `workspace` that it belongs to, if it does.
    """

    def __init__(self, app: ASGIApp, journal: Journal, store: Store, file: TextIO) -> None:
        self._app = app
        self._journal = journal
        self._store = store
        self._file = file
        journal.listeners.append(self._exchanged)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] not in ONLY_READ and scope["path"].startswith(PREFIX):
            await self._journal.flush()
        await self._app(scope, receive, send)

    def _exchanged(self, entry: JournalEntryRow, workspace_id: int) -> None:
        exchange = self._journal.show(entry).model_dump(mode="json")
        print(to_json({"workspace": self._named(workspace_id), **exchange}).decode(), file=self._file)

    def _named(self, workspace_id: int) -> dict[str, str | None] | None:
        if workspace_id == SERVER:
            return None
        row = self._store.read_now(lambda tx: tx.get(WorkspaceRow, workspace_id))
        return None if row is None else {"id": row.key, "name": row.name}
