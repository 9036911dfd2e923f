"""What a workspace saw, short and readable: for the report of a test that failed."""

import re
from collections.abc import Sequence
from json import loads
from typing import Any

from dialog_sandbox._sync.client import SandboxClient
from dialog_sandbox._sync.workspace import Workspace
from dialog_sandbox.models.journal import Exchange
from dialog_sandbox.models.messages import Message

EXCHANGES = 12
MESSAGES = 12
OF_NOBODY = 5
LOOKED_AT = 200
"""Of the newest exchanges, those with errors are shown first; those before them are not asked for."""
LONGEST = 160
REASONS = ("error_message", "message", "detail")
"""Where an answer in JSON says why."""
DESCRIPTION = re.compile(r"<result_description>(.*?)</result_description>", re.DOTALL)
NOBODYS = "calls since the test began that belong to no workspace, so maybe another test's:"


def summary(client: SandboxClient, workspace: Workspace) -> str:
    """The exchanges with their findings and the newest messages; and the calls since that found no workspace.

    Those are the ones with wrong credentials. The times are the server's: the test's own clock may stand still.
    """
    reading = workspace.clock.read()
    exchanges = workspace.journal(LOOKED_AT, order="newest")
    messages = workspace.messages()
    nobodys = client.journal(LOOKED_AT, order="newest", since=workspace.info.created_at)
    return "\n".join(
        [
            f"{workspace.name} ({workspace.id}), its clock at {reading.now:%Y-%m-%d %H:%M:%S}",
            *(_exchanges(exchanges, EXCHANGES) or ["no vendor call reached it"]),
            *_left_out(len(messages) - MESSAGES, "earlier messages"),
            *([_message(message) for message in messages[-MESSAGES:]] or ["no message is in it"]),
            *([NOBODYS, *_exchanges(nobodys, OF_NOBODY)] if nobodys else []),
        ]
    )


def _exchanges(newest: Sequence[Exchange], most: int) -> list[str]:
    """At most so many, those with errors before others, in the order in which they came."""
    chosen = {exchange.id for exchange in sorted(newest, key=_is_right)[:most]}
    lines = [line for exchange in newest[::-1] if exchange.id in chosen for line in _exchange(exchange)]
    some = "or more other calls" if len(newest) == LOOKED_AT else "other calls"
    return [*_left_out(len(newest) - len(chosen), some), *lines]


def _is_right(exchange: Exchange) -> bool:
    return all(finding.level != "error" for finding in exchange.findings)


def _left_out(count: int, what: str) -> list[str]:
    return [f"({count} {what} are left out)"] if count > 0 else []


def _exchange(exchange: Exchange) -> list[str]:
    request = _short(f"{exchange.method} {exchange.path}{'?' if exchange.query else ''}{exchange.query}")
    fault = f" (fault: {_effect(exchange.fault.effect)})" if exchange.fault else ""
    lines = [f"{exchange.at:%H:%M:%S} {request} -> {exchange.status}{fault}"]
    if exchange.request.body:
        lines.append(f"    sent      {_short(exchange.request.body)}")
    if exchange.outcome != "accepted" or exchange.findings:
        lines.append(f"    answered  {_short(_reason(exchange.response.body) or exchange.response.body)}")
    return lines + [
        f"    {finding.level} {finding.rule}: {_line(finding.seen)}. {_line(finding.mend)}"
        for finding in exchange.findings
    ]


def _effect(effect: dict[str, Any]) -> str:
    return ", ".join(name if value is True else f"{name} {value}" for name, value in effect.items())


def _reason(body: str) -> str | None:
    """Why a vendor refused: it stands at the end of long answers, which are cut."""
    try:
        answer = loads(body)
    except ValueError:
        described = DESCRIPTION.search(body)
        return described and described[1]
    if not isinstance(answer, dict):
        return None
    return next((str(answer[name]) for name in REASONS if answer.get(name)), None)


def _message(message: Message) -> str:
    return _short(
        f"{message.id} {message.direction} {message.from_} -> {message.to} {message.status}: {message.text!r}"
    )


def _line(text: str) -> str:
    return " ".join(text.split())


def _short(text: str) -> str:
    line = _line(text)
    return line if len(line) <= LONGEST else f"{line[:LONGEST]}..."
