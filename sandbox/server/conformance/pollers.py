"""What is wrong with one client that reads by date range, and how soon and at what cost does it learn of things?"""

from collections.abc import Sequence
from math import ceil
from typing import NamedTuple

from sandbox.clock import SECOND, rfc3339
from sandbox.server.conformance import clocks, results, windows
from sandbox.server.conformance.evidence import Evidence, PollerMistake
from sandbox.server.conformance.history import ReadHistory
from sandbox.server.conformance.poller_kinds import FUTURE, KINDS, LOCAL_TIME
from sandbox.server.conformance.polls import Poll, Reader
from sandbox.world.ids import message_id

MOST_LISTED = 5
"""Pieces of evidence that a finding lists; it counts them all."""
MOST_RESULTS = 20
MEDIAN, NEARLY_ALL = 0.5, 0.99


class Delay(NamedTuple):
    """In seconds."""

    p50: float
    p99: float


class PollerAudit(NamedTuple):
    """What is said of a reader. `account`: its name."""

    reader: Reader
    account: str | None
    polls: Sequence[Poll]
    results: int
    calls_per_result: float | None
    delay: Delay | None
    status_delay: Delay | None
    findings: list[PollerMistake]


def audit(reader: Reader, account: str | None, history: ReadHistory, now: int) -> PollerAudit:
    """Return what is to be said of a reader at a time."""
    count = len(history.sights)
    return PollerAudit(
        reader=reader,
        account=account,
        polls=history.polls,
        results=count,
        calls_per_result=results.calls_per_result(history.polls, count),
        delay=delay_of(results.delays_of_results(history)),
        status_delay=delay_of(results.delays_of_statuses(history)),
        findings=findings_of(history, now),
    )


def has_local_time(audited: PollerAudit) -> bool:
    """Return whether the ranges follow the clock of another zone."""
    return any(each.kind is LOCAL_TIME for each in audited.findings)


def findings_of(history: ReadHistory, now: int) -> list[PollerMistake]:
    """Return all, causes before what they cause."""
    swapped = clocks.day_month_swapped(history.read, history.polls)
    of_clock = swapped or clocks.local_time(history.read, history.polls)
    too_long = windows.over_a_week(history)
    left_out = _merged_future(windows.left_out(history), windows.begun_in_future(history.polls))
    _explain([*too_long, *left_out], of_clock)
    never_read = results.never_read(history, [*too_long, *left_out])
    _explain(never_read, [*of_clock, *_by_loss([*too_long, *left_out])])
    others = results.read_unsettled(history, now) + results.read_twice(history) + results.overlap(history)
    if of_clock and of_clock[0].kind is not LOCAL_TIME:
        _explain(others, of_clock)
    every = [*of_clock, *too_long, *left_out, *never_read, *others]
    return sorted(every, key=lambda each: KINDS.index(each.kind))


def _merged_future(left_out: list[PollerMistake], in_future: list[PollerMistake]) -> list[PollerMistake]:
    """Make one finding of those that tell of the future."""
    known = [each for each in left_out if each.kind is FUTURE]
    if known and in_future:
        known[0].evidence += in_future[0].evidence
        return left_out
    return left_out + in_future


def _by_loss(findings: list[PollerMistake]) -> list[PollerMistake]:
    """Return them, the one by which the most results were lost first."""
    return sorted(findings, key=lambda each: -len(each.results))


def _explain(findings: list[PollerMistake], causes: Sequence[PollerMistake]) -> None:
    for each in findings:
        each.cause = causes[0].kind if causes else None


def delay_of(delays: list[int]) -> Delay | None:
    """Return the median and the 99th percentile, by the nearest rank."""
    if not delays:
        return None
    ordered = sorted(delays)
    p50, p99 = (ordered[ceil(part * len(ordered)) - 1] / SECOND for part in (MEDIAN, NEARLY_ALL))
    return Delay(p50, p99)


# As the control API shows it ------------------------------------------------------------------------------------------


def poller_body(audited: PollerAudit) -> dict[str, object]:
    """Return an audit as `Poller` of the wire models has it."""
    reader, polls = audited.reader, audited.polls
    return {
        "operation": reader.operation,
        "console": reader.console,
        "account": audited.account,
        "number": reader.number,
        "calls": len(polls),
        "read": sum(poll.is_read for poll in polls),
        "first_at": rfc3339(polls[0].at),
        "last_at": rfc3339(polls[-1].at),
        "results": audited.results,
        "calls_per_result": audited.calls_per_result,
        "delay": audited.delay and audited.delay._asdict(),
        "status_delay": audited.status_delay and audited.status_delay._asdict(),
        "findings": [_finding_body(each) for each in audited.findings],
    }


def _finding_body(each: PollerMistake) -> dict[str, object]:
    messages = each.results
    return {
        "kind": each.kind.word,
        "level": each.level,
        "cause": each.cause and each.cause.word,
        "meaning": each.kind.meaning,
        "advice": each.kind.advice,
        "count": len(each.evidence),
        "messages": [message_id(result.id) for result in messages[:MOST_RESULTS]],
        "messages_count": len(messages),
        "evidence": [_evidence_body(evidence) for evidence in each.evidence[:MOST_LISTED]],
    }


def _evidence_body(evidence: Evidence) -> dict[str, object]:
    return {
        "detail": evidence.detail,
        "exchanges": [poll.id for poll in evidence.polls],
        "windows": [
            {"start": poll.words.start, "end": poll.words.end, "at": rfc3339(poll.at)}
            for poll in evidence.polls
            if poll.words is not None
        ],
        "messages": [message_id(result.id) for result in evidence.results[:MOST_RESULTS]],
    }
