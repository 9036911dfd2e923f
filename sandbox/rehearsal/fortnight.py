"""What happens when, in the fourteen days of a rehearsal? The seed, the first day and the accounts' zones decide it."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from dialog_sandbox.models.values import Outcome
from sandbox.rehearsal.days import CHANGING_ZONES, DAY, clock_changes
from sandbox.rehearsal.people import PHONES, REMOVED, TALKATIVE
from sandbox.rehearsal.place import SUBMIT, RehearsalPlace
from sandbox.rehearsal.steps import (
    BroadcastStep,
    LiveStep,
    PhoneText,
    RehearsalStep,
    Scene,
    StaffText,
    TroubleOfReads,
)
from sandbox.rehearsal.texts import ANSWERS, ODD, ORDINARY

HOUR, MINUTE, SECOND = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)
TEXTS_A_DAY = 20
USUAL_SETTLING_S = 3.0
DETAILS, OPTOUT = "simplepay.messages", "simplepay.optout"
Steps = Iterator[RehearsalStep]


def fortnight(begin: datetime, *, days: int, seed: int, zones: Sequence[str] = ()) -> list[RehearsalStep]:
    """Return all that happens in the first so many days, in order. `zones`: those of the accounts."""
    steps: list[RehearsalStep] = []
    for n, day_of_its_own in enumerate(DAYS[:days]):
        at = n * DAY
        if day_of_its_own is not quiet_day:
            steps += ordinary(at, Random(f"{seed}:{n}"))
            steps += around_midnight(at, begin + at, zones)
        steps += day_of_its_own(at)
        if clock_changes(begin + at, (*CHANGING_ZONES, *zones)):
            steps += through_the_night(at)
    return sorted(steps, key=lambda step: step.at)


# Every day ------------------------------------------------------------------------------------------------------------


def ordinary(at: timedelta, chance: Random) -> Steps:
    """Staff text, and phones answer some minutes later."""
    for n in range(TEXTS_A_DAY):
        sent = at + 12 * HOUR + chance.uniform(0, 11 * 60) * MINUTE
        phone = chance.choice(PHONES)
        by_number = n % 3 == 0
        yield StaffText(at=sent, to=phone, text=chance.choice(ORDINARY), by_number=by_number)
        if n % 4 == 0:
            answered = sent + chance.uniform(1, 20) * MINUTE
            yield PhoneText(at=answered, phone=phone, text=chance.choice(ANSWERS), to_number=by_number)


def around_midnight(at: timedelta, day: datetime, zones: Sequence[str]) -> Steps:
    """Something comes in the last seconds of the day and the first of the next, in UTC and where accounts are."""
    for ends in dict.fromkeys((at + DAY, *(at + _local_midnight(day, zone) for zone in zones))):
        for by_number in (False, True):
            for sent, text in ((ends - 2 * SECOND, "The last one today."), (ends + 3 * SECOND, "The first one today.")):
                yield StaffText(at=sent, to=PHONES[0], text=text, by_number=by_number)


def _local_midnight(day: datetime, zone: str) -> timedelta:
    """Return when a zone's midnight comes after that of a day in UTC."""
    local = day.astimezone(ZoneInfo(zone))
    date = local.date() if local.hour == local.minute == local.second == 0 else local.date() + DAY
    return datetime(date.year, date.month, date.day, tzinfo=ZoneInfo(zone)).astimezone(UTC) - day


def through_the_night(at: timedelta) -> Steps:
    """So that the hour which is skipped, or comes twice, is not empty."""
    for n in range(24):
        sent = at + n * 30 * MINUTE + 7 * MINUTE
        yield StaffText(
            at=sent, to=PHONES[n % 4], text=f"Night call {n}", by_number=n % 2 == 1, tries="texts while clocks change"
        )


# From now on ----------------------------------------------------------------------------------------------------------


def settling(
    at: timedelta, seconds: float = USUAL_SETTLING_S, outcome: Outcome = "delivered", *, tries: str = ""
) -> LiveStep:
    """Return the step from which on messages settle so much later, and so."""
    arguments = {"seconds": seconds, "outcome": outcome}
    return LiveStep(at=at, tries=tries, method=RehearsalPlace.settle_after, arguments=arguments)


def callbacks(at: timedelta, tries: str = "", **profile: Any) -> LiveStep:
    """Return the step from which on callbacks misbehave so; as the control API has it."""
    return LiveStep(at=at, tries=tries, method=RehearsalPlace.change_callbacks, arguments=profile)


# Scenes ---------------------------------------------------------------------------------------------------------------


def trouble_of_calls(at: timedelta, tries: str, operation: str = SUBMIT, **effect: Any) -> Scene:
    """Return the scene in which calls go wrong until the client has got one through."""
    arguments = {"operation": operation, "effect": effect}
    return Scene(at=at, tries=tries, operation=operation, method=RehearsalPlace.spoil, arguments=arguments)


# Each day once --------------------------------------------------------------------------------------------------------


def odd_texts(at: timedelta) -> Steps:
    """From both lines, and back."""
    for n, text in enumerate(ODD.values()):
        sent = at + 20 * HOUR + n * 7 * MINUTE
        for by_number in (False, True):
            yield StaffText(at=sent, to=PHONES[0], text=text, by_number=by_number, tries="odd texts")
            yield PhoneText(at=sent + MINUTE, phone=PHONES[1], text=text, to_number=by_number, tries="odd texts")
    yield BroadcastStep(at=at + 11 * HOUR, name="Cuts & <bruises>", text=ODD["emoji"], to=PHONES[:4], tries="odd texts")


def outage(at: timedelta) -> Steps:
    yield TroubleOfReads(
        at=at + 9 * HOUR, lasts=2 * HOUR, effects=({"status": 503},), tries="503 to all reads for two hours"
    )
    yield trouble_of_calls(at + 18 * HOUR, "503 to submits", status=503, times=3)
    yield trouble_of_calls(at + 21 * HOUR, "503 to message details", DETAILS, status=503, times=2)


def burst(at: timedelta) -> Steps:
    """A broadcast to all, whom six answer in the same second."""
    sent = at + 15 * HOUR
    yield BroadcastStep(at=sent, name="Flu shots", campaign="Prevention", text="Flu shots on Friday.", to=PHONES)
    for phone in TALKATIVE:
        yield PhoneText(at=sent + 5 * MINUTE, phone=phone, text="Yes, please.", tries="replies in the same second")
    yield trouble_of_calls(at + 19 * HOUR, "401 to a submit", status=401, times=1)


def stop_and_late_statuses(at: timedelta) -> Steps:
    yield settling(at + 9 * HOUR, 40 * 60, tries="statuses 40 minutes late")
    yield Scene(at=at + 17 * HOUR, tries="STOP of a phone that you text", method=RehearsalPlace.opt_out)
    yield settling(at + 15 * HOUR)


def rate_limits(at: timedelta) -> Steps:
    limit = {"requests": 0, "seconds": 30}
    yield TroubleOfReads(
        at=at + 9 * HOUR, lasts=6 * HOUR, effects=({"rate_limit": limit, "times": 2},), tries="429 to reads"
    )
    yield trouble_of_calls(at + 18 * HOUR, "429 to submits", rate_limit={"requests": 0, "seconds": 5}, times=1)
    yield trouble_of_calls(at + 21 * HOUR, "503 to opt-outs", OPTOUT, status=503, times=2)


def broken_connections(at: timedelta) -> Steps:
    effects = ({"reset": True, "times": 2}, {"truncate": 40, "times": 2}, {"close": True, "times": 1})
    yield TroubleOfReads(
        at=at + 9 * HOUR, lasts=6 * HOUR, effects=effects, tries="resets and truncated answers to reads"
    )
    yield trouble_of_calls(at + 18 * HOUR, "a reset of a submit", reset=True, times=1)


def quiet_day(at: timedelta) -> Steps:
    yield StaffText(at=at + 23 * HOUR, to=PHONES[0], text="It was a quiet day.", tries="nothing all day: []")


def callbacks_and_unknown(at: timedelta) -> Steps:
    tries = "callbacks twice, late, in another order, contradicting"
    yield callbacks(at + 2 * HOUR, tries, duplicate=0.5, reorder=0.2, contradict=0.6, delay=90, seed=1)
    yield settling(at + 13 * HOUR, 60, "unknown", tries="messages that end UNKNOWN")
    yield settling(at + 18 * HOUR)
    lost = "a sid that is not known any more: UNKNOWN"
    yield Scene(at=at + 20 * HOUR, tries=lost, method=RehearsalPlace.lose_a_message)
    yield callbacks(at + 23 * HOUR, duplicate=0.1, seed=2)


def slow_answers(at: timedelta) -> Steps:
    effects = (
        {"latency_ms": 1500, "times": 2},
        {"timeout": 3, "times": 1},
        {"drip": {"bytes": 400, "ms": 20}, "times": 1},
    )
    yield TroubleOfReads(at=at + 9 * HOUR, lasts=6 * HOUR, effects=effects, tries="slow answers to reads, and one none")
    yield trouble_of_calls(at + 18 * HOUR, "a slow answer to a submit", latency_ms=1500, times=1)


def staff_opt_out_and_later_statuses(at: timedelta) -> Steps:
    started = "START of a phone that had texted STOP"
    yield LiveStep(at=at + 2 * HOUR, tries=started, method=RehearsalPlace.opt_in_again)
    yield settling(at + 9 * HOUR, 2 * DAY.total_seconds(), tries="statuses two days late")
    yield settling(at + 16 * HOUR)
    by_staff = "staff opt out a phone that you text"
    yield Scene(at=at + 17 * HOUR, tries=by_staff, method=RehearsalPlace.opt_out, arguments={"by_staff": True})


def malformed_answers(at: timedelta) -> Steps:
    effects = ({"malformed": True, "times": 2},)
    yield TroubleOfReads(at=at + 9 * HOUR, lasts=6 * HOUR, effects=effects, tries="answers that are no JSON or XML")
    yield LiveStep(
        at=at + 16 * HOUR,
        tries="'failed' with HTTP 200 from DialogTech",
        method=RehearsalPlace.add_fault,
        arguments={"operation": "dialogtech.*", "status": 200, "times": 1, "expires_in": 6 * HOUR},
    )
    yield trouble_of_calls(at + 23 * HOUR, "a malformed answer to a submit", malformed=True, times=1)


def long_outage(at: timedelta) -> Steps:
    yield TroubleOfReads(
        at=at + 6 * HOUR, lasts=12 * HOUR, effects=({"status": 500},), tries="500 to all reads for half a day"
    )


def broken_submits(at: timedelta) -> Steps:
    yield callbacks(at + 2 * HOUR, "callbacks before the submit's answer", before_response=0.5, duplicate=0.2, seed=3)
    yield trouble_of_calls(at + 9 * HOUR, "a truncated answer to a submit", truncate=30, times=1)
    yield trouble_of_calls(at + 15 * HOUR, "400 to a submit", status=400, times=1)


def last_day(at: timedelta) -> Steps:
    """Odd texts again: the report looks for them in the newest answers."""
    yield from odd_texts(at)
    yield StaffText(at=at + 21 * HOUR, to=REMOVED, text="We have moved.")
    removed = "a text to a person who was removed"
    yield LiveStep(
        at=at + 21 * HOUR + SECOND, tries=removed, method=RehearsalPlace.remove_unknown, arguments={"phone": REMOVED}
    )
    yield BroadcastStep(at=at + 8 * HOUR, name="Survey", text="How was your visit? Answer 1 to 5.", to=PHONES)


DAYS: tuple[Callable[[timedelta], Steps], ...] = (
    odd_texts,
    outage,
    burst,
    stop_and_late_statuses,
    rate_limits,
    broken_connections,
    quiet_day,
    callbacks_and_unknown,
    slow_answers,
    staff_opt_out_and_later_statuses,
    malformed_answers,
    long_outage,
    broken_submits,
    last_day,
)
"""What each day has of its own. What goes wrong with reads is over before anything goes wrong with submits."""
