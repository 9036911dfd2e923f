"""What does SimplePay call a message?"""

from functools import lru_cache
from string import ascii_uppercase

from sandbox.clock import MINUTE, SECOND, utc
from sandbox.store.id_format import IdFormat
from sandbox.vendors.base.ids import message_bytes, minute_bytes
from sandbox.world.commands import SUBMIT
from sandbox.world.messages.accept import OUTBOUND

VENDOR = SUBMIT[0]
LETTERS = [ascii_uppercase[byte % len(ascii_uppercase)] for byte in range(256)]
"""The letter that each byte stands for."""


def sid(seed: int, n: int, at: int, attempt: int) -> str:
    """Return `NNYYA-MMDDA-HHmmN-SSfAA` (rule SP-sid)."""
    shared, own = minute_bytes(seed, n, at, attempt), message_bytes(seed, n, attempt)
    year, day, minute = _minute_written(at // MINUTE)
    second, ms = divmod(at % MINUTE, SECOND)
    begin = f"{shared[0] % 100:02d}{year}{LETTERS[shared[1]]}-{day}{LETTERS[shared[2]]}-{minute}"
    return f"{begin}{own[16] % 10}-{second:02d}{ms // 100}{LETTERS[own[17]]}{LETTERS[own[18]]}"


@lru_cache(maxsize=16)
def _minute_written(minute: int) -> tuple[str, str, str]:
    """Return `YY`, `MMDD` and `HHmm`."""
    year, month, day, hour, minutes, *_ = utc(minute * MINUTE).timetuple()
    return f"{year % 100:02d}", f"{month:02d}{day:02d}", f"{hour:02d}{minutes:02d}"


def applies(direction: str, is_console: bool) -> bool:
    """Return whether the message was sent from a console, by whatever program or person."""
    return is_console and direction == OUTBOUND


SID = IdFormat(VENDOR, "sid", sid, applies)
