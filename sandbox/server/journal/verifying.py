"""Whether a journal holds what somebody expects; if not, what came nearest, and in what it differs."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from sandbox.dependencies import Finding, Subject
from sandbox.remembering import remembered
from sandbox.server.journal.entries import our_id
from sandbox.world import World, journal, phones
from sandbox.world.clock import rfc3339
from sandbox.world.errors import ImpossiblePhone

Json = dict[str, Any]
ABOUT = ("to", "from", "text", "console", "account", "number")
"""The fields of `dependencies.Subject`, as `where` calls them."""
PHONES = ("to", "from", "number")
MOST_LISTED = 20
"""Exchanges and findings that a failure lists."""


class Seen(NamedTuple):
    """An exchange, as far as it can be expected. `facts`: by the names that `where` has; the account by its number."""

    row: journal.EntryRow
    facts: Mapping[str, Any]

    @property
    def id(self) -> str:
        return our_id(self.row["workspace_id"], self.row["number"])


@dataclass(frozen=True, slots=True)
class Expected:
    """So many exchanges of an operation. `most`: null for any number. `where`: the account by its number."""

    operation: str
    where: Mapping[str, Any]
    least: int
    most: int | None

    def is_met(self, found: int) -> bool:
        return self.least <= found and (self.most is None or found <= self.most)

    @property
    def times(self) -> str:
        """How many, in words."""
        if self.least == self.most:
            return f"exactly {self.least}"
        if self.most is None:
            return f"at least {self.least}"
        return f"at most {self.most}" if self.least == 0 else f"{self.least} to {self.most}"


Nearest = tuple[Seen, list[Json]]
"""An exchange, and in what it differs."""


def seen(row: journal.EntryRow) -> Seen:
    """A row of `journal.briefly`."""
    return Seen(row, {**_about(row["subject"]), "status": row["status"], "outcome": row["outcome"]})


def _about(subject: str | None) -> dict[str, Any]:
    """What a row's subject says, by the names that `where` has."""
    return dict(zip(ABOUT, json.loads(subject) if subject else Subject(), strict=True))


def matching(world: World, workspace_id: int, expected: Expected) -> list[int]:
    """The numbers of the exchanges that are as expected, the oldest first."""
    rows = journal.likely(world, workspace_id, expected.operation, expected.where)
    wanted = {member: value for member, value in expected.where.items() if member in ABOUT}
    return [number for number, subject in rows if not wanted or _is_about(subject, wanted)]


def _is_about(subject: str | None, wanted: Mapping[str, Any]) -> bool:
    about = _about(subject)
    return all(_is_same(member, value, about[member]) for member, value in wanted.items())


def differences(expected: Expected, exchange: Seen) -> list[Json]:
    """In what an exchange is not what is expected: `member`, `expected` and `got`."""
    found = []
    if exchange.row["operation"] != expected.operation:
        found.append({"member": "operation", "expected": expected.operation, "got": exchange.row["operation"]})
    for member, wanted in expected.where.items():
        got = exchange.facts[member]
        if not _is_same(member, wanted, got):
            found.append({"member": member, "expected": wanted, "got": got})
    return found


def _is_same(member: str, wanted: Any, got: Any) -> bool:
    if got is None:
        return False
    if member in PHONES:
        return _digits(wanted) == _digits(got)
    return wanted in got if member == "text" else bool(wanted == got)


@remembered
def _digits(written: str) -> str:
    """Of a number, however it was written; what is none stays as it is."""
    try:
        return phones.normalised(written)
    except ImpossiblePhone:
        return written


def nearest(world: World, workspace_id: int, expected: Expected, matching: list[int]) -> Nearest | None:
    """Of the operation's exchanges that differ the one that does so in the least, the latest of several; with its
    differences. If it has no exchange at all, of all others. `matching`: what `matching` found."""
    found = _nearest_of(expected, journal.briefly(world, workspace_id, expected.operation))
    return found if found or matching else _nearest_of(expected, journal.briefly(world, workspace_id))


def _nearest_of(expected: Expected, newest_first: Iterable[journal.EntryRow]) -> Nearest | None:
    best: Nearest | None = None
    for row in newest_first:
        differs = differences(expected, exchange := seen(row))
        if differs and (best is None or len(differs) < len(best[1])):
            best = exchange, differs
            if len(differs) == 1:
                break
    return best


def shown_nearest(found: Nearest, accounts: Mapping[int, str]) -> Json:
    """As a `Nearest`; an account by its access key."""
    exchange, differs = found
    return {
        "exchange": exchange.id,
        "at": rfc3339(exchange.row["at"]),
        "operation": exchange.row["operation"],
        "status": exchange.row["status"],
        "outcome": exchange.row["outcome"],
        "differs": [_named(each, accounts) for each in differs],
    }


def _named(differing: Json, accounts: Mapping[int, str]) -> Json:
    if differing["member"] != "account":
        return differing
    return {**differing, **{side: accounts.get(differing[side]) for side in ("expected", "got")}}


def slips(rows: Iterable[journal.EntryRow]) -> list[Json]:
    """The errors among the findings, each with its exchange."""
    return [
        {"exchange": seen(row).id, "rule": finding.rule, "seen": finding.seen, "mend": finding.mend}
        for row in rows
        for finding in (Finding(*each) for each in json.loads(row["findings"]))
        if finding.level == journal.ERROR
    ]
