"""A server of https: clients of every kind trust it, all that it tells begins with https, and http is told so."""

import json
import os
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from commands import FAILSAFE_S, PLAIN, READBACK, Server, Start, command, environment, is_refused, partners_pytest, run
from documents import needed
from driver import CONSOLE, DEFAULT, DEMO, LINE, PHONE, SIMPLEPAY
from live import Live
from server_process import received

from dialog_sandbox import AsyncSandboxClient, Refused, SandboxClient, Unreachable
from dialog_sandbox.server_process import ServerProcess
from sandbox.certificates import PASSWORD, make_certificate
from sandbox.readyz_command import SPEAKS_NO_TLS

CALLS = Path(__file__).parent / "https_calls"
NOT_PLAIN = "This port speaks https: call it with https:// instead of http://."
LOG_OF_HTTP = "A call by plain http came to the port of https: call it with https:// instead of http://.\n"
LOG_OF_HTTPS = (
    "A call by https came to the port of plain http: This port speaks plain http: call it with http:// instead of"
    " https://, or start the server with --tls.\n"
)
UI = "/_sandbox/ui"


def exec_tls(*arguments: str | Path, **env: str) -> "subprocess.CompletedProcess[str]":
    """What becomes of a command beside a server of https."""
    flags = ("exec", "--tls", "--fixture", PLAIN, "--start-at", "2026-05-06T09:00:00Z", "--")
    return subprocess.run(
        command(*flags, *map(str, arguments)),
        env=environment(**env),
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


class Secure:
    """What a server that makes its certificate has printed, and calls to it."""

    def __init__(self, server: Server) -> None:
        assert server.process.stdout is not None
        assert server.first_line.startswith("dialog-sandbox ready on https://")
        self.server = server
        self.lines = [server.process.stdout.readline().rstrip("\n") for _ in range(2)]
        self.ca = Path(self.lines[0].removeprefix("CA: ").partition(" ")[0])
        self.url = f"https://127.0.0.1:{server.port}"

    def call(self, method: str, path: str, **options: Any) -> httpx.Response:
        trusted = ssl.create_default_context(cafile=self.ca)
        with httpx.Client(verify=trusted, trust_env=False, timeout=FAILSAFE_S) as client:
            return client.request(method, self.url + path, **options)

    def errors(self) -> str:
        """What it says on standard error until it has ended."""
        code, _, errors = self.server.stop()
        assert code == 0
        return errors


@pytest.fixture
def secure(start: Start) -> Secure:
    return Secure(start("--tls"))


# Clients --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("library", ["requests", "httpx", "urllib"])
def test_python_calls_each_vendor(library: str) -> None:
    done = exec_tls(sys.executable, CALLS / "calls.py", library)
    assert (done.returncode, done.stdout, done.stderr) == (0, "200\n200\n200\n", "")


def test_curl_calls_each_vendor() -> None:
    needed("curl")
    done = exec_tls("sh", CALLS / "calls.sh")
    assert (done.returncode, done.stdout, done.stderr) == (0, "200\n200\n200\n", "")


def test_node_calls_each_vendor() -> None:
    needed("node")
    done = exec_tls("node", CALLS / "calls.mjs")
    assert (done.returncode, done.stdout) == (0, "200\n200\n200\n"), done.stderr


def test_java_calls_each_vendor(tmp_path: Path) -> None:
    needed("javac", "java")
    subprocess.run(["javac", "-Xlint:all", "-Werror", "-d", str(tmp_path), str(CALLS / "Calls.java")], check=True)
    done = exec_tls("java", "-cp", tmp_path, "Calls")
    assert (done.returncode, done.stdout) == (0, "200\n200\n200\n"), done.stderr


def test_java_trusts_what_the_server_prints(secure: Secure) -> None:
    needed("keytool")
    options = secure.lines[1].removeprefix("CA for Java: ").split()
    store = options[0].partition("=")[2]
    listed = subprocess.run(
        ["keytool", "-list", "-keystore", store, "-storetype", "PKCS12", "-storepass", PASSWORD],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "ca-0" in listed.stdout
    assert "trustedCertEntry" in listed.stdout
    assert options[1:] == ["-Djavax.net.ssl.trustStoreType=PKCS12", "-Djavax.net.ssl.trustStorePassword=changeit"]


def test_the_fixtures_of_pytest_call_it(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "async def say_hello(async_sandbox):\n"
        "    return await async_sandbox.send('14155550123', 'Hello')\n\n\n"
        "def test_it(sandbox, async_sandbox):\n"
        "    import asyncio\n\n"
        "    assert sandbox.url.startswith('https://')\n"
        "    assert sandbox.message(asyncio.run(say_hello(async_sandbox))).text == 'Hello'\n"
    )
    done = exec_tls(*partners_pytest(str(tmp_path), "--rootdir", str(tmp_path)))
    assert "1 passed" in done.stdout, done.stdout + done.stderr


def test_a_server_that_pytest_starts_speaks_http(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SANDBOX_TLS", "SANDBOX_TLS_CERT", "SANDBOX_TLS_KEY", "SANDBOX_TLS_DIR"):
        monkeypatch.setenv(name, "1")
    with closing(ServerProcess()) as server:
        assert server.url.startswith("http://127.0.0.1:")


def test_the_clients_are_told_by_what_to_know_it(secure: Secure, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Unreachable, match=r"CERTIFICATE_VERIFY_FAILED.*Name its CA in SSL_CERT_FILE, or give verify\."):
        SandboxClient(secure.url).version()
    for verify in (secure.ca, str(secure.ca), ssl.create_default_context(cafile=secure.ca)):
        with SandboxClient(secure.url, verify=verify) as client:
            assert client.is_ready()
    monkeypatch.setenv("SSL_CERT_FILE", str(secure.ca))
    with SandboxClient(secure.url) as client:
        assert client.is_ready()
    monkeypatch.setenv("SSL_CERT_FILE", "nowhere.pem")
    for client in (SandboxClient(secure.url), SandboxClient(secure.url, verify="nowhere.pem")):
        with pytest.raises(ValueError, match=r"Cannot read the certificates of CAs in nowhere\.pem: No such file"):
            client.is_ready()


async def is_ready(url: str, verify: Path) -> bool:
    async with AsyncSandboxClient(url, verify=verify) as client:
        return await client.is_ready()


def test_the_awaiting_client_knows_it_too(secure: Secure) -> None:
    import asyncio

    assert asyncio.run(is_ready(secure.url, secure.ca))


# What it tells --------------------------------------------------------------------------------------------------------


def test_what_it_tells_begins_with_https(secure: Secure) -> None:
    sink = secure.call("PUT", f"{DEFAULT}/sinks/mine").json()["url"]
    assert sink.startswith(f"{secure.url}/_sandbox/sinks/")
    form = {"To": PHONE, "From": LINE, "Body": "Hello", "StatusCallback": sink}
    answer = secure.call("POST", f"{SIMPLEPAY}/submit/{CONSOLE}", auth=DEMO, data=form)
    assert answer.status_code == 200
    views = secure.call("GET", f"{DEFAULT}/messages/{answer.json()['sid']}/shown").json()["items"]
    urls = [view["url"] for view in views if view["url"]]
    assert urls
    assert [url for url in urls if not url.startswith(f"{secure.url}/")] == []
    secure.call("POST", f"{DEFAULT}/clock", json={"action": "freeze"})
    secure.call("POST", f"{DEFAULT}/clock", json={"action": "advance", "seconds": 60, "settle": 30})
    assert secure.call("GET", f"{DEFAULT}/sinks/mine").json()["received"]


def test_the_consoles_page_may_call_it_and_one_of_http_may_not(secure: Secure) -> None:
    assert secure.call("GET", UI, headers={"Accept": "text/html"}).status_code == 200
    for origin, status in ((secure.url, 200), (secure.url.replace("https", "http"), 403)):
        assert secure.call("GET", f"{DEFAULT}/messages", headers={"Origin": origin}).status_code == status


def test_workers_share_the_certificate(start: Start) -> None:
    secure = Secure(start("--tls", "--workers", "2"))
    assert [secure.call("GET", READBACK, auth=DEMO).status_code for _ in range(8)] == [200] * 8
    assert secure.errors() == ""


# Whether it is ready --------------------------------------------------------------------------------------------------


def test_readyz_knows_a_server_by_its_ca(start: Start, tmp_path: Path) -> None:
    kept = {"SANDBOX_DATABASE": str(tmp_path / "kept.db"), "SANDBOX_TLS": "1"}
    port = str(start(**kept).port)
    assert run("readyz", SANDBOX_PORT=port, **kept).stdout == "ready\n"
    assert run("readyz", "--tls", "--port", port).stdout == "ready\n"  # no CA that it could look for
    make_certificate(tmp_path / "other", ["localhost"])
    told = f"not ready on 127.0.0.1 port {port}: ...CERTIFICATE_VERIFY_FAILED..."
    is_refused(1, told, "readyz", "--port", port, SANDBOX_TLS="1", SANDBOX_TLS_DIR=str(tmp_path / "other"))


def test_readyz_says_which_of_both_is_not_spoken(start: Start, secure: Secure) -> None:
    told = f"not ready on 127.0.0.1 port {secure.server.port}: it answers 400: {NOT_PLAIN}"
    is_refused(1, told, "readyz", "--port", str(secure.server.port))
    plain = str(start().port)
    told = f"not ready on 127.0.0.1 port {plain}: {SPEAKS_NO_TLS}"
    is_refused(1, told, "readyz", "--tls", "--port", plain)


# The other protocol ---------------------------------------------------------------------------------------------------


def test_http_on_the_port_of_https_is_answered_and_told_in_a_sentence(secure: Secure) -> None:
    methods = ("GET", "POST", "PUT", "HEAD", "DELETE", "PATCH", "OPTIONS", "CONNECT")
    for method in methods:
        with socket.create_connection(("127.0.0.1", secure.server.port), FAILSAFE_S) as connection:
            connection.sendall(f"{method} / HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            head, _, body = connection.recv(1 << 16).partition(b"\r\n\r\n")
        assert head.split(b"\r\n")[0] == b"HTTP/1.1 400 Bad Request"
        problem = {"type": "urn:dialog-sandbox:not-https", "title": "Not https", "status": 400, "detail": NOT_PLAIN}
        assert json.loads(body) == problem
    assert secure.call("GET", READBACK, auth=DEMO).status_code == 200
    assert secure.errors() == LOG_OF_HTTP * len(methods)


def test_a_client_of_http_reads_that_answer(secure: Secure) -> None:
    with SandboxClient(secure.url.replace("https", "http")) as client, pytest.raises(Refused) as refused:
        client.version()
    assert (refused.value.status, refused.value.detail) == (400, NOT_PLAIN)


def test_who_goes_on_without_tls_is_hung_up_on(secure: Secure) -> None:
    with socket.create_connection(("127.0.0.1", secure.server.port), FAILSAFE_S) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert connection.recv(1 << 16).startswith(b"HTTP/1.1 400 ")
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert received(connection) == b""
    assert secure.errors() == LOG_OF_HTTP


def test_https_on_the_port_of_http_is_told_in_a_sentence(start: Start) -> None:
    server = start()
    with pytest.raises(httpx.ConnectError, match=r"(?i)wrong.version.number"):
        httpx.get(f"https://127.0.0.1:{server.port}/", verify=ssl.create_default_context(), trust_env=False)
    assert server.ask("GET", "/_sandbox/health/live")[0] == 200
    code, _, errors = server.stop()
    assert (code, errors) == (0, LOG_OF_HTTPS)


# What breaks on the wire ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Live, ssl.SSLContext]]:
    made = make_certificate(tmp_path_factory.mktemp("tls"), ["127.0.0.1"])
    live = Live(tls_cert=str(made.certificate))
    yield live, ssl.create_default_context(cafile=made.ca)
    live.stop()


def ask(port: int, trusted: ssl.SSLContext, raw: bytes) -> bytes:
    """All that comes until the server closes."""
    with (
        socket.create_connection(("127.0.0.1", port), FAILSAFE_S) as plain,
        trusted.wrap_socket(plain, server_hostname="127.0.0.1") as connection,
    ):
        connection.sendall(raw)
        return all_of(connection)


READ = (
    f"GET {READBACK} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nAuthorization: Basic ZGVtbzpkZW1v\r\n\r\n"
).encode()


def test_what_is_no_http_inside_of_tls_is_refused_as_ever(live: tuple[Live, ssl.SSLContext]) -> None:
    served, trusted = live
    answer = ask(served.port, trusted, b"GET /\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 505 ")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["status"] == 505


def all_of(connection: socket.socket) -> bytes:
    """What comes until the other side closes."""
    pieces = []
    while piece := connection.recv(1 << 16):
        pieces.append(piece)
    return b"".join(pieces)


def spoilt(fault: str) -> bytes:
    """The read that asks for a fault."""
    return READ.replace(b"Connection", f"X-Sandbox-Fault: {fault}\r\nConnection".encode())


def test_faults_end_it_as_they_end_http(live: tuple[Live, ssl.SSLContext]) -> None:
    served, trusted = live
    head, _, body = ask(served.port, trusted, READ).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    assert ask(served.port, trusted, spoilt("close")) == b""
    assert ask(served.port, trusted, spoilt("truncate=5")).partition(b"\r\n\r\n")[2] == body[:5]


def test_a_reset_is_one_of_tcp(live: tuple[Live, ssl.SSLContext]) -> None:
    served, trusted = live
    with (
        socket.create_connection(("127.0.0.1", served.port), FAILSAFE_S) as plain,
        trusted.wrap_socket(plain, server_hostname="127.0.0.1") as connection,
    ):
        connection.sendall(spoilt("reset"))
        # Beneath TLS, since Python's takes a reset there for an end.
        with socket.socket(fileno=os.dup(connection.fileno())) as beneath:
            beneath.settimeout(FAILSAFE_S)
            with pytest.raises(ConnectionResetError):
                all_of(beneath)
