"""What can happen in a workspace?"""

from collections.abc import Sequence
from typing import NamedTuple

from sandbox.store.tables import JournalEntryRow, MessageRow
from sandbox.world.callbacks.search import ListedCallback
from sandbox.world.events.cursors import Cursor
from sandbox.world.statuses import Entry

MESSAGE = "message"
"""An outbound message was accepted."""
INBOUND = "inbound"
STATUS = "status"
"""A message took a status."""
CALLBACK = "callback"
CLOCK = "clock"
RESET = "reset"
EXCHANGE = "exchange"
GAP = "gap"
"""What happened here is not known any more."""


class WorkspaceEvent(NamedTuple):
    """Something that happened; `cursor` is that of one who was told it.

    `message`, `entries` and `so_far`: the message that it is about, its timeline, and how many entries of that had come
    about with it. `missed`: of a gap, how many changes are not known any more; null when that is not known either.
    """

    kind: str
    cursor: Cursor
    message: MessageRow | None = None
    entries: Sequence[Entry] = ()
    so_far: int = 0
    callback: ListedCallback | None = None
    exchange: JournalEntryRow | None = None
    missed: int | None = None
    detail: str = ""
