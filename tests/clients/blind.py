"""Programs with one flaw each, written by somebody who has not seen what judges them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from clients.dialogtech_pollers import DAY, DialogTechPoller
from clients.senders import PREFIX, Sender, Sleep
from clients.writeback_pollers import Clock, Window, WritebackPoller

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)

# Pollers of Writeback ------------------------------------------------------------------------------------------------


class GoesOnFromTheNewestRecord(WritebackPoller):
    """It goes on from the minute behind its newest record's, though more may be sent in the rest of that minute."""

    def __init__(self, http: httpx.Client, console: str, clock: Clock) -> None:
        super().__init__(http, console, clock)
        self.newest = self.next_start - MINUTE

    def keep(self, records: list[dict[str, Any]]) -> None:
        super().keep(records)
        for record in records:
            if record["outgoingMessageId"] is not None:
                written = f"{record['outgoingMessageSentDate']} {record['outgoingMessageSentTime']}"
                self.newest = max(self.newest, datetime.strptime(written, "%m/%d/%Y %H:%M").replace(tzinfo=UTC))

    def after(self, end: datetime) -> datetime:
        return max(self.next_start, self.newest + MINUTE)


class WritesHoursOfTwelve(WritebackPoller):
    """It writes hours as 01 to 12, so that an afternoon's window is asked for as if it were the morning's."""

    def written(self, at: datetime) -> str:
        return at.strftime("%Y-%m-%d %I:%M:%S")


class GivesUpWhatIsOlderThanAnHour(WritebackPoller):
    """It never looks back further than an hour, so that what came early in a longer outage is never read."""

    def window(self) -> Window:
        start, end = super().window()
        return max(start, end - HOUR), end


# Pollers of DialogTech -----------------------------------------------------------------------------------------------


class TakesEvery200ForSuccess(DialogTechPoller):
    """It goes by the status of HTTP alone, and takes days as read whose call was answered with 200 and `failed`."""

    def __init__(self, http: httpx.Client, keys: dict[str, str], clock: Callable[[], datetime]) -> None:
        super().__init__(http, keys, clock)
        self.first = clock() - DAY

    def poll(self) -> None:
        first, last = self.days()
        asked = self.ask(first, last)
        if asked is not None and asked[0].status_code == 200:
            self.keep(asked[1])
            self.first = last

    def days(self) -> tuple[datetime, datetime]:
        """From the day of the last call that was answered."""
        return self.first, self.clock()


class AsksAgainUntilItSucceeds(DialogTechPoller):
    """It repeats a call that failed at once and without a pause, up to forty times."""

    tries = 40

    def poll(self) -> None:
        days = self.days()
        for _ in range(self.tries):
            asked = self.ask(*days)
            if asked is not None and asked[1].findtext("result") == "success":
                self.keep(asked[1])
                return


# Senders of SimplePay ------------------------------------------------------------------------------------------------


class SendsAgainWhatIsNotYetDelivered(Sender):
    """It asks what became of a message, and where that is not final yet, it sends the same text once more."""

    final = ("delivered", "undelivered", "failed", "UNKNOWN")

    def __init__(self, http: httpx.Client, console: str, line: str, sleep: Sleep) -> None:
        super().__init__(http, console, line, sleep)
        self.texts: dict[str, tuple[str, str]] = {}

    def sent(self, to: str, answer: httpx.Response) -> str:
        sid = super().sent(to, answer)
        self.texts[sid] = to, str(answer.json()["body"])
        return sid

    def status(self, sid: str) -> str:
        status = super().status(sid)
        if status not in self.final and sid in self.texts:
            self.submit(*self.texts.pop(sid))
        return status


class OptsOutEachThatFailed(Sender):
    """It opts a phone out by the API as soon as one message to it has failed, though nobody there asked for that."""

    def status(self, sid: str) -> str:
        known = set(self.opted_out)
        status = super().status(sid)
        for phone in self.opted_out - known:
            self.http.delete(f"{PREFIX}/optout/{self.console}/{phone}")
        return status


class NamesACallbackWithoutAHost(Sender):
    """It gives a mere path as its StatusCallback, as where the setting with the host is empty."""

    callback = "/callbacks/sms"

    def form(self, to: str, text: str) -> dict[str, str]:
        return super().form(to, text) | {"StatusCallback": self.callback}
