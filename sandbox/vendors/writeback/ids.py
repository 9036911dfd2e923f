"""What does Writeback call an outgoing message?"""

from sandbox.store.id_format import IdFormat
from sandbox.vendors.base.ids import message_bytes, minute_bytes
from sandbox.world.messages.accept import OUTBOUND

VENDOR = "writeback"
OWN_BYTES = 12


def outgoing_message_id(seed: int, n: int, at: int, attempt: int) -> str:
    """Return 32 lower-case hex digits (rule WB-ids)."""
    return (minute_bytes(seed, n, at, attempt)[4:8] + message_bytes(seed, n, attempt)[:OWN_BYTES]).hex()


def applies(direction: str, is_console: bool) -> bool:
    """Return whether the message was sent from a console."""
    return is_console and direction == OUTBOUND


OUTGOING_MESSAGE_ID = IdFormat(VENDOR, "outgoing_message_id", outgoing_message_id, applies)
