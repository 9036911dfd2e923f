"""What does DialogTech call a message?"""

from sandbox.store.id_format import IdFormat
from sandbox.vendors.base.ids import message_bytes

VENDOR = "dialogtech"
FIRST, COUNT = 100_000_000, 900_000_000


def msg_id(seed: int, n: int, at: int, attempt: int) -> str:  # noqa: ARG001  (another vendor's id tells the time)
    """Return nine digits without a leading zero (rule DT-message)."""
    return str(FIRST + int.from_bytes(message_bytes(seed, n, attempt)[24:32]) % COUNT)


def applies(direction: str, is_console: bool) -> bool:  # noqa: ARG001  (other vendors call only what was sent)
    """Return whether the message went to or from a tracking number."""
    return not is_console


MSG_ID = IdFormat(VENDOR, "msg_id", msg_id, applies)
