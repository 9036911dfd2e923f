"""How does a command trust a CA of ours beside those that it trusts already? By variables that its programs read."""

import re
import warnings
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import certifi
from cryptography import x509
from cryptography.utils import CryptographyDeprecationWarning

from sandbox.certificates import java_options, trust_store
from sandbox.https import BadCertificate

INSTEAD = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""Variables of files whose CAs a program trusts in place of the usual ones: Python, Go and others, requests, curl."""
BESIDE = "NODE_EXTRA_CA_CERTS"
JAVA = "JAVA_TOOL_OPTIONS"
PEM = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


def trusting(environment: Mapping[str, str], ca: Path, folder: Path) -> dict[str, str]:
    """Return the variables; the files that they name are written into the folder.

    All of them hold the same: what the environment names, or the usual CAs, and ours.
    """
    named = [environment[name] for name in INSTEAD if _is_file(environment.get(name))] or [certifi.where()]
    extra = [environment[BESIDE]] if _is_file(environment.get(BESIDE)) else []
    files = [Path(file) for file in dict.fromkeys([*named, *extra])]
    bundle, store = folder / "trusted.pem", folder / "trusted.p12"
    bundle.write_bytes(b"\n".join(file.read_bytes() for file in [*files, ca]))
    store.write_bytes(trust_store([each for file in [*files, ca] for each in _certificates(file)]))
    java = " ".join(filter(None, [environment.get(JAVA, ""), java_options(store)]))
    return {**dict.fromkeys((*INSTEAD, BESIDE), str(bundle)), JAVA: java}


def _is_file(path: str | None) -> bool:
    return bool(path) and Path(str(path)).is_file()


def _certificates(file: Path) -> list[x509.Certificate]:
    """Return those of a file in PEM. An old one may be so odd that it is not read; Java does without it."""
    blocks = PEM.findall(file.read_bytes())
    if not blocks:
        raise BadCertificate(f"There is no certificate in PEM in {file}, which the environment names.")
    read = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        for block in blocks:
            with suppress(ValueError):
                read.append(x509.load_pem_x509_certificate(block))
    return read
