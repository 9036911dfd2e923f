"""What our product does with the vendors: remind, follow up, stop."""

from collections import Counter
from datetime import datetime

from reminders.vendors import SimplePay, VendorDown, Writeback

TRIES = 3


class Reminders:
    """Reminds patients from one line."""

    def __init__(self, simplepay: SimplePay, writeback: Writeback, line: str) -> None:
        self._simplepay = simplepay
        self._writeback = writeback
        self._line = line
        self.sent: dict[str, str] = {}
        """The sid of the last reminder by phone."""

    def remind(self, phone: str, text: str, callback: str | None = None) -> str:
        """The sid. Tries again when the vendor is down; raises VendorDown after the third time."""
        for left in reversed(range(TRIES)):
            try:
                answer = self._simplepay.submit(phone, self._line, text, callback)
            except VendorDown:
                if not left:
                    raise
            else:
                self.sent[phone] = str(answer["sid"])
                return self.sent[phone]
        raise AssertionError("unreachable")

    def outcomes(self) -> Counter[str]:
        """How many of the last reminders have which status."""
        return Counter(self._simplepay.status(sid) for sid in self.sent.values())

    def answers(self, start: datetime, end: datetime) -> dict[str, list[str]]:
        """What patients wrote back, by mobile number."""
        answers: dict[str, list[str]] = {}
        for record in self._writeback.records(start, end):
            if record["incomingMessage"] is not None:
                answers.setdefault(str(record["mobileNumber"]), []).append(record["incomingMessage"])
        return answers

    def stopped(self, start: datetime, end: datetime) -> set[str]:
        """The mobile numbers that want no more."""
        return {
            str(record["mobileNumber"])
            for record in self._writeback.records(start, end)
            if record["messageType"] == "Opt-Out"
        }
