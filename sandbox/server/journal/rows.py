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


class Answer(NamedTuple):
    """An exchange and what came of it. `size`: bytes of the whole body, null if it never came to its end.

    `wall`: wall time in ms; `ms`: how long it took.
    """

    exchange: Exchange
    response: Response
    body: bytes
    size: int | None
    wall: int
    ms: int


class Owner(NamedTuple):
    """What is to be known of a workspace: its own secrets, and its accounts' numbers by access key."""

    secrets: tuple[bytes, ...]
    accounts: dict[str | None, int]


NOBODY = Owner((), {})


class Scribe:
    """Writes rows of `models.JournalEntry`."""

    def __init__(self, world: World) -> None:
        self._world = world

    def rows(self, answers: list[Answer]) -> list[journal.EntryRow]:
        """Those of workspaces that are still there; of each only what is no secret."""
        owners: dict[int, Owner | None] = {journal.SERVER: NOBODY}
        rows = []
        for answer in answers:
            workspace = answer.exchange.workspace
            workspace_id = journal.SERVER if workspace is None else workspace.id
            if workspace_id not in owners:
                owners[workspace_id] = self._owner(workspace_id)
            owner = owners[workspace_id]
            if owner is not None:
                rows.append(row(answer, workspace_id, owner))
        return rows

    def _owner(self, workspace_id: int) -> Owner | None:
        """None of a workspace that is gone."""
        try:
            found = workspaces.row_of(self._world, workspace_id)
        except UnknownWorkspace:
            return None
        accounts = workspaces.accounts(self._world, workspace_id)
        secrets = [found["password"]]
        for account in accounts:
            secrets += (account["access_key"], account["secret_access_key"])
        numbers: dict[str | None, int] = {account["access_key"]: account["id"] for account in accounts}
        return Owner(tuple(secret.encode() for secret in secrets), numbers)


def row(answer: Answer, workspace_id: int, owner: Owner) -> journal.EntryRow:
    """One exchange."""
    exchange, response = answer.exchange, answer.response
    scope = exchange.request.scope
    raw_headers = response.raw_headers
    asked = redaction.headers(tuple(scope["headers"]))
    told = redaction.headers(tuple(pair for pair in raw_headers if pair[0] != OWN_HEADER))
    path = raw_path(scope)[:LONGEST_TARGET]
    query, of_query = redaction.query(scope["query_string"][:LONGEST_TARGET])
    sent = exchange.raw_body
    body, of_body = redaction.body(sent[:KEPT], exchange.header(b"content-type")) if sent else (sent, ())
    found = b"" if scope["method"] == "HEAD" else answer.body[:KEPT]
    findings = findings_of(exchange)
    values: journal.EntryRow = {
        "workspace_id": workspace_id,
        "number": exchange.number,
        "at": exchange.now if workspace_id else answer.wall,
        "wall": answer.wall,
        "operation": operation_of(exchange),
        "outcome": outcome_of(exchange),
        "status": response.status_code,
        "levels": " ".join(sorted({finding.level for finding in findings})) or None,
        "messages": f",{','.join(map(str, exchange.messages[:MOST_MESSAGES]))}," if exchange.messages else None,
        "subject": _subject(exchange.subject, owner),
        "ms": answer.ms + (0 if exchange.fault is None else exchange.fault.delay_ms),
        "method": scope["method"],
        "path": path,
        "query": query,
        "request_headers": asked.shown,
        "request_body": body,
        "request_size": len(sent),
        "response_headers": told.shown,
        "response_body": found,
        "response_size": answer.size if scope["method"] != "HEAD" else 0,
        "rules": " ".join(rules_of(exchange)),
        "findings": json.dumps(findings, ensure_ascii=False) if findings else None,
        "fault": None if exchange.fault is None else json.dumps(exchange.fault.described),
    }
    secrets = redaction.known((*owner.secrets, *asked.secrets, *told.secrets, *of_query, *of_body))
    _scrub(values, secrets)
    for name in ("request_body", "response_body"):
        if len(values[name]) > LONGEST_BODY:
            values[name] = values[name][:LONGEST_BODY]
    return values


def _subject(subject: Subject, owner: Owner) -> str:
    return to_json((*subject[:4], owner.accounts.get(subject.account), subject.number)).decode()


RAW = ("path", "query", "request_body", "response_body")
WRITTEN = ("subject", "request_headers", "response_headers", "findings", "fault")


def _scrub(values: journal.EntryRow, secrets: redaction.Known) -> None:
    """Secrets that occur where nobody expects them."""
    texts = {name: values[name].encode() for name in WRITTEN if values[name] is not None}
    if not secrets.are_in(b"\n".join([*[values[name] for name in RAW], *texts.values()])):
        return
    for name in RAW:
        values[name] = secrets.out_of(values[name])
    for name, text in texts.items():
        values[name] = secrets.out_of(text).decode(errors="replace")


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
    return exchange.findings
