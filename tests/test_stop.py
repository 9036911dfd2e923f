"""How a server ends, whatever is the matter: in bounded time, in a sentence, and with an exit code that says so."""

import json
import os
import re
import resource
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TextIO

import pytest
from commands import DEMO, FAILSAFE_S, PLAIN, READBACK, Server, Start, command, environment
from driver import DEFAULT, SIMPLEPAY

FORM = {**DEMO, "Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Accept": "application/json"}
STOPS = [(signal.SIGTERM,), (signal.SIGTERM, signal.SIGTERM), (signal.SIGINT,) * 3, (signal.SIGTERM, signal.SIGINT)]


@contextmanager
def unread_answer(server: Server) -> Iterator[None]:
    """A client has asked for 14 MB, and reads no more than their beginning."""
    body = "To=16295550101&From=16155550110&Body=" + "x" * 900_000
    for _ in range(16):
        assert server.ask("POST", f"{SIMPLEPAY}/submit/HARBOR1001", body=body, headers=FORM)[0] == 200
    with closing(socket.socket()) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", server.port))
        client.sendall(f"GET {READBACK} HTTP/1.1\r\nHost: a\r\nAuthorization: {DEMO['Authorization']}\r\n\r\n".encode())
        assert client.recv(1)
        yield


def ended(server: Server, signals: tuple[signal.Signals, ...] = (signal.SIGTERM,)) -> tuple[int, str]:
    """Exit code and errors of a server that gets these signals, one right after the other."""
    for number in signals[1:]:
        server.process.send_signal(number)
    code, _, errors = server.stop(signals[0])
    return code, errors


def journalled(database: Path) -> int:
    with closing(sqlite3.connect(database)) as driver:
        (count,) = driver.execute("SELECT count(*) FROM journal").fetchone()
        return int(count)


@pytest.mark.parametrize(("signals", "threads"), [*((each, "") for each in STOPS), (STOPS[2], "1")])
def test_a_long_answer_keeps_no_stop_waiting_and_is_no_error(
    start: Start, tmp_path: Path, signals: tuple[signal.Signals, ...], threads: str
) -> None:
    database = tmp_path / "kept.db"
    server = start("--database", str(database), "--start-at", "2026-05-06T09:00:00Z", SANDBOX_STORE_IN_THREADS=threads)
    with unread_answer(server):
        assert ended(server, signals) == (0, "")
    assert journalled(database) >= 16


@pytest.mark.parametrize("signals", STOPS)
def test_what_was_answered_is_in_the_journal_however_often_it_was_told_to_stop(
    start: Start, tmp_path: Path, signals: tuple[signal.Signals, ...]
) -> None:
    database = tmp_path / "kept.db"
    server = start("--database", str(database))
    for _ in range(5):
        server.ask("GET", READBACK, headers=DEMO)
    assert ended(server, signals) == (0, "")
    assert journalled(database) == 5


def full(server: Server, database: Path) -> None:
    """Its files cannot grow."""
    size = os.path.getsize(f"{database}-wal")
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (size, size))


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="this system limits no other process")
def test_a_journal_that_finds_no_room_is_told_and_ends_it_with_1(start: Start, tmp_path: Path) -> None:
    database = tmp_path / "kept.db"
    server = start("--database", str(database))
    full(server, database)
    assert server.ask("GET", READBACK, headers=DEMO)[0] == 200
    code, errors = ended(server)
    assert code == 1
    assert errors.splitlines()[-1] == (
        "The store did not answer (disk I/O error): not in the journal are the last exchanges, 1 in number."
    )
    assert "Traceback" not in errors


def test_a_journal_that_another_program_locks_is_told_and_ends_it_with_1(start: Start, tmp_path: Path) -> None:
    database = tmp_path / "kept.db"
    server = start("--database", str(database))
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert server.ask("GET", READBACK, headers=DEMO)[0] == 200
        code, errors = ended(server, (signal.SIGINT, signal.SIGINT))
    assert code == 1
    assert errors.splitlines()[-1] == (
        "The store did not answer (database is locked): not in the journal are the last exchanges, 1 in number."
    )
    assert "Traceback" not in errors


def test_a_file_that_was_deleted_meanwhile_is_told_and_ends_it_with_1(start: Start, tmp_path: Path) -> None:
    database = tmp_path / "kept.db"
    server = start("--database", str(database))
    for file in tmp_path.iterdir():
        file.unlink()
    assert ended(server) == (
        1,
        "dialog-sandbox: Stopped, but what was written last may be lost. The database's file was moved or deleted"
        " (No such file or directory): put it back, or restart the server.\n",
    )


def test_two_servers_on_one_file_end_well_whichever_ends_first(start: Start, tmp_path: Path) -> None:
    database = tmp_path / "kept.db"
    servers = [start("--database", str(database)) for _ in range(2)]
    for server in servers * 3:
        assert server.ask("GET", READBACK, headers=DEMO)[0] == 200
        assert server.ask("GET", f"{DEFAULT}/messages", headers=JSON)[0] == 200
    assert [ended(server) for server in servers] == [(0, "")] * 2
    assert journalled(database) == 6
    assert [*tmp_path.iterdir()] == [database]


# Where it prints -------------------------------------------------------------------------------------------------

SERVE = ("serve", "--port", "0", "--fixture", PLAIN)


def printed_into(output: TextIO | int, arguments: tuple[str, ...]) -> tuple[int, str]:
    """Exit code and errors of a command whose standard output that is."""
    done = subprocess.run(
        command(*arguments),
        env=environment(),
        stdout=output,
        stderr=subprocess.PIPE,
        text=True,
        timeout=FAILSAFE_S,
        check=False,
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    "arguments",
    [SERVE, (*SERVE, "--workers", "2"), ("rules",), ("fixtures",), ("--version",)],
    ids=lambda given: given[0],
)
def test_standard_output_that_takes_nothing_is_told_in_one_line(arguments: tuple[str, ...]) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    with open("/dev/full", "w") as full_device:
        code, told = printed_into(full_device, arguments)
    assert (code, told) == (1, "dialog-sandbox: Cannot write to standard output: No space left on device.\n")


@pytest.mark.parametrize("arguments", [SERVE, ("rules",), ("--version",)], ids=lambda given: given[0])
def test_standard_output_that_is_closed_is_told_in_one_line(arguments: tuple[str, ...]) -> None:
    shell = ["sh", "-c", 'exec "$@" >&-', "sh", *command(*arguments)]
    done = subprocess.run(shell, env=environment(), stderr=subprocess.PIPE, text=True, timeout=FAILSAFE_S, check=False)
    told = "dialog-sandbox: Standard output is closed: send it somewhere, be it /dev/null.\n"
    assert (done.returncode, done.stderr) == (1, told)


@pytest.mark.parametrize("arguments", [SERVE, (*SERVE, "--workers", "2")], ids=["one", "two"])
def test_a_server_whose_standard_output_nobody_reads_says_so_in_one_line(arguments: tuple[str, ...]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        code, told = printed_into(writer, arguments)
    finally:
        os.close(writer)
    assert (code, told) == (1, "dialog-sandbox: Cannot write to standard output: Broken pipe.\n")


def test_a_temporary_file_that_cannot_grow_is_told_as_what_it_is(tmp_path: Path) -> None:
    shell = ["sh", "-c", 'ulimit -f 100; exec "$@"', "sh", *command(*SERVE)]
    variables = environment(TMPDIR=str(tmp_path), PYTHONDONTWRITEBYTECODE="1")
    done = subprocess.run(shell, env=variables, capture_output=True, text=True, timeout=FAILSAFE_S, check=False)
    told = (
        rf"dialog-sandbox: Cannot write to the database {tmp_path}/dialog-sandbox-\w+/sandbox\.db: disk I/O error\.\n"
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(told, done.stderr), done.stderr
    assert list(tmp_path.iterdir()) == []


# Other systems, other ways to run Python -------------------------------------------------------------------------

AS_ON_WINDOWS = """
import signal
for name in ("SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2"):
    if hasattr(signal, name):
        delattr(signal, name)
from sandbox.cli import main
main()
"""


@pytest.mark.parametrize(
    "arguments", [("--version",), ("exec", "--fixture", PLAIN, "--", sys.executable, "-c", "print('ran')")]
)
def test_a_system_without_hangups_runs_it_all_the_same(arguments: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", AS_ON_WINDOWS, *arguments],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=FAILSAFE_S,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_system_without_hangups_serves_and_stops(start: Start, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import signal\ndel signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1\n")
    server = start(PYTHONPATH=str(tmp_path))
    assert server.ask("GET", READBACK, headers=DEMO)[0] == 200
    assert ended(server) == (0, "")


DOCUMENTS = """
import asyncio, json, httpx
from sandbox import create_app

async def main():
    app = create_app()
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as client:
        documents = {name: (await client.get(f"/_sandbox/{path}")).json() for name, path in PATHS}
    app.close()
    print(json.dumps(documents))

VENDORS = ("writeback", "simplepay", "dialogtech")
PATHS = [("control", "openapi.json"), *((each, f"openapi/{each}.json") for each in VENDORS)]
asyncio.run(main())
"""
PROSE = ("description", "summary")


def without_prose(document: object) -> object:
    """What else it says; a property that is called so is no prose."""
    if isinstance(document, dict):
        kept = {key: value for key, value in document.items() if not (key in PROSE and isinstance(value, str))}
        return {key: without_prose(value) for key, value in kept.items()}
    return [without_prose(each) for each in document] if isinstance(document, list) else document


def test_without_docstrings_and_asserts_the_documents_say_the_same_but_for_prose() -> None:
    """`PYTHONOPTIMIZE=2` strips both."""

    def documents(optimize: str) -> dict[str, Any]:
        done = subprocess.run(
            [sys.executable, "-c", DOCUMENTS],
            env=environment(PYTHONOPTIMIZE=optimize),
            capture_output=True,
            text=True,
            timeout=FAILSAFE_S,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        told: dict[str, Any] = json.loads(done.stdout)
        return told

    optimized, plain = documents("2"), documents("")
    assert without_prose(optimized) == without_prose(plain)
    operations = [
        each for document in optimized.values() for path in document["paths"].values() for each in path.values()
    ]
    assert len(operations) > 50
    for operation in operations:
        assert all(response["description"] for response in operation["responses"].values())  # which OpenAPI demands


def test_without_docstrings_and_asserts_it_serves_and_refuses_as_ever(start: Start) -> None:
    server = start(PYTHONOPTIMIZE="2")
    assert server.ask("GET", READBACK, headers=DEMO)[0] == 200
    assert server.ask("GET", READBACK)[0] == 401
    assert server.ask("POST", f"{SIMPLEPAY}/submit/HARBOR1001", body="To=", headers=FORM)[0] == 400
    assert server.ask("GET", "/ibp_api.php?action=sms.nothing")[0] == 200
    assert server.ask("GET", f"{DEFAULT}/messages", headers=JSON)[0] == 200
    assert server.ask("GET", f"{DEFAULT}/messages?limit=none", headers=JSON)[0] == 422
    assert ended(server) == (0, "")
