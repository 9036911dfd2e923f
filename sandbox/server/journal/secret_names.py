"""Which names say that what goes by them is a secret? The last word of a name decides, whatever stands before it."""

import re
from functools import lru_cache
from urllib.parse import unquote_to_bytes

WORDS = frozenset(
    (b"key", b"sig", b"otp", b"totp", b"hotp", b"pin", b"session", b"pw", b"authorization", b"cookie", b"secret")
)
"""What a name's last word is: one of its own, by `-`, `_`, `.`, `:` or a capital, since `monkey` ends in one too."""
ENDINGS = (
    *(b"password", b"passwd", b"passphrase", b"passcode", b"pwd", b"secret", b"token", b"signature", b"jwt"),
    *(b"apikey", b"accesskey", b"secretkey", b"privatekey", b"authkey", b"sessionkey", b"sessionid", b"sessid"),
)
"""What a name's last word may end in, with whatever is written together with it: no other word ends so."""
PAIRS = frozenset(((b"session", b"id"),))
STEMS = (*(b"key", b"secret", b"pass", b"pw", b"pin", b"otp", b"token", b"jwt", b"sess", b"sig", b"author", b"cookie"),)
"""Each secret name holds one of them: a text without any is done quickly."""
ESCAPED_LETTER = re.compile(rb"%(?:25){0,9}[4-7]")
LONGEST = 100
"""Bytes of a name's end that are looked at."""

_RUN = re.compile(rb"[A-Za-z\x80-\xff]+")
_WORD = re.compile(rb"[A-Z]?[a-z\x80-\xff]+|[A-Z]+(?![a-z])|[A-Z]")


def _endings() -> bytes:
    """Return a pattern for where a secret name may end, or one that ends in a number, a bracket or an escape."""
    by_length: dict[int, list[bytes]] = {}
    for ending in sorted({*WORDS, *ENDINGS, *(pair[-1] for pair in PAIRS)}):
        by_length.setdefault(len(ending), []).append(ending)
    behind = [b"(?<=" + b"|".join(each) + b")" for each in by_length.values()]
    last = b"".join(sorted({ending[-1:] for each in by_length.values() for ending in each}))
    return b"(?:(?<=[^A-Za-z])|(?<=[" + last + last.upper() + b"])(?i:" + b"|".join(behind) + b"))"


MAY_END = _endings()
"""So that other names are passed without a look at each."""


def may_have_names(text: bytes) -> bool:
    """Return whether there may be a secret name in a text."""
    lowered = text.lower()
    for stem in STEMS:  # `any` takes three times as long, and each text of an exchange comes here
        if stem in lowered:
            return True
    return ESCAPED_LETTER.search(text) is not None


def is_secret(name: bytes) -> bool:
    """Return whether a name says so. It may be percent-encoded, and end in a number or in brackets."""
    return _is_secret(name[-LONGEST:])


@lru_cache(maxsize=4096)
def _is_secret(name: bytes) -> bool:
    runs = _RUN.findall(unquote_to_bytes(name) if b"%" in name else name)
    if not runs:
        return False
    words = tuple(word.lower() for run in runs[-2:] for word in _WORD.findall(run))
    return words[-1] in WORDS or words[-2:] in PAIRS or runs[-1].lower().endswith(ENDINGS)
