"""The whole server: a world, the vendors' apps and the control API, and who gets which request."""

from collections.abc import Callable

from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.server.backstage import Stage
from sandbox.server.control import control_app
from sandbox.server.courier import Courier
from sandbox.server.events import Hub
from sandbox.server.expiry import Sweeper
from sandbox.server.journal import Journal
from sandbox.server.nightly import Nightly
from sandbox.server.posting import Poster
from sandbox.server.sending import Sender
from sandbox.server.targets import TargetPolicy
from sandbox.settings import Settings
from sandbox.vendor import Vendor
from sandbox.vendors import VENDORS
from sandbox.world import World, fixtures, workspaces
from sandbox.world.clock import wall_clock
from sandbox.world.seed import seed_workspace
from sandbox.world.store import OPENING_TIMEOUT_S, Store

SEEDING = {"fixture", "seed", "start_at"}


class Sandbox:
    """An ASGI app. It is ready as soon as it is made, with or without a lifespan; `close` it in the end."""

    def __init__(self, world: World, settings: Settings, *, is_seed_ignored: bool) -> None:
        self.world = world
        self.settings = settings
        self.is_seed_ignored = is_seed_ignored
        self.journal = Journal(world, settings)
        stage = Stage(self.journal)
        self._vendors: list[tuple[Vendor, ASGIApp]] = [(vendor, vendor.app(world, stage)) for vendor in VENDORS]
        self.hub = Hub(world)
        self.journal.listeners.append(self.hub.exchanged)
        self._control = control_app(world, settings, self.hub)
        policy = TargetPolicy(settings.callback_allow, bound_to_loopback=settings.is_loopback)
        poster = Poster(policy, timeout_s=settings.callback_timeout)
        self._courier = Courier(world, Sender(world, poster), rate=settings.callback_rate)
        self._sweeper = Sweeper(world)
        self.nightly = Nightly(world) if settings.demo else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        try:
            await self._app_of(scope["path"])(scope, receive, send)
        finally:
            self._look_after_it()

    def _app_of(self, path: str) -> ASGIApp:
        for vendor, app in self._vendors:
            if vendor.claims(path):
                return app
        return self._control

    def _look_after_it(self) -> None:
        """What an exchange left to be done behind its answer."""
        self.world.store.checkpoint()
        if self._courier.is_wanted:
            self._courier.wake()

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self._courier.wake()
                self._sweeper.wake()
                if self.nightly is not None:
                    self.nightly.wake()
                await send({"type": "lifespan.startup.complete"})
            else:
                self.close()
                await send({"type": "lifespan.shutdown.complete"})
                return

    def close(self) -> None:
        """Writes down what is unsaved and closes the store; closing twice does nothing."""
        self.hub.close()
        self._courier.close()
        self.journal.close()
        self._sweeper.close()
        if self.nightly is not None:
            self.nightly.close()
        self.world.close()


def create_app(settings: Settings | None = None, wall: Callable[[], int] = wall_clock) -> Sandbox:
    """The server on its store, seeded if the store is new. `wall` gives the wall time in ms."""
    settings = settings or Settings()
    fixture = fixtures.load(settings.fixture)
    world = World(Store(settings.database), wall)
    # Of two that start on one new file, one seeds it and the other waits.
    with world.store.patience(OPENING_TIMEOUT_S), world.store.writing():
        is_new = not workspaces.exists(world, workspaces.DEFAULT)
        if is_new:
            seed_workspace(world, fixture, seed=settings.seed, start_at=settings.start_at)
    is_seed_ignored = not is_new and bool(settings.model_dump(include=SEEDING, exclude_defaults=True))
    return Sandbox(world, settings, is_seed_ignored=is_seed_ignored)
