"""Pollers of Dialog Health Writeback: `WritebackPoller` is right, each other class has the flaw that it is named by."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

PATH = "/dialoghealth-writeback-api/api/responses"
SECOND = timedelta(seconds=1)
WEEK = timedelta(days=7)
PATIENCE = timedelta(days=4)
"""How long a status is waited for."""

Clock = Callable[[], datetime]
Window = tuple[datetime, datetime]


class WritebackPoller:
    """Reads a console's results: windows that touch, back to the oldest result that has no status yet."""

    def __init__(self, http: httpx.Client, console: str, clock: Clock) -> None:
        self.http = http
        self.console = console
        self.clock = clock
        self.next_start = clock().replace(microsecond=0)
        self.results: dict[str, dict[str, Any]] = {}
        self.waiting: dict[str, datetime] = {}

    def poll(self) -> None:
        """Read what is new; what could not be read is asked for by the next poll."""
        for start, end in self.parts(*self.window()):
            records = self.read(start, end)
            if records is None:
                return self.failed(end)
            self.keep(records)
            self.next_start = self.after(end)
        return None

    def window(self) -> Window:
        """From the end of the last one, or the oldest result that waits for its status, to the last whole second."""
        now = self.clock()
        oldest = [at for at in self.waiting.values() if now - at < PATIENCE]
        return min([self.next_start, *oldest]), now.replace(microsecond=0) - SECOND

    def parts(self, start: datetime, end: datetime) -> Iterator[Window]:
        """A week at a time."""
        while start <= end:
            yield start, min(end, start + WEEK)
            start += WEEK + SECOND

    def after(self, end: datetime) -> datetime:
        """Both ends are in a window."""
        return max(self.next_start, end + SECOND)

    def failed(self, end: datetime) -> None:
        """Nothing is lost: the next window begins where this one did."""

    def read(self, start: datetime, end: datetime) -> list[dict[str, Any]] | None:
        try:
            answer = self.http.get(f"{PATH}/{self.console}/{self.written(start)}/{self.written(end)}")
            return list(answer.json()["response"]) if answer.status_code == 200 else None
        except (httpx.TransportError, ValueError):
            return None

    def written(self, at: datetime) -> str:
        return at.strftime("%Y-%m-%d %H:%M:%S")

    def keep(self, records: list[dict[str, Any]]) -> None:
        for record in records:
            key = record["outgoingMessageId"]
            if key is None:
                continue
            self.results[key] = record
            self.waiting.pop(key, None)
            if record["messageStatus"] is None:
                written = f"{record['outgoingMessageSentDate']} {record['outgoingMessageSentTime']}"
                self.waiting[key] = datetime.strptime(written, "%m/%d/%Y %H:%M").replace(tzinfo=UTC)


# Right in other ways -------------------------------------------------------------------------------------------------


class LooksBackThreeHours(WritebackPoller):
    """Whatever it has read: what it knows by its id is not counted again."""

    def window(self) -> Window:
        now = self.clock().replace(microsecond=0)
        return now - timedelta(hours=3), now


class TouchesAndKnowsByIds(WritebackPoller):
    """It begins with the second with which it ended, which may not have been over."""

    def window(self) -> Window:
        return super().window()[0], self.clock().replace(microsecond=0)

    def after(self, end: datetime) -> datetime:
        return max(self.next_start, end)


class WaitsAnHour(WritebackPoller):
    """It reads what is an hour old, when most statuses are final."""

    def __init__(self, http: httpx.Client, console: str, clock: Clock) -> None:
        super().__init__(http, console, clock)
        self.next_start -= timedelta(hours=1)

    def window(self) -> Window:
        start, end = super().window()
        return start, end - timedelta(hours=1)


class ReadsYesterdayAndToday(WritebackPoller):
    def window(self) -> Window:
        now = self.clock().replace(microsecond=0)
        return now.replace(hour=0, minute=0, second=0) - timedelta(days=1), now


# Flaws of the windows ------------------------------------------------------------------------------------------------


class LeavesAMinuteOut(WritebackPoller):
    def after(self, end: datetime) -> datetime:
        return max(self.next_start, end + timedelta(minutes=1))


class LooksBackTooShortly(WritebackPoller):
    def window(self) -> Window:
        _, end = super().window()
        return end - timedelta(minutes=5), end


class LosesTheSecondItAsksIn(WritebackPoller):
    """It ends with the present second, which is not over, and begins the next window behind that."""

    def window(self) -> Window:
        return super().window()[0], self.clock().replace(microsecond=0)


class GoesOnAfterAFailure(WritebackPoller):
    def failed(self, end: datetime) -> None:
        self.next_start = self.after(end)


class ReadsTodayOnly(WritebackPoller):
    def window(self) -> Window:
        _, end = super().window()
        return end.replace(hour=0, minute=0, second=0), end


class ReadsWholeDays(WritebackPoller):
    def window(self) -> Window:
        today = self.clock().replace(hour=0, minute=0, second=0, microsecond=0)
        return today, today.replace(hour=23, minute=59, second=59)


class ReadsTheNextHour(WritebackPoller):
    def window(self) -> Window:
        now = self.clock().replace(microsecond=0)
        return now, now + timedelta(hours=1)


class MovesOnIntoTheFuture(WritebackPoller):
    """It allows for a slow clock, and then takes that end for what it has read up to."""

    def window(self) -> Window:
        start, end = super().window()
        return min(start, end), end + timedelta(minutes=10)


class AsksForAllAtOnce(WritebackPoller):
    def parts(self, start: datetime, end: datetime) -> Iterator[Window]:
        yield start, end


class BeginsWhereItEnded(WritebackPoller):
    def after(self, end: datetime) -> datetime:
        return max(self.next_start, end)


class ReadsTheLastDayAgainAndAgain(WritebackPoller):
    def window(self) -> Window:
        _, end = super().window()
        return end - timedelta(hours=12), end


class ReadsEachResultOnce(WritebackPoller):
    """It never looks again for the status of what had none."""

    def window(self) -> Window:
        return self.next_start, super().window()[1]


# Flaws of the clock --------------------------------------------------------------------------------------------------


class WritesLocalTime(WritebackPoller):
    """As on a server in Chicago, in summer."""

    offset = timedelta(hours=-5)

    def written(self, at: datetime) -> str:
        return super().written(at + self.offset)


class WritesLocalTimeOfTheEast(WritesLocalTime):
    """As on a server in Berlin, in summer."""

    offset = timedelta(hours=2)


class SwapsDayAndMonth(WritebackPoller):
    def written(self, at: datetime) -> str:
        return at.strftime("%Y-%d-%m %H:%M:%S")
