"""The audit of clients that read by date range: what is wrong with each, and nothing of one that is right."""

import os
from typing import Any

import pytest
from clients import dialogtech_pollers as dialogtech
from clients import writeback_pollers as writeback
from clients.bridge import client_of, clock_of
from clients.scenario import lived_through
from driver import CONSOLE, DEMO, KEYS, TRACKING_NUMBER, Driver

SEEDS = sorted({*range(int(os.environ.get("CLIENT_SEEDS", "3"))), 43})
FEW_SEEDS = SEEDS[1:2]
HOUR = 3600.0


def poller_of(sandbox: Driver, kind: type[writeback.WritebackPoller]) -> writeback.WritebackPoller:
    return kind(client_of(sandbox, DEMO), CONSOLE, lambda: clock_of(sandbox))


def dialogtech_poller_of(sandbox: Driver, kind: type[dialogtech.DialogTechPoller]) -> dialogtech.DialogTechPoller:
    return kind(client_of(sandbox), KEYS, lambda: clock_of(sandbox))


def audited(sandbox: Driver) -> Any:
    """The audit of the one poller that there is."""
    (poller,) = sandbox.control("GET", "/pollers")["items"]
    return poller


def kinds(poller: Any) -> set[str]:
    return {each["kind"] for each in poller["findings"]}


def causes(poller: Any) -> set[str]:
    """The kinds that no other one explains."""
    return {each["kind"] for each in poller["findings"] if each["cause"] is None}


def failing_now_and_then(sandbox: Driver) -> None:
    for effect in ({"status": 503}, {"truncate": 40}, {"reset": True}):
        fault = {"match": {"operation": "writeback.*"}, "effect": effect, "probability": 0.1}
        sandbox.control("POST", "/faults", fault)


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_is_said_against_a_poller_that_is_right(sandbox: Driver, seed: int) -> None:
    poller = poller_of(sandbox, writeback.WritebackPoller)
    failing_now_and_then(sandbox)
    lived_through(sandbox, poller, seed=seed, polls=30)
    found = audited(sandbox)
    assert found["findings"] == []
    assert found["calls"] >= 30
    assert found["results"] == len(poller.results)


@pytest.mark.parametrize("seed", FEW_SEEDS)
@pytest.mark.parametrize(
    "kind",
    [
        writeback.LooksBackThreeHours,
        writeback.TouchesAndKnowsByIds,
        writeback.WaitsAnHour,
        writeback.ReadsYesterdayAndToday,
    ],
    ids=lambda kind: kind.__name__,
)
def test_nothing_is_said_against_other_ways_of_being_right(
    sandbox: Driver, kind: type[writeback.WritebackPoller], seed: int
) -> None:
    lived_through(sandbox, poller_of(sandbox, kind), seed=seed, polls=30)
    assert audited(sandbox)["findings"] == []


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_is_said_against_a_poller_of_days_that_is_right(sandbox: Driver, seed: int) -> None:
    poller = dialogtech_poller_of(sandbox, dialogtech.DialogTechPoller)
    lived_through(sandbox, poller, seed=seed, polls=30, every=HOUR, tracking_number=TRACKING_NUMBER)
    found = audited(sandbox)
    assert found["findings"] == []
    assert found["results"] == len(poller.texts)


FLAWED: dict[type[writeback.WritebackPoller], str] = {
    writeback.LeavesAMinuteOut: "gap",
    writeback.LooksBackTooShortly: "gap",
    writeback.LosesTheSecondItAsksIn: "gap",
    writeback.ReadsTheNextHour: "future",
    writeback.MovesOnIntoTheFuture: "future",
    writeback.WritesLocalTime: "local_time",
    writeback.WritesLocalTimeOfTheEast: "local_time",
    writeback.SwapsDayAndMonth: "day_month_swapped",
}


@pytest.mark.parametrize("kind", FLAWED, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("seed", FEW_SEEDS)
def test_the_flaw_of_a_poller_is_named(sandbox: Driver, kind: type[writeback.WritebackPoller], seed: int) -> None:
    lived_through(sandbox, poller_of(sandbox, kind), seed=seed, is_late=False)
    assert causes(audited(sandbox)) - {"seen_unsettled"} == {FLAWED[kind]}


@pytest.mark.parametrize("seed", FEW_SEEDS)
@pytest.mark.parametrize("kind", [writeback.ReadsTodayOnly, writeback.ReadsWholeDays], ids=lambda kind: kind.__name__)
def test_a_poller_of_the_day_loses_its_end(sandbox: Driver, kind: type[writeback.WritebackPoller], seed: int) -> None:
    lived_through(sandbox, poller_of(sandbox, kind), seed=seed, polls=40, every=HOUR, is_late=False)
    assert causes(audited(sandbox)) - {"overlap"} == {"midnight_cut"}


@pytest.mark.parametrize("seed", FEW_SEEDS)
def test_a_poller_that_goes_on_after_a_failure_leaves_a_gap(sandbox: Driver, seed: int) -> None:
    sandbox.control("POST", "/faults", {"match": {}, "effect": {"status": 503}, "skip": 5, "times": 2})
    lived_through(sandbox, poller_of(sandbox, writeback.GoesOnAfterAFailure), seed=seed)
    found = audited(sandbox)
    assert causes(found) == {"gap"}
    assert "was answered 503" in found["findings"][0]["evidence"][0]["detail"]


def test_a_poller_that_was_away_for_long_and_asks_for_all_at_once(sandbox: Driver) -> None:
    poller = poller_of(sandbox, writeback.AsksForAllAtOnce)
    lived_through(sandbox, poller, seed=1, polls=3)
    sandbox.send("Nobody polls.")
    sandbox.wall.advance(9 * 24 * HOUR)
    poller.poll()
    found = audited(sandbox)
    assert causes(found) == {"over_a_week"}
    assert kinds(found) == {"over_a_week", "never_seen"}


@pytest.mark.parametrize("seed", FEW_SEEDS)
def test_a_poller_that_begins_where_it_ended_is_shown_results_twice(sandbox: Driver, seed: int) -> None:
    lived_through(sandbox, poller_of(sandbox, writeback.BeginsWhereItEnded), seed=seed, polls=24)
    assert kinds(audited(sandbox)) == {"seen_twice"}


def test_a_poller_that_reads_the_last_day_again_and_again(sandbox: Driver) -> None:
    sandbox.delivery("immediate")
    poller = poller_of(sandbox, writeback.ReadsTheLastDayAgainAndAgain)
    for _ in range(12):
        sandbox.send("Your results are in.")
        sandbox.wall.advance(900.5)
        poller.poll()
    assert kinds(audited(sandbox)) == {"overlap"}


@pytest.mark.parametrize("seed", FEW_SEEDS)
def test_a_poller_that_reads_each_result_once_never_learns_of_late_statuses(sandbox: Driver, seed: int) -> None:
    lived_through(sandbox, poller_of(sandbox, writeback.ReadsEachResultOnce), seed=seed)
    assert kinds(audited(sandbox)) == {"seen_unsettled"}


DIALOGTECH: dict[type[dialogtech.DialogTechPoller], str] = {
    dialogtech.ReadsTodayOnly: "midnight_cut",
    dialogtech.CountsDaysInChicago: "local_time",
    dialogtech.SwapsDayAndMonth: "day_month_swapped",
}


@pytest.mark.parametrize("kind", DIALOGTECH, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("seed", FEW_SEEDS)
def test_the_flaw_of_a_poller_of_days_is_named(
    sandbox: Driver, kind: type[dialogtech.DialogTechPoller], seed: int
) -> None:
    poller = dialogtech_poller_of(sandbox, kind)
    lived_through(sandbox, poller, seed=seed, polls=40, every=HOUR, tracking_number=TRACKING_NUMBER)
    assert causes(audited(sandbox)) == {DIALOGTECH[kind]}


def test_an_audit_says_what_was_asked_and_what_is_to_be_changed(sandbox: Driver) -> None:
    poller = poller_of(sandbox, writeback.LeavesAMinuteOut)
    poller.poll()
    sandbox.wall.advance(60)
    poller.poll()
    sandbox.wall.advance(30)
    lost = sandbox.send("Nobody reads this.")["id"]
    sandbox.wall.advance(60)
    poller.poll()
    before, after = (each["id"] for each in sandbox.control("GET", "/journal")["items"])
    evidence = {
        "detail": "no range covers 2026-05-06T09:01:00.000Z to 2026-05-06T09:01:59.000Z; results in it: 1",
        "exchanges": [before, after],
        "windows": [
            {"start": "2026-05-06 09:00:00", "end": "2026-05-06 09:00:59", "at": "2026-05-06T09:01:00.000Z"},
            {"start": "2026-05-06 09:01:59", "end": "2026-05-06 09:02:29", "at": "2026-05-06T09:02:30.000Z"},
        ],
        "messages": [lost],
    }
    shared = {"level": "error", "count": 1, "messages": [lost], "messages_count": 1, "evidence": [evidence]}
    assert audited(sandbox) == {
        "operation": "writeback.responses",
        "console": CONSOLE,
        "account": None,
        "number": None,
        "calls": 2,
        "read": 2,
        "first_at": "2026-05-06T09:01:00.000Z",
        "last_at": "2026-05-06T09:02:30.000Z",
        "results": 0,
        "calls_per_result": None,
        "delay": None,
        "status_delay": None,
        "findings": [
            {
                **shared,
                "kind": "gap",
                "cause": None,
                "meaning": "Between two ranges there is time that no range covers: what comes there is read by nobody.",
                "advice": "Begin each range where the last one that was read ended, and move on only when an answer has"
                " arrived whole.",
            },
            {
                **shared,
                "kind": "never_seen",
                "cause": "gap",
                "meaning": "Results were there, in time that the client has passed, and no answer ever showed them"
                " to it.",
                "advice": "Mend the ranges as the other findings say; then read the time once more in which these"
                " results lie.",
            },
        ],
    }


def test_an_audit_says_how_soon_and_at_what_cost_a_poller_learns(sandbox: Driver) -> None:
    sandbox.delivery("timed", sent_after=1, settled_after=90)
    poller = poller_of(sandbox, writeback.WritebackPoller)
    for wait in (50, 20):
        sandbox.wall.advance(60 - wait)
        poller.poll()
        sandbox.send("Your results are in.")
        sandbox.wall.advance(wait)
    for _ in range(3):
        poller.poll()
        sandbox.wall.advance(60)
    found = audited(sandbox)
    assert (found["calls"], found["results"], found["calls_per_result"]) == (5, 2, 2.5)
    assert found["delay"] == {"p50": 20.0, "p99": 90.0}
    assert found["status_delay"] == {"p50": 0.0, "p99": 50.0}


def test_a_status_that_was_called_back_is_known(sandbox: Driver) -> None:
    url = sandbox.control("PUT", "/sinks/mine", {})["url"]
    sandbox.delivery("timed", sent_after=1, settled_after=3600)
    poller = poller_of(sandbox, writeback.ReadsEachResultOnce)
    sandbox.submit(callback=url)
    for _ in range(6):
        sandbox.wall.advance(900.5)
        poller.poll()
        sandbox.control("POST", "/clock", {"action": "advance", "seconds": 0, "settle": 5})
    assert audited(sandbox)["findings"] == []


def test_a_status_that_was_asked_for_alone_is_known(sandbox: Driver) -> None:
    sandbox.delivery("timed", sent_after=1, settled_after=3600)
    poller = poller_of(sandbox, writeback.ReadsEachResultOnce)
    sid = sandbox.sid()
    for _ in range(6):
        sandbox.wall.advance(900.5)
        poller.poll()
    assert kinds(audited(sandbox)) == {"seen_unsettled"}
    sandbox.details(sid)
    assert audited(sandbox)["findings"] == []


def test_a_workspace_that_nobody_polls_has_no_pollers(sandbox: Driver) -> None:
    sandbox.submit()
    assert sandbox.control("GET", "/pollers") == {"items": [], "next": None}


def test_what_was_read_before_a_restore_is_not_judged(sandbox: Driver) -> None:
    sandbox.control("PUT", "/snapshots/before")
    lived_through(sandbox, poller_of(sandbox, writeback.LeavesAMinuteOut), seed=1)
    sandbox.control("POST", "/snapshots/before/restore")
    sandbox.records()
    assert audited(sandbox)["findings"] == []
