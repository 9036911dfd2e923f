# Made from ../_async/client.py by tools/generate_sync_client.py: change that one, and make this one again.
"""A server: its workspaces, and what it knows."""

from collections.abc import Mapping
from datetime import datetime
from os import PathLike
from typing import Any, Self, Unpack

import httpx

from dialog_sandbox._sync.resource import Resource, segment
from dialog_sandbox._sync.workspace import Workspace
from dialog_sandbox.arguments import ExchangeFilters, Seconds, create_members, filtered
from dialog_sandbox.errors import Refused
from dialog_sandbox.models.engine import Fixture, HandsetNumber, Rule, Template, Version
from dialog_sandbox.models.journal import Exchange
from dialog_sandbox.models.limits import ServerLimits
from dialog_sandbox.models.values import ClockState, Mode
from dialog_sandbox.models.workspaces import WorkspaceInfo
from dialog_sandbox.session import Session
from dialog_sandbox.transport import Verify

__tracebackhide__ = True


class SandboxClient(Resource):
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
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        session = Session(
            url,
            token,
            transport,
            verify,
        )
        super().__init__(session, "/_sandbox")
        self.token = token

    @property
    def url(self) -> str:
        return self._session.url

    def workspace(self, name: str = "default") -> Workspace:
        """Return the workspace of an id or name; `default` is the one seeded at start."""
        return self._workspace(self._read(WorkspaceInfo, "GET", f"/workspaces/{segment(name)}"))

    def workspaces(self) -> list[Workspace]:
        """Return every workspace of the server."""
        return [self._workspace(info) for info in self._whole_list(WorkspaceInfo, "/workspaces")]

    def create_workspace(
        self,
        name: str | None = None,
        *,
        fixture: str | PathLike[str] | None = None,
        seed: int | None = None,
        start_at: datetime | str | None = None,
        clock: ClockState | None = None,
        delivery: Mode | Mapping[str, Any] | None = None,
        ttl: Seconds | None = None,
    ) -> Workspace:
        """Make a world of its own, with credentials of its own, by default from the fixture `empty`.

        `fixture` is the name of a packaged one, or the path of a file of your own, whose text is sent. `ttl` is how
        long it stays, in wall time; for ever, if left out.
        """
        body = create_members(
            name=name, fixture=fixture, seed=seed, start_at=start_at, clock=clock, delivery=delivery, ttl=ttl
        )
        try:
            return self._workspace(self._read(WorkspaceInfo, "POST", "/workspaces", body=body))
        except Refused as refused:
            if "fixture_text" in body:
                refused.add_note(f"fixture_text is what {fixture} holds.")
            raise

    def open_bundle(self, exported: bytes) -> Workspace:
        """Make a workspace to look at, as that of a bundle was in the end, with the journal of its run."""
        return self._workspace(self._read(WorkspaceInfo, "POST", "/bundles", body=exported))

    def is_live(self) -> bool:
        """Return whether the process serves."""
        return (self._session.send("GET", f"{self._path}/health/live")).status_code == 200

    def is_ready(self) -> bool:
        """Return whether the store answers and the seed is in."""
        return (self._session.send("GET", f"{self._path}/health/ready")).status_code == 200

    def version(self) -> Version:
        """Return which version it is, and which vendors it plays."""
        return self._read(Version, "GET", "/version")

    def limits(self) -> ServerLimits:
        """Return how much it takes and keeps, and how much of that is there."""
        return self._read(ServerLimits, "GET", "/limits")

    def metrics(self) -> str:
        """Return what Prometheus reads: requests, callbacks by state, workspaces, the database."""
        return (self._session.send("GET", f"{self._path}/metrics")).text

    def rules(self) -> list[Rule]:
        """Return every rule that it follows, with where each comes from."""
        return self._whole_list(Rule, "/rules")

    def fixtures(self) -> list[Fixture]:
        """Return the fixtures that a workspace can be seeded from."""
        return self._whole_list(Fixture, "/fixtures")

    def templates(self) -> list[Template]:
        """Return the texts of the catalogue."""
        return self._whole_list(Template, "/templates")

    def handset_numbers(self) -> list[HandsetNumber]:
        """Return the fictional numbers, and what each does."""
        return self._whole_list(HandsetNumber, "/handset-numbers")

    def journal(self, limit: int | None = None, **filters: Unpack[ExchangeFilters]) -> list[Exchange]:
        """Return exchanges that belong to no workspace: of no right credentials, or on a path that is no API's."""
        return self._list(Exchange, "/journal", filtered(**filters), limit)

    def exchange(self, exchange_id: str) -> Exchange:
        """Return any exchange, of a workspace too, by its answer's `X-Sandbox-Exchange`."""
        return self._read(Exchange, "GET", f"/journal/{segment(exchange_id)}")

    def clear_journal(self) -> int:
        """Forget those, and return how many."""
        return self._delete_counted("/journal")

    def close(self) -> None:
        self._session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _workspace(self, info: WorkspaceInfo) -> Workspace:
        return Workspace(self._session, info)
