"""What can people and phones do to the world, now, in the past or in the future?

A command is a function of a transaction, a time, and arguments that JSON can hold. For now or the past it is executed
at once; for the future it is scheduled, and executed by the first to come past after its time, stamped with that time.
"""

import json
import logging
from collections.abc import Callable, Mapping
from typing import Any, Concatenate, NamedTuple, ParamSpec, TypeVar
from uuid import uuid4

from sqlalchemy import bindparam, select

from sandbox.store import Query, Tx
from sandbox.store.tables import SCHEDULED, MessageRow, ScheduledRow
from sandbox.world import consent, delivery, limits, people, story_runs
from sandbox.world.consent import ConsentState
from sandbox.world.errors import TooManyMessages, UnknownMessage, WorldError
from sandbox.world.lines import LineView, line_of
from sandbox.world.messages import broadcasts
from sandbox.world.messages.accept import ALERT, OPT_OUT, STAFF_OPT_IN, Draft, accept
from sandbox.world.messages.receive import InboundAndAnswer, last_uncaused, opt_out_text, receive
from sandbox.world.messages.remove import remove_messages
from sandbox.world.messages.search import MessageFilters, last_message, message_of, outbound
from sandbox.world.messages.timeline import is_answered_by_handset, report_status
from sandbox.world.schedule import schedule, update_next_due
from sandbox.world.statuses import DELIVERED

P = ParamSpec("P")
T = TypeVar("T")

SLICE = 20
"""Commands that are due, or messages of a broadcast, that are done together: about 10 ms in a large store."""
SUBMIT = ("simplepay", "simplepay.submit")
"""Vendor and cause of a message that a program sent by SimplePay."""
STAFF_OPT_IN_TEXT = "{organisation}: you asked us to text you. Text HELP for help, STOP to end."
DELETED_BY = "deleted by {}"
"""The name of what counts the messages that a deletion has taken out, by its key."""
FIRST_DUE = Query(
    ScheduledRow,
    select(SCHEDULED)
    .where(SCHEDULED.c.workspace_id == bindparam("ws"), SCHEDULED.c.due_at <= bindparam("now"))
    .order_by(SCHEDULED.c.due_at, SCHEDULED.c.id)
    .limit(1),
)


def send(
    tx: Tx, at: int, *, line: str, to: str, text: str, purpose: str = ALERT, sent_by: str | None = None
) -> MessageRow:
    """Have staff send one message from a line."""
    owner = line_of(tx, line)
    return accept(tx, owner, Draft(to, text, at, owner.staff_tool, "staff", purpose, sent_by=sent_by))


def submit(tx: Tx, at: int, *, line: str, to: str, text: str) -> MessageRow:
    """Have a program send one message by SimplePay."""
    return accept(tx, line_of(tx, line), Draft(to, text, at, *SUBMIT), opts_in=True)


def broadcast(
    tx: Tx,
    at: int,
    *,
    line: str,
    name: str,
    text: str,
    phones: list[str] | None = None,
    texts: Mapping[str, str] | None = None,
    sent_by: str | None = None,
    campaign: str | None = None,
    key: str | None = None,
) -> "Begun":
    """Have staff send one text to many, to everyone if no `phones` are given; the rest as `broadcasts.broadcast`.

    The first of them get it now. `key`: of the broadcast that this is the rest of. Raises `TooManyMessages`, before
    anything is written.
    """
    phones = people.all_phones(tx) if phones is None else phones
    limits.check_messages(tx, len(phones))
    first, others = phones[:SLICE], phones[SLICE:]
    key = broadcasts.broadcast(
        tx,
        line_of(tx, line),
        name=name,
        text=text,
        phones=first,
        at=at,
        texts=texts,
        sent_by=sent_by,
        campaign=campaign,
        key=key,
    )
    if not others:
        return Begun(key, None)
    its_texts = texts and {phone: texts[phone] for phone in others}
    about = {"line": line, "name": name, "text": text, "sent_by": sent_by, "campaign": campaign}
    return Begun(key, {**about, "phones": others, "texts": its_texts, "key": key})


def reply(tx: Tx, at: int, *, message_id: int, text: str) -> InboundAndAnswer:
    """Have a phone answer a message."""
    answered = outbound(message_of(tx, message_id))
    line = line_of(tx, answered.line)
    return receive(tx, line, phone=answered.phone, text=text, at=at, cause="reply", answering=answered)


def text_in(tx: Tx, at: int, *, phone: str, line: str, text: str) -> InboundAndAnswer:
    """Have a phone text a line unprompted."""
    return receive(tx, line_of(tx, line), phone=phone, text=text, at=at, cause="inbound")


def report(
    tx: Tx,
    at: int,
    *,
    message_id: int,
    status: str,
    reason: str | None = None,
    vendor_status: str | None = None,
    force: bool = False,
    now: int | None = None,
) -> None:
    """Have staff or a test say what became of a message; the arguments are those of `timeline.report_status`."""
    message = message_of(tx, message_id)
    report_status(tx, message, status, at=at, now=now, reason=reason, vendor_status=vendor_status, force=force)


def report_latest(tx: Tx, at: int, *, line: str, phone: str, status: str, reason: str | None = None) -> None:
    """Say what became of the last message that a line sent to a phone by itself, as of that time."""
    message_id = last_uncaused(tx, line, phone, at)
    if message_id is None:
        raise UnknownMessage("That line has sent nothing to that phone yet.")
    report(tx, at, message_id=message_id, status=status, reason=reason, now=at)


def handset_reply(tx: Tx, at: int, *, message_id: int, text: str) -> None:
    """Have a handset with a reply of its own answer what was delivered to it, once (rule NET-handsets)."""
    answered = message_of(tx, message_id)
    is_still_so = answered.outcome == DELIVERED and answered.settled_at == at - delivery.REPLY_AFTER
    if is_still_so and not is_answered_by_handset(tx, answered):
        line = line_of(tx, answered.line)
        receive(tx, line, phone=answered.phone, text=text, at=at, cause="handset", answering=answered)


def delete_messages(
    tx: Tx,
    at: int,
    *,
    filters: dict[str, Any],
    after: int = 0,
    limit: int | None = None,
    last: int | None = None,
    key: str | None = None,
) -> "Begun":
    """Delete the messages that pass `MessageFilters`, the oldest `limit` of those numbered over `after`.

    Those that come from now on stay. `last`, `key`: of the deletion that this is the rest of; `key` counts (`deleted`).
    """
    last = last_message(tx) if last is None else last
    key = key or uuid4().hex
    removed = remove_messages(tx, MessageFilters(**filters), now=at, after=after, last=last, limit=limit)
    tx.count_up(DELETED_BY.format(key), removed.deleted)
    left = None if limit is None else limit - removed.deleted
    if removed.upto >= last or left == 0:
        return Begun(key, None)
    return Begun(key, {"filters": filters, "after": removed.upto, "limit": left, "last": last, "key": key})


def deleted(tx: Tx, key: str) -> int:
    """Return how many messages a deletion took out that is done, and count them no longer."""
    return tx.drop_count(DELETED_BY.format(key))


def end_story(tx: Tx, at: int) -> None:  # noqa: ARG001  (every command has a time)
    """End the story that the workspace is in, which has come to its end."""
    story_runs.end(tx, stays_frozen=True)


COMMANDS: dict[str, Callable[..., object]] = {
    command.__name__: command
    for command in (
        send,
        submit,
        broadcast,
        reply,
        text_in,
        report,
        report_latest,
        handset_reply,
        delete_messages,
        end_story,
    )
}


class Begun(NamedTuple):
    """A command that is too long for one slice. `rest`: the arguments of what is left to do; None when it is done."""

    key: str
    rest: dict[str, Any] | None


class Deferred(NamedTuple):
    """A command that was written down for a time to come."""

    command: str
    at: int


def execute(
    tx: Tx, command: Callable[Concatenate[Tx, int, P], T], at: int | None, /, *args: P.args, **arguments: P.kwargs
) -> T | Deferred:
    """Execute a command of `COMMANDS`, now if `at` is null, and return what it does; or schedule it.

    All arguments are given by name (`args` is there for the types). The rest of one that is only begun is due at once.
    """
    if at is None or at <= tx.now:
        at = tx.now if at is None else at
        done = command(tx, at, *args, **arguments)
        if isinstance(done, Begun) and done.rest is not None:
            schedule(tx, at, command.__name__, done.rest)
        return done
    message_id = arguments.get("message_id")
    assert message_id is None or isinstance(message_id, int)
    schedule(tx, at, command.__name__, arguments, message_id=message_id)
    return Deferred(command.__name__, at)


def run_due(tx: Tx) -> bool:
    """Execute a slice of what is due by now, in order; return whether more is."""
    room = SLICE
    # One by one: each may have something scheduled that comes before the rest.
    while room > 0 and (row := tx.one(FIRST_DUE, now=tx.now)):
        done = _run(tx, row)
        if isinstance(done, Begun):
            room = 0
        if isinstance(done, Begun) and done.rest is not None:  # it keeps its place before what is due with it
            tx.update(row, arguments=json.dumps(done.rest))
        else:
            tx.delete(row)
        room -= 1
    update_next_due(tx)
    tx.flush()  # a caller may tell what is new
    next_due_at = tx.workspace.next_due_at
    return next_due_at is not None and next_due_at <= tx.now


def _run(tx: Tx, row: ScheduledRow) -> object:
    """Execute a scheduled command as if on time; skip one that is no longer valid, and count one without room."""
    arguments: dict[str, Any] = json.loads(row.arguments)
    if row.command == report.__name__:
        arguments["now"] = row.due_at
    try:
        return COMMANDS[row.command](tx, row.due_at, **arguments)
    except TooManyMessages as full:
        if limits.note_missed(tx) == 1:
            logging.getLogger(__name__).warning("What fell due in workspace %d was left out: %s", tx.workspace.id, full)
        return None
    except WorldError:
        return None


def opt_by_staff(
    tx: Tx, at: int, *, line: LineView, phone: str, opted_in: bool, is_silent: bool = False
) -> MessageRow | None:
    """Have staff opt a phone in or out, and tell it so by a message (rules WB-type, NET-staff-optout).

    `is_silent`: no message. Nothing happens if they have done so already, or the phone's own STOP stands.
    """
    state = consent.state_of(tx, line.number, phone, at)
    if state is not None and _has_staffs_word(state, opted_in=opted_in):
        return None
    consent.record(tx, line.number, phone, opted_in=opted_in, cause=consent.STAFF, at=at)
    if is_silent:
        return None
    if opted_in:
        text, purpose = STAFF_OPT_IN_TEXT.format(organisation=line.name), STAFF_OPT_IN
    else:
        text, purpose = opt_out_text(line), OPT_OUT
    return send(tx, at, line=line.number, to=phone, text=text, purpose=purpose)


def _has_staffs_word(state: ConsentState, *, opted_in: bool) -> bool:
    """Return whether staff would change nothing: what they said stands, or a handset's own STOP."""
    if opted_in:
        return state == (True, consent.STAFF)
    return state.is_closed_by_staff or state.is_stopped
