"""Times and durations, as the world keeps them and as the wire models have them."""

from datetime import datetime

from sandbox.clock import SECOND, milliseconds, utc


def timestamp(at: int) -> datetime:
    """Return a time in ms as a wire model has it."""
    return utc(at).replace(microsecond=at % SECOND * 1000)


def optional_timestamp(at: int | None) -> datetime | None:
    """Return a time that may be null."""
    return None if at is None else timestamp(at)


def optional_milliseconds(at: datetime | None) -> int | None:
    """Return a time that may be null, as the world keeps it."""
    return None if at is None else milliseconds(at)


def seconds(ms: int) -> int | float:
    """Return a duration in seconds; a whole number stays one."""
    return ms / SECOND if ms % SECOND else ms // SECOND
