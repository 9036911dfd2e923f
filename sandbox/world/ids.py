"""What are things called: which ids are decided by a workspace's seed, which are drawn, and how are ours written?

What shows in a vendor's answer is decided by the workspace's seed and a count, so that the same seed, start and calls
give the same bytes. What must not be guessed (credentials, tokens, a workspace's key) is drawn from `secrets`; requests
and exchanges have ids of their own all over the world.
"""

import secrets
import time
import uuid
from hashlib import blake2b
from string import ascii_lowercase, digits
from threading import Lock

KEY_ALPHABET = ascii_lowercase + digits
MESSAGE, CALLBACK, FAULT = "msg_", "cb_", "fault_"
EXCHANGE = "ex_"
MOST_DIGITS = 17
"""Of a number that surely fits into the database's."""


def decided(seed: int, kind: str, n: int, attempt: int = 0) -> bytes:
    """Return 32 bytes that look random and are always the same for the same arguments."""
    return blake2b(f"{seed}:{kind}:{n}:{attempt}".encode(), digest_size=32).digest()


def chance(seed: int, kind: str, n: int) -> float:
    """Return a number from 0 up to 1 that looks random and is always the same for the same arguments."""
    return int.from_bytes(decided(seed, kind, n)[:6]) / 2**48


def decided_key(seed: int, kind: str, n: int) -> str:
    """Return 32 lower-case hex digits, as Dialog Health's ids have."""
    return decided(seed, kind, n).hex()[:32]


# What the control API calls the n-th of a workspace ------------------------------------------------------------------


def message_id(n: int) -> str:
    """Return the id of the workspace's n-th message."""
    return _written(MESSAGE, n)


def parse_message_id(text: str) -> int | None:
    """Return the number of that message, or None if it is no such id."""
    return _parsed(MESSAGE, text)


def callback_id(n: int) -> str:
    """Return the id of the workspace's n-th callback."""
    return _written(CALLBACK, n)


def parse_callback_id(text: str) -> int | None:
    """Return the number of that callback, or None if it is no such id."""
    return _parsed(CALLBACK, text)


def fault_id(n: int) -> str:
    """Return the id of the workspace's n-th fault."""
    return _written(FAULT, n)


def parse_fault_id(text: str) -> int | None:
    """Return the number of that fault, or None if it is no such id."""
    return _parsed(FAULT, text)


def _written(prefix: str, n: int) -> str:
    return f"{prefix}{n:08d}"


def _parsed(prefix: str, text: str) -> int | None:
    number = text.removeprefix(prefix)
    is_one = number != text and number.isascii() and number.isdigit() and len(number) <= MOST_DIGITS
    return int(number) if is_one else None


# What is drawn -------------------------------------------------------------------------------------------------------


def workspace_key() -> str:
    """Return `ws_` and six characters, not to be guessed from another."""
    return "ws_" + secret(6)


def secret(length: int = 24) -> str:
    """Return a credential or token."""
    return "".join(secrets.choice(KEY_ALPHABET) for _ in range(length))


def new_request_id() -> str:
    """Return a version 4 UUID."""
    return str(uuid.uuid4())


def new_exchange_id() -> str:
    """Return `ex_` and a UUIDv7 without dashes; each is greater than those that the process drew before."""
    return EXCHANGE + _exchange_numbers.draw().hex


class _IncreasingUUIDs:
    """UUIDs of version 7: a time in ms, then 74 bits that are random, or else one more than the last."""

    def __init__(self) -> None:
        self._last = 0
        self._lock = Lock()

    def draw(self) -> uuid.UUID:
        drawn = (time.time_ns() // 1_000_000) << 74 | secrets.randbits(74)
        with self._lock:
            self._last = drawn = max(drawn, self._last + 1)
        return _version_7(drawn)


def _version_7(bits: int) -> uuid.UUID:
    """Put 122 bits in the places that version and variant leave (RFC 9562, section 5.7)."""
    at, first, second = bits >> 74, bits >> 62 & 0xFFF, bits & (1 << 62) - 1
    return uuid.UUID(int=at << 80 | 7 << 76 | first << 64 | 0b10 << 62 | second)


_exchange_numbers = _IncreasingUUIDs()
