"""What is this server, told to an agent that has only its address? A page of Markdown, as llmstxt.org has it."""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.server.guard import LLMS_TEXTS, PREFIX
from sandbox.server.public_address import public_url_of

SOURCE = Path(__file__).parent / "static" / "llms.txt"
WRITTEN_URL = "http://127.0.0.1:8080"
"""Where the page, as it is written, says that the server is."""


async def show(request: Request) -> Response:
    """Return the page, its links those of the server that was asked."""
    text = SOURCE.read_text(encoding="utf-8").replace(WRITTEN_URL, public_url_of(request))
    return Response(text, headers={"Cache-Control": "no-cache"}, media_type="text/plain")


ROUTES = tuple(Route(above + text, show) for above in ("", PREFIX) for text in LLMS_TEXTS)
