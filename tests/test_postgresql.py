"""What is PostgreSQL's own: locks, lost connections, and tables that two servers make at once."""

import asyncio
import re
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from typing import Any

import pytest
from counter import counted
from databases import emptied
from driver import CONSOLE, DEFAULT, DEMO, SIMPLEPAY, Driver
from sqlalchemy import text

from sandbox.clock import DAY
from sandbox.store import Conflict, Query, Store, StoreRefused, StoreUnavailable, Tx
from sandbox.store.postgresql import MOST_ANNOUNCED
from sandbox.store.tables import COUNTERS, SCHEMA, SCHEMA_TAGS
from sandbox.vendors.writeback.api import FIRST_RECORDS
from sandbox.world.workspaces import find

DatabaseFor = Callable[[str | None], str | None]
NUMBERS = 40


@pytest.fixture
def database(database_for: DatabaseFor) -> str:
    return str(database_for(None))


@pytest.fixture
def sandbox(open_driver: Callable[..., Driver]) -> Driver:
    return open_driver()


@pytest.fixture
def other(sandbox: Driver) -> Iterator[Store]:
    """Another server's store on the same database."""
    store = Store(sandbox.settings.database)
    yield store
    store.close()


def next_number(store: Store) -> int:
    def work(tx: Tx) -> int:
        tx.enter(find.find_workspace(tx, "default"))
        return tx.next_id("message")

    return store.write_now(work)


@pytest.mark.postgresql
def test_no_number_is_given_twice_however_many_write_at_once(sandbox: Driver, other: Store) -> None:
    stores = [sandbox.app.store, other] * (NUMBERS // 2)
    with ThreadPoolExecutor(8) as threads:
        numbers = list(threads.map(next_number, stores))
    assert len(set(numbers)) == NUMBERS


@pytest.mark.postgresql
def test_a_write_sees_what_the_one_before_it_left(sandbox: Driver, other: Store) -> None:
    """Though it had begun to wait before that one ended."""
    entered, begun = threading.Event(), threading.Event()

    def first(tx: Tx) -> int:
        tx.enter(find.find_workspace(tx, "default"))
        entered.set()
        assert begun.wait(60)
        return tx.next_id("message")

    def second(tx: Tx) -> int:
        begun.set()
        tx.enter(find.find_workspace(tx, "default"))
        return tx.next_id("message")

    with ThreadPoolExecutor(2) as threads:
        earlier = threads.submit(sandbox.app.store.write_now, first)
        assert entered.wait(60)
        later = threads.submit(other.write_now, second)
        assert later.result() == earlier.result() + 1


@pytest.mark.postgresql
def test_a_server_whose_connections_are_lost_makes_new_ones(sandbox: Driver, other: Store) -> None:
    assert sandbox.submit().status_code == 200
    others = text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        " AND datname = current_database()"
    )
    other.read_now(lambda tx: tx.connection.execute(others).all())
    assert sandbox.submit().status_code == 200
    assert sandbox.call("GET", "/_sandbox/health/ready").status_code == 200


@pytest.mark.postgresql
def test_a_prepared_statement_is_planned_once(sandbox: Driver) -> None:
    plans = text("SELECT custom_plans FROM pg_prepared_statements WHERE statement LIKE '%record_at%'")
    start, end = sandbox.wall() - DAY, sandbox.wall()

    def work(tx: Tx) -> list[int]:
        workspace = tx.enter(find.find_workspace(tx, "default"))
        for _ in range(20):
            tx.all(FIRST_RECORDS, ws=workspace.world, console_id=1, start=start, end=end)
        return list(tx.connection.execute(plans).scalars())

    assert sandbox.app.store.read_now(work) == [0]


@pytest.mark.postgresql
def test_of_all_who_are_answered_at_once_one_keeps_the_time(sandbox: Driver) -> None:
    async def play() -> None:
        await sandbox.app.store.read(lambda _: None)  # which sees that it has become later
        await asyncio.gather(*(sandbox.app.store.keep_wall() for _ in range(20)))

    sandbox.wall.at += DAY
    with counted(sandbox.app.store) as asked:
        asyncio.run(play())
    assert len([each for each in asked.texts if each.startswith("UPDATE workspace SET clock_wall")]) == 1
    assert asked.statements == 3  # two looks at what other servers kept


@pytest.mark.postgresql
def test_what_one_server_did_another_shows(sandbox: Driver, open_driver: Callable[..., Driver]) -> None:
    second = Driver(sandbox.settings, sandbox.wall)
    try:
        sid = sandbox.sid()
        path = f"{SIMPLEPAY}/messages/{CONSOLE}/{sid}"
        assert second.call("GET", path, auth=DEMO).json()["body"] == "Your results are in."
        second.control("DELETE", "/messages")
        assert sandbox.control("GET", "/messages")["items"] == []
        assert second.call("DELETE", f"{DEFAULT}/faults").status_code == 200
    finally:
        second.close()


@pytest.mark.postgresql
def test_servers_are_told_which_workspaces_changed(sandbox: Driver, other: Store) -> None:
    def change(tx: Tx) -> int:
        tx.enter(find.find_workspace(tx, "default"))
        tx.notify("clock")
        return tx.ws

    async def play() -> None:
        async with aclosing(other.changes()) as changes, asyncio.timeout(60):
            assert await anext(changes) is None  # whatever was before
            workspace = await sandbox.app.store.write(change)
            assert [notice async for notice in first_notice(changes)] == [[workspace]]
            await sandbox.app.store.write(lambda tx: tx.changed.update(range(1, MOST_ANNOUNCED + 2)))
            assert await anext(changes) is None

    async def first_notice(changes: AsyncIterator[Any]) -> AsyncIterator[Any]:
        """Leave out the looks of every second."""
        async for notice in changes:
            if notice is not None:
                yield notice
                return

    asyncio.run(play())


@pytest.mark.postgresql
def test_who_listens_to_a_server_that_is_gone_is_told(sandbox: Driver, other: Store) -> None:
    listening = text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'")

    async def play() -> None:
        async with aclosing(other.changes()) as changes, asyncio.timeout(60):
            assert await anext(changes) is None
            sandbox.app.store.read_now(lambda tx: tx.connection.execute(listening).all())
            with pytest.raises(StoreUnavailable):
                async for _ in changes:
                    pass

    asyncio.run(play())


@pytest.mark.postgresql
def test_two_servers_make_the_tables_of_an_empty_database_once(database: str) -> None:
    def empty(tx: Tx) -> None:
        tx.connection.execute(text("DROP SCHEMA public CASCADE"))
        tx.connection.execute(text("CREATE SCHEMA public"))

    first = Store(database)
    first.write_now(empty)
    first.close()
    with ThreadPoolExecutor(4) as threads:
        stores = list(threads.map(lambda _: Store(database), range(4)))
    versions = Query(int, SCHEMA_TAGS.select())
    assert [store.read_now(lambda tx: tx.all(versions)) for store in stores] == [[SCHEMA]] * 4
    for store in stores:
        store.close()


@pytest.mark.postgresql
def test_a_database_of_another_schema_is_refused(database: str) -> None:
    store = Store(database)
    store.write_now(lambda tx: tx.execute(SCHEMA_TAGS.update().values(version=SCHEMA + 1)))
    store.close()
    with pytest.raises(StoreRefused, match=f"has schema {SCHEMA + 1}, and this version needs {SCHEMA}"):
        Store(database)


@pytest.mark.postgresql
def test_a_text_with_nul_is_found_nowhere(sandbox: Driver) -> None:
    assert sandbox.call("GET", f"{SIMPLEPAY}/messages/{CONSOLE}/%00", auth=DEMO).status_code == 200


@pytest.mark.postgresql
def test_texts_are_sorted_by_code_points(sandbox: Driver) -> None:
    def work(tx: Tx) -> list[str]:
        for kind in ("a", "B", "\u00e4", "Z", "z"):
            tx.execute(COUNTERS.insert().values(workspace_id=0, kind=kind, n=1))
        kinds = tx.connection.execute(COUNTERS.select().order_by(COUNTERS.c.kind)).all()
        return [row.kind for row in kinds if len(row.kind) == 1]

    assert sandbox.app.store.write_now(work) == ["B", "Z", "a", "z", "\u00e4"]


@pytest.mark.postgresql
def test_a_row_whose_key_is_taken_is_a_conflict(sandbox: Driver) -> None:
    def work(tx: Tx) -> None:
        for _ in range(2):
            tx.execute(COUNTERS.insert().values(workspace_id=0, kind="x", n=1))

    with pytest.raises(Conflict):
        sandbox.app.store.write_now(work)


def test_a_server_that_is_not_there_is_told_in_one_line() -> None:
    with pytest.raises(StoreRefused) as refusal:
        Store("postgresql://me:secret@127.0.0.1:1/there")
    said = str(refusal.value)
    assert said.startswith("Cannot open the database postgresql://me:***@127.0.0.1:1/there: ")
    assert said.endswith(".")
    assert not said.endswith(("?.", ".."))
    assert "\n" not in said
    assert "secret" not in said


@pytest.mark.postgresql
def test_options_of_the_url_hold_beside_ours(database: str) -> None:
    store = Store(
        f"{database}{'&' if '?' in database else '?'}options=-c%20work_mem%3D5MB%20-c%20statement_timeout%3D7s"
    )

    def show(tx: Tx) -> list[str]:
        names = ("work_mem", "statement_timeout", "plan_cache_mode", "timezone")
        return [tx.connection.execute(text(f"SHOW {name}")).scalar_one() for name in names]

    try:
        assert store.read_now(show) == ["5MB", "7s", "force_generic_plan", "UTC"]
    finally:
        store.close()


@pytest.mark.postgresql
def test_a_database_that_we_may_not_use_is_told_in_one_line(database: str) -> None:
    url = f"{database}{'&' if '?' in database else '?'}options=-c%20role%3Dpg_monitor"
    for reason in ("permission denied for table sandbox_schema", "no schema has been selected to create in"):
        with pytest.raises(StoreRefused) as refusal:
            Store(url)
        assert re.fullmatch(rf"Cannot open the database \S+: {reason}\.", str(refusal.value))
        emptied(database)


def test_without_its_driver_it_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(StoreRefused) as refusal:
        Store("postgresql://127.0.0.1/there")
    assert str(refusal.value) == "PostgreSQL needs the psycopg package: install dialog-sandbox[postgresql]."


@pytest.mark.postgresql
def test_a_database_that_stops_answering_is_a_503(sandbox: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise StoreUnavailable("connection refused")

    monkeypatch.setattr(sandbox.app.store, "_run", refuse)
    answer = sandbox.submit()
    assert answer.status_code == 503
    assert answer.json()["sid"] is None
