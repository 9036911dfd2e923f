"""Multipart forms as RFC 2046 and 7578 allow them, as clients make them, and what is said of those that are none."""

from contextlib import suppress
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from typing import Any

import httpx
import pytest
import requests
import urllib3
from driver import CONSOLE, DEMO, DIALOGTECH, KEYS, LINE, PHONE, SIMPLEPAY, Driver
from hypothesis import given
from hypothesis import strategies as st

from sandbox.vendors.base.forms import Fields, UnreadableForm, form, multipart
from sandbox.vendors.base.multipart import BY_CLIENT, ONE_LINE_EACH

SUBMIT = f"{SIMPLEPAY}/submit/{CONSOLE}"
KIND = "multipart/form-data; boundary=x"
A = b'Content-Disposition: form-data; name="a"'
B = b'Content-Disposition: form-data; name="b"'
END = b"\r\n--x--\r\n"


def part(*lines: bytes) -> bytes:
    """A part named `a`, its further headers, an empty line, and its content."""
    return b"\r\n".join((b"--x", A, *lines))


# What is taken ----------------------------------------------------------------------------------------------------


@pytest.mark.rule("NET-form")
@pytest.mark.parametrize(
    "body",
    [
        pytest.param(part(b"", b"1") + END, id="plain"),
        pytest.param(part(b"", b"1") + b"\r\n--x--", id="no line break at its end"),
        pytest.param(b"\r\n" + part(b"", b"1") + END, id="an empty line before it"),
        pytest.param(b"This is a form.\r\n\r\nOf one part.\r\n" + part(b"", b"1") + END, id="a preamble"),
        pytest.param(b"--y\r\n\r\n- -x\r\n--\r\n" + part(b"", b"1") + END, id="a preamble with hyphens"),
        pytest.param(
            part(b"", b"1").replace(b"--x", b"--x \t ") + b"\r\n--x--", id="padding behind the first boundary"
        ),
        pytest.param(part(b"", b"1") + b"\r\n--x-- \t\r\n", id="padding behind the last boundary"),
        pytest.param(part(b"", b"1") + END + b"The end.", id="an epilogue"),
        pytest.param(part(b"", b"1") + END + part(b"", b"2") + END, id="an epilogue like a form"),
        pytest.param(part(b"", b"1") + b"\r\n--x--epilogue", id="an epilogue without a line"),
        pytest.param(b"--x\r\n" + A.replace(b" ", b"\r\n\t") + b"\r\n\r\n1" + END, id="a folded header"),
        pytest.param(part(b"X-Long: 1\r\n 2\r\n 3", b"", b"1") + END, id="another header folded twice"),
        pytest.param(b"--x\r\n" + A.upper().replace(b'"A"', b'"a"') + b"\r\n\r\n1" + END, id="names in capitals"),
        pytest.param(b"--x\r\n" + A.replace(b'"', b"") + b"\r\n\r\n1" + END, id="a name without quotation marks"),
        pytest.param(b"--x\r\n" + A + b'; filename="a;b.txt"\r\n\r\n1' + END, id="a file"),
        pytest.param(
            b"--x\r\n" + A + b"; filename*=utf-8''%E2%82%AC.txt\r\n\r\n1" + END, id="a file named by RFC 5987"
        ),
        pytest.param(part(b"Content-Type: text/plain; charset=UTF-8", b"", b"1") + END, id="a charset"),
        pytest.param(part(b"Content-Type: application/json", b"", b"1") + END, id="a type"),
        pytest.param(part(b"Content-Transfer-Encoding: 8bit", b"", b"1") + END, id="8bit"),
        pytest.param(part(b"Content-Transfer-Encoding: BASE64", b"", b"MQ==\r\n") + END, id="base64"),
        pytest.param(
            part(b"Content-Transfer-Encoding: quoted-printable", b"", b"=31=\r\n") + END, id="quoted-printable"
        ),
        pytest.param(part(*[b"X-%d: x" % n for n in range(20)], b"", b"1") + END, id="many headers"),
    ],
)
def test_what_the_standards_allow_is_taken(body: bytes) -> None:
    assert multipart(b"x", body) == {"a": "1"}


@pytest.mark.rule("NET-form")
def test_padding_and_folding_are_taken_in_every_part() -> None:
    body = b"\r\n".join(
        (b"--x\t", A, b"", b"1\r\n", b"--x \t", B.replace(b" ", b"\r\n "), b"", b"--y\r\n --x", b"--x--")
    )
    assert multipart(b"x", body) == {"a": "1\r\n", "b": "--y\r\n --x"}


@pytest.mark.rule("NET-form")
@pytest.mark.parametrize(
    "boundary", ["x", '"x"', '"a b?c"', "----WebKitFormBoundary7MA4", "'()+_,-./:=?'", '"' + "b" * 70 + '"']
)
def test_a_boundary_may_have_any_characters_that_it_may_have(boundary: str) -> None:
    written = boundary if boundary[0] == '"' or ":" not in boundary else f'"{boundary}"'
    body = (part(b"", b"1") + END).replace(b"--x", b"--" + boundary.strip('"').encode())
    for kind in (f"multipart/form-data; boundary={written}", f"Multipart/Form-Data ;charset=utf-8; BOUNDARY={written}"):
        assert form(kind.encode(), body) == {"a": "1"}


@pytest.mark.rule("NET-form", "NET-text")
@pytest.mark.parametrize(
    ("charset", "content"),
    [
        ("iso-8859-1", b"\xe9"),
        ("ISO-8859-15", b"\xe9"),
        ("windows-1252", b"\xe9"),
        ("utf-8", b"\xc3\xa9"),
        ("UTF8", b"\xc3\xa9"),
        ("utf-16", b"\xff\xfe\xe9\x00"),
        ("utf-16be", b"\x00\xe9"),
    ],
)
def test_a_part_is_in_the_charset_that_it_names(charset: str, content: bytes) -> None:
    assert multipart(b"x", part(b"Content-Type: text/plain; charset=" + charset.encode(), b"", content) + END) == {
        "a": "é"
    }
    named = b'--x\r\nContent-Disposition: form-data; name="_charset_"\r\n\r\n' + charset.encode() + b"\r\n"
    assert multipart(b"x", named + part(b"", content) + END) == {"_charset_": charset, "a": "é"}


def test_a_form_without_a_part_has_no_fields() -> None:
    assert multipart(b"x", b"--x--\r\n") == {}


# What is refused --------------------------------------------------------------------------------------------------

NO_CRLF = "a boundary of the multipart form is no line that ends with CRLF"
NO_NAME = "a part of the multipart form is not called form-data, or has no name"
MALFORMED = "the multipart form is malformed: a boundary or a header of a part is wrong"
NO_BOUNDARY = "its Content-Type has no boundary"
OTHER_BOUNDARY = "the boundary of its Content-Type is not in the multipart form"
NO_END = "the multipart form ends before its closing boundary"
HEADERS = "a part of the multipart form has too many headers, or one that is too long"
ENCODING = "a part of the multipart form has a Content-Transfer-Encoding that is not known"
LONG = b"x" * 300
LATIN = "a urlencoded form is UTF-8, and not in the charset 'latin-1'"
IN_UTF8 = "Send the form in UTF-8, percent-encoded, and no charset or charset=utf-8."
MARK = "it begins with a byte order mark"
FORM_INSTEAD = "Send a form (name=value&name=value) instead of JSON."
NO_MARK = "Leave the byte order mark out: it counts as a part of the first name."


@pytest.mark.rule("NET-form")
@pytest.mark.parametrize(
    ("kind", "body", "reason"),
    [
        ("multipart/form-data", part(b"", b"1") + END, NO_BOUNDARY),
        ("multipart/form-data; boundary=", part(b"", b"1") + END, NO_BOUNDARY),
        ("multipart/form-data; boundary=y", part(b"", b"1") + END, OTHER_BOUNDARY),
        (KIND, b"", "the multipart form is empty"),
        (KIND, b"a=1", OTHER_BOUNDARY),
        (KIND, (part(b"", b"1") + END).replace(b"\r", b""), NO_CRLF),
        (KIND, (part(b"", b"1") + END).replace(b"\n", b""), NO_CRLF),
        (KIND, b"\xef\xbb\xbf" + part(b"", b"1") + END, "the multipart form begins with a byte order mark"),
        (KIND, b" " + part(b"", b"1") + END, NO_CRLF),
        (KIND, part(b"", b"1\r\n--x\n" + B + b"\n\n2") + END, NO_CRLF),
        (KIND, part(b"", b"1\n--x\r\n" + B + b"\r\n\r\n2") + END, NO_CRLF),
        (KIND, part(b"", b"1\r--x\r" + B + b"\r\r2") + END, NO_CRLF),
        (KIND, part(b"", b"1\n--x--\n") + END, NO_CRLF),
        (KIND, b"preamble\r\n--x--", "the multipart form has no part"),
        (KIND, part(b"", b"1"), NO_END),
        (KIND, part(b"", b"1") + b"\r\n--x-", NO_END),
        (KIND, part(b"nonsense", b"", b"1") + END, MALFORMED),
        (KIND, b"--x\r\n\n" + A + b"\n\n1" + END, MALFORMED),
        (KIND, part(b"", b"1") + b"\r\n--x y\r\n" + B + b"\r\n\r\n2" + END, None),
        (KIND, b"--x\r\n\r\n1" + END, NO_NAME),
        (KIND, b"--x\r\nContent-Disposition: form-data\r\n\r\n1" + END, NO_NAME),
        (KIND, b'--x\r\nContent-Disposition: attachment; name="a"\r\n\r\n1' + END, NO_NAME),
        (KIND, part(*[b"X-%d: x" % n for n in range(100)], b"", b"1") + END, HEADERS),
        (KIND, part(b"X: " + b"x" * 5000, b"", b"1") + END, HEADERS),
        (KIND, part(b"Content-Transfer-Encoding: x-uuencode", b"", b"1") + END, ENCODING),
        (
            KIND,
            part(b"Content-Transfer-Encoding: base64", b"", b"1!") + END,
            "a part of the multipart form is not base64, as it says",
        ),
        (
            KIND,
            part(b"Content-Type: text/plain; charset=klingon", b"", b"1") + END,
            "the part 'a' is in the charset 'klingon', which is not read here",
        ),
        (
            KIND,
            part(b"Content-Type: text/plain; charset=rot13", b"", b"1") + END,
            "the part 'a' is in the charset 'rot13', which is not read here",
        ),
        (
            KIND,
            part(b"Content-Type: text/plain; charset=us-ascii", b"", b"\xe9") + END,
            "the part 'a' is not in the charset 'us-ascii', as it says",
        ),
        (
            "multipart/form-data; boundary=" + "x" * 300,
            b"--" + b"x" * 300 + b"\r\n" + A + b"\r\n\r\n1\r\n--" + b"x" * 300 + b"--",
            "the boundary of the multipart form is too long",
        ),
    ],
)
def test_what_is_wrong_is_named(kind: str, body: bytes, reason: str | None) -> None:
    with pytest.raises(UnreadableForm) as refused:
        form(kind.encode(), body)
    assert str(refused.value) == (reason or MALFORMED)
    assert refused.value.fix.endswith(".")


def submit(sandbox: Driver, content: bytes, kind: str | list[str], **headers: str) -> httpx.Response:
    kinds = [("Content-Type", each) for each in ([kind] if isinstance(kind, str) else kind)]
    return sandbox.call("POST", SUBMIT, auth=DEMO, content=content, headers=[*kinds, *headers.items()])


def status_reason_fix(sandbox: Driver, answer: httpx.Response) -> tuple[int, str, str]:
    """Status, reason, and the fix of the only finding."""
    entry = sandbox.control("GET", f"/journal/{answer.headers['x-sandbox-exchange']}")
    (finding,) = entry["findings"]
    return answer.status_code, answer.json()["error_message"], finding["mend"]


RIGHT = b"".join(
    b'--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (name, value.encode())
    for name, value in ((b"To", PHONE), (b"From", LINE), (b"Body", "Grüße"))
)


@pytest.mark.rule("NET-form", "SP-params")
@pytest.mark.parametrize(
    ("content", "kind", "reason", "fix"),
    [
        (RIGHT + b"--x--", "multipart/form-data", NO_BOUNDARY, f"Send the boundary there: {BY_CLIENT}."),
        (b"To=%FCber", "application/x-www-form-urlencoded;charset=latin-1", LATIN, IN_UTF8),
        (b"\xef\xbb\xbfTo=1", "application/x-www-form-urlencoded", MARK, NO_MARK),
        (b"%EF%BB%BFTo=1", "application/x-www-form-urlencoded", MARK, NO_MARK),
        *(
            (written.encode(encoding), kind, reason, "Send it in UTF-8, without a byte order mark.")
            for encoding in ("utf-16", "utf-32")
            for written, kind, reason in (
                ("To=1", "application/x-www-form-urlencoded", MARK),
                ("--x--", KIND, "the multipart form begins with a byte order mark"),
            )
        ),
        (
            b"\0\0\xfe\xff" + "To=1".encode("utf-32-be"),
            "application/x-www-form-urlencoded",
            MARK,
            "Send it in UTF-8, without a byte order mark.",
        ),
        *(
            (
                RIGHT.replace(b'"To"', b'"To"\r\nContent-Type: text/plain; charset=' + charset) + b"--x--",
                KIND,
                f"the part 'To' is in the charset {charset.decode()!r}, which is not read here",
                "Send it in UTF-8, and say so, or leave the charset out.",
            )
            for charset in (b"utf-7", b"")
        ),
        (b"--x\r\nno header\r\n\r\n1\r\n--x--", KIND, MALFORMED, ONE_LINE_EACH),
    ],
)
def test_a_caller_is_told_what_is_wrong_and_what_would_be_right(
    sandbox: Driver, content: bytes, kind: str, reason: str, fix: str
) -> None:
    answer = submit(sandbox, content, kind)
    assert status_reason_fix(sandbox, answer) == (400, f"The request cannot be read: {reason}.", fix)
    xml = sandbox.call("POST", DIALOGTECH, params=KEYS, content=content, headers={"Content-Type": kind})
    assert reason.replace("'", "&apos;") in xml.text or reason in xml.text


@pytest.mark.rule("NET-form")
@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "identity, gzip", "X-Gzip"])
def test_a_compressed_form_is_refused_by_its_name(sandbox: Driver, coding: str) -> None:
    answer = submit(sandbox, RIGHT + b"--x--", KIND, **{"Content-Encoding": coding})
    named = coding.lower().removeprefix("identity, ")
    assert status_reason_fix(sandbox, answer) == (
        415,
        f"Content-Encoding {named} is not read here: send the form uncompressed.",
        "Send the form uncompressed: compressed bodies are not read.",
    )
    assert answer.headers["accept-encoding"] == "identity"
    assert submit(sandbox, RIGHT + b"--x--", KIND, **{"Content-Encoding": "identity"}).status_code == 200
    assert sandbox.call("POST", SUBMIT, auth=DEMO, headers={"Content-Encoding": "gzip"}).status_code == 400


def test_two_content_types_are_refused_unless_they_are_the_same(sandbox: Driver) -> None:
    answer = submit(sandbox, RIGHT + b"--x--", [KIND, "application/x-www-form-urlencoded"])
    assert status_reason_fix(sandbox, answer) == (
        *(400, "Content-Type was sent more than once."),
        "Send one Content-Type, the body's.",
    )
    assert submit(sandbox, RIGHT + b"--x--", [KIND, KIND]).status_code == 200


@pytest.mark.parametrize("before", [b"\r\n", b" ", b"\t", b"%0A", b"\n"])
def test_what_slips_in_before_a_forms_first_name_is_told(sandbox: Driver, before: bytes) -> None:
    form = before + f"To={PHONE}&From={LINE}&Body=Hello".encode()
    answer = submit(sandbox, form, "application/x-www-form-urlencoded")
    entry = sandbox.control("GET", f"/journal/{answer.headers['x-sandbox-exchange']}")
    mend = entry["findings"][0]["mend"]
    assert (answer.status_code, mend[:19], mend[-4:-1]) == (400, "Send To instead of ", "To'")


@pytest.mark.parametrize("charset", ["UTF-8", '"utf-8"', "utf8", "us-ascii", "iso-8859-1"])
def test_a_urlencoded_form_may_name_a_charset_where_it_makes_no_difference(charset: str) -> None:
    assert form(f"application/x-www-form-urlencoded; charset={charset}".encode(), b"a=b%2Bc+d") == {"a": "b+c d"}


def test_a_body_without_a_type_is_no_form_but_in_the_journal(sandbox: Driver) -> None:
    answer = sandbox.call("POST", SUBMIT, auth=DEMO, content=b"To=1")
    entry = sandbox.control("GET", f"/journal/{answer.headers['x-sandbox-exchange']}")
    assert (answer.status_code, entry["request"]["body"]) == (400, "To=1")
    assert entry["findings"][0]["seen"] == "no To, and a body without Content-Type"


@pytest.mark.parametrize(
    ("content", "kind", "observed", "fix"),
    [
        (
            b'{"To": "1"}',
            "application/x-www-form-urlencoded",
            "JSON as application/x-www-form-urlencoded",
            FORM_INSTEAD,
        ),
        (b' [{"To": "1"}]\n', KIND, "JSON as multipart/form-data", FORM_INSTEAD),
        (
            RIGHT + b"--x--",
            "application/x-www-form-urlencoded",
            "a multipart form as application/x-www-form-urlencoded",
            f"Send the Content-Type of a multipart form: {BY_CLIENT}.",
        ),
    ],
)
def test_a_body_of_another_kind_than_it_says_is_told_so(
    sandbox: Driver, content: bytes, kind: str, observed: str, fix: str
) -> None:
    answer = submit(sandbox, content, kind)
    entry = sandbox.control("GET", f"/journal/{answer.headers['x-sandbox-exchange']}")
    found = next(each for each in entry["findings"] if each["level"] == "error")
    assert (answer.status_code, found["mend"]) == (400, fix)
    assert found["seen"] in (observed, f"no To, and {observed}")


# As clients make them ---------------------------------------------------------------------------------------------

NAME = st.text(
    st.characters(codec="utf-8", exclude_characters='"\\\r\n\0', exclude_categories=("Cs", "Cc")), min_size=1
)
VALUE = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=200)
FIELDS = st.dictionaries(NAME.filter(lambda name: name != "_charset_"), VALUE, min_size=1, max_size=5)


@given(FIELDS)
def test_what_httpx_makes_is_read(fields: dict[str, str]) -> None:
    for options in ({"files": {name: (None, value) for name, value in fields.items()}}, {"data": fields}):
        made = httpx.Request("POST", "http://localhost", **options)
        assert form(made.headers["content-type"].encode(), made.read()) == fields


@given(FIELDS)
def test_what_requests_makes_is_read(fields: dict[str, str]) -> None:
    for options in ({"files": {name: ("x.txt", value) for name, value in fields.items()}}, {"data": fields}):
        made = requests.Request("POST", "http://localhost", **options).prepare()
        body = made.body if isinstance(made.body, bytes) else str(made.body).encode()
        assert form(str(made.headers["Content-Type"]).encode(), body) == fields


@given(FIELDS)
def test_what_urllib3_makes_is_read(fields: dict[str, str]) -> None:
    body, kind = urllib3.encode_multipart_formdata(fields)
    assert form(kind.encode(), body) == fields


@given(FIELDS, st.booleans())
def test_what_pythons_mail_makes_is_read(fields: dict[str, str], is_latin: bool) -> None:
    """It is far from what HTTP clients make: a preamble, folded headers, base64, charsets."""
    made = MIMEMultipart("form-data")
    made.preamble = "A form.\n"
    kept: Fields = {}
    for n, value in enumerate(fields.values()):
        charset = (
            "iso-8859-1" if is_latin and value.encode("latin-1", "replace").decode("latin-1") == value else "utf-8"
        )
        field = MIMEText(value, _charset=charset)
        field.add_header("Content-Disposition", "form-data", name=f"field{n}", filename="x" * 90)
        made.attach(field)
        kept[f"field{n}"] = value
    head, _, body = made.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n").partition(b"\r\n\r\n")
    kind = head.partition(b"Content-Type: ")[2].replace(b"\r\n", b"").partition(b"MIME-Version")[0]
    read: dict[str, Any] = dict(form(kind, body))
    assert {name: each.replace("\r\n", "\n") for name, each in read.items()} == {
        name: (each or "").replace("\r\n", "\n") for name, each in kept.items()
    }


@given(st.binary(max_size=300))
def test_any_bytes_are_a_form_or_refused_by_name(raw: bytes) -> None:
    for body in (raw, b"--x\r\n" + raw, part(b"", raw), part(raw, b"", b"1") + END, part(b"", b"1") + END + raw):
        with suppress(UnreadableForm):
            multipart(b"x", body)


@given(VALUE.map(str.encode), st.binary(max_size=50), st.sampled_from([b"", b" ", b"\t \t"]))
def test_what_stands_around_the_parts_changes_nothing(content: bytes, around: bytes, padding: bytes) -> None:
    if b"--x" in content + around:
        return
    body = part(b"", content).replace(b"--x", b"--x" + padding, 1) + b"\r\n--x--" + padding
    assert multipart(b"x", around + b"\r\n" + body + b"\r\n" + around) == {"a": content.decode()}
