"""Who may be texted on which line, and the words that change it (rules NET-stop, NET-start, NET-help, NET-consent).

A ledger: the latest entry of a line and phone is its state; a phone without one has never been in contact.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import ColumnElement, bindparam, exists, func, select, tuple_

from sandbox.world import models
from sandbox.world.store import Statement, inserting, table

if TYPE_CHECKING:
    from sandbox.world import World

STOP_WORDS = frozenset(("STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "OPTOUT", "REVOKE", "ALTO", "PARAR"))
START_WORDS = frozenset(("START", "UNSTOP"))
HELP_WORDS = frozenset(("HELP", "INFO", "AYUDA"))

FIRST_CONTACT = "first_contact"
ENROLLED = "enrolled"
HANDSET = "handset"
API = "api"
STAFF = "staff"

CONSENTS = table(models.Consent)
LINES = table(models.Line)
INSERT = inserting(models.Consent)
LATEST = Statement(
    select(CONSENTS.c.opted_in, CONSENTS.c.cause)
    .where(
        CONSENTS.c.workspace_id == bindparam("workspace_id"),
        CONSENTS.c.line == bindparam("line"),
        CONSENTS.c.phone == bindparam("phone"),
        CONSENTS.c.at <= bindparam("at"),
    )
    .order_by(CONSENTS.c.at.desc(), CONSENTS.c.id.desc())
    .limit(1)
)
ENROLLED_PHONES = Statement(
    select(CONSENTS.c.phone)
    .where(CONSENTS.c.workspace_id == bindparam("workspace_id"), CONSENTS.c.cause == ENROLLED)
    .group_by(CONSENTS.c.phone)
    .order_by(func.min(CONSENTS.c.id))
)

ENTRY = (CONSENTS.c.line, CONSENTS.c.phone, CONSENTS.c.opted_in, CONSENTS.c.cause, CONSENTS.c.word, CONSENTS.c.at)
# The index leads from a line to its phones, so a phone is looked for on every line.
ANY_LINE = CONSENTS.c.line.in_(select(LINES.c.number).where(LINES.c.workspace_id == bindparam("workspace_id")))
LATER = CONSENTS.alias("later")
STANDING = (
    select(*ENTRY)
    .where(
        CONSENTS.c.workspace_id == bindparam("workspace_id"),
        CONSENTS.c.at <= bindparam("at"),
        tuple_(CONSENTS.c.line, CONSENTS.c.phone) > tuple_(bindparam("after_line"), bindparam("after_phone")),
        ~exists().where(
            LATER.c.workspace_id == CONSENTS.c.workspace_id,
            LATER.c.line == CONSENTS.c.line,
            LATER.c.phone == CONSENTS.c.phone,
            LATER.c.at <= bindparam("at"),
            tuple_(LATER.c.at, LATER.c.id) > tuple_(CONSENTS.c.at, CONSENTS.c.id),
        ),
    )
    .order_by(CONSENTS.c.line, CONSENTS.c.phone)
    .limit(bindparam("limit"))
)


@lru_cache
def ledger(*, of_line: bool) -> Statement:
    """All entries of a phone, of one line or of every one."""
    return Statement(
        select(*ENTRY)
        .where(
            CONSENTS.c.workspace_id == bindparam("workspace_id"),
            CONSENTS.c.phone == bindparam("phone"),
            _on_line(of_line=of_line),
        )
        .order_by(CONSENTS.c.at, CONSENTS.c.id)
    )


@lru_cache
def latest_entries(*, of_line: bool, of_phone: bool) -> Statement:
    """Of each line and phone; of one line or of every one, of one phone or of every one."""
    if not of_phone:
        return Statement(STANDING.where(CONSENTS.c.line == bindparam("line")) if of_line else STANDING)
    return Statement(STANDING.where(CONSENTS.c.phone == bindparam("phone"), _on_line(of_line=of_line)))


def _on_line(*, of_line: bool) -> ColumnElement[bool]:
    return CONSENTS.c.line == bindparam("line") if of_line else ANY_LINE


class Entry(NamedTuple):
    """A row of the ledger."""

    line: str
    phone: str
    opted_in: bool
    cause: str
    word: str | None
    at: int


class State(NamedTuple):
    """The latest entry of a line and phone."""

    opted_in: bool
    cause: str

    @property
    def is_stopped(self) -> bool:
        """Opted out by the handset itself: a silent opt-in does not undo that (rule SP-optin)."""
        return not self.opted_in and self.cause == HANDSET


def asked_for(text: str, keyword: str | None) -> str:
    """What a text from a phone asks for: `opt_out`, `opt_in`, `help`, or `reply` for anything else."""
    word = _word(text)
    if word in STOP_WORDS:
        return "opt_out"
    if word in START_WORDS or (keyword is not None and word == _word(keyword)):
        return "opt_in"
    return "help" if word in HELP_WORDS else "reply"


def _word(text: str) -> str:
    return text.strip().removesuffix(".").rstrip().upper()


def state_of(world: "World", workspace_id: int, line: str, phone: str, at: int) -> State | None:
    """As it stood at `at`; None when the two had never been in contact."""
    row = world.store.one(LATEST, workspace_id=workspace_id, line=line, phone=phone, at=at)
    return State(bool(row[0]), row[1]) if row else None


def record(
    world: "World",
    workspace_id: int,
    line: str,
    phone: str,
    *,
    opted_in: bool,
    cause: str,
    at: int,
    word: str | None = None,
) -> None:
    """Adds an entry to the ledger. Belongs in a transaction."""
    world.store.add(
        INSERT,
        {
            "workspace_id": workspace_id,
            "id": world.take(workspace_id, "consent"),
            "line": line,
            "phone": phone,
            "opted_in": opted_in,
            "cause": cause,
            "word": word,
            "at": at,
        },
    )


def opt_out_silently(world: "World", workspace_id: int, line: str, phone: str, at: int) -> bool:
    """Opts a known phone out by API, nothing being sent; False when the line does not know the phone."""
    state = state_of(world, workspace_id, line, phone, at)
    if state is None:
        return False
    if state.opted_in:
        record(world, workspace_id, line, phone, opted_in=False, cause=API, at=at)
    return True


def enrolled(world: "World", workspace_id: int) -> list[str]:
    """The phones of those whom staff have entered, in that order."""
    return [row[0] for row in world.store.all(ENROLLED_PHONES, workspace_id=workspace_id)]


def ledger_of(world: "World", workspace_id: int, phone: str, line: str | None = None) -> list[Entry]:
    """Everything about a phone, of all lines or of one, in the order of time."""
    given = {} if line is None else {"line": line}
    rows = world.store.all(ledger(of_line=line is not None), workspace_id=workspace_id, phone=phone, **given)
    return [Entry(*row)._replace(opted_in=bool(row[2])) for row in rows]


def standing(
    world: "World",
    workspace_id: int,
    *,
    at: int,
    line: str | None,
    phone: str | None,
    after: Sequence[str],
    limit: int,
) -> list[Entry]:
    """The latest entry of each line and phone; `after`: a line and a phone, where the page before ended."""
    after_line, after_phone = after
    given = {name: value for name, value in (("line", line), ("phone", phone)) if value is not None}
    rows = world.store.all(
        latest_entries(of_line=line is not None, of_phone=phone is not None),
        workspace_id=workspace_id,
        at=at,
        **given,
        after_line=after_line,
        after_phone=after_phone,
        limit=limit,
    )
    return [Entry(*row)._replace(opted_in=bool(row[2])) for row in rows]
