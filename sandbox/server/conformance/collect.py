"""How is all that a report needs read from the store, others being served meanwhile?"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple, Protocol, TypeVar

from sandbox.server.conformance.bodies import content_of
from sandbox.server.conformance.callback_reactions import comes_first, page_of_callbacks, reactions_to_callbacks
from sandbox.server.conformance.calls import CallRow, page_of_calls, page_of_operation
from sandbox.server.conformance.history import ReadHistory, results_of
from sandbox.server.conformance.message_facts import LAST, SLICE, MessageFacts
from sandbox.server.conformance.pollers import PollerAudit, audit, has_local_time
from sandbox.server.conformance.polls import PollsByReader, Reader, trouble_of
from sandbox.server.conformance.reactions import Steps, reactions_of
from sandbox.server.conformance.records import ResultRow, called_back, page_of_results
from sandbox.server.conformance.report import ConformanceReport, situation_states
from sandbox.server.conformance.rule_states import RuleTallies, rule_states
from sandbox.store import Tx, serve_others
from sandbox.vendors.base.range_reads import RangeRead
from sandbox.vendors.base.vendor import Vendor
from sandbox.world.commands import SUBMIT
from sandbox.world.lines import all_lines
from sandbox.world.phones import national
from sandbox.world.workspaces import find

T = TypeVar("T")


class Owners(NamedTuple):
    """Who owns what was read, and what the clock read then. `consoles`: their numbers by code."""

    now: int
    consoles: dict[str, int]
    zones: dict[int, str]
    account_names: dict[int, str]


class Readable(Protocol):
    """A workspace that is read piece by piece."""

    async def read(self, work: Callable[[Tx], T]) -> T: ...


async def paged(ws: Readable, page: Callable[[Tx, int], list[T]], position_of: Callable[[T], int]) -> list[T]:
    """Return all that the pages hold, each read by itself."""
    rows: list[T] = []
    while True:
        after = position_of(rows[-1]) if rows else 0
        found = await ws.read(lambda tx, after=after: page(tx, after))  # type: ignore[misc]  # mypy infers no such lambda
        if not found:
            return rows
        rows += found
        await serve_others()


async def audits_of(ws: Readable, vendors: Sequence[Vendor]) -> list[PollerAudit]:
    """Return what is to be said of each client that reads by date range."""
    owners = await ws.read(_owners)
    known = KnownStatuses(vendors)
    for operation in known.operations:
        async for call in _each_call(ws, partial(page_of_operation, operation=operation)):
            known.take_in(call)
    found = []
    for vendor in vendors:
        for read in vendor.range_reads:
            polls = PollsByReader(read, owners.zones)
            async for call in _each_call(ws, partial(page_of_operation, operation=read.operation)):
                polls.take_in(call)
            found += await _audits_of_read(ws, polls, owners, known.at)
    return found


class KnownStatuses:
    """When the status of each message was told last by a call about it alone."""

    def __init__(self, vendors: Sequence[Vendor]) -> None:
        self.operations = frozenset(operation for vendor in vendors for operation in vendor.status_reads)
        self.at: dict[int, int] = {}

    def take_in(self, call: CallRow) -> None:
        if call.operation in self.operations and not trouble_of(call):
            self.at.update(dict.fromkeys(call.message_numbers, call.at))


async def _audits_of_read(
    ws: Readable, polls: PollsByReader, owners: Owners, known: Mapping[int, int]
) -> list[PollerAudit]:
    if not polls.by_reader:
        return []
    rows = await paged(ws, lambda tx, after: page_of_results(tx, polls.read, after), lambda row: row.id)
    called = await ws.read(lambda tx: called_back(tx, 0, rows[-1].id) if rows else [])
    known_at = {**known, **{each.message_id: max(each.at, known.get(each.message_id, 0)) for each in called}}
    return await asyncio.to_thread(_judged, polls, rows, known_at, owners)


def _owners(tx: Tx) -> Owners:
    accounts = find.accounts(tx)
    return Owners(
        now=tx.now,
        consoles={line.code: line.console_id for line in all_lines(tx) if line.console_id is not None},
        zones={each.id: each.zone for each in accounts},
        account_names={each.id: each.name for each in accounts},
    )


def _judged(
    polls: PollsByReader, rows: Sequence[ResultRow], known: Mapping[int, int], owners: Owners
) -> list[PollerAudit]:
    """Return the audits of one operation; it needs nothing but what was read."""
    audits = []
    for reader, its_polls in polls.by_reader.items():
        mine = [row for row in rows if _is_of(row, reader, polls.read, owners)]
        results = {each.id: each for each in results_of(mine, known, polls.read)}
        account = owners.account_names.get(reader.account or 0)
        audits.append(audit(reader, account, ReadHistory(polls.read, its_polls, results), owners.now))
    return audits


def _is_of(row: ResultRow, reader: Reader, read: RangeRead, owners: Owners) -> bool:
    owner = owners.consoles.get(reader.console or "") if read.owner == "console" else reader.account
    return row.owner == owner and reader.number in (None, national(row.line))


# The whole ------------------------------------------------------------------------------------------------------------


class WorldFacts(NamedTuple):
    """What the journal does not tell.

    `began`: when the history ended that the workspace was made with. `last`: the number of the last message.
    """

    workspace: str
    now: int
    began: int
    last: int
    may_come_first: bool


async def report_of(ws: Readable, vendors: Sequence[Vendor], *, is_masked: bool = False) -> ConformanceReport:
    """Return what there is to be said of a workspace's clients. `is_masked`: without what looks like real data."""
    reads = [read for vendor in vendors for read in vendor.range_reads]
    steps, tallies = Steps(frozenset(read.operation for read in reads)), RuleTallies(is_masked=is_masked)
    owners = await ws.read(_owners)
    polls = {read.operation: PollsByReader(read, owners.zones) for read in reads}
    known = KnownStatuses(vendors)
    async for call in _each_call(ws, page_of_calls):
        known.take_in(call)
        tallies.take_in(call)
        steps.take_in(call)
        if call.operation in polls:
            polls[call.operation].take_in(call)
    facts = await ws.read(_facts)
    messages = await _message_facts(ws, facts)
    contents = [await ws.read(lambda tx, read=read: content_of(tx, read)) for read in reads]  # type: ignore[misc]  # mypy infers no such lambda
    callbacks = [
        each
        for each in await paged(ws, page_of_callbacks, lambda each: each.callback.id)
        if each.callback.status_at >= facts.began
    ]
    newest = min(facts.now, messages.newest)
    reactions = await asyncio.to_thread(lambda: list(reactions_of(steps, facts.now, newest)))
    reactions += [reaction for content in contents for reaction in content.reactions]
    reactions += [
        *messages.reactions_to_opt_outs(),
        *reactions_to_callbacks(callbacks, may_come_first=facts.may_come_first),
    ]
    pollers = [audited for each in polls.values() for audited in await _audits_of_read(ws, each, owners, known.at)]
    for read in reads:
        if not any(has_local_time(each) for each in pollers if each.reader.operation == read.operation):
            tallies.drop_notes(read.zone_note)
    nullable = frozenset().union(*(read.nullable for read in reads))
    return ConformanceReport(
        workspace=facts.workspace,
        now=facts.now,
        calls=tallies.calls,
        rules=rule_states(vendors, tallies.by_rule, messages.purposes),
        situations=situation_states(reactions),
        pollers=pollers,
        missing_nulls=sorted(nullable.difference(*(content.nulls for content in contents))),
    )


async def _message_facts(ws: Readable, facts: WorldFacts) -> MessageFacts:
    found = MessageFacts(facts.began, SUBMIT[1])
    for after in range(0, facts.last, SLICE):
        await ws.read(partial(found.take_in, after=after))
        await serve_others()
    return found


async def _each_call(ws: Readable, page_of: Callable[[Tx, int], list[CallRow]]) -> AsyncIterator[CallRow]:
    """Yield each call, page by page, so that no page stays."""
    after = 0
    while page := await ws.read(lambda tx: page_of(tx, after)):  # noqa: B023  (it is run at once)
        after = page[-1].position
        for call in page:
            yield call
        await serve_others()


def _facts(tx: Tx) -> WorldFacts:
    row = find.row_of(tx)
    return WorldFacts(
        workspace=row.name or row.key or "",
        now=tx.now,
        began=row.first_at,
        last=tx.one(LAST) or 0,
        may_come_first=comes_first(tx),
    )
