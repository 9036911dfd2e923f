"""What a text holds that a test goes on with: links, and what may be one-time codes. For English and Spanish texts.

A link is an http or https URL, without the punctuation of the sentence around it. A code is a group of 4 to 8 digits
(`482913`, `482-913`), or a token of capital letters and digits (`K7Q-42P`, `G-482913`). It is none when it is part of a
link, an address, a telephone number, a date, a time, a price or a quantity, a year, or the number of something else (an
order, an account, a room). Right after words as `code is` or `su código:`, and before `is your code`, all that can be a
code is one, be it like a year, in small letters, or in two groups (`482 913`, taken as `482913`).
"""

import re
from collections.abc import Iterator
from functools import lru_cache

LONGEST = 10_000
"""Characters of a text that are looked at: more than any phone shows, and no work to speak of."""
BEFORE = 120
"""Characters before a code that may say what it is."""

URL = re.compile(r"\bhttps?://[^\s<>\"“”«»\\^`{|}]+", re.IGNORECASE)
HOST = re.compile(r"https?://(\[?\w)", re.IGNORECASE)
ENDINGS = ".,;:!?'’*_~…¡¿。，！？、"
BRACKETS = {")": "(", "]": "["}


def links_in(text: str) -> list[str]:
    """The http and https URLs, in their order, each once."""
    links = (_without_ending(found[0]) for found in URL.finditer(text[:LONGEST]))
    return list(dict.fromkeys(link for link in links if HOST.match(link)))


def _without_ending(link: str) -> str:
    """Less the sentence's punctuation; a bracket stays where it closes one of the link's own."""
    unpaired = {close: link.count(close) - link.count(opening) for close, opening in BRACKETS.items()}
    end = len(link)
    while end and (link[end - 1] in ENDINGS or unpaired.get(link[end - 1], 0) > 0):
        end -= 1
        if link[end] in BRACKETS:
            unpaired[link[end]] -= 1
    return link[:end]


def _any(*words: str) -> str:
    return "(?:" + "|".join(words) + ")"


# What looks like a code and is something else, wherever it stands.
MONTH = _any(
    r"jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?",
    r"nov(?:ember)?|dec(?:ember)?|enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|setiembre|octubre",
    r"noviembre|diciembre",
)
YEAR = r"(?:19|20)\d\d"
HOUR_MINUTE = r"(?:[01]\d|2[0-3])[0-5]\d"
MONEY = _any("usd", "eur", "mxn", "gbp", "dollars?", "d[oó]lares", "pesos", "euros?", "cents?", "centavos", "libras")
UNIT = _any(
    r"mg|mcg|µg|kg|ml|lbs?|oz|iu|ui|cc|units?|unidades|k?cal|calories|calor[ií]as|steps|pasos|miles|millas|km|feet|ft",
    r"sec(?:ond)?s?|segundos?|min(?:ute)?s?|minutos?|hours?|hrs?|horas?|days?|d[ií]as?|weeks?|semanas?|months?|meses",
    r"years?|años?|people|personas|patients|pacientes|points|puntos|characters|caracteres|percent|por\s+ciento|[mg]b",
    r"degrees|grados|times|veces|copies|copias",
)
STREET = _any(
    r"st|street|ave|avenue|rd|road|blvd|boulevard|dr|drive|ln|lane|way|ct|court|pl|place|pike|hwy|highway|pkwy",
    r"parkway|cir|circle|terrace|sq|square|trail|row",
)
ELSEWHERE = [
    URL,
    re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+|\bwww\.\S+"),
    # Dates, times
    re.compile(r"(?<!\d)\d{4}([-/.])\d{1,2}\1\d{1,2}(?!\d)|(?<!\d)\d{1,2}([-/.])\d{1,2}\2(?:\d{4}|\d\d)(?!\d)"),
    re.compile(r"(?<![\d/])\d{1,2}/(?:\d{4}|\d{1,2})(?![\d/])"),
    re.compile(
        rf"\b{MONTH}\b\.?\s+(?:\d{{1,2}}(?:st|nd|rd|th)?\b(?:,?\s+(?:del?\s+)?{YEAR}\b)?|(?:del?\s+)?{YEAR}\b)"
        rf"|\b\d{{1,2}}(?:st|nd|rd|th|\.|º)?(?:\s+de)?\s*{MONTH}\b\.?(?:,?\s*(?:del?\s+)?{YEAR}\b)?",
        re.IGNORECASE,
    ),
    re.compile(r"\b\d{1,2}:\d\d(?::\d\d)?(?:\s*[ap]\.?\s?m\b\.?)?|\b\d{1,4}\s*[ap]\.?\s?m\b\.?", re.IGNORECASE),
    re.compile(
        rf"\b\d{{1,2}}h\d\d\b|\b{HOUR_MINUTE}\s*(?:-\s*{HOUR_MINUTE}\s*)?h(?:ou)?rs?\b|\b{HOUR_MINUTE}\s*h\b"
        rf"|\b(?:at|by|until|before|after|from|las)\s+{HOUR_MINUTE}\b(?:\s*(?:-|to|a)\s*{HOUR_MINUTE}\b)?(?!\s+(?-i:[A-Z]))",
        re.IGNORECASE,
    ),
    # Prices, quantities, numbers with separators
    re.compile(
        rf"(?:[$€£¥]|\b(?:usd|eur|mxn|gbp)\b)\s?\d[\d.,]{{0,15}}|\d[\d.,]{{0,15}}\s?(?:[$€£¥%°]|{MONEY}\b)",
        re.IGNORECASE,
    ),
    re.compile(rf"\b\d[\d.,]{{0,15}}\s?{UNIT}\b", re.IGNORECASE),
    re.compile(r"(?<![\d.,])\d{1,3}(?:[.,]\d{3})+(?![\d])|(?<![\d.,])\d+[.,]\d{1,3}(?!\d)"),
    # Telephone numbers
    re.compile(r"(?<![\w+])(?:\+?1[\s.-]?)?\(?\d{3}\)?[\s.-]?\d{3}[\s.-]?\d{4}(?!\d)"),
    re.compile(r"\+\d{8,15}(?!\d)|\+\d{1,3}(?:[\s.-]?\(?\d{1,4}\)?){2,5}(?!\d)"),
    re.compile(r"(?<![\w-])\d{2,4}(?:[\s.-]\d{2,4}){2,4}(?![\w-])"),
    re.compile(r"(?<![\w-])\d{3}[\s.-]\d{4}(?![\w-])"),
    # Addresses
    re.compile(rf"\b\d{{2,6}}\s+(?:[NSEW]\.?\s+)?(?:[A-ZÁÉÍÓÚÑ0-9][\w'’.]*\s+){{0,3}}(?i:{STREET})\b"),
    re.compile(r"\b[A-Z]{2}\s+\d{5}\b|\b\d{5}-\d{4}\b"),
    re.compile(
        r"\b(?:calle|avenida|av\.?|plaza|paseo|carretera|c/)\s*[^,.\d\n]{1,40},?\s*(?:n[º°o]?\.?\s*)?\d+", re.IGNORECASE
    ),
]

# What comes before or after a code, and before a number of something else.
CODE = _any(
    r"(?:pass)?codes?|c[oó]digos?|pins?|otps?|passwords?|contraseñas?|claves?|tokens?|2fa|one[- ]time\s+\w+",
    r"verification|verificaci[oó]n",
)
NO_CODE = _any(
    r"(?:zip|postal|area|country|promo(?:tion(?:al)?)?|discount|coupon|store|billing|dress|bar|qr|procedure)\s+codes?",
    r"c[oó]digo\s+(?:postal|promocional|de\s+(?:[aá]rea|pa[ií]s|descuento|barras))",
)
NUMBERED = _any(
    r"order|pedido|orden|invoice|factura|bill|account|acct|cuenta|claim|reclamo|case|caso|ticket|room|rm|sala|cuarto",
    r"habitaci[oó]n|consultorio|suite|ste|apt|apartment|apartamento|unit|piso|floor|building|edificio|bldg|ext|gate",
    r"extension|extensi[oó]n|zip|cp|c\.p|flight|vuelo|bus|route|ruta|policy|p[oó]liza|member|miembro|id|mrn|rx|record",
    r"expediente|patient|paciente|ref|reference|referencia|ending\s+(?:in|with)|terminad[ao]\s+en|box|store|tienda|exit",
    r"copyright|year|año|model|modelo|prescription|receta",
    NO_CODE,
)
LINK_WORD = _any(r"is|are|es|son|ser[aá]|was", r"[:=#–—-]", r"[\"'“«(\[]")
JUST_BEFORE = re.compile(rf"\b{CODE}\b(?P<between>[^.!?\d]{{0,60}})\Z", re.IGNORECASE)
LEADS_ON = re.compile(rf"\s*(?:.*{LINK_WORD})?[\s*_]*\Z", re.IGNORECASE | re.DOTALL)
NOT_A_CODE_BEFORE = re.compile(rf"\b{NO_CODE}[^.!?\d]{{0,20}}\Z", re.IGNORECASE)
JUST_AFTER = re.compile(
    rf"[\"'”»)\]*_]*\s+(?:is|es|as|como)\s+(?:your|the|an?|one|su|tu|el|la|un)\b[^.!?\n]{{0,40}}?\b{CODE}\b",
    re.IGNORECASE,
)
NUMBER_OF = re.compile(
    rf"(?:\b{NUMBERED}\b\.?\s*(?:number|no|num|n[uú]mero|n[uú]m|id)?\.?\s*(?:is|es)?\s*[:#-]?\s*|#\s?)\Z", re.IGNORECASE
)
TEXT_TO = re.compile(
    r"\b(?:text|txt|sms|reply|message|send|env[ií][eoa]|mand[ea]|respond[ae])\b[^.!?\n]{0,40}?\b(?:to|at|al|a)\s+\Z"
    r"|\b(?:call|dial|llam[ea]|marque|marca)\b(?:\s+(?:us|me|at|al|a|now|nos))*\s+\Z",
    re.IGNORECASE,
)

CANDIDATE = re.compile(
    r"(?<!\*\*)(?<![\w.,/@$€£%+•…-])(?:"
    r"(?P<split>\d{3}[ -]\d{3}|\d{4}[ -]\d{4})"
    r"|(?P<digits>\d{4,8})"
    r"|(?P<mixed>(?=[A-Za-z-]*\d)(?=[\d-]*[A-Za-z])[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*)"
    r")(?![\w%/€£@]|[-.,:]\w)"
)
LIKE_A_YEAR = re.compile(rf"{YEAR}(?:(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]))?")
"""Also a whole date in 8 digits."""
LIKE_A_WORD = re.compile(rf"[A-Z]{{4}}|\A[A-Z]{{1,3}}-?{YEAR}\Z|\A\d+(?:ST|ND|RD|TH|[AP]M|HRS?|K|X)\Z|\AH\dN\d\Z")
CODE_AND_MORE = re.compile(rf"{CODE}-?(?=\d)", re.IGNORECASE)
MIXED_LENGTHS = range(4, 11)


def codes_in(text: str) -> list[str]:
    """What may be one-time codes, in their order, each once."""
    return list(_remembered_codes(text[:LONGEST]))


@lru_cache(maxsize=64)
def _remembered_codes(text: str) -> tuple[str, ...]:
    """Many may have waited for one text."""
    for pattern in ELSEWHERE:
        text = pattern.sub(lambda found: "\0" * len(found[0]), text)
    return tuple(dict.fromkeys(_codes(text)))


def _codes(text: str) -> Iterator[str]:
    for found in CANDIDATE.finditer(text):
        before = text[max(0, found.start() - BEFORE) : found.start()]
        written = CODE_AND_MORE.sub("", found[0], count=1)
        is_announced = written != found[0] or _is_announced(before, text, found.end())
        if not is_announced and (NUMBER_OF.search(before) or TEXT_TO.search(before)):
            continue
        if found["split"]:
            if is_announced or (written[3] == "-" and len(written) == 7):
                yield written.replace(" ", "")
        elif found["digits"] or written.isdigit():
            if is_announced or not LIKE_A_YEAR.fullmatch(written):
                yield written
        elif _is_token(written, is_announced=is_announced):
            yield written


def _is_announced(before: str, text: str, end: int) -> bool:
    """Whether what stands before it, or in the text from its end on, says that it is a code."""
    if JUST_AFTER.match(text, end):
        return True
    announcement = JUST_BEFORE.search(before)
    if announcement is None or NOT_A_CODE_BEFORE.search(before):
        return False
    return LEADS_ON.match(announcement["between"]) is not None


def _is_token(written: str, *, is_announced: bool) -> bool:
    """Whether letters and digits are a code; unless it is announced, only such as are no word and no name."""
    if len(written.replace("-", "")) not in MIXED_LENGTHS:
        return False
    is_made_up = sum(map(str.isdigit, written)) >= 2 and written.isupper() and not LIKE_A_WORD.search(written)
    return is_announced or is_made_up
