"""Limits: how much the server takes and keeps, and how much of that is there."""

from dialog_sandbox.models.limits import KeptOf, Limit, RetentionInfo, ServerLimits, WorkspaceLimits
from sandbox.server.control.dependencies import HubDep, SettingsDep, StoreDep, WorkspaceDep
from sandbox.server.control.http import WORKSPACE, control_router
from sandbox.server.patience import most_connections
from sandbox.store import Tx
from sandbox.world import limits

router = control_router("", "Engine")


@router.get("/_sandbox/limits")
async def show_limits(store: StoreDep, hub: HubDep, settings: SettingsDep) -> ServerLimits:
    """How much the server takes, how much of it is there, and what it keeps. Waits and streams are this process's."""
    used = await store.read(limits.workspaces)
    return ServerLimits(
        workspaces=Limit(used=used, most=settings.max_workspaces),
        connections=Limit(used=None, most=most_connections(settings.max_connections)),
        waits=Limit(used=hub.waits.used, most=settings.max_waits),
        streams=Limit(used=hub.streams.used, most=settings.max_streams),
        keeps=RetentionInfo(
            messages=KeptOf(last=settings.keep_messages, days=settings.keep_messages_days),
            callbacks=KeptOf(last=settings.keep_callbacks, days=settings.keep_callbacks_days),
            exchanges=KeptOf(last=settings.journal_limit, days=settings.journal_days),
        ),
    )


@router.get(WORKSPACE + "/limits")
async def show_workspace_limits(ws: WorkspaceDep, hub: HubDep, settings: SettingsDep) -> WorkspaceLimits:
    """How much the workspace may hold, how much of it is there, and what fell due and had no room."""

    def work(tx: Tx) -> WorkspaceLimits:
        waits, streams = hub.waits.used_by(tx.workspace.id), hub.streams.used_by(tx.workspace.id)
        return WorkspaceLimits(
            messages=Limit(used=limits.messages(tx), most=settings.max_workspace_messages),
            snapshots=Limit(used=limits.snapshots(tx), most=settings.max_workspace_snapshots),
            sinks=Limit(used=limits.sinks(tx), most=settings.max_workspace_sinks),
            waits=Limit(used=waits, most=settings.max_workspace_waits),
            streams=Limit(used=streams, most=settings.max_workspace_streams),
            missed=limits.missed(tx),
        )

    return await ws.read(work)
