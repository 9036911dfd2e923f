"""Why were no parameters read from a body?"""

from sandbox.store import Tx
from sandbox.vendors.base.exchange import VendorExchange
from sandbox.vendors.base.hints.texts import BODILESS, FindingTexts, by_its_reason, instead
from sandbox.vendors.base.multipart import BY_CLIENT
from sandbox.vendors.base.refusal import Refusal

FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


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
