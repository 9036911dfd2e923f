"""How an exchange becomes an entry of the journal: its secrets taken out, its bodies cut."""

import json
import re
from typing import Any, NamedTuple

from pydantic_core import to_json

from sandbox.dependencies import Exchange, Finding, Subject
from sandbox.server.journal import bodies, redaction
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
TOKEN = re.compile(rb"[A-Za-z0-9._~-]{6,}")
"""What may be a secret of the kind that we make."""


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
        self._everybodys: frozenset[bytes] | None = None
        self._credentials = 0
        self._others_wrote = 0

    def _owner(self, workspace_id: int, account: str | None) -> Owner:
        world = self._world
        if self._credentials != world.credentials or self._others_wrote != world.store.others_wrote:
            self._credentials, self._others_wrote = world.credentials, world.store.others_wrote
            self._owners.clear()
            self._everybodys = None
        owner = self._owners.get(workspace_id)
        if owner is None or account not in owner.accounts:
            owner = self._owners[workspace_id] = owner_of(world, workspace_id)
        return owner

    def _somebodys(self, texts: tuple[bytes, ...]) -> tuple[bytes, ...]:
        """The words of these texts that are a secret of any workspace, be they behind escapes."""
        if self._everybodys is None:
            self._everybodys = workspaces.secrets(self._world)
        layers = (layer for text in texts for layer in (text, *redaction.layers(text)))
        words = {word for layer in layers for word in TOKEN.findall(layer)}
        words |= {word.strip(b"._~-") for word in words}
        return tuple(sorted(words & self._everybodys))

    def entry(self, answer: Answer) -> journal.EntryValues:
        """What is kept of an exchange and its answer."""
        exchange, status, told, body, size, wall, ms = answer
        scope = exchange.request.scope
        workspace_id = answer.workspace_id
        owner = self._owner(workspace_id, exchange.subject.account)
        heads = redaction.heads(tuple(scope["headers"]), told, owner.secrets)
        path, query, sent = raw_path(scope), scope["query_string"], exchange.raw_body
        asked, secrets = sent, heads.known
        path, found = redaction.path(path[:LONGEST_TARGET])
        if query or sent:
            query, of_query = redaction.query(query[:LONGEST_TARGET])
            asked, of_body = bodies.body(sent[:KEPT], exchange.header(b"content-type"))
            found = (*found, *of_query, *of_body)
        somebodys = NONE
        if not workspace_id:  # whose credentials these are was not looked for, or they were not taken for any
            headers = b"\n".join([value for _, value in scope["headers"]])
            somebodys = self._somebodys((raw_path(scope), scope["query_string"], sent[:KEPT], headers))
        if found or somebodys:
            secrets = redaction.known((*heads.secrets, *somebodys, *redaction.some(found)))
        body, size = (b"", 0) if scope["method"] == "HEAD" else (body, size)
        messages, findings, fault = exchange.messages, findings_of(exchange), exchange.fault
        outcome, subject = outcome_of(exchange), subject_of(exchange.subject, owner)
        told_of_findings = json.dumps(findings, ensure_ascii=False) if findings else None
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
            bytearray(path),
            bytearray(query),
            heads.asked,
            bindable(asked),
            len(sent),
            heads.told,
            bindable(body),
            size,
            " ".join(rules_of(exchange)),
            told_of_findings,
            None if fault is None else json.dumps(fault.described),
        )
        in_asked = b"\n".join((path, query, asked, subject.encode(), (told_of_findings or "").encode()))
        # The body of an accepted answer repeats nothing that the request does not hold, but texts that are stored.
        known_in_answer = owner.known if outcome == journal.ACCEPTED else secrets
        if hold_secrets(heads, secrets, in_asked) or known_in_answer.are_in(body):
            values = cleaned(values, secrets)
        if len(sent) > LONGEST_BODY or len(body) > LONGEST_BODY:
            values = cut(values)
        return values


WRITTEN = {
    "subject": "utf-8",
    "request_headers": "latin-1",
    "response_headers": "latin-1",
    "findings": "utf-8",
    "fault": "utf-8",
}
"""What is JSON, and how its texts were read from what was sent."""
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
    return secrets is not heads.known and secrets.are_in((heads.asked + heads.told).encode("latin-1"))


def cleaned(values: journal.EntryValues, secrets: redaction.Known) -> journal.EntryValues:
    """The same with the mark in the secrets' places."""
    row = journal.row_of(values)
    for name in RAW:
        row[name] = secrets.out_of(bytes(row[name]))
    for name, encoding in WRITTEN.items():
        if row[name] is not None:
            row[name] = to_json(_cleaned(json.loads(row[name]), secrets, encoding)).decode()
    return tuple(row.values())


def _cleaned(told: Any, secrets: redaction.Known, encoding: str) -> Any:
    """Text by text: in JSON as it is written, what comes from behind an escape could end a string."""
    if isinstance(told, str):
        return secrets.out_of(told.encode(encoding, "replace")).decode(encoding, "replace")
    if isinstance(told, dict):
        return {name: _cleaned(value, secrets, encoding) for name, value in told.items()}
    return [_cleaned(each, secrets, encoding) for each in told] if isinstance(told, list) else told


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
