"""Flaws that were written down by somebody who had not seen the report's code: seven of eight are named."""

import pytest
from clients import blind
from clients.bridge import client_of, clock_of
from clients.dialogtech_pollers import DialogTechPoller
from clients.scenario import lived_through
from clients.senders import Sender
from clients.writeback_pollers import WritebackPoller
from driver import CONSOLE, DEMO, KEYS, LINE, TRACKING_NUMBER, Driver
from test_report import broken, reported, tolerated

DAY_S, HOUR_S, MINUTE_S = 86400, 3600, 60
RATE_LIMIT = {"rate_limit": {"requests": 0, "seconds": 60}}


def writeback_poller(sandbox: Driver, kind: type[WritebackPoller]) -> WritebackPoller:
    return kind(client_of(sandbox, DEMO), CONSOLE, lambda: clock_of(sandbox))


def dialogtech_poller(sandbox: Driver, kind: type[DialogTechPoller]) -> DialogTechPoller:
    return kind(client_of(sandbox), KEYS, lambda: clock_of(sandbox))


def sender(sandbox: Driver, kind: type[Sender]) -> Sender:
    return kind(client_of(sandbox, DEMO), CONSOLE, LINE, sandbox.wall.advance)


def until_next(sandbox: Driver, period_s: int) -> float:
    """Seconds until the clock is at a whole minute, or day."""
    return period_s - sandbox.wall.at / 1000 % period_s


def fails(sandbox: Driver, operation: str, times: int, **effect: object) -> None:
    sandbox.control("POST", "/faults", {"match": {"operation": operation}, "effect": effect, "times": times})


def send(sandbox: Driver) -> None:
    sandbox.control("POST", "/messages", {"console": CONSOLE, "to": "16295550103", "text": "We are closed."})


def test_one_that_goes_on_behind_its_newest_record_misses_the_rest_of_a_minute(sandbox: Driver) -> None:
    poller = writeback_poller(sandbox, blind.GoesOnFromTheNewestRecord)
    sandbox.delivery("immediate")
    for _ in range(12):
        sandbox.wall.advance(14 * MINUTE_S + until_next(sandbox, MINUTE_S) + 10)
        send(sandbox)
        sandbox.wall.advance(10)
        poller.poll()
        sandbox.wall.advance(20)
        send(sandbox)
        sandbox.wall.advance(40)
        poller.poll()
    assert broken(reported(sandbox)) == {"gap", "never_seen"}


def test_one_that_writes_hours_of_twelve_asks_for_what_is_refused_and_for_the_future(sandbox: Driver) -> None:
    lived_through(sandbox, writeback_poller(sandbox, blind.WritesHoursOfTwelve), seed=1, polls=120)
    assert broken(reported(sandbox)) == {"WB-range", "http_400: repeated", "future", "never_seen"}


def test_one_that_never_looks_back_an_hour_misses_what_came_in_an_outage(sandbox: Driver) -> None:
    poller = writeback_poller(sandbox, blind.GivesUpWhatIsOlderThanAnHour)
    lived_through(sandbox, poller, seed=1, polls=10)
    assert broken(reported(sandbox)) == set()
    fails(sandbox, "writeback.responses", 7, status=503)
    lived_through(sandbox, poller, seed=2, polls=20)
    assert broken(reported(sandbox)) == {"gap", "never_seen", "seen_unsettled"}


def test_one_that_takes_every_200_for_success_leaves_out_a_day(sandbox: Driver) -> None:
    poller = dialogtech_poller(sandbox, blind.TakesEvery200ForSuccess)
    sandbox.delivery("immediate")
    for _ in range(3):
        sandbox.wall.advance(until_next(sandbox, DAY_S) - HOUR_S)
        poller.poll()
        sandbox.control("POST", "/messages", {"tracking_number": TRACKING_NUMBER, "to": "16295550103", "text": "Late"})
        sandbox.wall.advance(HOUR_S + MINUTE_S)
        fails(sandbox, "dialogtech.*", 1, **RATE_LIMIT)
        poller.poll()
        sandbox.wall.advance(HOUR_S)
        poller.poll()
    assert broken(reported(sandbox)) == {"gap", "never_seen"}


def test_one_that_asks_again_until_it_succeeds_hammers(sandbox: Driver) -> None:
    poller = dialogtech_poller(sandbox, blind.AsksAgainUntilItSucceeds)
    fails(sandbox, "dialogtech.*", 30, status=503)
    lived_through(sandbox, poller, seed=2, polls=5, every=HOUR_S, tracking_number=TRACKING_NUMBER)
    report = reported(sandbox)
    assert (broken(report), tolerated(report)) == ({"http_503: hammered"}, {"same_again"})


def test_one_that_sends_again_what_is_not_yet_delivered_sends_twice(sandbox: Driver) -> None:
    client = sender(sandbox, blind.SendsAgainWhatIsNotYetDelivered)
    sandbox.delivery("timed", sent_after=60, settled_after=600)
    for n in range(5):
        sid = client.send(f"1629555{n + 100:04d}", f"Your results are in, {n}.")
        assert sid
        sandbox.wall.advance(5)
        client.status(sid)
        sandbox.wall.advance(900)
    report = reported(sandbox)
    assert (broken(report), tolerated(report)) == (set(), {"accepted"})


def test_one_whose_callback_is_a_path_breaks_the_rule_of_callbacks(sandbox: Driver) -> None:
    client = sender(sandbox, blind.NamesACallbackWithoutAHost)
    for n in range(4):
        client.send(f"1629555{n + 100:04d}", f"Your results are in, {n}.")
        sandbox.wall.advance(30)
    assert broken(reported(sandbox)) == {"SP-callback"}


@pytest.mark.parametrize("outcome", ["rejected", "undelivered"])
def test_nothing_is_said_of_one_that_opts_out_whoever_failed(sandbox: Driver, outcome: str) -> None:
    """It may: nobody who sees calls alone knows whether the person asked for it otherwise."""
    client = sender(sandbox, blind.OptsOutEachThatFailed)
    sandbox.delivery("timed", sent_after=1, settled_after=3, outcome=outcome)
    for n in range(4):
        sid = client.send(f"1629555{n + 100:04d}", f"Your results are in, {n}.")
        assert sid
        sandbox.wall.advance(30)
        client.status(sid)
    report = reported(sandbox)
    assert (broken(report), tolerated(report)) == (set(), set())
