"""What the environment may say, what is refused and by which sentence, and what is none of ours."""

import resource
import shutil
from http.client import HTTPConnection
from pathlib import Path

import pytest
from commands import Server, Start, is_refused, run
from driver import Driver

from dialog_sandbox import SandboxClient
from sandbox.environment import PREFIX, SET_BY_EXEC, ignored_variables
from sandbox.exec_command import environment
from sandbox.server.database_file import LEAST_ROOM
from sandbox.settings import BadSetting, Settings, read_settings

LINKS = {
    "SANDBOX_SERVICE_HOST": "10.0.0.1",
    "SANDBOX_SERVICE_PORT": "8080",
    "SANDBOX_SERVICE_PORT_HTTP": "8080",
    "SANDBOX_PORT": "tcp://10.0.0.1:8080",
    "SANDBOX_PORT_8080_TCP": "tcp://10.0.0.1:8080",
    "SANDBOX_PORT_8080_TCP_PROTO": "tcp",
    "SANDBOX_PORT_8080_TCP_PORT": "8080",
    "SANDBOX_PORT_8080_TCP_ADDR": "10.0.0.1",
    "SANDBOX_UI_PORT": "udp://10.0.0.2:53",
    "SANDBOX_UI_SERVICE_HOST": "10.0.0.2",
}
"""What a container is told of services that are called sandbox and sandbox-ui."""
TOO_MUCH = {
    "port": 65535,
    "seed": 10**18 - 1,
    "workers": 64,
    "stop_grace": 3_600,
    "max_connections": 100_000,
    "max_workspaces": 1_000_000,
    "max_waits": 1_000_000,
    "max_streams": 1_000_000,
    "max_workspace_messages": 1_000_000_000,
    "max_workspace_snapshots": 1_000_000,
    "max_workspace_sinks": 1_000_000,
    "max_workspace_waits": 1_000_000,
    "max_workspace_streams": 1_000_000,
    "keep_messages": 1_000_000_000,
    "keep_messages_days": 36_500,
    "keep_callbacks": 1_000_000_000,
    "keep_callbacks_days": 36_500,
    "callback_rate": 10_000,
    "callback_timeout": 3_600,
    "journal_limit": 10_000_000,
    "journal_days": 36_500,
}
LEAST = {"port": 0, "seed": 0, "stop_grace": 0}


@pytest.mark.parametrize("name", TOO_MUCH)
def test_every_number_has_bounds_that_are_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    least, most = LEAST.get(name, 1), TOO_MUCH[name]
    for number in (least, most):
        assert getattr(read_settings(**{name: str(number)}), name) == number
    for wrong in (
        str(least - 1),
        str(most + 1),
        "1" + "0" * 18,
        "9" * 5000,
        "nan",
        "inf",
        "-inf",
        "1e3",
        "1.0",
        "0x1",
        "²",
    ):
        with pytest.raises(BadSetting, match=f"must be a whole number from {least} to {most}, not '{wrong}'"):
            read_settings(**{name: wrong})


def test_no_number_is_without_bounds() -> None:
    kinds = (int, int | None)
    numbers = {name for name, field in Settings.model_fields.items() if field.annotation in kinds}
    assert numbers - {"start_at"} == set(TOO_MUCH)


@pytest.mark.parametrize("value", ["1" + "0" * 18, "-1", "nan", "inf", "0"])
def test_a_number_beyond_its_bounds_is_refused_at_start(value: str) -> None:
    sentence = f"SANDBOX_JOURNAL_DAYS must be a whole number from 1 to 36500, not '{value}'."
    is_refused(2, sentence, "serve", SANDBOX_JOURNAL_DAYS=value)


def test_an_empty_or_blank_value_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.setenv(PREFIX + name.upper(), "" if len(name) % 2 else " \n")
    assert read_settings().model_fields_set == set()


def test_what_stands_around_a_value_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"PORT": " 9000\n", "CONTROL_TOKEN": "a-token\n", "CONTROL_OPEN": " 1 ", "HOST": " [::1] "}
    for name, value in given.items():
        monkeypatch.setenv(PREFIX + name, value)
    settings = read_settings()
    assert (settings.port, settings.control_token, settings.control_open, settings.host) == (
        9000,
        "a-token",
        True,
        "::1",
    )


@pytest.mark.parametrize("token", ["two words", "a\nb", "a\x7fb"])
def test_a_token_that_no_header_can_carry_is_refused(token: str) -> None:
    is_refused(
        2,
        "SANDBOX_CONTROL_TOKEN must have no blanks and no control characters: ....",
        "serve",
        SANDBOX_CONTROL_TOKEN=token,
    )


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("https://sandbox.example", "https://sandbox.example"),
        ("HTTPS://Sandbox.EXAMPLE:443/", "https://sandbox.example"),
        ("http://sandbox.example:80", "http://sandbox.example"),
        ("http://sandbox.example:443/a/b/", "http://sandbox.example:443/a/b"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
        ("http://my_sandbox:8080", "http://my_sandbox:8080"),
        ("http://[::1]:8080/x", "http://[::1]:8080/x"),
        ("http://10.0.0.7/x%20y", "http://10.0.0.7/x%20y"),
    ],
)
def test_a_public_url_is_put_into_one_form(written: str, meant: str) -> None:
    assert read_settings(public_url=written).public_url == meant


@pytest.mark.parametrize(
    "written",
    [
        *("sandbox.example", "//sandbox.example", "ftp://sandbox.example", "https://", "https:///x", "https://a b"),
        *("https://u:p@a.example", "https://a.example?x=1", "https://a.example#x", "https://a.example:x"),
        *(
            "https://a.example:99999",
            "https://a.example//evil.example",
            "https://a.example/<x>",
            "https://a.example/..",
        ),
        *("https://127.0.0.999", "https://*.example", "https://[::g]", "https://a.example/_sandbox/x"),
    ],
)
def test_what_is_no_public_url_is_refused(written: str) -> None:
    with pytest.raises(BadSetting, match=r"must (be a URL as|have a path that does not begin with /_sandbox)"):
        read_settings(public_url=written)


@pytest.mark.parametrize("item", ["nginx", "10.0.0.0/33", "10.0.0.1:80", "::g"])
def test_a_trusted_proxy_is_an_address(item: str) -> None:
    sentence = f"SANDBOX_TRUSTED_PROXIES takes addresses, networks as 10.0.0.0/8, or *, not '{item}'."
    is_refused(2, sentence, "serve", SANDBOX_TRUSTED_PROXIES=f"127.0.0.1, {item}")


# What is none of ours ---------------------------------------------------------------------------------------------


def test_service_links_of_kubernetes_are_ignored_and_told_in_one_line(start: Start) -> None:
    server = start("--port", "0", **{name: value for name, value in LINKS.items() if name != "SANDBOX_PORT"})
    assert server.ask("GET", "/_sandbox/health/ready")[0] == 200
    names = ", ".join(sorted(LINKS.keys() - {"SANDBOX_PORT"}))
    assert server.stop()[2] == f"dialog-sandbox: Kubernetes' service links were ignored: {names}.\n"


def test_a_port_that_is_a_service_link_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    for value in ("tcp://10.0.0.1:8080", "udp://10.0.0.1:53", "tcp://[fd00::1]:8080"):
        monkeypatch.setenv("SANDBOX_PORT", value)
        settings = read_settings()
        assert (settings.port, settings.model_fields_set) == (8080, set())
    assert read_settings(port="9000").port == 9000
    done = run("exec", "--", "true", **LINKS)  # on a free port, as without it
    assert (done.returncode, "service links were ignored" in done.stderr) == (0, True)


def test_a_setting_that_looks_like_a_link_elsewhere_is_refused() -> None:
    is_refused(
        2,
        "--port must be a whole number from 0 to 65535, not 'tcp://10.0.0.1:8080'.",
        "serve",
        "--port=tcp://10.0.0.1:8080",
    )


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("SANDBOX_DATABSE", "SANDBOX_DATABASE"),
        ("SANDBOX_CALLBACKS_ALLOW", "SANDBOX_CALLBACK_ALLOW"),
        ("SANDBOX_TOKEN", "SANDBOX_CONTROL_TOKEN"),
        ("SANDBOX_ALLOWED_HOSTS", "SANDBOX_HOSTS"),
        ("SANDBOX_TRUSTED_PROXY", "SANDBOX_TRUSTED_PROXIES"),
        ("sandbox_jurnal", "SANDBOX_JOURNAL"),
        ("SANDBOX_LOG_LEVEL", "SANDBOX_LOG"),
        ("SANDBOX_PORT_NUMBER", "SANDBOX_PORT"),
        ("SANDBOX_API_TOKEN", "SANDBOX_CONTROL_TOKEN"),
    ],
)
def test_a_misspelt_name_is_told_with_the_nearest(name: str, meant: str) -> None:
    told = f"{name.upper()} was ignored, since there is no such setting: did you mean {meant}?"
    assert ignored_variables(Settings.model_fields, {name: "x", "PATH": "/bin", "SANDBOX_PORT": "1"}) == [told]


def test_a_name_that_is_near_to_none_is_told_too_and_the_server_starts(start: Start) -> None:
    server = start(SANDBOX_XYZZY="1", SANDBOX_PROT="1")
    assert server.stop()[2].splitlines() == [
        "dialog-sandbox: SANDBOX_PROT was ignored, since there is no such setting: did you mean SANDBOX_PORT?",
        "dialog-sandbox: SANDBOX_XYZZY was ignored, since there is no such setting.",
    ]


def test_what_exec_tells_its_command_is_no_misspelt_setting(start: Start) -> None:
    server = start()
    with SandboxClient(f"http://127.0.0.1:{server.port}") as client:
        told = environment(client.workspace("default"), "a-token")
    assert {*SET_BY_EXEC, "SANDBOX_CONTROL_TOKEN"} == told.keys()
    assert ignored_variables(Settings.model_fields, told) == []


# The token, and loopback ------------------------------------------------------------------------------------------


def test_a_given_token_is_wanted_on_loopback_and_not_printed(start: Start) -> None:
    server = start(SANDBOX_CONTROL_TOKEN="a-token")
    assert server.ask("GET", "/_sandbox/version")[0] == 401
    assert server.ask("GET", "/_sandbox/version", headers={"Authorization": "Bearer a-token"})[0] == 200
    assert "token" not in server.stop()[1]


def test_exec_tells_its_command_the_token_that_was_given() -> None:
    fetch = 'curl -sf -H "Authorization: Bearer $SANDBOX_CONTROL_TOKEN" "$SANDBOX_CONTROL_URL"'
    done = run("exec", "--", "sh", "-c", fetch, SANDBOX_CONTROL_TOKEN="a-token")
    assert (done.returncode, done.stderr) == (0, "")
    assert '"name":"default"' in done.stdout


def test_bound_to_loopback_that_is_written_as_ipv6_it_is_open_and_ready(start: Start) -> None:
    server = start("--host", "::ffff:127.0.0.1")
    assert server.first_line == f"dialog-sandbox ready on http://[::ffff:127.0.0.1]:{server.port}\n"
    connection = HTTPConnection("127.0.0.1", server.port)
    connection.request("GET", "/_sandbox/version")
    assert connection.getresponse().status == 200
    connection.close()
    assert run("readyz", "--host", "::ffff:127.0.0.1", "--port", str(server.port)).stdout == "ready\n"


# The database's file ----------------------------------------------------------------------------------------------


def readiness(server: Server) -> tuple[int, bytes]:
    return server.ask("GET", "/_sandbox/health/ready")


def test_it_is_not_ready_while_its_database_is_moved_or_another_stands_there(start: Start, tmp_path: Path) -> None:
    kept, away = tmp_path / "kept.db", tmp_path / "away.db"
    server = start("--database", str(kept))
    assert readiness(server)[0] == 200
    kept.rename(away)
    status, body = readiness(server)
    assert (status, b"was moved or deleted" in body) == (503, True)
    kept.touch()
    status, body = readiness(server)
    assert (status, b"Another file stands" in body) == (503, True)
    assert server.ask("GET", "/_sandbox/health/live")[0] == 200
    away.replace(kept)
    assert readiness(server) == (200, b'{"status":"ready"}')


def test_it_is_not_ready_when_its_database_is_deleted_and_readyz_says_why(start: Start, tmp_path: Path) -> None:
    server = start("--database", str(tmp_path / "kept.db"))
    (tmp_path / "kept.db").unlink()
    done = run("readyz", "--port", str(server.port))
    assert (done.returncode, done.stdout) == (1, "")
    assert "it answers 503: The database's file was moved or deleted" in done.stderr


def test_it_is_not_ready_while_nothing_more_can_be_written(start: Start, tmp_path: Path) -> None:
    server = start("--database", str(tmp_path / "kept.db"))
    _, most = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (0, most))
    status, body = readiness(server)
    assert (status, b"The database cannot be written" in body) == (503, True)
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (most, most))
    assert readiness(server)[0] == 200


@pytest.mark.sqlite
def test_it_is_not_ready_while_its_disk_is_full(sandbox: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    used = shutil.disk_usage(sandbox.app.store.path)
    for free, status in ((LEAST_ROOM - 1, 503), (LEAST_ROOM, 200)):
        monkeypatch.setattr(shutil, "disk_usage", lambda _, free=free: used._replace(free=free))
        answer = sandbox.call("GET", "/_sandbox/health/ready")
        assert answer.status_code == status
        assert ("The database cannot grow: 1048575 bytes are free" in answer.text) == (status == 503)
