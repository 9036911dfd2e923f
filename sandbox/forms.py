"""Query strings and forms, read strictly (rule NET-text).

Frameworks replace what they cannot decode; a sandbox that did so would hide a client's mistake. So a value that is not
UTF-8, or holds U+0000, is `None` here, and the endpoint refuses it by name.
"""

from urllib.parse import unquote_to_bytes

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

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
    for pair in raw.split(b"&"):
        if not pair:
            continue
        name, _, value = pair.partition(b"=")
        key = text_of(_unescaped(name))
        if key is None:
            raise UnreadableForm("the name of a parameter is not UTF-8")
        fields.setdefault(key, text_of(_unescaped(value)))
    return fields


def _unescaped(raw: bytes) -> bytes:
    if b"+" in raw:
        raw = raw.replace(b"+", b" ")
    return unquote_to_bytes(raw) if b"%" in raw else raw


def form(content_type: bytes, body: bytes) -> Fields:
    """A form of either kind; no fields when the body is something else."""
    kind, options = parse_options_header(content_type)
    if kind == URLENCODED:
        return urlencoded(body)
    return multipart(options.get(b"boundary", b""), body) if kind == MULTIPART else {}


def multipart(boundary: bytes, body: bytes) -> Fields:
    """The parts of a `multipart/form-data` body; a file's content counts as its value."""
    reader = PartReader()
    try:
        parser = MultipartParser(boundary, reader.callbacks())  # type: ignore[arg-type]
        parser.write(body)
        parser.finalize()
    except FormParserError as error:
        raise UnreadableForm("the multipart form is malformed") from error
    if not reader.is_complete:
        raise UnreadableForm("the multipart form ends before its closing boundary")
    return reader.fields


class PartReader:
    """Collects what the parser calls out."""

    def __init__(self) -> None:
        self.fields: Fields = {}
        self.is_complete = False
        self._header_name = bytearray()
        self._header_value = bytearray()
        self._name: bytes | None = None
        self._value = bytearray()

    def callbacks(self) -> dict[str, object]:
        return {
            "on_part_begin": self._begin,
            "on_header_field": lambda data, start, end: self._header_name.extend(data[start:end]),
            "on_header_value": lambda data, start, end: self._header_value.extend(data[start:end]),
            "on_header_end": self._end_header,
            "on_part_data": lambda data, start, end: self._value.extend(data[start:end]),
            "on_part_end": self._end,
            "on_end": self._complete,
        }

    def _begin(self) -> None:
        self._name = None
        self._value.clear()

    def _end_header(self) -> None:
        if self._header_name.lower() == b"content-disposition":
            _, options = parse_options_header(bytes(self._header_value))
            self._name = options.get(b"name")
        self._header_name.clear()
        self._header_value.clear()

    def _end(self) -> None:
        name = None if self._name is None else text_of(self._name)
        if name is None:
            raise UnreadableForm("a part of the multipart form has no name, or one that is not UTF-8")
        self.fields.setdefault(name, text_of(bytes(self._value)))

    def _complete(self) -> None:
        self.is_complete = True
