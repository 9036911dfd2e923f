"""How is it said what a caller does wrong, and what would be right?"""

from collections.abc import Callable

from sandbox.store import Tx
from sandbox.vendors.base.exchange import VendorExchange
from sandbox.vendors.base.refusal import CallFinding, Refusal

BODILESS = ("GET", "HEAD", "DELETE")

FindingTexts = tuple[str, str]
"""What was observed of a refused request, and the smallest change that makes it right."""
Hint = Callable[[Tx, VendorExchange, Refusal], FindingTexts]


def finding(rule: str, level: str, observed: str, fix: str) -> CallFinding:
    """Return one. What it says is cut where it is written down, once secrets were taken out."""
    return CallFinding(rule, level, observed, fix)


def instead(right: str, wrong: str, why: str = "") -> str:
    """Return the fix that takes one for the other; blanks at an end of the wrong one are made visible."""
    return f"Send {right} instead of {visible(wrong)}{why and f': {why}'}."


def visible(written: str) -> str:
    """Return it as it is, or in quotation marks where it begins or ends with a blank, or holds what no eye sees."""
    return written if written.isprintable() and written == written.strip() else repr(written)


def by_its_reason(_: Tx, exchange: VendorExchange, refusal: Refusal) -> FindingTexts:
    return method_and_path(exchange), refusal.fix or refusal.reason


def method_and_path(exchange: VendorExchange) -> str:
    """Return method and path, without the query string, which may hold keys."""
    return f"{exchange.request.method} {exchange.path}"
