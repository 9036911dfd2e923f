"""What may stand in the rows of a snapshot that comes from outside: whatever the world itself could have written."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Boolean, Column, Float, Integer

from sandbox.world import carrier, consent, delivery, models
from sandbox.world.callbacks.profile import Profile
from sandbox.world.callbacks.states import DELIVERED, GIVEN_UP, PENDING, SENDING, WAITING
from sandbox.world.clock import DAY, LATEST
from sandbox.world.phones import is_msisdn
from sandbox.world.statuses import FINAL, STATUSES
from sandbox.world.store import table
from sandbox.world.workspaces import CONSOLE_CODE

LARGEST = 2**53
FASTEST = 86_400
"""Of a clock that runs: as stories let it."""
EARLIEST = -40_000 * DAY
"""A history begins before its workspace's clock, and that in 1970 at the earliest."""
FARTHEST = 3 * LATEST
"""What lies ahead of a clock at its latest: a plan's delay and a callback's come to it."""
TIMES = re.compile(r"(.*_)?at")

Check = Callable[[Any], bool]


def _one_of(*values: str) -> Check:
    return lambda value: value in values


def is_time(value: Any) -> bool:
    """What a clock reads."""
    return type(value) is int and EARLIEST <= value <= LATEST


def is_due_time(value: Any) -> bool:
    """One that need not have come."""
    return type(value) is int and EARLIEST <= value <= FARTHEST


def is_seed(value: Any) -> bool:
    return type(value) is int and 0 <= value < 2**62


def is_flag(value: Any) -> bool:
    return type(value) in (int, bool) and value in (0, 1)


def is_delivery(mode: Any, sent_after: Any, settled_after: Any, outcome: Any) -> bool:
    """What a `delivery.Policy` is made of."""
    delays = (sent_after, settled_after)
    return (
        mode in (delivery.IMMEDIATE, delivery.TIMED, delivery.MANUAL)
        and all(type(delay) is int and 0 <= delay <= LATEST for delay in delays)
        and sent_after <= settled_after
        and outcome in FINAL
    )


def are_numbers(stored: Any) -> bool:
    """What the column `numbers` of a workspace holds."""
    return stored is None or all(
        is_msisdn(phone) and isinstance(how, dict) and _is_number(how) for phone, how in _object(stored).items()
    )


def _is_number(how: dict[str, Any]) -> bool:
    if "handset" in how:
        digits = how["handset"]
        return list(how) == ["handset"] and isinstance(digits, str) and digits in delivery.HANDSETS
    return tuple(how) == delivery.Policy._fields and is_delivery(*how.values())


def is_profile(stored: Any) -> bool:
    """What the column `callback_profile` of a workspace holds."""
    if stored is None:
        return True
    given = _object(stored)
    whole = all(type(given[name]) is int and 0 <= given[name] < 2**62 for name in ("delay", "seed") if name in given)
    shares = (value for name, value in given.items() if name not in ("delay", "seed"))
    return (
        set(given) == set(Profile._fields)
        and whole
        and given["delay"] <= LATEST
        and all(type(share) in (int, float) and 0 <= share <= 1 for share in shares)
    )


def _object(stored: Any) -> dict[str, Any]:
    """JSON out of a text; raises ValueError."""
    value = json.loads(stored) if isinstance(stored, str) else None
    if not isinstance(value, dict):
        raise ValueError
    return value


def _or_null(check: Check) -> Check:
    return lambda value: value is None or check(value)


def is_text(value: Any) -> bool:
    return isinstance(value, str) and "\0" not in value and not any("\ud800" <= each <= "\udfff" for each in value)


def is_phone(value: Any) -> bool:
    return isinstance(value, str) and is_msisdn(value)


def are_phones(value: Any) -> bool:
    return isinstance(value, list) and all(map(is_phone, value))


def are_texts(value: Any) -> bool:
    """By phone."""
    return isinstance(value, dict) and all(is_phone(phone) and is_text(text) for phone, text in value.items())


PURPOSES = _one_of(carrier.ALERT, carrier.OPT_OUT, carrier.OPT_IN, carrier.STAFF_OPT_IN, carrier.HELP, carrier.REPLY)
ARGUMENTS: dict[str, Check] = {
    "message": lambda value: type(value) is int and 0 < value <= LARGEST,
    "purpose": PURPOSES,
    "status": _one_of(*STATUSES),
    "force": lambda value: type(value) is bool,
    "phones": _or_null(are_phones),
    "texts": _or_null(are_texts),
    **dict.fromkeys(("line", "phone", "to"), is_phone),
    **dict.fromkeys(("text", "name"), is_text),
    **dict.fromkeys(("sent_by", "campaign", "key", "campaign_key", "reason", "vendor_status"), _or_null(is_text)),
}
"""What the acts take that are written down for a time to come."""
TAKEN: dict[str, tuple[str, str]] = {
    "send": ("line to text", "purpose sent_by"),
    "submit": ("line to text", ""),
    "broadcast": ("line name text", "phones texts sent_by campaign key campaign_key"),
    "reply": ("message text", ""),
    "text_in": ("phone line text", ""),
    "report": ("message status", "reason vendor_status force"),
    "report_latest": ("line phone status", "reason vendor_status force"),
    "handset": ("message text", ""),
    "end_story": ("", ""),
}
"""Of each act: what it needs, and what it may be given too."""


def is_act(row: dict[str, Any]) -> bool:
    """Whether a row of `scheduled` can be done when its time has come."""
    needed, allowed = (set(names.split()) for names in TAKEN[row["action"]])
    given = _object(row["payload"])
    return needed <= set(given) <= needed | allowed and all(ARGUMENTS[name](value) for name, value in given.items())


VALUES: dict[tuple[str, str], Check] = {
    ("line", "number"): is_phone,
    ("console", "code"): lambda code: CONSOLE_CODE.fullmatch(code) is not None,
    ("person", "phone"): is_phone,
    ("person", "recipient_type"): _one_of("patient", "caregiver", "staff"),
    ("consent", "phone"): is_phone,
    ("consent", "cause"): _one_of(consent.FIRST_CONTACT, consent.ENROLLED, consent.HANDSET, consent.API, consent.STAFF),
    ("message", "direction"): _one_of(carrier.OUTBOUND, carrier.INBOUND),
    ("message", "vendor"): _one_of("simplepay", carrier.WRITEBACK, carrier.DIALOGTECH),
    ("message", "phone"): is_phone,
    ("message", "purpose"): PURPOSES,
    ("message", "outcome"): _one_of("sent", *FINAL),
    ("step", "status"): _one_of(*STATUSES),
    ("callback", "status"): _one_of(*STATUSES),
    ("callback", "state"): _one_of(WAITING, PENDING, SENDING, DELIVERED, GIVEN_UP),
    ("scheduled", "action"): _one_of(*TAKEN),
}
"""By table and column, of values that are not null; for the rest its type is enough."""


WHOLE: dict[str, Check] = {"scheduled": is_act}
"""By table, of values that go together."""


def reader(
    model: type[models.Row], columns: list[str], further: Mapping[tuple[str, str], Check]
) -> Callable[[list[Any]], dict[str, Any] | None]:
    """Makes a row of what stands in a line, or None if it cannot be one. `further`: as `VALUES`, besides them."""
    values_of = {**VALUES, **further}
    checks = [_check(table(model).c[name], values_of.get((table(model).name, name))) for name in columns]
    is_whole = WHOLE.get(str(model.__tablename__), bool)

    def read(values: list[Any]) -> dict[str, Any] | None:
        if len(values) != len(checks):
            return None
        row = dict(zip(columns, values, strict=True))
        try:
            fits = all(check(value) for check, value in zip(checks, values, strict=True)) and is_whole(row)
        except (ValueError, RecursionError):
            return None
        return row if fits else None

    return read


def _check(column: Column[Any], further: Check | None) -> Check:
    by_type = _by_type(column)

    def check(value: Any) -> bool:
        if value is None:
            return bool(column.nullable)
        return by_type(value) and (further is None or further(value))

    return check


def _by_type(column: Column[Any]) -> Check:
    if isinstance(column.type, Boolean):
        return is_flag
    if isinstance(column.type, Float):
        return lambda value: type(value) in (int, float) and abs(value) <= LARGEST
    if not isinstance(column.type, Integer):
        return is_text
    if TIMES.fullmatch(column.name):
        return is_due_time
    if column.name == "seed":
        return is_seed
    return lambda value: type(value) is int and 0 <= value <= LARGEST
