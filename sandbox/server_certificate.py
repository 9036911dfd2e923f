"""Which certificate does a server show: one that it was given, or one that is made for it?"""

import logging
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from sandbox.https import BadCertificate, https_context
from sandbox.settings import Settings

if TYPE_CHECKING:
    from sandbox.certificates import MadeFiles

logger = logging.getLogger(__name__)


@contextmanager
def certified(settings: Settings) -> "Iterator[tuple[Settings, MadeFiles | None]]":
    """Give the settings with the certificate that is to be shown, and the files of one that was made.

    Raises `BadCertificate`. What is made beside a temporary database goes in the end.
    """
    if settings.tls_cert is not None:
        https_context(settings)  # what is wrong with it is told before a world is made
        yield settings.model_copy(update={"tls": False}), None  # so that it says whether one is made
    elif settings.tls_key is not None:
        raise BadCertificate("There is a key without its certificate: give --tls-cert beside --tls-key.")
    elif not settings.tls:
        yield settings, None
    elif settings.kept_tls_dir is not None:
        yield _with_made(settings, settings.kept_tls_dir)
    else:
        with TemporaryDirectory(prefix="dialog-sandbox-tls-") as folder:
            yield _with_made(settings, Path(folder))


def _with_made(settings: Settings, folder: Path) -> "tuple[Settings, MadeFiles]":
    try:
        from sandbox.certificates import make_certificate, names_of  # noqa: PLC0415  (who makes none goes without)
    except ModuleNotFoundError:
        raise BadCertificate("--tls needs trustme: install dialog-sandbox[tls], or give --tls-cert.") from None
    try:
        made = make_certificate(folder.absolute(), names_of(settings))
    except OSError as error:
        raise BadCertificate(f"Cannot keep a certificate in {error.filename or folder}: {error.strerror}.") from None
    return settings.model_copy(update={"tls_cert": str(made.certificate)}), made


def renew(settings: Settings, context: ssl.SSLContext, now: datetime | None = None) -> None:
    """Have a context that serves show the certificate of its files as they are now; ours is made again when it is due.

    Where that is not to be had, the log says why, and it goes on with what it has. Each worker may do so: who comes
    later finds a good one.
    """
    assert settings.tls_cert is not None, "`certified` settings have one"
    try:
        if settings.tls:
            _make_again(Path(settings.tls_cert).parent, settings, now)
        https_context(settings)  # since half a pair would stay in the one that serves
        context.load_cert_chain(settings.tls_cert, settings.tls_key)
    except (OSError, BadCertificate) as error:
        logger.warning("The certificate could not be renewed, and is shown as it was: %s", error)


def _make_again(folder: Path, settings: Settings, now: datetime | None) -> None:
    from sandbox.certificates import CA_KEY_FILE, make_certificate, names_of  # noqa: PLC0415  (as above)

    if not (folder / CA_KEY_FILE).exists():
        raise BadCertificate(f"{CA_KEY_FILE} is gone from {folder}: clients would not know another CA.")
    make_certificate(folder, names_of(settings), now)
