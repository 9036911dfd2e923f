"""How does a record of the log become a line of JSON, and without secrets?"""

import json
import logging
from datetime import UTC, datetime
from typing import Any

from sandbox.server.journal.secrets import redacted
from sandbox.server.request_log import LoggedRequest
from sandbox.vendors.base.exchange import exchange_in_hand


class JsonLines(logging.Formatter):
    """An object a line: `time`, `level`, `logger`, `message`; `error` with its traceback, and which `exchange` it was.

    Of a request its parts too, as `LoggedRequest` has them.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return a record's line. Values that go by a secret's name are taken out, and users of URLs."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")[:-6] + "Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _without_secrets(record.getMessage()),
        }
        request = getattr(record, "request", None)
        if isinstance(request, LoggedRequest):
            return json.dumps(line | request._asdict())
        exchange = exchange_in_hand.get()
        if exchange is not None:
            line["exchange"] = exchange
        if record.exc_info:
            line["error"] = _without_secrets(self.formatException(record.exc_info))
        return json.dumps(line)


def _without_secrets(text: str) -> str:
    return redacted(text.encode(errors="replace"), ()).decode(errors="replace")
