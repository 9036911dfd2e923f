"""Who may call the control API: nobody from a web page of another site, and off loopback only who has the token.

Being open on loopback must not mean open to every page that a developer visits: a browser can be made to send a
request here, or to take a foreign name for this address (DNS rebinding). `Host` and `Origin` tell. Nor may a program
that sends forms to URLs it is given, as our own sender of callbacks does: `User-Agent` and `Content-Type` tell.
"""

import re
from hmac import compare_digest

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.server.problems import Problem, not_json
from sandbox.server.sending import HEADERS as OUR_SENDERS
from sandbox.settings import Settings

PREFIX = "/_sandbox"
HEALTH = f"{PREFIX}/health/"
DOCS = f"{PREFIX}/docs"
UI = f"{PREFIX}/ui"
SINKS = f"{PREFIX}/sinks/"
HOLD_NO_DATA = (HEALTH, f"{DOCS}/", f"{UI}/", f"{PREFIX}/openapi/")
READING = ("GET", "HEAD")
LOOPBACK = re.compile(r"localhost|127(\.[0-9]{1,3}){3}|\[::1\]")
EVERY_ADDRESS = ("0.0.0.0", "::", "")
ASKED_FOR_HEAD = "sandbox.head"
"""In the scope of a request that is answered as a GET."""
MAY_DRIVE = "sandbox.may_drive"
"""In the scope of a control call: whether its caller may change something, or only read."""
OUR_SENDER = OUR_SENDERS["User-Agent"].encode()
FORMS = (b"application/x-www-form-urlencoded", b"multipart/form-data", b"text/plain")
OWN_SITES = (b"same-origin", b"none")


def asks_for_no_token(settings: Settings) -> bool:
    """Whether whoever reaches the server may call everything."""
    return settings.control_open or (settings.is_loopback and not settings.demo)


def needs_no_token(path: str) -> bool:
    """Health, the console's pages, and the descriptions of the APIs with theirs: they hold no data.

    A sink's path is its token.
    """
    return path.startswith(SINKS) or path in (DOCS, UI, f"{PREFIX}/openapi.json") or path.startswith(HOLD_NO_DATA)


class Guard:
    """Lets through to `app` what may call it. Paths that are not the control API's hold nothing to guard."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self._token = (settings.control_token or "").encode()
        self._is_open = asks_for_no_token(settings)
        self._is_readable = settings.demo
        bound = f"[{settings.host}]" if ":" in settings.host else settings.host
        self._names = {*settings.hosts, *({bound.lower()} if settings.host not in EVERY_ADDRESS else ())}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        if path == PREFIX or path.startswith(f"{PREFIX}/"):
            headers = Headers(scope)
            problem = self.problem(scope["method"], path, headers)
            if problem is not None:
                await problem.response()(scope, receive, send)
                return
            scope = {**scope, MAY_DRIVE: self._may_drive(headers)}
        if scope["method"] == "HEAD":
            scope, send = {**scope, "method": "GET", ASKED_FOR_HEAD: True}, _without_body(send)
        try:
            await self.app(scope, receive, send)
        except ClientDisconnect:
            return

    def problem(self, method: str, path: str, headers: "Headers") -> Problem | None:
        """Why the call is refused, or None. Health is no exception from Host and Origin: what probes it, in the
        container or beside it, calls a loopback address or a name that it was given, and a page of another site has
        no business to learn that something answers here.
        """
        return (
            self._host(headers)
            or self._origin(path, headers)
            or _from_our_sender(path, headers)
            or self._authorization(method, path, headers)
            or _form(method, path, headers)
        )

    def _host(self, headers: "Headers") -> Problem | None:
        hosts = headers.all(b"host")
        name = _name(hosts[0]) if len(hosts) == 1 else None
        if name is not None and (name in self._names or LOOPBACK.fullmatch(name)):
            return None
        return Problem(
            403,
            "Untrusted host",
            "The control API is called by a loopback name, by the name it is bound to, or by one of SANDBOX_HOSTS:"
            " add the name there, or call another one.",
        )

    def _origin(self, path: str, headers: "Headers") -> Problem | None:
        own = headers.all(b"host")[0].lower()
        is_foreign = any(origin.lower().partition(b"://")[2] != own for origin in headers.all(b"origin"))
        is_cross_site = any(site not in OWN_SITES for site in headers.all(b"sec-fetch-site"))
        if is_foreign or (is_cross_site and not _is_visit(path, headers)):
            return Problem(
                403, "Foreign origin", "Web pages of another origin may not call the control API: call it directly."
            )
        return None

    def _authorization(self, method: str, path: str, headers: "Headers") -> Problem | None:
        is_for_everybody = needs_no_token(path) or (self._is_readable and method in READING)
        if is_for_everybody or self._may_drive(headers):
            return None
        return Problem(
            401,
            "Token needed",
            "Send Authorization: Bearer and the control token: SANDBOX_CONTROL_TOKEN, or the one printed at start.",
            {"WWW-Authenticate": "Bearer"},
        )

    def _may_drive(self, headers: "Headers") -> bool:
        """Whether the caller has the token, or needs none."""
        if self._is_open:
            return True
        given = headers.all(b"authorization")
        scheme, _, token = given[0].partition(b" ") if len(given) == 1 else (b"", b"", b"")
        return scheme.lower() == b"bearer" and bool(self._token) and compare_digest(token.strip(), self._token)


class Headers:
    """The headers of a request, repeated ones too."""

    def __init__(self, scope: Scope) -> None:
        self._raw: list[tuple[bytes, bytes]] = scope["headers"]

    def all(self, name: bytes) -> list[bytes]:
        return [value for key, value in self._raw if key == name]


def _name(host: bytes) -> str | None:
    """The name in a `Host` header without its port, in lower case; None when it is none."""
    found = re.fullmatch(r"([a-z0-9._-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?", host.decode("latin-1").lower())
    return found[1] if found else None


def _from_our_sender(path: str, headers: Headers) -> Problem | None:
    """A callback goes wherever a client of any workspace says, on loopback too; only a sink is there to get one."""
    if path.startswith(SINKS) or OUR_SENDER not in headers.all(b"user-agent"):
        return None
    return Problem(403, "Callback", "Of the control API a callback reaches sinks only: PUT one, and take its URL.")


def _form(method: str, path: str, headers: Headers) -> Problem | None:
    """What can be made to send a form has no other method; a snapshot's file may be put under any type.

    Where a body is read its type is looked at again, for types that are neither a form's nor JSON.
    """
    if method != "POST" or path.startswith(SINKS):
        return None
    kinds = [value.partition(b";")[0].strip().lower() for value in headers.all(b"content-type")]
    return not_json() if any(kind in FORMS for kind in kinds) else None


def _is_visit(path: str, headers: Headers) -> bool:
    """Somebody follows a link from another site to a page of ours, which neither holds data nor may be framed."""
    return (
        (path in (DOCS, UI) or path.startswith(f"{UI}/"))
        and headers.all(b"sec-fetch-mode") == [b"navigate"]
        and headers.all(b"sec-fetch-dest") == [b"document"]
    )


def _without_body(send: Send) -> Send:
    """What answers a HEAD: the headers of the GET."""

    async def send_headers(message: Message) -> None:
        if message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await send(message)

    return send_headers
