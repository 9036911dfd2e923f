"""The control API from Python: `SandboxClient`, and `AsyncSandboxClient` alike.

    client = SandboxClient("http://127.0.0.1:8080")
    ws = client.workspace("default")
    ws.reply(sid, "STOP")

Knows the server only through HTTP.
"""

from sandbox.client.engine import AsyncSandboxClient, SandboxClient
from sandbox.client.errors import NotArrived, NotAsExpected, Refused, SandboxError, Unreachable
from sandbox.client.workspace import AsyncWorkspace, Workspace

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
