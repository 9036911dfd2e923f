"""What becomes of a message, by the policy of its workspace, of single numbers, and of the fictional handsets?

Rules NET-flow, NET-consent and NET-handsets. The plan is fixed when a message is accepted.
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from sandbox.clock import HOUR, MINUTE, SECOND
from sandbox.store import WorkspaceView
from sandbox.world.statuses import DELIVERED, REJECTED, UNDELIVERED, UNKNOWN, Plan

IMMEDIATE = "immediate"
TIMED = "timed"
MANUAL = "manual"
READS = "reads"

SENT_AFTER = 1 * SECOND
SETTLED_AFTER = 3 * SECOND
"""Also when what must settle by itself does so under `manual`."""
REPLY_AFTER = 2 * SECOND
"""How long after its delivery a handset answers a message."""
LATELY = 1 * MINUTE
"""In which messages count for a handset that takes only so many."""


class Policy(NamedTuple):
    """How messages fare.

    `sent_after`, `settled_after`: in mode `timed` in ms since acceptance; in mode `reads` how often a vendor API shows
    the message before.
    """

    mode: str = TIMED
    sent_after: int = SENT_AFTER
    settled_after: int = SETTLED_AFTER
    outcome: str = DELIVERED

    @property
    def delays(self) -> tuple[int, int] | None:
        """Until it is sent and until it is settled; None when neither comes by itself, or not by time."""
        if self.mode == MANUAL or (self.mode == READS and self.settled_after):
            return None
        return (self.sent_after, self.settled_after) if self.mode == TIMED else (0, 0)


class Handset(NamedTuple):
    """A phone with behaviour of its own.

    `outcome`: null is the policy's. `settled_after`: in ms, null is the policy's. `reason`: of the outcome, null is the
    summary. `reply`: what it texts back. `most_lately`: from one line in a minute, what is beyond is rejected.
    """

    summary: str
    outcome: str | None = None
    settled_after: int | None = None
    reason: str | None = None
    stays_queued: bool = False
    reply: str | None = None
    most_lately: int | None = None
    is_opted_out: bool = False
    is_invalid: bool = False
    is_landline: bool = False


HANDSETS: dict[str, Handset] = {
    "50": Handset("rejected", REJECTED),
    "51": Handset("undelivered", UNDELIVERED),
    "52": Handset("stays queued", stays_queued=True),
    "53": Handset("ends unknown", UNKNOWN),
    "54": Handset("delivered after 60 s", DELIVERED, 60 * SECOND),
    "55": Handset("filtered by the carrier: rejected, reason filtered", REJECTED, reason="filtered"),
    "56": Handset("rejected from the fourth message within a minute", most_lately=3),
    "57": Handset("opted out from the first", is_opted_out=True),
    "58": Handset("no receipt: unknown after 72 h", UNKNOWN, 72 * HOUR),
    "60": Handset("replies STOP 2 s after delivery", reply="STOP"),
    "61": Handset("replies Thank you! 2 s after delivery", reply="Thank you!"),
    "62": Handset("replies YES 2 s after delivery", reply="YES"),
    "63": Handset("replies HELP 2 s after delivery", reply="HELP"),
    "70": Handset("SimplePay refuses it: Msisdn is invalid", is_invalid=True),
    "71": Handset("a landline: rejected, carrier Unknown", REJECTED, is_landline=True),
}
"""By the last two digits of `NPA-555-01xx`."""
EVERY_OTHER = "delivered by the workspace's policy"

Numbers = Mapping[str, Policy | Handset]
"""By phone: what `PUT delivery` gave to single ones."""


@lru_cache(maxsize=128)
def numbers_of(stored: str | None) -> Numbers:
    """Return what the JSON in a workspace's row says."""
    given: dict[str, Any] = json.loads(stored) if stored else {}
    return {phone: HANDSETS[how["handset"]] if "handset" in how else Policy(**how) for phone, how in given.items()}


def policy_of(mode: str, sent_after: float, settled_after: float, outcome: str) -> Policy:
    """Return the policy of what was given in seconds, or in reads."""
    unit = 1 if mode == READS else SECOND
    return Policy(mode, round(sent_after * unit), round(settled_after * unit), outcome)


def stored(policy: Policy, numbers: Mapping[str, Policy | str]) -> dict[str, Any]:
    """Return the columns of a workspace's row. Of a number, text is the last two digits of the handset it is like."""
    kept = {phone: {"handset": how} if isinstance(how, str) else how._asdict() for phone, how in numbers.items()}
    return {
        "delivery_mode": policy.mode,
        "sent_after": policy.sent_after,
        "settled_after": policy.settled_after,
        "outcome": policy.outcome,
        "numbers": json.dumps(kept) if kept else None,
    } | _counting(policy, numbers)


def _counting(policy: Policy, numbers: Mapping[str, Policy | str]) -> dict[str, Any]:
    """Return the column that a policy of reads sets, for good: what it has accepted outlives it."""
    modes = {policy.mode, *(each.mode for each in numbers.values() if isinstance(each, Policy))}
    return {"counts_reads": True} if READS in modes else {}


def behaviour_of(workspace: WorkspaceView, phone: str) -> Policy | Handset | None:
    """Return how this phone differs from others: as it was given, else as its fictional number says."""
    if workspace.numbers is not None and (given := numbers_of(workspace.numbers).get(phone)):
        return given
    if phone[4:9] == "55501" and len(phone) == 11 and phone[0] == "1":
        return HANDSETS.get(phone[9:])
    return None


def handset_of(workspace: WorkspaceView, phone: str) -> Handset | None:
    """Return the phone's behaviour, if it has one beyond a policy."""
    behaviour = behaviour_of(workspace, phone)
    return behaviour if isinstance(behaviour, Handset) else None


def plan_for(workspace: WorkspaceView, phone: str, at: int, *, is_barred: bool, is_one_too_many: bool = False) -> Plan:
    """Return what becomes of a message accepted at `at`.

    `is_barred`: the phone is opted out. `is_one_too_many`: its handset has had all that it takes in a minute.
    """
    behaviour = behaviour_of(workspace, phone)
    policy = behaviour if isinstance(behaviour, Policy) else _policy_of(workspace)
    if is_barred:
        _, settled_after = policy.delays or (SENT_AFTER, SETTLED_AFTER)
        return Plan(None, at + settled_after, REJECTED, "consent", "the phone is opted out of this line")
    if isinstance(behaviour, Handset) and is_one_too_many:
        return _handset_plan(behaviour._replace(outcome=REJECTED), policy, at)
    if isinstance(behaviour, Handset) and (behaviour.outcome or behaviour.stays_queued):
        return _handset_plan(behaviour, policy, at)
    reason = None if policy.outcome == DELIVERED else "the delivery policy"
    if policy.mode == READS and policy.settled_after:
        sent_at = None if policy.sent_after else at
        return Plan(sent_at, None, policy.outcome, READS, reason, policy.sent_after or None, policy.settled_after)
    if policy.delays is None:
        return Plan(None, None, None, policy.mode)
    sent_after, settled_after = policy.delays
    return Plan(at + sent_after, at + settled_after, policy.outcome, policy.mode, reason)


def _handset_plan(handset: Handset, policy: Policy, at: int) -> Plan:
    """Return a plan that settles under `manual` too. What a network rejects it never sends."""
    reason = handset.reason or f"the handset: {handset.summary}"
    if handset.stays_queued:
        return Plan(None, None, None, "handset", reason)
    sent_after, settled_after = policy.delays or (SENT_AFTER, SETTLED_AFTER)
    settled_at = at + (settled_after if handset.settled_after is None else handset.settled_after)
    sent_at = None if handset.outcome == REJECTED else at + min(sent_after, settled_at - at)
    return Plan(sent_at, settled_at, handset.outcome, "handset", reason)


def _policy_of(workspace: WorkspaceView) -> Policy:
    return Policy(workspace.delivery_mode, workspace.sent_after, workspace.settled_after, workspace.outcome)
