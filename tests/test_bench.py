"""The benchmark's own parts: that what it reads, fills and compares with is what it says. Nothing is put under load."""

import asyncio
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from driver import START, Driver
from fastapi import FastAPI

from bench import bare, calls, fill, load, plans, report
from bench.calls import CALLS, Call
from bench.load import Request, Sample
from bench.servers import Broken
from sandbox.world.clock import DAY
from sandbox.world.store import Store

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


def column(path: Path, sql: str) -> list[object]:
    with closing(sqlite3.connect(path)) as driver:
        return [row[0] for row in driver.execute(sql)]


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
    assert column(filled, "PRAGMA integrity_check") == ["ok"]
    assert column(filled, "PRAGMA foreign_key_check") == []
    ids = column(filled, "SELECT id FROM message ORDER BY id")
    assert ids == list(range(1, len(ids) + 1))
    assert column(filled, "SELECT n FROM counter WHERE kind = 'message'") == ids[-1:]
    times = [int(str(at)) for at in column(filled, "SELECT accepted_at FROM message ORDER BY id")]
    assert times == sorted(times)
    assert START - fill.THOUSAND.days * DAY <= times[0]
    assert times[-1] < START
    assert column(filled, "SELECT count(*) FROM message WHERE direction = 'outbound' AND account_id IS NULL") == column(
        filled, "SELECT count(DISTINCT sid) FROM message WHERE record_at IS NOT NULL"
    )
    assert column(filled, "SELECT count(*) FROM message WHERE lead_id >= id OR caused_by_id >= id") == [0]
    unknown = "SELECT count(*) FROM message WHERE (line, phone) NOT IN (SELECT line, phone FROM consent)"
    assert column(filled, unknown) == [0]


def test_the_sizes_that_are_promised() -> None:
    assert fill.MILLION.messages == 1_000_000
    assert fill.phone_of(fill.MILLION.people - 1) < "2", "area codes have three digits"


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.title)
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
    for start, end in calls.windows(filled, 3):
        assert start % 1000 == end % 1000 == 0
        found = f"FROM message WHERE console_id = 1 AND record_at BETWEEN {start} AND {end + 999}"
        assert column(filled, f"SELECT count(*) {found}") == [3]
    with pytest.raises(Broken, match="no window of 5000"):
        calls.windows(filled, 5000)


def test_an_index_serves_each_hot_question() -> None:
    store = Store()
    try:
        assert plans.faults(store) == []
    finally:
        store.close()


def test_a_hot_question_without_its_index_is_a_fault() -> None:
    store = Store()
    try:
        store.execute("DROP INDEX ix_message_record")
        store.execute("DROP INDEX ux_message_outgoing_key")
        faults = plans.faults(store)
    finally:
        store.close()
    assert any(fault.startswith("a console's results by time") for fault in faults)
    assert any("ux_message_outgoing_key is not used" in fault for fault in faults)


def test_a_target_is_met_or_missed() -> None:
    least = report.Target("submit", 0.5, 0.5, is_least=True)
    assert least.is_met
    assert str(replace(least, found=0.4)) == "FAIL: submit: 0.40, at least 0.5"
    most = report.Target("first answer", 0.8, 0.8, is_least=False, unit=" s")
    assert str(most) == "pass: first answer: 0.80 s, at most 0.8 s"
    assert not replace(most, found=0.9).is_met


def test_the_page_names_no_path_and_no_host() -> None:
    assert "/" not in report.machine()
