"""A server: its workspaces, and what it knows."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, Literal, Self, TypeVar, Unpack

from sandbox.client.bound import Bound, segment
from sandbox.client.journal import ExchangeFilters
from sandbox.client.reading import Seconds, filtered, given
from sandbox.client.shapes import Exchange, Fixture, HandsetNumber, Mode, Rule, Template, Version, WorkspaceInfo
from sandbox.client.steps import Awaiting, AwaitingSession, Blocking, BlockingSession, Call, Steps, verb
from sandbox.client.workspace import AsyncWorkspace, Workspace

if TYPE_CHECKING:
    import httpx

__tracebackhide__ = True
WorkspaceT = TypeVar("WorkspaceT", Workspace, AsyncWorkspace)


class EngineVerbs(Bound, Generic[WorkspaceT]):
    """Everything of the control API that stands above the workspaces."""

    _workspace_kind: type[WorkspaceT]

    @property
    def url(self) -> str:
        return self._session.url

    @verb
    def workspace(self, name: str = "default") -> Steps[WorkspaceT]:
        """The workspace of an id or name; `default` is the one seeded at start."""
        return self._bind(self._ask(WorkspaceInfo, "GET", f"/workspaces/{segment(name)}"))

    @verb
    def workspaces(self) -> Steps[list[WorkspaceT]]:
        """Every workspace of the server."""
        infos = yield from self._whole_list(WorkspaceInfo, "/workspaces")
        return [self._workspace_kind(self._session, info) for info in infos]

    @verb
    def create_workspace(
        self,
        name: str | None = None,
        *,
        fixture: str | None = None,
        seed: int | None = None,
        start_at: datetime | str | None = None,
        clock: Literal["running", "frozen"] | None = None,
        delivery: Mode | Mapping[str, Any] | None = None,
        ttl: Seconds | None = None,
    ) -> Steps[WorkspaceT]:
        """A world of its own, with credentials of its own, by default from the fixture `empty`.

        `ttl` is how long it stays, in wall time; for ever, if left out.
        """
        body = given(
            name=name,
            fixture=fixture,
            seed=seed,
            start_at=start_at,
            clock=clock,
            delivery={"mode": delivery} if isinstance(delivery, str) else delivery,
            ttl=ttl,
        )
        return self._bind(self._ask(WorkspaceInfo, "POST", "/workspaces", body))

    @verb
    def is_live(self) -> Steps[bool]:
        """Whether the process serves."""
        reply = yield Call("GET", f"{self._path}/health/live")
        return reply.status == 200

    @verb
    def is_ready(self) -> Steps[bool]:
        """Whether the store answers and the seed is in."""
        reply = yield Call("GET", f"{self._path}/health/ready")
        return reply.status == 200

    @verb
    def version(self) -> Steps[Version]:
        """Which version it is, and which vendors it plays."""
        return self._ask(Version, "GET", "/version")

    @verb
    def rules(self) -> Steps[list[Rule]]:
        """Every rule that it follows, with where each comes from."""
        return self._whole_list(Rule, "/rules")

    @verb
    def fixtures(self) -> Steps[list[Fixture]]:
        """The fixtures that a workspace can be seeded from."""
        return self._whole_list(Fixture, "/fixtures")

    @verb
    def templates(self) -> Steps[list[Template]]:
        """The texts of the catalogue."""
        return self._whole_list(Template, "/templates")

    @verb
    def journal(self, limit: int | None = None, **filters: Unpack[ExchangeFilters]) -> Steps[list[Exchange]]:
        """Exchanges that belong to no workspace, since their callers had no right credentials."""
        return self._list(Exchange, "/journal", filtered(**filters), limit)

    @verb
    def exchange(self, exchange_id: str) -> Steps[Exchange]:
        """One of those, by its answer's `X-Sandbox-Exchange`."""
        return self._ask(Exchange, "GET", f"/journal/{segment(exchange_id)}")

    @verb
    def clear_journal(self) -> Steps[int]:
        """Forgets those, and says how many."""
        return self._deleted("/journal")

    @verb
    def handset_numbers(self) -> Steps[list[HandsetNumber]]:
        """The fictional numbers, and what each does."""
        return self._whole_list(HandsetNumber, "/handset-numbers")

    def _bind(self, asking: Steps[WorkspaceInfo]) -> Steps[WorkspaceT]:
        return self._workspace_kind(self._session, (yield from asking))


class SandboxClient(EngineVerbs[Workspace], Blocking):
    """The control API of a server at `url`, e.g. `http://127.0.0.1:8080`.

    `token` is the control token, which a server off loopback asks for. `transport` is httpx's, to call an application
    in the same process. As a context manager it closes its connections in the end.
    """

    _workspace_kind = Workspace

    def __init__(self, url: str, token: str | None = None, *, transport: "httpx.BaseTransport | None" = None) -> None:
        super().__init__(BlockingSession(url, token, transport), "/_sandbox")
        self.token = token

    def close(self) -> None:
        self._session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncSandboxClient(EngineVerbs[AsyncWorkspace], Awaiting):
    """`SandboxClient` with every verb to be awaited; `async with client.create_workspace() as ws` deletes it after.

    Without `keep_alive` no connection outlives its call, so that no event loop has to end before it is closed.
    """

    _workspace_kind = AsyncWorkspace

    def __init__(
        self,
        url: str,
        token: str | None = None,
        *,
        transport: "httpx.AsyncBaseTransport | None" = None,
        keep_alive: bool = True,
    ) -> None:
        super().__init__(AwaitingSession(url, token, transport, keep_alive=keep_alive), "/_sandbox")
        self.token = token

    def same(self, workspace: Workspace) -> AsyncWorkspace:
        """A workspace that a blocking client found, to be awaited."""
        return AsyncWorkspace(self._session, workspace.info)

    async def close(self) -> None:
        await self._session.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
