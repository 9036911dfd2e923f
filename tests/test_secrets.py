"""What the journal takes out of a text, and that it goes through each text once, whatever is in it."""

import re
from functools import partial
from urllib.parse import quote, quote_plus

import pytest
from counter import calls_in
from hypothesis import given
from hypothesis import strategies as st

from sandbox.server.journal import secret_names, secret_places, secrets

BYTES = st.binary(max_size=60)
TRICKY = [
    *(b"<pw>", b"<pw ", b"</pw>", b'"', b'"pw":', b'"pw" ', b"\\", b"%", b"&", b"=", b"&pw=", b"?token=", b";", b"\r"),
    *(b" ", b'name="pw"', b"name=pw\r\n", b"\r\n\r\n", b"\n--", b"secret_access_key", b"{", b"[", b"'"),
    *(b'"pw":[', b'"pw":[]', b'"pw":["', b'"pw":{', b'\\"pw\\":\\"', b"pw=\"", b"pw='", b"pw[", b"user[pw]="),
    *(b"%3D", b"pw%3D", b"%26pw%253D", b"%25", b"%5B", b"a=", b"key=", b"n=", b"\nX-Key:", b"\nkey: a", b"\n \t-"),
    *(b"{'pw':'", b"//", b"//a", b"//a@", b"%2F%2F", b"%2F%2Fa%40", b"@", b"%40", b"/", b"\\/", b"ns:pw", b"<a:pw b='"),
    *(b"name=pw;x", b"name=pw\n", b"#pw=", b"/;pw=", b"Key", b"-key", b"]]>", b"<![CDATA[", b"<pw>a</pw>", b"<pw/>"),
    b"demo-secret-key",
]  # fmt: skip
TRICKY_TEXT = st.lists(st.sampled_from(TRICKY) | BYTES, max_size=30).map(b"".join)
KNOWN = secrets.forms([b"demo-secret-key", b"a b/c+d"])
LENGTHS = (1_000, 4_000, 16_000)


# Each text is gone through once ----------------------------------------------------------------------------------
# A name is tried where one can begin, and nowhere in the midst of one; what stands behind it has a greatest length; a
# value that was begun is taken out to its end. So no byte is read for two names, and none behind a value again.

PLACES = [*secret_places.PLACES_IN_FORM, secret_places.PARAMETER]


def repeats(pattern: bytes) -> list[bytes]:
    """How the repeats of a pattern without a greatest number are written."""
    bare = re.sub(rb"\\.|\[\^?(?:\\.|[^\]\\])*\]|\?\+|\}\+", b"x", pattern)
    return re.findall(rb"(?:[*+]|\{\d*,\})[+?]?", bare)


@pytest.mark.parametrize("place", PLACES)
def test_what_stands_around_a_name_has_a_greatest_length(place: secret_places.Place) -> None:
    assert repeats(place.begin) + repeats(place.then) == []


VALUES = [each.pattern for each in vars(secret_places).values() if isinstance(each, re.Pattern)]


@pytest.mark.parametrize("pattern", [each.pattern().pattern for each in PLACES] + VALUES)
def test_what_was_read_of_a_name_or_a_value_is_given_back_by_none(pattern: bytes) -> None:
    assert [each for each in repeats(pattern) if not each.endswith(b"+") or len(each) < 2] == []


def read_for_names(text: bytes, place: secret_places.Place) -> int:
    """Bytes that are read where a name can begin, to its end."""
    begin, name = re.compile(place.begin), re.compile(place.name)
    read = 0
    for begun in filter(None, (begin.match(text, at) for at in range(len(text)))):
        named = name.match(text, begun.end())
        read += (named or begun).end() - begun.start()
    return read


@pytest.mark.parametrize("piece", TRICKY)
def test_work_grows_as_the_text_does(piece: bytes) -> None:
    texts = [(piece * length)[:length] for length in LENGTHS]
    for place in PLACES:
        assert [read_for_names(text, place) <= 40 * len(text) for text in texts[:2]] == [True, True]
    short, _, long = (calls_in(partial(secrets.redacted, text, KNOWN)) for text in texts)
    assert long <= LENGTHS[-1] / LENGTHS[0] * short + 100


def test_of_a_thousand_values_the_rest_is_taken_out_as_a_whole() -> None:
    text = b"&".join(b"key=%d" % n for n in range(2000)) + b"&a=1"
    assert secrets.redacted(text, ()) == b"&".join([b"key=[redacted]"] * 1000) + b"[redacted]"


def test_a_slash_ends_the_search_for_a_user() -> None:
    for slash in (b"/", b"%2F", b"%252F"):
        text = slash * 2 + b"a" + slash + b"b@c"
        assert secrets.redacted(text, ()) == text


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
    if not any(stem in text.lower() for stem in (*secret_names.STEMS, b"@", b"%")):
        assert secrets.redacted(text, ()) == text


@given(text=TRICKY_TEXT)
def test_what_is_redacted_stays_as_it_is(text: bytes) -> None:
    once = secrets.without(text, KNOWN)
    assert secrets.without(once, KNOWN) == once


NAMES = [
    *("access_key", "secret_access_key", "secret_key", "secret", "client_secret", "api_key", "api_secret"),
    *("private_key", "password", "passwd", "passphrase", "pwd", "pw", "pin", "otp", "token", "access_token"),
    *("auth_token", "id_token", "refresh_token", "jwt", "session_id", "signature", "authorization"),
    *("key", "sig", "session", "x_api_key", "x_amz_security_token", "my_pin", "user_otp", "a_jwt", "the_session"),
]
WRITTEN_OTHERWISE = [
    *("aws:SecretKey", "ns:token", "x-amz-security-token", "X-Amz-Signature", "userPin", "userPIN", "APIKey", "APIkey"),
    *("IDToken", "oauth.token", "com.example.apiKey", "JSESSIONID", "PHPSESSID", "X-Hub-Signature-256", "password2"),
    *("sharedAccessSig", "hmacSHA256Key", "x_sessionId", "accessKEY", "DB_PWD", "dbpassword", "_token", "$pin", "SIG"),
]
INNOCENT = [
    *(
        "monkey",
        "spinning",
        "mapping",
        "keyboard",
        "tokens",
        "compass",
        "author",
        "bypass",
        "MONKEY",
        "hotkey",
        "turkey",
    ),
    *("design", "spin", "pinned", "keys", "session_length", "possession", "obsession", "key_id", "sign", "crosig"),
    *("option", "hotp_count", "jwt_lifetime", "secretary", "Keynote", "myMonkey", "authorized", "cookies", "psig"),
]


@pytest.mark.parametrize("name", NAMES + WRITTEN_OTHERWISE)
def test_a_name_is_secret_by_its_last_word(name: str) -> None:
    assert secret_names.is_secret(name.encode())
    assert secret_names.may_have_names(name.encode())


@pytest.mark.parametrize("name", INNOCENT)
def test_a_word_that_only_ends_or_begins_so_is_innocent(name: str) -> None:
    assert not secret_names.is_secret(name.encode())
    for text in (f"{name}=x&a=1", f'{{"{name}": "x"}}', f"<{name}>x</{name}>", f"{name}: x", f"a=b%26{name}%3Dx"):
        assert secrets.redacted(text.encode(), ()) == text.encode()
    assert secrets.redacted_header(name.encode(), b"x", ()) == b"x"


@given(name=st.text(st.sampled_from("keysigotpin-_.:KEYS0123[]%"), max_size=20))
def test_what_may_end_a_name_leaves_no_secret_one_out(name: str) -> None:
    quick = re.compile(secret_names.MAY_END + rb"\Z")
    if secret_names.is_secret(name.encode()) and "%" not in name:
        assert quick.search(name.encode())


@pytest.mark.parametrize("name", NAMES)
def test_each_name_is_known_in_each_place_however_it_is_written(name: str) -> None:
    for written in (name, name.upper(), name.replace("_", "-"), name.replace("_", "").title()):
        if secret_names.is_secret(written.encode()):
            is_known_in_each_place(written)
    for written in (name, name.replace("_", "-"), name.replace("_", ".")):
        is_known_in_each_place(written)


@pytest.mark.parametrize("name", WRITTEN_OTHERWISE)
def test_each_name_is_known_in_each_place(name: str) -> None:
    is_known_in_each_place(name)


def is_known_in_each_place(name: str) -> None:
    for text, kept in (
        (f"{name}=x y&a=1", f"{name}=[redacted]&a=1"),
        (f'{name}=x"y<z&a=1', f"{name}=[redacted]&a=1"),
        (f"?a=1&{name}=x", f"?a=1&{name}=[redacted]"),
        (f"/a;{name}=x", f"/a;{name}=[redacted]"),
        (f"http://h/a;{name}=x;b", f"http://h/a;{name}=[redacted]"),
        (f"http://h/#{name}=x&b=1", f"http://h/#{name}=[redacted]&b=1"),
        (f"user[{name}]=x&{name}[]=y&{name}[0]=z", f"user[{name}]=[redacted]&{name}[]=[redacted]&{name}[0]=[redacted]"),
        (f"a%5B{name}%5D=x&b=1", f"a%5B{name}%5D=[redacted]&b=1"),
        (f"u=http%3A%2F%2Fh%3F{name}%3Dx%26b%3D1&c=2", f"u=http%3A%2F%2Fh%3F{name}%3D[redacted]%26b%3D1&c=2"),
        (f"u=%253F{name}%253Dx%2526b&c=2", f"u=%253F{name}%253D[redacted]%2526b&c=2"),
        (f'name="{name}"\r\n\r\nx\r\ny\r\n--b', f'name="{name}"\r\n\r\n[redacted]\r\n--b'),
        (f'{{"{name}" : "a\\"b", "c": 1}}', f'{{"{name}" : "[redacted]", "c": 1}}'),
        (f'{{"{name}": ["a]", ["b"], {{"c": 1}}], "d": 1}}', f'{{"{name}": "[redacted]", "d": 1}}'),
        (f'{{"{name}": {{"a": "}}"}}, "d": 1}}', f'{{"{name}": "[redacted]", "d": 1}}'),
        (f'{{"{name}": ["a", "b', f'{{"{name}": "[redacted]"'),
        (f"{{'{name}': 'x', 'a': 1}}", f"{{'{name}': '[redacted]', 'a': 1}}"),
        (f'"{{\\"{name}\\":\\"x\\\\\\"y\\",\\"b\\":1}}"', f'"{{\\"{name}\\":\\"[redacted]\\",\\"b\\":1}}"'),
        (f"<a {name}=\"x y\" b='c'/>", f"<a {name}=[redacted] b='c'/>"),
        (f"Hello\n{name.replace(':', '.')}: x y\nMore", f"Hello\n{name.replace(':', '.')}: [redacted]\nMore"),
    ):
        assert secrets.redacted(text.encode(), ()) == kept.encode()
    if "$" not in name:
        for text, kept in (
            (f"<{name}>x</{name}><b>1</b>", f"<{name}>[redacted]</{name}><b>1</b>"),
            (f'<{name} a="b">x<c>y</c></{name}>', f'<{name} a="b">[redacted]</{name}>'),
            (f"<{name}><![CDATA[x<y]]></{name}>", f"<{name}>[redacted]</{name}>"),
            (f"<{name}/><b>1</b></{name}>x", f"<{name}/><b>1</b></{name}>x"),
        ):
            assert secrets.redacted(text.encode(), ()) == kept.encode()
    for header in (name, f"X-{name}"):
        assert secrets.redacted_header(header.replace("_", "-").encode(), b"x", ()) == secrets.MARK


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        (b"authorization", b"Basic eDp5", b"Basic [redacted]"),
        (b"Authorization", b"bearer x y", b"bearer [redacted]"),
        (b"authorization", b"mine x", b"[redacted]"),
        (b"authorization", b"Digest", b"Digest"),
        (b"proxy-authorization", b"Digest x", b"Digest [redacted]"),
        (b"cookie", b"a=1; b=2", b"[redacted]"),
        (b"set-cookie", b"a=1", b"[redacted]"),
        (b"www-authenticate", b'Basic realm="x"', b'Basic realm="x"'),
        (b"x-other", b"it is demo-secret-key", b"it is [redacted]"),
        (b"referer", b"http://x/?token=y&a=1", b"http://x/?token=[redacted]&a=1"),
        (b"referer", b"https://a:b@x/#pin=y", b"https://[redacted]@x/#pin=[redacted]"),
        (b"monkey", b"x", b"x"),
    ],
)
def test_a_header_is_secret_by_its_name(name: bytes, value: bytes, kept: bytes) -> None:
    assert secrets.redacted_header(name, value, KNOWN) == kept


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("http://u:p@h/x", "http://[redacted]@h/x"),
        ("HTTP://u@h", "HTTP://[redacted]@h"),
        ("//u:p%2Fq@h", "//[redacted]@h"),
        ("http://u:p@q@h/", "http://[redacted]@h/"),
        ("http://u:it's&so@h/", "http://[redacted]@h/"),
        ('{"a":"https:\\/\\/u:p@h\\/x"}', '{"a":"https:\\/\\/[redacted]@h\\/x"}'),
        ("a=https%3A%2F%2Fu%3Ap%2540ss%40h%2F&b=1", "a=https%3A%2F%2F[redacted]@h%2F&b=1"),
        ("a=https%3a%2f%2fu:p@h", "a=https%3a%2f%2f[redacted]@h"),
        ("a=https%253A%252F%252Fu%253Ap%2540h", "a=https%253A%252F%252F[redacted]@h"),
        ("a=http%3A%2F%2Fh&b=me%40y.example", "a=http%3A%2F%2Fh&b=me%40y.example"),
        ("a=http://h&b=me@y.example", "a=http://h&b=me@y.example"),
        ("http://h/a?b=me@y.example", "http://h/a?b=me@y.example"),
        ("me@y.example http://h/#a@b", "me@y.example http://h/#a@b"),
    ],
)
def test_user_and_password_of_a_url_go(text: str, kept: str) -> None:
    assert secrets.redacted(text.encode(), ()) == kept.encode()


@pytest.mark.parametrize(
    ("url", "clean"),
    [
        ("https://u:p@h:8443/a?b=1#c", "https://h:8443/a?b=1#c"),
        ("HTTP://u@H/", "HTTP://H/"),
        ("http://a@b@h", "http://h"),
        ("http://h/a@b?c=d@e", "http://h/a@b?c=d@e"),
        ("http://h/?token=x&a=1#pin=2", "http://h/?token=[redacted]&a=1#pin=[redacted]"),
        ("http://[::1]:9/;key=x", "http://[::1]:9/;key=[redacted]"),
        ("http://h/_sandbox/sinks/abcdef", "http://h/_sandbox/sinks/abcdef"),
    ],
)
def test_a_url_is_shown_as_one_that_can_be_read(url: str, clean: str) -> None:
    assert secrets.url_without_secrets(url) == clean


@pytest.mark.parametrize("before", [b"", b"token=" + b"x" * 5000 + b"&"])
def test_nothing_is_left_of_a_credential_that_lies_where_a_text_is_cut(before: bytes) -> None:
    """Neither where it ends, nor where what is looked through does, however much shorter the text became."""
    credential = b"QWMPGHBNS"
    for length in (1_000, 1_000 + secrets.MARGIN):
        for of_it in range(1, len(credential)):
            text = (before + b"y" * length)[: length - of_it] + credential + b"z" * 9_000
            kept = secrets.beginning(text, 1_000, secrets.forms([credential]))
            assert len(kept) <= 1_000
            assert set(credential).isdisjoint(kept)


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
