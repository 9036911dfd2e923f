"""What an endpoint may ask for: the world, a workspace, or the vendor exchange that it is answering."""

from base64 import b64decode
from collections.abc import Callable
from time import perf_counter
from typing import Annotated, Any, NamedTuple, Protocol

from fastapi import Depends, Path, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from sandbox import forms
from sandbox.remembering import remembered
from sandbox.world import LineView, WorkspaceView, World, acts, workspaces
from sandbox.world.errors import UnknownConsole

MAX_BODY = 1024 * 1024
"""Bytes of a vendor request's body that are read; no documented call comes near."""
SERVER = 0
"""Stands for the workspace of an exchange that belongs to none."""


class Refusal(Exception):
    """A vendor refuses a call: by which rule, and why, in a sentence for the caller."""

    def __init__(self, rule: str, reason: str, status: int = 400, headers: dict[str, str] | None = None) -> None:
        super().__init__(reason)
        self.rule = rule
        self.reason = reason
        self.status = status
        self.headers = headers


class Finding(NamedTuple):
    """A slip of the caller. `level`: `error` (refused, or would be in production) or `note` (tolerated).

    `seen`: what was sent, without secrets. `mend`: the smallest change that mends it.
    """

    rule: str
    level: str
    seen: str
    mend: str


class Subject(NamedTuple):
    """What a vendor request is about, as it gave it; what it did not give is null."""

    to: str | None = None
    from_: str | None = None
    text: str | None = None
    console: str | None = None
    account: str | None = None
    number: str | None = None


NOTHING = Subject()


class Faulted(Exception):
    """A fault answers instead of the endpoint; `response` may be whatever the fault makes of it."""

    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response


class Severed(Exception):
    """A fault breaks the connection of a caller that has none: this is the error that its HTTP client would raise."""


class Backstage(Protocol):
    """What the server does around each vendor exchange: faults, and the journal."""

    async def meet(self, exchange: "Exchange") -> None:
        """It is known who asks and for what, nothing was done yet. May raise `Faulted`, and may take its time."""

    async def answer(
        self, exchange: "Exchange", response: Response, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Sends the answer, or what a fault makes of it, and writes the exchange down."""


class Exchange:
    """A vendor request while it is answered.

    `operation`: the name of the endpoint it reached, or None. `asked`: what the request gave, as far as it was read,
    for answers that repeat it. `began`: when it came, in seconds of a clock that only goes on. Once the caller has
    shown its credentials: `workspace`, `now` (ms, on that workspace's clock) and `number` (which exchange of the
    workspace this is). For the journal: `raw_body`, `subject`, the `rules` that decided the answer, the `refusal` if it
    was refused, `findings`, and the numbers of the `messages` it made or showed. `fault`: what the server made of it,
    if anything.
    """

    __slots__ = (
        "_again",
        "_changes",
        "_id",
        "asked",
        "began",
        "fault",
        "findings",
        "messages",
        "now",
        "number",
        "operation",
        "raw_body",
        "refusal",
        "request",
        "rules",
        "subject",
        "workspace",
        "world",
    )

    def __init__(self, request: Request, operation: str | None) -> None:
        self.began = perf_counter()
        self.request = request
        self.operation = operation
        self.world: World = request.app.state.world
        self.asked: dict[str, str | None] = {}
        self.workspace: WorkspaceView | None = None
        self.number = 0
        self.now = 0
        self.raw_body = b""
        self.subject = NOTHING
        self.rules: tuple[str, ...] = ()
        self.refusal: Refusal | None = None
        self.findings: list[Finding] = []
        self.messages: tuple[int, ...] = ()
        self.fault: Any = None
        self._id: str | None = None

    def enter(self, workspace: WorkspaceView, again: Callable[["Exchange"], WorkspaceView]) -> WorkspaceView:
        """The caller has shown to which workspace it belongs: what is due there is done first.

        `again`: shows it anew, or refuses. It may not hold the exchange, which would then live until the collector of
        cycles comes by, with all that it has.
        """
        self._again = again
        self._look(workspace)
        self._count(workspace)
        return workspace

    async def begin(self, subject: Subject) -> WorkspaceView:
        """The parameters were read and nothing was done yet: the workspace as it is at this moment.

        From here to the answer nothing may be awaited that lets others change the world.
        """
        self.subject = subject
        await self.request.app.state.backstage.meet(self)
        assert self.workspace is not None
        if self.fault is not None or self.world.store.changes != self._changes:  # meanwhile others may have passed
            epoch = self.workspace.epoch
            self._look(self._again(self))
            if self.workspace.epoch != epoch:  # it began anew, and so did the numbers of its exchanges
                self.began = perf_counter()
                self._count(self.workspace)
        return self.workspace

    def _count(self, workspace: WorkspaceView | None) -> str:
        if workspace is None:
            self.number = self.world.next_exchange(SERVER)
            self._id = f"ex_server_{self.number}"
        else:
            self.number = self.world.next_exchange(workspace.id, workspace.epoch)
            self._id = f"ex_{self.number}"
        return self._id

    def _look(self, workspace: WorkspaceView) -> None:
        self.workspace = workspace
        self.now = self.world.now(workspace)
        if workspace.next_due_at is not None and workspace.next_due_at <= self.now:
            acts.catch_up(self.world, workspace)
        self._changes = self.world.store.changes

    @property
    def id(self) -> str:
        """The id of its journal entry."""
        return self._id or self._count(self.workspace)

    def header(self, name: bytes) -> bytes | None:
        """A request header by its lower-case name."""
        for key, value in self.request.scope["headers"]:
            if key == name:
                return bytes(value)
        return None

    async def body(self, rule: str) -> bytes:
        """The whole body; refused by `rule` when it is over `MAX_BODY`."""
        chunks: list[bytes] = []
        size = 0
        async for chunk in self.request.stream():
            size += len(chunk)
            if size > MAX_BODY:
                raise Refusal(rule, f"The request body is over {MAX_BODY} bytes.")
            chunks.append(chunk)
        self.raw_body = b"".join(chunks)
        return self.raw_body

    def query(self, rule: str) -> forms.Fields:
        """The query string's fields."""
        return _readable(rule, forms.urlencoded, self.request.scope["query_string"])

    async def form(self, rule: str) -> forms.Fields:
        """The fields of a urlencoded or multipart body; none when it is anything else."""
        content_type = self.header(b"content-type")
        if content_type is None:
            return {}
        return _readable(rule, forms.form, content_type, await self.body(rule))


def _readable(rule: str, read: Any, *raw: bytes) -> forms.Fields:
    try:
        fields: forms.Fields = read(*raw)
    except forms.UnreadableForm as error:
        raise Refusal(rule, f"The request cannot be read: {error}.") from error
    return fields


def open_exchange(request: Request) -> Exchange:
    """The exchange that a vendor endpoint answers."""
    return Exchange(request, None)


ExchangeDep = Annotated[Exchange, Depends(open_exchange)]


@remembered
def basic_credentials(header: bytes | None) -> tuple[str, str] | None:
    """Username and password of an `Authorization: Basic` header in UTF-8 (RFC 7617), or None."""
    scheme, _, token = (header or b"").partition(b" ")
    if scheme.lower() != b"basic":
        return None
    try:
        username, colon, password = b64decode(token.strip(), validate=True).decode().partition(":")
    except ValueError:
        return None
    return (username, password) if colon else None


def enter_by_basic(exchange: Exchange, rule: str) -> WorkspaceView:
    """Finds the workspace by the Basic credentials, or refuses by `rule`."""
    return exchange.enter(_by_basic(exchange, rule), lambda again: _by_basic(again, rule))


def owner_by_basic(exchange: Exchange) -> WorkspaceView | None:
    """The workspace whose Basic credentials the request shows; None if it shows none, or wrong ones."""
    credentials = basic_credentials(exchange.header(b"authorization"))
    return workspaces.by_credentials(exchange.world, *credentials) if credentials else None


def _by_basic(exchange: Exchange, rule: str) -> WorkspaceView:
    workspace = owner_by_basic(exchange)
    if workspace is None:
        credentials = basic_credentials(exchange.header(b"authorization"))
        reason = "Username or password is wrong." if credentials else "HTTP Basic credentials are missing."
        raise Refusal(rule, reason, 401, {"WWW-Authenticate": 'Basic realm="Dialog Health", charset="UTF-8"'})
    return workspace


def console_line(exchange: Exchange, workspace: WorkspaceView, code: str, rule: str) -> LineView:
    """The line of the console that a path names, or a refusal by `rule`."""
    if workspaces.CONSOLE_CODE.fullmatch(code) is None:
        raise Refusal(rule, "The console code is malformed: it is six capital letters and four digits.")
    try:
        return workspaces.console_line(exchange.world, workspace.id, code)
    except UnknownConsole:
        raise Refusal(rule, f"There is no console {code} for these credentials.") from None


async def world_of(request: Request) -> World:
    """The world that this server plays."""
    world: World = request.app.state.world
    return world


WorldDep = Annotated[World, Depends(world_of)]


async def workspace_of(
    world: WorldDep, ws: Annotated[str, Path(description="A workspace's name or id.", examples=["default"])]
) -> WorkspaceView:
    """The workspace that a control path names, all that was due in it done."""
    workspace = workspaces.named(world, ws)
    if workspace.next_due_at is not None and workspace.next_due_at <= world.now(workspace):
        acts.catch_up(world, workspace)
    return workspace


WorkspaceDep = Annotated[WorkspaceView, Depends(workspace_of)]
