"""How an exchange becomes an entry of the journal: its secrets taken out, its bodies cut."""

import json
from typing import NamedTuple

from pydantic_core import to_json

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
SHORT = 8 * 1024
LONGEST_TARGET = 16 * 1024
MOST_MESSAGES = 1000
NONE: tuple[bytes, ...] = ()


class Answer(NamedTuple):
    """An exchange and what came of it.

    `told`: the answer's headers. `body`: as much of it as may be kept; `size`: bytes of the whole, null if it never
    came to its end. `wall`: wall time in ms; `ms`: how long it took.
    """

    exchange: Exchange
    status: int
    told: redaction.RawHeaders
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
    """Writes the values of journal entries."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._owners: dict[int, Owner] = {}
        self._credentials = 0
        self._others_wrote = 0

    def _owner(self, workspace_id: int, account: str | None) -> Owner:
        world = self._world
        if self._credentials != world.credentials or self._others_wrote != world.store.others_wrote:
            self._credentials, self._others_wrote = world.credentials, world.store.others_wrote
            self._owners.clear()
        owner = self._owners.get(workspace_id)
        if owner is None or account not in owner.accounts:
            owner = self._owners[workspace_id] = owner_of(world, workspace_id)
        return owner

    def entry(self, answer: Answer) -> journal.EntryValues:
        """What is kept of an exchange and its answer."""
        exchange, status, told, body, size, wall, ms = answer
        scope = exchange.request.scope
        workspace_id = answer.workspace_id
        owner = self._owner(workspace_id, exchange.subject.account)
        heads = redaction.heads(tuple(scope["headers"]), told, owner.secrets)
        path, query, sent = raw_path(scope), scope["query_string"], exchange.raw_body
        asked, secrets = sent, heads.known
        if query or sent:
            query, of_query = redaction.query(query[:LONGEST_TARGET])
            asked, of_body = redaction.body(sent[:KEPT], exchange.header(b"content-type"))
            if of_query or of_body:
                secrets = redaction.known((*heads.secrets, *of_query, *of_body))
        body, size = (b"", 0) if scope["method"] == "HEAD" else (body, size)
        messages, findings, fault = exchange.messages, findings_of(exchange), exchange.fault
        outcome, subject = outcome_of(exchange), subject_of(exchange.subject, owner)
        values: journal.EntryValues = (
            workspace_id,
            exchange.number,
            exchange.now if workspace_id else wall,
            wall,
            operation_of(exchange),
            outcome,
            status,
            levels_of(findings) if findings else None,
            f",{','.join(map(str, messages[:MOST_MESSAGES]))}," if messages else None,
            subject,
            ms if fault is None else ms + fault.delay_ms,
            scope["method"],
            bytearray(path[:LONGEST_TARGET]),
            bytearray(query),
            heads.asked,
            bindable(asked),
            len(sent),
            heads.told,
            bindable(body),
            size,
            " ".join(rules_of(exchange)),
            json.dumps(findings, ensure_ascii=False) if findings else None,
            None if fault is None else json.dumps(fault.described),
        )
        in_asked = b"\n".join((path, query, asked, subject.encode()))
        # The body of an accepted answer repeats nothing that the request does not hold, but texts that are stored.
        known_in_answer = owner.known if outcome == journal.ACCEPTED else secrets
        if hold_secrets(heads, secrets, in_asked) or known_in_answer.are_in(body):
            values = cleaned(values, secrets)
        if len(sent) > LONGEST_BODY or len(body) > LONGEST_BODY:
            values = cut(values)
        return values


WRITTEN = ("subject", "request_headers", "response_headers", "findings", "fault")
BODIES = ("request_body", "response_body")
RAW = ("path", "query", *BODIES)


def bindable(raw: bytes) -> bytes | bytearray:
    """The same for Python's driver, which takes several times as long to bind bytes, but for what is long to copy."""
    return bytearray(raw) if len(raw) < SHORT else raw


def hold_secrets(heads: redaction.Heads, secrets: redaction.Known, asked: bytes) -> bool:
    """Whether a request has secrets where nobody expects them.

    The headers were looked through for what stands in them; `asked`: the rest.
    """
    if not heads.are_clean or secrets.are_in(asked):
        return True
    return secrets is not heads.known and secrets.are_in((heads.asked + heads.told).encode())


def cleaned(values: journal.EntryValues, secrets: redaction.Known) -> journal.EntryValues:
    """The same with the mark in the secrets' places."""
    row = journal.row_of(values)
    for name in RAW:
        row[name] = secrets.out_of(bytes(row[name]))
    for name in WRITTEN:
        if row[name] is not None:
            row[name] = secrets.out_of(row[name].encode()).decode(errors="replace")
    return tuple(row.values())


def cut(values: journal.EntryValues) -> journal.EntryValues:
    """The same with bodies no longer than they may be."""
    row = journal.row_of(values)
    for name in BODIES:
        row[name] = row[name][:LONGEST_BODY]
    return tuple(row.values())


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
