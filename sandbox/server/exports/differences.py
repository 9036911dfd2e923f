"""In what does an exchange differ from the one that was recorded? Ids that are unique all over the world apart."""

import re
from collections.abc import Iterator
from typing import Any

from dialog_sandbox.models.journal import Exchange
from sandbox.server.journal.wire import OWN_HEADER, exchange_body
from sandbox.store.tables import JournalEntryRow

UNIQUE = (
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\b"), "<requestId>"),
    (re.compile(r"\bex_[0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15}\b"), "<exchange>"),
)
"""A `requestId` is a UUID of version 4; an exchange's id has one of version 7."""
AROUND = 24
"""Characters that are shown of two texts before and behind the first that differs."""


def differences(recorded: JournalEntryRow, replayed: Exchange) -> Iterator[str]:
    """Yield in a line each what was otherwise: answer first, then what the journal says of it."""
    before = exchange_body(recorded, {})
    yield from _differing("status", before.status, replayed.status)
    was, now = _headers(before), _headers(replayed)
    for name in sorted(was.keys() | now.keys()):
        yield from _differing(f"header {name}", was.get(name), now.get(name))
    if before.response.size is not None and replayed.response.size is not None:
        yield from _differing_text(before.response.body, replayed.response.body)
        yield from _differing("bytes of the body", before.response.size, replayed.response.size)
    for name in ("outcome", "rules", "messages", "at"):
        yield from _differing(name, getattr(before, name), getattr(replayed, name))
    yield from _differing("findings", _findings(before), _findings(replayed))
    yield from _differing("fault", _fault(before), _fault(replayed))


def _differing(what: str, before: Any, now: Any) -> Iterator[str]:
    if before != now:
        yield f"{what} is {now}, was {before}"


def _differing_text(before: str, now: str) -> Iterator[str]:
    before, now = _without_unique_ids(before), _without_unique_ids(now)
    if before == now:
        return
    at = next((n for n, (one, other) in enumerate(zip(before, now, strict=False)) if one != other), None)
    at = min(len(before), len(now)) if at is None else at
    begin, end = max(0, at - AROUND), at + AROUND
    yield f"body, from character {begin + 1}, is {now[begin:end]!r}, was {before[begin:end]!r}"


def _without_unique_ids(text: str) -> str:
    for pattern, word in UNIQUE:
        text = pattern.sub(word, text)
    return text


def _headers(exchange: Exchange) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in exchange.response.headers:
        if name != OWN_HEADER:
            found.setdefault(name, []).append(value)
    return found


def _findings(exchange: Exchange) -> list[tuple[str, ...]]:
    return [(each.rule, each.level, each.seen, each.mend) for each in exchange.findings]


def _fault(exchange: Exchange) -> Any:
    """Return what it met; a latency that the call asked for itself is drawn for each exchange."""
    return None if exchange.fault is None else exchange.fault.model_dump(exclude={"latency_ms"})
