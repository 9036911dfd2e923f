"""Takes secrets out of a request's body, whatever it says it is."""

import json
import re
from html import unescape

from python_multipart.multipart import parse_options_header

from sandbox.server.journal.redaction import MARK, Found, in_urls, is_secret, query

BOM = b"\xef\xbb\xbf"
LONGEST_NAME = 64
"""Bytes before a line's colon that may be a name; longer ones are prose."""
LINE_END = re.compile(rb"([\r\n]+)")
BLANK_LINE = re.compile(rb"\r?\n\r?\n")
# Each of the patterns takes time in proportion to the text, whatever stands in it: a string that never ends is one
# match, and what cannot match is not tried anew at each of its letters.
JSON_STRING = rb'"[^"\\]*(?:\\.[^"\\]*)*"?'
JSON_PAIR = re.compile(rb"(" + JSON_STRING + rb")(?:\s*:\s*(" + JSON_STRING + rb'|[\[{]|[^\s,}\]"\[{]+))?', re.DOTALL)
XML_TAG = re.compile(rb"<([\w:.-]++)([^<>]*+)>")
XML_BETWEEN = re.compile(rb"<!\[CDATA\[|\]\]>|<[^<>]*+>")
XML_ATTRIBUTE = re.compile(rb"(?<![\w:.-])([\w:.-]++)(\s*+=\s*+)(\"[^\"]*+\"?|'[^']*+'?|[^\s\"'<>]++)")
PART_NAME = re.compile(rb'\bname(?:\*[\d*]{0,9})?\s*=\s*("[^"\\]*(?:\\.[^"\\]*)*"?|[^\s;]+)', re.DOTALL | re.IGNORECASE)


def body(raw: bytes, content_type: bytes | None) -> Found:
    """What is left of a body, and the values that were taken out of it."""
    if not raw:
        return raw, ()
    if content_type is not None and content_type.lower().startswith(b"multipart/"):
        return _multipart(raw, parse_options_header(content_type)[1].get(b"boundary", b""))
    begin = raw.removeprefix(BOM).lstrip()[:1]
    if begin in (b"{", b"["):
        return _json(raw)
    return _xml(raw) if begin == b"<" else _text(raw)


def _text(raw: bytes) -> Found:
    """A form, or lines of `name: value` and `name=value`."""
    kept, secrets = query(raw)
    if not _may_be_lines(kept):
        return kept, secrets
    pieces = LINE_END.split(kept)
    more: list[bytes] = []
    for position in range(0, len(pieces), 2):
        pieces[position], taken = _line(pieces[position])
        more += taken
    return b"".join(pieces), (*secrets, *more)


def _may_be_lines(raw: bytes) -> bool:
    """Rather than one form, whose names and values have neither line ends nor, before the first value, colons."""
    colon = raw.find(b":")
    return raw.find(b"\n") >= 0 or raw.find(b"\r") >= 0 or (colon >= 0 and raw.rfind(b"=", 0, colon) < 0)


def _line(raw: bytes) -> Found:
    name, _, rest = raw.partition(b":")
    value = rest.strip()
    if value and len(name) <= LONGEST_NAME and b"=" not in name and is_secret(name):
        return name + b": " + MARK, (value, value.strip(b"\"',;"))
    return query(raw)


def _json(raw: bytes) -> Found:
    """As it stands, but for a value that is a list or an object: then the rest of the body goes with it."""
    kept: list[bytes] = []
    secrets: list[bytes] = []
    done = 0
    for pair in JSON_PAIR.finditer(raw):
        name, value = pair.groups()
        if value is None or not is_secret(_unescaped(name)):
            continue
        if value in (b"[", b"{"):
            value = raw[pair.start(2) :]
        secrets += (value.strip(b'"'), _unescaped(value))
        kept += (raw[done : pair.start(2)], b'"' + MARK + b'"')
        done = pair.start(2) + len(value)
        if done == len(raw):
            break
    shown, more = in_urls(b"".join((*kept, raw[done:])))
    return shown, (*secrets, *more)


def _unescaped(written: bytes) -> bytes:
    """A JSON string's text, if that is what it is."""
    if b"\\" not in written:
        return written.strip(b'"')
    try:
        return str(json.loads(written)).encode("utf-8", "surrogatepass")
    except ValueError:
        return written


def _xml(raw: bytes) -> Found:
    kept, of_elements = _elements(raw)
    kept, of_attributes = _attributes(kept)
    kept, more = in_urls(kept)
    return kept, (*of_elements, *of_attributes, *more)


def _elements(raw: bytes) -> Found:
    """All that a secret element holds; where its end is not found, the rest of the body."""
    kept: list[bytes] = []
    secrets: list[bytes] = []
    done = 0
    for tag in XML_TAG.finditer(raw):
        if tag.start() < done or tag[2].endswith(b"/") or not is_secret(tag[1]):
            continue
        end = raw.find(b"</" + tag[1] + b">", tag.end())
        end = len(raw) if end < 0 else end
        texts = [text.strip() for text in XML_BETWEEN.split(raw[tag.end() : end])]
        if any(texts):
            secrets += [each for text in texts for each in (text, _unreferenced(text)) if each]
            kept += (raw[done : tag.end()], MARK)
            done = end
    return b"".join((*kept, raw[done:])), tuple(secrets)


def _attributes(raw: bytes) -> Found:
    secrets: list[bytes] = []

    def cleaned(match: re.Match[bytes]) -> bytes:
        value = match[3].strip(b"\"'")
        if not value or not is_secret(match[1]):
            return match[0]
        secrets.extend((value, _unreferenced(value)))
        return match[1] + match[2] + b'"' + MARK + b'"'

    return XML_ATTRIBUTE.sub(cleaned, raw), tuple(secrets)


def _unreferenced(text: bytes) -> bytes:
    """With characters for XML's references to them."""
    return unescape(text.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")


def _multipart(raw: bytes, boundary: bytes) -> Found:
    """By its own boundary; without one there is nothing that could be told apart."""
    if not boundary:
        return MARK, ()
    if b"--" + boundary not in raw:
        return _text(raw)
    kept: list[bytes] = []
    secrets: list[bytes] = []
    for part in raw.split(b"--" + boundary):
        shown, taken = _part(part)
        kept.append(shown)
        secrets += taken
    return (b"--" + boundary).join(kept), tuple(secrets)


def _part(raw: bytes) -> Found:
    blank = BLANK_LINE.search(raw)
    if blank is None:
        return raw, ()
    head, value = raw[: blank.end()], raw[blank.end() :]
    content = value.removesuffix(b"\n").removesuffix(b"\r")
    if any(is_secret(name) for name in _part_names(head)):
        return head + MARK + value[len(content) :], (content,)
    shown, secrets = in_urls(content)
    return (head + shown + value[len(content) :] if secrets else raw), secrets


def _part_names(head: bytes) -> list[bytes]:
    """In each way in which somebody may read them: `name=a`, `name*=utf-8''a`, and `name*0="a"; name*1="b"` as one."""
    values = [value.strip(b'"') for value in PART_NAME.findall(head)]
    bare = [value.rpartition(b"'")[2] or value for value in values]
    return bare if len(bare) < 2 else [*bare, b"".join(bare)]
