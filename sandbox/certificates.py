"""Which certificate does a server make for itself, and in which files do its clients find the CA that they trust?

The CA is made once and kept: a client that trusts it goes on over restarts. The certificate is made again when its
names change, or when it is about to end.
"""

import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import NamedTuple

import trustme
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption
from cryptography.hazmat.primitives.serialization.pkcs12 import PKCS12Certificate, serialize_java_truststore

from sandbox.addresses import EVERYTHING, address_of, host_of
from sandbox.https import CA_FILE, BadCertificate
from sandbox.settings import Settings

CA_KEY_FILE = "ca-key.pem"
HERE = ("localhost", "127.0.0.1", "::1")
VALID = timedelta(days=397)
"""Some systems take no certificate that is good for longer."""
RENEWED_BEFORE = timedelta(days=90)
EARLIER = timedelta(days=1)
"""How far the clock of a client may be behind."""
PASSWORD = "changeit"
"""Java wants one, and this is the one of its own store: the CA's certificate is no secret."""
OWNER_ONLY, EVERYBODY = 0o600, 0o644


class MadeFiles(NamedTuple):
    """Where what was made is. `certificate` has its key in it, and is for the server alone."""

    certificate: Path
    ca: Path
    trust_store: Path
    """The CA once more, as Java reads it."""

    @property
    def for_clients(self) -> list[str]:
        """The lines to print."""
        return [
            f"CA: {self.ca} (SSL_CERT_FILE, REQUESTS_CA_BUNDLE, NODE_EXTRA_CA_CERTS)",
            f"CA for Java: {java_options(self.trust_store)}",
        ]


def names_of(settings: Settings) -> list[str]:
    """Return the names and addresses that a server is called by, as far as its settings tell."""
    bound = address_of(settings.host)
    is_one = bound is None or not bound.is_unspecified
    told = [settings.host if is_one else "", host_of(settings.public_url or "").strip("[]"), *settings.hosts]
    names = list(HERE)
    for name in filter(None, told):
        if name == EVERYTHING:
            continue
        address = address_of(name)
        if address is not None:
            names.append(str(address))
        elif name.startswith("."):
            names += [name[1:], f"*{name}"]
        else:
            names.append(name.lower().removesuffix("."))
    return list(dict.fromkeys(names))


def make_certificate(folder: Path, names: Sequence[str], now: datetime | None = None) -> MadeFiles:
    """Return the files of a certificate for these names; in the folder is made what is not there yet, or not good."""
    now = now or datetime.now(UTC)
    folder.mkdir(exist_ok=True)
    ca = _authority(folder / CA_KEY_FILE)
    files = MadeFiles(folder / "server.pem", folder / CA_FILE, folder / "ca.p12")
    certificate = x509.load_pem_x509_certificate(ca.cert_pem.bytes())
    if not _holds(files.ca, ca.cert_pem.bytes()) or not files.trust_store.exists():
        _write(files.trust_store, trust_store([certificate]), EVERYBODY)
        _write(files.ca, ca.cert_pem.bytes(), EVERYBODY)
    if not _is_good(files.certificate, certificate, names, now):
        _write(files.certificate, _issued(ca, names, now).private_key_and_cert_chain_pem.bytes(), OWNER_ONLY)
    return files


def _issued(ca: trustme.CA, names: Sequence[str], now: datetime) -> trustme.LeafCert:
    try:
        return ca.issue_cert(
            *names,
            organization_name="dialog-sandbox",
            organization_unit_name="certificate of a sandbox",
            not_before=(now - EARLIER).replace(tzinfo=None),
            not_after=(now + VALID).replace(tzinfo=None),
        )
    except ValueError as error:
        raise BadCertificate(f"No certificate can have one of the names {', '.join(names)}: {error}.") from None


def _authority(file: Path) -> trustme.CA:
    """Return the CA of a file that holds key and certificate. Of two that make one at a time, one is kept."""
    if not file.exists():
        made = trustme.CA(path_length=0, organization_name="dialog-sandbox", organization_unit_name="CA of a sandbox")
        written = _beside(file, made.private_key_pem.bytes() + made.cert_pem.bytes(), OWNER_ONLY)
        try:
            os.link(written, file)
        except FileExistsError:
            pass
        finally:
            written.unlink()
    pem = file.read_bytes()
    try:
        return trustme.CA.from_pem(pem, pem)
    except (ValueError, TypeError):
        raise BadCertificate(f"{file} is not a CA's key and certificate: delete it, and a new one is made.") from None


def _is_good(file: Path, ca: x509.Certificate, names: Sequence[str], now: datetime) -> bool:
    """Return whether a file holds a certificate of this CA for these names, which goes on for a while."""
    try:
        certificate = x509.load_pem_x509_certificate(file.read_bytes())
        certificate.verify_directly_issued_by(ca)
        named = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (FileNotFoundError, ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return False
    is_now = certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc - RENEWED_BEFORE
    return is_now and {str(name.value) for name in named} == set(names)


def trust_store(certificates: Sequence[x509.Certificate]) -> bytes:
    """Return a trust store of Java's, in PKCS12."""
    named = [PKCS12Certificate(each, f"ca-{number}".encode()) for number, each in enumerate(certificates)]
    return serialize_java_truststore(named, BestAvailableEncryption(PASSWORD.encode()))


def java_options(store: Path) -> str:
    """Return what has a Java program trust what is in a store."""
    options = {"": store, "Type": "PKCS12", "Password": PASSWORD}
    return " ".join(_quoted(f"-Djavax.net.ssl.trustStore{name}={value}") for name, value in options.items())


def _quoted(option: str) -> str:
    return f'"{option}"' if " " in option else option


# Files ----------------------------------------------------------------------------------------------------------------


def _holds(file: Path, content: bytes) -> bool:
    return file.exists() and file.read_bytes() == content


def _write(file: Path, content: bytes, mode: int) -> None:
    """Write it at once: who reads it meanwhile has it as it was, or as it is then."""
    _beside(file, content, mode).replace(file)


def _beside(file: Path, content: bytes, mode: int) -> Path:
    """Return a new file in the same folder, which is nobody else's until it is written."""
    with NamedTemporaryFile(dir=file.parent, prefix=f".{file.name}-", delete=False) as new:
        new.write(content)
    path = Path(new.name)
    path.chmod(mode)
    return path
