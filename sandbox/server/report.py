"""Keeps every vendor exchange as a line of JSON, of workspaces too that are reset or gone before anybody reads."""

from typing import TextIO

from pydantic_core import to_json

from sandbox.server.app import Sandbox
from sandbox.server.journal.entries import entry
from sandbox.world import journal, workspaces


class Report:
    """Stands between the world and its journal: what that is told to forget is written down before.

    Each line is an exchange as the control API shows it, with the `workspace` that it belongs to, if it does.
    """

    def __init__(self, app: Sandbox, file: TextIO) -> None:
        self._file = file
        self._world = app.world
        self._journal = app.journal
        app.journal.listeners.append(self._exchanged)
        app.world.journal = self

    def write(self) -> None:
        self._journal.write()

    def forget(self, workspace_id: int) -> None:
        self._journal.write()
        self._journal.forget(workspace_id)

    def _exchanged(self, workspace_id: int, row: journal.EntryRow) -> None:
        line = to_json({"workspace": self._named(workspace_id), **entry(row)}).decode()
        print(line, file=self._file)

    def _named(self, workspace_id: int) -> dict[str, str] | None:
        if workspace_id == journal.SERVER:
            return None
        row = workspaces.row_of(self._world, workspace_id)
        return {"id": row["key"], "name": row["name"]}
