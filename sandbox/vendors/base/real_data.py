"""What of a call looks like a real person's data, and what is said of it? The values are repeated nowhere."""

from collections.abc import Iterator, Mapping

from sandbox.store import Tx
from sandbox.vendors.base.refusal import NOTE, CallFinding, Refusal
from sandbox.world import people
from sandbox.world.lines import all_lines
from sandbox.world.phones import normalised
from sandbox.world.real_data import PHONE, is_real_number, kinds

RULE = "NET-real-data"
FICTIONAL_INSTEAD = "Send to fictional numbers, as 14155550123: NPA-555-01xx are nobody's."
MADE_UP_INSTEAD = "Send made-up data: a sandbox is no place for real people's."
LONGEST_NAME = 40

Params = Mapping[str, str | None]


def findings(tx: Tx, to: str | None, params: Params) -> list[CallFinding]:
    """Return a note for each field and kind (rule NET-real-data). `to`: the receiver's number, as it was given."""
    return [
        CallFinding(RULE, NOTE, f"{field} looks like {kind}", FICTIONAL_INSTEAD if kind == PHONE else MADE_UP_INSTEAD)
        for field, kind in _found(tx, to, params)
    ]


def refuse_real_data(tx: Tx, to: str | None, params: Params) -> None:
    """Raise `Refusal` if anything of the call looks like real data."""
    for field, kind in _found(tx, to, params):
        reason = f"This sandbox was started to take synthetic data only, and {field} looks like {kind}."
        fix = FICTIONAL_INSTEAD if kind == PHONE else MADE_UP_INSTEAD
        raise Refusal(RULE, reason, field=field, fix=fix)


def _found(tx: Tx, to: str | None, params: Params) -> Iterator[tuple[str, str]]:
    """Yield each field's name and what it looks like."""
    if to and is_real_number(to) and not _is_of_fixture(tx, normalised(to)):
        yield next((name for name, value in params.items() if value == to), "the receiver"), PHONE
    for name, value in params.items():
        # A name may be what tells, as of dob=19800102.
        for kind in kinds(f"{name}: {value}") if value else ():
            yield name if len(name) <= LONGEST_NAME and not kinds(name) else "a field", kind


def _is_of_fixture(tx: Tx, number: str) -> bool:
    """Return whether somebody whom a fixture or staff entered has that number, or an organisation texts from it."""
    person = people.person_with_phone(tx, number)
    is_entered = person is not None and bool(person.first_name or person.last_name)
    return is_entered or any(line.number == number for line in all_lines(tx))
