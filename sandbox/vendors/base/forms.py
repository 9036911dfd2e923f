"""Which fields does a query string or form hold, read strictly (rule NET-text)?

Frameworks replace what they cannot decode; a sandbox that did so would hide a client's mistake. So a value that is not
UTF-8, or holds U+0000, is `None` here, and the endpoint refuses it by name.
"""

import codecs
import re

from python_multipart.multipart import parse_options_header

from sandbox.vendors.base.multipart import MARKS, MOST_FIELDS, UnreadableForm, marked, parts_of, too_many_fields

__all__ = ["Fields", "UnreadableForm", "form", "multipart", "text_of", "urlencoded"]

URLENCODED = b"application/x-www-form-urlencoded"
MULTIPART = b"multipart/form-data"
ESCAPES = re.compile(rb"(?:%[0-9A-Fa-f]{2})+")
OTHER_THAN_ASCII = re.compile(rb"[\x80-\xff]|%[89A-Fa-f][0-9A-Fa-f]")
IN_UTF8 = "Send it in UTF-8, and say so, or leave the charset out."
CHARSET = b"_charset_"
"""The field that says in which charset the others are (RFC 7578, 4.6)."""
UTF8 = ("utf-8", "ascii")
"""What Python calls the encodings whose texts are UTF-8."""
TEXT_ENCODINGS = (*UTF8, "utf-16", "utf-32", "iso8859-", "cp125")
"""How Python's names of those begin in which a part may be. Others that it knows are no encodings of text, or rare."""

Fields = dict[str, str | None]
"""Values by name; None where it could not be read. Of a repeated name the first counts."""


def text_of(raw: bytes) -> str | None:
    """Strict UTF-8 without U+0000, else None."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


def urlencoded(raw: bytes) -> Fields:
    """`a=1&b=2` with `+` for a blank; empty pairs are skipped. A `%` that begins no escape stands for itself."""
    beginning = _unquoted(raw[:12])
    if beginning.startswith(MARKS):
        raise marked("it", beginning, "Leave the byte order mark out: it counts as a part of the first name.")
    _check_number(raw)
    fields: Fields = {}
    for pair in filter(None, raw.replace(b"+", b" ").split(b"&")):
        name, _, value = pair.partition(b"=")
        key = text_of(_unquoted(name))
        if key is None:
            raise UnreadableForm("the name of a parameter is not UTF-8", "Write the names of parameters in UTF-8.")
        fields.setdefault(key, text_of(_unquoted(value)))
    return fields


def _check_number(raw: bytes) -> None:
    """Refuse too many fields before any is read. Empty pairs count too: each costs as much as a field."""
    if raw.count(b"&") >= MOST_FIELDS:
        raise too_many_fields()


def _unquoted(raw: bytes) -> bytes:
    """Do what `unquote_to_bytes` does, which takes half a second for a megabyte of percent signs, with all waiting."""
    return ESCAPES.sub(lambda run: bytes.fromhex(run[0].replace(b"%", b"").decode()), raw)


def form(content_type: bytes, body: bytes) -> Fields:
    """A form of either kind; no fields when the body is something else."""
    kind, options = parse_options_header(content_type)
    if kind == URLENCODED:
        _check_number(body)
        _check_charset(options.get(b"charset", b""), body)
        return urlencoded(body)
    return multipart(options.get(b"boundary", b""), body) if kind == MULTIPART else {}


def _check_charset(charset: bytes, body: bytes) -> None:
    """Refuse a urlencoded form that says to be in another encoding, where that makes a difference.

    No standard gives such a form a charset; some servers read it by that nevertheless, others as UTF-8.
    """
    if charset and _encoding(charset) not in UTF8 and OTHER_THAN_ASCII.search(body):
        fix = "Send the form in UTF-8, percent-encoded, and no charset or charset=utf-8."
        raise UnreadableForm(f"a urlencoded form is UTF-8, and not in the charset {_written(charset)}", fix)


def multipart(boundary: bytes, body: bytes) -> Fields:
    """The parts of a `multipart/form-data` body; a file's content counts as its value.

    A part is in the charset of its own Content-Type, else in that of the form's field `_charset_`, else in UTF-8 (RFC
    7578, 4.5 and 4.6).
    """
    parts = parts_of(boundary, body)
    usual = next((part.content for part in parts if part.name == CHARSET), b"utf-8")
    fields: Fields = {}
    for part in parts:
        name = text_of(part.name)
        if name is None:
            fix = "Write the names of parts in UTF-8."
            raise UnreadableForm("the name of a part of the multipart form is not UTF-8", fix)
        charset = parse_options_header(part.content_type)[1].get(
            b"charset", usual if part.name != CHARSET else b"utf-8"
        )
        fields.setdefault(name, _decoded(name, charset, part.content))
    return fields


def _decoded(name: str, charset: bytes, content: bytes) -> str | None:
    """Return a part's text, None where UTF-8 was to be expected and it is none."""
    encoding = _encoding(charset)
    if encoding == "utf-8":
        return text_of(content)
    part = f"the part {name[:60]!r}"
    if encoding is None:
        raise UnreadableForm(f"{part} is in the charset {_written(charset)}, which is not read here", IN_UTF8)
    try:
        text = content.decode(encoding)
    except UnicodeError:
        raise UnreadableForm(f"{part} is not in the charset {_written(charset)}, as it says", IN_UTF8) from None
    return None if "\0" in text else text


def _encoding(charset: bytes) -> str | None:
    """Return what Python calls an encoding of text; None of one that is not known."""
    try:
        name = codecs.lookup(charset.decode("ascii")).name
    except (LookupError, ValueError):
        return None
    return name if name.startswith(TEXT_ENCODINGS) else None


def _written(charset: bytes) -> str:
    return ascii(charset[:40].decode("latin-1"))
