"""The whole server: a store, the vendors' apps and the control API, and which of them answers a request."""

from collections.abc import Callable, Sequence
from pathlib import Path

from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.clock import wall_clock
from sandbox.server.bounds import limits_of, retention_of, streams_of, waits_of
from sandbox.server.callback_sender import CallbackSender
from sandbox.server.control import control_app
from sandbox.server.events import Hub
from sandbox.server.guard import is_ours
from sandbox.server.hooks import Hooks
from sandbox.server.http_client import HttpClient
from sandbox.server.journal import Journal
from sandbox.server.origins import OwnNames
from sandbox.server.public_address import PublicAddress
from sandbox.server.refused_requests import RefusedRequests
from sandbox.server.request_counts import RequestCounts
from sandbox.server.request_log import RequestLog
from sandbox.server.request_watch import Watch
from sandbox.server.strictness import refusal_of
from sandbox.server.targets import TargetPolicy
from sandbox.server.telemetry import Telemetry
from sandbox.server.ticker import Ticker
from sandbox.server.unknown_paths import SERVER, ServerOptions, unknown_paths, vendor_beside
from sandbox.server.upkeep import Upkeep
from sandbox.settings import Settings
from sandbox.store import Store, StoreUnavailable, Tx
from sandbox.store.engine import OPENING_TIMEOUT_S
from sandbox.vendors import VENDORS
from sandbox.vendors.base.front import VendorFront, path_of
from sandbox.vendors.base.vendor import Vendor
from sandbox.world import fixtures
from sandbox.world.errors import AlreadyTaken
from sandbox.world.ids import secret
from sandbox.world.seed import seed_workspace
from sandbox.world.workspaces import find
from sandbox.world.workspaces.fixture_secrets import replace_published_secrets

STOPPING_PATIENCE_S = 1.0
"""How long a server that stops waits for a lock of another's."""
UNSEEDED = tuple(Settings.model_fields[name].default for name in ("fixture", "seed", "start_at"))


class Sandbox:
    """An ASGI app. It is ready as soon as it is made, with or without a lifespan; `close` it in the end."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        vendors: Sequence[Vendor],
        *,
        is_seed_ignored: bool,
        counts_folder: Path | None = None,
        telemetry: Telemetry | None = None,
    ) -> None:
        self.store = store
        self.settings = settings
        self.vendors = tuple(vendors)
        self.is_seed_ignored = is_seed_ignored
        self.is_stopping = False
        """Whether it was asked to stop: then it is not ready, though it still serves."""
        by_name = {vendor.name: vendor for vendor in vendors}
        self.journal = Journal(store, settings, self.vendors)
        self.hub = Hub(store, waits=waits_of(settings), streams=streams_of(settings))
        # Visitors of a demo come from anywhere, by a proxy before it: what is private here is none of theirs.
        policy = TargetPolicy(settings.callback_allow, bound_to_loopback=settings.is_loopback and not settings.demo)
        client = HttpClient(policy, timeout_s=settings.callback_timeout)
        names = OwnNames(settings)
        sender = CallbackSender(store, client, by_name, names, owner=secret(8), rate=settings.callback_rate)
        self.ticker = Ticker(store, sender, resets_nightly=settings.demo, upkeep=Upkeep(store, retention_of(settings)))
        hooks = Hooks(self.journal, self.ticker, names, telemetry, takes_real_data=not settings.synthetic_only)
        self._telemetry = telemetry
        counts = RequestCounts(counts_folder)
        self._watch = Watch(counts, RequestLog(store) if settings.logs_requests else None)
        self._address = PublicAddress(settings)
        self._apps: list[tuple[Vendor, ASGIApp]] = [(vendor, VendorFront(vendor, store, hooks)) for vendor in vendors]
        unknown = unknown_paths(self.vendors)
        self._unknown_paths = VendorFront(unknown, store, hooks)
        self._server_options = ServerOptions(unknown, store, hooks)
        self._refused = RefusedRequests(vendors, unknown, store, hooks)
        self._control = control_app(
            store=store,
            settings=settings,
            vendors=self.vendors,
            journal=self.journal,
            ticker=self.ticker,
            hub=self.hub,
            counts=counts,
            telemetry=hooks.telemetry,
            is_stopping=lambda: self.is_stopping,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        self.ticker.start()
        self.ticker.run_if_due()
        scope = self._address.as_called(scope)
        app = self._app_of(scope) if refusal_of(scope) is None else self._refused
        watched = self._watch.begin(scope, send)
        try:
            await app(scope, receive, watched.send)
        finally:
            # Behind the answer.
            await self._watch.end(scope, watched)
            await self.ticker.caught_up()
            await self.store.keep_wall()

    def _app_of(self, scope: Scope) -> ASGIApp:
        path = scope["path"]
        for vendor, app in self._apps:
            if vendor.claims(path):
                return app
        return self._control if is_ours(scope) else self._app_beside(scope)

    def _app_beside(self, scope: Scope) -> ASGIApp:
        """Return the vendor's whose path was meant, if one was."""
        if scope["path"] == SERVER:
            return self._server_options
        meant = vendor_beside(self.vendors, path_of(scope))
        return next((app for vendor, app in self._apps if vendor is meant), self._unknown_paths)

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self.ticker.start()
                await send({"type": "lifespan.startup.complete"})
            else:
                await self.journal.flush()
                self.close()
                await send({"type": "lifespan.shutdown.complete"})
                return

    def hurry(self) -> None:
        """End what waits for something to happen, and wait for nothing long from here on."""
        self.is_stopping = True
        self.store.patience_s = STOPPING_PATIENCE_S
        self.hub.close()

    def close(self) -> None:
        """Write what is not written yet and close the store; closing twice does nothing."""
        self.hurry()
        self._watch.counts.publish()
        self.ticker.close()
        self.journal.close()
        self.store.close()
        if self._telemetry is not None:
            self._telemetry.close()


def create_app(
    settings: Settings | None = None,
    wall: Callable[[], int] = wall_clock,
    vendors: Sequence[Vendor] = VENDORS,
    *,
    is_temporary: bool = False,
    counts_folder: Path | None = None,
    telemetry: Telemetry | None = None,
) -> Sandbox:
    """Return the server on its store, seeded if the store is new.

    `wall` gives the wall time in ms. `is_temporary`: of a database that goes with the process that made it.
    `counts_folder`: where those leave their counts of requests that serve on one socket. `telemetry` is closed with it.
    """
    settings = settings or Settings()
    fixture = fixtures.load(settings.fixture)
    id_formats = [each for vendor in vendors for each in vendor.id_formats]
    store = Store(
        settings.database,
        wall,
        id_formats,
        in_threads=settings.store_in_threads,
        is_temporary=is_temporary,
        limits=limits_of(settings),
    )

    def seed(tx: Tx) -> bool:
        is_new = not find.exists(tx, find.DEFAULT)
        if is_new:
            seed_workspace(tx, fixture, seed=settings.seed, start_at=settings.start_at)
        if settings.demo and not settings.demo_submit:
            replace_published_secrets(tx)
        return is_new

    try:
        # Of two that start on one new database, one seeds it and the other waits.
        try:
            is_new = store.write_now(seed, patience_s=OPENING_TIMEOUT_S)
        except AlreadyTaken:  # on PostgreSQL one finds that out only when it has waited
            is_new = store.write_now(seed, patience_s=OPENING_TIMEOUT_S)
        is_seed_ignored = not is_new and (settings.fixture, settings.seed, settings.start_at) != UNSEEDED
        return Sandbox(
            store,
            settings,
            vendors,
            is_seed_ignored=is_seed_ignored,
            counts_folder=counts_folder,
            telemetry=telemetry,
        )
    except StoreUnavailable as error:
        refusal = store.refusal(error)  # before a temporary file is gone
        store.close()
        raise refusal from error
