"""The words that answers are made from."""

from typing import Literal, TypeAlias

VendorName: TypeAlias = Literal["simplepay", "writeback", "dialogtech"]
Operation: TypeAlias = Literal[
    "writeback.responses",
    "simplepay.submit",
    "simplepay.optout",
    "simplepay.messages",
    "dialogtech.sms.get_messages",
]
"""What a call is asked for by; answers have it as any text, so that a newer server may have more."""
Direction: TypeAlias = Literal["outbound", "inbound"]
Outcome: TypeAlias = Literal["delivered", "undelivered", "rejected", "unknown"]
Status: TypeAlias = Literal["queued", "sent", "delivered", "undelivered", "rejected", "unknown"]
AnyStatus: TypeAlias = Literal["queued", "sent", "delivered", "undelivered", "rejected", "unknown", "received"]
Mode: TypeAlias = Literal["immediate", "timed", "manual"]
Doctype: TypeAlias = Literal["documented", "none"]
RecipientType: TypeAlias = Literal["patient", "caregiver", "staff"]
