"""What happened, in the shapes of the control API."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from sandbox.server.control import shown
from sandbox.server.journal import entries
from sandbox.world import World, callbacks, messages, workspaces
from sandbox.world.carrier import MessageRow
from sandbox.world.errors import UnknownMessage
from sandbox.world.happenings import CALLBACK, EXCHANGE
from sandbox.world.watching import Happening

About = tuple[tuple[MessageRow, str], ...]
"""Messages, each with the status that counts for a filter."""
MOST_MESSAGES = 100
"""Of an exchange that are looked at for filters."""
GONE: tuple[None, About] = (None, ())


class EventWriter:
    """For some happenings of one workspace: the data of each, and what it is about, null if it concerns everybody."""

    def __init__(self, world: World, workspace_id: int) -> None:
        self._world = world
        self._workspace = workspaces.view_of(world, workspace_id)
        self._message = shown.MessageWriter(world, self._workspace)

    def __call__(self, happening: Happening) -> tuple[object, About | None]:
        if happening.kind == CALLBACK:
            return self._callback(happening)
        if happening.kind == EXCHANGE:
            return self._exchange(happening.facts or {})
        if happening.message is None:
            return shown.clock(self._world, self._workspace), None
        row = happening.message
        if not self._message.knows(row):
            return GONE
        return self._message.as_of(row, happening.entries, happening.so_far), ((row, happening.status),)

    def _exchange(self, row: Mapping[str, Any]) -> tuple[object, About | None]:
        """Without headers and bodies, which whoever wants them finds in the journal."""
        entry = entries.entry(dict(row))
        about = []
        for our in entry["messages"][:MOST_MESSAGES]:
            with suppress(UnknownMessage):
                message = messages.find(self._world, self._workspace, our)
                about.append((message, messages.status_of(message, self._message.now)))
        return {name: value for name, value in entry.items() if name not in ("request", "response")}, (*about,)

    def _callback(self, happening: Happening) -> tuple[object, About | None]:
        row = callbacks.find(self._world, self._workspace.id, happening.callback or 0)
        if row is None or happening.message is None:
            return GONE
        data = shown.callback(self._world, row, happening.message["status_callback"])
        return data, ((happening.message, row["status"]),)
