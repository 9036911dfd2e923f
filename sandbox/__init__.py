"""dialog-sandbox: three SMS APIs, emulated on one machine.

`create_app` makes the server, `World` is what it plays. Names are resolved on use, so that importing the package costs
next to nothing.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sandbox.server.app import create_app
    from sandbox.world import World

__all__ = ["World", "create_app"]


def __getattr__(name: str) -> Any:
    if name == "create_app":
        from sandbox.server.app import create_app  # noqa: PLC0415

        return create_app
    if name == "World":
        from sandbox.world import World  # noqa: PLC0415

        return World
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
