"""Who may call the control API? Nobody from a web page of another site; where there is a token, only who has it.

Being open on loopback must not mean open to every page that a developer visits: a browser can be made to send a
request here, or to take a foreign name for this address (DNS rebinding). `Host` and `Origin` tell. Nor may a program
that sends forms to URLs it is given, as our own sender of callbacks does: `User-Agent` and `Content-Type` tell.
"""

from hmac import compare_digest

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.server import visitors
from sandbox.server.callback_sender import HEADERS as OUR_SENDERS
from sandbox.server.callback_sender import SINKS
from sandbox.server.origins import OwnNames
from sandbox.server.problems import Problem, compressed, not_json
from sandbox.settings import Settings
from sandbox.vendors.base.answers import NO_SNIFFING

PREFIX = "/_sandbox"
HEALTH = f"{PREFIX}/health/"
DOCS = f"{PREFIX}/docs"
UI = f"{PREFIX}/ui"
COLLECTIONS = f"{PREFIX}/collections/"
LLMS_TEXT = "/llms.txt"
"""Where agents look for it; it is below the prefix too."""
HOLD_NO_DATA = (HEALTH, f"{DOCS}/", f"{UI}/", f"{PREFIX}/openapi/", COLLECTIONS)
"""Where paths begin that show nobody's data: collections do only where they see to the token themselves."""
LLMS_TEXTS = (LLMS_TEXT, f"{LLMS_TEXT}/")
ALSO_HOLD_NO_DATA = (
    *(PREFIX, f"{PREFIX}/", DOCS, UI, f"{PREFIX}/openapi.json"),
    *(above + text for above in ("", PREFIX) for text in LLMS_TEXTS),
)
IS_HEAD = "sandbox.head"
"""In the scope of a request that is answered as a GET."""
MAY_DRIVE = "sandbox.may_drive"
"""In the scope of a control call: whether its caller may change something, or only read."""
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data", "text/plain")

UNTRUSTED_HOST = Problem(
    403,
    "Untrusted host",
    "The control API is called by an address, as localhost, by the name it is bound to, by that of"
    " SANDBOX_PUBLIC_URL, or by one of SANDBOX_HOSTS: add the name there, or call another one.",
)
FOREIGN_ORIGIN = Problem(
    403, "Foreign origin", "Web pages of another origin may not call the control API: call it directly."
)
CALLBACK = Problem(403, "Callback", "Of the control API a callback reaches sinks only: PUT one, and take its URL.")
TOKEN_NEEDED = Problem(
    401,
    "Token needed",
    "Send Authorization: Bearer and the control token: SANDBOX_CONTROL_TOKEN, or the one printed at start.",
    {"WWW-Authenticate": "Bearer"},
)

WRONG_TOKEN = Problem(
    401,
    "Token needed",
    "That is not the control token: send SANDBOX_CONTROL_TOKEN as the server has it, or the one that it printed at its"
    " last start.",
    {"WWW-Authenticate": 'Bearer error="invalid_token"'},
)
VISITORS_ONLY_READ = Problem(
    401,
    "Token needed",
    "Visitors of a demo read, by GET, and do not drive; nor is the MCP server for them. The control token is its"
    " keeper's: send it as Authorization: Bearer, or start a sandbox of your own.",
    {"WWW-Authenticate": "Bearer"},
)


def asks_for_no_token(settings: Settings) -> bool:
    """Return whether everybody who reaches the server may call everything."""
    return settings.control_open or (settings.is_loopback and not settings.demo and settings.control_token is None)


def is_ours(scope: Scope) -> bool:
    """Return whether a request is the control API's or the console's, an agent's, or a browser that is led to it."""
    path: str = scope["path"]
    if path == "/" and scope["method"] in ("GET", "HEAD"):
        return wants_page(Headers(scope=scope))
    return path in LLMS_TEXTS or is_below_prefix(path)


def wants_page(headers: Headers) -> bool:
    """Return whether it is a browser that calls, to show a page."""
    return "text/html" in headers.get("accept", "")


def is_below_prefix(path: str) -> bool:
    return path == PREFIX or path.startswith(f"{PREFIX}/")


def needs_no_token(path: str) -> bool:
    """Return whether the path is of health, the console's pages, or the descriptions of the APIs, which hold no data.

    So is a sink's, whose path is its token.
    """
    return path.startswith((SINKS, *HOLD_NO_DATA)) or path in ALSO_HOLD_NO_DATA


class Guard:
    """An app before `app`, to which it lets through what may call it. Other paths than the control API's are open."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self._token = (settings.control_token or "").encode()
        self._is_open = asks_for_no_token(settings)
        self._is_readable = settings.demo
        self._names = OwnNames(settings)
        self._shows_credentials = settings.demo_submit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        send = _without_sniffing(send)
        path: str = scope["path"]
        if path != "/":  # from which anybody is led to the console
            headers = Headers(scope=scope)
            problem = self.problem(scope["method"], path, headers, scope["scheme"])
            if problem is not None:
                await problem.response()(scope, receive, send)
                return
            scope = {**scope, MAY_DRIVE: self._may_drive(headers)}
        if scope["method"] == "HEAD":
            scope, send = {**scope, "method": "GET", IS_HEAD: True}, _without_body(send)
        if not scope.get(MAY_DRIVE, True) and not needs_no_token(path):
            send = visitors.filtered(send, shows_credentials=self._shows_credentials)
        try:
            await self.app(scope, receive, send)
        except ClientDisconnect:
            return

    def problem(self, method: str, path: str, headers: Headers, scheme: str = "http") -> Problem | None:
        """Return why the call is refused, or None.

        Health takes any Host, and none: what probes it calls by whatever address or name it was given. It is no
        exception from Origin: a page of another site has no business to learn that something answers here.
        """
        if not path.startswith(HEALTH) and not self._names.are_called(headers.getlist("host")):
            return UNTRUSTED_HOST
        if self._is_foreign(path, headers, scheme):
            return FOREIGN_ORIGIN
        # A callback goes wherever a client of any workspace says, on loopback too; only a sink is there to get one.
        if OUR_SENDERS["User-Agent"] in headers.getlist("user-agent") and not path.startswith(SINKS):
            return CALLBACK
        is_for_everybody = needs_no_token(path) or (self._is_readable and _is_for_visitors(method, path))
        if not is_for_everybody and not self._may_drive(headers):
            if _token_of(headers):
                return WRONG_TOKEN
            return VISITORS_ONLY_READ if self._is_readable else TOKEN_NEEDED
        # What can be made to send a form has no other method; a snapshot's file may be put under any type. Where a body
        # is read its type is looked at again, for types that are neither a form's nor JSON.
        if path.startswith(SINKS):
            return None
        if method == "POST" and _has_form(headers):
            return not_json()
        codings = [each for each in headers.getlist("content-encoding") if each.lower() not in ("", "identity")]
        return compressed(", ".join(codings)) if codings else None

    def _is_foreign(self, path: str, headers: Headers, scheme: str) -> bool:
        """Return whether a web page of another origin calls.

        Its links may lead to a page of ours, which holds no data and may not be framed.
        """
        origins = headers.getlist("origin")
        if origins and not self._names.is_own_page(origins, headers.getlist("host"), scheme):
            return True
        if all(site in ("same-origin", "none") for site in headers.getlist("sec-fetch-site")):
            return False
        navigation = (headers.getlist("sec-fetch-mode"), headers.getlist("sec-fetch-dest"))
        is_page = path in (DOCS, UI) or path.startswith(f"{UI}/")
        return not is_page or navigation != (["navigate"], ["document"])

    def _may_drive(self, headers: Headers) -> bool:
        """Return whether the caller has the token, or needs none."""
        if self._is_open:
            return True
        is_right = compare_digest(_token_of(headers), self._token)
        return bool(self._token) and is_right


def _token_of(headers: Headers) -> bytes:
    """Return what was sent as a token; empty if none was, or more than one."""
    sent = headers.getlist("authorization")
    scheme, _, token = sent[0].partition(" ") if len(sent) == 1 else ("", "", "")
    return token.strip(" \t").encode("latin-1") if scheme.lower() == "bearer" else b""


def _is_for_visitors(method: str, path: str) -> bool:
    return method in ("GET", "HEAD") and visitors.FOR_PRESENTERS.fullmatch(path) is None


def _has_form(headers: Headers) -> bool:
    return any(kind.partition(";")[0].strip(" \t").lower() in FORMS for kind in headers.getlist("content-type"))


def _without_sniffing(send: Send) -> Send:
    """Return what says with every answer that it is what its type says."""

    async def send_all(message: Message) -> None:
        if message["type"] == "http.response.start" and NO_SNIFFING not in message["headers"]:
            message = {**message, "headers": [*message["headers"], NO_SNIFFING]}
        await send(message)

    return send_all


def _without_body(send: Send) -> Send:
    """Return what answers a HEAD: the headers of the GET."""

    async def send_headers(message: Message) -> None:
        if message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await send(message)

    return send_headers
