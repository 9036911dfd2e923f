"""The tables: what is remembered of each workspace.

Every key begins with the workspace, and `id` counts from 1 within it, so that a workspace's rows can be cloned into
another one as they are. Times are whole milliseconds since 1970 in UTC; phones and lines are digits with the country
code. Nothing here is shaped like a vendor's answer.
"""

from sandbox.store.tables.base import SCHEMA, Part, Row, entities, table_of
from sandbox.store.tables.journal import CHANGES, JOURNAL, Change, JournalEntry
from sandbox.store.tables.messages import (
    BROADCASTS,
    CAMPAIGNS,
    MESSAGES,
    STEPS,
    VENDOR_IDS,
    Broadcast,
    Campaign,
    Message,
    Step,
    VendorId,
)
from sandbox.store.tables.people import CONSENTS, PEOPLE, Consent, Person
from sandbox.store.tables.schedule import (
    ATTEMPTS,
    CALLBACKS,
    FAULTS,
    SCHEDULED,
    SINK_REQUESTS,
    SINKS,
    STORY_RUNS,
    Attempt,
    Callback,
    Fault,
    Scheduled,
    Sink,
    SinkRequest,
    StoryRun,
)
from sandbox.store.tables.workspaces import (
    ACCOUNTS,
    CONSOLES,
    COUNTERS,
    LINES,
    SCHEMA_TAGS,
    SNAPSHOTS,
    WORKSPACES,
    Account,
    Console,
    Counter,
    Line,
    SchemaTag,
    Snapshot,
    Workspace,
)

__all__ = [
    "ACCOUNTS", "ATTEMPTS", "BROADCASTS", "CALLBACKS", "CAMPAIGNS", "CHANGES", "CONSENTS", "CONSOLES", "COUNTERS",
    "FAULTS", "JOURNAL", "LINES", "MESSAGES", "PEOPLE", "SCHEDULED", "SCHEMA", "SCHEMA_TAGS", "SINKS", "SINK_REQUESTS",
    "SNAPSHOTS", "STEPS", "STORY_RUNS", "VENDOR_IDS", "WORKSPACES",
    "Account", "Attempt", "Broadcast", "Callback", "Campaign", "Change", "Consent", "Console", "Counter", "Fault",
    "JournalEntry", "Line", "Message", "Part", "Person", "Row", "Scheduled", "SchemaTag", "Sink", "SinkRequest",
    "Snapshot", "Step", "StoryRun", "VendorId", "Workspace",
    "entities", "table_of",
]  # fmt: skip
