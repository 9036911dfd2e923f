"""What do callers of SimplePay do wrong, and what is to be sent instead?"""

from sandbox.store import Tx
from sandbox.store.tables import MessageRow
from sandbox.vendors.base import hints
from sandbox.vendors.base.exchange import VendorExchange
from sandbox.vendors.base.hints import FindingTexts, Hint, finding, instead
from sandbox.vendors.base.refusal import ERROR, NOTE, CallFinding, Refusal
from sandbox.vendors.simplepay.ids import SID
from sandbox.world import phones
from sandbox.world.errors import UnknownMessage
from sandbox.world.lines import line_of
from sandbox.world.messages.search import find_message, vendor_ids_of
from sandbox.world.segments import MOST_SEGMENTS, segments

FITS_IN_ANY_ALPHABET = 201
"""Characters, each of two units at most: a text of so many has no more than `MOST_SEGMENTS`."""
PATHS = (
    "POST /dialoghealth-simplepay-api/submit/{consoleCode}",
    "DELETE /dialoghealth-simplepay-api/optout/{consoleCode}/{msisdn}",
    "GET /dialoghealth-simplepay-api/messages/{consoleCode}/{messageId}",
)


def findings(tx: Tx, exchange: VendorExchange) -> list[CallFinding]:
    """Return all of an exchange, but those that the endpoint saw itself."""
    found = hints.of_refusal(tx, exchange, HINTS) + hints.of_http(exchange)
    name = exchange.operation and exchange.operation.name
    if name == "submit":
        return found + hints.of_names(exchange, "SP-params") + _length(exchange)
    if "SP-console" in exchange.rules:
        found.append(finding("SP-console", ERROR, *hints.of_console(tx, exchange)))
    elif "SP-details-unknown" in exchange.rules:
        found += _unknown_id(tx, exchange)
    if exchange.refusal is None and name == "optout":
        return found + _optout(exchange)
    if exchange.refusal is None and exchange.request.method == "DELETE":
        sample = "DELETE, which is the reference's sample's and deletes nothing"
        found.append(finding("SP-details", NOTE, "DELETE", instead("GET", sample)))
    return found


def other_sender(sender: str, line: str) -> CallFinding:
    """A From that is not the console's own line."""
    return finding("SP-from", NOTE, f"From {sender}", instead(f"{line}, the console's line,", sender))


def callback_of_callback() -> CallFinding:
    """A callback that is sent to a submit with a StatusCallback."""
    fix = "Let StatusCallback lead to your own receiver, not to the sandbox's submit."
    return finding("SP-callback", NOTE, "a StatusCallback in what is a callback itself", fix)


def _length(exchange: VendorExchange) -> list[CallFinding]:
    """Return a text that is longer than the vendor's staff may write one (rule NET-length)."""
    text = exchange.params.get("Body") or ""
    if exchange.refusal is not None or len(text) <= FITS_IN_ANY_ALPHABET or (count := segments(text)) <= MOST_SEGMENTS:
        return []
    fix = f"Keep texts within {MOST_SEGMENTS} segments: 918 characters of GSM-7, or 402 of others."
    return [finding("NET-length", NOTE, f"a Body of {count} segments", fix)]


def _optout(exchange: VendorExchange) -> list[CallFinding]:
    """Return a number in a form that opts nobody out, though the answer is 200."""
    msisdn = exchange.path_params["msisdn"]
    if phones.is_msisdn(msisdn):
        return []
    return [finding("SP-optout", ERROR, *hints.of_phone(exchange, "msisdn", msisdn))]


def _unknown_id(tx: Tx, exchange: VendorExchange) -> list[CallFinding]:
    """Return an id that the console does not know, where it can be told what was meant."""
    code, requested = exchange.path_params["consoleCode"], exchange.path_params["messageId"]
    if not requested.strip():
        return [finding("SP-details-unknown", NOTE, "an empty MessageID", "Send the sid that the submit answered.")]
    message = _meant(tx, requested.strip())
    if message is None:
        return []
    observed = f"MessageID {requested!r}"
    sid = vendor_ids_of(tx, [message.id]).get(message.id, {}).get(SID.name)
    if sid is None:
        fix = "Send the sid that a submit answered: only what a console sent has one."
        return [finding("SP-details-unknown", NOTE, f"{observed}, of a message without a sid", fix)]
    its_code = line_of(tx, message.line).code
    if its_code != code:
        fix = instead(f"{its_code}/{sid}", f"{code}/{requested}")
        return [finding("SP-details-unknown", NOTE, f"{observed}, a message of console {its_code}", fix)]
    return [finding("SP-details-unknown", NOTE, observed, instead(f"{sid}, the message's sid,", requested))]


def _meant(tx: Tx, requested: str) -> MessageRow | None:
    """Return the workspace's message that has this id, in whichever case and of whichever kind."""
    for written in dict.fromkeys((requested, requested.upper(), requested.lower())):
        try:
            return find_message(tx, written)
        except UnknownMessage:
            continue
    return None


def _phone(_: Tx, exchange: VendorExchange, refusal: Refusal) -> FindingTexts:
    """The one of To and From that was refused."""
    name = refusal.field
    assert name is not None
    return hints.of_phone(exchange, name, exchange.params.get(name) or "", may_be_short=name == "From")


def _required(_: Tx, exchange: VendorExchange, refusal: Refusal) -> FindingTexts:
    name = refusal.field
    assert name is not None
    other = hints.misnamed(exchange, name)
    if other is not None and name not in exchange.params:
        return f"{other} instead of {name}", instead(name, other)
    if name in exchange.params:
        return f"an empty {name}", f"Give {name} a value."
    return hints.of_missing(exchange, f"no {name}", f"Send {name} in the query string or as a form field.")


def _callback(_: Tx, exchange: VendorExchange, __: Refusal) -> FindingTexts:
    url = exchange.params.get("StatusCallback") or ""
    if "://" not in url:
        return f"StatusCallback {url!r}", instead(f"http://{url.lstrip('/')}", url)
    return f"StatusCallback {url!r}", "Send an absolute http or https URL, what is no URL character percent-encoded."


def _other(tx: Tx, exchange: VendorExchange, refusal: Refusal) -> FindingTexts:
    if exchange.operation is not None:
        return hints.of_method(tx, exchange, refusal)
    return hints.of_unknown_path(exchange, refusal, f"one of {', '.join(PATHS)}")


def _handset(_: Tx, exchange: VendorExchange, __: Refusal) -> FindingTexts:
    to = exchange.params.get("To")
    return f"To {to}", "Send to another number: this one is there to be refused (GET /_sandbox/handset-numbers)."


HINTS: dict[str, Hint] = {
    "SP-auth": hints.of_credentials,
    "SP-params": hints.of_unreadable_form,
    "SP-msisdn": _phone,
    "SP-required": _required,
    "SP-console": hints.of_console,
    "SP-callback": _callback,
    "SP-other": _other,
    "NET-handsets": _handset,
}
