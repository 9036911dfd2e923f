"""What do callers do wrong whatever the vendor, and how is said what would be right?"""

import re
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from email.utils import parsedate_to_datetime
from functools import lru_cache
from types import MappingProxyType

from sandbox.addresses import address_of, is_loopback
from sandbox.store import Tx
from sandbox.vendors.base.exchange import VendorExchange
from sandbox.vendors.base.multipart import BY_CLIENT
from sandbox.vendors.base.refusal import ERROR, NOTE, CallFinding, Refusal
from sandbox.vendors.base.route import VendorRoute
from sandbox.world import phones
from sandbox.world.lines import all_lines

LONGEST_COMPARED = 60
"""Characters of a name for which one that is near is looked for."""
MOST_NAMES = 20
"""Unknown names of one call that are told and compared; of further ones it is told how many they are."""
NOTHING_ELSEWHERE: Mapping[str, str] = MappingProxyType({})
SCHEME = re.compile(rb"([A-Za-z][A-Za-z0-9-]{0,30}) ")
"""Of an `Authorization` header, which may be a token without one, and then is shown to nobody."""
BODILESS = ("GET", "HEAD", "DELETE")
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")

FindingTexts = tuple[str, str]
"""What was observed of a refused request, and the smallest change that makes it right."""
Hint = Callable[[Tx, VendorExchange, Refusal], FindingTexts]

FORMATS = (
    (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "%Y-%m-%d %H:%M:%S", "a date and a time"),
    (r"\d{4}-\d\d-\d\d\+\d\d:\d\d:\d\d", "%Y-%m-%d+%H:%M:%S", "a blank written as +, which in a path is a plus sign"),
    (r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d", None, "a time without seconds"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)?", None, "ISO 8601"),
    (r"\d{4}-\d\d-\d\d", "%Y-%m-%d", "a date as in ISO 8601"),
    (r"\d{8}", "%Y%m%d", "a date without dashes"),
    (r"\d{14}", "%Y%m%d%H%M%S", "a date and a time without dashes"),
    (r"\d\d?/\d\d?/\d{4}", "%m/%d/%Y", "an American date"),
    (r"\d\d?/\d\d?/\d{4} \d\d:\d\d:\d\d", "%m/%d/%Y %H:%M:%S", "an American date"),
    (r"\d{4}/\d\d/\d\d", "%Y/%m/%d", "a date with slashes"),
    (r"\d\d?\.\d\d?\.\d{4}", "%d.%m.%Y", "a European date"),
    (r"\d\d-\d\d-\d{4}", "%m-%d-%Y", "an American date with dashes"),
)
"""Ways in which people write times: what they look like, how they are read (None: as ISO 8601), and what to call it."""


def finding(rule: str, level: str, observed: str, fix: str) -> CallFinding:
    """Return one. What it says is cut where it is written down, once secrets were taken out."""
    return CallFinding(rule, level, observed, fix)


def instead(right: str, wrong: str, why: str = "") -> str:
    """Return the fix that takes one for the other; blanks at an end of the wrong one are made visible."""
    return f"Send {right} instead of {visible(wrong)}{why and f': {why}'}."


def visible(written: str) -> str:
    """Return it as it is, or in quotation marks where it begins or ends with a blank, or holds what no eye sees."""
    return written if written.isprintable() and written == written.strip() else repr(written)


# Refusals ------------------------------------------------------------------------------------------------------------


def of_refusal(tx: Tx, exchange: VendorExchange, hints: Mapping[str, Hint]) -> list[CallFinding]:
    """Return what the refusal is about. A rule without a hint says it by its reason; a failure of ours is none."""
    refusal = exchange.refusal
    if refusal is None or not refusal.rule:
        return []
    hint = hints.get(refusal.rule) or COMMON_HINTS.get(refusal.rule, by_its_reason)
    return [finding(refusal.rule, ERROR, *hint(tx, exchange, refusal))]


def by_its_reason(_: Tx, exchange: VendorExchange, refusal: Refusal) -> FindingTexts:
    return method_and_path(exchange), refusal.fix or refusal.reason


def method_and_path(exchange: VendorExchange) -> str:
    """Return method and path, without the query string, which may hold keys."""
    return f"{exchange.request.method} {exchange.path}"


def of_origin(_: Tx, exchange: VendorExchange, __: Refusal) -> FindingTexts:
    origin = (exchange.header(b"origin") or b"").decode("latin-1")
    return f"Origin: {origin}", "Call from a server: a web page of another origin is refused."


def of_fault(_: Tx, exchange: VendorExchange, refusal: Refusal) -> FindingTexts:
    """A header that asks for a fault and cannot be read."""
    values = [value for name, value in exchange.request.scope["headers"] if name == b"x-sandbox-fault"]
    return f"X-Sandbox-Fault: {b','.join(values).decode('latin-1')}", refusal.reason


def of_limits(_: Tx, __: VendorExchange, refusal: Refusal) -> FindingTexts:
    """A workspace that is full, whatever was sent."""
    return "a full workspace", refusal.reason


def of_real_data(_: Tx, __: VendorExchange, refusal: Refusal) -> FindingTexts:
    """What looked like a real person's data, which is not repeated."""
    return f"{refusal.field} looks like real data", refusal.fix or refusal.reason


COMMON_HINTS: dict[str, Hint] = {
    "NET-origin": of_origin,
    "NET-fault": of_fault,
    "NET-limits": of_limits,
    "NET-real-data": of_real_data,
}


def of_credentials(_: Tx, exchange: VendorExchange, refusal: Refusal) -> FindingTexts:
    """A refused Basic scheme; what was sent in it is shown to nobody."""
    header = exchange.header(b"authorization")
    take = "username and password of the workspace, as GET /_sandbox/workspaces/default shows them"
    if header is None:
        return "no Authorization header", f"Send Authorization: Basic with {take}."
    if refusal.fix is not None:
        return refusal.reason.removesuffix("."), refusal.fix
    scheme = SCHEME.match(header)
    if scheme is None:
        return (
            "an Authorization header that is no scheme, blank and token",
            f"Send Authorization: Basic, a blank, and base64 of {take}.",
        )
    if scheme[1].lower() != b"basic":
        return f"Authorization: {scheme[1].decode()}", f"Send Authorization: Basic instead, with {take}."
    return "Basic credentials that no workspace has", f"Send {take}."


def of_method(_: Tx, exchange: VendorExchange, __: Refusal) -> FindingTexts:
    """The methods that are taken without a finding: not those that only a reference's sample has."""
    routes = (route for route in exchange.vendor.router.routes if isinstance(route, VendorRoute))
    right = {
        method
        for route in routes
        if exchange.operation in route.operations and not route.deprecated
        for method in route.accepted_methods - {"HEAD"}
    }
    return method_and_path(exchange), instead(" or ".join(sorted(right)), exchange.request.method)


def of_unknown_path(exchange: VendorExchange, refusal: Refusal, right: str) -> FindingTexts:
    """Return what is said of a path that leads nowhere; `right`: what may be called, where none was meant by it."""
    return method_and_path(exchange), refusal.fix or f"Call {right}, without a slash at its end."


def of_console(tx: Tx, exchange: VendorExchange, _: Refusal | None = None) -> FindingTexts:
    """A console that the workspace does not have: the one that was meant, or all of them."""
    code = exchange.path_params["consoleCode"]
    codes = [line.code for line in all_lines(tx) if line.is_console]
    if code.strip().upper() in codes:
        return f"console {code!r}", instead(code.strip().upper(), code)
    return f"console {code!r}", f"Send one of this workspace's consoles: {', '.join(codes) or 'it has none'}."


# The protocol --------------------------------------------------------------------------------------------------------


def of_http(exchange: VendorExchange) -> list[CallFinding]:
    """Return tolerated mistakes of the protocol (rule NET-http)."""
    scope = exchange.request.scope
    found = []
    if scope["http_version"] == "1.0":
        found.append(finding("NET-http", NOTE, "HTTP/1.0", instead("HTTP/1.1", "HTTP/1.0")))
    if scope["method"] in BODILESS and exchange.has_body:
        found.append(finding("NET-http", NOTE, f"a body on {scope['method']}", "Send it without a body: none is read."))
    return found


def of_keys_in_query(exchange: VendorExchange) -> list[CallFinding]:
    """Return keys that anybody on the way can read (rule NET-keys).

    A note, since the sandbox's own transport says nothing of the one that the client uses in production.
    """
    scope = exchange.request.scope
    client = scope.get("client")
    is_plain = scope["scheme"] == "http" and exchange.header(b"x-forwarded-proto") != b"https"
    if client is None or not is_plain or is_from_here(client[0]):
        return []
    fix = "Send them over https, or in the form of a POST."
    return [finding("NET-keys", NOTE, "keys in the query string of a plain http connection", fix)]


@lru_cache(maxsize=1024)
def is_from_here(host: str) -> bool:
    """Return whether a client's address is this machine's own; a socket without addresses is."""
    return address_of(host) is None or is_loopback(host)


# Forms ---------------------------------------------------------------------------------------------------------------


def of_unread_body(exchange: VendorExchange) -> FindingTexts | None:
    """Return what is said of a body from which no parameter is read, because it is compressed or no form."""
    if exchange.request.method in BODILESS or not exchange.has_body:
        return None
    coding = exchange.content_coding
    if coding is not None:
        return f"a body with Content-Encoding: {coding}", "Send the form uncompressed: compressed bodies are not read."
    kind = _word(exchange, b"content-type")
    if kind in FORMS:
        return _of_another_kind(kind, exchange.raw_body.strip())
    right = "a form (application/x-www-form-urlencoded)"
    return (f"a body of {kind}", instead(right, kind)) if kind else ("a body without Content-Type", f"Send {right}.")


def _of_another_kind(kind: str, body: bytes) -> FindingTexts | None:
    """Return what is said of a body that is no form of the kind that its Content-Type names, but something known."""
    if body[:1] in (b"{", b"[") and body[-1:] in (b"}", b"]"):
        return f"JSON as {kind}", instead("a form (name=value&name=value)", "JSON")
    if kind == FORMS[0] and body.startswith(b"--") and b"content-disposition" in body.lower():
        return f"a multipart form as {kind}", f"Send the Content-Type of a multipart form: {BY_CLIENT}."
    return None


def of_missing(exchange: VendorExchange, what: str, fix: str) -> FindingTexts:
    """Return what is said of a call without `what`; where its body was not read, that is why."""
    unread = of_unread_body(exchange)
    return (f"{what}, and {unread[0]}", unread[1]) if unread else (what, fix)


def of_unreadable_form(tx: Tx, exchange: VendorExchange, refusal: Refusal) -> FindingTexts:
    return of_unread_body(exchange) or by_its_reason(tx, exchange, refusal)


def _word(exchange: VendorExchange, header: bytes) -> str:
    """Return a header's value without its parameters, in small letters; empty if there is none."""
    return (exchange.header(header) or b"").decode("latin-1").partition(";")[0].strip().lower()


def of_names(
    exchange: VendorExchange, rule: str, elsewhere: Mapping[str, str] = NOTHING_ELSEWHERE
) -> list[CallFinding]:
    """Return parameters that the operation does not have, or has by another name.

    `elsewhere`: those of other operations, each with whose it is.
    """
    known = known_names(exchange)
    unknown = sorted(exchange.params.keys() - known)
    named = unknown[:MOST_NAMES]
    found = sorted(_of_name(exchange, rule, name, nearest_name(name, known), elsewhere.get(name)) for name in named)
    if len(unknown) > len(named):
        further = f"{len(unknown) - len(named)} further unknown parameters"
        found.append(finding(rule, NOTE, further, f"Leave them out: known are {', '.join(sorted(known))}."))
    return found


def _of_name(exchange: VendorExchange, rule: str, name: str, right: str | None, owner: str | None) -> CallFinding:
    if owner is not None:
        fix = f"Leave {name} out: it may be left over from an earlier call."
        return finding(rule, NOTE, f"the parameter {name}, which is {owner}", fix)
    if right is None or (right in exchange.params and not _is_same_name(right, name)):
        fix = f"Leave {name} out: known are {', '.join(sorted(known_names(exchange)))}."
        return finding(rule, NOTE, f"the unknown parameter {name}", fix)
    if _is_same_name(right, name):
        return finding(rule, NOTE, f"the parameter {name}", instead(right, name))
    return finding(rule, NOTE, f"the unknown parameter {name}", f"Did you mean {right}? {instead(right, name)}")


def known_names(exchange: VendorExchange) -> Collection[str]:
    """Return the names of the operation's parameters."""
    model = None if exchange.operation is None else exchange.operation.parameters
    return () if model is None else model.model_fields


def nearest_name(name: str, known: Collection[str]) -> str | None:
    """Return the parameter that was meant by a name that is none, if one is near."""
    by_key = {_key(each): each for each in known}
    key = _key(name)
    same = by_key.get(key)
    if same is not None or len(key) > LONGEST_COMPARED:
        return same
    close = get_close_matches(key, by_key, n=1, cutoff=0.75)
    return by_key[close[0]] if close else None


def misnamed(exchange: VendorExchange, right: str) -> str | None:
    """Return the parameter that was sent by a wrong name instead of this one, if one was."""
    known = known_names(exchange)
    unknown = sorted(exchange.params.keys() - known)[:MOST_NAMES]
    return next((name for name in unknown if nearest_name(name, known) == right), None)


def _is_same_name(right: str, name: str) -> bool:
    return right.lower() == name.lower()


def _key(name: str) -> str:
    """Return a name without what people write differently: case, what joins words, and what slips in around them."""
    return name.lower().strip(" \t\r\n\ufeff").replace("_", "").replace("-", "")


# Phones and times ----------------------------------------------------------------------------------------------------


def of_phone(exchange: VendorExchange, name: str, written: str, *, may_be_short: bool = False) -> FindingTexts:
    """Return what is said of a number that is no plain one, and what it would be."""
    right = _short_code(written) if may_be_short else None
    right = right or plain_phone(written)
    if right is None:
        or_short = " or a short code of 5 or 6 digits" if may_be_short else ""
        fix = f"Send {name} as 11 to 15 digits with the country code, as 14155550123{or_short}."
        return f"{name} {written!r}{_why_impossible(written)}", fix
    return f"{name} {written!r}", instead(right, written, why_blank(exchange, name))


def why_blank(exchange: VendorExchange, name: str) -> str:
    """Return where a parameter's blank comes from, if it began with a bare plus sign."""
    sent = b"&".join((exchange.request.scope["query_string"], exchange.raw_body))
    if re.search(rb"(?:^|&)" + re.escape(name.encode()) + rb"=\+", sent) is None:
        return ""
    return "a bare + in a form or a query string is a blank, and a plus sign (%2B) is not taken either"


def _short_code(written: str) -> str | None:
    digits = re.sub(r"[ -]", "", written)
    return digits if phones.is_short_code(digits) else None


def _why_impossible(written: str) -> str:
    """Return what no eye sees at once: that no area code or exchange of North America begins so."""
    digits = re.sub(r"[^0-9]", "", written)
    is_north_american = len(digits) == phones.NATIONAL_US or (len(digits) == 11 and digits[0] == "1")
    return ", whose area code or exchange begins with 0 or 1" if is_north_american else ""


def plain_phone(written: str) -> str | None:
    """Return the digits of a formatted number, if they make one."""
    digits = re.sub(r"[^0-9]", "", written)
    number = f"1{digits}" if len(digits) == phones.NATIONAL_US else digits
    return number if phones.is_msisdn(number) else None


def of_moment(written: str) -> tuple[str | None, datetime | None]:
    """Return what a time that was written in another way looks like, and which it is; None where nobody can tell."""
    for pattern, layout, name in FORMATS:
        if re.fullmatch(pattern, written, re.ASCII):
            return name, _read(written, layout)
    if re.fullmatch(r"\d{10}|\d{13}", written, re.ASCII):
        return "seconds since 1970", datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=int(written[:10]))
    try:
        return "a date as in e-mails", parsedate_to_datetime(written).astimezone(UTC)
    except ValueError:
        return None, None


def _read(written: str, layout: str | None) -> datetime | None:
    try:
        moment = datetime.strptime(written, layout) if layout else datetime.fromisoformat(written)
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
