"""The benchmark's own parts: that what it reads, fills and compares with is what it says. Nothing is put under load."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import httpx
import pytest
from driver import START, Driver
from fastapi import FastAPI
from sqlalchemy import Select, create_engine, func, or_, select, tuple_

from bench import against, bare, calls, contents, fill, load, other, plans, processes, report, servers, workloads
from bench.calls import CALLS, Call
from bench.load import Request, Sample
from bench.pages import marks
from bench.servers import Broken, Server
from bench.starts import first_answer
from sandbox.clock import DAY
from sandbox.store import Store
from sandbox.store.tables import CONSENTS, COUNTERS, MESSAGES, VENDOR_IDS

PRINTED = """Running 1s test @ http://127.0.0.1:1
  1 threads and 16 connections

{"requests": 2000, "bytes": 300000, "duration_us": 2000000, "p50_us": 1500, "p99_us": 9000, \
"connect": 0, "read": 0, "write": 0, "status": 0, "timeout": 0}
"""


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small store, up to the moment at which tests begin."""
    path = tmp_path_factory.mktemp("bench") / "filled.db"
    fill.fill(path, replace(fill.THOUSAND, people=200), START)
    return path


def pragma(path: Path, name: str) -> list[object]:
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        found = connection.exec_driver_sql(f"PRAGMA {name}").scalars().all()
    engine.dispose()
    return list(found)


def count(path: Path, statement: Select[tuple[int]]) -> int:
    (n,) = contents.column(path, select(func.count()).select_from(statement.subquery()))
    return int(n)


def test_what_wrk_prints_is_read() -> None:
    sample = load.sample_of(PRINTED, cpu_s=0.5)
    assert sample == Sample(requests=2000, mean_bytes=150, per_s=1000, p50_ms=1.5, p99_ms=9, cpu_us=250)


@pytest.mark.parametrize("error", load.ERRORS)
def test_a_single_error_refuses_the_run(error: str) -> None:
    with pytest.raises(Broken, match=error):
        load.sample_of(PRINTED.replace(f'"{error}": 0', f'"{error}": 1'), 0.5)


@pytest.mark.parametrize("printed", ["", "unable to connect to 127.0.0.1:1", PRINTED.replace("2000,", "0,", 1)])
def test_a_run_without_a_result_is_refused(printed: str) -> None:
    with pytest.raises(Broken):
        load.sample_of(printed, 0.5)


def test_headers_become_a_table_in_lua() -> None:
    assert load.lua_table({"Authorization": 'Basic "x"'}) == '{["Authorization"] = "Basic \\"x\\""}'


def test_a_filled_store_is_what_a_used_one_is(filled: Path) -> None:
    assert pragma(filled, "integrity_check") == ["ok"]
    assert pragma(filled, "foreign_key_check") == []
    columns = MESSAGES.c
    ids = contents.column(filled, select(columns.id).order_by(columns.id))
    assert ids == list(range(1, len(ids) + 1))
    assert contents.column(filled, select(COUNTERS.c.n).where(COUNTERS.c.kind == "message")) == ids[-1:]
    assert contents.count_messages(filled) == len(ids)
    times = contents.column(filled, select(columns.accepted_at).order_by(columns.id))
    assert times == sorted(times)
    assert START - fill.THOUSAND.days * DAY <= times[0]
    assert times[-1] < START
    later = or_(columns.lead_id >= columns.id, columns.caused_by_id >= columns.id)
    assert count(filled, select(columns.id).where(later)) == 0
    known = select(CONSENTS.c.line, CONSENTS.c.phone)
    assert count(filled, select(columns.id).where(tuple_(columns.line, columns.phone).not_in(known))) == 0


def test_the_messages_of_a_filled_store_have_the_ids_that_their_vendors_give(filled: Path) -> None:
    columns = MESSAGES.c
    of_console = columns.direction == "outbound", columns.account_id.is_(None)
    for name, bearers in (
        ("sid", select(columns.id).where(*of_console)),
        ("outgoing_message_id", select(columns.id).where(*of_console)),
        ("msg_id", select(columns.id).where(columns.account_id.is_not(None))),
    ):
        expected = set(contents.column(filled, bearers))
        assert expected
        assert (
            set(contents.column(filled, select(VENDOR_IDS.c.message_id).where(VENDOR_IDS.c.name == name))) == expected
        )


def test_the_sizes_that_are_promised() -> None:
    assert fill.MILLION.messages == 1_000_000
    assert fill.phone_of(fill.MILLION.people - 1) < "2", "area codes have three digits"


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.title)
@pytest.mark.sqlite
def test_the_sandbox_and_the_bare_route_answer_alike(
    call: Call, filled: Path, tmp_path: Path, open_driver: Callable[..., Driver]
) -> None:
    database = tmp_path / "copy.db"
    database.write_bytes(filled.read_bytes())
    sandbox = open_driver(database=str(database))
    requests = call.requests(filled)
    for request in requests[:: max(1, len(requests) // 5)]:
        ours = sandbox.call(
            request.method, request.target.encode(), headers=call.headers, content=request.body.encode()
        )
        assert (ours.status_code, call.count(ours.content)) == (200, call.records)

        app = bare.app_of(call.route, ours.content)
        theirs = answered(app, request, call.headers)
        assert (theirs.status_code, theirs.content) == (200, ours.content)
        assert theirs.headers["content-type"] == ours.headers["content-type"]
        if call.headers:
            wrong = answered(app, request, {**call.headers, "Authorization": "Basic ZGVtbzp3cm9uZw=="})
            assert wrong.status_code == 401


def answered(app: FastAPI, request: Request, headers: Mapping[str, str]) -> httpx.Response:
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return await client.request(request.method, request.target, headers=headers, content=request.body.encode())

    return asyncio.run(ask())


def test_windows_hold_what_they_should(filled: Path) -> None:
    times = contents.record_times(filled)
    for start, end in calls.windows(times, 3):
        assert start % 1000 == end % 1000 == 0
        assert len([at for at in times if start <= at < end + 1000]) == 3
    with pytest.raises(Broken, match="no window of 5000"):
        calls.windows(times, 5000)


@pytest.fixture
def store() -> Iterator[Store]:
    store = Store()
    yield store
    store.close()


def test_an_index_serves_each_hot_question(store: Store) -> None:
    assert plans.faults(store.engine) == []


def test_a_hot_question_without_its_index_is_a_fault(store: Store) -> None:
    with store.engine.begin() as connection:
        connection.exec_driver_sql("DROP INDEX ix_message_record")
        connection.exec_driver_sql("DROP INDEX ix_consent_phone")
    faults = plans.faults(store.engine)
    assert any(fault.startswith("a console's results by time") for fault in faults)
    assert any("ix_consent_phone (workspace_id=? AND line=? AND phone=? AND at<?) is not used" in one for one in faults)


def test_a_target_is_met_or_missed() -> None:
    least = report.Target("submit", 0.5, 0.5, is_least=True)
    assert least.is_met
    assert str(replace(least, found=0.4)) == "FAIL: submit: 0.40, at least 0.5"
    most = report.Target("first answer", 0.8, 0.8, is_least=False, unit=" s")
    assert str(most) == "pass: first answer: 0.80 s, at most 0.8 s"
    assert not replace(most, found=0.9).is_met


def test_the_page_names_no_path_and_no_host() -> None:
    assert "/" not in report.machine()


# Next to another commit ----------------------------------------------------------------------------------------------


def test_two_commands_are_compared_in_all_that_is_promised(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []

    def run(server: Server, requests: Sequence[Request], headers: Mapping[str, str], seconds: int) -> Sample:
        assert requests
        sent.append(server.url)
        return Sample(requests=1, mean_bytes=1, per_s=1, p50_ms=1, p99_ms=1, cpu_us=1)

    monkeypatch.setattr(load, "run", run)
    monkeypatch.setattr(against, "first_answer", cache(lambda _: first_answer(servers.sandbox)))
    effort = against.Effort(fixture="clinic", starts=1, seedings=1, turns=2, seconds=1, records=(1, 2))
    found = against.compare(other.HERE, other.HERE, effort, lambda _: None)
    assert [(comparison.title, comparison.limit) for comparison in found] == [
        ("first answer", 1.15),
        ("memory after the start", 1.1),
        ("seeding clinic", 1.0),
        ("resetting clinic", 1.0),
        ("memory after filling with clinic", 1.1),
        ("read of 1 records", 1.25),
        ("read of 2 records", 1.25),
        ("message details", 1.25),
        ("get_messages", 1.25),
        ("submit", 1.25),
        ("memory after all calls", 1.1),
    ]
    assert {(len(one.here), len(one.there)) for one in found if one.limit == against.CALL} == {(2, 2)}
    here, there = sent[:2]  # to warm up
    assert here != there
    assert sent == [here, there, here, there, there, here] * 5


def test_a_ratio_is_the_median_of_the_turns_and_over_when_beyond_its_limit_and_the_noise() -> None:
    comparison = against.Comparison("submit", "µs of CPU", 1.25, here=[100, 150, 400], there=[100, 100, 100])
    assert comparison.ratio == 1.5
    assert comparison.row(0.1) == ("submit", "µs of CPU", "150", "100", "1.50", "1.25", "OVER")
    assert not replace(comparison, limit=1.5).is_over(0.1)
    no_slower = against.Comparison("seeding", "s of CPU", 1.0, here=[1.05], there=[1.0])
    assert no_slower.is_over(0.03)
    assert not no_slower.is_over(0.1)
    assert against.table([comparison], 0.1).splitlines()[-1] == "submit  µs of CPU   150    100   1.50   1.25  OVER"


def test_windows_of_minutes_hold_exactly_so_many() -> None:
    at = [datetime(2026, 5, 4, 9, minute) for minute in range(5)]
    minute = timedelta(minutes=1)
    assert workloads.windows({at[0]: 2, at[1]: 1, at[4]: 3}, 3) == [(at[0], at[1] + minute), (at[4], at[4] + minute)]
    assert workloads.windows({at[0]: 2}, 3) == []


def test_a_commit_that_is_not_there_is_refused() -> None:
    with pytest.raises(Broken, match="there is no commit nowhere"):
        other.command_of("nowhere", lambda _: None)


def test_a_commit_that_is_installed_is_not_installed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[list[str]] = []

    def run(command: list[str], what_failed: str) -> str:
        done.append(command[:2])
        return "0123456789abcdef"

    monkeypatch.setattr(other, "run", run)
    monkeypatch.setattr(other, "unpack", lambda *_: None)
    told: list[str] = []
    folder = tmp_path / ".bench"
    first, again = (other.command_of("main", told.append, folder) for _ in range(2))
    assert first == again == folder / "0123456789ab" / ".venv" / "bin" / "dialog-sandbox"
    assert done == [["git", "rev-parse"], ["make", "-C"], ["git", "rev-parse"]]
    assert told == ["installing 0123456789ab in .bench/0123456789ab"]


# More processes -----------------------------------------------------------------------------------------------------


def test_what_two_servers_did_at_the_same_time_is_counted_together() -> None:
    first = Sample(requests=300, mean_bytes=100, per_s=30, p50_ms=1, p99_ms=9, cpu_us=10)
    second = Sample(requests=100, mean_bytes=200, per_s=10, p50_ms=3, p99_ms=5, cpu_us=30)
    assert processes.together([first, second]) == Sample(
        requests=400, mean_bytes=125, per_s=40, p50_ms=2, p99_ms=9, cpu_us=15
    )


def test_the_page_has_the_place_for_what_is_measured() -> None:
    begin, end = marks(processes.NAME)
    text = processes.PAGE.read_text()
    assert text.index(begin) < text.index(end)


def test_the_cpu_time_of_a_process_has_that_of_those_it_started(tmp_path: Path) -> None:
    done = tmp_path / "done"
    burn = "import sys; sum(range(3_000_000)); open(sys.argv[1], 'w').close(); sys.stdin.read()"
    started = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {burn!r}, sys.argv[1]])"
    command = [sys.executable, "-c", started, str(done)]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        try:
            while not done.exists():
                os.sched_yield()
            (child,) = servers.children(process.pid)
            assert servers.cpu_s(process.pid) >= servers.cpu_s(child) > 0
        finally:
            process.communicate()
