"""What did a client do next, after what befell it? Judged from its later calls."""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, takewhile
from statistics import median
from typing import NamedTuple

from sandbox.clock import HOUR, MINUTE, SECOND
from sandbox.server.conformance.calls import CallRow
from sandbox.server.conformance.situations import (
    ACCEPTED,
    FAILED_WITH_200,
    NO_ACCESS,
    RATE_LIMITED,
    REFUSED_CALL,
    SAME_AGAIN,
    SLOW,
    Situation,
    situation_of,
)

RETRIED, WENT_ON, LEFT_OPEN, UNDECIDED = "retried", "went_on", "left_open", "undecided"
GAVE_UP, STOPPED, HAMMERED, REPEATED, DOUBLE_SENT = "gave_up", "stopped", "hammered", "repeated", "double_sent"
KEPT_SENDING, CALLBACKS_REFUSED, ONCE = "kept_sending", "callbacks_refused", "once"

MEANINGS = {
    RETRIED: "called again, after a while",
    ONCE: "sent once",
    WENT_ON: "went on",
    LEFT_OPEN: "did not send again what may have been sent",
    UNDECIDED: "not to be seen: nothing came after it",
    GAVE_UP: "gave up: it was never called again",
    STOPPED: "stopped: it never called again",
    HAMMERED: "called again at once, and again, or before Retry-After was over",
    REPEATED: "repeated what was refused, as it was",
    DOUBLE_SENT: "sent it twice",
    KEPT_SENDING: "went on sending to the phone",
    CALLBACKS_REFUSED: "answered with other than a 2xx, or not at all",
}
BAD = frozenset((GAVE_UP, STOPPED, HAMMERED, REPEATED, DOUBLE_SENT, KEPT_SENDING, CALLBACKS_REFUSED))

SAME_WITHIN = HOUR
"""Later than that, the same text to the same phone is another message."""
TWICE_WITHIN = MINUTE
IMMEDIATE_MS = SECOND
COUNTS_AS_LONGER = SECOND / 10
"""From this wait on, one that is half as long again is a wait that grows."""
OVER_AFTER = MINUTE
"""How long after a call it is over what the client does about it, if nobody calls any more."""
ENOUGH_TRIES, ENOUGH_FOR = 5, 30 * SECOND
"""After so many calls over so long, who gives up has not given up too soon."""
MANY = 10
"""Calls about the same at once, which are too many."""
MOST_PAUSES = 3
"""Of its usual ones, after which a poller that does not call has stopped."""
FEWEST_POLLS = 3
"""From which its usual pause is known."""

Subject = tuple[object, ...]


class Step(NamedTuple):
    """One call, as far as it is judged what came after it. `made`: whether it made a message, if it was to."""

    n: int
    id: str
    at: int
    wall: int
    situation: Situation | None
    is_sending: bool
    is_read: bool
    made: bool
    retry_after: int

    def until(self, other: "Step") -> int:
        """Return how long it was to another, by the clock that went further: a test's client may wait by either."""
        return max(other.at - self.at, other.wall - self.wall)


@dataclass(frozen=True, slots=True)
class Reaction:
    """What was done next. `exchanges`: the call that it is about, and those that show it. `is_note`: tolerated."""

    situation: Situation
    word: str
    exchanges: tuple[str, ...]
    is_note: bool = False


class Steps:
    """All calls of a workspace, by what they are about."""

    def __init__(self, range_reads: frozenset[str]) -> None:
        self._range_reads = range_reads
        self.by_subject: dict[Subject, list[Step]] = defaultdict(list)
        self.count = 0
        self.last_at = 0

    def take_in(self, call: CallRow) -> None:
        """Take the next call; what was before the clock was set back is no longer judged."""
        if call.at < self.last_at:
            self.by_subject.clear()
        self.last_at = call.at
        if call.operation is None:
            return
        is_read = call.operation in self._range_reads
        step = Step(
            n=self.count,
            id=call.id,
            at=call.at,
            wall=call.wall,
            situation=situation_of(call, is_read=is_read),
            is_sending=call.call_text is not None,
            is_read=is_read,
            made=call.call_text is not None and bool(call.messages),
            retry_after=_retry_after(call),
        )
        self.count += 1
        self.by_subject[_subject_of(call, is_read=is_read)].append(step)


def _subject_of(call: CallRow, *, is_read: bool) -> Subject:
    """Return what a call is about: the same again is a retry."""
    if is_read:
        return (call.operation, call.call_console, call.call_account, call.call_number)
    if call.call_text is not None:
        return (call.operation, call.call_console, call.call_to, call.call_text)
    return (call.operation, call.method, call.path, call.query, call.request_body)


def _retry_after(call: CallRow) -> int:
    """Return how long the answer of a 429 says to wait, in ms."""
    if call.status != 429:
        return 0
    values = [value for name, value in json.loads(call.response_headers) if name.lower() == "retry-after"]
    return int(values[0]) * SECOND if values and values[0].isdigit() else 0


def reactions_of(steps: Steps, now: int, active_until: int) -> Iterator[Reaction]:
    """Yield what was done next, after each call that came upon something.

    `active_until`: when the last message came: the run was not over before.
    """
    active_until = max(active_until, steps.last_at)
    for same in steps.by_subject.values():
        yield from _same_again(same)
        pause = _usual_pause(same)
        for n, step in enumerate(same):
            if step.situation is None:
                continue
            later = same[n + 1 :] if len(same) - n < 50 else same[n + 1 : n + 50]
            before = same[n - 1] if n else None
            yield _reaction(step, later, before) or _when_nothing_came(
                step,
                is_over=step.n < steps.count - 1 or now - step.at >= OVER_AFTER,
                has_persisted=_has_persisted(same[: n + 1]),
                has_stopped=_has_stopped(same, step, pause, active_until),
            )


def _same_again(same: Sequence[Step]) -> Iterator[Reaction]:
    """Yield, as a note, the calls about the same of which so many came at once, each time that they did."""
    run: list[Step] = []
    for step in same:
        if run and run[-1].until(step) >= IMMEDIATE_MS:
            run.clear()
        run.append(step)
        if len(run) == MANY and not step.is_sending:
            yield Reaction(SAME_AGAIN, HAMMERED, tuple(each.id for each in run), is_note=True)


def _usual_pause(polls: Sequence[Step]) -> float | None:
    """Return how long a poller pauses; None where that is not known."""
    if len(polls) < FEWEST_POLLS or not polls[0].is_read:
        return None
    return median(after.at - before.at for before, after in pairwise(polls))


def _has_stopped(same: Sequence[Step], last: Step, pause: float | None, active_until: int) -> bool:
    """Return whether a poller calls no more while there is something to read, at what it has come upon first."""
    is_first = not any(each.situation is last.situation for each in same if each.n < last.n)
    return bool(pause) and is_first and active_until - last.at > MOST_PAUSES * (pause or 0)


def _reaction(step: Step, later: Sequence[Step], before: Step | None) -> Reaction | None:
    """Return what was done by a later call; None where none came."""
    assert step.situation is not None
    if step.is_sending:
        later = [each for each in later if step.until(each) <= SAME_WITHIN]
    if not later:
        return None
    word, count = _when_called_again(step, later, before)
    is_note = word == DOUBLE_SENT and step.situation is ACCEPTED
    return Reaction(step.situation, word, (step.id, *(each.id for each in later[:count])), is_note)


def _has_persisted(same: Sequence[Step]) -> bool:
    """Return whether the last of these calls was tried long enough."""
    failed = [*takewhile(lambda each: each.situation is not None and each.situation.is_temporary, reversed(same))]
    return len(failed) >= ENOUGH_TRIES and failed[-1].until(failed[0]) >= ENOUGH_FOR


def _when_nothing_came(step: Step, *, is_over: bool, has_persisted: bool, has_stopped: bool) -> Reaction:
    assert step.situation is not None
    word = _without_another(step, is_over=is_over, has_persisted=has_persisted, has_stopped=has_stopped)
    return Reaction(step.situation, word, (step.id,))


def _without_another(step: Step, *, is_over: bool, has_persisted: bool, has_stopped: bool) -> str:
    situation = step.situation
    assert situation is not None
    if situation is ACCEPTED:
        return ONCE
    if step.is_read:
        return STOPPED if has_stopped else UNDECIDED
    if step.made:
        return LEFT_OPEN
    if not situation.is_temporary or has_persisted:
        return WENT_ON if is_over else UNDECIDED
    return GAVE_UP if is_over else UNDECIDED


def _when_called_again(step: Step, later: Sequence[Step], before: Step | None) -> tuple[str, int]:
    """Return what it was, and how many of the later calls show that."""
    situation = step.situation
    assert situation is not None
    twice = _made_twice(step, later)
    if twice:
        return DOUBLE_SENT, twice
    if situation is ACCEPTED:
        return ONCE, 0
    if situation in (REFUSED_CALL, NO_ACCESS, FAILED_WITH_200):
        return (REPEATED, 2) if _is_repeated(step, later) else (RETRIED, 1)
    if situation.is_temporary:
        is_first = before is None or before.situation is None or not before.situation.is_temporary
        calls = _calls_at_once(step, later) if is_first else 0
        return (HAMMERED, calls) if calls else (RETRIED, 1)
    return (RETRIED if situation is SLOW else WENT_ON), 1


def _made_twice(step: Step, later: Sequence[Step]) -> int:
    """Return up to which later call the message was made again; 0 if it was not."""
    if not step.made:
        return 0
    within = TWICE_WITHIN if step.situation is ACCEPTED else SAME_WITHIN
    return next((n for n, each in enumerate(later, 1) if each.made and step.until(each) <= within), 0)


def _is_repeated(step: Step, later: Sequence[Step]) -> bool:
    """Return whether the same was refused twice more."""
    return len(later) > 1 and all(each.situation is step.situation for each in later[:2])


def _calls_at_once(step: Step, later: Sequence[Step]) -> int:
    """Return how many later calls came too soon: before Retry-After was over, or at once and at once again."""
    if step.situation is RATE_LIMITED and step.until(later[0]) < step.retry_after - SECOND:
        return 1
    waits = []
    for one, other in pairwise((step, *later)):
        if one.situation is None or not one.situation.is_temporary:
            break
        waits.append(one.until(other))
    if len(waits) < 2 or max(waits[:2]) >= IMMEDIATE_MS:
        return 0
    is_growing = waits[1] >= max(1.5 * waits[0], COUNTS_AS_LONGER)
    return 0 if is_growing else 2
