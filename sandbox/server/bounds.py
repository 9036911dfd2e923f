"""What do the settings say of how much there may be, and for how long?"""

from sandbox.clock import DAY
from sandbox.server.events.places import Places
from sandbox.settings import Settings
from sandbox.store.limits import Limits
from sandbox.world.retention import Kept, Retention


def limits_of(settings: Settings) -> Limits:
    """Return what is counted in the store."""
    return Limits(
        workspaces=settings.max_workspaces,
        messages=settings.max_workspace_messages,
        snapshots=settings.max_workspace_snapshots,
        sinks=settings.max_workspace_sinks,
    )


def waits_of(settings: Settings) -> Places:
    """Return the places of those who wait."""
    return Places(
        "wait",
        most=settings.max_waits,
        most_of_workspace=settings.max_workspace_waits,
        settings=("SANDBOX_MAX_WAITS", "SANDBOX_MAX_WORKSPACE_WAITS"),
    )


def streams_of(settings: Settings) -> Places:
    """Return the places of those who follow events."""
    return Places(
        "stream",
        most=settings.max_streams,
        most_of_workspace=settings.max_workspace_streams,
        settings=("SANDBOX_MAX_STREAMS", "SANDBOX_MAX_WORKSPACE_STREAMS"),
    )


def retention_of(settings: Settings) -> Retention:
    """Return what goes by itself."""
    return Retention(
        messages=Kept(settings.keep_messages, _milliseconds(settings.keep_messages_days)),
        callbacks=Kept(settings.keep_callbacks, _milliseconds(settings.keep_callbacks_days)),
    )


def _milliseconds(days: int | None) -> int | None:
    return None if days is None else days * DAY
