"""People: who is behind a phone."""

from typing import Annotated, Any

from fastapi import Path, Query, Response

from sandbox.dependencies import WorkspaceDep, WorldDep
from sandbox.server.control import shapes, shown
from sandbox.server.control.http import WORKSPACE, answer, control_router, listed
from sandbox.server.control.shapes import ListOf
from sandbox.server.problems import refusals
from sandbox.world import people, workspaces

router = control_router(WORKSPACE, "People")

Who = Annotated[str, Path(description="A person_id or a phone.", examples=["16295550101"])]


@router.get("/people", response_model=ListOf[shapes.Person])
async def list_people(
    world: WorldDep, workspace: WorkspaceDep, page: Annotated[shapes.PeoplePage, Query()]
) -> Response:
    """People, in the order in which they were made."""
    rows = people.page(world, workspace, page.after, page.limit + 1)
    shown_rows = rows[: page.limit]
    cursor = str(shown_rows[-1]["id"]) if len(rows) > page.limit else None
    return listed([shown.person(row) for row in shown_rows], cursor)


@router.post("/people", response_model=shapes.Person, status_code=201, responses=refusals(409))
async def add_person(world: WorldDep, workspace: WorkspaceDep, body: shapes.NewPerson) -> Response:
    """Enters somebody, who is known to every console and opted in."""
    with world.store.writing():
        person = workspaces.add_person(world, workspace, columns(body), world.now(workspace))
    return answer(shown.person(person), 201)


@router.get("/people/{person_id}", response_model=shapes.Person)
async def show_person(world: WorldDep, workspace: WorkspaceDep, person_id: Who) -> Response:
    """One person."""
    return answer(shown.person(people.find(world, workspace, person_id)))


@router.patch("/people/{person_id}", response_model=shapes.Person, responses=refusals(409))
async def change_person(
    world: WorldDep, workspace: WorkspaceDep, person_id: Who, body: shapes.PersonChange | None = None
) -> Response:
    """Changes what is given of a person; messages that are there already keep the phone they went to."""
    with world.store.writing():
        person = people.find(world, workspace, person_id)
        given = columns(body) if body else {}
        workspaces.change_person(world, workspace, person, given, world.now(workspace))
    return answer(shown.person(person | given))


@router.delete("/people/{person_id}", status_code=204, response_class=Response)
async def remove_person(world: WorldDep, workspace: WorkspaceDep, person_id: Who) -> Response:
    """Removes a person; their messages stay, and show the phone without a name."""
    with world.store.writing():
        people.remove(world, workspace, people.find(world, workspace, person_id))
    return Response(status_code=204)


def columns(given: shapes.PersonChange) -> dict[str, Any]:
    """The columns of a person that a body gives."""
    values = given.model_dump(exclude_unset=True)
    misc = values.pop("misc", None)
    if misc is not None:
        values |= dict(zip(people.MISC, misc, strict=True))
    if "person_id" in values:
        values["key"] = values.pop("person_id")
    return values
