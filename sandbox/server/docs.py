"""The docs page, with all that it loads: nothing comes from another host."""

from collections.abc import Mapping
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.server.problems import Problem

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
    """Return the page itself; which description it shows is its own business."""
    return file_answer(request, FOLDER / "docs.html", "text/html", HEADERS)


async def asset(request: Request) -> Response:
    """Return what the page loads."""
    name = request.path_params["name"]
    if name not in TYPES:
        raise Problem(404, "Unknown path", f"There is no such file: the page is at {PAGE}.")
    return file_answer(request, FOLDER / name, TYPES[name], HEADERS)


def file_answer(request: Request, file: Path, media_type: str, headers: Mapping[str, str]) -> Response:
    """Return a file, or that the browser has it already."""
    status = file.stat()
    tagged = {**headers, "ETag": f'"{status.st_mtime_ns:x}-{status.st_size:x}"'}
    if request.headers.get("if-none-match") == tagged["ETag"]:
        return Response(status_code=304, headers=tagged)
    return Response(file.read_bytes(), headers=tagged, media_type=media_type)


ROUTES = (Route(PAGE, page), Route(PAGE + "/{name}", asset))
