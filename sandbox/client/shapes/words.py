"""The words that answers are made from."""

from typing import Literal, TypeAlias

VendorName: TypeAlias = Literal["simplepay", "writeback", "dialogtech"]
Direction: TypeAlias = Literal["outbound", "inbound"]
Outcome: TypeAlias = Literal["delivered", "undelivered", "rejected", "unknown"]
Status: TypeAlias = Literal["queued", "sent", "delivered", "undelivered", "rejected", "unknown"]
AnyStatus: TypeAlias = Literal["queued", "sent", "delivered", "undelivered", "rejected", "unknown", "received"]
Mode: TypeAlias = Literal["immediate", "timed", "manual"]
Doctype: TypeAlias = Literal["documented", "none"]
RecipientType: TypeAlias = Literal["patient", "caregiver", "staff"]
