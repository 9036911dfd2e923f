"""How an exchange becomes a row of the journal: its secrets taken out, its bodies cut."""

import json
from typing import NamedTuple

from pydantic_core import to_json
from starlette.responses import Response

from sandbox.dependencies import Exchange, Finding, Subject
from sandbox.server.journal import redaction
from sandbox.vendor import raw_path
from sandbox.world import World, journal, workspaces
from sandbox.world.errors import UnknownWorkspace
from sandbox.world.faults import RULE

LONGEST_BODY = 64 * 1024
"""Bytes that are kept of each body."""
KEPT = LONGEST_BODY + 4 * 1024
"""Bytes that are looked through for secrets, so that none is cut in two where the body is cut."""
LONGEST_TARGET = 16 * 1024
MOST_MESSAGES = 1000
OWN_HEADER = b"x-sandbox-exchange"
NONE: tuple[bytes, ...] = ()


class Answer(NamedTuple):
    """An exchange and what came of it.

    `body`: as much of it as may be kept; `size`: bytes of the whole, null if it never came to its end. `wall`: wall
    time in ms; `ms`: how long it took.
    """

    exchange: Exchange
    response: Response
    body: bytes
    size: int | None
    wall: int
    ms: int

    @property
    def workspace_id(self) -> int:
        workspace = self.exchange.workspace
        return journal.SERVER if workspace is None else workspace.id


class Owner(NamedTuple):
    """What is to be known of a workspace: its own secrets, and its accounts' numbers by access key."""

    secrets: tuple[bytes, ...]
    known: redaction.Known
    accounts: dict[str | None, int | None]


class Scribe:
    """Writes rows of `models.JournalEntry`. What it knows of workspaces it asks anew after `look_again`."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._owners: dict[int, Owner] = {}

    def look_again(self) -> None:
        self._owners.clear()

    def _owner(self, workspace_id: int, account: str | None) -> Owner:
        owner = self._owners.get(workspace_id)
        if owner is None or account not in owner.accounts:
            owner = self._owners[workspace_id] = owner_of(self._world, workspace_id)
        return owner

    def row(self, answer: Answer) -> journal.EntryRow:
        """An exchange and what came of it."""
        exchange, response, body, size, wall, ms = answer
        scope = exchange.request.scope
        workspace_id = answer.workspace_id
        owner = self._owner(workspace_id, exchange.subject.account)
        is_head = scope["method"] == "HEAD"
        told = tuple([pair for pair in response.raw_headers if pair[0] != OWN_HEADER])
        heads = redaction.heads(tuple(scope["headers"]), told, owner.secrets)
        query, sent = scope["query_string"], exchange.raw_body
        asked_body, of_query, of_body = sent, NONE, NONE
        if query:
            query, of_query = redaction.query(query[:LONGEST_TARGET])
        if sent:
            asked_body, of_body = redaction.body(sent[:KEPT], exchange.header(b"content-type"))
        findings = findings_of(exchange)
        row: journal.EntryRow = {
            "workspace_id": workspace_id,
            "number": exchange.number,
            "at": exchange.now if workspace_id else wall,
            "wall": wall,
            "operation": operation_of(exchange),
            "outcome": outcome_of(exchange),
            "status": response.status_code,
            "levels": levels_of(findings) if findings else None,
            "messages": f",{','.join(map(str, exchange.messages[:MOST_MESSAGES]))}," if exchange.messages else None,
            "subject": subject_of(exchange.subject, owner),
            "ms": ms + (0 if exchange.fault is None else exchange.fault.delay_ms),
            "method": scope["method"],
            "path": raw_path(scope)[:LONGEST_TARGET],
            "query": query,
            "request_headers": heads.asked,
            "request_body": asked_body,
            "request_size": len(sent),
            "response_headers": heads.told,
            "response_body": b"" if is_head else body[:KEPT],
            "response_size": 0 if is_head else size,
            "rules": " ".join(rules_of(exchange)),
            "findings": json.dumps(findings, ensure_ascii=False) if findings else None,
            "fault": None if exchange.fault is None else json.dumps(exchange.fault.described),
        }
        secrets = heads.known
        if of_query or of_body:
            secrets = redaction.known((*heads.secrets, *of_query, *of_body))
        if hold_secrets(row, heads, secrets, owner.known):
            take_out(row, secrets)
        if len(sent) > LONGEST_BODY or len(body) > LONGEST_BODY:
            for name in ("request_body", "response_body"):
                row[name] = row[name][:LONGEST_BODY]
        return row


WRITTEN = ("subject", "request_headers", "response_headers", "findings", "fault")
RAW = ("path", "query", "request_body", "response_body")


def hold_secrets(row: journal.EntryRow, heads: redaction.Heads, secrets: redaction.Known, own: redaction.Known) -> bool:
    """Whether secrets occur where nobody expects them. The headers were looked through for what stands in them.

    The body of an accepted answer repeats nothing that the request does not hold, but texts that are stored: there only
    the workspace's own need be looked for.
    """
    if not heads.are_clean:
        return True
    asked = b"\n".join((row["path"], row["query"], row["request_body"], row["subject"].encode()))
    if secrets.are_in(asked):
        return True
    if secrets is not heads.known and secrets.are_in((heads.asked + heads.told).encode()):
        return True
    in_answer = own if row["outcome"] == journal.ACCEPTED else secrets
    return in_answer.are_in(row["response_body"])


def take_out(row: journal.EntryRow, secrets: redaction.Known) -> None:
    """Puts the mark in their places."""
    for name in RAW:
        row[name] = secrets.out_of(row[name])
    for name in WRITTEN:
        if row[name] is not None:
            row[name] = secrets.out_of(row[name].encode()).decode(errors="replace")


def owner_of(world: World, workspace_id: int) -> Owner:
    """What is to be known of a workspace; nothing of none, or of one that is gone.

    An access key is taken out where it stands, and wherever else a call that gives it has it.
    """
    try:
        found = workspaces.row_of(world, workspace_id)
    except UnknownWorkspace:
        return Owner((), redaction.known(()), {None: None})
    accounts = workspaces.accounts(world, workspace_id)
    secrets = [found["password"], *(account["secret_access_key"] for account in accounts)]
    raw = tuple(secret.encode() for secret in secrets)
    numbers: dict[str | None, int | None] = {account["access_key"]: account["id"] for account in accounts}
    return Owner(raw, redaction.known(raw), numbers | {None: None})


def subject_of(subject: Subject, owner: Owner) -> str:
    """As JSON, the account by its number."""
    return to_json((*subject[:4], owner.accounts.get(subject.account), subject.number)).decode()


def levels_of(findings: list[Finding]) -> str:
    """Each once."""
    return " ".join(sorted({finding.level for finding in findings}))


def operation_of(exchange: Exchange) -> str | None:
    """`simplepay.submit`; None for a path that leads nowhere."""
    name = exchange.operation
    return None if name is None else f"{exchange.request.app.vendor.name}.{name}"


def outcome_of(exchange: Exchange) -> str:
    if exchange.fault is not None:
        return journal.FAULTED
    return journal.ACCEPTED if exchange.refusal is None else journal.REFUSED


def rules_of(exchange: Exchange) -> tuple[str, ...]:
    """Those that decided the answer; none of a defect of ours."""
    met = () if exchange.fault is None else (RULE,)
    if exchange.refusal is None:
        return exchange.rules + met
    return ((exchange.refusal.rule,) if exchange.refusal.rule else ()) + met


def findings_of(exchange: Exchange) -> list[Finding]:
    """What the endpoint saw itself, and what the exchange as a whole shows."""
    found: list[Finding] = exchange.request.app.vendor.findings(exchange)
    return exchange.findings + found
