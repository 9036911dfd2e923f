"""Callbacks as the wire models show them."""

from collections.abc import Sequence

from sqlalchemy import bindparam, select

from dialog_sandbox.models import callbacks as models
from sandbox.server.answers.values import optional_timestamp, timestamp
from sandbox.server.journal.secrets import url_without_secrets
from sandbox.store import Query, Tx
from sandbox.store.tables import MESSAGES, AttemptRow, MessageRow
from sandbox.vendors.base.callbacks import StatusChange, status_changes
from sandbox.vendors.base.vendor import Vendor
from sandbox.world.callbacks.search import ListedCallback
from sandbox.world.callbacks.states import DELIVERED, GIVEN_UP, PENDING
from sandbox.world.ids import callback_id, message_id

MESSAGES_OF = Query(
    MessageRow,
    select(MESSAGES).where(
        MESSAGES.c.workspace_id == bindparam("ws"), MESSAGES.c.id.in_(bindparam("messages", expanding=True))
    ),
)


def callbacks_of(tx: Tx, listed: Sequence[ListedCallback], vendors: Sequence[Vendor]) -> list[models.Callback]:
    """Return these callbacks, each with the payload that its vendor writes."""
    if not listed:
        return []
    numbers = {each.callback.message_id for each in listed}
    messages = {row.id: row for row in tx.all(MESSAGES_OF, messages=list(numbers))}
    changes = status_changes(tx, [(messages[each.callback.message_id], each.callback) for each in listed])
    by_name = {vendor.name: vendor for vendor in vendors}
    return [_callback(each, change, by_name) for each, change in zip(listed, changes, strict=True)]


def _callback(listed: ListedCallback, change: StatusChange, vendors: dict[str, Vendor]) -> models.Callback:
    row = listed.callback
    make_payload = vendors[change.message.vendor].status_callback
    assert make_payload is not None, "only such a vendor takes a callback's URL"
    return models.Callback.model_validate(
        {
            "id": callback_id(row.id),
            "message": message_id(row.message_id),
            "url": url_without_secrets(listed.url),
            "status": row.status,
            "payload": make_payload(change),
            "state": row.state if row.state in (DELIVERED, GIVEN_UP) else PENDING,
            "due_at": timestamp(row.due_at),
            "reason": row.why,
            "attempts": [*map(_attempt, listed.attempts)],
        }
    )


def _attempt(row: AttemptRow) -> models.Attempt:
    return models.Attempt(
        at=timestamp(row.at),
        status=row.status,
        error=row.error,
        ms=row.ms,
        next_at=optional_timestamp(row.next_at),
    )
