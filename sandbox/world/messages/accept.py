"""How is a message for a phone taken, numbered, and its fate fixed?"""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from sqlalchemy import bindparam, delete, func, select

from sandbox.store import Query, Tx
from sandbox.store.tables import MESSAGES, VENDOR_IDS, MessageRow, VendorIdRow
from sandbox.world import consent, delivery, limits, people
from sandbox.world.callbacks.queue import expect
from sandbox.world.consent import ConsentState
from sandbox.world.errors import AlreadyTaken
from sandbox.world.lines import LineView
from sandbox.world.schedule import HANDSET_REPLY, schedule
from sandbox.world.statuses import DELIVERED, Plan, planned_entries

OUTBOUND = "outbound"
INBOUND = "inbound"

ALERT = "alert"
OPT_OUT = "opt_out"
OPT_IN = "opt_in"
STAFF_OPT_IN = "staff_opt_in"
HELP = "help"
REPLY = "reply"
ALWAYS_ANSWERED = (OPT_OUT, OPT_IN, HELP)
"""The purposes of what an opted-out phone gets all the same (rule NET-consent)."""

AUTOMATIC = "automatic_answer"
"""The cause of a message that a line sent by itself, since a reply caused it."""

MOST_ATTEMPTS = 50
"""At ids that no other message has."""
DROP_IDS = delete(VENDOR_IDS).where(
    VENDOR_IDS.c.workspace_id == bindparam("ws"), VENDOR_IDS.c.message_id == bindparam("message")
)

ACCEPTED_BETWEEN = Query(
    int,
    select(func.count()).where(
        MESSAGES.c.workspace_id == bindparam("ws"),
        MESSAGES.c.line == bindparam("line"),
        MESSAGES.c.phone == bindparam("phone"),
        MESSAGES.c.accepted_at > bindparam("after"),
        MESSAGES.c.accepted_at <= bindparam("until"),
        MESSAGES.c.direction == OUTBOUND,
    ),
)


class Draft(NamedTuple):
    """A message for a phone, before it is taken.

    `cause`: what made it, as its timeline's first entry names it. `sender`: the line's number if left out. `ids`: those
    that are given rather than made by their vendors, by the names that the vendors give them.
    """

    to: str
    text: str
    at: int
    vendor: str
    cause: str
    purpose: str = ALERT
    sender: str | None = None
    sent_by: str | None = None
    status_callback: str | None = None
    person_id: int | None = None
    broadcast_id: int | None = None
    campaign_id: int | None = None
    lead_id: int | None = None
    caused_by_id: int | None = None
    ids: Mapping[str, str] | None = None


StoreMessage = Callable[[Tx, MessageRow, Mapping[str, str] | None], None]
"""What inserts a message with the ids that it is given, as `store_message` does."""


def accept(
    tx: Tx,
    line: LineView,
    draft: Draft,
    *,
    opts_in: bool = False,
    plan: Plan | None = None,
    consent_state: ConsentState | None = None,
    store: StoreMessage | None = None,
) -> MessageRow:
    """Take a message for a phone and fix what becomes of it. Raises `TooManyMessages`, before anything is written.

    `opts_in`: it opts the phone in silently (rule SP-optin). `plan`: instead of what the policy gives, unless the phone
    is opted out. `consent_state`: that of the phone, if the caller knows it. `store`: instead of `store_message`.
    """
    if store is None:  # what a fixture brings is never refused
        limits.check_messages(tx)
    is_barred = _is_barred(tx, line, draft, consent_state, opts_in=opts_in)
    is_by_policy = plan is None or is_barred
    if plan is None or is_barred:
        is_one_too_many = _is_one_too_many(tx, line, draft)
        plan = delivery.plan_for(tx.workspace, draft.to, draft.at, is_barred=is_barred, is_one_too_many=is_one_too_many)
    message = _outbound(tx, line, draft, plan)
    (store or store_message)(tx, message, draft.ids)
    if message.status_callback is not None:
        changes = planned_entries(draft.at, draft.cause, plan)[1:]
        expect(tx, message.id, changes, accepted_at=draft.at)
    if is_by_policy:
        let_handset_reply(tx, message)
    return message


def _is_barred(tx: Tx, line: LineView, draft: Draft, state: ConsentState | None, *, opts_in: bool) -> bool:
    """Return whether consent keeps it from the phone; write into the ledger what it changes there."""
    state = state or consent.state_of(tx, line.number, draft.to, draft.at)
    if state is None:
        state = consent.record_first(tx, line.number, draft.to, cause=consent.FIRST_CONTACT, at=draft.at)
    if state.opted_in:
        return False
    if opts_in and state.yields_to_submit(overrides_stop=line.submit_overrides_stop):
        consent.record(tx, line.number, draft.to, opted_in=True, cause=consent.API, at=draft.at)
        return False
    return draft.purpose not in ALWAYS_ANSWERED


def _is_one_too_many(tx: Tx, line: LineView, draft: Draft) -> bool:
    """Return whether the handset takes no more from this line for now (rule NET-handsets)."""
    handset = delivery.handset_of(tx.workspace, draft.to)
    if handset is None or handset.most_lately is None:
        return False
    lately = tx.one(
        ACCEPTED_BETWEEN, line=line.number, phone=draft.to, after=draft.at - delivery.LATELY, until=draft.at
    )
    return (lately or 0) >= handset.most_lately


def _outbound(tx: Tx, line: LineView, draft: Draft, plan: Plan) -> MessageRow:
    return MessageRow(
        workspace_id=tx.ws,
        id=tx.next_id("message"),
        direction=OUTBOUND,
        vendor=draft.vendor,
        console_id=line.console_id,
        account_id=line.account_id,
        line=line.number,
        phone=draft.to,
        sender=draft.sender or line.number,
        text=draft.text,
        folded=draft.text.casefold(),
        purpose=draft.purpose,
        sent_by=draft.sent_by,
        cause=draft.cause,
        person_id=draft.person_id or people.id_for_phone(tx, draft.to),
        broadcast_id=draft.broadcast_id,
        campaign_id=draft.campaign_id,
        lead_id=draft.lead_id,
        caused_by_id=draft.caused_by_id,
        status_callback=draft.status_callback,
        accepted_at=draft.at,
        record_at=draft.at if line.is_console else None,
        sent_at=plan.sent_at,
        settled_at=plan.settled_at,
        outcome=plan.outcome,
        plan_cause=plan.cause,
        reason=plan.reason,
        reads_to_sent=plan.reads_to_sent,
        reads_to_settled=plan.reads_to_settled,
    )


def let_handset_reply(tx: Tx, message: MessageRow) -> None:
    """Have a handset that replies do so after delivery, unless a reply caused the message (rule NET-handsets)."""
    if message.outcome != DELIVERED or message.settled_at is None or message.cause == AUTOMATIC:
        return
    handset = delivery.handset_of(tx.workspace, message.phone)
    if handset is not None and handset.reply is not None:
        at = message.settled_at + delivery.REPLY_AFTER
        schedule(tx, at, HANDSET_REPLY, {"message_id": message.id, "text": handset.reply}, message_id=message.id)


def store_message(tx: Tx, message: MessageRow, fixed_ids: Mapping[str, str] | None) -> None:
    """Insert a message with its vendors' ids, and tell those who wait."""
    tx.add(message)
    _give_ids(tx, message, fixed_ids or {})
    tx.notify("message" if message.direction == OUTBOUND else "inbound", message_id=message.id)


def _give_ids(tx: Tx, message: MessageRow, fixed_ids: Mapping[str, str]) -> None:
    """Insert the ids by which its vendors know it; when one is another message's, all are made again."""
    for attempt in range(MOST_ATTEMPTS):
        if all(tx.add_unless_taken(row) for row in vendor_ids(tx, message, fixed_ids, attempt)):
            return
        tx.execute(DROP_IDS, message=message.id)
    raise ids_taken(fixed_ids)


def ids_taken(fixed_ids: Mapping[str, str]) -> AlreadyTaken:
    """Return what is raised when the ids that a message is given are another one's."""
    return AlreadyTaken(f"Another message of this workspace bears one of the ids {dict(fixed_ids)}.")


def vendor_ids(tx: Tx, message: MessageRow, fixed_ids: Mapping[str, str], attempt: int) -> Iterator[VendorIdRow]:
    """Yield the ids of a message: those that are given, and those that its vendors make at this attempt."""
    is_console = message.console_id is not None
    for each in tx.id_formats:
        value = fixed_ids.get(each.name)
        if value is None and each.applies(message.direction, is_console):
            value = each.make(tx.workspace.seed, message.id, message.accepted_at, attempt)
        if value is not None:
            yield VendorIdRow(
                workspace_id=tx.ws, message_id=message.id, vendor=each.vendor, name=each.name, value=value
            )
