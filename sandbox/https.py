"""How is https spoken: by the server, which tells who calls it by http, and by us who call it from the same machine?"""

import logging
import ssl
from json import dumps
from pathlib import Path
from typing import Any

from sandbox.settings import Settings

CA_FILE = "ca.pem"
NO_TLS = ("HTTP_REQUEST", "HTTPS_PROXY_REQUEST", "WRONG_VERSION_NUMBER")
"""What OpenSSL calls the first bytes of a connection that are none of TLS: of some methods it knows HTTP."""
NOT_PLAIN = "This port speaks https: call it with https:// instead of http://."
BODY = dumps(
    {"type": "urn:dialog-sandbox:not-https", "title": "Not https", "status": 400, "detail": NOT_PLAIN}
).encode()
ANSWER = (
    b"HTTP/1.1 400 Bad Request\r\nContent-Type: application/problem+json\r\nContent-Length: %d\r\n"
    b"Connection: close\r\n\r\n%b" % (len(BODY), BODY)
)

logger = logging.getLogger(__name__)


class BadCertificate(Exception):
    """There is no certificate to serve with; the text is a sentence that says why."""


# The server's side ----------------------------------------------------------------------------------------------------


def https_context(settings: Settings) -> ssl.SSLContext:
    """Return what the server speaks TLS by. Raises `BadCertificate`."""
    assert settings.tls_cert is not None, "`certified` settings have one"
    key = settings.tls_key or settings.tls_cert
    for flag, file in (("--tls-cert", settings.tls_cert), ("--tls-key", key)):
        try:
            Path(file).open("rb").close()
        except OSError as error:
            raise BadCertificate(f"{flag}: cannot read {file}: {error.strerror}.") from None
    context = HttpsContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(settings.tls_cert, key, _no_password)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise BadCertificate(
                f"The key in {key} is not the one of the certificate in {settings.tls_cert}."
            ) from None
        raise BadCertificate(
            f"There is no certificate in {settings.tls_cert}, or no key in {key}: both are wanted in PEM."
        ) from None
    context.set_alpn_protocols(["http/1.1"])
    return context


def _no_password() -> str:
    """Without this, OpenSSL would ask the terminal."""
    raise BadCertificate("--tls-key: the key is encrypted: give it without a passphrase.")


class HttpsConnection(ssl.SSLObject):
    """One of a context below. `outgoing` is what is sent as it is."""

    outgoing: ssl.MemoryBIO
    _is_answered = False

    def do_handshake(self) -> None:
        """Where it fails by what is no TLS, ask for more once, so that the loop sends the answer first."""
        if self._is_answered:
            raise ssl.SSLError
        try:
            super().do_handshake()
        except ssl.SSLError as error:
            if error.reason not in NO_TLS:
                raise
            logger.warning("A call by plain http came to the port of https: call it with https:// instead of http://.")
            self._is_answered = True
            self.outgoing.write(ANSWER)
            raise ssl.SSLWantReadError from None


class HttpsContext(ssl.SSLContext):
    """Answers who calls by http, and tells it in the log."""

    sslobject_class = HttpsConnection

    def wrap_bio(self, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO, *arguments: Any, **options: Any) -> Any:
        connection = super().wrap_bio(incoming, outgoing, *arguments, **options)
        assert isinstance(connection, HttpsConnection)
        connection.outgoing = outgoing
        return connection


# From the same machine ------------------------------------------------------------------------------------------------


def context_from_here(ca: Path | None) -> ssl.SSLContext:
    """Return what this machine calls its own server by: who that is, is known, but for its CA where we made one.

    A certificate of the user's own is for names by which others call.
    """
    if ca is not None:
        return ssl.create_default_context(cafile=ca)
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def ca_of(settings: Settings) -> Path | None:
    """Return the file of the CA that a server of these settings has made, if it is where we can look."""
    folder = settings.kept_tls_dir if settings.tls_cert is None else None
    file = folder / CA_FILE if folder is not None else None
    return file if file is not None and file.exists() else None
