"""How many SMS segments does a text take (rule NET-segments; 3GPP TS 23.038 and 23.040)?"""

import re

GSM_7 = "GSM-7"
UCS_2 = "UCS-2"
MOST_SEGMENTS = 6
"""Where texts end that the vendor's staff write (rule NET-length)."""

BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ"
    " !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = frozenset("\f^{}\\[~]|€")
GSM_ALPHABET = BASIC | EXTENSION
DOUBLE_IN_GSM_7 = re.compile(f"[{re.escape(''.join(sorted(EXTENSION)))}]")
DOUBLE_IN_UCS_2 = re.compile("[\U00010000-\U0010ffff]")


def encoding(text: str) -> str:
    """Return `GSM-7` when every character is in its alphabet, else `UCS-2`."""
    return GSM_7 if GSM_ALPHABET.issuperset(text) else UCS_2


def segments(text: str) -> int:
    """Return the number of segments: at least 1, also for the empty text."""
    if encoding(text) == GSM_7:
        units = len(text) + sum(map(text.count, EXTENSION))
        return 1 if units <= 160 else _parts(text, 153, DOUBLE_IN_GSM_7)
    units = len(text.encode("utf-16-le", "surrogatepass")) // 2
    return 1 if units <= 70 else _parts(text, 67, DOUBLE_IN_UCS_2)


def _parts(text: str, room: int, double: re.Pattern[str]) -> int:
    """Fill one part after the other; what takes two units goes whole into the next part when one unit is left."""
    parts = at = 0
    while at < len(text):
        parts += 1
        piece = text[at : at + room]
        at += len(piece) if double.search(piece) is None else _fitting(piece, room, double)
    return parts


def _fitting(piece: str, room: int, double: re.Pattern[str]) -> int:
    """Return how many characters fit into a part."""
    for count, character in enumerate(piece):
        room -= 1 if double.match(character) is None else 2
        if room < 0:
            return count
    return len(piece)
