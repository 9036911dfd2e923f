"""What is new in a workspace since somebody last looked.

Nothing here asks again and again: whoever changes the world says that something happened (`World.touch`), and what is
planned has its time. What happened is read from the store afterwards, so that what was undone is not told.
"""

import heapq
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import bindparam, select

from sandbox.world import acts, callbacks, messages, workspaces
from sandbox.world.carrier import COLUMNS, OUTBOUND, MessageRow
from sandbox.world.clockwork import LAST_ID
from sandbox.world.errors import UnknownWorkspace
from sandbox.world.happenings import CALLBACK, CLOCK, INBOUND, MESSAGE, RESET, STATUS
from sandbox.world.messages import MESSAGES
from sandbox.world.statuses import Entry
from sandbox.world.store import Statement

if TYPE_CHECKING:
    from sandbox.world import WorkspaceView, World

IN_WORKSPACE = MESSAGES.c.workspace_id == bindparam("workspace_id")
NEW = Statement(select(MESSAGES).where(IN_WORKSPACE, MESSAGES.c.id > bindparam("last_id")).order_by(MESSAGES.c.id))
AHEAD = Statement(
    select(MESSAGES.c.id, MESSAGES.c.sent_at, MESSAGES.c.settled_at).where(
        IN_WORKSPACE,
        MESSAGES.c.settled_at > MESSAGES.c.accepted_at,
        MESSAGES.c.settled_at > bindparam("now"),
    )
)


class Happening(NamedTuple):
    """Something that happened, by its name in `happenings`.

    `message`, `entries` and `so_far`: the message it is about, its timeline, and how many entries of that had come
    about with it. `callback`: the number of one. `facts`: what else there is to say.
    """

    kind: str
    at: int
    message: MessageRow | None = None
    entries: Sequence[Entry] = ()
    so_far: int = 0
    callback: int | None = None
    facts: Mapping[str, Any] | None = None

    @property
    def status(self) -> str:
        """That the message had with it."""
        return self.entries[self.so_far - 1].status

    @property
    def order(self) -> tuple[int, int, int, int]:
        number = 0 if self.message is None else self.message["id"]
        return self.at, number, self.so_far, self.callback or 0


class Watch:
    """On one workspace. `notify` is called, perhaps within a transaction, when there may be news."""

    def __init__(self, world: "World", workspace: "WorkspaceView", notify: Callable[[], None]) -> None:
        self._world = world
        self._workspace_id = workspace.id
        self._key = workspace.key
        self._notify = notify
        self._steps: dict[int, int] = {}
        self._callbacks: set[int] = set()
        self._turns: list[Happening] = []
        self._is_anew = False
        self._begin()

    def _workspace(self) -> "WorkspaceView":
        """As it is now; another one may have got its number since it was deleted."""
        workspace = workspaces.view_of(self._world, self._workspace_id)
        if workspace.key != self._key:
            raise UnknownWorkspace("This workspace is gone.")
        return workspace

    def _begin(self) -> None:
        """All that is there by now is known, and nothing is to be told of what was before."""
        world = self._world
        self._is_anew = False
        self._steps.clear()
        self._callbacks.clear()
        self._turns.clear()
        workspace = self._workspace()
        last = world.store.one(LAST_ID, workspace_id=self._workspace_id)
        self._last_id = last[0] if last else 0
        self._since = world.now(workspace)
        self._ahead: list[tuple[int, int]] = []
        for n, *times in world.store.all(AHEAD, workspace_id=self._workspace_id, now=self._since):
            self._expect(n, times)

    def _expect(self, n: int, times: Sequence[int | None]) -> None:
        for at in times:
            if at is not None and at > self._since:
                heapq.heappush(self._ahead, (at, n))

    def touched(self, what: str, n: int, step: int) -> None:
        """As `World.touch` gives it."""
        if what == STATUS:
            self._steps[n] = min(step, self._steps.get(n, step))
        elif what == CALLBACK:
            self._callbacks.add(n)
        elif what == CLOCK:
            self._turns.append(Happening(CLOCK, self._world.now(self._workspace())))
        elif what == RESET:
            self._is_anew = True
        self._notify()

    @property
    def next_at(self) -> int | None:
        """When the next planned status comes about, in ms on the workspace's clock."""
        return self._ahead[0][0] if self._ahead else None

    def news(self) -> list[Happening]:
        """What happened since the last time, turns of the clock first, the rest in the order of its times."""
        world = self._world
        workspace = self._workspace()
        if self._is_anew:
            self._begin()
            return [Happening(RESET, self._since)]
        now = max(world.now(workspace), self._since)
        if workspace.next_due_at is not None and workspace.next_due_at <= now:
            acts.catch_up(world, workspace)
        told = self._turns
        self._turns = []
        found = [*self._changed(now), *self._come(now)]
        found += self._called(now, with_lost=workspace.callback_profile is not None)
        self._since = now
        return told + sorted(found, key=lambda each: each.order)

    def _changed(self, now: int) -> list[Happening]:
        """Statuses of messages that were there, planned or given."""
        due: dict[int, None] = {}
        while self._ahead and self._ahead[0][0] <= now:
            due[heapq.heappop(self._ahead)[1]] = None
        steps, self._steps = self._steps, {}
        found: list[Happening] = []
        for n in dict.fromkeys((*due, *steps)):
            row = self._row(n) if n <= self._last_id else None
            if row is None:
                continue
            entries = messages.entries_of(self._world, row)
            first = steps.get(n, len(entries))
            found += (
                Happening(STATUS, entry.at, row, entries, position + 1)
                for position, entry in enumerate(entries)
                if position and entry.at <= now and (position >= first or entry.at > self._since)
            )
        return found

    def _row(self, n: int) -> MessageRow | None:
        row = self._world.store.one(messages.BY_ID, workspace_id=self._workspace_id, id=n)
        return dict(zip(COLUMNS, row, strict=True)) if row else None

    def _come(self, now: int) -> list[Happening]:
        """Messages that were not there before, with the statuses that they took already."""
        found: list[Happening] = []
        for values in self._world.store.all(NEW, workspace_id=self._workspace_id, last_id=self._last_id):
            row = dict(zip(COLUMNS, values, strict=True))
            entries = messages.entries_of(self._world, row)
            kind = MESSAGE if row["direction"] == OUTBOUND else INBOUND
            for position, entry in enumerate(entries):
                if position == 0 or entry.at <= now:
                    found.append(Happening(STATUS if position else kind, entry.at, row, entries, position + 1))
                else:
                    heapq.heappush(self._ahead, (entry.at, row["id"]))
            self._last_id = row["id"]
        return found

    def _called(self, now: int, *, with_lost: bool) -> list[Happening]:
        """Callbacks that were tried, or that fell due and are not sent."""
        numbers, self._callbacks = self._callbacks, set()
        if with_lost and now > self._since:
            numbers.update(callbacks.lost(self._world, self._workspace_id, self._since, now))
        found = []
        for n in sorted(numbers):
            callback = callbacks.find(self._world, self._workspace_id, n)
            row = self._row(callback["message_id"]) if callback and callback["due_at"] <= now else None
            if row is not None:
                entries = messages.entries_of(self._world, row)
                so_far = sum(entry.at <= now for entry in entries)
                found.append(Happening(CALLBACK, now, row, entries, so_far, n))
        return found
