"""Consents: who may be texted on which line, since when and why."""

from typing import Annotated, Any

from fastapi import Path, Query, Response

from sandbox.dependencies import WorkspaceDep, WorldDep
from sandbox.server.control import shapes
from sandbox.server.control.http import WORKSPACE, answer, control_router, listed
from sandbox.server.control.messages import broadcasting_line
from sandbox.server.control.shapes import ListOf
from sandbox.server.control.shown import MessageWriter
from sandbox.server.control.values import Phone
from sandbox.world import LineView, WorkspaceView, World, acts, consent, workspaces
from sandbox.world.clock import rfc3339

router = control_router(WORKSPACE, "Consents")

AnyPhone = Annotated[Phone, Path(description="A telephone number.", examples=["16155550123"])]


@router.get("/consents", response_model=ListOf[shapes.Consent])
async def list_consents(
    world: WorldDep, workspace: WorkspaceDep, asked: Annotated[shapes.ConsentsPage, Query()]
) -> Response:
    """Who is opted in or out of which line, since when and why; in the order of lines, then phones."""
    line = None if asked.console is None else workspaces.console_line(world, workspace.id, asked.console).number
    after = (asked.after or "-").split("-")
    entries = consent.standing(
        world, workspace.id, at=world.now(workspace), line=line, phone=asked.phone, after=after, limit=asked.limit + 1
    )
    page = entries[: asked.limit]
    cursor = f"{page[-1].line}-{page[-1].phone}" if len(entries) > asked.limit else None
    lines = _lines(world, workspace)
    return listed([_consent(entry, lines) for entry in page], cursor)


@router.get("/consents/{phone}", response_model=ListOf[shapes.Consent])
async def show_consent_history(world: WorldDep, workspace: WorkspaceDep, phone: AnyPhone) -> Response:
    """Everything that the ledger holds of a phone, the oldest first."""
    lines = _lines(world, workspace)
    return listed([_consent(entry, lines) for entry in consent.ledger_of(world, workspace.id, phone)])


@router.put("/consents/{phone}", response_model=shapes.ConsentChange)
async def set_consent(world: WorldDep, workspace: WorkspaceDep, phone: AnyPhone, body: shapes.NewConsent) -> Response:
    """Staff opt a phone in or out of a console.

    Opting in sends one message, which Writeback shows as `Opt-In (UI)`; opting out sends nothing. What staff have
    done already is not done again.
    """
    line = workspaces.line_of(world, workspace.id, broadcasting_line(world, workspace, body.console))
    is_in = body.state == "opted_in"
    with world.store.writing():
        message = acts.opt_by_staff(world, workspace, world.now(workspace), line=line, phone=phone, opted_in=is_in)
    entry = consent.ledger_of(world, workspace.id, phone, line.number)[-1]
    told = MessageWriter(world, workspace)(message) if message else None
    return answer({**_consent(entry, {line.number: line}), "message": told})


def _lines(world: World, workspace: WorkspaceView) -> dict[str, LineView]:
    return {line.number: line for line in workspaces.lines(world, workspace.id)}


def _consent(entry: consent.Entry, lines: dict[str, LineView]) -> dict[str, Any]:
    line = lines[entry.line]
    return {
        "phone": entry.phone,
        "console": line.code if line.console_id is not None else None,
        "account": line.code if line.account_id is not None else None,
        "line": entry.line,
        "state": "opted_in" if entry.opted_in else "opted_out",
        "since": rfc3339(entry.at),
        "why": entry.cause,
        "word": entry.word,
    }
