"""How an exchange becomes an entry of the journal: its secrets taken out, its bodies cut."""

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from pydantic_core import to_json

from sandbox.server.journal.queries import ACCEPTED, FAULTED, REFUSED
from sandbox.server.journal.secrets import MARGIN, Forms, beginning, redacted, redacted_header, without
from sandbox.store.tables import JournalEntryRow
from sandbox.store.workspace_view import SERVER
from sandbox.vendors.base.exchange import VendorExchange
from sandbox.vendors.base.front import raw_path
from sandbox.vendors.base.refusal import CallFinding
from sandbox.world.faults import RULE

LONGEST_BODY = 64 * 1024
"""Bytes that are kept of each body."""
KEPT = LONGEST_BODY + MARGIN
"""Bytes of a body that are looked through for secrets."""
LONGEST_TARGET = 16 * 1024
LONGEST_HEADER = 8 * 1024
"""Bytes that are kept of a header's value."""
LONGEST_CACHED = 1024
"""Bytes of a header's value that is worth remembering without secrets."""
LONGEST_OBSERVED = 200
LONGEST_FIX = LONGEST_BODY
"""Characters that are kept of what a finding says."""
MOST_MESSAGES = 1000

RawHeaders = Sequence[tuple[bytes, bytes]]


class AnsweredExchange(NamedTuple):
    """An exchange and what came of it.

    `body`: as much of it as may be kept; `size`: bytes of the whole, null if it never came to its end. `wall`: wall
    time in ms; `ms`: how long it took.
    """

    exchange: VendorExchange
    status: int
    headers: RawHeaders
    body: bytes
    size: int | None
    wall: int
    ms: int

    @property
    def workspace_id(self) -> int:
        workspace = self.exchange.workspace
        return SERVER if workspace is None else workspace.id

    @property
    def weight(self) -> int:
        """How many bytes it holds."""
        return len(self.exchange.raw_body) + len(self.body)


def make_entry(
    answered: AnsweredExchange, position: int, findings: list[CallFinding], known: Forms, accounts: Mapping[str, int]
) -> JournalEntryRow:
    """Return the row of an exchange. `known`: credentials to be taken out; `accounts`: their numbers by access key."""
    exchange, call, fault = answered.exchange, answered.exchange.call, answered.exchange.fault
    scope = exchange.request.scope
    is_of_nobody = exchange.workspace is None
    outcome = outcome_of(exchange)
    has_body = scope["method"] != "HEAD"
    # No vendor's answer has secret names of its own; one that does not accept may repeat what was sent.
    take_out = without if outcome == ACCEPTED else redacted
    return JournalEntryRow(
        workspace_id=answered.workspace_id,
        position=position,
        id=exchange.id,
        at=answered.wall if is_of_nobody else exchange.now,
        wall=answered.wall,
        operation=exchange.operation_id,
        outcome=outcome,
        status=answered.status,
        levels=" ".join(sorted({each.level for each in findings})) or None,
        messages=f",{','.join(map(str, exchange.messages[:MOST_MESSAGES]))}," if exchange.messages else None,
        call_to=_without_credentials(call.to, known),
        call_from=_without_credentials(call.from_, known),
        call_text=_without_credentials(call.text, known),
        call_console=_without_credentials(call.console, known),
        call_account=None if call.account is None else accounts.get(call.account),
        call_number=_without_credentials(call.number, known),
        rules=" ".join(rules_of(exchange)),
        findings=to_json([_finding(each, known) for each in findings]).decode() if findings else None,
        fault=None if fault is None else _json(fault.described, known),
        ms=answered.ms if fault is None else answered.ms + fault.delay_ms,
        method=scope["method"],
        path=beginning(raw_path(scope), LONGEST_TARGET, known),
        query=beginning(scope["query_string"], LONGEST_TARGET, known) if scope["query_string"] else b"",
        request_headers=headers_of(scope["headers"], known),
        request_body=beginning(exchange.raw_body, LONGEST_BODY, known),
        request_size=len(exchange.raw_body),
        response_headers=headers_of(answered.headers, known),
        response_body=beginning(answered.body, LONGEST_BODY, known, take_out) if has_body else b"",
        response_size=answered.size if has_body else 0,
    )


def outcome_of(exchange: VendorExchange) -> str:
    """Return what became of an exchange."""
    if exchange.fault is not None:
        return FAULTED
    return ACCEPTED if exchange.refusal is None else REFUSED


def rules_of(exchange: VendorExchange) -> tuple[str, ...]:
    """Return those that decided the answer; none of a defect of ours."""
    of_fault = () if exchange.fault is None else (RULE,)
    if exchange.refusal is None:
        return exchange.rules + of_fault
    return ((exchange.refusal.rule,) if exchange.refusal.rule else ()) + of_fault


def headers_of(headers: RawHeaders, known: Forms) -> str:
    """Return them as JSON, a list of pairs."""
    pairs = [
        (_cached_header if len(value) <= LONGEST_CACHED else _header)(name, value, known) for name, value in headers
    ]
    return f"[{','.join(pairs)}]"


def _header(name: bytes, value: bytes, known: Forms) -> str:
    value = redacted_header(name, value, known)
    value = value if len(value) <= LONGEST_HEADER else value[:LONGEST_HEADER] + b"..."
    return json.dumps([without(name, known).decode("latin-1"), value.decode("latin-1")], ensure_ascii=False)


_cached_header = lru_cache(maxsize=2048)(_header)
"""Those of a client and of its answers are the same again and again."""


def _without_credentials(text: str | None, known: Forms) -> str | None:
    """Return what a call is about: as it gave it, but for the workspace's credentials."""
    return None if text is None else without(text.encode(errors="replace"), known).decode(errors="replace")


def _finding(found: CallFinding, known: Forms) -> CallFinding:
    """Return it without secrets, and with no more of what was observed than shows it."""
    observed = _shortened(found.observed, LONGEST_OBSERVED, known)
    return found._replace(observed=observed, fix=_shortened(found.fix, LONGEST_FIX, known))


def _shortened(text: str, longest: int, known: Forms) -> str:
    """Return a text without secrets, with dots where it was cut."""
    if len(text) <= longest:
        return _without_secrets(text, known)
    size = len(text[:longest].encode(errors="replace"))
    raw = text[: longest + MARGIN].encode(errors="replace")
    return beginning(raw, size, known).decode(errors="ignore") + "..."


def _without_secrets(text: str, known: Forms) -> str:
    return redacted(text.encode(errors="replace"), known).decode(errors="replace")


def _json(value: Any, known: Forms) -> str:
    return to_json(_cleaned(value, known)).decode()


def _cleaned(value: Any, known: Forms) -> Any:
    """Return it cleaned text by text: in JSON as it is written a secret could have a string's end in it."""
    if isinstance(value, str):
        return _without_secrets(value, known)
    if isinstance(value, dict):
        return {name: _cleaned(each, known) for name, each in value.items()}
    return [_cleaned(each, known) for each in value] if isinstance(value, list | tuple) else value
