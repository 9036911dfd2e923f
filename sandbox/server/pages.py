"""The console's pages, with all that they load: nothing comes from another host.

A page holds no data: what it shows its script asks from the control API, with the token where one is needed. So pages
are open to whoever may reach the server, as the docs page is.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from sandbox.server.access import access_of
from sandbox.server.checks import operations_of
from sandbox.server.docs import HEADERS as DOCS_HEADERS
from sandbox.server.docs import file_answer
from sandbox.server.guard import UI
from sandbox.server.problems import Problem
from sandbox.server.public_address import prefix_of
from sandbox.vendors.base.vendor import Vendor
from sandbox.world.workspaces.find import DEFAULT

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).parent / "templates"
ASSETS = Path(__file__).parent / "static" / "console"
MEDIA_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        # No script can make elements out of text, so that no text of a message ever becomes one.
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
HEADERS = {**DOCS_HEADERS, "Content-Security-Policy": POLICY}
SECTIONS = {
    "phones": "Phones",
    "messages": "Messages",
    "exchanges": "Exchanges",
    "consents": "Consents",
    "callbacks": "Callbacks",
    "report": "Report",
    "verify": "Verify",
    "send": "Send",
}
"""What stands in the bar, each a page of that name."""
LISTS = ("messages", "consents", "callbacks")
"""Those that are a list and its filters, drawn by one template."""


@cache
def templates() -> "Environment":
    """Return what makes pages of templates, made when the first page is asked for."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415  (10 ms that only pages need)

    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


async def page(request: Request) -> Response:
    """Return a page of a workspace; the phones are the first. Whether there is such a one, its script finds out."""
    name = request.path_params.get("page", "phones")
    is_known = name in SECTIONS and not (
        name in ("consents", "callbacks", "report", "send") and "item" in request.path_params
    )
    if not is_known and "text/html" not in request.headers.get("accept", ""):
        raise Problem(404, "Unknown path", f"The console has no such page: it begins at {UI}.")
    is_message = name == "messages" and "item" in request.path_params
    template = "message" if is_message else "lists" if name in LISTS else name
    html = (
        templates()
        .get_template(f"{template if is_known else 'nowhere'}.html")
        .render(
            workspace=request.path_params.get("ws", DEFAULT),
            page=name,
            sheet=template if is_known else "",
            title="Message" if is_message else SECTIONS.get(name, "No such page"),
            access=access_of(request) if request.app.state.settings.demo else None,
            sections=SECTIONS,
            operations=operations_of(_vendors(request)),
            ui=prefix_of(request) + UI,
            prefix=prefix_of(request),
            public_url=request.app.state.settings.public_url,
        )
    )
    return Response(html, 200 if is_known else 404, HEADERS, "text/html")


async def asset(request: Request) -> Response:
    """Return what the pages load."""
    name = request.path_params["name"]
    media_type = MEDIA_TYPES.get(Path(name).suffix)
    if media_type is None or not (ASSETS / name).is_file():
        raise Problem(404, "Unknown path", f"The console has no such file: it begins at {UI}.")
    return file_answer(request, ASSETS / name, media_type, HEADERS)


async def entrance(request: Request) -> Response:
    """Lead a browser to the console; anything else is no page's (`guard.is_ours`)."""
    return RedirectResponse(prefix_of(request) + UI, 307)


async def without_slash(request: Request) -> Response:
    """Lead a browser to the page that was meant: addresses are cut short by hand."""
    path = f"{UI}/{quote(request.path_params.get('path', ''))}".rstrip("/")
    return RedirectResponse(prefix_of(request) + path, 307)


def _vendors(request: Request) -> Sequence[Vendor]:
    vendors: Sequence[Vendor] = request.app.state.vendors
    return vendors


ROUTES = (
    Route("/", entrance),
    Route(UI, page),
    Route(UI + "/assets/{name}", asset),
    Route(UI + "/{ws}", page),
    Route(UI + "/{ws}/{page}", page),
    Route(UI + "/{ws}/{page}/{item}", page),
    Route(UI + "/", without_slash),
    Route(UI + "/{path:path}/", without_slash),
)
