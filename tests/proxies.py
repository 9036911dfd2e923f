"""Debian's nginx before a server, on a port of its own, for tests that ask for `start_nginx`."""

import os
import re
import shutil
import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from commands import FAILSAFE_S

CONFIGURATION = """
daemon off;
worker_processes 1;
{user}
pid {folder}/nginx.pid;
error_log {folder}/errors.txt warn;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {servers}
}}
"""
SERVER = "server {{ listen 80{tls}; {inside} }}"
LISTEN = re.compile(r"\blisten 80\b")
CERTIFICATE = "ssl_certificate {folder}/tls.pem; ssl_certificate_key {folder}/tls.key;"


class Nginx:
    """`servers`: what stands in its http block; there it listens to port 80, here to one of its own."""

    def __init__(self, folder: Path, servers: str, *, is_tls: bool) -> None:
        folder.mkdir()
        self.certificate = folder / "tls.pem"
        if is_tls:
            _make_certificate(folder)
        # The socket is ours and handed over, so that no port is guessed and no start is waited for.
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
            self.origin = f"http{'s' if is_tls else ''}://127.0.0.1:{port}"
            configuration = folder / "nginx.conf"
            configuration.write_text(
                CONFIGURATION.format(
                    folder=folder,
                    servers=LISTEN.sub(f"listen 127.0.0.1:{port}", servers.replace("{folder}", str(folder))),
                    user="user root;" if os.geteuid() == 0 else "",  # so that its worker reaches the folder
                )
            )
            self._process = subprocess.Popen(
                ["nginx", "-e", f"{folder}/errors.txt", "-c", str(configuration)],
                env={**os.environ, "NGINX": f"{listener.fileno()};", "PATH": f"{os.environ['PATH']}:/usr/sbin"},
                pass_fds=[listener.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )

    @property
    def tls(self) -> ssl.SSLContext:
        """What trusts its certificate."""
        return ssl.create_default_context(cafile=self.certificate)

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(FAILSAFE_S)


def _make_certificate(folder: Path) -> None:
    request = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    subject = ["-days", "2", "-subj", "/CN=sandbox.test", "-addext", "subjectAltName=DNS:sandbox.test,IP:127.0.0.1"]
    files = ["-keyout", str(folder / "tls.key"), "-out", str(folder / "tls.pem")]
    subprocess.run([*request, *subject, *files], check=True, capture_output=True, timeout=FAILSAFE_S)


StartNginx = Callable[..., Nginx]


@pytest.fixture
def start_nginx(tmp_path: Path) -> Iterator[StartNginx]:
    """Starts nginx with what stands in its server block, or with whole `servers`; none outlives the test."""
    for tool in ("nginx", "openssl"):
        if shutil.which(tool, path=f"{os.environ['PATH']}:/usr/sbin") is None:
            missing = f"{tool} is not there, behind which a server is tried: apt install nginx-light openssl"
            pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    started: list[Nginx] = []

    def start_one(inside: str = "", *, servers: str | None = None, is_tls: bool = False) -> Nginx:
        if servers is None:
            secured = CERTIFICATE + inside if is_tls else inside
            servers = SERVER.format(tls=" ssl" if is_tls else "", inside=secured)
        started.append(Nginx(tmp_path / f"nginx{len(started)}", servers, is_tls=is_tls))
        return started[-1]

    yield start_one
    for nginx in started:
        nginx.stop()
