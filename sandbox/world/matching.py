"""Which messages pass filters: one at a time as they come, and the newest of those that are there."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, select

from sandbox.world.carrier import COLUMNS, OUTBOUND, MessageRow
from sandbox.world.clockwork import LAST_ID
from sandbox.world.messages import BROADCASTS, MESSAGES, Filters, conditions
from sandbox.world.store import Statement

if TYPE_CHECKING:
    from sandbox.world import WorkspaceView, World

AT_ONCE = 5_000
"""Messages that are looked through in one go; others get their turn in between."""
BROADCAST_BY_KEY = Statement(
    select(BROADCASTS.c.id).where(
        BROADCASTS.c.workspace_id == bindparam("workspace_id"), BROADCASTS.c.key == bindparam("key")
    )
)

Test = Callable[[Mapping[str, Any], str], bool]
"""Of a message's row, and the status that counts."""


class Matcher:
    """`messages.conditions` for a row at hand. Messages numbered up to `after` do not pass."""

    def __init__(self, world: "World", workspace_id: int, filters: Filters, after: int = 0) -> None:
        self._world = world
        self._workspace_id = workspace_id
        self._tests = [*self._compiled(filters)]
        if after:
            self._tests.append(lambda row, _: row["id"] > after)

    @property
    def lets_all_pass(self) -> bool:
        return not self._tests

    def __call__(self, row: Mapping[str, Any], status: str) -> bool:
        return all(test(row, status) for test in self._tests)

    def _compiled(self, filters: Filters) -> Iterator[Test]:
        tests: dict[str, Callable[[Any], Test]] = {
            "vendor": lambda vendor: lambda row, _: row["vendor"] == vendor,
            "direction": lambda direction: lambda row, _: row["direction"] == direction,
            "status": lambda asked: lambda _, status: status == asked,
            "to": lambda to: lambda row, _: to == (row["phone"] if row["direction"] == OUTBOUND else row["line"]),
            "from_": lambda sender: lambda row, _: row["sender"] == sender,
            "console": lambda console: lambda row, _: row["console_id"] == console,
            "account": lambda account: lambda row, _: row["account_id"] == account,
            "text": _in_any_case if filters.any_case else _as_written,
            "broadcast": self._of_broadcast,
            "since": lambda since: lambda row, _: row["accepted_at"] >= since,
            "until": lambda until: lambda row, _: row["accepted_at"] <= until,
        }
        for name, test in tests.items():
            value = getattr(filters, name)
            if value is not None:
                yield test(value)

    def _of_broadcast(self, key: str) -> Test:
        """Its number is looked up when a broadcast's message comes: it may be of one that was not there before."""
        number: int | None = None

        def test(row: Mapping[str, Any], _: str) -> bool:
            nonlocal number
            if row["broadcast_id"] is None:
                return False
            if number is None:
                found = self._world.store.one(BROADCAST_BY_KEY, workspace_id=self._workspace_id, key=key)
                number = found[0] if found else None
            return bool(row["broadcast_id"] == number)

        return test


def _as_written(text: str) -> Test:
    return lambda row, _: text in row["text"]


def _in_any_case(text: str) -> Test:
    folded = text.casefold()
    return lambda row, _: folded in row["text"].casefold()


def newest_of_the_last(
    world: "World", workspace: "WorkspaceView", filters: Filters, after: int
) -> tuple[MessageRow | None, int]:
    """The newest message that passes among the last `AT_ONCE`, and the number of the first of these."""
    row = world.store.one(LAST_ID, workspace_id=workspace.id)
    last = row[0] if row else 0
    first = max(after, last - AT_ONCE)
    return _newest(world, workspace, filters, first, last), first


async def newest_before(
    world: "World", workspace: "WorkspaceView", filters: Filters, after: int, end: int
) -> MessageRow | None:
    """The newest message that passes of those numbered over `after` up to `end`."""
    while end > after:
        await asyncio.sleep(0)
        first = max(after, end - AT_ONCE)
        found = _newest(world, workspace, filters, first, end)
        if found is not None:
            return found
        end = first
    return None


def _newest(world: "World", workspace: "WorkspaceView", filters: Filters, after: int, end: int) -> MessageRow | None:
    statement = Statement(
        select(MESSAGES)
        .where(
            MESSAGES.c.workspace_id == workspace.id,
            MESSAGES.c.id > after,
            MESSAGES.c.id <= end,
            *conditions(filters, world.now(workspace)),
        )
        .order_by(MESSAGES.c.id.desc())
        .limit(1)
    )
    row = world.store.one(statement)
    return dict(zip(COLUMNS, row, strict=True)) if row else None
