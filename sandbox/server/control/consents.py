"""Consents: who may be texted on which line, since when and why."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Path, Query

from dialog_sandbox.models.base import ListOf
from dialog_sandbox.models.consents import Consent, ConsentChange, ConsentRequest, ListConsentsRequest
from dialog_sandbox.models.values import PhoneNumber
from sandbox.server.answers.messages import message_of
from sandbox.server.answers.values import timestamp
from sandbox.server.control.dependencies import WorkspaceDep
from sandbox.server.control.http import WORKSPACE, control_router
from sandbox.server.control.lists import cut_page
from sandbox.server.control.messages import broadcasting_line
from sandbox.server.problems import refusals
from sandbox.store import Tx
from sandbox.store.tables import ConsentRow
from sandbox.world import consent
from sandbox.world.commands import opt_by_staff
from sandbox.world.lines import LineView, all_lines, console_line

router = control_router(WORKSPACE, "Consents")

AnyPhone = Annotated[PhoneNumber, Path(description="A telephone number.", examples=["16155550123"])]


@router.get("/consents")
async def list_consents(ws: WorkspaceDep, page: Annotated[ListConsentsRequest, Query()]) -> ListOf[Consent]:
    """Who is opted in or out of which line, since when and why; in the order of lines, then phones."""
    line_before, _, phone_before = (page.after or "-").partition("-")

    def work(tx: Tx) -> ListOf[Consent]:
        line = None if page.console is None else console_line(tx, page.console).number
        after = (line_before, phone_before)
        found = consent.standing(tx, at=tx.now, line=line, phone=page.phone, after=after, limit=page.limit + 1)
        rows, cursor = cut_page(found, page.limit, lambda row: f"{row.line}-{row.phone}")
        lines = _lines(tx)
        return ListOf(items=[Consent.model_validate(_members(row, lines)) for row in rows], next=cursor)

    return await ws.read(work)


@router.get("/consents/{phone}")
async def show_consent_history(ws: WorkspaceDep, phone: AnyPhone) -> ListOf[Consent]:
    """Everything that the ledger holds of a phone, the oldest first."""

    def work(tx: Tx) -> ListOf[Consent]:
        lines = _lines(tx)
        found = [Consent.model_validate(_members(row, lines)) for row in consent.ledger_of(tx, phone)]
        return ListOf(items=found, next=None)

    return await ws.read(work)


@router.put("/consents/{phone}", responses=refusals(409))
async def set_consent(ws: WorkspaceDep, phone: AnyPhone, body: ConsentRequest) -> ConsentChange:
    """Staff opt a phone in or out of a console.

    Opting in sends one message, which Writeback shows as `Opt-In (UI)`; opting out sends the opt-out text, an `Opt-Out`
    without lead and incoming message. With `silent` nothing is sent. What staff have done already is not done again,
    and no submit undoes it.
    """

    def work(tx: Tx) -> ConsentChange:
        line = broadcasting_line(tx, body.console)
        opted_in = body.state == "opted_in"
        message = opt_by_staff(tx, tx.now, line=line, phone=phone, opted_in=opted_in, is_silent=body.silent)
        latest = consent.ledger_of(tx, phone, line.number)[-1]
        told = None if message is None else message_of(tx, message)
        return ConsentChange.model_validate({**_members(latest, {line.number: line}), "message": told})

    return await ws.write(work)


def _lines(tx: Tx) -> Mapping[str, LineView]:
    return {line.number: line for line in all_lines(tx)}


def _members(row: ConsentRow, lines: Mapping[str, LineView]) -> dict[str, Any]:
    """Return the members of a `Consent`."""
    line = lines[row.line]
    return {
        "phone": row.phone,
        "console": line.code if line.is_console else None,
        "account": None if line.is_console else line.code,
        "line": row.line,
        "state": "opted_in" if row.opted_in else "opted_out",
        "since": timestamp(row.at),
        "why": row.cause,
        "word": row.word,
    }
