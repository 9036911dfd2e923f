"""Where did a call show the credentials of its workspace? The journal has `[redacted]` there."""

import re
from collections.abc import Callable

MARK = "[redacted]"
BASIC = re.compile(r"basic[ \t]+\[redacted\]", re.IGNORECASE)
KEYS = ("access_key", "secret_access_key")
"""The parameters by which an account is known."""
PARAMETER = re.compile(r"((?:^|[?&;])(access_key|secret_access_key)=)\[redacted\](?=$|[&;\s])")
MULTIPART = re.compile(r'(name="?(access_key|secret_access_key)"?\r\n(?:[^\r\n]+\r\n)*\r\n)\[redacted\](?=\r\n)')


def is_basic(name: str, value: str) -> bool:
    """Return whether a header showed user and password."""
    return name.lower() == "authorization" and BASIC.fullmatch(value.strip()) is not None


def with_keys(text: str, value_of: Callable[[str], str]) -> str:
    """Return a query string or a form with its keys: `value_of` gives what stands for a parameter's value."""
    for place in (PARAMETER, MULTIPART):
        text = place.sub(lambda found: found[1] + value_of(found[2]), text)
    return text
