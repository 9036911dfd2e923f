"""Which parts does a `multipart/form-data` body have? python-multipart reads it; what it cannot tell is told here.

It knows the form as HTTP clients write it. RFC 2046 allows more: a preamble before the first boundary, blanks behind
it, headers in several lines. Those are taken out first.
"""

import codecs
import logging
import quopri
import re
from base64 import b64decode
from typing import TYPE_CHECKING, NamedTuple

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

MOST_FIELDS = 1_000
"""Of a form or a query string. No documented call has ten; reading many would hold up all other callers."""
MOST_HEADERS = 64
"""Of one part."""
OTHER_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
MARKS = (codecs.BOM_UTF8, *OTHER_MARKS)
FOLD = re.compile(rb"\r\n(?=[ \t])")
BY_CLIENT = "let the HTTP client make body and Content-Type together"
ONE_LINE_EACH = (
    "Write each header of a part as Name: value in a line that ends with CRLF, and an empty line behind the last one."
)

# It warns of each byte that a caller has wrong; the caller is told by the answer, and by a finding.
logging.getLogger("python_multipart").setLevel(logging.ERROR)


class UnreadableForm(Exception):
    """Not a form at all; the text says why, and `fix` what is to be sent instead."""

    def __init__(self, reason: str, fix: str) -> None:
        super().__init__(reason)
        self.fix = fix


def marked(what: str, beginning: bytes, fix: str) -> UnreadableForm:
    """Return why a text is not read that begins with a byte order mark; `fix` is for the one of UTF-8."""
    in_utf8 = "Send it in UTF-8, without a byte order mark."
    return UnreadableForm(
        f"{what} begins with a byte order mark", in_utf8 if beginning.startswith(OTHER_MARKS) else fix
    )


def too_many_fields() -> UnreadableForm:
    """Return why a form or query string of more than `MOST_FIELDS` is not read."""
    fix = f"Send {MOST_FIELDS} fields at most: those that the operation takes, each once."
    return UnreadableForm(f"it has more than {MOST_FIELDS} fields, or separators of fields", fix)


class FormPart(NamedTuple):
    """A part that has a name. `content`: as it was before a Content-Transfer-Encoding. `content_type`: its own."""

    name: bytes
    content_type: bytes
    content: bytes


def parts_of(boundary: bytes, body: bytes) -> list[FormPart]:
    """Return the parts in their order. Raises `UnreadableForm`."""
    if not boundary:
        raise UnreadableForm("its Content-Type has no boundary", f"Send the boundary there: {BY_CLIENT}.")
    if (b"\n" + body).count(b"\n--" + boundary) > MOST_FIELDS + 1:  # the last one closes the form
        raise too_many_fields()
    reader = PartReader()
    try:
        MultipartParser(boundary, reader.callbacks, max_header_count=MOST_HEADERS).write(_plain(boundary, body))
    except FormParserError as error:
        raise _malformed(error) from error
    loose = re.compile(rb"(?:\A|[\r\n])--" + re.escape(boundary) + rb"(?:--)?[ \t]*(?:[\r\n]|\Z)")
    if any(loose.search(part.content) for part in reader.parts):
        raise _loose_boundary()
    if not reader.is_ended:
        fix = "End the form with its boundary, two hyphens before it and two behind it."
        raise UnreadableForm("the multipart form ends before its closing boundary", fix)
    return reader.parts


class PartReader:
    """Gathers what the parser finds."""

    def __init__(self) -> None:
        self.parts: list[FormPart] = []
        self.is_ended = False
        self._headers: dict[bytes, bytes] = {}
        self._name = b""
        self._value = b""
        self._content: list[bytes] = []
        self.callbacks: MultipartCallbacks = {
            "on_part_begin": self._begin,
            "on_header_begin": self._begin_header,
            "on_header_field": self._add_to_name,
            "on_header_value": self._add_to_value,
            "on_header_end": self._end_header,
            "on_part_data": self._add_content,
            "on_part_end": self._end,
            "on_end": self._end_all,
        }

    def _begin(self) -> None:
        self._headers = {}
        self._content = []

    def _begin_header(self) -> None:
        self._name = self._value = b""

    def _add_to_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _add_to_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        self._headers.setdefault(self._name.lower(), self._value.strip(b" \t"))

    def _add_content(self, data: bytes, start: int, end: int) -> None:
        self._content.append(data[start:end])

    def _end(self) -> None:
        self.parts.append(_part(self._headers, b"".join(self._content)))

    def _end_all(self) -> None:
        self.is_ended = True


def _part(headers: dict[bytes, bytes], content: bytes) -> FormPart:
    kind, options = parse_options_header(headers.get(b"content-disposition"))
    name = options.get(b"name")
    if kind != b"form-data" or name is None:
        fix = 'Begin each part with Content-Disposition: form-data; name="...".'
        raise UnreadableForm("a part of the multipart form is not called form-data, or has no name", fix)
    encoding = headers.get(b"content-transfer-encoding", b"7bit").lower()
    return FormPart(name, headers.get(b"content-type", b""), _decoded(encoding, content))


def _decoded(encoding: bytes, content: bytes) -> bytes:
    """Return what stood in a part before it was encoded for mail: RFC 7578 (4.7) gave that up, some still do it."""
    fix = "Leave the Content-Transfer-Encoding of parts out, and send their contents as they are."
    if encoding in (b"7bit", b"8bit", b"binary"):
        return content
    if encoding == b"quoted-printable":
        return quopri.decodestring(content)
    if encoding != b"base64":
        raise UnreadableForm("a part of the multipart form has a Content-Transfer-Encoding that is not known", fix)
    try:
        return b64decode(b"".join(content.split()), validate=True)
    except ValueError:
        raise UnreadableForm("a part of the multipart form is not base64, as it says", fix) from None


def _plain(boundary: bytes, body: bytes) -> bytes:
    """Return the body without preamble, blanks behind boundaries and line breaks inside headers."""
    quoted = re.escape(boundary)
    delimiter = re.compile(rb"(?:\A|\r\n)--" + quoted + rb"[ \t]*\r\n((?:[^\r\n]+\r\n)*)")
    first = delimiter.search(body)
    start = first or re.search(rb"(?:\A|\r\n)--" + quoted + rb"--", body)
    if start is None or b"--" + boundary in body[: start.start()]:
        raise _without_boundary(boundary, body)
    if start is not first and start.start() > 0:  # browsers close a form without a part, and put nothing before that
        raise UnreadableForm("the multipart form has no part", f"Send a part for each field: {BY_CLIENT}.")

    def plain(found: re.Match[bytes]) -> bytes:
        return b"\r\n--" + boundary + b"\r\n" + FOLD.sub(b"", found[1])

    return delimiter.sub(plain, body[start.start() :])


def _without_boundary(boundary: bytes, body: bytes) -> UnreadableForm:
    """Return why the first boundary of a form was not found."""
    if not body:
        return UnreadableForm("the multipart form is empty", f"Send its parts, and the closing boundary: {BY_CLIENT}.")
    if body.startswith(MARKS):
        return marked("the multipart form", body, "Leave the byte order mark out.")
    if b"--" + boundary in body:
        return _loose_boundary()
    fix = f"Write the boundary that the Content-Type names before each part, after two hyphens: {BY_CLIENT}."
    return UnreadableForm("the boundary of its Content-Type is not in the multipart form", fix)


def _loose_boundary() -> UnreadableForm:
    fix = "Begin a line with each boundary, and end each line that is no part's content with CRLF."
    return UnreadableForm("a boundary of the multipart form is no line that ends with CRLF", fix)


def _malformed(error: FormParserError) -> UnreadableForm:
    """Return what python-multipart found wrong, in words that a caller can do something with."""
    said = str(error)
    if said.startswith("Boundary length"):
        return UnreadableForm("the boundary of the multipart form is too long", "Send one of 70 characters at most.")
    if said.startswith("Maximum header"):
        fix = "Send no more headers with a part than Content-Disposition and Content-Type."
        return UnreadableForm("a part of the multipart form has too many headers, or one that is too long", fix)
    return UnreadableForm("the multipart form is malformed: a boundary or a header of a part is wrong", ONE_LINE_EACH)
