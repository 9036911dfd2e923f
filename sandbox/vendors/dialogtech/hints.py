"""What do callers of DialogTech do wrong, and what is to be sent instead?"""

import re
from http import HTTPStatus

from sandbox.store import Tx
from sandbox.vendors.base import hints
from sandbox.vendors.base.exchange import VendorExchange
from sandbox.vendors.base.hints import FindingTexts, Hint, finding, instead
from sandbox.vendors.base.refusal import NOTE, CallFinding, Refusal

KEYS = ("access_key", "secret_access_key")
OLD_KEY = "api_key"
OF_OTHER_ACTIONS = {
    OLD_KEY: "an old client's: two keys took its place",
    "msg_id": "of sms.get_message and sms.delete_message",
    "to": "of sms.send_message",
    "from": "of sms.send_message",
    "message": "of sms.send_message",
    "url": "of sms.register_number",
    "dlr_url": "of sms.register_number",
    **dict.fromkeys(("number", "start_date", "end_date"), "of sms.get_messages"),
}
"""Parameters of the script's other actions, which an old client carries along."""
LAYOUT = "%Y%m%d"
ZONE_NOTE = "days without messages"
DASHED = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
ELEVEN_DIGITS = re.compile(r"1[0-9]{10}", re.ASCII)


def findings(tx: Tx, exchange: VendorExchange) -> list[CallFinding]:
    """Return all of an exchange, but those that the endpoint saw itself."""
    found = hints.of_refusal(tx, exchange, HINTS) + hints.of_http(exchange)
    found += [
        each for each in hints.of_names(exchange, "DT-endpoint", OF_OTHER_ACTIONS) if not _repeats_error(each, found)
    ]
    query = exchange.request.scope["query_string"]
    if b"secret_access_key=" in query:
        found += hints.of_keys_in_query(exchange)
    if query.startswith(b"&") or b"&&" in query or query.endswith(b"&"):
        fix = "Leave out the & that stands before, after or between no parameters."
        found.append(finding("DT-endpoint", NOTE, "an empty pair in the query string", fix))
    number = exchange.params.get("number")
    if exchange.refusal is None and number and ELEVEN_DIGITS.fullmatch(number):
        found.append(finding("DT-number", NOTE, f"number {number}", instead(number[1:], number)))
    return found


def _repeats_error(note: CallFinding, found: list[CallFinding]) -> bool:
    """Return whether an error says already that the old key was sent."""
    return any(OLD_KEY in each.fix and f"parameter {OLD_KEY}," in note.observed for each in found)


def in_the_future(start: str) -> CallFinding:
    """Days on which nothing can lie yet."""
    return finding("DT-dates", NOTE, f"start_date {start}", "Ask for a day that has begun: this one is ahead.")


def other_zone(zone: str, shift: str) -> CallFinding:
    """Days without messages, that have some when they are shifted as those of a zone west of the account's are."""
    observed = f"{ZONE_NOTE}, which have some when they begin and end {shift} later"
    fix = f"Name days of the account's zone, {zone}; or set its zone to yours (PATCH accounts/{{access_key}})."
    return finding("DT-dates", NOTE, observed, fix)


def _keys(_: Tx, exchange: VendorExchange, __: Refusal) -> FindingTexts:
    """The keys themselves are shown to nobody."""
    take = "access_key and secret_access_key of the workspace, as GET /_sandbox/workspaces/default shows them"
    missing = [name for name in KEYS if not exchange.params.get(name)]
    if missing and exchange.params.get(OLD_KEY):
        return f"{OLD_KEY}, as an old client sends it", f"Send {take}, instead of {OLD_KEY}."
    if missing:
        return hints.of_missing(exchange, f"no {' and no '.join(missing)}", f"Send {take}.")
    return "keys that are not those of an account", f"Send {take}."


def _action(_: Tx, exchange: VendorExchange, __: Refusal) -> FindingTexts:
    action, names = exchange.params.get("action"), [each.name for each in exchange.possible_operations]
    if not action:
        return hints.of_missing(exchange, "no action", f"Send action={' or action='.join(names)}.")
    return f"action {action!r}", instead(" or ".join(names), action)


def _dates(_: Tx, exchange: VendorExchange, refusal: Refusal) -> FindingTexts:
    """The one of the two that was refused, or both when they are in the wrong order."""
    name = refusal.field
    assert name is not None
    written = exchange.params.get(name)
    if not written:
        other = hints.misnamed(exchange, name)
        if other is not None:
            return f"{other} instead of {name}", instead(name, other)
        return hints.of_missing(exchange, f"no {name}", f"Send {name} as YYYYMMDD.")
    looks_like, moment = hints.of_moment(written)
    if DASHED.fullmatch(written):
        looks_like = "a date as in ISO 8601, which is how an old client documents it"
    if moment is not None and f"{moment:{LAYOUT}}" == written:
        start, end = exchange.params.get("start_date"), exchange.params.get("end_date")
        return f"start_date {start}, end_date {end}", "Send the earlier one as start_date."
    if moment is not None:
        return f"{name} {written!r}, {looks_like}", instead(f"{moment:{LAYOUT}}", written)
    return f"{name} {written!r}", f"Write {name} as YYYYMMDD, a day of the calendar."


def _number(_: Tx, exchange: VendorExchange, __: Refusal) -> FindingTexts:
    number = exchange.params.get("number") or ""
    right = hints.plain_phone(number)
    if right is None:
        return f"number {number!r}", "Send a tracking number of 10 digits, or none for all."
    return f"number {number!r}", instead(right.removeprefix("1"), number, hints.why_blank(exchange, "number"))


def _endpoint(tx: Tx, exchange: VendorExchange, refusal: Refusal) -> FindingTexts:
    if exchange.operation is not None and refusal.status == HTTPStatus.METHOD_NOT_ALLOWED:
        return hints.of_method(tx, exchange, refusal)
    if exchange.operation is not None:
        return hints.of_unreadable_form(tx, exchange, refusal)
    return hints.of_unknown_path(exchange, refusal, "/ibp_api.php")


HINTS: dict[str, Hint] = {
    "DT-auth": _keys,
    "DT-action": _action,
    "DT-dates": _dates,
    "DT-number": _number,
    "DT-endpoint": _endpoint,
}
