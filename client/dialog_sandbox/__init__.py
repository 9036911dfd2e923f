"""What a partner's tests import: the clients of the sandbox's control API, and what they raise.

    client = SandboxClient("http://127.0.0.1:8080")
    ws = client.workspace("default")
    ws.reply(sid, "STOP")

Knows the server only through HTTP. Names are resolved on use: pytest imports this package in every run beside it, since
its plugin stands here, and shall not import httpx and pydantic for those that do without.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dialog_sandbox._async.client import AsyncSandboxClient
    from dialog_sandbox._async.workspace import AsyncWorkspace
    from dialog_sandbox._sync.client import SandboxClient
    from dialog_sandbox._sync.workspace import Workspace
    from dialog_sandbox.errors import NotArrived, NotAsExpected, Refused, SandboxError, Unreachable

HOMES = {
    "AsyncSandboxClient": "dialog_sandbox._async.client",
    "AsyncWorkspace": "dialog_sandbox._async.workspace",
    "NotArrived": "dialog_sandbox.errors",
    "NotAsExpected": "dialog_sandbox.errors",
    "Refused": "dialog_sandbox.errors",
    "SandboxClient": "dialog_sandbox._sync.client",
    "SandboxError": "dialog_sandbox.errors",
    "Unreachable": "dialog_sandbox.errors",
    "Workspace": "dialog_sandbox._sync.workspace",
}
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
]


def __getattr__(name: str) -> Any:
    if name in HOMES:
        return getattr(import_module(HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
