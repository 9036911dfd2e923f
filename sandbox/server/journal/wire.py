"""Rows of the journal in the shape of the control API."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from dialog_sandbox.models.faults import AppliedFault
from dialog_sandbox.models.journal import Exchange, Finding, Side
from sandbox.clock import SECOND, utc
from sandbox.server.journal.entry import LONGEST_BODY
from sandbox.store.tables import JournalEntryRow
from sandbox.vendors.base.refusal import CallFinding
from sandbox.world.ids import message_id

Encoding = Literal["utf-8", "escaped"]
OWN_HEADER = "x-sandbox-exchange"
CUT_CHARACTER = 3
"""Bytes of a character in UTF-8 that can be left when its last one was cut off."""


def exchange_body(entry: JournalEntryRow, explanations: Mapping[str, str]) -> Exchange:
    """Return an entry's exchange. `explanations`: what each rule says, by its id."""
    is_answer_cut = entry.response_size is None or entry.response_size > LONGEST_BODY
    return Exchange.model_validate(
        {
            "id": entry.id,
            "at": moment(entry.at),
            "wall": moment(entry.wall),
            "operation": entry.operation,
            "method": entry.method,
            "path": readable(entry.path)[0],
            "query": readable(entry.query)[0],
            "to": entry.call_to or entry.call_number,
            "request": side(
                json.loads(entry.request_headers),
                entry.request_body,
                entry.request_size,
                is_cut=entry.request_size > LONGEST_BODY,
            ),
            "response": side(
                [*json.loads(entry.response_headers), [OWN_HEADER, entry.id]],
                entry.response_body,
                entry.response_size,
                is_cut=is_answer_cut,
            ),
            "status": entry.status,
            "outcome": entry.outcome,
            "ms": entry.ms,
            "rules": entry.rules.split(),
            "findings": finding_bodies(entry, explanations),
            "fault": None if entry.fault is None else AppliedFault.model_validate_json(entry.fault),
            "messages": [message_id(number) for number in numbers_of(entry.messages)],
        }
    )


def finding_bodies(entry: JournalEntryRow, explanations: Mapping[str, str]) -> list[Finding]:
    """Return an entry's findings, each with what its rule says; none of a rule that is gone."""
    return [
        Finding.model_validate(
            {
                "rule": each.rule,
                "level": each.level,
                "seen": each.observed,
                "mend": each.fix,
                "explanation": explanations.get(each.rule),
            }
        )
        for each in findings_of(entry.findings)
    ]


def numbers_of(written: str | None) -> list[int]:
    """Return the numbers of messages that a row holds between commas."""
    return [] if written is None else [int(number) for number in written.strip(",").split(",")]


def findings_of(written: str | None) -> list[CallFinding]:
    """Return the findings that a row holds as JSON."""
    return [] if written is None else [CallFinding(*each) for each in json.loads(written)]


def moment(at: int) -> datetime:
    """Return a time in ms as the wire's models have it."""
    return utc(at).replace(microsecond=at % SECOND * 1000)


def side(headers: list[Any], body: bytes, size: int | None, *, is_cut: bool) -> Side:
    """Return what was sent by one of the two, without secrets."""
    text, encoding = readable(body, is_cut=is_cut)
    return Side(headers=headers, body=text, encoding=encoding, size=size, truncated=is_cut)


def readable(raw: bytes, *, is_cut: bool = False) -> tuple[str, Encoding]:
    """Return bytes as text, and how: `escaped` has `\\xff` for what is not UTF-8, and backslashes doubled."""
    for left_out in range(CUT_CHARACTER + 1 if is_cut else 1):
        try:
            return raw[: len(raw) - left_out].decode(), "utf-8"
        except UnicodeDecodeError:
            continue
    return raw.replace(b"\\", b"\\\\").decode(errors="backslashreplace"), "escaped"
