"""What in a text looks like a real person's data? Only what hardly anything else looks like: a false alarm costs trust.

Each pattern is bounded, so that the work grows as the text does.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from sandbox.world.errors import ImpossiblePhone
from sandbox.world.fictional import is_fictional
from sandbox.world.phones import is_msisdn, normalised

BIRTH, SSN, CARD, RECORD, PHONE = (
    "a date of birth",
    "a social security number",
    "a card number",
    "a medical record number",
    "a telephone number that is not fictional",
)

# A word may be the name of a field, too: date_of_birth, patientDob.
_BEGINS = r"(?:(?<![A-Za-z])|(?<=[a-z])(?=[A-Z]))"
_MONTH = r"(?:jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)[a-z]{0,6}\.?"
_YEAR = r"(?:19|20)[0-9]{2}"
_DATE = (
    rf"(?:{_YEAR}[-/. ][0-9]{{1,2}}[-/. ][0-9]{{1,2}}"
    rf"|[0-9]{{1,2}}[-/. ][0-9]{{1,2}}[-/. ](?:{_YEAR}|[0-9]{{2}})"
    rf"|[0-9]{{1,2}}(?:st|nd|rd|th)?[ -](?:of )?{_MONTH},?[ -]{_YEAR}"
    rf"|{_MONTH} [0-9]{{1,2}}(?:st|nd|rd|th)?,? {_YEAR}"
    rf"|{_YEAR}[01][0-9][0-3][0-9]|[01][0-9][0-3][0-9]{_YEAR})(?![0-9])"
)
_SAYS = r"(?:[\s_:=\"'(\u2013-]|(?:is|was|of|the|patient|mm/dd/yyyy)\b|\)){0,8}"
_BORN = r"(?:[\s:(]|(?:is|was|on|in)\b){0,6}"
BIRTHS = (
    re.compile(
        rf"{_BEGINS}(?i:(?:dob|d\.o\.b\.?|date[\s_-]?of[\s_-]?birth|birth[\s_-]?da(?:te|y)|fecha de nacimiento)"
        rf"(?![a-z]){_SAYS}(?P<value>{_DATE}))",
        re.ASCII,
    ),
    re.compile(rf"{_BEGINS}(?i:(?:born|nacid[oa])(?![a-z]){_BORN}(?:el )?(?P<value>{_DATE}))", re.ASCII),
    re.compile(rf"(?<![0-9/.-])(?i:(?P<value>{_DATE}) ?\((?:dob|date of birth|born)\))", re.ASCII),
)
_NO_NUMBER_BEFORE = r"(?<![\w/=.#?&%+-])"
_NO_MORE = r"(?![\w/%-]|\.[0-9])"
SSN_ALONE = re.compile(
    rf"{_NO_NUMBER_BEFORE}"
    rf"(?P<value>(?!000|666|9)[0-9]{{3}}([-. \u2010\u2011\u2013])(?!00)[0-9]{{2}}\2(?!0000)[0-9]{{4}})"
    rf"{_NO_MORE}",
    re.ASCII,
)
NAMED_SSN = re.compile(
    rf"{_BEGINS}(?i:(?:ssn|social[\s_-]?security)(?![a-z])(?:[\s_:=\"'#.-]|(?:number|no|num|is)\b){{0,8}}"
    r"(?P<value>(?!000|666|9)[0-9]{3}[-. ]?(?!00)[0-9]{2}[-. ]?(?!0000)[0-9]{4}(?![0-9])))",
    re.ASCII,
)
_ISSUED = r"(?:4[0-9]{3}|5[1-5][0-9]{2}|2[2-7][0-9]{2}|35[0-9]{2}|6011|6[45][0-9]{2})"
CARDS = re.compile(
    rf"{_NO_NUMBER_BEFORE}"
    rf"(?P<value>{_ISSUED}(?:([ -])[0-9]{{4}}\2[0-9]{{4}}\2[0-9]{{1,4}}(?:\2[0-9]{{1,3}})?|[0-9]{{9,15}})"
    rf"|3[47][0-9]{{2}}(?:([ -])[0-9]{{6}}\3[0-9]{{5}}|[0-9]{{11}})"
    rf"|3[068][0-9]{{2}}(?:([ -])[0-9]{{6}}\4[0-9]{{4}}|[0-9]{{10}})){_NO_MORE}",
    re.ASCII,
)
RECORDS = re.compile(
    rf"{_BEGINS}(?i:(?:mrn|medical[\s_-]?record)(?![a-z])(?:[\s_:=\"'#.(-]|(?:number|no|num|nr|id|is)\b|\)){{0,8}}"
    r"(?!(?:19|20)[0-9]{2}[-/][0-9])"
    r"(?P<value>[a-z]{0,4}-?(?:[0-9]{5,12}|[0-9]{2}(?:-[0-9]{2}){2,3}|[0-9]{3}-[0-9]{3}(?:-[0-9]{3})?))(?![\w/-]))",
    re.ASCII,
)
NUMBERS = re.compile(
    r"(?<![\w.])(?P<value>\+?1?[-. ]?\(?[2-9][0-9]{2}\)?[-. ]{0,2}[2-9][0-9]{2}[-. ]?[0-9]{4})(?![\w-]|\.[0-9])",
    re.ASCII,
)
"""Telephone numbers of North America, however they are written."""
DIGIT = re.compile("[0-9]")
NAMES = re.compile(r"d\.?o\.?b|birth|fecha|born|nacid|mrn|medical|ssn|social", re.ASCII | re.IGNORECASE)
"""Without one of these no date of birth, no record number and no named SSN is looked for: most texts have none."""
LINK = re.compile(r"(?:https?://|www\.)[^\s\"'<>]+", re.IGNORECASE)
NUMBERED = re.compile(
    r"\b(?:order|invoice|tracking|confirmation|reference|ref|claim|ticket|case|serial)\W{1,3}(?:\w{1,12}\W{1,3}){0,2}$",
    re.ASCII | re.IGNORECASE,
)
"""What stands before a number of another kind."""
LOOKED_BACK = 40
SHORTEST_CARD, LONGEST_CARD = 13, 19


class RealDataMatch(NamedTuple):
    """What looks like real data: of which kind, and where in the text it stands."""

    kind: str
    start: int
    end: int


def matches_in(text: str) -> Iterator[RealDataMatch]:
    """Yield what looks like real data, telephone numbers apart, which a text may well hold."""
    if DIGIT.search(text) is None:
        return
    if NAMES.search(text) is not None:
        for match in _matches(BIRTHS, text):
            yield _found(BIRTH, match)
        for match in RECORDS.finditer(text):
            yield _found(RECORD, match)
        for match in NAMED_SSN.finditer(text):
            yield _found(SSN, match)
    # What is part of a link is no number of its own: nothing that is looked for stands beside a slash.
    apart = LINK.sub(lambda link: "/" * len(link[0]), text)
    for match in SSN_ALONE.finditer(apart):
        if not _is_another(apart, match):
            yield _found(SSN, match)
    for match in CARDS.finditer(apart):
        if _is_card(match["value"]) and not _is_another(apart, match):
            yield _found(CARD, match)


def kinds(text: str) -> list[str]:
    """Return the kinds of what looks like real data, each once."""
    return list(dict.fromkeys(each.kind for each in matches_in(text)))


def numbers(text: str) -> Iterator[RealDataMatch]:
    """Yield the telephone numbers that are not fictional."""
    for match in NUMBERS.finditer(text):
        if is_real_number(match["value"]):
            yield _found(PHONE, match)


def is_real_number(written: str) -> bool:
    """Return whether it is a telephone number, in any writing, and not a fictional one."""
    try:
        return not is_fictional(normalised(written))
    except ImpossiblePhone:
        return False


def _matches(patterns: tuple[re.Pattern[str], ...], text: str) -> Iterator[re.Match[str]]:
    for pattern in patterns:
        yield from pattern.finditer(text)


def _found(kind: str, match: re.Match[str]) -> RealDataMatch:
    return RealDataMatch(kind, *match.span("value"))


def _is_another(text: str, match: re.Match[str]) -> bool:
    """Return whether the number is said to be one of another kind."""
    start = match.start("value")
    return NUMBERED.search(text[max(0, start - LOOKED_BACK) : start]) is not None


def _is_card(written: str) -> bool:
    """Return whether the digits are as many as a card has, and pass Luhn's check; those of a phone are none."""
    digits = [int(each) for each in written if each.isdigit()]
    if len(digits) == SHORTEST_CARD and is_msisdn(written):
        return False
    doubled = [each * 2 - 9 * (each > 4) for each in digits[-2::-2]]
    return SHORTEST_CARD <= len(digits) <= LONGEST_CARD and (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0
