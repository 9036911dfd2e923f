"""The server without a socket, as the pytest fixture `sandbox_app` gives it."""

from datetime import datetime
from typing import Any

from sandbox.app import Sandbox, create_app
from sandbox.server.control.delivery import columns
from sandbox.server.control.shapes import NewDelivery
from sandbox.settings import Settings
from sandbox.world import workspaces
from sandbox.clock import milliseconds


def fixture_app(
    *, fixture: str, seed: int, start_at: datetime, clock: str, delivery: str | dict[str, Any], **_: object
) -> Sandbox:
    """Return a server whose workspace `default` is made with what `POST workspaces` takes."""
    policy = NewDelivery.model_validate({"mode": delivery} if isinstance(delivery, str) else delivery)
    app = create_app(Settings(fixture=fixture, seed=seed, start_at=milliseconds(start_at)))
    workspace = workspaces.named(app.world, workspaces.DEFAULT)
    with app.world.store.writing():
        changes = {"clock_frozen": clock == "frozen", **columns(policy)}
        workspaces.change_workspace(app.world, workspace.id, changes)
        workspaces.note_first(app.world, workspace.id)
    return app
