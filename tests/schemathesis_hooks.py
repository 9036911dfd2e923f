"""What the schema-driven tester is told before it calls."""

from contextlib import suppress
from typing import Any

import schemathesis


@schemathesis.hook
def before_call(_: Any, case: Any, __: Any) -> None:
    """Nobody waits for 300 s: a time that is allowed becomes a short one, one that is refused stays as it is."""
    with suppress(KeyError, TypeError, ValueError):
        if case.path.endswith("/messages/wait") and 0 <= float(case.query.get("timeout", 10)) <= 300:
            case.query["timeout"] = 0.01
