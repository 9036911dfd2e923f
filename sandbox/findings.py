"""What callers do wrong whatever the vendor, and how to say what would be right."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from ipaddress import ip_address

from sandbox.dependencies import Exchange, Finding
from sandbox.world import phones, workspaces

ERROR, NOTE = "error", "note"
LONGEST_SEEN = 200
BODILESS = ("GET", "HEAD", "DELETE")
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")

Mend = Callable[[Exchange], tuple[str, str]]
"""What was seen of a refused request, and the smallest change that mends it."""

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


def finding(rule: str, level: str, seen: str, mend: str) -> Finding:
    """One, with no more of what was seen than tells it."""
    return Finding(rule, level, seen if len(seen) <= LONGEST_SEEN else f"{seen[:LONGEST_SEEN]}...", mend)


def instead(right: str, wrong: str, why: str = "") -> str:
    """The mend that takes one for the other; blanks at an end of the wrong one are made to be seen."""
    return f"Send {right} instead of {visible(wrong)}{why and f': {why}'}."


def visible(written: str) -> str:
    """As it is, or in quotation marks where it begins or ends with a blank, or holds what no eye sees."""
    return written if written.isprintable() and written == written.strip() else repr(written)


def of_refusal(exchange: Exchange, mends: Mapping[str, Mend]) -> list[Finding]:
    """What the refusal is about. A rule that has no mend of its own says it by its reason; a defect of ours is none."""
    refusal = exchange.refusal
    if refusal is None or not refusal.rule:
        return []
    mend = mends.get(refusal.rule) or COMMON_MENDS.get(refusal.rule, by_its_reason)
    return [finding(refusal.rule, ERROR, *mend(exchange))]


def by_its_reason(exchange: Exchange) -> tuple[str, str]:
    assert exchange.refusal is not None
    return called(exchange), exchange.refusal.reason


def called(exchange: Exchange) -> str:
    """Method and path, without the query string, which may hold keys."""
    return f"{exchange.request.method} {exchange.request.url.path}"


def of_origin(exchange: Exchange) -> tuple[str, str]:
    origin = (exchange.header(b"origin") or b"").decode("latin-1")
    return f"Origin: {origin}", "Call from a server: a web page of another origin is refused."


def of_fault(exchange: Exchange) -> tuple[str, str]:
    """A header that asks for a fault and cannot be read."""
    assert exchange.refusal is not None
    values = [value for name, value in exchange.request.scope["headers"] if name == b"x-sandbox-fault"]
    return f"X-Sandbox-Fault: {b','.join(values).decode('latin-1')}", exchange.refusal.reason


COMMON_MENDS: dict[str, Mend] = {"NET-origin": of_origin, "NET-fault": of_fault}


def of_http(exchange: Exchange) -> list[Finding]:
    """Tolerated slips of the protocol (rule NET-http)."""
    scope = exchange.request.scope
    found = []
    if scope["http_version"] == "1.0":
        found.append(finding("NET-http", NOTE, "HTTP/1.0", instead("HTTP/1.1", "HTTP/1.0")))
    if scope["method"] in BODILESS and has_body(exchange):
        found.append(finding("NET-http", NOTE, f"a body on {scope['method']}", "Send it without a body: none is read."))
    return found


def has_body(exchange: Exchange) -> bool:
    for name, value in exchange.request.scope["headers"]:
        if name == b"transfer-encoding" or (name == b"content-length" and value != b"0"):
            return True
    return False


def of_unread_body(exchange: Exchange) -> tuple[str, str] | None:
    """A body from which no parameter is read, because it is compressed or no form."""
    if exchange.request.method in BODILESS or not has_body(exchange):
        return None
    coding = _word(exchange, b"content-encoding")
    if coding not in ("", "identity"):
        return f"a body with Content-Encoding: {coding}", "Send the form uncompressed: compressed bodies are not read."
    kind = _word(exchange, b"content-type")
    if kind in FORMS:
        return None
    mend = "a form (application/x-www-form-urlencoded)"
    return (f"a body of {kind}", instead(mend, kind)) if kind else ("a body without Content-Type", f"Send {mend}.")


def of_missing(exchange: Exchange, what: str, mend: str) -> tuple[str, str]:
    """A call without `what`; where its body was not read, that is why."""
    unread = of_unread_body(exchange)
    return (f"{what}, and {unread[0]}", unread[1]) if unread else (what, mend)


def of_unreadable_form(exchange: Exchange) -> tuple[str, str]:
    return of_unread_body(exchange) or by_its_reason(exchange)


def _word(exchange: Exchange, header: bytes) -> str:
    """A header's value without its parameters, in small letters; empty if there is none."""
    return (exchange.header(header) or b"").decode("latin-1").partition(";")[0].strip().lower()


def of_names(exchange: Exchange, known: frozenset[str], rule: str) -> list[Finding]:
    """Parameters that the call does not have, or has in another case."""
    if exchange.asked.keys() <= known:
        return []
    by_lower = {name.lower(): name for name in known}
    found = []
    for name in exchange.asked.keys() - known:
        right = by_lower.get(name.lower())
        if right is None:
            mend = f"Leave {name} out: known are {', '.join(sorted(known))}."
            found.append(finding(rule, NOTE, f"the unknown parameter {name}", mend))
        else:
            found.append(finding(rule, NOTE, f"the parameter {name}", instead(right, name)))
    return sorted(found)


def of_credentials(exchange: Exchange) -> tuple[str, str]:
    """A refused Basic scheme; what was sent in it is told to nobody."""
    header = exchange.header(b"authorization")
    take = "username and password of the workspace, as GET /_sandbox/workspaces/default shows them"
    if header is None:
        return "no Authorization header", f"Send Authorization: Basic with {take}."
    scheme = header.partition(b" ")[0].decode("latin-1")
    if scheme.lower() != "basic":
        return f"Authorization: {scheme}", f"Send Authorization: Basic instead, with {take}."
    return "Basic credentials that no workspace has", f"Send {take}."


def of_method(exchange: Exchange) -> tuple[str, str]:
    """The methods that are taken without a finding: not those that only a reference's sample has."""
    routes = exchange.request.app.vendor.router.routes
    right = [
        route.method
        for route in routes
        if route.name == exchange.operation and not route.described.get("deprecated", False)
    ]
    return called(exchange), instead(" or ".join(sorted(right)), exchange.request.method)


def of_console(exchange: Exchange) -> tuple[str, str]:
    """A console that the workspace does not have: the one that was meant, or all of them."""
    code = exchange.request.path_params["consoleCode"]
    assert exchange.workspace is not None
    lines = workspaces.lines(exchange.world, exchange.workspace.id)
    codes = [line.code for line in lines if line.console_id is not None]
    if code.strip().upper() in codes:
        return f"console {code!r}", instead(code.strip().upper(), code)
    return f"console {code!r}", f"Send one of this workspace's consoles: {', '.join(codes) or 'it has none'}."


def of_phone(exchange: Exchange, name: str, written: str) -> tuple[str, str]:
    """A number that is no plain one, and what it would be."""
    right = plain_phone(written)
    if right is None:
        return f"{name} {written!r}", f"Send {name} as 11 to 15 digits with the country code, as 14155550123."
    return f"{name} {written!r}", instead(right, written, why_blank(exchange, name))


def why_blank(exchange: Exchange, name: str) -> str:
    """Where a parameter's blank comes from, if it began with a bare plus sign."""
    asked = b"&".join((exchange.request.scope["query_string"], exchange.raw_body))
    if re.search(rb"(?:^|&)" + re.escape(name.encode()) + rb"=\+", asked) is None:
        return ""
    return "a bare + in a form or a query string is a blank, and a plus sign (%2B) is not taken either"


def plain_phone(written: str) -> str | None:
    """The digits of a formatted number, if they make one."""
    digits = re.sub(r"[^0-9]", "", written)
    number = f"1{digits}" if len(digits) == phones.NATIONAL_US else digits
    return number if phones.is_msisdn(number) else None


def of_moment(written: str) -> tuple[str | None, datetime | None]:
    """What a time that was written in another way looks like, and which it is; None where nobody can tell."""
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


def of_keys_in_query(exchange: Exchange) -> list[Finding]:
    """Keys that whoever is on the way can read (rule NET-keys)."""
    scope = exchange.request.scope
    client = scope.get("client")
    is_plain = scope["scheme"] == "http" and exchange.header(b"x-forwarded-proto") != b"https"
    if client is None or not is_plain or is_loopback(client[0]):
        return []
    mend = "Send them over https, or in the form of a POST."
    return [finding("NET-keys", ERROR, "keys in the query string of a plain http connection", mend)]


@lru_cache(maxsize=1024)
def is_loopback(host: str) -> bool:
    """Whether a client's address is this machine's own."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return True  # a socket without addresses
