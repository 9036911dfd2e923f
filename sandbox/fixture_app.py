"""The server without a socket, as the pytest fixture `sandbox_app` gives it."""

from datetime import datetime
from typing import Any

from dialog_sandbox.models.delivery import DeliveryRequest
from sandbox.app import Sandbox, create_app
from sandbox.clock import milliseconds
from sandbox.server.control.checks import checking, checks_for
from sandbox.server.control.delivery import delivery_columns
from sandbox.settings import Settings
from sandbox.store import Tx
from sandbox.vendors import VENDORS
from sandbox.world.workspaces.change import change_workspace
from sandbox.world.workspaces.create import note_first
from sandbox.world.workspaces.find import DEFAULT, find_workspace


def fixture_app(
    *, fixture: str, seed: int, start_at: datetime, clock: str, delivery: str | dict[str, Any], **_: object
) -> Sandbox:
    """Return a server whose workspace `default` is made with what `POST workspaces` takes."""
    with checking(checks_for(VENDORS)):
        policy = DeliveryRequest.model_validate({"mode": delivery} if isinstance(delivery, str) else delivery)

    def make_as_wanted(tx: Tx) -> None:
        tx.enter(find_workspace(tx, DEFAULT))
        change_workspace(tx, clock_frozen=clock == "frozen", **delivery_columns(policy))
        note_first(tx)

    app = create_app(Settings(fixture=fixture, seed=seed, start_at=milliseconds(start_at)))
    app.store.write_now(make_as_wanted)
    return app
