"""What callers of DialogTech do wrong, and what to send instead."""

import re

from sandbox import findings
from sandbox.dependencies import Exchange, Finding
from sandbox.findings import NOTE, Mend, finding, instead

ACTION = "sms.get_messages"
PARAMETERS = frozenset(("action", "access_key", "secret_access_key", "start_date", "end_date", "number"))
KEYS = ("access_key", "secret_access_key")
LAYOUT = "%Y%m%d"
ELEVEN_DIGITS = re.compile(r"1[0-9]{10}", re.ASCII)


def found(exchange: Exchange) -> list[Finding]:
    """All of an exchange, but those that the endpoint saw itself."""
    listed = findings.of_refusal(exchange, MENDS) + findings.of_http(exchange)
    listed += findings.of_names(exchange, PARAMETERS, "DT-endpoint")
    query = exchange.request.scope["query_string"]
    if b"secret_access_key=" in query:
        listed += findings.of_keys_in_query(exchange)
    if query.startswith(b"&") or b"&&" in query or query.endswith(b"&"):
        mend = "Leave out the & that stands before, after or between no parameters."
        listed.append(finding("DT-endpoint", NOTE, "an empty pair in the query string", mend))
    number = exchange.asked.get("number")
    if exchange.refusal is None and number and ELEVEN_DIGITS.fullmatch(number):
        listed.append(finding("DT-number", NOTE, f"number {number}", instead(number[1:], number)))
    return listed


def in_the_future(start: str) -> Finding:
    """Days on which nothing can lie yet."""
    return finding("DT-dates", NOTE, f"start_date {start}", "Ask for a day that has begun: this one is ahead.")


def _keys(exchange: Exchange) -> tuple[str, str]:
    """The keys themselves are told to nobody."""
    take = "access_key and secret_access_key of the workspace, as GET /_sandbox/workspaces/default shows them"
    missing = [name for name in KEYS if not exchange.asked.get(name)]
    if missing:
        return findings.of_missing(exchange, f"no {' and no '.join(missing)}", f"Send {take}.")
    return "keys that are not those of an account", f"Send {take}."


def _action(exchange: Exchange) -> tuple[str, str]:
    action = exchange.asked.get("action")
    if not action:
        return findings.of_missing(exchange, "no action", f"Send action={ACTION}.")
    return f"action {action!r}", instead(ACTION, action)


def _dates(exchange: Exchange) -> tuple[str, str]:
    """The one of the two that was refused, or both when they are in the wrong order."""
    assert exchange.refusal is not None
    name = exchange.refusal.reason.partition(" ")[0]
    written = exchange.asked.get(name)
    if not written:
        return findings.of_missing(exchange, f"no {name}", f"Send {name} as YYYYMMDD.")
    if "after" in exchange.refusal.reason:
        end = exchange.asked.get("end_date")
        return f"start_date {written}, end_date {end}", "Send the earlier one as start_date."
    looks_like, moment = findings.of_moment(written)
    if moment is not None:
        return f"{name} {written!r}, {looks_like}", instead(f"{moment:{LAYOUT}}", written)
    return f"{name} {written!r}", f"Write {name} as YYYYMMDD, a day of the calendar."


def _number(exchange: Exchange) -> tuple[str, str]:
    number = exchange.asked.get("number") or ""
    right = findings.plain_phone(number)
    if right is None:
        return f"number {number!r}", "Send a tracking number of 10 digits, or none for all."
    return f"number {number!r}", instead(right.removeprefix("1"), number, findings.why_blank(exchange, "number"))


def _endpoint(exchange: Exchange) -> tuple[str, str]:
    if exchange.operation is not None and exchange.refusal is not None and exchange.refusal.headers:
        return findings.of_method(exchange)
    if exchange.operation is not None:
        return findings.of_unreadable_form(exchange)
    return findings.called(exchange), "Call /ibp_api.php, without a slash at its end."


MENDS: dict[str, Mend] = {
    "DT-auth": _keys,
    "DT-action": _action,
    "DT-dates": _dates,
    "DT-number": _number,
    "DT-endpoint": _endpoint,
}
