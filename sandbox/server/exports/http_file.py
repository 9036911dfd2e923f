"""The journal as a file of requests, `.http`, which editors send: VS Code's REST Client, JetBrains' HTTP Client.

Credentials are variables, since the journal has none. What such a file cannot say stands in it as a comment.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import partial

from dialog_sandbox.models.journal import Exchange
from sandbox.server.exports.credentials import KEYS, is_basic, with_keys
from sandbox.server.exports.http_format import definition_of, reference_to, request_of, unsent_request_of
from sandbox.server.journal.wire import exchange_body
from sandbox.store.tables import JournalEntryRow

NOT_SENT = frozenset(
    {
        *("host", "content-length", "connection", "keep-alive", "transfer-encoding", "te", "trailer", "expect"),
        *("upgrade", "http2-settings", "accept-encoding"),
    }
)
"""Headers that are the sender's own business."""
FORM = "application/x-www-form-urlencoded"
OF_THE_FORMAT = re.compile(r"^(###|[<>][ @>])", re.MULTILINE)
"""How a line of a body begins that editors take for their own: another request, or a file to be read or written."""
VARIABLE = "{{"
HEAD = """\
# The calls of the workspace {workspace}, the oldest first. Fill in its credentials, which
# GET {url}/_sandbox/workspaces/{workspace} tells.
@url = {url}
@username =
@password =
"""


def http_file_of(
    entries: Iterable[JournalEntryRow], url: str, workspace: str, accounts: int, explanations: Mapping[str, str]
) -> Iterator[bytes]:
    """Yield the file in pieces. `url`: what the paths stand behind; `accounts`: how many the workspace has."""
    keys = [_variable(name, n) for n in range(1, accounts + 1) for name in KEYS]
    head = HEAD.format(workspace=workspace, url=url) + "".join(definition_of(name, "") for name in keys)
    yield head.encode()
    for entry in entries:
        yield http_request_of(exchange_body(entry, explanations), entry.call_account or 1).encode()


def http_request_of(exchange: Exchange, account: int) -> str:
    """Return an exchange as a request of the file, with what came of it in comments. `account`: its number."""
    key = partial(_reference, account)
    target = exchange.path + (f"?{exchange.query}" if exchange.query else "")
    headers = [_header(name, value) for name, value in exchange.request.headers if name.lower() not in NOT_SENT]
    request_line = f"{exchange.method} {{{{url}}}}{with_keys(_without_variables(target), key)}"
    title, notes = exchange.operation or "no operation", [*_notes(exchange)]
    why_not = _cannot_say(exchange)
    if why_not is not None:
        return unsent_request_of(title, [*notes, f"It cannot be sent from here: {why_not}."], request_line, headers)
    body = exchange.request.body
    if _is_form(exchange):
        body = _without_variables(body)
    return request_of(title, notes, request_line, headers, with_keys(body, key))


def _notes(exchange: Exchange) -> Iterator[str]:
    yield f"{exchange.id} at {exchange.at.isoformat()}: {exchange.status}, {exchange.outcome}"
    for finding in exchange.findings:
        yield f"{finding.rule}, {finding.level}: {finding.seen}. {finding.mend}"
    if exchange.fault is not None:
        yield f"fault: {exchange.fault.model_dump_json(exclude_none=True)}"


def _cannot_say(exchange: Exchange) -> str | None:
    """Return why such a file cannot say this request, if it cannot."""
    sent = exchange.request
    if sent.truncated:
        return f"of its {sent.size} bytes only the first are kept"
    if sent.encoding != "utf-8":
        return "its body is not UTF-8"
    if OF_THE_FORMAT.search(sent.body):
        return "a line of its body would mean something else"
    written = [value for _, value in sent.headers] + ([] if _is_form(exchange) else [sent.body])
    if any(VARIABLE in each for each in written):
        return "it has two braces, which would be a variable"
    return None


def _is_form(exchange: Exchange) -> bool:
    types = (value for name, value in exchange.request.headers if name.lower() == "content-type")
    return any(value.partition(";")[0].strip().lower() == FORM for value in types)


def _without_variables(text: str) -> str:
    """Return a target or a form with escapes for braces, which mean the same there."""
    return text.replace(VARIABLE, "%7B%7B")


def _header(name: str, value: str) -> tuple[str, str]:
    return name, "Basic {{username}} {{password}}" if is_basic(name, value) else value


def _reference(account: int, name: str) -> str:
    return reference_to(_variable(name, account))


def _variable(name: str, account: int) -> str:
    return name if account == 1 else f"{name}_{account}"
