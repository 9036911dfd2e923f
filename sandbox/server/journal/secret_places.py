"""Where do names and their values stand in a text, and how far does a value go?

Each text is gone through once, whatever is in it. A name is tried only where a run of its characters begins, so no
character is looked at in two runs; what may stand between a name and its value has a greatest length; and a value that
was begun is taken out to its end, so that nothing in it is looked at again.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

from sandbox.server.journal.secret_names import MAY_END

Span = tuple[int, int]
ESCAPED = rb"%(?:25){0,9}"
"""How the escape of a character begins, which may itself be escaped, again and again."""


class Place(NamedTuple):
    """A way to write a name and its value.

    `sign`: what a text has in which something is written so. `begin`: what stands where a name can begin; `name`: all
    of it; `then`: what stands between it and the value. `value_of` returns where the value stands, of a text and of
    what was found of these. `may_end`: what tells that a name may be secret. `quoted`: whether the mark goes between
    the quotation marks that were found.
    """

    sign: re.Pattern[bytes]
    begin: bytes
    name: bytes
    then: bytes
    value_of: Callable[[bytes, re.Match[bytes]], Span | None]
    may_end: bytes = MAY_END
    quoted: bool = False

    def pattern(self) -> re.Pattern[bytes]:
        return re.compile(self.begin + rb"(?P<name>" + self.name + rb")" + self.may_end + self.then)


def _by(pattern: re.Pattern[bytes]) -> Callable[[bytes, re.Match[bytes]], Span | None]:
    """Return what finds a value that a pattern describes: its last group, or all of it."""

    def value_of(text: bytes, found: re.Match[bytes]) -> Span | None:
        match = pattern.match(text, found.end())
        return match and match.span(pattern.groups)

    return value_of


# A parameter: of a query, a form, a path, a fragment, or an attribute ------------------------------------------------

_PLAIN = rb"\w.:~$\x80-\xff-"
_IN_PARAMETER = rb"[" + _PLAIN + rb"%+\[\]]"
PARAMETER_VALUE = re.compile(
    rb'\\{1,3}"[^"\r\n]*+"?+'
    rb"|\"[^\"\r\n<>]*+\"(?=[\s/>?,;&]|\Z)"
    rb"|'[^'\r\n<>]*+'(?=[\s/>?,;&]|\Z)"
    rb'|[^&\r\n"<>]++'
)
FORM_VALUE = re.compile(rb"[^&\r\n]++")
ESCAPED_VALUE = re.compile(rb'(?:[^&\r\n"<>%\s]|%(?!(?:25){0,9}(?:26|22|3[CcEe]|0[AaDd])))++')
PARAMETER = Place(
    re.compile(rb"="),
    rb"(?<!" + _IN_PARAMETER + rb")(?=" + _IN_PARAMETER + rb")",
    rb"[" + _PLAIN + rb"+\[\]]*+(?P<escape>%" + _IN_PARAMETER + rb"*+)?+",
    rb"[ \t]{0,3}=",
    _by(PARAMETER_VALUE),
    may_end=rb"(?(escape)|" + MAY_END + rb")",  # an escaped name is read first
)
FORM_BEGINS = re.compile(_IN_PARAMETER + rb"{1,200}+=")
FORM_PARAMETER = PARAMETER._replace(value_of=_by(FORM_VALUE))
"""Of a text that begins as a form or a query does: there quotation marks and brackets are characters like others."""
ESCAPED_PARAMETER = Place(
    re.compile(ESCAPED + rb"3[Dd]"),
    rb"(?:(?<![" + _PLAIN + rb"%])|" + ESCAPED + rb"(?:[0-9A-Fa-f]{2})?+)",
    rb"[" + _PLAIN + rb"]++",
    rb"(?:" + ESCAPED + rb"5[BbDd]){0,2}" + ESCAPED + rb"3[Dd]",
    _by(ESCAPED_VALUE),
)
"""In a URL that is itself a parameter."""

# A part of a multipart form ------------------------------------------------------------------------------------------

PART_VALUE = re.compile(
    rb'"?+(?:;[^\r\n]{0,300}+)?(?:\r?\n[^\r\n]{1,300}+){0,5}\r?\n\r?\n'
    rb"((?:[^\r\n]++|\r\n(?!--)|\n(?!--)|\r(?!\n))++)"
)
"""Behind what else is in the part's head."""
PART = Place(re.compile(rb"(?i:name)="), rb'(?i:name)="?+', rb'[^"\r\n;=]++', rb"", _by(PART_VALUE))

# A member of JSON, and of what programs print instead of it ----------------------------------------------------------

_TEXT = rb'"(?:[^"\\]++|\\.)*+"?+'
_ESCAPED_TEXT = rb'\\"(?:[^"\\]++|\\\\(?:\\.)?+|\\[^"\\])*+(?:\\")?+'
_SINGLE = rb"'(?:[^'\\]++|\\.)*+'?+"
MEMBER_VALUE = re.compile(
    rb"(?s)[bu]?+(?:" + _TEXT + rb"|" + _SINGLE + rb")|" + _ESCAPED_TEXT + rb"|(?![\"'\\])[^\s,}\]\[{]++"
)
JSON_PIECE = re.compile(rb"(?s)(?P<open>[\[{]++)|(?P<close>[\]}]++)|" + _TEXT + rb'|[^"\[\]{}]++')


def _member_of_json(text: bytes, found: re.Match[bytes]) -> Span | None:
    """Return where a text, a number or a word stands, or a whole array or object, whatever is in it."""
    start = found.end()
    if text[start : start + 1] not in (b"[", b"{"):
        return _by(MEMBER_VALUE)(text, found)
    depth = 0
    for piece in JSON_PIECE.finditer(text, start):
        if piece["open"]:
            depth += len(piece["open"])
        elif piece["close"]:
            if len(piece["close"]) >= depth:
                return start, piece.start() + depth
            depth -= len(piece["close"])
    return start, len(text)


MEMBER = Place(
    re.compile(rb"[\"']\s{0,20}[:=]"),
    rb"(?<![" + _PLAIN + rb"])",
    rb"[" + _PLAIN + rb"]++",
    rb"\]{0,2}(?P<quote>\\{0,3}[\"'])\s{0,20}(?::|=>?)\s{0,20}",
    _member_of_json,
    quoted=True,
)

# An element of XML ---------------------------------------------------------------------------------------------------


def _content(text: bytes, found: re.Match[bytes]) -> Span:
    """Return what stands before the closing tag, or all that follows where there is none."""
    end = text.find(b"</" + found["name"], found.end())
    return found.end(), end if end >= 0 else len(text)


ELEMENT = Place(re.compile(rb"<"), rb"<(?![/!?])", rb"[^\s<>/=]++", rb"(?:\s[^<>]{0,4000}+)?+(?<!/)>", _content)

# A line of its own, as a header has it -------------------------------------------------------------------------------

SCHEMES = (b"basic", b"bearer", b"digest")


def secret_of_header(value: bytes) -> int:
    """Return where in a header's value the secret begins: behind the scheme of `Authorization`, if it has one."""
    scheme, blank, _ = value.partition(b" ")
    return len(scheme) + len(blank) if scheme.lower() in SCHEMES else 0


LINE_VALUE = re.compile(rb"[^\r\n]++")


def _value_of_line(text: bytes, found: re.Match[bytes]) -> Span | None:
    span = _by(LINE_VALUE)(text, found)
    return span and (span[0] + secret_of_header(text[slice(*span)]), span[1])


LINE = Place(
    re.compile(rb":"), rb"(?m:^)[ \t>*-]{0,40}+", rb"[\w.~$\x80-\xff-]++", rb"[ \t]{0,5}:[ \t]{0,5}", _value_of_line
)

PLACES = (MEMBER, ELEMENT, PART, LINE, PARAMETER, ESCAPED_PARAMETER)
PLACES_IN_FORM = (FORM_PARAMETER, MEMBER, ELEMENT, PART, LINE, ESCAPED_PARAMETER)
