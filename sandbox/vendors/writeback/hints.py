"""What do callers of Writeback do wrong, and what is to be sent instead?"""

import re
from datetime import timedelta
from urllib.parse import quote, unquote

from sandbox.store import Tx
from sandbox.vendors.base import hints
from sandbox.vendors.base.exchange import VendorExchange
from sandbox.vendors.base.hints import FindingTexts, Hint, finding, instead
from sandbox.vendors.base.refusal import NOTE, CallFinding, Refusal

LAYOUT = "%Y-%m-%d %H:%M:%S"
RIGHT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", re.ASCII)
WEEK = timedelta(days=7)
ZONE_NOTE = "a window without records"
PATH = "/dialoghealth-writeback-api/api/responses/{consoleCode}/{startTimestamp}/{endTimestamp}"


def findings(tx: Tx, exchange: VendorExchange) -> list[CallFinding]:
    """Return all of an exchange, but those that the endpoint saw itself."""
    found = hints.of_refusal(tx, exchange, HINTS) + hints.of_http(exchange)
    scope = exchange.request.scope
    if scope["method"] == "PUT" and exchange.operation is not None:
        found.append(finding("WB-method", NOTE, "PUT", instead("GET", "PUT, which is the reference's sample's")))
    if scope["query_string"]:
        found.append(finding("WB-error", NOTE, "a query string", "Leave it out: all that is asked is in the path."))
    return found


def in_the_future(start: str) -> CallFinding:
    """A window in which nothing can lie yet."""
    return finding("WB-window", NOTE, f"startTimestamp {start}", "Ask for a time that has begun: this one is ahead.")


def local_window(shift: str) -> CallFinding:
    """A window without records, that has some when it is shifted as a zone west of UTC is."""
    observed = f"{ZONE_NOTE}, which has some when it begins and ends {shift} later"
    return finding(
        "WB-utc", NOTE, observed, "Send both timestamps in UTC, if these are local ones of a zone behind it."
    )


def _timestamp(_: Tx, exchange: VendorExchange, refusal: Refusal) -> FindingTexts:
    """The one of the two that was refused."""
    assert refusal.field is not None
    name, written = refusal.field, exchange.path_params[refusal.field]
    once = unquote(written)
    if once != written and RIGHT.fullmatch(once):
        fix = instead(quote(once, safe=":"), quote(written, safe=":"), "encode it once")
        return f"{name} {written!r}, percent-encoded twice", fix
    looks_like, moment = hints.of_moment(written)
    observed = f"{name} {written!r}" + (f", {looks_like}" if looks_like else "")
    if moment is not None:
        return observed, instead(quote(f"{moment:{LAYOUT}}", safe=":"), written)
    if RIGHT.fullmatch(written):
        return f"{name} {written!r}, a date or time that does not exist", "Send a date and a time of the calendar."
    return observed, f"Write {name} as YYYY-MM-DD%20HH:mm:ss in UTC."


def _range(_: Tx, exchange: VendorExchange, refusal: Refusal) -> FindingTexts:
    start, end = exchange.path_params["startTimestamp"], exchange.path_params["endTimestamp"]
    observed = f"from {start} to {end}"
    if refusal.field is not None:
        return observed, "Send the earlier one as startTimestamp."
    moment = hints.of_moment(start)[1]
    assert moment is not None
    return observed, f"Ask for 7 days at most: end with {moment + WEEK:{LAYOUT}}, and ask for the rest after that."


def _path(_: Tx, exchange: VendorExchange, refusal: Refusal) -> FindingTexts:
    return hints.of_unknown_path(exchange, refusal, PATH)


HINTS: dict[str, Hint] = {
    "WB-auth": hints.of_credentials,
    "WB-method": hints.of_method,
    "WB-console": hints.of_console,
    "WB-timestamp": _timestamp,
    "WB-range": _range,
    "WB-error": _path,
}
