"""The one owner of randomness.

What shows in a vendor's answer is decided by the workspace's seed and a count, so that the same seed, start and calls
give the same bytes. What must not be guessed (credentials, tokens, a workspace's key) is drawn from `secrets`.
"""

import secrets
from functools import lru_cache
from hashlib import blake2b
from string import ascii_lowercase, ascii_uppercase, digits
from typing import NamedTuple

from sandbox.world.clock import MINUTE, SECOND, utc

KEY_ALPHABET = ascii_lowercase + digits
STRANDS = 16
"""How many beginnings the ids of one minute's messages have."""


class MessageIds(NamedTuple):
    """What the vendors may call one message: a Dialog Health sid and key, a DialogTech `msg_id`."""

    sid: str
    outgoing_key: str
    msg_id: str


def decided(seed: int, kind: str, n: int, attempt: int = 0) -> bytes:
    """32 bytes that look random and are always the same for the same arguments."""
    return blake2b(f"{seed}:{kind}:{n}:{attempt}".encode(), digest_size=32).digest()


def chance(seed: int, kind: str, n: int) -> float:
    """A number from 0 up to 1 that looks random and is always the same for the same arguments."""
    return int.from_bytes(decided(seed, kind, n)[:6]) / 2**48


def decided_key(seed: int, kind: str, n: int) -> str:
    """32 lower-case hex digits, as Dialog Health's ids have."""
    return decided(seed, kind, n).hex()[:32]


def request_id(seed: int, n: int) -> str:
    """A version 4 UUID for the workspace's n-th exchange."""
    h = decided(seed, "exchange", n).hex()
    return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-{'89ab'[int(h[16], 16) % 4]}{h[17:20]}-{h[20:32]}"


def message_ids(seed: int, n: int, at: int, attempt: int = 0) -> MessageIds:
    """Ids of the workspace's n-th message, accepted at `at` ms; on a clash ask again with the next attempt.

    The sid reads `NNYYA-MMDDA-HHmmN-SSfAA` (rule SP-sid), the msg_id has nine digits and no leading zero.
    """
    raw = decided(seed, "message", n, attempt)
    begin, key_begin = _beginnings(seed, at // MINUTE, n % STRANDS, attempt)
    second, ms = divmod(at % MINUTE, SECOND)
    end = f"{raw[16] % 10}-{second:02d}{ms // 100}{ascii_uppercase[raw[17] % 26]}{ascii_uppercase[raw[18] % 26]}"
    msg_id = str(100_000_000 + int.from_bytes(raw[24:32]) % 900_000_000)
    return MessageIds(begin + end, key_begin + raw[:12].hex(), msg_id)


@lru_cache(maxsize=256)
def _beginnings(seed: int, minute: int, strand: int, attempt: int) -> tuple[str, str]:
    """`NNYYA-MMDDA-HHmm` and the first 8 digits of a key, which the messages of a minute share.

    So their ids lie side by side in an index, and an insert into a large store has no page of its own to read and
    write for each. Several strands, since ids that differ only in their ends may clash.
    """
    raw = decided(seed, "minute", minute, attempt * STRANDS + strand)
    year, month, day, hour, minutes, *_ = utc(minute * MINUTE).timetuple()
    a, b = ascii_uppercase[raw[1] % 26], ascii_uppercase[raw[2] % 26]
    begin = f"{raw[0] % 100:02d}{year % 100:02d}{a}-{month:02d}{day:02d}{b}-{hour:02d}{minutes:02d}"
    return begin, raw[4:8].hex()


def workspace_key() -> str:
    """`ws_` and six characters, not to be guessed from another."""
    return "ws_" + "".join(secrets.choice(KEY_ALPHABET) for _ in range(6))


def secret(length: int = 24) -> str:
    """A credential or token."""
    return "".join(secrets.choice(KEY_ALPHABET) for _ in range(length))
