"""What does SimplePay tell a StatusCallback?"""

from sandbox.vendors.base.callbacks import StatusChange
from sandbox.vendors.simplepay.ids import SID
from sandbox.vendors.simplepay.shapes import API_VERSION, STATUS_WORDS, UNKNOWN
from sandbox.world.statuses import REJECTED, UNDELIVERED

FAILURES = (UNDELIVERED, REJECTED)


def status_callback(change: StatusChange) -> dict[str, str]:
    """Return the form that tells a change of status (rule SP-statuscallback)."""
    message, callback = change.message, change.callback
    sid = change.ids[SID.name]
    word = STATUS_WORDS.get(callback.status, UNKNOWN)
    form = {
        "MessageSid": sid,
        "SmsSid": sid,
        "AccountSid": change.owner,
        "MessageStatus": word,
        "SmsStatus": word,
        "To": message.phone,
        "From": message.sender,
        "ApiVersion": API_VERSION,
    }
    if callback.status in FAILURES:
        form["ErrorMessage"] = callback.reason or f"The message was {callback.status}."
    return form
