"""What can be wrong with a client that reads by date range: the words, what each means, and what to do about it."""

from dataclasses import dataclass

from sandbox.vendors.base.refusal import ERROR, NOTE


@dataclass(frozen=True, slots=True)
class PollerKind:
    """`word`: fixed, for programs. `level`: error (results are or will be lost) or note (tolerated)."""

    word: str
    level: str
    meaning: str
    advice: str


LOCAL_TIME = PollerKind(
    "local_time",
    ERROR,
    "The ranges follow a clock that is a whole number of half hours away from the one that the API counts in.",
    "Make both ends from the time in UTC (or, for days, in the account's zone), not from local time.",
)
DAY_MONTH_SWAPPED = PollerKind(
    "day_month_swapped",
    ERROR,
    "The ranges are right once day and month are exchanged: MM/dd was read or written as dd/MM.",
    "Write year, month, day, in this order; outgoingMessageSentDate of an answer is MM/DD/YYYY.",
)
FUTURE = PollerKind(
    "future",
    ERROR,
    "Ranges reach into the future: nothing can be there yet, and what comes there later is read by nobody.",
    "End a range at the present moment at the latest, and begin the next one where this one ended.",
)
OVER_A_WEEK = PollerKind(
    "over_a_week",
    ERROR,
    "A range of more than a week was refused, and was not asked for again in parts.",
    "Ask for at most 7 days at a time, one part after the other, until the whole range is read.",
)
MIDNIGHT_CUT = PollerKind(
    "midnight_cut",
    ERROR,
    "Each range belongs to one day, and what came between the day's last read and its end is read by nobody.",
    "After midnight read the day before once more; or begin each range where the last one that was read ended.",
)
GAP = PollerKind(
    "gap",
    ERROR,
    "Between two ranges there is time that no range covers: what comes there is read by nobody.",
    "Begin each range where the last one that was read ended, and move on only when an answer has arrived whole.",
)
NEVER_READ = PollerKind(
    "never_seen",
    ERROR,
    "Results were there, in time that the client has passed, and no answer ever showed them to it.",
    "Mend the ranges as the other findings say; then read the time once more in which these results lie.",
)
READ_UNSETTLED = PollerKind(
    "seen_unsettled",
    ERROR,
    "Results were read only before their status was final, and never again: the late status was never fetched.",
    "Let each range reach back to the oldest result that is not settled, or follow statuses by StatusCallback.",
)
READ_TWICE = PollerKind(
    "seen_twice",
    NOTE,
    "A range begins with the very second with which the one before ended; both ends are in a range, so what lay in that"
    " second was shown twice.",
    "Begin a range one second after the end of the last one, which must be over by then; or recognise results by id.",
)
OVERLAP = PollerKind(
    "overlap",
    NOTE,
    "Ranges overlap though every result in the common time had settled when it was read: no second look told anything.",
    "Reach back only to the oldest result that is not settled.",
)

KINDS = (
    LOCAL_TIME,
    DAY_MONTH_SWAPPED,
    FUTURE,
    OVER_A_WEEK,
    MIDNIGHT_CUT,
    GAP,
    NEVER_READ,
    READ_UNSETTLED,
    READ_TWICE,
    OVERLAP,
)
"""Causes before what they cause."""
