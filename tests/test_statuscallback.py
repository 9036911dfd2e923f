"""StatusCallback: what a client is told of its messages, when, and how often it is tried (rule SP-statuscallback)."""

import pytest
from driver import CONSOLE, LINE, PHONE, Driver

pytestmark = pytest.mark.rule("SP-statuscallback")


def test_each_change_of_status_is_told_in_the_words_of_simplepay(sandbox: Driver) -> None:
    sandbox.delivery("timed")
    sandbox.control("POST", "/clock", {"action": "freeze"})
    url = sandbox.control("PUT", "/sinks/mine", {})["url"]
    sid = sandbox.sid(callback=url)
    sandbox.control("POST", "/clock", {"action": "advance", "seconds": 3, "settle": 10})
    received = sandbox.control("GET", "/sinks/mine")["received"]
    assert [each["form"] for each in received] == [
        {
            "MessageSid": sid,
            "SmsSid": sid,
            "AccountSid": CONSOLE,
            "MessageStatus": word,
            "SmsStatus": word,
            "To": PHONE,
            "From": LINE,
            "ApiVersion": "15.1",
        }
        for word in ("sent", "delivered")
    ]
