import os
import time
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx


class DateClock:
    """The time of the last answer, and what has passed since: that of now, or in a rehearsal the workspace's."""

    def __init__(self, http):
        self.date, self.seen = datetime.now(UTC), time.monotonic()
        http.event_hooks["response"].append(self.follow)

    def follow(self, answer):
        self.date, self.seen = parsedate_to_datetime(answer.headers["Date"]), time.monotonic()

    def now(self):
        return self.date + timedelta(seconds=time.monotonic() - self.seen)


if __name__ == "__main__":
    basic = (os.environ["SANDBOX_BASIC_USERNAME"], os.environ["SANDBOX_BASIC_PASSWORD"])
    with httpx.Client(base_url=os.environ["SANDBOX_SIMPLEPAY_URL"], auth=basic) as http:
        clock = DateClock(http)
        http.get(f"/messages/{os.environ['SANDBOX_CONSOLE']}/none")
        print(f"{clock.now():%Y-%m-%d}")
