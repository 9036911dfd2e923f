"""`--workers N`: several processes that serve as one, start and end together, and outlive the death of each."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from threading import Event
from typing import Any

import httpx
import pytest
from commands import DEMO, FAILSAFE_S, PLAIN, READBACK, Server, Start, command, environment, is_refused
from driver import CONSOLE, DEFAULT, LINE, PHONE, SIMPLEPAY

from sandbox.settings import Settings
from sandbox.workers import shares

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="this system tells no children")
READY = "/_sandbox/health/ready"
JSON = {"Content-Type": "application/json"}
CONNECTIONS = 16
CALLS = 96


def workers_of(pid: int) -> list[int]:
    """The process numbers of those that this one has started, which only the system knows."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in children if "spawn_main" in Path(f"/proc/{child}/cmdline").read_text()]


def is_alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def until(is_so: Callable[[], bool]) -> None:
    """Return as soon as it is so."""
    end = time.monotonic() + FAILSAFE_S
    while not is_so():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.01)


def submitted(url: str) -> list[str]:
    """The sids of many submits, over many connections at once: some for each worker, as the system deals them out."""

    def submit_some(connection: int) -> list[str]:
        with httpx.Client(base_url=url, auth=("demo", "demo"), timeout=FAILSAFE_S) as client:
            sids = []
            for n in range(CALLS // CONNECTIONS):
                form = {"To": PHONE, "From": LINE, "Body": f"{connection} {n}"}
                answer = client.post(f"{SIMPLEPAY}/submit/{CONSOLE}", data=form)
                assert answer.status_code == 200, answer.text
                sids.append(answer.json()["sid"])
            return sids

    with ThreadPoolExecutor(CONNECTIONS) as threads:
        return [sid for sids in threads.map(submit_some, range(CONNECTIONS)) for sid in sids]


def listed(url: str, path: str) -> list[Any]:
    """All items of a list of the default workspace, page by page."""
    items: list[Any] = []
    with httpx.Client(base_url=url + DEFAULT, timeout=FAILSAFE_S) as client:
        after: str | None = None
        while True:
            page = client.get(path, params={"limit": 200, **({"after": after} if after else {})}).json()
            items += page["items"]
            after = page["next"]
            if after is None:
                return items


@pytest.fixture
def two(start: Start) -> Server:
    return start("--workers", "2")


def url_of(server: Server) -> str:
    return f"http://{server.host}:{server.port}"


# As one ------------------------------------------------------------------------------------------------------------


def test_what_each_does_is_there_for_all(two: Server) -> None:
    assert len(workers_of(two.process.pid)) == 2
    sids = submitted(url_of(two))
    assert len(set(sids)) == CALLS
    assert len([each for each in listed(url_of(two), "/messages") if each["text"][0].isdigit()]) == CALLS
    assert len(listed(url_of(two), "/journal")) == CALLS
    for n in range(30):
        assert two.ask("GET", f"{SIMPLEPAY}/messages/{CONSOLE}/{sids[n]}", headers=DEMO)[0] == 200
        expect = {"operation": "simplepay.messages", "where": {}, "count": n + 1}
        body = json.dumps({"expect": [expect]})
        status, answer = two.ask("POST", f"{DEFAULT}/verify", body=body, headers=JSON)
        assert status == 200, answer
    code, output, errors = two.stop()
    assert (code, errors) == (0, "")
    assert output.splitlines()[0] == "Basic: demo / demo"


def test_the_token_that_was_made_is_that_of_each(start: Start) -> None:
    server = start("--workers", "2", "--host", "0.0.0.0")
    assert server.process.stdout is not None
    token = server.process.stdout.readline().removeprefix("control token: ").strip()
    headers = {"Authorization": f"Bearer {token}"}
    assert {server.ask("GET", "/_sandbox/version", headers=headers)[0] for _ in range(CONNECTIONS)} == {200}
    assert {server.ask("GET", "/_sandbox/version")[0] for _ in range(CONNECTIONS)} == {401}
    code, output, errors = server.stop()
    assert (code, errors, "token" in output) == (0, "", False)


def test_a_kept_world_is_not_seeded_again(start: Start, tmp_path: Path) -> None:
    kept = ("--database", str(tmp_path / "kept.db"), "--workers", "2")
    first = start(*kept)
    submitted(url_of(first))
    before = listed(url_of(first), "/messages")
    assert first.stop()[0] == 0
    second = start(*kept, "--seed", "7")
    assert listed(url_of(second), "/messages") == before
    code, output, errors = second.stop()
    assert (code, errors) == (0, "")
    assert "the database holds a world already" in output
    assert [*tmp_path.iterdir()] == [tmp_path / "kept.db"]


@pytest.mark.parametrize(("rate", "workers", "each"), [(100, 3, [34, 33, 33]), (10, 2, [5, 5]), (2, 4, [1, 1, 1, 1])])
def test_they_share_the_rate_of_callbacks(rate: int, workers: int, each: list[int]) -> None:
    assert shares(Settings(callback_rate=rate, workers=workers)) == each


# How they start ----------------------------------------------------------------------------------------------------


def test_what_keeps_them_from_starting_is_told_once(tmp_path: Path) -> None:
    database = tmp_path / "sandbox.db"
    database.write_text("no database at all")
    reason = f"The file {database} is not an SQLite database: give --database another path."
    is_refused(1, reason, "serve", "--port", "0", "--workers", "2", "--database", str(database))


# How they end ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("signals", [(signal.SIGTERM,), (signal.SIGINT,) * 3, (signal.SIGHUP, signal.SIGTERM)])
def test_one_signal_ends_all(start: Start, tmp_path: Path, signals: tuple[signal.Signals, ...]) -> None:
    server = start("--workers", "2", TMPDIR=str(tmp_path))
    workers = workers_of(server.process.pid)
    assert [*tmp_path.iterdir()] != []
    for number in signals[1:]:
        server.process.send_signal(number)
    code, _, errors = server.stop(signals[0])
    assert (code, errors) == (0, "")
    assert not any(map(is_alive, workers))
    assert [*tmp_path.iterdir()] == []  # the temporary database went with them


def test_a_terminals_interrupt_which_all_get_ends_them_as_well(tmp_path: Path) -> None:
    with subprocess.Popen(
        command("serve", "--port", "0", "--fixture", PLAIN, "--workers", "2"),
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("dialog-sandbox ready")
        os.killpg(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=FAILSAFE_S)
        assert (process.returncode, errors) == (0, "")


def test_open_streams_and_waits_keep_no_stop_waiting(two: Server) -> None:
    waiting = [(two.connect(), path) for path in ("/events", "/messages/wait?timeout=60&text=never") for _ in range(4)]
    for connection, path in waiting:
        connection.request("GET", DEFAULT + path)
    streams = [connection.getresponse() for connection, path in waiting if path == "/events"]
    assert {answer.status for answer in streams} == {200}
    assert two.stop()[0] == 0
    for connection, _ in waiting:
        connection.close()


def test_they_end_when_the_one_that_started_them_is_killed(two: Server) -> None:
    workers = workers_of(two.process.pid)
    two.process.kill()
    until(lambda: not any(map(is_alive, workers)))


# One that dies -----------------------------------------------------------------------------------------------------


def test_another_takes_the_place_of_one_that_is_killed(start: Start, tmp_path: Path) -> None:
    server = start("--workers", "2", "--database", str(tmp_path / "kept.db"))
    sids = submitted(url_of(server))
    killed, other = workers_of(server.process.pid)
    os.kill(killed, signal.SIGKILL)
    until(lambda: len(workers_of(server.process.pid)) == 2 and killed not in workers_of(server.process.pid))
    assert other in workers_of(server.process.pid)
    sids += submitted(url_of(server))
    assert len(set(sids)) == 2 * CALLS
    assert len(listed(url_of(server), "/journal")) == 2 * CALLS
    code, _, errors = server.stop()
    assert (code, errors) == (0, f"dialog-sandbox: worker {killed} ended (SIGKILL): another takes its place.\n")


QUICKLY = "from sandbox import cli, workers; workers.BEAT_S = 0.5; cli.main()"


@pytest.fixture
def quick() -> Iterator[subprocess.Popen[str]]:
    """Two workers that are looked at twice a second."""
    serve = ("serve", "--port", "0", "--fixture", PLAIN, "--workers", "2")
    with subprocess.Popen(
        [sys.executable, "-c", QUICKLY, *serve],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("dialog-sandbox ready")
        yield process


def ended(process: subprocess.Popen[str]) -> tuple[int, list[str]]:
    process.terminate()
    _, errors = process.communicate(timeout=FAILSAFE_S)
    return process.returncode, errors.splitlines()


def test_another_takes_the_place_of_one_that_hangs(quick: subprocess.Popen[str]) -> None:
    hung, other = workers_of(quick.pid)
    os.kill(hung, signal.SIGSTOP)
    until(lambda: len(workers_of(quick.pid)) == 2 and hung not in workers_of(quick.pid))
    assert other in workers_of(quick.pid)
    assert ended(quick) == (
        0,
        [
            f"dialog-sandbox: worker {hung} did not go on for 3 s, and was killed.",
            f"dialog-sandbox: worker {hung} ended (SIGKILL): another takes its place.",
        ],
    )


def test_another_takes_the_place_of_one_that_hangs_before_it_is_ready(quick: subprocess.Popen[str]) -> None:
    killed, other = workers_of(quick.pid)
    os.kill(killed, signal.SIGKILL)
    until(lambda: len({*workers_of(quick.pid)} - {killed}) == 2)
    (hung,) = {*workers_of(quick.pid)} - {killed, other}
    os.kill(hung, signal.SIGSTOP)
    until(lambda: len(workers_of(quick.pid)) == 2 and hung not in workers_of(quick.pid))
    assert ended(quick) == (
        0,
        [
            f"dialog-sandbox: worker {killed} ended (SIGKILL): another takes its place.",
            f"dialog-sandbox: worker {hung} did not become ready for 12 s, and was killed.",
            f"dialog-sandbox: worker {hung} ended (SIGKILL): another takes its place.",
        ],
    )


# Going one after the other -----------------------------------------------------------------------------------------


def test_readiness_goes_first_and_calls_are_answered_until_the_grace_is_over(start: Start) -> None:
    server = start("--workers", "2", SANDBOX_STOP_GRACE="60")
    with closing(server.connect()) as kept:
        assert answered(kept, READBACK) == (200, "keep-alive")
        server.process.send_signal(signal.SIGTERM)
        until(lambda: server.ask("GET", READY)[0] == 503)
        # on connections that the other worker may have, which was told at the same time
        until(lambda: {server.ask("GET", READY)[0] for _ in range(CONNECTIONS)} == {503})
        assert answered(kept, READBACK) == (200, "close")
    status, body = server.ask("GET", READY)
    assert (status, b"The server stops" in body) == (503, True)
    assert {server.ask("GET", READBACK, headers=DEMO)[0] for _ in range(CONNECTIONS)} == {200}
    assert server.stop()[0] == 0  # the second signal ends it at once


def test_servers_are_replaced_one_by_one_without_a_failed_call(start: Start, tmp_path: Path) -> None:
    """As a proxy does it that asks whether they are ready, and leaves those alone that are not."""

    def start_one() -> Server:
        return start("--database", str(tmp_path / "kept.db"), SANDBOX_STOP_GRACE="60")

    def call(thread: int) -> list[int]:
        statuses = []
        with httpx.Client(auth=("demo", "demo"), timeout=FAILSAFE_S) as client:
            while not is_done.is_set():
                server = in_service[-1 - thread % len(in_service)]
                called[thread] = server
                if server in in_service:
                    statuses.append(client.get(url_of(server) + READBACK).status_code)
                called[thread] = None
        return statuses

    is_done = Event()
    in_service = [start_one(), start_one()]
    called: dict[int, Server | None] = {}
    """By thread, whom it calls at the moment."""
    with ThreadPoolExecutor(2) as threads:
        calls = [threads.submit(call, thread) for thread in range(2)]
        try:
            for old in [*in_service]:
                in_service.append(start_one())
                old.process.send_signal(signal.SIGTERM)
                until(partial(is_not_ready, old))
                in_service.remove(old)
                until(partial(is_left_alone, old, called))
                assert old.stop()[::2] == (0, "")
        finally:
            is_done.set()
        statuses = [status for each in calls for status in each.result()]
    assert {*statuses} == {200}


def is_not_ready(server: Server) -> bool:
    return server.ask("GET", READY)[0] == 503


def is_left_alone(server: Server, called: Mapping[int, Server | None]) -> bool:
    return server not in called.values()


def answered(connection: HTTPConnection, path: str) -> tuple[int, str | None]:
    connection.request("GET", path, headers=DEMO)
    answer = connection.getresponse()
    answer.read()
    return answer.status, answer.headers["connection"]
