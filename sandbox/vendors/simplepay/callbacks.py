"""What does SimplePay tell a StatusCallback?"""

from sandbox.store import Tx
from sandbox.store.tables import Callback, Message
from sandbox.vendors.simplepay.ids import SID
from sandbox.vendors.simplepay.shapes import API_VERSION, STATUS_WORDS, UNKNOWN
from sandbox.world.lines import line_of
from sandbox.world.messages.search import vendor_ids_of
from sandbox.world.statuses import REJECTED, UNDELIVERED

FAILURES = (UNDELIVERED, REJECTED)


def status_callback(tx: Tx, message: Message, callback: Callback) -> dict[str, str]:
    """Return the form that tells a change of status (rule SP-statuscallback)."""
    sid = vendor_ids_of(tx, [message.id])[message.id][SID.name]
    word = STATUS_WORDS.get(callback.status, UNKNOWN)
    form = {
        "MessageSid": sid,
        "SmsSid": sid,
        "AccountSid": line_of(tx, message.line).code,
        "MessageStatus": word,
        "SmsStatus": word,
        "To": message.phone,
        "From": message.sender,
        "ApiVersion": API_VERSION,
    }
    if callback.status in FAILURES:
        form["ErrorMessage"] = callback.reason or f"The message was {callback.status}."
    return form
