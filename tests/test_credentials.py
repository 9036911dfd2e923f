"""HTTP Basic as RFC 7617 has it, and what is said of credentials that nobody can read."""

from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from conftest import WORLDS
from driver import CONSOLE, SIMPLEPAY, WRITEBACK, Driver
from hypothesis import given
from hypothesis import strategies as st

from sandbox.vendors.base.credentials import MalformedCredentials, basic_credentials

READ = f"{WRITEBACK}/{CONSOLE}/2026-05-06%2000:00:00/2026-05-06%2023:59:59"
RIGHT = b64encode(b"demo:demo")
TAKE = "username and password of the workspace, as GET /_sandbox/workspaces/default shows them"
NOT_BASE64 = "Send base64 of username:password in one piece, with the characters A-Z a-z 0-9 + / and = at its end."
PADDING = "Fill the base64 up with one or two = at its end, to a multiple of four characters."
CONTROL = "The Basic credentials have a control character in them, as a line break"
NO_CONTROL = "Leave it out, before base64: echo adds a line break, echo -n and printf do not."
MISSING = "HTTP Basic credentials are missing."


def read(sandbox: Driver, *authorization: bytes) -> httpx.Response:
    """A read with these headers."""
    return sandbox.call("GET", READ, headers=[(b"Authorization", each) for each in authorization])


def findings(sandbox: Driver, answer: httpx.Response) -> Any:
    return sandbox.call("GET", f"/_sandbox/journal/{answer.headers['x-sandbox-exchange']}").json()["findings"]


@pytest.mark.rule("WB-auth", "SP-auth")
@pytest.mark.parametrize("scheme", [b"Basic", b"basic", b"BASIC", b"bAsIc"])
@pytest.mark.parametrize("blanks", [b" ", b"  ", b"     "])
def test_the_scheme_may_have_any_case_and_blanks_behind_it(sandbox: Driver, scheme: bytes, blanks: bytes) -> None:
    assert read(sandbox, scheme + blanks + RIGHT).status_code == 200


@pytest.mark.rule("WB-auth", "SP-auth")
@pytest.mark.parametrize(
    ("headers", "reason", "observed", "fix"),
    [
        (
            [b"Basic " + b64encode(b"demo:d\xe9mo")],
            "The Basic credentials are not UTF-8.",
            "The Basic credentials are not UTF-8",
            "Encode username:password in UTF-8, which the challenge names, before base64.",
        ),
        (
            [b"Basic " + b64encode(b"partner:secret").rstrip(b"=")],
            "The Basic credentials are base64 without its right padding.",
            "The Basic credentials are base64 without its right padding",
            PADDING,
        ),
        (
            [b"Basic " + b64encode(b"partner:secret") + b"=="],
            "The Basic credentials are base64 without its right padding.",
            "The Basic credentials are base64 without its right padding",
            PADDING,
        ),
        *(
            (
                [b"Basic " + token],
                "The Basic credentials are base64 without its right padding.",
                "The Basic credentials are base64 without its right padding",
                PADDING,
            )
            for token in (RIGHT + b"=", RIGHT + b"====", b"ZGVtbzpkZW1", b"Z===")
        ),
        *(
            ([b"Basic " + b64encode(written)], f"{CONTROL}.", CONTROL, NO_CONTROL)
            for written in (b"demo:demo\n", b"demo:demo\r\n", b"demo\0:demo", "demo:demo".encode("utf-16-le"))
        ),
        (
            [b"Basic " + b64encode(b"\xef\xbb\xbfdemo:demo")],
            "The Basic credentials begin with a byte order mark.",
            "The Basic credentials begin with a byte order mark",
            "Leave the byte order mark out, before base64.",
        ),
        *(
            ([b"Basic " + token], "The Basic credentials are not base64.", "The Basic credentials are not base64", fix)
            for token, fix in (
                (urlsafe_b64encode(b"demo:\xc3\xbf\xc3\xbe\xc3\xbf"), NOT_BASE64),
                (b"demo:demo", NOT_BASE64),
                (b"ZGVt bzpkZW1v", NOT_BASE64),
                (b'"ZGVtbzpkZW1v"', NOT_BASE64),
                (b"ZGVtbzpkZW1v, Basic ZGVtbzpkZW1v", NOT_BASE64),
                (b"\xff\xfe", NOT_BASE64),
            )
        ),
        (
            [b"Basic " + b64encode(b"demo")],
            "The Basic credentials have no colon after the username.",
            "The Basic credentials have no colon after the username",
            "Send base64 of the username, a colon and the password.",
        ),
        (
            [b"Basic " + RIGHT, b"Basic " + RIGHT],
            "Authorization was sent more than once.",
            "Authorization was sent more than once",
            "Send one Authorization header.",
        ),
        (
            [b"Basic"],
            MISSING,
            "an Authorization header that is no scheme, blank and token",
            f"Send Authorization: Basic, a blank, and base64 of {TAKE}.",
        ),
        (
            [b"Basic\t" + RIGHT],
            MISSING,
            "an Authorization header that is no scheme, blank and token",
            f"Send Authorization: Basic, a blank, and base64 of {TAKE}.",
        ),
        (
            [RIGHT],
            MISSING,
            "an Authorization header that is no scheme, blank and token",
            f"Send Authorization: Basic, a blank, and base64 of {TAKE}.",
        ),
        (
            [b"Digest username=x"],
            MISSING,
            "Authorization: Digest",
            f"Send Authorization: Basic instead, with {TAKE}.",
        ),
    ],
)
def test_what_is_wrong_with_credentials_is_named_and_they_are_shown_to_nobody(
    sandbox: Driver, headers: list[bytes], reason: str, observed: str, fix: str
) -> None:
    answer = read(sandbox, *headers)
    assert (answer.status_code, answer.json()) == (401, {"message": reason})
    assert answer.headers["www-authenticate"] == 'Basic realm="Dialog Health", charset="UTF-8"'
    (finding,) = findings(sandbox, answer)
    assert (finding["rule"], finding["seen"], finding["mend"]) == ("WB-auth", observed, fix)
    submitted = sandbox.call(
        "POST",
        f"{SIMPLEPAY}/submit/{CONSOLE}",
        headers=[(b"Authorization", each) for each in headers],
    )
    assert (submitted.status_code, submitted.json()["error_message"]) == (401, reason)
    assert findings(sandbox, submitted) == [
        {**finding, "rule": "SP-auth", "explanation": findings(sandbox, submitted)[0]["explanation"]}
    ]


def test_credentials_beyond_ascii_are_those_of_their_workspace(
    open_driver: Callable[..., Driver], tmp_path: Path
) -> None:
    world = (WORLDS / "plain.yaml").read_text(encoding="utf-8")
    assert "password: demo" in world
    (tmp_path / "world.yaml").write_text(world.replace("password: demo", "password: pässwörd€"), encoding="utf-8")
    sandbox = open_driver(fixture=str(tmp_path / "world.yaml"))
    assert read(sandbox, b"Basic " + b64encode("demo:pässwörd€".encode())).status_code == 200
    assert read(sandbox, b"Basic " + b64encode("demo:passwörd".encode("latin-1"))).status_code == 401


TEXT = st.characters(codec="utf-8", exclude_categories=["Cc"], exclude_characters="\ufeff")


@given(st.text(TEXT).map(lambda name: name.replace(":", "")), st.text(TEXT))
def test_any_credentials_in_utf_8_are_read_as_they_are(username: str, password: str) -> None:
    token = b64encode(f"{username}:{password}".encode())
    assert basic_credentials([b"Basic " + token]) == (username, password)


@given(st.binary(max_size=40))
def test_any_token_is_read_or_refused(token: bytes) -> None:
    for headers in ([token], [b"Basic " + token], [b"Basic " + b64encode(token)]):
        try:
            read = basic_credentials(headers)
        except MalformedCredentials as malformed:
            read = (str(malformed), malformed.fix)
        assert read is None or all(isinstance(each, str) for each in read)
