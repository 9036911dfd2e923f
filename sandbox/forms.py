"""Which fields does a query string or form hold, read strictly (rule NET-text)?

Frameworks replace what they cannot decode; a sandbox that did so would hide a client's mistake. So a value that is not
UTF-8, or holds U+0000, is `None` here, and the endpoint refuses it by name.
"""

from urllib.parse import parse_qsl

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import Field, File, FormParser, parse_options_header

URLENCODED = b"application/x-www-form-urlencoded"
MULTIPART = b"multipart/form-data"

Fields = dict[str, str | None]
"""Values by name; None where it could not be read. Of a repeated name the first counts."""


class UnreadableForm(Exception):
    """Not a form at all; the text says why."""


def text_of(raw: bytes) -> str | None:
    """Strict UTF-8 without U+0000, else None."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


def urlencoded(raw: bytes) -> Fields:
    """`a=1&b=2` with `+` for a blank; empty pairs are skipped. A `%` that begins no escape stands for itself."""
    fields: Fields = {}
    # Surrogates carry the bytes that are not UTF-8, until `_strict` makes bytes of them again.
    query = raw.decode(errors="surrogateescape")
    for name, value in parse_qsl(query, keep_blank_values=True, errors="surrogateescape"):
        key = _strict(name)
        if key is None:
            raise UnreadableForm("the name of a parameter is not UTF-8")
        fields.setdefault(key, _strict(value))
    return fields


def _strict(text: str) -> str | None:
    return text_of(text.encode(errors="surrogateescape"))


def form(content_type: bytes, body: bytes) -> Fields:
    """A form of either kind; no fields when the body is something else."""
    kind, options = parse_options_header(content_type)
    if kind == URLENCODED:
        return urlencoded(body)
    return multipart(options.get(b"boundary", b""), body) if kind == MULTIPART else {}


def multipart(boundary: bytes, body: bytes) -> Fields:
    """The parts of a `multipart/form-data` body; a file's content counts as its value."""
    parts: list[Field | File] = []
    ends: list[bool] = []
    try:
        parser = FormParser(
            MULTIPART.decode(), parts.append, parts.append, lambda: ends.append(True), boundary=boundary
        )
        parser.write(body)
        parser.finalize()
    except FormParserError as error:
        raise UnreadableForm("the multipart form is malformed") from error
    if not ends:
        raise UnreadableForm("the multipart form ends before its closing boundary")
    fields: Fields = {}
    for part in parts:
        name = text_of(part.field_name or b"")
        if name is None:
            raise UnreadableForm("the name of a part of the multipart form is not UTF-8")
        fields.setdefault(name, text_of(_content(part)))
    return fields


def _content(part: Field | File) -> bytes:
    if isinstance(part, Field):
        return part.value or b""
    part.file_object.seek(0)
    return part.file_object.read()
