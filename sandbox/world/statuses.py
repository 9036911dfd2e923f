"""Which statuses can a message take, one after the other, and what does a plan say of any moment?

queued -> sent -> delivered | undelivered | rejected | unknown, and queued -> rejected | unknown.
"""

from collections.abc import Sequence
from typing import NamedTuple

QUEUED = "queued"
SENT = "sent"
DELIVERED = "delivered"
UNDELIVERED = "undelivered"
REJECTED = "rejected"
UNKNOWN = "unknown"
RECEIVED = "received"
"""The status of an inbound message, for ever."""

FINAL = (DELIVERED, UNDELIVERED, REJECTED, UNKNOWN)
STATUSES = (QUEUED, SENT, *FINAL)
MOVES = {QUEUED: (SENT, REJECTED, UNKNOWN), SENT: FINAL, **dict.fromkeys(FINAL, ())}


class Entry(NamedTuple):
    """One line of a timeline."""

    status: str
    at: int
    cause: str
    reason: str | None = None
    forced: bool = False


class Plan(NamedTuple):
    """What becomes of a message, fixed when it is accepted. A time that is null does not come by itself.

    `reads_to_sent`, `reads_to_settled`: instead of times, how often a vendor API shows it before.
    """

    sent_at: int | None
    settled_at: int | None
    outcome: str | None
    cause: str
    reason: str | None = None
    reads_to_sent: int | None = None
    reads_to_settled: int | None = None


def status_at(now: int, sent_at: int | None, settled_at: int | None, outcome: str | None) -> str:
    """Return the status of an outbound message that has such a plan."""
    if outcome is not None and settled_at is not None and settled_at <= now:
        return outcome
    return SENT if sent_at is not None and sent_at <= now else QUEUED


def planned_entries(accepted_at: int, accepted_because: str, plan: Plan) -> list[Entry]:
    """Return the whole timeline of a plan, its future too."""
    entries = [Entry(QUEUED, accepted_at, accepted_because)]
    if plan.sent_at is not None:
        entries.append(Entry(SENT, plan.sent_at, plan.cause))
    if plan.settled_at is not None and plan.outcome is not None:
        entries.append(Entry(plan.outcome, plan.settled_at, plan.cause, plan.reason))
    return entries


def entries_by(entries: Sequence[Entry], at: int) -> int:
    """Return how many entries of a timeline have come about by then: the first has, since the message is there."""
    return max(1, sum(entry.at <= at for entry in entries))


def reachable(status: str) -> tuple[str, ...]:
    """Return every status that can still come after this one, directly or by way of others."""
    direct = MOVES[status]
    further = (later for step in direct for later in MOVES[step])
    return tuple(dict.fromkeys((*direct, *further)))


def steps_between(status: str, target: str) -> tuple[str, ...]:
    """Return the moves from `status` to `target`, that one included: from queued to delivered, sent and delivered."""
    if target in MOVES[status]:
        return (target,)
    return (SENT, target)


def plan_of(entries: Sequence[Entry]) -> Plan:
    """Return the plan that gives the last of these entries: both are kept, so that a read needs only the plan."""
    last = entries[-1]
    if last.status == QUEUED:
        return Plan(None, None, None, last.cause, last.reason)
    sent = [entry.at for entry in entries if entry.status == SENT]
    if last.status == SENT:
        return Plan(last.at, None, None, last.cause, last.reason)
    return Plan(sent[-1] if sent else None, last.at, last.status, last.cause, last.reason)
