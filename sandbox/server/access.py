"""What may the caller of the control API or of the console do?"""

from typing import Literal

from fastapi import Request

from sandbox.server.guard import MAY_DRIVE


def access_of(request: Request) -> Literal["drive", "submit", "read"]:
    """Return what the caller may do."""
    if request.scope[MAY_DRIVE]:
        return "drive"
    return "submit" if request.app.state.settings.demo_submit else "read"
