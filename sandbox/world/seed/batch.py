"""How are the messages of a history inserted? Together, which takes half as long as one by one."""

from collections.abc import Mapping

from sandbox.store import Tx
from sandbox.store.tables import MessageRow, VendorIdRow
from sandbox.world.messages.accept import MOST_ATTEMPTS, ids_taken, vendor_ids

BATCH_SIZE = 100
"""Messages: inserted in a slice."""


class MessageBatch:
    """Messages of a workspace that has no others, so that their ids can only clash with each other's."""

    def __init__(self) -> None:
        self._messages: list[MessageRow] = []
        self._ids: list[VendorIdRow] = []
        self._taken: set[tuple[str, str]] = set()

    def add(self, tx: Tx, message: MessageRow, fixed_ids: Mapping[str, str] | None) -> None:
        """Take a message, as `accept.store_message` does."""
        for attempt in range(MOST_ATTEMPTS):
            ids = list(vendor_ids(tx, message, fixed_ids or {}, attempt))
            keys = {(each.vendor, each.value) for each in ids}
            if self._taken.isdisjoint(keys):
                self._taken |= keys
                self._ids += ids
                self._messages.append(message)
                return
        raise ids_taken(fixed_ids or {})

    @property
    def is_full(self) -> bool:
        """Whether it is time to insert them."""
        return len(self._messages) >= BATCH_SIZE

    def insert(self, tx: Tx) -> None:
        """Insert what was taken since the last time."""
        tx.add_all(self._messages)
        tx.add_all(self._ids)
        self._messages, self._ids = [], []
