"""Messages as the wire models show them."""

from collections.abc import Iterable, Sequence
from typing import Any

from dialog_sandbox.models.messages import Conversation, Ids, Message, Next, TimelineEntry
from sandbox.server.answers.values import timestamp
from sandbox.store import Tx
from sandbox.store.tables import MessageRow, PersonRow
from sandbox.world import people
from sandbox.world.ids import message_id
from sandbox.world.lines import all_lines
from sandbox.world.messages.accept import OUTBOUND
from sandbox.world.messages.receive import InboundAndAnswer
from sandbox.world.messages.search import vendor_ids_of
from sandbox.world.messages.timeline import entries_of
from sandbox.world.segments import encoding, segments
from sandbox.world.statuses import Entry, entries_by


class MessageBuilder:
    """Builds the messages of these rows. What they show besides is loaded when it is made, in four statements.

    `known`: people who are loaded already.
    """

    def __init__(self, tx: Tx, rows: Sequence[MessageRow], known: Iterable[PersonRow] = ()) -> None:
        numbers = [row.id for row in rows]
        self._now = tx.now
        self._codes = {line.number: line.code for line in all_lines(tx)}
        self._entries = entries_of(tx, rows)
        self._ids = vendor_ids_of(tx, numbers)
        self._id_names = [each.name for each in tx.id_formats]
        self._carriers = {person.id: person.carrier for person in known}
        others = {row.person_id for row in rows if row.person_id is not None} - self._carriers.keys()
        self._carriers |= people.carriers_of(tx, others) if others else {}

    def message(self, row: MessageRow) -> Message:
        """Return it as it is now."""
        return Message.model_validate(self.members(row))

    def message_at_step(self, row: MessageRow, step: int) -> Message:
        """Return it as it was when that entry of its timeline, counted from 0, had come about."""
        return Message.model_validate(self.members(row, step))

    def members(self, row: MessageRow, step: int | None = None) -> dict[str, Any]:
        """Return the members of the same, for a model that has more of them."""
        entries = self._entries[row.id]
        count = entries_by(entries, self._now) if step is None else step + 1
        past = entries[:count]
        is_outbound = row.direction == OUTBOUND
        code = self._codes[row.line]
        return {
            "id": message_id(row.id),
            "vendor": row.vendor,
            "direction": row.direction,
            "console": code if row.console_id is not None else None,
            "account": code if row.account_id is not None else None,
            "ids": self._ids_of(row),
            "from_": row.sender,
            "to": row.phone if is_outbound else row.line,
            "text": row.text,
            "encoding": encoding(row.text),
            "segments": segments(row.text),
            "carrier": None if row.person_id is None else self._carriers.get(row.person_id),
            "status": past[-1].status,
            "reason": past[-1].reason,
            "timeline": [_timeline_entry(entry) for entry in past],
            "next": _next(entries[count:]),
            "lead": _optional_id(row.lead_id),
            "caused_by": _optional_id(row.caused_by_id),
        }

    def _ids_of(self, row: MessageRow) -> Ids:
        known = self._ids.get(row.id, {})
        names = dict.fromkeys((*Ids.model_fields, *self._id_names))
        return Ids.model_validate({name: known.get(name) for name in names})


def messages_of(tx: Tx, rows: Sequence[MessageRow]) -> list[Message]:
    """Return these messages as they are now, in four statements."""
    return [*map(MessageBuilder(tx, rows).message, rows)]


def message_of(tx: Tx, row: MessageRow) -> Message:
    """Return one message as it is now."""
    return messages_of(tx, [row])[0]


def conversation_of(tx: Tx, both: InboundAndAnswer) -> Conversation:
    """Return what a phone sent, and the automatic answer if there was one."""
    inbound, *answers = messages_of(tx, [row for row in both if row is not None])
    return Conversation(inbound=inbound, answer=answers[0] if answers else None)


def _timeline_entry(entry: Entry) -> TimelineEntry:
    return TimelineEntry.model_validate({**entry._asdict(), "at": timestamp(entry.at)})


def _next(later: Sequence[Entry]) -> Next | None:
    return Next.model_validate({"status": later[0].status, "at": timestamp(later[0].at)}) if later else None


def _optional_id(n: int | None) -> str | None:
    return None if n is None else message_id(n)
