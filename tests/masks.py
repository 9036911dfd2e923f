"""What of an answer is another one each time, taken out of it, so that the rest can be compared whole."""

import re

import httpx

REQUEST_ID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\b")
EXCHANGE_ID = re.compile(r"\bex_[0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15}\b")


def masked(text: str) -> str:
    """Return the text with each requestId and each id of an exchange as a word that says which it is."""
    return EXCHANGE_ID.sub("<exchange>", REQUEST_ID.sub("<requestId>", text))


def exchange_id(answer: httpx.Response) -> str:
    """Return what a vendor's answer calls its exchange."""
    named: str = answer.headers["x-sandbox-exchange"]
    assert EXCHANGE_ID.fullmatch(named), named
    return named
