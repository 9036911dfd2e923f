"""The docs page, with all that it loads: nothing comes from another host."""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from sandbox.server.problems import Problem
from sandbox.vendors import VENDORS

PAGE = "/_sandbox/docs"
FOLDER = Path(__file__).parent / "static"
TYPES = {
    "docs.css": "text/css",
    "docs.js": "text/javascript",
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
}
POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data:",  # the icons of Swagger UI stand in its style sheet
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cache-Control": "no-cache",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


async def page(request: Request) -> Response:
    """The page itself; which description it shows is its own business."""
    return _file(request, "docs.html", "text/html")


async def asset(request: Request) -> Response:
    """What the page loads."""
    name = request.path_params["name"]
    if name not in TYPES:
        raise Problem(404, "Unknown path", f"There is no such file: the page is at {PAGE}.")
    return _file(request, name, TYPES[name])


async def entrance(request: Request) -> Response:
    """A browser is led to the page, anything else is told where to go."""
    if "text/html" in request.headers.get("accept", ""):
        return RedirectResponse(PAGE, 307)
    raise Problem(
        404,
        "Nothing here",
        f"The APIs are below their paths, the control API below /_sandbox; {PAGE} describes them all.",
        apis={vendor.name: vendor.prefix for vendor in VENDORS},
    )


def _file(request: Request, name: str, media_type: str) -> Response:
    file = FOLDER / name
    status = file.stat()
    headers = {**HEADERS, "ETag": f'"{status.st_mtime_ns:x}-{status.st_size:x}"'}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return Response(file.read_bytes(), headers=headers, media_type=media_type)


ROUTES = (Route(PAGE, page), Route(PAGE + "/{name}", asset), Route("/", entrance))
