"""Query strings and forms, read strictly."""

import pytest

from sandbox.vendors.base.forms import Fields, UnreadableForm, form, multipart, urlencoded


@pytest.mark.parametrize(
    ("raw", "fields"),
    [
        (b"", {}),
        (b"&&", {}),
        (b"&a=1&&b=2&", {"a": "1", "b": "2"}),
        (b"a=1&a=2", {"a": "1"}),
        (b"a=&a=2", {"a": ""}),
        (b"a", {"a": ""}),
        (b"=1", {"": "1"}),
        (b"a=b=c", {"a": "b=c"}),
        (b"a=x+y%2Bz%20w", {"a": "x y+z w"}),
        (b"a+b=1", {"a b": "1"}),
        (b"%61=%E2%82%AC", {"a": "€"}),
        (b"a=\xe2\x82\xac", {"a": "€"}),
        (b"a=100%", {"a": "100%"}),
        (b"a=%zz%4", {"a": "%zz%4"}),
        (b"a=1;b=2", {"a": "1;b=2"}),
        (b"a=%0D%0A", {"a": "\r\n"}),
        (b"A=1&a=2", {"A": "1", "a": "2"}),
    ],
)
def test_pairs_are_read_as_browsers_write_them(raw: bytes, fields: Fields) -> None:
    assert urlencoded(raw) == fields


@pytest.mark.rule("NET-text")
@pytest.mark.parametrize("value", [b"%FF", b"\xff", b"%00", b"\x00", b"%ED%A0%80", b"%C0%80", b"%E2%82", b"x%FFy"])
def test_a_value_that_is_not_utf_8_is_null(value: bytes) -> None:
    assert urlencoded(b"a=" + value + b"&b=2") == {"a": None, "b": "2"}


@pytest.mark.rule("NET-text")
@pytest.mark.parametrize("name", [b"%FF", b"\xff", b"%00", b"%ED%A0%80"])
def test_a_name_that_is_not_utf_8_makes_the_form_unreadable(name: bytes) -> None:
    with pytest.raises(UnreadableForm, match="name of a parameter is not UTF-8"):
        urlencoded(b"a=1&" + name + b"=2")


def part(name: bytes, value: bytes, *headers: bytes) -> bytes:
    disposition = b'Content-Disposition: form-data; name="' + name + b'"'
    return b"\r\n".join((b"--x", disposition, *headers, b"", value)) + b"\r\n"


def test_parts_are_fields_files_too() -> None:
    body = (
        part(b"a", b"1")
        + part(b"b", "€ \r\n x".encode(), b"Content-Type: text/plain")
        + b'--x\r\nContent-Disposition: form-data; name="c"; filename="c.txt"\r\n\r\nfile\r\n'
        + part(b"a", b"2")
        + part(b"d", b"")
        + b"--x--\r\n"
    )
    assert multipart(b"x", body) == {"a": "1", "b": "€ \r\n x", "c": "file", "d": ""}


@pytest.mark.rule("NET-text")
@pytest.mark.parametrize("value", [b"\xff", b"\x00", b"\xed\xa0\x80"])
def test_a_part_that_is_not_utf_8_is_null(value: bytes) -> None:
    assert multipart(b"x", part(b"a", value) + b"--x--\r\n") == {"a": None}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nonsense",
        b"--y\r\n\r\n",
        part(b"a", b"1"),
        part(b"a", b"1") + b"--x",
        part(b"\xff", b"1") + b"--x--\r\n",
        b"--x\r\n\r\n1\r\n--x--\r\n",
        b"--x\r\nContent-Disposition: form-data\r\n\r\n1\r\n--x--\r\n",
        b"--x\r\nnonsense\r\n\r\n1\r\n--x--\r\n",
    ],
)
def test_a_broken_multipart_form_is_unreadable(body: bytes) -> None:
    with pytest.raises(UnreadableForm):
        multipart(b"x", body)


@pytest.mark.parametrize(
    ("content_type", "fields"),
    [
        (b"application/x-www-form-urlencoded", {"a": "1"}),
        (b"APPLICATION/X-WWW-FORM-URLENCODED; charset=latin-1", {"a": "1"}),
        (b"application/json", {}),
        (b"", {}),
        (b"\xff;;;===", {}),
    ],
)
def test_the_content_type_tells_a_form_from_anything_else(content_type: bytes, fields: Fields) -> None:
    assert form(content_type, b"a=1") == fields


@pytest.mark.parametrize("content_type", [b"multipart/form-data", b"multipart/form-data; boundary="])
def test_multipart_without_a_boundary_is_unreadable(content_type: bytes) -> None:
    with pytest.raises(UnreadableForm):
        form(content_type, b"--x--\r\n")


def test_a_boundary_may_be_quoted() -> None:
    body = b"--a b\r\n" + part(b"a", b"1").removeprefix(b"--x\r\n") + b"--a b--\r\n"
    assert form(b'multipart/form-data; boundary="a b"', body) == {"a": "1"}
