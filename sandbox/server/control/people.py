"""People: who is behind a phone."""

from typing import Annotated, Any

from fastapi import Path, Query, Response

from dialog_sandbox.models.base import ListOf
from dialog_sandbox.models.people import AddPersonRequest, ChangePersonRequest, ListPeopleRequest, Person
from sandbox.server.answers.people import person_of
from sandbox.server.control.dependencies import WorkspaceDep
from sandbox.server.control.http import WORKSPACE, control_router
from sandbox.server.control.lists import cut_page
from sandbox.server.problems import refusals
from sandbox.store import Tx
from sandbox.world import people
from sandbox.world.workspaces import change

router = control_router(WORKSPACE, "People")

PersonId = Annotated[str, Path(description="A person_id or a phone.", examples=["16295550101"])]


@router.get("/people")
async def list_people(ws: WorkspaceDep, page: Annotated[ListPeopleRequest, Query()]) -> ListOf[Person]:
    """People, in the order in which they were made."""
    found = await ws.read(lambda tx: people.list_people(tx, page.after, page.limit + 1))
    rows, cursor = cut_page(found, page.limit, lambda row: str(row.id))
    return ListOf(items=[*map(person_of, rows)], next=cursor)


@router.post("/people", status_code=201, responses=refusals(409))
async def add_person(ws: WorkspaceDep, body: AddPersonRequest) -> Person:
    """Enters somebody, who is known to every console and opted in."""
    return await ws.write(lambda tx: person_of(change.add_person(tx, tx.now, **_columns(body))))


@router.get("/people/{person_id}")
async def show_person(ws: WorkspaceDep, person_id: PersonId) -> Person:
    """One person."""
    return await ws.read(lambda tx: person_of(people.find_person(tx, person_id)))


@router.patch("/people/{person_id}", responses=refusals(409))
async def change_person(ws: WorkspaceDep, person_id: PersonId, body: ChangePersonRequest | None = None) -> Person:
    """Changes what is given of a person; messages that are there already keep the phone they went to."""

    def work(tx: Tx) -> Person:
        person = people.find_person(tx, person_id)
        change.change_person(tx, person, tx.now, **({} if body is None else _columns(body)))
        return person_of(person)

    return await ws.write(work)


@router.delete("/people/{person_id}", status_code=204, response_class=Response)
async def remove_person(ws: WorkspaceDep, person_id: PersonId) -> None:
    """Removes a person; their messages stay, and show the phone without a name."""
    await ws.write(lambda tx: people.remove(tx, people.find_person(tx, person_id)))


def _columns(body: ChangePersonRequest) -> dict[str, Any]:
    """Return the columns of a person that a body gives."""
    columns = body.model_dump(exclude_unset=True)
    misc = columns.pop("misc", None)
    if misc is not None:
        columns |= dict(zip(people.MISC, misc, strict=True))
    if "person_id" in columns:
        columns["key"] = columns.pop("person_id")
    return columns
