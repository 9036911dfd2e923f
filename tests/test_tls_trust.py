"""By which variables and files does a command trust our CA beside those that it trusts anyway?"""

from pathlib import Path

import certifi
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization.pkcs12 import load_pkcs12

from sandbox import certificates
from sandbox.certificates import make_certificate
from sandbox.https import BadCertificate
from sandbox.trust import trusting

HERE = ["localhost"]
BUNDLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")


@pytest.mark.parametrize("name", BUNDLES)
def test_a_command_trusts_the_ca_beside_what_its_environment_names(tmp_path: Path, name: str) -> None:
    ours = make_certificate(tmp_path / "ours", HERE)
    theirs = make_certificate(tmp_path / "theirs", HERE)
    variables = trusting({name: str(theirs.ca), "JAVA_TOOL_OPTIONS": "-Dmine=1"}, ours.ca, tmp_path)
    bundle = (tmp_path / "trusted.pem").read_text()
    java = certificates.java_options(tmp_path / "trusted.p12")
    assert variables == dict.fromkeys(BUNDLES, f"{tmp_path}/trusted.pem") | {"JAVA_TOOL_OPTIONS": f"-Dmine=1 {java}"}
    usual = "" if name != "NODE_EXTRA_CA_CERTS" else Path(certifi.where()).read_text() + "\n"
    assert bundle == f"{usual}{theirs.ca.read_text()}\n{ours.ca.read_text()}"


@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")  # one of them is an odd one
def test_without_one_it_trusts_the_ca_beside_the_usual_ones(tmp_path: Path) -> None:
    ours = make_certificate(tmp_path / "ours", HERE)
    assert trusting({"SSL_CERT_FILE": "", "JAVA_TOOL_OPTIONS": ""}, ours.ca, tmp_path) == {
        **dict.fromkeys(BUNDLES, f"{tmp_path}/trusted.pem"),
        "JAVA_TOOL_OPTIONS": certificates.java_options(tmp_path / "trusted.p12"),
    }
    usual = Path(certifi.where()).read_text()
    assert (tmp_path / "trusted.pem").read_text() == f"{usual}\n{ours.ca.read_text()}"
    store = load_pkcs12((tmp_path / "trusted.p12").read_bytes(), certificates.PASSWORD.encode())
    assert len(store.additional_certs) > 50
    assert store.additional_certs[-1].certificate == x509.load_pem_x509_certificate(ours.ca.read_bytes())


def test_an_odd_certificate_of_a_bundle_is_passed_over(tmp_path: Path) -> None:
    ours = make_certificate(tmp_path / "ours", HERE)
    odd = tmp_path / "odd.pem"
    odd.write_text("-----BEGIN CERTIFICATE-----\nbm9uc2Vuc2U=\n-----END CERTIFICATE-----\n" + ours.ca.read_text())
    trusting({"SSL_CERT_FILE": str(odd)}, ours.ca, tmp_path)
    store = load_pkcs12((tmp_path / "trusted.p12").read_bytes(), certificates.PASSWORD.encode())
    assert len(store.additional_certs) == 2


def test_a_bundle_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    made = make_certificate(tmp_path, HERE)
    broken = tmp_path / "broken.pem"
    broken.write_text("nonsense")
    with pytest.raises(BadCertificate, match=f"There is no certificate in PEM in {broken}, which"):
        trusting({"SSL_CERT_FILE": str(broken)}, made.ca, tmp_path)


def test_javas_options_are_quoted_where_the_path_has_a_blank() -> None:
    options = certificates.java_options(Path("/my tls/ca.p12"))
    assert options.startswith('"-Djavax.net.ssl.trustStore=/my tls/ca.p12" -Djavax.net.ssl.trustStoreType=PKCS12 ')
