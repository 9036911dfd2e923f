"""People: found by phone or id, made on first contact or by hand."""

from collections.abc import Mapping
from sqlite3 import IntegrityError
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, desc, null, or_, select, update

from sandbox.world import delivery, models
from sandbox.world.errors import AlreadyTaken, ImpossiblePhone, UnknownPerson
from sandbox.world.ids import decided, decided_key
from sandbox.world.phones import normalised
from sandbox.world.store import Statement, inserting, table

if TYPE_CHECKING:
    from sandbox.world import WorkspaceView, World

PEOPLE = table(models.Person)
MESSAGES = table(models.Message)
INSERT = inserting(models.Person)
ID_BY_PHONE = Statement(
    select(PEOPLE.c.id).where(PEOPLE.c.workspace_id == bindparam("workspace_id"), PEOPLE.c.phone == bindparam("phone"))
)
BY_KEY_OR_PHONE = Statement(
    select(PEOPLE)
    .where(
        PEOPLE.c.workspace_id == bindparam("workspace_id"),
        or_(PEOPLE.c.key == bindparam("key"), PEOPLE.c.phone == bindparam("phone")),
    )
    .order_by(desc(PEOPLE.c.key == bindparam("key")))
)
CARRIER = Statement(
    select(PEOPLE.c.carrier).where(PEOPLE.c.workspace_id == bindparam("workspace_id"), PEOPLE.c.id == bindparam("id"))
)
PAGE = Statement(
    select(PEOPLE)
    .where(PEOPLE.c.workspace_id == bindparam("workspace_id"), PEOPLE.c.id > bindparam("after"))
    .order_by(PEOPLE.c.id)
    .limit(bindparam("limit"))
)
ALL = -1
"""As SQLite writes that there is no limit."""
ALL_PHONES = Statement(
    select(PEOPLE.c.phone).where(PEOPLE.c.workspace_id == bindparam("workspace_id")).order_by(PEOPLE.c.id)
)
FORGET = Statement(
    update(MESSAGES)
    .where(MESSAGES.c.workspace_id == bindparam("ws"), MESSAGES.c.person_id == bindparam("person"))
    .values(person_id=null())
)
DELETE = Statement(
    delete(PEOPLE).where(PEOPLE.c.workspace_id == bindparam("workspace_id"), PEOPLE.c.id == bindparam("id"))
)

COLUMNS = tuple(PEOPLE.c.keys())
MISC = ("misc1", "misc2", "misc3", "misc4", "misc5")
CARRIERS = ("Verizon Wireless", "T-Mobile", "AT&T", "US Cellular", "C Spire Wireless")
"""What a phone that nobody entered may be with: decided by its number."""
UNKNOWN_CARRIER = "Unknown"

PersonRow = dict[str, Any]
"""A row of `models.Person` by column name."""


def id_for_phone(world: "World", workspace: "WorkspaceView", phone: str) -> int:
    """The person with that phone, made if there is none (rule WB-person). Belongs in a transaction."""
    row = world.store.one(ID_BY_PHONE, workspace_id=workspace.id, phone=phone)
    return int(row[0]) if row else int(add(world, workspace, {"phone": phone})["id"])


def add(world: "World", workspace: "WorkspaceView", given: Mapping[str, Any]) -> PersonRow:
    """Makes a person of the given columns; `phone` is needed, the rest is made or null. Belongs in a transaction."""
    n = world.take(workspace.id, "person")
    row = dict.fromkeys(COLUMNS) | {
        "workspace_id": workspace.id,
        "id": n,
        "key": decided_key(workspace.seed, "person", n),
        "carrier": _carrier(workspace, given["phone"]),
        "recipient_type": "patient",
        **given,
    }
    try:
        world.store.add(INSERT, row)
    except IntegrityError as error:
        raise AlreadyTaken("Somebody in this workspace has that person_id or phone already.") from error
    return row


def _carrier(workspace: "WorkspaceView", phone: str) -> str:
    handset = delivery.handset_of(workspace, phone)
    if handset is not None and handset.is_landline:
        return UNKNOWN_CARRIER
    return CARRIERS[decided(0, "carrier", int(phone))[0] % len(CARRIERS)]


def find(world: "World", workspace: "WorkspaceView", key_or_phone: str) -> PersonRow:
    """By `person_id`, or else by a phone in any writing."""
    phone = _digits(key_or_phone)
    row = world.store.one(BY_KEY_OR_PHONE, workspace_id=workspace.id, key=key_or_phone, phone=phone)
    if row is None:
        raise UnknownPerson("No person of this workspace has that person_id or phone: list them with GET people.")
    return dict(zip(COLUMNS, row, strict=True))


def with_phone(world: "World", workspace: "WorkspaceView", phone: str) -> PersonRow | None:
    """Whoever has that phone, if somebody does."""
    row = world.store.one(BY_KEY_OR_PHONE, workspace_id=workspace.id, key=None, phone=phone)
    return dict(zip(COLUMNS, row, strict=True)) if row else None


def phone_of(world: "World", workspace: "WorkspaceView", key_or_phone: str) -> str:
    """Somebody's phone; a phone stands for itself, also when it is nobody's yet."""
    try:
        return str(find(world, workspace, key_or_phone)["phone"])
    except UnknownPerson:
        phone = _digits(key_or_phone)
        if phone is None:
            raise
        return phone


def _digits(written: str) -> str | None:
    try:
        return normalised(written)
    except ImpossiblePhone:
        return None


def carrier_of(world: "World", workspace_id: int, person_id: int | None) -> str | None:
    """The carrier of the person's phone; null for nobody's."""
    row = world.store.one(CARRIER, workspace_id=workspace_id, id=person_id)
    return row[0] if row else None


def page(world: "World", workspace: "WorkspaceView", after: int, limit: int) -> list[PersonRow]:
    """In the order in which they were made."""
    rows = world.store.all(PAGE, workspace_id=workspace.id, after=after, limit=limit)
    return [dict(zip(COLUMNS, row, strict=True)) for row in rows]


def everybody(world: "World", workspace: "WorkspaceView") -> list[PersonRow]:
    """In the order in which they were made."""
    return page(world, workspace, after=0, limit=ALL)


def all_phones(world: "World", workspace: "WorkspaceView") -> list[str]:
    return [row[0] for row in world.store.all(ALL_PHONES, workspace_id=workspace.id)]


def change(world: "World", workspace: "WorkspaceView", person: PersonRow, given: Mapping[str, Any]) -> None:
    """Writes the given columns of an existing person. Belongs in a transaction."""
    if not given:
        return
    statement = Statement(
        update(PEOPLE)
        .where(PEOPLE.c.workspace_id == workspace.id, PEOPLE.c.id == person["id"])
        .values({name: bindparam(f"new_{name}") for name in given})
    )
    try:
        world.store.run(statement, **{f"new_{name}": value for name, value in given.items()})
    except IntegrityError as error:
        raise AlreadyTaken("Somebody in this workspace has that person_id or phone already.") from error


def remove(world: "World", workspace: "WorkspaceView", person: PersonRow) -> None:
    """Their messages stay, and show the phone without a name. Belongs in a transaction."""
    world.store.run(FORGET, ws=workspace.id, person=person["id"])
    world.store.run(DELETE, workspace_id=workspace.id, id=person["id"])
