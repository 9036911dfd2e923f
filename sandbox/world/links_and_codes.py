"""Which links and one-time codes does a text hold, in English or Spanish? A test goes on with them.

A link is an http or https URL, less the punctuation of the sentence around it. A code is what its sentence calls one
(`your code: 4821`, `482 913 es su código`), or stands for itself: six digits or `482-913`, or a token of capital
letters and digits (`K7Q-42P`). Of links, addresses, prices, and numbers of orders and the like, no part is a code.
"""

import re

LONGEST = 10_000
"""Characters of a text that are looked at: more than any phone shows, and no work to speak of."""

LINK = re.compile(r"\bhttps?://(?:\[|[^\W_])[^\s<>\"“”«»\\^`{|}]{0,2000}", re.IGNORECASE)
PUNCTUATION = ".,;:!?'’*_~…"
PAIRS = {")": "(", "]": "["}

WORD = r"\b(?:(?:pass)?codes?|c[oó]digo|pin|otp|password|contraseña|clave|token)\b"
NUMBERED = (
    r"\b(?:order|pedido|invoice|factura|account|cuenta|ref|case|claim|ticket|id|(?:zip|promo) code|c[oó]digo postal)\b"
    r"(?:\s+(?:number|no|n[uú]mero|is|es))*[\s.:#]*\w{0,20}\d[\w-]*"
)
"""Something else than a code, and its number."""
CALLED = r"(?-i:\d{3}[ -]\d{3}|\d{4,8}|(?=[A-Za-z-]{0,10}\d)[A-Za-z\d][A-Za-z\d-]{2,9}[A-Za-z\d])"
"""What the words around it call a code."""
ITSELF = r"(?-i:\d{6}|\d{3}-\d{3}|(?=(?:[A-Z-]*\d){2})(?=[\d-]*[A-Z])[A-Z\d]{3,4}-?[A-Z\d]{3,4})"
"""Six digits, or capitals with two digits and more: a sentence's words and years are not such."""
ENDS = r"(?![\w%/€@]|[-.,:]\w)"
CODE = re.compile(
    rf"{LINK.pattern}|(?<![\w.+-])[\w.+-]{{1,64}}@\S+|{NUMBERED}"
    rf"|{WORD}(?:[^.!?\d]{{0,60}}?\b(?:is|es))?[\s:=#*«\"'(-]*(?P<after>{CALLED}){ENDS}"
    rf"|(?<![\w.,/@#$€£+-])(?:(?P<before>{CALLED})(?=\W+(?:is|es)\s[^.!?]{{0,40}}{WORD})|(?P<itself>{ITSELF}){ENDS})",
    re.IGNORECASE,
)
"""What holds no code is matched first, by no group, and so skipped."""


def links(text: str) -> list[str]:
    """Return the http and https URLs in their order, each once."""
    return list(dict.fromkeys(_without_punctuation(found[0]) for found in LINK.finditer(text[:LONGEST])))


def _without_punctuation(link: str) -> str:
    """A closing bracket stays where it closes one of the link's own."""
    while link[-1] in PUNCTUATION or (link[-1] in PAIRS and link.count(link[-1]) > link.count(PAIRS[link[-1]])):
        link = link[:-1]
    return link


def codes(text: str) -> list[str]:
    """Return what may be one-time codes in their order, each once; `482 913` is taken as `482913`."""
    found = (code.replace(" ", "") for match in CODE.finditer(text[:LONGEST]) for code in match.groups() if code)
    return list(dict.fromkeys(found))
