"""How does a vendor say no, and what did a caller do wrong? As data, which each vendor puts into its own shape."""

from collections.abc import Mapping
from typing import NamedTuple

from starlette.responses import Response

ERROR, NOTE = "error", "note"


class Refusal(Exception):
    """A vendor refuses a call.

    `rule`: by which rule; empty for a failure of the sandbox's own. `reason`: a sentence for the caller. `field`: the
    parameter that it is about, if it is about one. `fix`: a sentence for its finding, where the reason does not say
    what would be right.
    """

    def __init__(
        self,
        rule: str,
        reason: str,
        status: int = 400,
        headers: Mapping[str, str] | None = None,
        *,
        field: str | None = None,
        fix: str | None = None,
    ) -> None:
        super().__init__(reason)
        self.rule = rule
        self.reason = reason
        self.status = status
        self.headers = dict(headers) if headers else None
        self.field = field
        self.fix = fix


class CallFinding(NamedTuple):
    """A mistake of the caller. `level`: `error` (refused, or would be in production) or `note` (tolerated).

    `observed`: what was sent, without secrets. `fix`: the smallest change that makes it right. (On the wire they are
    `seen` and `mend`.)
    """

    rule: str
    level: str
    observed: str
    fix: str


class FaultAnswers(Exception):
    """A fault answers instead of the endpoint."""

    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response


class Severed(Exception):
    """A fault breaks the connection of a caller that has none: the error that its HTTP client would raise."""
