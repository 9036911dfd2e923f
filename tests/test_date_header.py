"""The `Date` of vendor answers, which may be what the workspace's clock reads."""

from collections.abc import Iterator

import httpx
import pytest
from driver import CONSOLE, DEFAULT, DEMO, DIALOGTECH, KEYS, SIMPLEPAY, WRITEBACK, Driver
from live import Live

NINE = "Wed, 06 May 2026 09:00:00 GMT"
CALLS = (
    ("GET", f"{WRITEBACK}/{CONSOLE}/2026-05-06 00:00:00/2026-05-06 01:00:00", {"auth": DEMO}),
    ("POST", f"{SIMPLEPAY}/submit/{CONSOLE}", {"auth": DEMO}),
    ("GET", DIALOGTECH, {"params": KEYS}),
)


@pytest.fixture
def live() -> Iterator[Live]:
    served = Live()
    served.control("POST", "/clock", {"action": "freeze"})
    yield served
    served.stop()


def switch(live: Live, *, on: bool) -> bool:
    return bool(live.http.patch(live.url + DEFAULT, json={"date_header": on}).json()["date_header"])


def dates(live: Live) -> list[list[str]]:
    """Each `Date` that a call to each vendor is answered with."""
    answers = [httpx.request(method, live.url + path, **options) for method, path, options in CALLS]
    return [answer.headers.get_list("date") for answer in answers]


def test_it_is_wall_time_unless_the_workspace_says_otherwise(live: Live) -> None:
    live.control("POST", "/clock", {"action": "set", "at": "2031-05-06T09:00:00Z"})
    assert not any("2031" in date for (date,) in dates(live))
    assert switch(live, on=True)
    assert dates(live) == [["Tue, 06 May 2031 09:00:00 GMT"]] * 3
    live.control("POST", "/clock", {"action": "advance", "seconds": 90.999})
    assert dates(live) == [["Tue, 06 May 2031 09:01:30 GMT"]] * 3
    live.control("POST", "/reset")
    assert httpx.get(live.url + DEFAULT).json()["date_header"] is True
    assert not switch(live, on=False)
    assert not any("2031" in date for (date,) in dates(live))


def test_who_shows_no_right_credentials_and_the_control_api_get_wall_time(live: Live) -> None:
    live.control("POST", "/clock", {"action": "set", "at": "2031-05-06T09:00:00Z"})
    switch(live, on=True)
    unknown = httpx.get(live.url + CALLS[0][1])
    assert (unknown.status_code, "2031" in unknown.headers["date"]) == (401, False)
    assert "2031" not in live.http.get("/clock").headers["date"]


def test_a_kept_connection_has_one_date_in_each_answer(live: Live) -> None:
    switch(live, on=True)
    live.control("POST", "/clock", {"action": "set", "at": "2031-05-06T09:00:00Z"})
    with httpx.Client(base_url=live.url) as client:
        ours = [client.request(method, path, **options).headers.get_list("date") for method, path, options in CALLS]
        assert len(client.get(f"{DEFAULT}/clock").headers.get_list("date")) == 1
    assert ours == [["Tue, 06 May 2031 09:00:00 GMT"]] * 3


def test_in_process_too(sandbox: Driver) -> None:
    sandbox.control("POST", "/clock", {"action": "freeze"})
    assert "date" not in sandbox.writeback().headers
    sandbox.control("PATCH", "", {"date_header": True})
    assert sandbox.writeback().headers.get_list("date") == [NINE]


@pytest.mark.parametrize("body", [{"date_header": None}, {"date_header": "yes"}, {"name": "other"}])
def test_nothing_else_can_be_changed(sandbox: Driver, body: object) -> None:
    sandbox.control("PATCH", "", body, status=422)
    assert sandbox.control("PATCH", "") == sandbox.control("GET", "")
