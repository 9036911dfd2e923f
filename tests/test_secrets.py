"""What the journal takes out of a text, and that it goes through each text once, whatever is in it."""

import re
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.server.journal import secrets

BYTES = st.binary(max_size=60)
TRICKY = [
    *(b"<pw>", b"<pw ", b"</pw>", b'"', b'"pw":', b'"pw" ', b"\\", b"%", b"&", b"=", b"&pw=", b"?token=", b";", b"\r"),
    *(b" ", b'name="pw"', b"name=pw\r\n", b"\r\n\r\n", b"\n--", b"secret_access_key", b"{", b"[", b"'"),
    b"demo-secret-key",
]  # fmt: skip
TRICKY_TEXT = st.lists(st.sampled_from(TRICKY) | BYTES, max_size=30).map(b"".join)
KNOWN = secrets.forms([b"demo-secret-key", b"a b/c+d"])
LENGTHS = (1_000, 4_000, 16_000)


# Each text is gone through once ----------------------------------------------------------------------------------
# A pattern's work is one try at each place, of which each either ends before a value, or takes the value out. What
# stands before values has a greatest length, so a try that ends there costs no more than that; and that a value once
# begun is taken out, so that no other try goes through its bytes.


@pytest.mark.parametrize("before", [before for before, _, _ in secrets.PLACES])
def test_what_stands_before_a_value_has_a_greatest_length(before: bytes) -> None:
    bare = re.sub(rb"\\.|\[\^?(?:\\.|[^\]\\])*\]", b"x", before.replace(b"[-_]?", b""))
    assert re.search(rb"[*+]|\{\d*,\}", bare) is None


@given(text=TRICKY_TEXT)
def test_whether_there_is_a_value_is_told_by_its_first_bytes(text: bytes) -> None:
    for _, value, _ in secrets.PLACES:
        pattern = re.compile(rb"(?s)" + value)
        assert bool(pattern.match(text)) == bool(pattern.match(text[:4]))


@pytest.mark.parametrize("value", [value for _, value, _ in secrets.PLACES])
def test_a_value_gives_nothing_back(value: bytes) -> None:
    """What follows it is never tried again at a place before its end."""
    assert re.findall(rb"[*+]\+?", re.sub(rb"\[\^?(?:\\.|[^\]\\])*\]", b"x", value)) in ([b"++"], [b"*+", b"++"])


def work(text: bytes) -> int:
    """Bytes of all that the patterns match, with one for each try."""
    total = 0
    for pattern, kept in secrets.PATTERNS:
        total += len(text) + sum(len(match[0]) for match in pattern.finditer(text))
        text = pattern.sub(kept, text)
    return total


@pytest.mark.parametrize("piece", TRICKY)
def test_work_grows_as_the_text_does(piece: bytes) -> None:
    most = 2 * len(secrets.PATTERNS) * (len(secrets.MARK) + 2)
    for length in LENGTHS:
        text = (piece * length)[:length]
        assert work(text) <= most * length


@given(text=TRICKY_TEXT)
def test_what_is_left_is_never_much_longer(text: bytes) -> None:
    assert len(secrets.redacted(text, KNOWN)) <= len(text) * (len(secrets.MARK) + 2)


# What goes and what stays ----------------------------------------------------------------------------------------


@given(text=TRICKY_TEXT, after=BYTES)
def test_a_known_credential_is_left_nowhere(text: bytes, after: bytes) -> None:
    for form in KNOWN:
        assert form not in secrets.redacted(text + form + after, KNOWN)


@given(credential=st.text(st.characters(exclude_categories=["Cs"]), min_size=6, max_size=20).map(str.encode))
def test_a_credential_is_known_in_raw_and_percent_encoded_form(credential: bytes) -> None:
    known = secrets.forms([credential])
    assert known[0] == max(known, key=len)
    for form in (credential, quote(credential, safe="").encode(), quote_plus(credential).encode()):
        assert secrets.without(b"<" + form + b">", known) == b"<[redacted]>"


@given(text=st.binary(max_size=200))
def test_a_text_without_names_and_credentials_stays(text: bytes) -> None:
    if not any(stem in text.lower() for stem in secrets.STEMS):
        assert secrets.redacted(text, ()) == text


@given(text=TRICKY_TEXT)
def test_what_is_redacted_stays_as_it_is(text: bytes) -> None:
    once = secrets.without(text, KNOWN)
    assert secrets.without(once, KNOWN) == once


def test_each_name_has_a_stem() -> None:
    assert [name for name in secrets.NAMES if not any(stem.decode() in name for stem in secrets.STEMS)] == []


@pytest.mark.parametrize("name", secrets.NAMES)
def test_each_name_is_known_in_each_place(name: str) -> None:
    for written in (name, name.upper(), name.replace("_", "-"), name.replace("_", "").title()):
        for text, kept in (
            (f"{written}=x y&a=1", f"{written}=[redacted]&a=1"),
            (f"?a=1&{written}=x", f"?a=1&{written}=[redacted]"),
            (f'name="{written}"\r\n\r\nx\r\ny\r\n--b', f'name="{written}"\r\n\r\n[redacted]\r\n--b'),
            (f'{{"{written}" : "a\\"b", "c": 1}}', f'{{"{written}" : "[redacted]", "c": 1}}'),
            (f"<{written}>x</{written}>", f"<{written}>[redacted]</{written}>"),
        ):
            assert secrets.redacted(text.encode(), ()) == kept.encode()
        header = written.replace("_", "-").encode()
        assert (
            secrets.redacted_header(header, b"x", ())
            == secrets.redacted_header(b"X-" + header, b"x", ())
            == secrets.MARK
        )


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        (b"authorization", b"Basic eDp5", b"Basic [redacted]"),
        (b"Authorization", b"bearer x y", b"bearer [redacted]"),
        (b"authorization", b"mine x", b"[redacted]"),
        (b"proxy-authorization", b"Digest x", b"Digest [redacted]"),
        (b"cookie", b"a=1; b=2", b"[redacted]"),
        (b"set-cookie", b"a=1", b"[redacted]"),
        (b"www-authenticate", b'Basic realm="x"', b'Basic realm="x"'),
        (b"x-other", b"it is demo-secret-key", b"it is [redacted]"),
        (b"referer", b"http://x/?token=y&a=1", b"http://x/?token=[redacted]&a=1"),
        (b"monkey", b"x", b"x"),
    ],
)
def test_a_header_is_secret_by_its_name(name: bytes, value: bytes, kept: bytes) -> None:
    assert secrets.redacted_header(name, value, KNOWN) == kept


@pytest.mark.parametrize("credential", [b"demo", b"secret", b"Password", b"redacted", b"[redact", b""])
def test_what_cannot_be_told_from_other_words_is_not_looked_for(credential: bytes) -> None:
    assert secrets.forms([credential]) == ()


def test_the_token_of_basic_credentials_is_known_without_its_end() -> None:
    assert secrets.basic_token("demo", "demo") == b"ZGVtbzpkZW1v"
    assert secrets.basic_token("a", "b") == b"YTpi"
    assert secrets.basic_token("demo", "demos") == b"ZGVtbzpkZW1vcw"


@pytest.mark.parametrize(
    "text", [b"x=abcdef12", b"abcdef12.", b"a+abcdef12+b", b"a%20abcdef12%20b", b"/abcdef12/", b'"abcdef12"']
)
def test_of_many_credentials_those_are_found_that_are_words_of_a_text(text: bytes) -> None:
    assert secrets.among(text, frozenset((b"abcdef12", b"abcdef"))) == {b"abcdef12"}
