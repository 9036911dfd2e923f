"""The hot questions to the store, and which index has to serve each."""

import re
from dataclasses import dataclass

from sandbox import world
from sandbox.vendors import dialogtech, simplepay, writeback
from sandbox.world import carrier, consent, messages, people
from sandbox.world.store import Statement, Store
from sandbox.world.workspaces import finding

PARAMETER = re.compile(r":(\w+)")
SCAN = "SCAN"
SORTED = "TEMP B-TREE"


@dataclass(frozen=True)
class Question:
    """A statement, and words that its query plan must hold: the index, and how much of it is used."""

    title: str
    statement: Statement
    uses: tuple[str, ...]


QUESTIONS = (
    Question(
        "a console's results by time",
        writeback.RECORDS,
        ("ix_message_record (workspace_id=? AND console_id=? AND record_at>? AND record_at<?)",),
    ),
    Question("a console's first results", writeback.FIRST_RECORDS, ("ix_message_record (workspace_id=? AND",)),
    Question("a message by its sid", simplepay.BY_SID, ("ux_message_sid",)),
    Question(
        "an account's messages by time",
        dialogtech.OF_ACCOUNT.first,
        ("ix_message_account (workspace_id=? AND account_id=? AND direction=? AND accepted_at>? AND accepted_at<?)",),
    ),
    Question("a tracking number's messages by time", dialogtech.OF_NUMBER.first, ("ix_message_account",)),
    Question("how many messages of an account", dialogtech.OF_ACCOUNT.total, ("ix_message_account",)),
    Question(
        "a message by any vendor's id",
        messages.BY_VENDOR_ID,
        ("ux_message_sid", "ux_message_outgoing_key", "ux_message_msg_id"),
    ),
    Question("a message by our id", messages.BY_ID, ("(workspace_id=? AND id=?)",)),
    Question(
        "a phone's last message", carrier.LAST_UNCAUSED, ("ix_message_conversation (workspace_id=? AND line=? AND",)
    ),
    Question(
        "a phone's consent", consent.LATEST, ("ix_consent_phone (workspace_id=? AND line=? AND phone=? AND at<?)",)
    ),
    Question("a phone's person", people.ID_BY_PHONE, ("(workspace_id=? AND phone=?)",)),
    Question("the workspace of Basic credentials", finding.BY_USERNAME, ("(username=?)",)),
    Question("the account of two keys", finding.BY_ACCESS_KEY, ("(access_key=?)",)),
    Question("a console's line", finding.CONSOLE_LINE, ("(workspace_id=? AND code=?)",)),
    Question("a counter", world.READ, ("(workspace_id=? AND kind=?)",)),
)


def plan(store: Store, statement: Statement) -> list[str]:
    """SQLite's query plan, a line for each step."""
    params = dict.fromkeys(PARAMETER.findall(statement.sql)) | statement.constants
    return [row[3] for row in store.execute(f"EXPLAIN QUERY PLAN {statement.sql}", params)]


def faults(store: Store) -> list[str]:
    """What is wrong with the plans, a sentence each: a scan, a sort, or another index than the one meant."""
    found = []
    for question in QUESTIONS:
        steps = plan(store, question.statement)
        shown = "; ".join(steps)
        if any(step.startswith(SCAN) or SORTED in step for step in steps):
            found.append(f"{question.title}: no index serves it all: {shown}")
        found += [f"{question.title}: {index} is not used: {shown}" for index in question.uses if index not in shown]
    return found
