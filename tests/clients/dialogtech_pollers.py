"""Pollers of DialogTech: `DialogTechPoller` is right, each other class has the flaw that it is named by."""

from collections.abc import Callable
from datetime import datetime, timedelta
from xml.etree import ElementTree

import httpx

DAY = timedelta(days=1)


class DialogTechPoller:
    """Reads an account's messages, yesterday's and today's, and knows each by its id."""

    def __init__(self, http: httpx.Client, keys: dict[str, str], clock: Callable[[], datetime]) -> None:
        self.http = http
        self.keys = keys
        self.clock = clock
        self.texts: dict[str, str | None] = {}

    def poll(self) -> None:
        asked = self.ask(*self.days())
        if asked is not None and asked[1].findtext("result") == "success":
            self.keep(asked[1])

    def ask(self, first: datetime, last: datetime) -> tuple[httpx.Response, ElementTree.Element] | None:
        """Return the answer, and what it says; None where none came that is XML."""
        params = {
            "action": "sms.get_messages",
            **self.keys,
            "start_date": self.written(first),
            "end_date": self.written(last),
        }
        try:
            answer = self.http.post("/ibp_api.php", data=params)
            return answer, ElementTree.fromstring(answer.content)
        except (httpx.TransportError, ElementTree.ParseError):
            return None

    def keep(self, response: ElementTree.Element) -> None:
        for message in response.iter("message"):
            if message.find("msg_id") is not None:
                self.texts[message.findtext("msg_id", "")] = message.findtext("message")

    def days(self) -> tuple[datetime, datetime]:
        now = self.clock()
        return now - DAY, now

    def written(self, day: datetime) -> str:
        return day.strftime("%Y%m%d")


class ReadsTodayOnly(DialogTechPoller):
    def days(self) -> tuple[datetime, datetime]:
        return self.clock(), self.clock()


class CountsDaysInChicago(DialogTechPoller):
    def days(self) -> tuple[datetime, datetime]:
        now = self.clock() - timedelta(hours=5)
        return now - DAY, now


class SwapsDayAndMonth(DialogTechPoller):
    def written(self, day: datetime) -> str:
        return day.strftime("%Y%d%m")
