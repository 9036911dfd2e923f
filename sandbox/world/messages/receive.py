"""What happens when a phone texts a line: the inbound message, its consent, and what it is answered?"""

from collections.abc import Mapping
from typing import NamedTuple

from sqlalchemy import bindparam, select

from sandbox.store import Query, Tx
from sandbox.store.tables import MESSAGES, MessageRow
from sandbox.world import consent, limits, people
from sandbox.world.consent import ConsentState
from sandbox.world.errors import TooEarly
from sandbox.world.lines import LineView
from sandbox.world.messages.accept import (
    AUTOMATIC,
    HELP,
    INBOUND,
    OPT_IN,
    OPT_OUT,
    OUTBOUND,
    REPLY,
    Draft,
    StoreMessage,
    accept,
    store_message,
)

OPT_OUT_TEXT = "{organisation}: you will get no more texts from us. Text {keyword} to subscribe again."
LAST_UNCAUSED = Query(
    int,
    select(MESSAGES.c.id)
    .where(
        MESSAGES.c.workspace_id == bindparam("ws"),
        MESSAGES.c.line == bindparam("line"),
        MESSAGES.c.phone == bindparam("phone"),
        MESSAGES.c.accepted_at <= bindparam("at"),
        MESSAGES.c.direction == OUTBOUND,
        MESSAGES.c.cause != AUTOMATIC,
    )
    .order_by(MESSAGES.c.accepted_at.desc(), MESSAGES.c.id.desc())
    .limit(1),
)


class InboundAndAnswer(NamedTuple):
    """What a phone texted, and what the line answered by itself."""

    inbound: MessageRow
    answer: MessageRow | None


def receive(
    tx: Tx,
    line: LineView,
    *,
    phone: str,
    text: str,
    at: int,
    cause: str,
    answering: MessageRow | None = None,
    consent_state: ConsentState | None = None,
    ids: Mapping[str, str] | None = None,
    answer_ids: Mapping[str, str] | None = None,
    store: StoreMessage | None = None,
) -> InboundAndAnswer:
    """Let a phone text a line, in answer to a message or unprompted.

    `ids`, `answer_ids`: as those of `Draft`. `consent_state`, `store`: as `accept` has them. Raises `TooEarly` and
    `TooManyMessages`, before anything is written.
    """
    if answering is not None and at < answering.accepted_at:
        raise TooEarly("A reply cannot come before the message that it answers.")
    state = consent_state or consent.state_of(tx, line.number, phone, at)
    if state is None and consent.is_opted_out_from_the_first(tx, phone):
        state = consent.record_first(tx, line.number, phone, cause=consent.FIRST_CONTACT, at=at)
    request = consent.request_of(text, line.keyword)
    lead_id = answering.id if answering else last_uncaused(tx, line.number, phone, at)
    answer_text = _answer_text(line, request, state)
    if store is None:
        limits.check_messages(tx, 1 if answer_text is None else 2)
    inbound = MessageRow(
        workspace_id=tx.ws,
        id=tx.next_id("message"),
        direction=INBOUND,
        vendor=line.staff_tool,
        console_id=line.console_id,
        account_id=line.account_id,
        line=line.number,
        phone=phone,
        sender=phone,
        text=text,
        folded=text.casefold(),
        purpose=request,
        cause=cause,
        person_id=people.id_for_phone(tx, phone),
        lead_id=lead_id,
        accepted_at=at,
        record_at=at if line.is_console and answer_text is None else None,
        plan_cause=cause,
    )
    (store or store_message)(tx, inbound, ids)
    _record_request(tx, line, inbound, state)
    if answer_text is None:
        return InboundAndAnswer(inbound, None)
    answer = Draft(
        to=phone,
        text=answer_text,
        at=at,
        vendor=inbound.vendor,
        cause=AUTOMATIC,
        purpose=request,
        person_id=inbound.person_id,
        lead_id=lead_id,
        caused_by_id=inbound.id,
        ids=answer_ids,
    )
    is_unchanged = request in (HELP, REPLY)
    answered = accept(tx, line, answer, consent_state=state if is_unchanged else None, store=store)
    return InboundAndAnswer(inbound, answered)


def opt_out_text(line: LineView) -> str:
    """Return what tells a phone that it is opted out (rules NET-stop, NET-staff-optout)."""
    return OPT_OUT_TEXT.format(organisation=line.name, keyword=line.keyword or "START")


def _answer_text(line: LineView, request: str, state: ConsentState | None) -> str | None:
    """Return what the line says by itself (rules NET-stop, NET-start, NET-help, NET-reply); None for nothing."""
    if request == OPT_OUT:
        return None if state and state.is_stopped else opt_out_text(line)
    if request == OPT_IN:
        return f"{line.name}: you are subscribed to our texts. Text HELP for help, STOP to end."
    if request == HELP:
        return line.help_text
    return None if state and not state.opted_in else line.auto_reply


def _record_request(tx: Tx, line: LineView, inbound: MessageRow, state: ConsentState | None) -> None:
    """Write into the ledger what a phone's text changes."""
    word: str | None = inbound.text.strip()
    if inbound.purpose == OPT_OUT and not (state and state.is_stopped):
        opted_in, cause = False, consent.HANDSET
    elif inbound.purpose == OPT_IN and not (state and state.opted_in):
        opted_in, cause = True, consent.HANDSET
    elif state is None:
        opted_in, cause, word = True, consent.FIRST_CONTACT, None
    else:
        return
    consent.record(tx, line.number, inbound.phone, opted_in=opted_in, cause=cause, at=inbound.accepted_at, word=word)


def last_uncaused(tx: Tx, line: str, phone: str, at: int) -> int | None:
    """Return the number of the last message that no reply caused: the lead of an unprompted text (rule NET-lead)."""
    return tx.one(LAST_UNCAUSED, line=line, phone=phone, at=at)
