"""Keeps every vendor exchange as a line of JSON, of workspaces too that are reset or gone before anybody reads."""

from typing import TextIO

from pydantic_core import to_json
from starlette.types import Receive, Scope, Send

from sandbox.server.app import Sandbox
from sandbox.server.guard import PREFIX
from sandbox.server.journal.entries import entry
from sandbox.world import journal, workspaces

ONLY_READ = ("GET", "HEAD")


class Report:
    """Stands before an application, and has it write down what it has answered before it is told to change anything.

    Each line is an exchange as the control API shows it, with the `workspace` that it belongs to, if it does.
    """

    def __init__(self, app: Sandbox, file: TextIO) -> None:
        self._app = app
        self._file = file
        app.journal.listeners.append(self._exchanged)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] not in ONLY_READ and scope["path"].startswith(PREFIX):
            self._app.journal.write()
        await self._app(scope, receive, send)

    def _exchanged(self, workspace_id: int, values: journal.EntryValues) -> None:
        line = to_json({"workspace": self._named(workspace_id), **entry(journal.row_of(values))}).decode()
        print(line, file=self._file)

    def _named(self, workspace_id: int) -> dict[str, str] | None:
        if workspace_id == journal.SERVER:
            return None
        row = workspaces.row_of(self._app.world, workspace_id)
        return {"id": row["key"], "name": row["name"]}
