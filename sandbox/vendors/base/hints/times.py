"""Which time was meant by one that is written in another way?"""

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

FORMATS = (
    (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "%Y-%m-%d %H:%M:%S", "a date and a time"),
    (r"\d{4}-\d\d-\d\d\+\d\d:\d\d:\d\d", "%Y-%m-%d+%H:%M:%S", "a blank written as +, which in a path is a plus sign"),
    (r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d", None, "a time without seconds"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)?", None, "ISO 8601"),
    (r"\d{4}-\d\d-\d\d", "%Y-%m-%d", "a date as in ISO 8601"),
    (r"\d{8}", "%Y%m%d", "a date without dashes"),
    (r"\d{14}", "%Y%m%d%H%M%S", "a date and a time without dashes"),
    (r"\d\d?/\d\d?/\d{4}", "%m/%d/%Y", "an American date"),
    (r"\d\d?/\d\d?/\d{4} \d\d:\d\d:\d\d", "%m/%d/%Y %H:%M:%S", "an American date"),
    (r"\d{4}/\d\d/\d\d", "%Y/%m/%d", "a date with slashes"),
    (r"\d\d?\.\d\d?\.\d{4}", "%d.%m.%Y", "a European date"),
    (r"\d\d-\d\d-\d{4}", "%m-%d-%Y", "an American date with dashes"),
)
"""Ways in which people write times: what they look like, how they are read (None: as ISO 8601), and what to call it."""


def of_moment(written: str) -> tuple[str | None, datetime | None]:
    """Return what a time that was written in another way looks like, and which it is; None where nobody can tell."""
    for pattern, layout, name in FORMATS:
        if re.fullmatch(pattern, written, re.ASCII):
            return name, _read(written, layout)
    if re.fullmatch(r"\d{10}|\d{13}", written, re.ASCII):
        return "seconds since 1970", datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=int(written[:10]))
    try:
        return "a date as in e-mails", parsedate_to_datetime(written).astimezone(UTC)
    except ValueError:
        return None, None


def _read(written: str, layout: str | None) -> datetime | None:
    try:
        moment = datetime.strptime(written, layout) if layout else datetime.fromisoformat(written)
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
