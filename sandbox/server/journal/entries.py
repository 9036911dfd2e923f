"""Rows of the journal in the shape of the control API, and the ids that exchanges go by."""

import json
import re
from functools import cache
from typing import Any

from sandbox.dependencies import Finding
from sandbox.server.journal import OWN_HEADER
from sandbox.server.journal.rows import LONGEST_BODY
from sandbox.server.rules import every_rule
from sandbox.world import journal, messages
from sandbox.world.clock import rfc3339

Json = dict[str, Any]
ID = re.compile(r"ex_(server_)?([0-9]{1,17})", re.ASCII)
CUT_CHARACTER = 3
"""Bytes of a character in UTF-8 that can be left when its last one was cut off."""


def our_id(workspace_id: int, number: int) -> str:
    """What the control API calls the workspace's n-th exchange, or the n-th of none."""
    return f"ex_server_{number}" if workspace_id == journal.SERVER else f"ex_{number}"


def number_of(workspace_id: int, our: str) -> int | None:
    """The other way round; None when it is no such id, or another journal's."""
    found = ID.fullmatch(our)
    is_of_server = workspace_id == journal.SERVER
    return int(found[2]) if found and bool(found[1]) == is_of_server else None


def entry(row: journal.EntryRow) -> Json:
    """A row of `models.JournalEntry` as a `JournalEntry`."""
    our = our_id(row["workspace_id"], row["number"])
    numbers = row["messages"].strip(",").split(",") if row["messages"] else []
    return {
        "id": our,
        "at": rfc3339(row["at"]),
        "wall": rfc3339(row["wall"]),
        "operation": row["operation"],
        "method": row["method"],
        "path": readable(row["path"])[0],
        "query": readable(row["query"])[0],
        "request": _side(row, "request", []),
        "response": _side(row, "response", [[OWN_HEADER.decode(), our]]),
        "status": row["status"],
        "outcome": row["outcome"],
        "ms": row["ms"],
        "rules": row["rules"].split(),
        "findings": findings(row),
        "fault": None if row["fault"] is None else json.loads(row["fault"]),
        "messages": [messages.our_id(int(number)) for number in numbers],
    }


def findings(row: journal.EntryRow) -> list[Json]:
    """`rule`, `level`, `seen` and `mend` of each, and what its rule says."""
    found = [Finding(*each) for each in json.loads(row["findings"] or "[]")]
    return [{**each._asdict(), "explanation": explanation(each.rule)} for each in found]


@cache
def explanation(rule_id: str) -> str | None:
    """What a rule says; none of one that is gone."""
    return next((rule["summary"] for rule in every_rule() if rule["id"] == rule_id), None)


def _side(row: journal.EntryRow, side: str, more_headers: list[list[str]]) -> Json:
    kept, size = row[f"{side}_body"], row[f"{side}_size"]
    is_cut = size is None or size > LONGEST_BODY
    body, encoding = readable(kept, is_cut=is_cut)
    return {
        "headers": [*json.loads(row[f"{side}_headers"]), *more_headers],
        "body": body,
        "encoding": encoding,
        "size": size,
        "truncated": is_cut,
    }


def readable(raw: bytes, *, is_cut: bool = False) -> tuple[str, str]:
    """Bytes as text, and how: `utf-8`, or `escaped`: `\\xff` for what is not UTF-8, backslashes doubled."""
    for left_out in range(CUT_CHARACTER + 1 if is_cut else 1):
        try:
            return raw[: len(raw) - left_out].decode(), "utf-8"
        except UnicodeDecodeError:
            continue
    return raw.replace(b"\\", b"\\\\").decode(errors="backslashreplace"), "escaped"
