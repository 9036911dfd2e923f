"""What a workspace saw, short and readable: for the report of a test that failed."""

from sandbox.client.shapes import Exchange, Message
from sandbox.client.workspace import Workspace

EXCHANGES = 12
MESSAGES = 12
LONGEST = 160


def story(workspace: Workspace) -> str:
    """The newest exchanges with their findings, and the newest messages."""
    exchanges = workspace.journal(EXCHANGES, order="newest")[::-1]
    messages = workspace.messages()[-MESSAGES:]
    lines = [f"{workspace.name} ({workspace.id}), its clock at {workspace.clock.now:%Y-%m-%d %H:%M:%S}"]
    lines += [line for exchange in exchanges for line in _exchange(exchange)] or ["no vendor call reached it"]
    lines += [_message(message) for message in messages] or ["no message is in it"]
    return "\n".join(lines)


def _exchange(exchange: Exchange) -> list[str]:
    asked = _short(f"{exchange.method} {exchange.path}{'?' if exchange.query else ''}{exchange.query}")
    fault = " (fault)" if exchange.outcome == "faulted" else ""
    lines = [f"{exchange.at:%H:%M:%S} {asked} -> {exchange.status}{fault}"]
    if exchange.request.body:
        lines.append(f"    sent      {_short(exchange.request.body)}")
    if exchange.outcome != "accepted" or exchange.findings:
        lines.append(f"    answered  {_short(exchange.response.body)}")
    return lines + [
        f"    {finding.level} {finding.rule}: {finding.seen} {finding.mend}" for finding in exchange.findings
    ]


def _message(message: Message) -> str:
    return _short(
        f"{message.id} {message.direction} {message.from_} -> {message.to} {message.status}: {message.text!r}"
    )


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
