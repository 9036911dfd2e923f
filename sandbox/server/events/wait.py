"""Has the message come that a caller waits for?"""

from dataclasses import replace
from typing import NamedTuple

from dialog_sandbox.models.events import Arrived
from sandbox.server.answers.messages import MessageBuilder
from sandbox.store import Tx
from sandbox.store.tables import MessageRow
from sandbox.world.links_and_codes import codes, links
from sandbox.world.messages.search import MessageFilters, last_message, newest_message


class WaitOutcome(NamedTuple):
    """The message; None when none can come, since the workspace was reset meanwhile."""

    arrived: Arrived | None


class Wait:
    """A wait for the newest message that passes the filters, case ignored, of those numbered over `after`."""

    def __init__(self, tx: Tx, filters: MessageFilters, after: int) -> None:
        self._epoch = tx.workspace.epoch
        self._filters = replace(filters, any_case=True)
        self._after = after
        self.key = ("wait", self._epoch, self._filters, after)
        """The same for all who wait for the same."""
        self.workspace_id = tx.workspace.id

    def outcome(self, tx: Tx) -> WaitOutcome | None:
        """Return what came of it; None while nothing did."""
        if tx.workspace.epoch != self._epoch:
            return WaitOutcome(None)
        row = newest_message(tx, self._filters, self._after)
        if row is not None:
            return WaitOutcome(arrived_of(tx, row))
        if self._filters.status is None:
            # What else filters ask for never changes, so those that did not pass need not be looked at again.
            self._after = max(self._after, last_message(tx))
        return None


def arrived_of(tx: Tx, row: MessageRow) -> Arrived:
    """Return a message as it is now, with the links and one-time codes that its text holds."""
    members = MessageBuilder(tx, [row]).members(row)
    return Arrived.model_validate({**members, "links": links(row.text), "codes": codes(row.text)})
