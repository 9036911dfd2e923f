"""Who has which phone: found by phone or id, made on first contact or by hand?"""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from sqlalchemy import bindparam, desc, null, or_, select, update

from sandbox.store import Conflict, Query, Tx
from sandbox.store.tables import MESSAGES, PEOPLE, PersonRow
from sandbox.world import delivery
from sandbox.world.errors import AlreadyTaken, ImpossiblePhone, UnknownPerson
from sandbox.world.ids import decided, decided_key
from sandbox.world.phones import normalised

MISC = ("misc1", "misc2", "misc3", "misc4", "misc5")
CARRIERS = ("Verizon Wireless", "T-Mobile", "AT&T", "US Cellular", "C Spire Wireless")
"""What a phone that nobody entered may be with: decided by its number."""
UNKNOWN_CARRIER = "Unknown"


class _Carrier(NamedTuple):
    person_id: int
    name: str | None


class _PhoneOfKey(NamedTuple):
    key: str
    phone: str


BATCH_SIZE = 500
"""Keys that are looked up together."""

_in_workspace = PEOPLE.c.workspace_id == bindparam("ws")
ID_BY_PHONE = Query(int, select(PEOPLE.c.id).where(_in_workspace, PEOPLE.c.phone == bindparam("phone")), hot=True)
BY_KEY_OR_PHONE = Query(
    PersonRow,
    select(PEOPLE)
    .where(_in_workspace, or_(PEOPLE.c.key == bindparam("key"), PEOPLE.c.phone == bindparam("phone")))
    .order_by(desc(PEOPLE.c.key == bindparam("key"))),
)
BY_PHONE = Query(PersonRow, select(PEOPLE).where(_in_workspace, PEOPLE.c.phone == bindparam("phone")))
PHONES_BY_KEY = Query(
    _PhoneOfKey,
    select(PEOPLE.c.key, PEOPLE.c.phone).where(_in_workspace, PEOPLE.c.key.in_(bindparam("keys", expanding=True))),
)
CARRIERS_OF = Query(
    _Carrier,
    select(PEOPLE.c.id, PEOPLE.c.carrier).where(_in_workspace, PEOPLE.c.id.in_(bindparam("people", expanding=True))),
)
_everybody = select(PEOPLE).where(_in_workspace).order_by(PEOPLE.c.id)
EVERYBODY = Query(PersonRow, _everybody)
PAGE = Query(PersonRow, _everybody.where(PEOPLE.c.id > bindparam("after")).limit(bindparam("limit")))
ALL_PHONES = Query(str, select(PEOPLE.c.phone).where(_in_workspace).order_by(PEOPLE.c.id))
MAKE_MESSAGES_NOBODYS = (
    update(MESSAGES)
    .where(MESSAGES.c.workspace_id == bindparam("ws"), MESSAGES.c.person_id == bindparam("person"))
    .values(person_id=null())
)


def id_for_phone(tx: Tx, phone: str) -> int:
    """Return the number of the person with that phone, who is made if there is none (rule WB-person)."""
    found = tx.one(ID_BY_PHONE, phone=phone)
    return add(tx, phone=phone).id if found is None else found


def add(tx: Tx, *, phone: str, **columns: Any) -> PersonRow:
    """Make a person; what is not given is made or null."""
    n = tx.next_id("person")
    made = {"key": decided_key(tx.workspace.seed, "person", n), "carrier": _carrier_for(tx, phone)}
    person = PersonRow(workspace_id=tx.ws, id=n, phone=phone, **made | columns)
    if not tx.add_unless_taken(person):
        raise _taken()
    return person


def _taken() -> AlreadyTaken:
    return AlreadyTaken("Somebody in this workspace has that person_id or phone already.")


def _carrier_for(tx: Tx, phone: str) -> str:
    handset = delivery.handset_of(tx.workspace, phone)
    if handset is not None and handset.is_landline:
        return UNKNOWN_CARRIER
    return CARRIERS[decided(0, "carrier", int(phone))[0] % len(CARRIERS)]


def find_person(tx: Tx, key_or_phone: str) -> PersonRow:
    """Return the person of that `person_id`, or else of that phone in any writing."""
    person = tx.one(BY_KEY_OR_PHONE, key=key_or_phone, phone=_digits(key_or_phone))
    if person is None:
        raise _unknown()
    return person


def _unknown() -> UnknownPerson:
    return UnknownPerson("No person of this workspace has that person_id or phone: list them with GET people.")


def person_with_phone(tx: Tx, phone: str) -> PersonRow | None:
    """Return the person who has that phone, if there is one."""
    return tx.one(BY_PHONE, phone=phone)


def phone_of(tx: Tx, key_or_phone: str) -> str:
    """Return a person's phone; a phone stands for itself, also when it is nobody's yet."""
    (phone,) = phones_of(tx, [key_or_phone])
    return phone


def phones_of(tx: Tx, keys_or_phones: Sequence[str]) -> list[str]:
    """Return the phone of each, as `phone_of`, in a statement for every `BATCH_SIZE` of them."""
    by_key: dict[str, str] = {}
    for start in range(0, len(keys_or_phones), BATCH_SIZE):
        batch = keys_or_phones[start : start + BATCH_SIZE]
        by_key.update((row.key, row.phone) for row in tx.all(PHONES_BY_KEY, keys=batch))
    return [by_key.get(each) or _phone_itself(each) for each in keys_or_phones]


def _phone_itself(written: str) -> str:
    phone = _digits(written)
    if phone is None:
        raise _unknown()
    return phone


def _digits(written: str) -> str | None:
    try:
        return normalised(written)
    except ImpossiblePhone:
        return None


def carriers_of(tx: Tx, person_ids: Collection[int]) -> dict[int, str | None]:
    """Return the carriers of these people's phones; in one statement."""
    return {row.person_id: row.name for row in tx.all(CARRIERS_OF, people=list(person_ids))}


def list_people(tx: Tx, after: int, limit: int) -> list[PersonRow]:
    """Return those numbered over `after`, in the order in which they were made."""
    return tx.all(PAGE, after=after, limit=limit)


def everybody(tx: Tx) -> list[PersonRow]:
    """Return all people, in the order in which they were made."""
    return tx.all(EVERYBODY)


def all_phones(tx: Tx) -> list[str]:
    """Return the phones of all people, in the order in which they were made."""
    return tx.all(ALL_PHONES)


def change(tx: Tx, person: PersonRow, **columns: Any) -> None:
    """Write these columns of a person."""
    try:
        tx.update(person, **columns)
    except Conflict as error:
        raise _taken() from error


def remove(tx: Tx, person: PersonRow) -> None:
    """Delete a person; their messages stay, and show the phone without a name."""
    tx.execute(MAKE_MESSAGES_NOBODYS, person=person.id)
    tx.delete(person)
