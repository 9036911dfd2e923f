"""How is an agent's tool called? By the official SDK of the Model Context Protocol, which this file alone imports.

Each call is one of the control API in this very process, with the caller's token: what may be done is decided there.
"""

from collections.abc import Mapping
from typing import Any

import httpx
from mcp.server import Server, ServerRequestContext
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp_types import (
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
    Tool,
    ToolAnnotations,
)
from pydantic_core import from_json
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from sandbox.server.agents.tools import AgentTool, MissingArgument, ToolRequest, tools_of
from sandbox.server.guard import Guard
from sandbox.server.public_address import prefix_of
from sandbox.vendors.base.exchange import MAX_BODY

HOW_TO = (
    "Reads and drives a dialog-sandbox, which plays the SMS APIs of Dialog Health and DialogTech. The program under"
    " test calls the vendors' paths; you read what it did (journal, findings, report) and let the world go on (replies,"
    " statuses, clock, faults). Every tool takes the workspace `ws`, by default `default`. A refusal says what to send"
    " instead."
)


class AgentServer:
    """An ASGI app for POSTs of the protocol. It keeps nothing between two of them."""

    def __init__(self, document: Mapping[str, Any], version: str) -> None:
        self._tools = tools_of(document)
        self._server: Server[Any] = Server(
            "dialog-sandbox",
            version=version,
            instructions=HOW_TO,
            on_list_tools=self._list,
            on_call_tool=self._call,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Names and origins were looked at before (`guard`), so that the SDK's own rule for them is left off.
        manager = StreamableHTTPSessionManager(
            self._server, json_response=True, stateless=True, max_request_body_size=MAX_BODY
        )
        async with manager.run():
            await manager.handle_request(scope, receive, send)

    async def _list(self, _: ServerRequestContext[Any], __: PaginatedRequestParams | None) -> ListToolsResult:
        return ListToolsResult(tools=[_described(tool) for tool in self._tools.values()])

    async def _call(self, context: ServerRequestContext[Any], params: CallToolRequestParams) -> CallToolResult:
        tool = self._tools.get(params.name)
        if tool is None:
            return _refused(f"There is no such tool: take one of {', '.join(self._tools)}.")
        assert isinstance(context.request, Request)  # what the SDK leaves there of HTTP
        try:
            answer = await _answer(context.request, tool.call(params.arguments or {}))
        except MissingArgument as missing:
            return _refused(f"Give {missing}: {tool.name} needs it.")
        except ValueError:  # what JSON cannot say, or UTF-8: it came as an escape
            return _refused("The arguments are no JSON: NaN, Infinity and lone surrogates are none.")
        return _result(answer)


def _described(tool: AgentTool) -> Tool:
    return Tool(
        name=tool.name,
        description=tool.about,
        input_schema=tool.schema,
        annotations=ToolAnnotations(
            read_only_hint=tool.method == "GET", destructive_hint=tool.method == "DELETE", open_world_hint=False
        ),
    )


async def _answer(request: Request, call: ToolRequest) -> httpx.Response:
    """Return what the control API answers the caller of this request."""
    app = Guard(request.app, request.app.state.settings)
    prefix = prefix_of(request)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False, root_path=prefix)
    headers = [("Authorization", each) for each in request.headers.getlist("authorization")]
    base_url = f"{request.url.scheme}://{request.url.netloc}"
    async with httpx.AsyncClient(transport=transport, base_url=base_url, headers=headers) as client:
        return await client.request(call.method, call.path, params=call.query, json=call.body)


def _result(answer: httpx.Response) -> CallToolResult:
    text = answer.text or "Done."
    is_json = answer.headers.get("content-type", "").partition(";")[0].endswith("json")
    content = from_json(answer.content) if is_json else None
    return CallToolResult(
        content=[TextContent(type="text", text=text)],
        structured_content=content if isinstance(content, dict) else None,
        is_error=not answer.is_success,
    )


def _refused(why: str) -> CallToolResult:
    return CallToolResult(content=[TextContent(type="text", text=why)], is_error=True)
