"""Which certificate does a server show: one that it was given, or one that is made for it?"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from sandbox.https import BadCertificate, https_context
from sandbox.settings import Settings

if TYPE_CHECKING:
    from sandbox.certificates import MadeFiles


@contextmanager
def certified(settings: Settings) -> "Iterator[tuple[Settings, MadeFiles | None]]":
    """Give the settings with the certificate that is to be shown, and the files of one that was made.

    Raises `BadCertificate`. What is made beside a temporary database goes in the end.
    """
    if settings.tls_cert is not None:
        https_context(settings)  # what is wrong with it is told before a world is made
        yield settings, None
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
