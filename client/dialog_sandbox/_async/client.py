"""A server: its workspaces, and what it knows."""

from collections.abc import Mapping
from datetime import datetime
from os import PathLike
from typing import Any, Self, Unpack

import httpx

from dialog_sandbox._async.resource import AsyncResource, segment
from dialog_sandbox._async.workspace import AsyncWorkspace
from dialog_sandbox._sync.workspace import Workspace  # awaiting only
from dialog_sandbox.arguments import ExchangeFilters, Seconds, create_members, filtered
from dialog_sandbox.awaitable_context import awaitable_context
from dialog_sandbox.errors import Refused
from dialog_sandbox.models.engine import Fixture, HandsetNumber, Rule, Template, Version
from dialog_sandbox.models.journal import Exchange
from dialog_sandbox.models.limits import ServerLimits
from dialog_sandbox.models.values import ClockState, Mode
from dialog_sandbox.models.workspaces import WorkspaceInfo
from dialog_sandbox.session import AsyncSession
from dialog_sandbox.transport import Verify

__tracebackhide__ = True


class AsyncSandboxClient(AsyncResource):
    """The control API of a server at `url`, e.g. `http://127.0.0.1:8080`.

    `token` is the control token, which a server off loopback asks for. `verify` is what a server of https is known by:
    a file of CAs in PEM, or an `ssl.SSLContext`; without it the file of `SSL_CERT_FILE`, or the usual CAs. `transport`
    is httpx's, to call an application in the same process. As a context manager it closes its connections in the end,
    as a workspace deletes itself. Where calls are awaited and `keep_alive` is false, no connection outlives its call,
    so that no event loop has to end before it is closed.
    """

    def __init__(
        self,
        url: str,
        token: str | None = None,
        *,
        verify: Verify | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        keep_alive: bool = True,  # awaiting only
    ) -> None:
        session = AsyncSession(
            url,
            token,
            transport,
            verify,
            keep_alive=keep_alive,  # awaiting only
        )
        super().__init__(session, "/_sandbox")
        self.token = token

    @property
    def url(self) -> str:
        return self._session.url

    @awaitable_context
    async def workspace(self, name: str = "default") -> AsyncWorkspace:
        """Return the workspace of an id or name; `default` is the one seeded at start."""
        return self._workspace(await self._read(WorkspaceInfo, "GET", f"/workspaces/{segment(name)}"))

    async def workspaces(self) -> list[AsyncWorkspace]:
        """Return every workspace of the server."""
        return [self._workspace(info) for info in await self._whole_list(WorkspaceInfo, "/workspaces")]

    @awaitable_context
    async def create_workspace(
        self,
        name: str | None = None,
        *,
        fixture: str | PathLike[str] | None = None,
        seed: int | None = None,
        start_at: datetime | str | None = None,
        clock: ClockState | None = None,
        delivery: Mode | Mapping[str, Any] | None = None,
        ttl: Seconds | None = None,
    ) -> AsyncWorkspace:
        """Make a world of its own, with credentials of its own, by default from the fixture `empty`.

        `fixture` is the name of a packaged one, or the path of a file of your own, whose text is sent. `ttl` is how
        long it stays, in wall time; for ever, if left out.
        """
        body = create_members(
            name=name, fixture=fixture, seed=seed, start_at=start_at, clock=clock, delivery=delivery, ttl=ttl
        )
        try:
            return self._workspace(await self._read(WorkspaceInfo, "POST", "/workspaces", body=body))
        except Refused as refused:
            if "fixture_text" in body:
                refused.add_note(f"fixture_text is what {fixture} holds.")
            raise

    async def open_bundle(self, exported: bytes) -> AsyncWorkspace:
        """Make a workspace to look at, as that of a bundle was in the end, with the journal of its run."""
        return self._workspace(await self._read(WorkspaceInfo, "POST", "/bundles", body=exported))

    def to_async(self, workspace: Workspace) -> AsyncWorkspace:  # awaiting only
        """Return a workspace that a blocking client found, to be awaited."""
        return self._workspace(workspace.info)

    async def is_live(self) -> bool:
        """Return whether the process serves."""
        return (await self._session.send("GET", f"{self._path}/health/live")).status_code == 200

    async def is_ready(self) -> bool:
        """Return whether the store answers and the seed is in."""
        return (await self._session.send("GET", f"{self._path}/health/ready")).status_code == 200

    async def version(self) -> Version:
        """Return which version it is, and which vendors it plays."""
        return await self._read(Version, "GET", "/version")

    async def limits(self) -> ServerLimits:
        """Return how much it takes and keeps, and how much of that is there."""
        return await self._read(ServerLimits, "GET", "/limits")

    async def metrics(self) -> str:
        """Return what Prometheus reads: requests, callbacks by state, workspaces, the database."""
        return (await self._session.send("GET", f"{self._path}/metrics")).text

    async def rules(self) -> list[Rule]:
        """Return every rule that it follows, with where each comes from."""
        return await self._whole_list(Rule, "/rules")

    async def fixtures(self) -> list[Fixture]:
        """Return the fixtures that a workspace can be seeded from."""
        return await self._whole_list(Fixture, "/fixtures")

    async def templates(self) -> list[Template]:
        """Return the texts of the catalogue."""
        return await self._whole_list(Template, "/templates")

    async def handset_numbers(self) -> list[HandsetNumber]:
        """Return the fictional numbers, and what each does."""
        return await self._whole_list(HandsetNumber, "/handset-numbers")

    async def journal(self, limit: int | None = None, **filters: Unpack[ExchangeFilters]) -> list[Exchange]:
        """Return exchanges that belong to no workspace: of no right credentials, or on a path that is no API's."""
        return await self._list(Exchange, "/journal", filtered(**filters), limit)

    async def exchange(self, exchange_id: str) -> Exchange:
        """Return any exchange, of a workspace too, by its answer's `X-Sandbox-Exchange`."""
        return await self._read(Exchange, "GET", f"/journal/{segment(exchange_id)}")

    async def clear_journal(self) -> int:
        """Forget those, and return how many."""
        return await self._delete_counted("/journal")

    async def close(self) -> None:
        await self._session.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def _workspace(self, info: WorkspaceInfo) -> AsyncWorkspace:
        return AsyncWorkspace(self._session, info)
