"""The hot questions to the store, and which index has to serve each: what SQLite's planner says of them."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.sql.compiler import SQLCompiler

from sandbox.store import Query, tx
from sandbox.vendors.dialogtech import messages as dialogtech
from sandbox.vendors.simplepay import api as simplepay
from sandbox.vendors.writeback import api as writeback
from sandbox.world import clock_moves, commands, consent, lines, people
from sandbox.world.callbacks import claims
from sandbox.world.messages import receive, search
from sandbox.world.workspaces import find

SCAN = "SCAN"
SORTED = "TEMP B-TREE"
SENT = {"vendors": ["simplepay"], "messages": [1], "limit": 1}
"""Values of the parameters that a statement cannot be written without; the others do not matter."""


@dataclass(frozen=True)
class Question:
    """A query, and words that its plan must hold: the index, and how much of it is used."""

    title: str
    query: Query[Any]
    uses: tuple[str, ...]


QUESTIONS = (
    Question(
        "a console's results by time",
        writeback.RECORDS,
        ("ix_message_record (workspace_id=? AND console_id=? AND record_at>? AND record_at<?)",),
    ),
    Question("a console's first results", writeback.FIRST_RECORDS, ("ix_message_record (workspace_id=? AND",)),
    Question("a message by its sid", simplepay.BY_SID, ("(workspace_id=? AND vendor=? AND value=?)",)),
    Question("the sid of a message", simplepay.SID_OF, ("(workspace_id=? AND message_id=? AND vendor=?)",)),
    Question(
        "an account's messages by time",
        dialogtech.OF_ACCOUNT.first,
        ("ix_message_account (workspace_id=? AND account_id=? AND direction=? AND accepted_at>? AND accepted_at<?)",),
    ),
    Question("a tracking number's messages by time", dialogtech.OF_NUMBER.first, ("ix_message_account",)),
    Question("how many messages of an account", dialogtech.OF_ACCOUNT.total, ("ix_message_account",)),
    Question("a message by any vendor's id", search.BY_VENDOR_ID, ("(workspace_id=? AND vendor=? AND value=?)",)),
    Question("what vendors call messages", search.IDS_OF, ("(workspace_id=? AND message_id=?)",)),
    Question(
        "a phone's last message", receive.LAST_UNCAUSED, ("ix_message_conversation (workspace_id=? AND line=? AND",)
    ),
    Question(
        "a phone's consent", consent.LATEST, ("ix_consent_phone (workspace_id=? AND line=? AND phone=? AND at<?)",)
    ),
    Question("a phone's person", people.ID_BY_PHONE, ("(workspace_id=? AND phone=?)",)),
    Question("the workspace of Basic credentials", find.BY_USERNAME, ("(username=?)",)),
    Question("the account of two keys", find.BY_KEYS, ("(access_key=?)",)),
    Question("a console's line", lines.CONSOLE_LINE, ("(workspace_id=? AND code=?)",)),
    Question("a command that is due", commands.FIRST_DUE, ("ix_scheduled_due (workspace_id=? AND due_at<?)",)),
    Question("what a clock comes past", clock_moves.PLANNED, ("ix_message_ahead (workspace_id=? AND settled_at>?)",)),
    Question("callbacks that are due", claims.DUE, ("ix_callback_due (workspace_id=? AND next_at<?)",)),
    Question("the next callback's time", claims.NEXT_DUE, ("ix_callback_due (workspace_id=?)",)),
    Question("a counter", tx.COUNT, ("(workspace_id=? AND kind=?)",)),
)


def plan(connection: Connection, query: Query[Any]) -> list[str]:
    """Return SQLite's query plan, a line for each step."""
    compiled = query.statement.compile(connection)
    assert isinstance(compiled, SQLCompiler)
    sent = compiled.construct_expanded_state({**compiled.params, **SENT})
    steps = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sent.statement}", tuple(sent.positional_parameters))
    return [str(step[3]) for step in steps]


def faults(engine: Engine) -> list[str]:
    """Return what is wrong with the plans, a sentence each: a scan, a sort, or another index than the one meant."""
    found = []
    with engine.connect() as connection:
        for question in QUESTIONS:
            steps = plan(connection, question.query)
            listed = "; ".join(steps)
            if any(step.startswith(SCAN) or SORTED in step for step in steps):
                found.append(f"{question.title}: no index serves it all: {listed}")
            found += [f"{question.title}: {used} is not used: {listed}" for used in question.uses if used not in listed]
    return found
