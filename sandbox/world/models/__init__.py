"""The tables: what is remembered of each workspace.

Every key begins with the workspace, and `id` counts from 1 within it, so that a workspace's rows can be copied to
another one as they are. Times are whole milliseconds since 1970 in UTC; phones and lines are digits with the country
code. Nothing here is shaped like a vendor's answer.
"""

from sandbox.world.models.base import (
    SCHEMA,
    Counter,
    JournalRow,
    Part,
    Row,
    SchemaVersion,
)
from sandbox.world.models.faults import (
    Fault,
)
from sandbox.world.models.journal import JournalEntry, JournalFile
from sandbox.world.models.messages import (
    Broadcast,
    Campaign,
    Message,
    Step,
)
from sandbox.world.models.outbox import (
    Attempt,
    Callback,
    Scheduled,
    Sink,
    SinkRequest,
)
from sandbox.world.models.people import (
    Consent,
    Person,
)
from sandbox.world.models.snapshots import Snapshot
from sandbox.world.models.stories import (
    Play,
)
from sandbox.world.models.workspaces import (
    Account,
    Console,
    Line,
    Workspace,
)

__all__ = [
    "SCHEMA",
    "Account",
    "Attempt",
    "Broadcast",
    "Callback",
    "Campaign",
    "Consent",
    "Console",
    "Counter",
    "Fault",
    "JournalEntry",
    "JournalFile",
    "JournalRow",
    "Line",
    "Message",
    "Part",
    "Person",
    "Play",
    "Row",
    "Scheduled",
    "SchemaVersion",
    "Sink",
    "SinkRequest",
    "Snapshot",
    "Step",
    "Workspace",
    "of_workspaces",
]


def of_workspaces() -> list[type[Row]]:
    """The tables whose rows are a workspace's, each after those that it refers to."""
    by_name = {str(model.__tablename__): model for model in Row.__subclasses__()}
    return [by_name[table.name] for table in Row.metadata.sorted_tables if "workspace_id" in table.c]
