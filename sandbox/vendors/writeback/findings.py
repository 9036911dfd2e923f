"""What callers of Writeback do wrong, and what to send instead."""

import re
from datetime import timedelta
from urllib.parse import quote, unquote

from sandbox import findings
from sandbox.dependencies import Exchange, Finding
from sandbox.findings import NOTE, Mend, finding, instead

LAYOUT = "%Y-%m-%d %H:%M:%S"
RIGHT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", re.ASCII)
WEEK = timedelta(days=7)
PATH = "/dialoghealth-writeback-api/api/responses/{consoleCode}/{startTimestamp}/{endTimestamp}"


def found(exchange: Exchange) -> list[Finding]:
    """All of an exchange, but those that the endpoint saw itself."""
    listed = findings.of_refusal(exchange, MENDS) + findings.of_http(exchange)
    scope = exchange.request.scope
    if scope["method"] == "PUT" and exchange.operation is not None:
        listed.append(finding("WB-method", NOTE, "PUT", instead("GET", "PUT, which is the reference's sample's")))
    if scope["query_string"]:
        listed.append(finding("WB-error", NOTE, "a query string", "Leave it out: all that is asked is in the path."))
    return listed


def in_the_future(start: str) -> Finding:
    """A window in which nothing can lie yet."""
    return finding("WB-window", NOTE, f"startTimestamp {start}", "Ask for a time that has begun: this one is ahead.")


def _timestamp(exchange: Exchange) -> tuple[str, str]:
    """The one of the two that was refused."""
    params = exchange.request.path_params
    assert exchange.refusal is not None
    name = exchange.refusal.reason.partition(" ")[0]
    written = params[name]
    once = unquote(written)
    if once != written and RIGHT.fullmatch(once):
        mend = instead(quote(once, safe=":"), quote(written, safe=":"), "encode it once")
        return f"{name} {written!r}, percent-encoded twice", mend
    looks_like, moment = findings.of_moment(written)
    seen = f"{name} {written!r}" + (f", {looks_like}" if looks_like else "")
    if moment is not None:
        return seen, instead(quote(f"{moment:{LAYOUT}}", safe=":"), written)
    if RIGHT.fullmatch(written):
        return f"{name} {written!r}, a date or time that does not exist", "Send a date and a time of the calendar."
    return seen, f"Write {name} as YYYY-MM-DD%20HH:mm:ss in UTC."


def _range(exchange: Exchange) -> tuple[str, str]:
    params = exchange.request.path_params
    start, end = params["startTimestamp"], params["endTimestamp"]
    seen = f"from {start} to {end}"
    if end < start:
        return seen, "Send the earlier one as startTimestamp."
    _, moment = findings.of_moment(start)
    assert moment is not None
    return seen, f"Ask for 7 days at most: end with {moment + WEEK:{LAYOUT}}, and ask for the rest after that."


def _path(exchange: Exchange) -> tuple[str, str]:
    return findings.called(exchange), f"Call {PATH}, without a slash at its end."


MENDS: dict[str, Mend] = {
    "WB-auth": findings.of_credentials,
    "WB-method": findings.of_method,
    "WB-console": findings.of_console,
    "WB-timestamp": _timestamp,
    "WB-range": _range,
    "WB-error": _path,
}
