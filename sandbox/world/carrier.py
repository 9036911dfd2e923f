"""The pretend phone network: accepts messages, reports what became of them, brings in what phones text.

Everything here belongs in a transaction (`with world.store.writing():`), which its caller opens.
"""

from collections.abc import Mapping
from sqlite3 import IntegrityError
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, select

from sandbox.world import callbacks, consent, delivery, models, people
from sandbox.world.errors import AlreadyTaken, TooEarly
from sandbox.world.happenings import MESSAGE
from sandbox.world.ids import MessageIds, decided_key, message_ids
from sandbox.world.schedule import schedule
from sandbox.world.statuses import DELIVERED, Plan, planned_entries
from sandbox.world.store import Statement, inserting, table

if TYPE_CHECKING:
    from sandbox.world import LineView, WorkspaceView, World

ALERT = "alert"
OPT_OUT = "opt_out"
OPT_IN = "opt_in"
STAFF_OPT_IN = "staff_opt_in"
HELP = "help"
REPLY = "reply"

OUTBOUND = "outbound"
INBOUND = "inbound"

WRITEBACK = "writeback"
DIALOGTECH = "dialogtech"
SIMPLEPAY = "simplepay"

AUTOMATIC = "automatic_answer"
"""What made a message that a line sent by itself, since a reply caused it."""
SUBMITTED = "simplepay.submit"
"""What made a message that a program sent by SimplePay, as its timeline says."""

STAFF_OPT_IN_TEXT = "{organisation}: you asked us to text you. Text HELP for help, STOP to end."
ALWAYS_ANSWERED = (OPT_OUT, OPT_IN, HELP)
"""What an opted-out phone gets all the same (rule NET-consent)."""

MESSAGES = table(models.Message)
INSERT = inserting(models.Message)
LAST_UNCAUSED = Statement(
    select(MESSAGES.c.id)
    .where(
        MESSAGES.c.workspace_id == bindparam("workspace_id"),
        MESSAGES.c.line == bindparam("line"),
        MESSAGES.c.phone == bindparam("phone"),
        MESSAGES.c.accepted_at <= bindparam("at"),
        MESSAGES.c.direction == OUTBOUND,
        MESSAGES.c.cause != AUTOMATIC,
    )
    .order_by(MESSAGES.c.accepted_at.desc(), MESSAGES.c.id.desc())
    .limit(1)
)
INSERT_BROADCAST = inserting(models.Broadcast)
INSERT_CAMPAIGN = inserting(models.Campaign)
CAMPAIGNS = table(models.Campaign)
CAMPAIGN_BY_NAME = Statement(
    select(CAMPAIGNS.c.id).where(
        CAMPAIGNS.c.workspace_id == bindparam("workspace_id"), CAMPAIGNS.c.name == bindparam("name")
    )
)

MessageRow = dict[str, Any]
"""A row of `models.Message` by column name."""
COLUMNS = tuple(MESSAGES.c.keys())
EMPTY_ROW: MessageRow = dict.fromkeys(COLUMNS)
ATTEMPTS = 50


def accept(
    world: "World",
    workspace: "WorkspaceView",
    line: "LineView",
    *,
    to: str,
    text: str,
    at: int,
    vendor: str,
    cause: str,
    purpose: str = ALERT,
    opts_in: bool = False,
    plan: Plan | None = None,
    ids: Mapping[str, str] | None = None,
    state: consent.State | None = None,
    **columns: Any,
) -> MessageRow:
    """Takes a message for a phone and fixes what becomes of it.

    `opts_in`: it opts the phone in silently (rule SP-optin). `plan`: instead of what the policy gives, unless the phone
    is opted out. `ids`: those of `MessageIds` that are given rather than decided by the seed. `state`: of the phone's
    consent, if the caller knows it. `columns`: further columns of the row.
    """
    state = state or consent.state_of(world, workspace.id, line.number, to, at)
    is_barred = state is not None and not state.opted_in
    if state is None:
        _enter(world, workspace, line, to, at, consent.FIRST_CONTACT)
    elif is_barred and opts_in and (line.submit_overrides_stop or not state.is_stopped):
        _enter(world, workspace, line, to, at, consent.API)
        is_barred = False
    is_barred = is_barred and purpose not in ALWAYS_ANSWERED
    is_by_policy = plan is None or is_barred
    if plan is None or is_barred:
        plan = delivery.plan_for(workspace, to, at, is_barred=is_barred)
    message = _insert(
        world,
        workspace,
        line,
        ids,
        direction=OUTBOUND,
        vendor=vendor,
        phone=to,
        text=text,
        purpose=purpose,
        cause=cause,
        accepted_at=at,
        record_at=at if line.console_id is not None else None,
        sent_at=plan.sent_at,
        settled_at=plan.settled_at,
        outcome=plan.outcome,
        plan_cause=plan.cause,
        reason=plan.reason,
        **columns,
    )
    if message["status_callback"] is not None:
        changes = planned_entries(at, cause, plan)[1:]
        callbacks.expect(world, workspace, message["id"], changes, accepted_at=at)
    if is_by_policy:
        let_handset_reply(world, workspace, message)
    return message


def let_handset_reply(world: "World", workspace: "WorkspaceView", message: MessageRow) -> None:
    """A handset that replies does so after delivery, unless a reply caused the message (rule NET-handsets)."""
    if message["outcome"] != DELIVERED or message["cause"] == AUTOMATIC:
        return
    handset = delivery.handset_of(workspace, message["phone"])
    if handset is not None and handset.reply is not None:
        at = message["settled_at"] + delivery.REPLY_AFTER
        schedule(world, workspace.id, at, "handset", {"message": message["id"], "text": handset.reply})


def receive(
    world: "World",
    workspace: "WorkspaceView",
    line: "LineView",
    *,
    phone: str,
    text: str,
    at: int,
    cause: str,
    answering: MessageRow | None = None,
    ids: Mapping[str, str] | None = None,
    answer_ids: Mapping[str, str] | None = None,
) -> tuple[MessageRow, MessageRow | None]:
    """A phone texts a line, in answer to a message or out of the blue: the inbound, and what it is answered.

    `ids`, `answer_ids`: of the two, as `accept` takes them.
    """
    if answering is not None and at < answering["accepted_at"]:
        raise TooEarly("A reply cannot come before the message that it answers.")
    state = consent.state_of(world, workspace.id, line.number, phone, at)
    asked = consent.asked_for(text, line.keyword)
    lead_id = answering["id"] if answering else last_uncaused(world, workspace, line.number, phone, at)
    answer_text = _answer(line, asked, state)
    inbound = _insert(
        world,
        workspace,
        line,
        ids,
        direction=INBOUND,
        vendor=WRITEBACK if line.console_id is not None else DIALOGTECH,
        phone=phone,
        sender=phone,
        text=text,
        purpose=asked,
        cause=cause,
        accepted_at=at,
        record_at=at if line.console_id is not None and answer_text is None else None,
        plan_cause=cause,
        lead_id=lead_id,
    )
    _hear(world, workspace, line, phone, asked, text, state, at)
    if answer_text is None:
        return inbound, None
    answer = accept(
        world,
        workspace,
        line,
        to=phone,
        text=answer_text,
        at=at,
        vendor=inbound["vendor"],
        cause=AUTOMATIC,
        purpose=asked,
        ids=answer_ids,
        lead_id=lead_id,
        caused_by_id=inbound["id"],
    )
    return inbound, answer


def broadcast(
    world: "World",
    workspace: "WorkspaceView",
    line: "LineView",
    *,
    name: str,
    text: str,
    phones: list[str],
    at: int,
    texts: Mapping[str, str] | None = None,
    sent_by: str | None = None,
    campaign: str | None = None,
    key: str | None = None,
    campaign_key: str | None = None,
) -> tuple[str, list[MessageRow]]:
    """One text to many: the broadcast's 32 hex digits, and its messages. `texts`: by phone, instead of `text`."""
    n, key = new_broadcast(world, workspace, name, key)
    campaign_id = campaign_named(world, workspace, campaign, campaign_key) if campaign else None
    messages = [
        accept(
            world,
            workspace,
            line,
            to=phone,
            text=texts[phone] if texts else text,
            at=at,
            vendor=WRITEBACK,
            cause="broadcast",
            sent_by=sent_by,
            broadcast_id=n,
            campaign_id=campaign_id,
        )
        for phone in phones
    ]
    return key, messages


def new_broadcast(world: "World", workspace: "WorkspaceView", name: str, key: str | None = None) -> tuple[int, str]:
    """A broadcast without messages yet: its id, and its 32 hex digits."""
    n = world.take(workspace.id, "broadcast")
    key = key or decided_key(workspace.seed, "broadcast", n)
    world.store.add(INSERT_BROADCAST, {"workspace_id": workspace.id, "id": n, "key": key, "name": name})
    return n, key


def campaign_named(world: "World", workspace: "WorkspaceView", name: str, key: str | None = None) -> int:
    """The id of the campaign of that name, made if there is none."""
    row = world.store.one(CAMPAIGN_BY_NAME, workspace_id=workspace.id, name=name)
    if row:
        return int(row[0])
    n = world.take(workspace.id, "campaign")
    key = key or decided_key(workspace.seed, "campaign", n)
    world.store.add(INSERT_CAMPAIGN, {"workspace_id": workspace.id, "id": n, "key": key, "name": name})
    return n


def _enter(world: "World", workspace: "WorkspaceView", line: "LineView", phone: str, at: int, cause: str) -> None:
    consent.record(world, workspace.id, line.number, phone, opted_in=True, cause=cause, at=at)


def _answer(line: "LineView", asked: str, state: consent.State | None) -> str | None:
    """What the line says by itself (rules NET-stop, NET-start, NET-help, NET-reply); None when it says nothing."""
    if asked == OPT_OUT:
        again = f"Text {line.keyword or 'START'} to subscribe again."
        return None if state and state.is_stopped else f"{line.name}: you will get no more texts from us. {again}"
    if asked == OPT_IN:
        return f"{line.name}: you are subscribed to our texts. Text HELP for help, STOP to end."
    if asked == HELP:
        return line.help_text
    return None if state and not state.opted_in else line.auto_reply


def _hear(
    world: "World",
    workspace: "WorkspaceView",
    line: "LineView",
    phone: str,
    asked: str,
    text: str,
    state: consent.State | None,
    at: int,
) -> None:
    """Writes into the ledger what a phone's text changes."""
    if asked == OPT_OUT and not (state and state.is_stopped):
        opted_in, cause = False, consent.HANDSET
    elif asked == OPT_IN and not (state and state.opted_in):
        opted_in, cause = True, consent.HANDSET
    elif state is None:
        opted_in, cause = True, consent.FIRST_CONTACT
    else:
        return
    word = None if cause == consent.FIRST_CONTACT else text.strip()
    consent.record(world, workspace.id, line.number, phone, opted_in=opted_in, cause=cause, at=at, word=word)


def last_uncaused(world: "World", workspace: "WorkspaceView", line: str, phone: str, at: int) -> int | None:
    """The lead of an unasked text (rule NET-lead)."""
    row = world.store.one(LAST_UNCAUSED, workspace_id=workspace.id, line=line, phone=phone, at=at)
    return int(row[0]) if row else None


def _insert(
    world: "World",
    workspace: "WorkspaceView",
    line: "LineView",
    given: Mapping[str, str] | None,
    **columns: Any,
) -> MessageRow:
    """Numbers and stores a message. When its ids clash with another message's it takes the next ones."""
    n = world.take(workspace.id, "message")
    row = EMPTY_ROW | {
        "workspace_id": workspace.id,
        "id": n,
        "line": line.number,
        "console_id": line.console_id,
        "account_id": line.account_id,
        "sender": line.number,
        **columns,
    }
    if row["person_id"] is None:
        row["person_id"] = people.id_for_phone(world, workspace, row["phone"])
    for attempt in range(ATTEMPTS):
        row |= _ids(workspace.seed, row, attempt)
        if given:
            row |= given
        try:
            world.store.add(INSERT, row)
        except IntegrityError as error:
            if not any(f"message.{name}" in str(error) for name in MessageIds._fields):
                raise
        else:
            world.touch(workspace.id, MESSAGE, n)
            return row
    raise AlreadyTaken(f"Another message of this workspace bears one of the ids {dict(given or {})}.")


def _ids(seed: int, row: MessageRow, attempt: int) -> dict[str, str]:
    """Those that the vendor gives to such a message: Dialog Health to what it sends, DialogTech to both directions."""
    if row["account_id"] is None and row["direction"] == INBOUND:
        return {}
    ids = message_ids(seed, row["id"], row["accepted_at"], attempt)
    if row["account_id"] is not None:
        return {"msg_id": ids.msg_id}
    return {"sid": ids.sid, "outgoing_key": ids.outgoing_key}
