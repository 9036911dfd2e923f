"""dialog-sandbox: three SMS APIs, emulated on one machine.

`create_app` makes the server. The names of `dialog_sandbox`, the client, are here too.
Names are resolved on use, so that importing the package costs next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dialog_sandbox import (
        AsyncSandboxClient,
        AsyncWorkspace,
        NotArrived,
        NotAsExpected,
        Refused,
        SandboxClient,
        SandboxError,
        Unreachable,
        Workspace,
    )
    from sandbox.app import create_app

__all__ = [
    "AsyncSandboxClient",
    "AsyncWorkspace",
    "NotArrived",
    "NotAsExpected",
    "Refused",
    "SandboxClient",
    "SandboxError",
    "Unreachable",
    "Workspace",
    "create_app",
]

HOMES = dict.fromkeys(__all__, "dialog_sandbox") | {"create_app": "sandbox.app"}


def __getattr__(name: str) -> Any:
    if name in HOMES:
        return getattr(import_module(HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
