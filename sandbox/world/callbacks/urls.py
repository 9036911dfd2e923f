"""Where can a callback be sent?"""

import re
from urllib.parse import urlsplit

LONGEST_HOST = 253
"""Characters of a name (RFC 1035, 2.3.4): a longer one leads nowhere, and takes long to look up."""
UNFIT_FOR_URL = re.compile(r"[\x00-\x20\x7f]|\s")


def is_callback_url(url: str) -> bool:
    """Return whether a callback can be sent there: an absolute http or https URL (rule SP-callback)."""
    try:
        parts = urlsplit(url)
        is_absolute = parts.scheme in ("http", "https") and 0 < len(parts.hostname or "") <= LONGEST_HOST
        _ = parts.port
    except ValueError:
        return False
    return is_absolute and not UNFIT_FOR_URL.search(url)
