"""The certificate of a server of https: what is made and kept, for which names and how long, and one of one's own."""

import asyncio
import os
import ssl
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
import trustme
from commands import FAILSAFE_S, PLAIN, Server, Start, is_refused, run
from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from sandbox.app import create_app
from sandbox.certificates import MadeFiles, make_certificate, names_of
from sandbox.https import BadCertificate, https_context
from sandbox.server_certificate import certified, renew
from sandbox.settings import Settings
from sandbox.web_server import RENEWED_EVERY_S, server_of

HERE = ["localhost", "127.0.0.1", "::1"]
NOW = datetime(2026, 5, 6, 9, tzinfo=UTC)
HEALTH = "/_sandbox/health/live"


def certificate_of(made: MadeFiles) -> x509.Certificate:
    return x509.load_pem_x509_certificate(made.certificate.read_bytes())


def mode(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


def status(server: Server, ca: Path, name: str = "127.0.0.1") -> int:
    """Of a call by a name, which the certificate must have."""
    with httpx.Client(verify=ssl.create_default_context(cafile=ca), trust_env=False, timeout=FAILSAFE_S) as client:
        url = f"https://127.0.0.1:{server.port}{HEALTH}"
        return client.get(url, extensions={"sni_hostname": name}).status_code


# What is made ---------------------------------------------------------------------------------------------------------


def test_the_first_lines_say_where_clients_find_the_ca(start: Start, tmp_path: Path) -> None:
    server = start("--tls", "--database", str(tmp_path / "kept.db"))
    assert server.first_line == f"dialog-sandbox ready on https://127.0.0.1:{server.port}\n"
    folder = tmp_path / "tls"
    _, printed, _ = server.stop()
    assert printed.splitlines()[:2] == [
        f"CA: {folder}/ca.pem (SSL_CERT_FILE, REQUESTS_CA_BUNDLE, NODE_EXTRA_CA_CERTS)",
        f"CA for Java: -Djavax.net.ssl.trustStore={folder}/ca.p12 -Djavax.net.ssl.trustStoreType=PKCS12"
        " -Djavax.net.ssl.trustStorePassword=changeit",
    ]


def test_keys_are_for_their_owner_alone_and_the_ca_for_everybody(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        make_certificate(tmp_path / "tls", HERE)
    finally:
        os.umask(before)
    modes = {file.name: mode(file) for file in (tmp_path / "tls").iterdir()}
    assert modes == {"ca-key.pem": 0o600, "server.pem": 0o600, "ca.pem": 0o644, "ca.p12": 0o644}


def test_a_restart_keeps_the_ca_and_new_names_have_a_new_certificate(start: Start, tmp_path: Path) -> None:
    kept = ("--tls", "--database", str(tmp_path / "kept.db"))
    folder = tmp_path / "tls"
    start(*kept).stop()
    before = {file: (folder / file).read_bytes() for file in ("ca.pem", "ca.p12", "server.pem")}
    start(*kept).stop()
    assert {file: (folder / file).read_bytes() for file in before} == before
    server = start(*kept, SANDBOX_HOSTS="sandbox.test")
    assert (folder / "ca.pem").read_bytes() == before["ca.pem"]
    assert status(server, folder / "ca.pem", "sandbox.test") == 200


@pytest.mark.parametrize("flags", [(), ("--workers", "2")])
def test_what_was_made_for_a_temporary_database_goes_with_it(start: Start, flags: tuple[str, ...]) -> None:
    server = start("--tls", *flags)
    assert server.process.stdout is not None
    ca = Path(server.process.stdout.readline().removeprefix("CA: ").partition(" ")[0])
    assert status(server, ca) == 200
    server.stop()
    assert not ca.parent.exists()


@pytest.mark.parametrize(
    ("database", "folder"),
    [
        (None, None),
        ("sandbox.db", "tls"),
        ("/data/sandbox.db", "/data/tls"),
        ("sqlite:///data/sandbox.db", "data/tls"),
        ("sqlite:////data/sandbox.db?timeout=1", "/data/tls"),
        ("sqlite+pysqlite:////data/sandbox.db", "/data/tls"),
        ("postgresql://me@db.test/sandbox", None),
        ("postgresql+psycopg://me@db.test/sandbox", None),
    ],
)
def test_it_is_kept_beside_a_database_that_is_a_file(database: str | None, folder: str | None) -> None:
    assert Settings(database=database).kept_tls_dir == (Path(folder) if folder else None)
    assert Settings(database=database, tls_dir="elsewhere").kept_tls_dir == Path("elsewhere")


@pytest.mark.parametrize(
    ("settings", "further"),
    [
        ({}, []),
        ({"host": "0.0.0.0"}, []),
        ({"host": "::"}, []),
        ({"host": "localhost"}, []),
        ({"host": "192.0.2.7"}, ["192.0.2.7"]),
        ({"host": "fe80::1%eth0"}, ["fe80::1"]),
        ({"host": "Sandbox.test."}, ["sandbox.test"]),
        ({"public_url": "https://sandbox.example:8443/below"}, ["sandbox.example"]),
        ({"public_url": "https://[2001:db8::1]"}, ["2001:db8::1"]),
        ({"hosts": "a.test,.b.test,*.c.test,192.0.2.8,*"}, ["a.test", "b.test", "*.b.test", "*.c.test", "192.0.2.8"]),
    ],
)
def test_it_is_for_every_name_that_the_settings_tell(
    tmp_path: Path, settings: dict[str, Any], further: list[str]
) -> None:
    names = names_of(Settings(**settings))
    assert names == [*HERE, *further]
    made = certificate_of(make_certificate(tmp_path, names))
    named = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(name.value) for name in named] == names


@given(st.lists(st.sampled_from(["a.test", "b.test", "192.0.2.1", "2001:db8::1"]), max_size=4))
def test_it_is_made_again_when_its_names_change_and_not_else(
    tmp_path_factory: pytest.TempPathFactory, names: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("tls")
    first = certificate_of(make_certificate(folder, HERE, NOW))
    second = certificate_of(make_certificate(folder, [*HERE, *dict.fromkeys(names)], NOW))
    assert (first == second) == (not names)


@pytest.mark.parametrize(("days", "is_kept"), [(-2, False), (0, True), (306, True), (308, False), (400, False)])
def test_it_is_made_again_when_it_is_about_to_end(tmp_path: Path, days: int, is_kept: bool) -> None:
    first = certificate_of(make_certificate(tmp_path, HERE, NOW))
    ca = (tmp_path / "ca.pem").read_bytes()
    now = NOW + timedelta(days=days)
    second = certificate_of(make_certificate(tmp_path, HERE, now))
    assert (first == second) == is_kept
    assert second.not_valid_before_utc < now < second.not_valid_after_utc - timedelta(days=90)
    assert second.not_valid_after_utc - second.not_valid_before_utc <= timedelta(days=398)
    assert (tmp_path / "ca.pem").read_bytes() == ca


@pytest.mark.parametrize("file", ["ca.pem", "ca.p12", "server.pem"])
@pytest.mark.parametrize("content", [None, b"", b"nonsense"])
def test_what_is_missing_or_broken_is_made_again(tmp_path: Path, file: str, content: bytes | None) -> None:
    before = make_certificate(tmp_path, HERE).ca.read_bytes()
    if content is None:
        (tmp_path / file).unlink()
    elif file != "ca.p12":  # nobody but Java reads that
        (tmp_path / file).write_bytes(content)
    made = make_certificate(tmp_path, HERE)
    assert made.ca.read_bytes() == before
    assert made.trust_store.exists()
    certificate_of(made).verify_directly_issued_by(x509.load_pem_x509_certificate(before))


def test_a_ca_that_was_deleted_is_made_again_with_all_that_it_vouched_for(tmp_path: Path) -> None:
    before = make_certificate(tmp_path, HERE).ca.read_bytes()
    (tmp_path / "ca-key.pem").unlink()
    made = make_certificate(tmp_path, HERE)
    assert made.ca.read_bytes() != before
    certificate_of(made).verify_directly_issued_by(x509.load_pem_x509_certificate(made.ca.read_bytes()))


def test_those_that_make_one_at_a_time_keep_the_same(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: make_certificate(tmp_path, HERE), range(8)))
    made = make_certificate(tmp_path, HERE)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["ca-key.pem", "ca.p12", "ca.pem", "server.pem"]
    certificate_of(made).verify_directly_issued_by(x509.load_pem_x509_certificate(made.ca.read_bytes()))


# Where none can be made -----------------------------------------------------------------------------------------------


def refusal(**settings: Any) -> str:
    """Why no server of these settings starts."""
    with pytest.raises(BadCertificate) as refused, certified(Settings(**settings)):
        pass
    return str(refused.value)


def test_what_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "ca-key.pem").write_text("nonsense")
    assert refusal(tls=True, tls_dir=str(tmp_path)) == (
        f"{tmp_path}/ca-key.pem is not a CA's key and certificate: delete it, and a new one is made."
    )
    missing = tmp_path / "no" / "tls"
    told = f"Cannot keep a certificate in {missing}: No such file or directory."
    assert refusal(tls=True, tls_dir=str(missing)) == told
    told = "No certificate can have one of the names localhost, 127.0.0.1, ::1, my_sandbox: "
    assert refusal(tls=True, hosts="my_sandbox").startswith(told)


def test_the_command_line_says_it_in_one_line(tmp_path: Path) -> None:
    missing = tmp_path / "no" / "tls"
    told = f"Cannot keep a certificate in {missing}: No such file or directory."
    for arguments in (("serve", "--tls"), ("serve", "--workers", "2", "--tls"), ("exec", "--tls", "--", "true")):
        is_refused(1, told, *arguments, SANDBOX_TLS_DIR=str(missing), SANDBOX_PORT="0", SANDBOX_FIXTURE=PLAIN)


def test_without_trustme_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "trustme", None)
    monkeypatch.delitem(sys.modules, "sandbox.certificates")
    with (
        pytest.raises(
            BadCertificate, match=r"--tls needs trustme: install dialog-sandbox\[tls\], or give --tls-cert\."
        ),
        certified(Settings(tls=True)),
    ):
        pass


# While a server runs --------------------------------------------------------------------------------------------------


def shown(context: ssl.SSLContext) -> bytes:
    """The certificate, in DER, that a client sees of a server with this context."""
    trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = trusting.wrap_bio(to_client, to_server)
    server = context.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(2):
        for side in (client, server):
            with suppress(ssl.SSLWantReadError):
                side.do_handshake()
    certificate = client.getpeercert(binary_form=True)
    assert certificate is not None
    return certificate


def der(file: Path) -> bytes:
    return x509.load_pem_x509_certificate(file.read_bytes()).public_bytes(Encoding.DER)


def test_a_certificate_that_is_about_to_end_is_made_again_while_a_server_shows_it(tmp_path: Path) -> None:
    made = make_certificate(tmp_path / "tls", HERE, NOW)
    settings = Settings(tls=True, tls_cert=str(made.certificate))
    context = https_context(settings)
    first, ca = der(made.certificate), made.ca.read_bytes()
    renew(settings, context, NOW + timedelta(days=306))
    assert shown(context) == der(made.certificate) == first
    renew(settings, context, NOW + timedelta(days=308))
    assert shown(context) == der(made.certificate) != first
    assert made.ca.read_bytes() == ca


def test_without_its_ca_no_other_one_is_made_while_it_runs(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    made = make_certificate(tmp_path / "tls", HERE, NOW)
    settings = Settings(tls=True, tls_cert=str(made.certificate))
    context, first = https_context(settings), der(made.certificate)
    (tmp_path / "tls" / "ca-key.pem").unlink()
    renew(settings, context, NOW + timedelta(days=308))
    assert shown(context) == der(made.certificate) == first
    assert [record.getMessage() for record in caplog.records] == [
        "The certificate could not be renewed, and is shown as it was: "
        f"ca-key.pem is gone from {tmp_path / 'tls'}: clients would not know another CA."
    ]


@pytest.mark.parametrize("is_one_file", [True, False], ids=["one file", "two files"])
def test_of_ones_own_the_files_are_read_again_and_bad_ones_are_told_and_left(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, is_one_file: bool
) -> None:
    own, other = (Own(tmp_path / name) for name in ("first", "second"))
    first, second = der(own.cert), der(other.cert)
    cert, key = (own.both, None) if is_one_file else (own.cert, str(own.key))
    with certified(Settings(tls=True, tls_cert=str(cert), tls_key=key)) as (settings, made):
        assert made is None
        context = https_context(settings)
        assert shown(context) == first
        for file in ("both", "cert", "key"):
            getattr(own, file).write_bytes(getattr(other, file).read_bytes())
        renew(settings, context)
        assert shown(context) == second
        assert caplog.records == []
        cert.write_bytes(other.other.read_bytes())
        renew(settings, context)
        assert shown(context) == second
    assert [record.getMessage() for record in caplog.records] == [
        "The certificate could not be renewed, and is shown as it was: "
        f"There is no certificate in {cert}, or no key in {key or cert}: both are wanted in PEM."
    ]


@pytest.mark.parametrize(("passed_s", "is_renewed"), [(24 * 3600 - 1, False), (24 * 3600, True)])
def test_a_server_looks_at_it_once_a_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, passed_s: float, is_renewed: bool
) -> None:
    made = make_certificate(tmp_path / "tls", HERE, NOW - timedelta(days=3650))
    app = create_app(Settings(fixture=PLAIN, tls=True, tls_cert=str(made.certificate)))
    try:
        server = server_of(app, lambda: None)
        server.config.load()
        first, began = der(made.certificate), time.monotonic()
        monkeypatch.setattr("sandbox.web_server.time", SimpleNamespace(monotonic=lambda: began + passed_s))
        server._renews_at = began + RENEWED_EVERY_S
        for _ in range(2):
            assert not asyncio.run(server.on_tick(1))
        assert server.config.ssl is not None
        assert shown(server.config.ssl) == der(made.certificate)
        assert (der(made.certificate) != first) is is_renewed
    finally:
        app.close()


def test_who_speaks_http_imports_none_of_it() -> None:
    code = (
        "import sys, sandbox.web_server, sandbox.workers, sandbox.exec_command;"
        "print([name for name in ('trustme', 'cryptography', 'sandbox.certificates') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


# One's own ------------------------------------------------------------------------------------------------------------


class Own:
    """A certificate of a CA that is not ours, for a name of its own."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        ca = trustme.CA()
        leaf = ca.issue_cert("sandbox.example")
        self.ca, self.cert, self.key = folder / "company.pem", folder / "cert.pem", folder / "key.pem"
        self.both, self.other = folder / "both.pem", folder / "other.pem"
        self.encrypted = folder / "encrypted.pem"
        ca.cert_pem.write_to_path(self.ca)
        leaf.cert_chain_pems[0].write_to_path(self.cert)
        leaf.private_key_pem.write_to_path(self.key)
        leaf.private_key_and_cert_chain_pem.write_to_path(self.both)
        ca.issue_cert("other.example").private_key_pem.write_to_path(self.other)
        key = ca._private_key
        self.encrypted.write_bytes(
            key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
        )


@pytest.fixture
def own(tmp_path: Path) -> Own:
    return Own(tmp_path)


def test_one_of_ones_own_is_shown(start: Start, own: Own) -> None:
    for server in (
        start("--tls-cert", str(own.cert), "--tls-key", str(own.key)),
        start("--tls", "--tls-cert", str(own.both)),
        start(SANDBOX_TLS_CERT=str(own.cert), SANDBOX_TLS_KEY=str(own.key)),
    ):
        assert server.first_line == f"dialog-sandbox ready on https://127.0.0.1:{server.port}\n"
        assert status(server, own.ca, "sandbox.example") == 200
        ready = run("readyz", "--port", str(server.port), SANDBOX_TLS_CERT=str(own.cert))
        assert (ready.returncode, ready.stdout) == (0, "ready\n")
        _, printed, errors = server.stop()
        assert (printed.splitlines()[0], errors) == ("Basic: demo / demo", "")


def test_exec_runs_beside_one_of_ones_own_and_leaves_trust_alone(own: Own) -> None:
    show = "import os; print(os.environ['SANDBOX_URL'][:8], os.environ.get('JAVA_TOOL_OPTIONS'))"
    flags = ("--fixture", PLAIN, "--tls-cert", str(own.both))
    done = run("exec", *flags, "--", sys.executable, "-c", show, JAVA_TOOL_OPTIONS="-Dmine=1")
    assert (done.returncode, done.stdout, done.stderr) == (0, "https:// -Dmine=1\n", "")


def test_what_is_no_pair_of_key_and_certificate_is_a_sentence(own: Own, tmp_path: Path) -> None:
    cert, key = str(own.cert), str(own.key)
    assert refusal(tls_key=key) == "There is a key without its certificate: give --tls-cert beside --tls-key."
    missing = str(tmp_path / "no.pem")
    assert refusal(tls_cert=missing) == f"--tls-cert: cannot read {missing}: No such file or directory."
    assert refusal(tls_cert=cert, tls_key=str(tmp_path)) == f"--tls-key: cannot read {tmp_path}: Is a directory."
    told = f"The key in {own.other} is not the one of the certificate in {cert}."
    assert refusal(tls_cert=cert, tls_key=str(own.other)) == told
    no_pair = "There is no certificate in {}, or no key in {}: both are wanted in PEM."
    assert refusal(tls_cert=cert) == no_pair.format(cert, cert)
    assert refusal(tls_cert=key, tls_key=key) == no_pair.format(key, key)
    told = "--tls-key: the key is encrypted: give it without a passphrase."
    assert refusal(tls_cert=cert, tls_key=str(own.encrypted)) == told
