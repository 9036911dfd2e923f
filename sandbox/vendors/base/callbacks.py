"""What a vendor is given to write a callback from."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sandbox.store import Tx
from sandbox.store.tables import CallbackRow, MessageRow
from sandbox.world.lines import all_lines
from sandbox.world.messages.search import vendor_ids_of

SENDER = "dialog-sandbox"
"""The User-Agent of callbacks."""


class StatusChange(NamedTuple):
    """A change of a message's status that its sender is told of.

    `ids`: what the vendors call the message, by name of the id. `owner`: the console's code, or the account's key.
    """

    message: MessageRow
    callback: CallbackRow
    ids: Mapping[str, str]
    owner: str


def status_changes(tx: Tx, pairs: Sequence[tuple[MessageRow, CallbackRow]]) -> list[StatusChange]:
    """Return the changes that these callbacks tell, in two statements."""
    ids = vendor_ids_of(tx, {message.id for message, _ in pairs})
    owners = {line.number: line.code for line in all_lines(tx)}
    return [
        StatusChange(message, callback, ids.get(message.id, {}), owners[message.line]) for message, callback in pairs
    ]
