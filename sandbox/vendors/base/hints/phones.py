"""What would a number be that is no plain one?"""

import re

from sandbox.vendors.base.exchange import VendorExchange
from sandbox.vendors.base.hints.texts import (
    FindingTexts,
    instead,
)
from sandbox.world import phones


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
