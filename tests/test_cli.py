"""The command line, as processes of its own."""

import json
import re
import signal
import socket
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from threading import Thread

import pytest
from commands import DEMO, FAILSAFE_S, PLAIN, READBACK, Start, command, environment, hangups, is_refused, run
from driver import DEFAULT, SIMPLEPAY, Driver

from sandbox.listener import bind

# Starting --------------------------------------------------------------------------------------------------------


def test_the_ready_line_comes_first_and_then_what_a_client_needs(start: Start) -> None:
    server = start()
    assert server.first_line == f"dialog-sandbox ready on http://127.0.0.1:{server.port}\n"
    assert server.stop() == (
        0,
        "Basic: demo / demo\n"
        "console HARBOR1001, line 16155550110\n"
        "console HARBOR1002, line 16155550111\n"
        "DialogTech keys: demo-access-key / demo-secret-key, tracking numbers 6155550100 6155550101\n",
        "",
    )


def test_it_serves_as_soon_as_it_says_so(start: Start) -> None:
    server = start()
    assert server.ask("GET", READBACK)[0] == 401
    assert server.ask("GET", READBACK, headers=DEMO)[0] == 200
    assert server.ask("GET", "/_sandbox/health/ready")[0] == 200


def test_made_credentials_are_printed_and_work(start: Start) -> None:
    server = start("--fixture", "empty")
    _, output, _ = server.stop()
    username, password = re.findall(r"^Basic: (\S+) / (\S+)$", output, re.MULTILINE)[0]
    assert (len(username), len(password)) == (12, 24)
    assert re.search(
        r"^DialogTech keys: [a-z0-9]{24} / [a-z0-9]{24}, tracking numbers 6155550121$", output, re.MULTILINE
    )


def test_flags_beat_the_environment(start: Start, tmp_path: Path) -> None:
    env = {
        "SANDBOX_HOST": "192.0.2.1",
        "SANDBOX_PORT": "1",
        "SANDBOX_FIXTURE": "nowhere",
        "SANDBOX_DATABASE": "/nowhere/sandbox.db",
        "SANDBOX_SEED": "x",
        "SANDBOX_START_AT": "x",
    }
    database = tmp_path / "kept.db"
    flags = ("--host", "127.0.0.1", "--port", "0", "--fixture", PLAIN, "--database", str(database))
    server = start(*flags, "--seed", "7", "--start-at", "2026-05-06T09:00:00Z", **env)
    assert server.ask("GET", READBACK, headers=DEMO)[0] == 200
    assert database.is_file()


def test_the_environment_beats_the_defaults(start: Start, tmp_path: Path) -> None:
    database = tmp_path / "kept.db"
    env = {"SANDBOX_PORT": "0", "SANDBOX_FIXTURE": PLAIN, "SANDBOX_DATABASE": f"sqlite:///{database}"}
    server = start(SANDBOX_START_AT="2026-05-06T10:00:00+01:00", SANDBOX_SEED="7", **env)
    body = "To=16295550101&From=16155550110&Body=x"
    headers = {**DEMO, "Content-Type": "application/x-www-form-urlencoded"}
    status, answer = server.ask("POST", f"{SIMPLEPAY}/submit/HARBOR1001", body=body, headers=headers)
    assert (status, json.loads(answer)["date_created"][:14]) == (200, "2026-05-06@09:")
    assert database.is_file()


def test_there_are_as_many_workers_as_the_flag_says(start: Start) -> None:
    assert start("--workers", "1", SANDBOX_WORKERS="many").ask("GET", READBACK)[0] == 401
    for number in ("0", "65", "two"):
        reason = f"must be a whole number from 1 to 64, not '{number}'."
        is_refused(2, f"--workers {reason}", "serve", "--port", "0", "--workers", number)
    is_refused(2, f"SANDBOX_WORKERS {reason}", "serve", "--port", "0", SANDBOX_WORKERS="two")


def test_an_empty_setting_of_the_environment_is_none(start: Start) -> None:
    names = ("SANDBOX_HOST", "SANDBOX_DATABASE", "SANDBOX_SEED", "SANDBOX_START_AT", "SANDBOX_CONTROL_TOKEN")
    assert start(**dict.fromkeys(names, "")).host == "127.0.0.1"


def test_an_ipv6_address_is_printed_in_brackets(start: Start) -> None:
    try:
        with closing(socket.socket(socket.AF_INET6)) as probe:
            probe.bind(("::1", 0))
    except OSError:
        pytest.skip("this machine has no IPv6")
    server = start("--host", "::1")
    assert server.first_line == f"dialog-sandbox ready on http://[::1]:{server.port}\n"
    assert run("readyz", "--host", "::1", "--port", str(server.port)).returncode == 0


def test_off_loopback_a_control_token_is_made_and_printed(start: Start) -> None:
    server = start("--host", "0.0.0.0")
    assert server.first_line == f"dialog-sandbox ready on http://0.0.0.0:{server.port}\n"
    assert run("readyz", "--host", "0.0.0.0", "--port", str(server.port)).returncode == 0
    assert server.ask("GET", "/_sandbox/workspaces/default")[0] == 401
    _, output, _ = server.stop()
    assert re.match(r"control token: [a-z0-9]{24}\n", output)


@pytest.mark.parametrize("env", [{"SANDBOX_CONTROL_TOKEN": "mine"}, {"SANDBOX_CONTROL_OPEN": "1"}])
def test_a_token_of_ones_own_or_none_on_purpose_is_not_printed(start: Start, env: dict[str, str]) -> None:
    server = start("--host", "0.0.0.0", **env)
    _, output, errors = server.stop()
    assert output.startswith("Basic: demo / demo\n")
    assert "mine" not in output + errors


def test_a_second_start_says_that_seed_settings_were_not_used(start: Start, tmp_path: Path) -> None:
    database = ("--database", str(tmp_path / "kept.db"))
    first = start(*database)
    status, before = first.ask("GET", READBACK, headers=DEMO)
    assert first.stop()[0] == 0
    second = start(*database, "--fixture", "empty", "--seed", "5", "--start-at", "2020-01-01T00:00:00Z")
    assert second.ask("GET", READBACK, headers=DEMO)[0] == status == 200
    _, output, _ = second.stop()
    told = "the database holds a world already: fixture, seed and start time were not used\n"
    assert output.startswith(f"{told}Basic: demo / demo\n")
    assert json.loads(before)["response"] == []


def test_a_second_start_that_asks_for_no_seed_says_nothing_of_it(start: Start, tmp_path: Path) -> None:
    database = str(tmp_path / "kept.db")
    assert start("--database", database).stop()[0] == 0
    second = start("--database", database, SANDBOX_FIXTURE="")
    assert second.stop()[1].startswith("Basic: demo / demo\n")


# Stopping --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_stops_it_cleanly(start: Start, number: int) -> None:
    with hangups(signal.SIG_DFL):
        server = start()
    server.ask("GET", READBACK, headers=DEMO)
    code, _, errors = server.stop(number)
    assert (code, errors) == (0, "")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_open_connection_does_not_hold_it(start: Start, number: int) -> None:
    server = start()
    with closing(server.connect()) as connection:
        connection.request("GET", READBACK, headers=DEMO)
        connection.getresponse().read()
        code, _, errors = server.stop(number)
    assert (code, errors) == (0, "")


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET /ibp_api.php HTTP/1.1\r\nHost: a\r\n",
        b"POST /ibp_api.php HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=x\r\n"
        b"Content-Length: 100\r\n\r\n--x",
    ],
    ids=["silent", "half a head", "half a body"],
)
def test_a_client_that_never_finishes_does_not_hold_it(start: Start, sent: bytes) -> None:
    server = start()
    with closing(socket.create_connection(("127.0.0.1", server.port))) as client:
        client.sendall(sent)
        server.ask("GET", READBACK, headers=DEMO)
        code, _, errors = server.stop()
    assert (code, "Traceback" in errors) == (0, False)


def test_a_client_that_does_not_read_does_not_hold_it(start: Start) -> None:
    server = start("--start-at", "2026-05-06T09:00:00Z")
    form = {**DEMO, "Content-Type": "application/x-www-form-urlencoded"}
    body = "To=16295550101&From=16155550110&Body=" + "x" * 900_000
    for _ in range(16):
        assert server.ask("POST", f"{SIMPLEPAY}/submit/HARBOR1001", body=body, headers=form)[0] == 200
    with closing(socket.socket()) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", server.port))
        client.sendall(f"GET {READBACK} HTTP/1.1\r\nHost: a\r\nAuthorization: {DEMO['Authorization']}\r\n\r\n".encode())
        client.recv(1)
        code, _, errors = server.stop()
    assert (code, "Traceback" in errors) == (0, False)


def test_who_waits_and_who_follows_is_told_that_it_stops(start: Start) -> None:
    server = start()
    with closing(server.connect()) as waiting, closing(server.connect()) as following:
        waiting.request("GET", f"{DEFAULT}/messages/wait?timeout=300")
        following.request("GET", f"{DEFAULT}/events")
        stream = following.getresponse()
        code, _, errors = server.stop()
        assert (code, errors) == (0, "")
        answer = waiting.getresponse()
        assert (answer.status, json.load(answer)["title"]) == (503, "Stopping")
        assert stream.read() == b": here is what happens in this workspace\n\n"


def test_who_follows_and_does_not_read_does_not_hold_it(start: Start) -> None:
    server = start()
    with closing(socket.socket()) as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.connect(("127.0.0.1", server.port))
        deaf.sendall(f"GET {DEFAULT}/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        deaf.recv(1)
        body = json.dumps({"console": "HARBOR1001", "to": "4155550123", "text": "x" * 100_000})
        for _ in range(40):  # three events each, more than the connection holds
            headers = {"Content-Type": "application/json"}
            assert server.ask("POST", f"{DEFAULT}/messages", body=body, headers=headers)[0] == 201
        code, _, errors = server.stop()
    assert (code, "Traceback" in errors) == (0, False)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_the_temporary_file_goes_with_the_process(start: Start, tmp_path: Path, number: int) -> None:
    with hangups(signal.SIG_DFL):
        server = start(TMPDIR=str(tmp_path))
    assert len(list(tmp_path.iterdir())) == 1
    server.stop(number)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("how", [("--until-eof",), ("--until-eof", "--workers", "2")], ids=["one", "workers"])
def test_the_end_of_its_input_stops_it_cleanly_if_it_is_told_so(how: tuple[str, ...], tmp_path: Path) -> None:
    arguments = ["serve", "--port", "0", "--fixture", PLAIN, *how]
    with subprocess.Popen(
        command(*arguments),
        env=environment(TMPDIR=str(tmp_path)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("dialog-sandbox ready on ")
        _, errors = process.communicate(timeout=FAILSAFE_S)
    assert (process.returncode, errors) == (0, "")
    assert list(tmp_path.iterdir()) == []


def test_under_nohup_it_outlives_its_terminal(start: Start) -> None:
    server = start(under_nohup=True)
    server.process.send_signal(signal.SIGHUP)
    assert server.ask("GET", READBACK, headers=DEMO)[0] == 200
    assert server.stop()[0] == 0


def test_a_kept_file_is_left_whole(start: Start, tmp_path: Path) -> None:
    database = tmp_path / "kept.db"
    assert start("--database", str(database)).stop()[0] == 0
    assert [*tmp_path.iterdir()] == [database]
    with closing(sqlite3.connect(database)) as driver:
        assert driver.execute("PRAGMA integrity_check").fetchone() == ("ok",)


# What is refused -------------------------------------------------------------------------------------------------


def test_a_port_in_use_is_told_in_one_line() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        port = str(other.getsockname()[1])
        reason = (
            f"Cannot listen on 127.0.0.1 port {port}: Address already in use; give another --port, or 0 for a free one."
        )
        is_refused(1, reason, "serve", "--port", port, "--fixture", PLAIN)


def test_the_port_is_taken_before_the_world_is_made(caplog: pytest.LogCaptureFixture) -> None:
    with closing(bind("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(SystemExit) as exit_:
            bind("127.0.0.1", port)
    assert exit_.value.code == 1
    (told,) = caplog.messages
    assert told.startswith(f"Cannot listen on 127.0.0.1 port {port}: Address already in use")


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid", "a" * 70 + ".example", "..", "127.0.0.1:80"])
def test_a_host_that_cannot_be_bound_is_told_in_one_line(host: str) -> None:
    is_refused(1, f"Cannot listen on {host} port 0: ....", "serve", "--host", host, "--port", "0", "--fixture", PLAIN)


def test_an_unknown_fixture_is_told_with_those_there_are() -> None:
    is_refused(2, "...'nowhere'...clinic...documented...empty...", "serve", "--port", "0", "--fixture", "nowhere")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("summary: x\nconsoles:\n  - code: short\n", "...world.yaml, line 3: ...code..."),
        ("summary: x\nconsoles: nobody\nunknown: 1\n", "...world.yaml, line 3: ...unknown..."),
        ("\xff\xfe\x00", "...world.yaml..."),
    ],
)
def test_a_broken_fixture_is_told_in_one_line(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "world.yaml"
    path.write_bytes(text.encode("latin-1"))
    is_refused(2, reason, "serve", "--port", "0", "--fixture", str(path))


def test_a_fixture_file_that_is_not_there_is_told_in_one_line(tmp_path: Path) -> None:
    is_refused(2, "...nowhere.yaml...", "serve", "--port", "0", "--fixture", str(tmp_path / "nowhere.yaml"))


@pytest.mark.parametrize(
    ("database", "reason"),
    [
        ("/nowhere/sandbox.db", "Cannot open the database /nowhere/sandbox.db: the folder /nowhere does not exist."),
        (":memory:", "An SQLite database in memory is not supported: leave --database out for a temporary file."),
        ("/proc/sandbox.db", "Cannot open the database /proc/sandbox.db: unable to open database file."),
        ("mysql://a/b", "Data is kept in SQLite or PostgreSQL, not in mysql."),
        ("sqlite://", "An SQLite database in memory is not supported: leave --database out for a temporary file."),
        (
            "postgresql://me:secret@host:port/name",
            "Not a database URL: 'postgresql://***@host:port/name'. Give a path, sqlite:///PATH or postgresql://HOST/NAME.",
        ),
        (PLAIN, f"The file {PLAIN} is not an SQLite database: give --database another path."),
    ],
)
def test_a_database_that_cannot_be_used_is_told_in_one_line(database: str, reason: str) -> None:
    is_refused(1, reason, "serve", "--port", "0", "--fixture", PLAIN, "--database", database)


@pytest.mark.parametrize(
    ("flag", "value", "reason"),
    [
        ("port", "x", "must be a whole number from 0 to MOST, not 'x'."),
        ("port", "-1", "must be a whole number from 0 to MOST, not '-1'."),
        ("port", "٨٠", "must be a whole number from 0 to MOST, not '٨٠'."),
        ("port", "65536", "must be a whole number from 0 to MOST, not '65536'."),
        ("port", "tcp:/x", "must be a whole number from 0 to MOST, not 'tcp:/x'."),
        ("seed", "x", "must be a whole number from 0 to MOST, not 'x'."),
        ("seed", "1.5", "must be a whole number from 0 to MOST, not '1.5'."),
        ("seed", "-1", "must be a whole number from 0 to MOST, not '-1'."),
        ("seed", "9" * 19, f"must be a whole number from 0 to MOST, not '{'9' * 19}'."),
        ("seed", "9" * 5000, f"must be a whole number from 0 to MOST, not '{'9' * 5000}'."),
        ("start-at", "x", "must be a time with its zone, as 2026-05-06T09:00:00Z, not 'x'."),
        ("start-at", "2026-05-06T09:00:00", "must be a time with its zone, ...."),
        ("start-at", "2026-02-29T09:00:00Z", "must be a time with its zone, ...."),
        ("start-at", "1969-12-31T23:59:59Z", "must be a time from 1970 to 9998, not '1969-12-31T23:59:59Z'."),
        ("start-at", "9999-01-01T00:00:00Z", "must be a time from 1970 to 9998, not '9999-01-01T00:00:00Z'."),
        ("start-at", "0001-01-01T00:00:00+14:00", "must be a time...."),
        ("start-at", "9999-12-31T23:59:59-14:00", "must be a time...."),
    ],
)
def test_a_setting_that_cannot_be_understood_is_told_by_the_name_it_was_given(
    flag: str, value: str, reason: str
) -> None:
    variable = f"SANDBOX_{flag.replace('-', '_').upper()}"
    reason = reason.replace("MOST", "65535" if flag == "port" else "9" * 18)
    is_refused(2, f"--{flag} {reason}", "serve", f"--{flag}={value}")
    is_refused(2, f"{variable} {reason}", "serve", **{variable: value})


def test_a_switch_is_one_or_zero() -> None:
    is_refused(2, "SANDBOX_CONTROL_OPEN must be 1 or 0, not 'maybe'.", "serve", SANDBOX_CONTROL_OPEN="maybe")


@pytest.mark.parametrize("arguments", [(), ("nonsense",), ("serve", "--nonsense"), ("readyz", "--port")])
def test_what_is_asked_wrongly_ends_with_code_2(arguments: tuple[str, ...]) -> None:
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr


# The other commands ----------------------------------------------------------------------------------------------


def test_readyz_is_0_when_the_server_is_ready(start: Start) -> None:
    port = str(start().port)
    by_flag, by_environment = run("readyz", "--port", port), run("readyz", SANDBOX_PORT=port)
    assert (by_flag.returncode, by_flag.stdout, by_flag.stderr) == (0, "ready\n", "")
    assert (by_environment.returncode, by_environment.stdout) == (0, "ready\n")


def test_readyz_is_1_when_nobody_listens() -> None:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        is_refused(1, f"not ready on 127.0.0.1 port {port}: ...refused...", "readyz", "--port", str(port))


def test_readyz_is_1_when_the_name_is_none() -> None:
    is_refused(1, "not ready on a..b port 8080: ...", "readyz", "--host", "a..b")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", "it answers 503"),
        (b"220 mail.example\r\n", "..."),
        (b"", "..."),
    ],
)
def test_readyz_is_1_when_something_else_answers(answer: bytes, reason: str) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as other:

        def serve() -> None:
            client, _ = other.accept()
            with closing(client):
                client.recv(4096)
                client.sendall(answer)

        thread = Thread(target=serve)
        thread.start()
        port = other.getsockname()[1]
        is_refused(1, f"not ready on 127.0.0.1 port {port}: {reason}", "readyz", "--port", str(port))
        thread.join()


def test_fixtures_lists_those_there_are() -> None:
    done = run("fixtures")
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["clinic", "documented", "empty", "hospital"]
    assert all(len(line.split()) > 3 for line in done.stdout.splitlines())


def test_rules_lists_every_rule(sandbox: Driver) -> None:
    rules = sandbox.call("GET", "/_sandbox/rules").json()["items"]
    paragraphs = [paragraph.splitlines() for paragraph in run("rules").stdout.split("\n\n")]
    assert paragraphs == [
        [
            f"{rule['id']}: {rule['summary']}",
            *(f"  {part['provenance']}: {part['text']} ({part['source']})" for part in rule["parts"]),
        ]
        for rule in rules
    ]
    assert json.loads(run("rules", "--json").stdout) == rules


def test_the_version_is_told() -> None:
    done = run("--version")
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(r"dialog-sandbox \d+\.\d+\.\d+\n", done.stdout)


def test_help_is_no_mistake() -> None:
    for arguments in (["--help"], ["-h"], ["serve", "--help"], ["exec", "-h"]):
        done = run(*arguments)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith("Usage: dialog-sandbox")
