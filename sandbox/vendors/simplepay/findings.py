"""What callers of SimplePay do wrong, and what to send instead."""

from sandbox import findings
from sandbox.dependencies import Exchange, Finding
from sandbox.findings import ERROR, NOTE, Mend, finding, instead
from sandbox.world import messages, phones, workspaces
from sandbox.world.carrier import MessageRow
from sandbox.world.errors import UnknownMessage

PARAMETERS = frozenset(("To", "From", "Body", "StatusCallback"))
PATHS = (
    "POST /dialoghealth-simplepay-api/submit/{consoleCode}",
    "DELETE /dialoghealth-simplepay-api/optout/{consoleCode}/{msisdn}",
    "GET /dialoghealth-simplepay-api/messages/{consoleCode}/{messageId}",
)


def found(exchange: Exchange) -> list[Finding]:
    """All of an exchange, but those that the endpoint saw itself."""
    listed = findings.of_refusal(exchange, MENDS) + findings.of_http(exchange)
    if exchange.operation == "submit":
        return listed + findings.of_names(exchange, PARAMETERS, "SP-params")
    if "SP-console" in exchange.rules:
        listed.append(finding("SP-console", ERROR, *findings.of_console(exchange)))
    elif "SP-details-unknown" in exchange.rules:
        listed += _unknown_id(exchange)
    if exchange.refusal is None and exchange.operation == "optout":
        return listed + _optout(exchange)
    if exchange.refusal is None and exchange.request.scope["method"] == "DELETE":
        sample = "DELETE, which is the reference's sample's and deletes nothing"
        listed.append(finding("SP-details", NOTE, "DELETE", instead("GET", sample)))
    return listed


def other_sender(sender: str, line: str) -> Finding:
    """A From that is not the console's own line."""
    return finding("SP-from", NOTE, f"From {sender}", instead(f"{line}, the console's line,", sender))


def _optout(exchange: Exchange) -> list[Finding]:
    """A number in a form that opts nobody out, though the answer is 200."""
    msisdn = exchange.request.path_params["msisdn"]
    if phones.is_msisdn(msisdn):
        return []
    return [finding("SP-optout", ERROR, *findings.of_phone(exchange, "msisdn", msisdn))]


def _unknown_id(exchange: Exchange) -> list[Finding]:
    """An id that the console does not know, where it can be told what was meant."""
    params = exchange.request.path_params
    code, asked = params["consoleCode"], params["messageId"]
    if not asked.strip():
        return [finding("SP-details-unknown", NOTE, "an empty MessageID", "Send the sid that the submit answered.")]
    message = _meant(exchange, asked.strip())
    if message is None:
        return []
    seen = f"MessageID {asked!r}"
    if message["sid"] is None:
        mend = "Send the sid that a submit answered: only what a console sent has one."
        return [finding("SP-details-unknown", NOTE, f"{seen}, of a message without a sid", mend)]
    assert exchange.workspace is not None
    its_code = workspaces.line_of(exchange.world, exchange.workspace.id, message["line"]).code
    if its_code != code:
        mend = instead(f"{its_code}/{message['sid']}", f"{code}/{asked}")
        return [finding("SP-details-unknown", NOTE, f"{seen}, a message of console {its_code}", mend)]
    return [finding("SP-details-unknown", NOTE, seen, instead(f"{message['sid']}, the message's sid,", asked))]


def _meant(exchange: Exchange, asked: str) -> MessageRow | None:
    """The workspace's message that has this id, in whichever case and of whichever kind."""
    assert exchange.workspace is not None
    for written in dict.fromkeys((asked, asked.upper(), asked.lower())):
        try:
            return messages.find(exchange.world, exchange.workspace, written)
        except UnknownMessage:
            continue
    return None


def _phone(exchange: Exchange) -> tuple[str, str]:
    """The one of To and From that was refused."""
    name = next(name for name in ("To", "From") if not phones.is_msisdn(exchange.asked.get(name) or ""))
    return findings.of_phone(exchange, name, exchange.asked.get(name) or "")


def _required(exchange: Exchange) -> tuple[str, str]:
    assert exchange.refusal is not None
    name = exchange.refusal.reason.partition(" ")[0]
    other = next((asked for asked in exchange.asked if asked != name and asked.lower() == name.lower()), None)
    if other is not None:
        return f"{other} instead of {name}", instead(name, other)
    if name in exchange.asked:
        return f"an empty {name}", f"Give {name} a value."
    return findings.of_missing(exchange, f"no {name}", f"Send {name} in the query string or as a form field.")


def _callback(exchange: Exchange) -> tuple[str, str]:
    url = exchange.asked.get("StatusCallback") or ""
    if "://" not in url:
        return f"StatusCallback {url!r}", instead(f"http://{url.lstrip('/')}", url)
    return f"StatusCallback {url!r}", "Send an absolute http or https URL, what is no URL character percent-encoded."


def _other(exchange: Exchange) -> tuple[str, str]:
    if exchange.operation is not None:
        return findings.of_method(exchange)
    return findings.called(exchange), f"Call one of {', '.join(PATHS)}, without a slash at its end."


def _handset(exchange: Exchange) -> tuple[str, str]:
    to = exchange.asked.get("To")
    return f"To {to}", "Send to another number: this one is there to be refused (GET /_sandbox/handset-numbers)."


MENDS: dict[str, Mend] = {
    "SP-auth": findings.of_credentials,
    "SP-params": findings.of_unreadable_form,
    "SP-msisdn": _phone,
    "SP-required": _required,
    "SP-console": findings.of_console,
    "SP-callback": _callback,
    "SP-other": _other,
    "NET-handsets": _handset,
}
