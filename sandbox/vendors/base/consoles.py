"""Which console does a path name?"""

from typing import Any

from sandbox.store import Tx
from sandbox.vendors.base.refusal import Refusal
from sandbox.world import lines
from sandbox.world.errors import UnknownConsole
from sandbox.world.lines import CONSOLE_CODE, LineView

DESCRIPTION: dict[str, Any] = {"description": "Six capital letters and four digits.", "examples": ["HARBOR1001"]}
"""Of the path's parameter, in OpenAPI."""
PATTERN = {"pattern": f"^{CONSOLE_CODE.pattern}$"}
"""Of one that is refused when it is malformed: by `console_line`, in the vendor's words."""


def console_line(tx: Tx, code: str, rule: str) -> LineView:
    """Return the console's line. Raises a `Refusal` by `rule` for one that the caller does not have."""
    if CONSOLE_CODE.fullmatch(code) is None:
        raise Refusal(rule, "The console code is malformed: it is six capital letters and four digits.")
    try:
        return lines.console_line(tx, code)
    except UnknownConsole:
        raise Refusal(rule, f"There is no console {code} for these credentials.") from None
