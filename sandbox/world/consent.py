"""Who may be texted on which line, and which words change it (rules NET-stop, NET-start, NET-help, NET-consent)?

A ledger: the latest entry of a line and phone is its state; a phone without one has never been in contact.
"""

from collections import defaultdict
from collections.abc import Collection
from typing import NamedTuple
from unicodedata import category

from sqlalchemy import ColumnElement, Select, bindparam, exists, func, select, tuple_

from sandbox.store import Query, Tx
from sandbox.store.tables import CONSENTS, CONSOLES, LINES, ConsentRow
from sandbox.world.delivery import handset_of
from sandbox.world.lines import LISTED

VENDORS_STOP_WORDS = ("STOP", "QUIT", "END", "REVOKE", "OPT OUT", "UNSUBSCRIBE")
"""Those that the vendor's help centre lists."""
FURTHER_STOP_WORDS = ("STOPALL", "CANCEL", "OPTOUT", "OPT-OUT", "REMOVE", "ALTO", "PARAR")
STOP_WORDS = frozenset((*VENDORS_STOP_WORDS, *FURTHER_STOP_WORDS))
START_WORDS = frozenset(("START", "UNSTOP"))
HELP_WORDS = frozenset(("HELP", "INFO", "AYUDA"))
LONGEST_WORD = 1000
"""Characters, blanks too, of what may still be a word; no text of a megabyte is."""

FIRST_CONTACT = "first_contact"
ENROLLED = "enrolled"
HANDSET = "handset"
API = "api"
STAFF = "staff"


class ConsentState(NamedTuple):
    """The latest entry of a line and phone."""

    opted_in: bool
    cause: str

    @property
    def is_stopped(self) -> bool:
        """Whether the handset itself opted out: a silent opt-in does not undo that (rule SP-optin)."""
        return not self.opted_in and self.cause == HANDSET

    @property
    def is_closed_by_staff(self) -> bool:
        """Whether staff opted it out: no submit undoes that, however the console is set (rule NET-staff-optout)."""
        return not self.opted_in and self.cause == STAFF

    def yields_to_submit(self, *, overrides_stop: bool) -> bool:
        """Return whether a silent opt-in changes it."""
        return not self.opted_in and not self.is_closed_by_staff and (overrides_stop or not self.is_stopped)


_columns = CONSENTS.c
_in_workspace = _columns.workspace_id == bindparam("ws")
LATEST = Query(
    ConsentState,
    select(_columns.opted_in, _columns.cause)
    .where(
        _in_workspace,
        _columns.line == bindparam("line"),
        _columns.phone == bindparam("phone"),
        _columns.at <= bindparam("at"),
    )
    .order_by(_columns.at.desc(), _columns.id.desc())
    .limit(1),
    hot=True,
)
ENROLLED_PHONES = Query(
    str,
    select(_columns.phone)
    .where(_in_workspace, _columns.cause == ENROLLED)
    .group_by(_columns.phone)
    .order_by(func.min(_columns.id)),
)
_later = CONSENTS.alias("later")
_is_latest = ~exists().where(
    _later.c.workspace_id == _columns.workspace_id,
    _later.c.line == _columns.line,
    _later.c.phone == _columns.phone,
    _later.c.at <= bindparam("at"),
    tuple_(_later.c.at, _later.c.id) > tuple_(_columns.at, _columns.id),
)
_standing = select(CONSENTS).where(_in_workspace, _columns.at <= bindparam("at"), _is_latest)
# The index leads from a line to its phones.
_on_any_line = _columns.line.in_(select(LINES.c.number).where(LINES.c.workspace_id == bindparam("ws")).correlate(None))
OPTED_OUT = Query(
    ConsentRow,
    _standing.join(LINES, (LINES.c.workspace_id == _columns.workspace_id) & (LINES.c.number == _columns.line))
    .outerjoin(CONSOLES, (CONSOLES.c.workspace_id == LINES.c.workspace_id) & (CONSOLES.c.line == LINES.c.number))
    .where(_on_any_line, _columns.phone.in_(bindparam("phones", expanding=True)), ~_columns.opted_in)
    .order_by(*LISTED),
)


def request_of(text: str, keyword: str | None) -> str:
    """Return what a text from a phone asks for: `opt_out`, `opt_in`, `help`, or `reply` for anything else."""
    word = _word(text)
    if word in STOP_WORDS:
        return "opt_out"
    if word in START_WORDS or (word and keyword is not None and word == _word(keyword)):
        return "opt_in"
    return "help" if word in HELP_WORDS else "reply"


def _word(text: str) -> str:
    """Return it in capitals, without blanks around it and punctuation behind it, each blank inside a single one."""
    text = text.strip()
    end = len(text)
    if end > LONGEST_WORD:
        return ""
    while end and (text[end - 1].isspace() or category(text[end - 1]).startswith("P")):
        end -= 1
    return " ".join(text[:end].split()).upper()


def state_of(tx: Tx, line: str, phone: str, at: int) -> ConsentState | None:
    """Return how it stood at `at`; None when the two had never been in contact."""
    return tx.one(LATEST, line=line, phone=phone, at=at)


def record(tx: Tx, line: str, phone: str, *, opted_in: bool, cause: str, at: int, word: str | None = None) -> None:
    """Add an entry to the ledger."""
    tx.add(
        ConsentRow(
            workspace_id=tx.ws,
            id=tx.next_id("consent"),
            line=line,
            phone=phone,
            opted_in=opted_in,
            cause=cause,
            word=word,
            at=at,
        )
    )


def record_first(tx: Tx, line: str, phone: str, *, cause: str, at: int) -> ConsentState:
    """Add a phone's first entry on a line, and a second if its handset is opted out from the first."""
    record(tx, line, phone, opted_in=True, cause=cause, at=at)
    if not is_opted_out_from_the_first(tx, phone):
        return ConsentState(opted_in=True, cause=cause)
    record(tx, line, phone, opted_in=False, cause=HANDSET, at=at)
    return ConsentState(opted_in=False, cause=HANDSET)


def is_opted_out_from_the_first(tx: Tx, phone: str) -> bool:
    """Return whether the phone's handset says so (rule NET-handsets)."""
    handset = handset_of(tx.workspace, phone)
    return handset is not None and handset.is_opted_out


def opt_out_silently(tx: Tx, line: str, phone: str, at: int) -> bool:
    """Opt a known phone out by API, nothing being sent; return False when the line does not know the phone."""
    state = state_of(tx, line, phone, at)
    if state is None:
        return False
    if state.opted_in:
        record(tx, line, phone, opted_in=False, cause=API, at=at)
    return True


def enrolled(tx: Tx) -> list[str]:
    """Return the phones of those whom staff have entered, in that order."""
    return tx.all(ENROLLED_PHONES)


def ledger_of(tx: Tx, phone: str, line: str | None = None) -> list[ConsentRow]:
    """Return everything about a phone, of all lines or of one, in the order of time."""
    statement = (
        select(CONSENTS).where(_in_workspace, _columns.phone == phone, _is_on(line)).order_by(_columns.at, _columns.id)
    )
    return tx.all(Query(ConsentRow, statement))


def standing(
    tx: Tx, *, at: int, line: str | None, phone: str | None, after: tuple[str, str], limit: int
) -> list[ConsentRow]:
    """Return the latest entry of each line and phone; `after`: a line and a phone, where the page before ended."""
    statement: Select[tuple[object, ...]] = (
        _standing.where(tuple_(_columns.line, _columns.phone) > tuple_(*after))
        .order_by(_columns.line, _columns.phone)
        .limit(limit)
    )
    if phone is not None:
        statement = statement.where(_columns.phone == phone, _is_on(line))
    elif line is not None:
        statement = statement.where(_columns.line == line)
    return tx.all(Query(ConsentRow, statement), at=at)


def _is_on(line: str | None) -> ColumnElement[bool]:
    return _on_any_line if line is None else _columns.line == line


def opted_out_lines(tx: Tx, phones: Collection[str]) -> dict[str, list[str]]:
    """Return the lines that each of these phones is opted out of now, as they are listed; in one statement."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for entry in tx.all(OPTED_OUT, phones=list(phones), at=tx.now):
        found[entry.phone].append(entry.line)
    return found
