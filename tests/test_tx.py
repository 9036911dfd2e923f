"""A transaction as an object: what is added, changed, found and counted by it, and what it leaves for others."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import pytest
from conftest import DatabaseFor
from counter import counted
from driver import CONSOLE, LINE, START, STRANGER, TRACKING_NUMBER, Driver
from sqlalchemy import bindparam, func, literal, select

from sandbox.clock import HOUR, LATEST, NEVER
from sandbox.store import Conflict, Query, Store, StoreUnavailable, Tx, WorkspaceView
from sandbox.store.sql import contains
from sandbox.store.tables import (
    CHANGES,
    CONSENTS,
    CONSOLES,
    COUNTERS,
    MESSAGES,
    SINKS,
    STEPS,
    WORKSPACES,
    ChangeRow,
    ConsentRow,
    ConsoleRow,
    CounterRow,
    MessageRow,
    Row,
    SinkRow,
    StepRow,
    WorkspaceRow,
    table_of,
)
from sandbox.store.workspace_view import SERVER, VIEW, VIEW_BY_ID
from sandbox.world import lines
from sandbox.world.workspaces.create import add_console, begin, create

OTHER = "16155550199"


@pytest.fixture
def store(database_for: DatabaseFor) -> Iterator[Store]:
    """One with a workspace, number 1, which has a console and a message, and an empty one, number 2."""
    opened = Store(database_for(None), lambda: START)
    opened.write_now(fill)
    yield opened
    opened.close()


def fill(tx: Tx) -> None:
    create(tx, name="second", fixture="x", seed=2)
    create(tx, name="first", fixture="x", seed=1)
    tx.enter(of(tx, 1))
    add_console(tx, code=CONSOLE, line=LINE, submit_overrides_stop=True)
    add_console(tx, code="HARBOR1002", line=OTHER)
    message = MessageRow(
        workspace_id=1,
        id=1,
        direction="outbound",
        vendor="simplepay",
        console_id=1,
        line=LINE,
        phone="1",
        sender=LINE,
        text="50 % é",
        folded="50 % é",
        purpose="alert",
        cause="x",
        accepted_at=START,
        plan_cause="x",
    )
    tx.add(message)
    for position, forced in enumerate((False, True)):
        at = START + position
        tx.add(StepRow(workspace_id=1, message_id=1, position=position, status="sent", at=at, cause="x", forced=forced))
    for n, opted_in in enumerate((True, False), 1):
        tx.add(ConsentRow(workspace_id=1, id=n, line=LINE, phone="1", opted_in=opted_in, cause="x", at=START + n))


def of(tx: Tx, number: int) -> WorkspaceView:
    """The workspace of that number."""
    found = tx.one(VIEW_BY_ID, id=number)
    assert found is not None
    return found


def within(store: Store, work: Callable[[Tx], Any], number: int = 1) -> Any:
    """What the work comes to in that workspace, committed."""

    def entered(tx: Tx) -> Any:
        tx.enter(of(tx, number))
        return work(tx)

    return store.write_now(entered)


def number_of(kind: type[Row], tx: Tx) -> int:
    """How many rows the entity has."""
    table = table_of(kind)
    return tx.one(Query(int, select(func.count()).select_from(table))) or 0


# Rows ----------------------------------------------------------------------------------------------------------------


def test_a_row_comes_back_as_it_was_added(store: Store) -> None:
    row = SinkRow(workspace_id=1, name="mine", token="t" * 20, status=503, delay=2_500)
    within(store, lambda tx: tx.add(row))
    assert within(store, lambda tx: tx.get(SinkRow, "mine")) == row
    assert within(store, lambda tx: tx.get(SinkRow, "mine"), 2) is None
    assert within(store, lambda tx: tx.get(SinkRow, "nobody's")) is None


def test_many_rows_are_added_by_one_call(store: Store) -> None:
    rows = [SinkRow(workspace_id=1, name=f"{n:03d}", token=f"{n}") for n in range(200)]
    within(store, lambda tx: tx.add_all([]))
    within(store, lambda tx: tx.add_all(rows))
    assert within(store, lambda tx: tx.all(Query(SinkRow, select(SINKS).order_by(SINKS.c.name)))) == rows


@pytest.mark.parametrize(
    ("row", "taken"),
    [
        (SinkRow(workspace_id=1, name="mine", token="another"), "name"),
        (SinkRow(workspace_id=2, name="mine", token="taken"), "token"),
    ],
)
def test_a_row_whose_key_is_anothers_is_a_conflict(store: Store, row: SinkRow, taken: str) -> None:
    first = SinkRow(workspace_id=1, name="mine", token="taken")
    within(store, lambda tx: tx.add(first))

    def add(tx: Tx) -> None:
        tx.add(SinkRow(workspace_id=1, name="before", token="before"))
        tx.add(row)

    with pytest.raises(Conflict, match=taken):
        within(store, add)
    assert within(store, lambda tx: tx.all(Query(SinkRow, select(SINKS)))) == [first]


def test_a_row_that_the_tables_forbid_is_a_conflict(store: Store) -> None:
    def add(tx: Tx, **changes: Any) -> None:
        message = tx.get(MessageRow, 1)
        assert message is not None
        tx.add(message.model_copy(update={"id": 2, **changes}))

    within(store, add)
    for changes in ({"id": 3, "direction": "sideways"}, {"id": 3, "account_id": 1}, {"id": 3, "line": "nobody's"}):
        with pytest.raises(Conflict):
            within(store, partial(add, **changes))
    assert within(store, lambda tx: number_of(MessageRow, tx)) == 2


def test_who_goes_on_after_a_clash_is_told_of_it(store: Store) -> None:
    def add(tx: Tx) -> list[bool]:
        rows = [("mine", "a"), ("mine", "b"), ("other", "a"), ("other", "b")]
        return [tx.add_unless_taken(SinkRow(workspace_id=1, name=name, token=token)) for name, token in rows]

    assert within(store, add) == [True, False, False, True]
    assert within(store, lambda tx: [(row.name, row.token) for row in tx.all(Query(SinkRow, select(SINKS)))]) == [
        ("mine", "a"),
        ("other", "b"),
    ]


def test_changes_are_written_and_set_in_the_row(store: Store) -> None:
    def change(tx: Tx) -> ConsoleRow:
        row = tx.get(ConsoleRow, 1)
        assert row is not None
        tx.update(row, auto_reply="Noted.", submit_overrides_stop=False)
        return row

    row = within(store, change)
    assert (row.auto_reply, row.submit_overrides_stop) == ("Noted.", False)
    assert within(store, lambda tx: tx.get(ConsoleRow, 1)) == row
    other = within(store, lambda tx: tx.get(ConsoleRow, 2))
    assert (other.auto_reply, other.submit_overrides_stop) == (None, False)


def test_no_changes_are_no_statement(store: Store) -> None:
    row = within(store, lambda tx: tx.get(ConsoleRow, 1))
    with counted(store) as nothing:
        store.write_now(Tx.flush)
    with counted(store) as asked:
        store.write_now(lambda tx: tx.update(row))
    assert asked.texts == nothing.texts


def test_a_row_is_deleted_and_no_other(store: Store) -> None:
    row = within(store, lambda tx: tx.get(ConsoleRow, 1))
    within(store, lambda tx: tx.delete(row))
    codes = within(store, lambda tx: tx.all(Query(str, select(CONSOLES.c.code))))
    assert codes == ["HARBOR1002"]


def test_a_workspaces_row_is_found_by_its_number_whichever_is_entered(store: Store) -> None:
    row = within(store, lambda tx: tx.get(WorkspaceRow, 1), 2)
    assert (row.id, row.name) == (1, "second")
    assert store.read_now(lambda tx: tx.get(WorkspaceRow, 3)) is None


def test_a_statement_tells_how_many_rows_it_changed(store: Store) -> None:
    everywhere = CONSENTS.update().values(word="x")
    here = everywhere.where(CONSENTS.c.workspace_id == bindparam("ws"))
    assert within(store, lambda tx: tx.execute(here)) == 2
    assert within(store, lambda tx: tx.execute(here), 2) == 0
    assert within(store, lambda tx: tx.execute(everywhere), 2) == 2


def test_a_statement_that_the_database_does_not_take_is_an_error_of_the_stores(store: Store) -> None:
    with pytest.raises(StoreUnavailable, match="value is required"):
        store.read_now(lambda tx: tx.all(Query(int, select(literal(1)).where(bindparam("absent") == 1))))


# Queries, on a connection of SQLAlchemy's and on the driver's cursor -------------------------------------------------


class Flags(NamedTuple):
    """Booleans that are columns, made up, and null."""

    id: int
    opted_in: bool
    is_made_up: bool
    word: str | None
    nothing: bool | None


CONSOLES_OF_WORKSPACE = select(CONSOLES).where(CONSOLES.c.workspace_id == bindparam("ws")).order_by(CONSOLES.c.id)
FLAGS = (
    select(
        CONSENTS.c.id,
        CONSENTS.c.opted_in,
        CONSENTS.c.at > START + 1,
        CONSENTS.c.word,
        select(STEPS.c.forced).where(STEPS.c.position == 99).scalar_subquery(),
    )
    .where(CONSENTS.c.workspace_id == bindparam("ws"))
    .order_by(CONSENTS.c.id)
)
OVERRIDING = select(CONSOLES.c.submit_overrides_stop).where(CONSOLES.c.workspace_id == bindparam("ws"))
SAME: dict[str, tuple[type[Any], Any, dict[str, Any]]] = {
    "an entity": (ConsoleRow, CONSOLES_OF_WORKSPACE, {}),
    "an entity with a time": (
        MessageRow,
        select(MESSAGES).where(MESSAGES.c.accepted_at == bindparam("at")),
        {"at": START},
    ),
    "an entity of all columns": (WorkspaceRow, select(WORKSPACES).order_by(WORKSPACES.c.id), {}),
    "flags of steps": (StepRow, select(STEPS).order_by(STEPS.c.position), {}),
    "a named tuple": (Flags, FLAGS, {}),
    "a view": (WorkspaceView, VIEW.order_by(WORKSPACES.c.id), {}),
    "a line": (lines.LineView, lines.ALL_LINES.statement, {}),
    "one column": (str, select(CONSOLES.c.code).order_by(CONSOLES.c.id), {}),
    "a boolean": (bool, OVERRIDING.order_by(CONSOLES.c.id), {}),
    "a made up boolean": (bool, select(CONSOLES.c.id > 1).order_by(CONSOLES.c.id), {}),
    "a number": (int, select(func.count()).select_from(CONSENTS), {}),
    "constants": (ConsentRow, select(CONSENTS).where(CONSENTS.c.id.in_([1, 2, 3])).limit(1), {}),
    "a part of a text": (
        str,
        select(MESSAGES.c.text).where(contains(MESSAGES.c.text, bindparam("part"))),
        {"part": "%"},
    ),
    "nothing": (ConsentRow, select(CONSENTS).where(CONSENTS.c.phone == bindparam("phone")), {"phone": "2"}),
}


@pytest.mark.parametrize("which", SAME)
def test_a_query_gives_the_same_rows_hot_or_not(store: Store, which: str) -> None:
    row, statement, bound = SAME[which]
    cold, hot = Query(row, statement), Query(row, statement, hot=True)

    def read(tx: Tx) -> None:
        expected = tx.all(cold, **bound)
        for _ in range(2):
            assert repr(tx.all(hot, **bound)) == repr(expected)
        assert all(type(each) is row for each in expected)
        assert repr(tx.one(hot, **bound)) == repr(tx.one(cold, **bound)) == repr(expected[0] if expected else None)
        assert tx.exists(hot, **bound) is tx.exists(cold, **bound) is bool(expected)
        assert bool(expected) is (which != "nothing")

    within(store, read)


def test_booleans_are_booleans(store: Store) -> None:
    flags = within(store, lambda tx: tx.all(Query(Flags, FLAGS, hot=True)))
    assert [tuple(each) for each in flags] == [(1, True, False, None, None), (2, False, True, None, None)]
    assert all(type(each.opted_in) is type(each.is_made_up) is bool for each in flags)
    for is_hot in (False, True):
        query = Query(bool, OVERRIDING, hot=is_hot)
        found = store.read_now(partial(Tx.all, query=query, ws=1))
        assert found == [True, False]
        assert {type(each) for each in found} == {bool}


@pytest.mark.parametrize("is_hot", [False, True])
def test_a_query_is_about_the_workspace_that_was_entered_unless_it_is_given_one(store: Store, is_hot: bool) -> None:
    query = Query(ConsoleRow, CONSOLES_OF_WORKSPACE, hot=is_hot)
    assert len(within(store, lambda tx: tx.all(query))) == 2
    assert within(store, lambda tx: tx.all(query), 2) == []
    assert len(within(store, lambda tx: tx.all(query, ws=1), 2)) == 2
    assert store.read_now(lambda tx: tx.all(query)) == []


def test_a_part_of_a_text_is_found_to_the_letter(store: Store) -> None:
    query = Query(int, select(MESSAGES.c.id).where(contains(MESSAGES.c.text, bindparam("part"))))
    for part, is_found in (("50 %", True), ("% é", True), ("", True), ("5%", False), ("_", False), ("É", False)):
        assert store.read_now(partial(Tx.exists, query=query, part=part)) is is_found, part


# Numbers -------------------------------------------------------------------------------------------------------------


def test_numbers_begin_at_1_and_go_on_in_each_workspace_and_kind(store: Store) -> None:
    def take(tx: Tx) -> list[int]:
        return [tx.next_id("a"), tx.next_id("a"), tx.next_id("b"), tx.next_id("a", 2), tx.next_id("a", SERVER)]

    assert within(store, take) == [1, 2, 1, 1, 1]
    assert within(store, take) == [3, 4, 2, 2, 2]
    assert within(store, take, 2) == [3, 4, 1, 5, 3]


def test_a_number_is_read_once_and_written_once(store: Store) -> None:
    def take(count: int) -> list[str]:
        with counted(store) as asked:
            within(store, lambda tx: [tx.next_id("a") for _ in range(count)])
        return [text.split(" ")[0] for text in asked.texts]

    few, many = take(1), take(1)
    assert take(500) == many
    assert few.count("INSERT") == many.count("UPDATE") == 1
    assert within(store, lambda tx: tx.next_id("a")) == 503


def test_numbers_of_what_failed_are_taken_again(store: Store) -> None:
    class Interrupted(Exception):
        pass

    def fail(tx: Tx) -> None:
        tx.next_id("a")
        tx.save_counts()
        tx.next_id("a")
        raise Interrupted

    with pytest.raises(Interrupted):
        within(store, fail)
    assert within(store, lambda tx: tx.next_id("a")) == 1


def test_counts_are_there_to_be_cloned_once_they_were_saved(store: Store) -> None:
    count = Query(CounterRow, select(COUNTERS).where(COUNTERS.c.kind == "a"))

    def work(tx: Tx) -> list[Any]:
        tx.next_id("a")
        before = tx.all(count)
        tx.save_counts()
        saved = tx.all(count)
        return [before, saved, tx.next_id("a")]

    assert within(store, work) == [[], [CounterRow(workspace_id=1, kind="a", n=1)], 2]
    assert within(store, lambda tx: tx.all(count)) == [CounterRow(workspace_id=1, kind="a", n=2)]


def test_counts_of_rows_that_were_replaced_are_forgotten(store: Store) -> None:
    def work(tx: Tx) -> list[int]:
        tx.next_id("a")
        tx.next_id("a", 2)
        tx.drop_counts(1)
        tx.add(CounterRow(workspace_id=1, kind="a", n=40))
        return [tx.next_id("a"), tx.next_id("a", 2)]

    assert within(store, work) == [41, 2]
    assert within(store, lambda tx: [tx.next_id("a"), tx.next_id("a", 2)]) == [42, 3]


# The workspace and its time ------------------------------------------------------------------------------------------


def test_before_a_workspace_is_entered_it_is_the_servers_and_time_is_the_walls(store: Store) -> None:
    assert store.read_now(lambda tx: (tx.ws, tx.now, tx.wall)) == (SERVER, START, START)
    with pytest.raises(AttributeError, match="workspace"):
        store.read_now(lambda tx: tx.workspace)


def set_clock(store: Store, **columns: Any) -> None:
    row = store.read_now(lambda tx: tx.get(WorkspaceRow, 1))
    assert row is not None
    store.write_now(lambda tx: tx.update(row, **columns))


def test_all_that_is_done_has_the_moment_of_the_workspaces_clock(store: Store) -> None:
    set_clock(store, clock_at=START + HOUR, clock_speed=60.0)
    assert within(store, lambda tx: (tx.ws, tx.now, tx.wall)) == (1, START + HOUR, START)
    assert within(store, lambda tx: (tx.ws, tx.now, tx.wall), 2) == (2, START, START)


def test_what_was_changed_of_the_workspace_counts_once_it_was_entered_again(store: Store) -> None:
    def work(tx: Tx) -> list[Any]:
        row = tx.get(WorkspaceRow, 1)
        assert row is not None
        tx.update(row, clock_at=START + HOUR, clock_frozen=True)
        before = tx.now
        return [before, tx.refresh().clock_frozen, tx.now, tx.workspace.now(START + 5)]

    assert within(store, work) == [START, True, START + HOUR, START + HOUR]


def test_a_clock_stops_at_its_last_moment(store: Store) -> None:
    set_clock(store, clock_at=LATEST - 5)
    view = within(store, lambda tx: tx.workspace)
    assert [view.now(START + ms) for ms in (4, 5, 6)] == [LATEST - 1, LATEST, LATEST]
    assert [view.wall_at(LATEST), view.wall_at(LATEST + 1)] == [START + 5, NEVER]


# What it leaves for others -------------------------------------------------------------------------------------------


def changes(store: Store) -> list[tuple[int, int, str, int]]:
    query = Query(ChangeRow, select(CHANGES).order_by(CHANGES.c.workspace_id, CHANGES.c.position))
    return [(row.workspace_id, row.position, row.kind, row.at) for row in store.read_now(lambda tx: tx.all(query))]


def test_facts_have_positions_in_the_order_of_the_commits(store: Store) -> None:
    def tell(tx: Tx) -> None:
        tx.notify("message", message_id=1)
        tx.notify("status", message_id=1, step=2, at=START - 5)
        tx.enter(of(tx, 2))
        tx.notify("clock")

    within(store, tell)
    within(store, tell)
    assert changes(store) == [
        (1, 1, "message", START),
        (1, 2, "status", START - 5),
        (1, 3, "message", START),
        (1, 4, "status", START - 5),
        (2, 1, "clock", START),
        (2, 2, "clock", START),
    ]


def test_history_leaves_no_facts(store: Store) -> None:
    def tell(tx: Tx) -> set[int]:
        begin(tx, fixture="x", seed=3)
        tx.notify("message", message_id=1)
        return tx.changed

    assert within(store, tell) == set()
    assert changes(store) == []


def test_facts_of_what_failed_or_is_gone_are_left_nowhere(store: Store) -> None:
    def fail(tx: Tx) -> None:
        tx.notify("message", message_id=1)
        raise Conflict

    def go(tx: Tx) -> None:
        tx.notify("deleted")
        row = tx.get(WorkspaceRow, 2)
        assert row is not None
        tx.delete(row)

    with pytest.raises(Conflict):
        within(store, fail)
    within(store, go, 2)
    assert changes(store) == []


def test_those_who_listen_are_told_what_changed_and_when_something_is_due(store: Store) -> None:
    told = []
    store.after_commit.append(lambda tx: told.append((tx.changed, tx.due, tx.reset)))

    def work(tx: Tx) -> None:
        tx.notify("clock")
        tx.mark_due(START + 9)
        tx.mark_due(START + 7)
        tx.mark_due(START + 8)
        tx.reset.add(2)

    within(store, work)
    assert told == [({1}, {1: START + 7}, {2})]


# Lists ---------------------------------------------------------------------------------------------------------------


@pytest.fixture
def crowded(sandbox: Driver) -> Driver:
    """A sandbox with 220 people who were texted, some of whom answered, stopped, or were called back about."""
    sink = sandbox.control("PUT", "/sinks/mine")["url"]
    for n in range(220):
        sandbox.submit(f"1415556{n:04d}", f"Text {n}", callback=sink)
    for n in range(0, 220, 20):
        sandbox.inbound("STOP" if n % 40 else "Yes", phone=f"1415556{n:04d}")
    sandbox.send(to=STRANGER, tracking_number=TRACKING_NUMBER)
    sandbox.status("msg_00000003", "undelivered", force=True)
    sandbox.control("POST", "/clock", {"action": "advance", "seconds": 60, "settle": 60})
    sandbox.run(sandbox.app.journal.flush())  # what waits is not to be written while statements are counted
    return sandbox


@pytest.mark.parametrize("path", ["/messages", "/phones", "/people", "/consents", "/callbacks", "/journal"])
def test_a_list_of_200_is_read_in_as_few_statements_as_a_short_one(crowded: Driver, path: str) -> None:
    asked = []
    for limit in (2, 200):
        crowded.control("GET", f"{path}?limit={limit}")
        with counted(crowded.app.store) as cost:
            assert len(crowded.control("GET", f"{path}?limit={limit}")["items"]) == limit
        asked.append(cost.texts)
    few, many = asked
    assert len(many) <= 10, many
    assert len(few) == len(many), many
