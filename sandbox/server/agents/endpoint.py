"""Where do agents call? At one path, behind which all is imported when it is first called: the SDK is an extra."""

import asyncio
from collections.abc import Callable
from typing import Any

from starlette.datastructures import Headers
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.server.guard import PREFIX
from sandbox.server.openapi import OURS
from sandbox.server.problems import Problem, not_json
from sandbox.server.version import our_version

MCP = f"{PREFIX}/mcp"
NOT_INSTALLED = Problem(
    501,
    "Not installed",
    "Agents are answered by the package mcp: install dialog-sandbox[mcp], and start the server again.",
)


class AgentEndpoint:
    """An ASGI app that is made when it is first called. `document_of`: an API's OpenAPI document."""

    def __init__(self, document_of: Callable[[str], dict[str, Any]]) -> None:
        self._document_of = document_of
        self._app: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind = Headers(scope=scope).get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":  # the SDK says so in plain text
            raise not_json()
        if self._app is None:
            # In a thread: it takes a second, in which others are served.
            self._app = await asyncio.to_thread(self._made)
        await self._app(scope, receive, send)

    def _made(self) -> ASGIApp:
        try:
            from sandbox.server.agents.protocol import AgentServer  # noqa: PLC0415  (an extra, and slow to import)
        except ModuleNotFoundError as error:
            if error.name is None or error.name.partition(".")[0] not in ("mcp", "mcp_types"):
                raise
            raise NOT_INSTALLED from error
        return AgentServer(self._document_of(OURS), our_version())


def routes(document_of: Callable[[str], dict[str, Any]]) -> list[BaseRoute]:
    """Return the route of agents. Only POST: nothing is kept that a GET could follow or a DELETE end."""
    return [Route(MCP, AgentEndpoint(document_of), methods=["POST"])]
