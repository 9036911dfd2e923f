"""How many SMS segments does a text take (rule NET-segments; 3GPP TS 23.038 and 23.040)?"""

from collections.abc import Callable

GSM_7 = "GSM-7"
UCS_2 = "UCS-2"

BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ"
    " !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = frozenset("\f^{}\\[~]|€")
GSM_ALPHABET = BASIC | EXTENSION


def encoding(text: str) -> str:
    """Return `GSM-7` when every character is in its alphabet, else `UCS-2`."""
    return GSM_7 if GSM_ALPHABET.issuperset(text) else UCS_2


def segments(text: str) -> int:
    """Return the number of segments: at least 1, also for the empty text."""
    if encoding(text) == GSM_7:
        units = len(text) + sum(map(text.count, EXTENSION))
        return 1 if units <= 160 else _parts(text, 153, EXTENSION.__contains__)
    units = len(text.encode("utf-16-le", "surrogatepass")) // 2
    return 1 if units <= 70 else _parts(text, 67, lambda character: character > "\uffff")


def _parts(text: str, room: int, is_double: Callable[[str], bool]) -> int:
    """Fill one part after the other; what takes two units goes whole into the next part when one unit is left."""
    parts, used = 1, 0
    for character in text:
        units = 2 if is_double(character) else 1
        if used + units > room:
            parts, used = parts + 1, 0
        used += units
    return parts
