"""Delivery: what becomes of messages that are accepted from now on."""

from typing import Any

from fastapi import Response

from sandbox.dependencies import WorkspaceDep, WorldDep
from sandbox.server.control import shapes, shown
from sandbox.server.control.http import WORKSPACE, answer, control_router
from sandbox.world import WorkspaceView, World, delivery, workspaces
from sandbox.world.clock import SECOND

router = control_router(WORKSPACE, "Delivery")


@router.get("/delivery", response_model=shapes.Delivery)
async def show_delivery(workspace: WorkspaceDep) -> Response:
    """The policy in force."""
    return _policy(workspace)


@router.put("/delivery", response_model=shapes.Delivery)
async def set_delivery(world: WorldDep, workspace: WorkspaceDep, body: shapes.NewDelivery) -> Response:
    """Says what becomes of messages that are accepted from now on.

    `immediate` settles at once, `timed` after the two delays, `manual` only by an injected status. Single numbers
    may have a policy of their own, or behave as a handset. Messages that are there already keep the plan they
    were accepted with.
    """
    with world.store.writing():
        workspaces.change_workspace(world, workspace.id, columns(body))
    return _policy(_now(world, workspace))


def columns(body: shapes.NewDelivery) -> dict[str, Any]:
    """Of a workspace's row."""
    numbers = {phone: how.handset or _read(how) for phone, how in body.numbers.items()}
    return delivery.stored(_read(body), numbers)


def _now(world: World, workspace: WorkspaceView) -> WorkspaceView:
    return workspaces.view_of(world, workspace.id)


def _read(given: shapes.NewDelivery | shapes.NewNumber) -> delivery.Policy:
    return delivery.Policy(
        given.mode, round(given.sent_after * SECOND), round(given.settled_after * SECOND), given.outcome
    )


def _policy(workspace: WorkspaceView) -> Response:
    policy = delivery.Policy(workspace.delivery_mode, workspace.sent_after, workspace.settled_after, workspace.outcome)
    numbers = delivery.numbers_of(workspace.numbers)
    return answer({**_shown(policy), "numbers": {phone: _number(how) for phone, how in numbers.items()}})


def _number(how: delivery.Policy | delivery.Handset) -> dict[str, Any]:
    if isinstance(how, delivery.Policy):
        return _shown(how)
    return {"handset": next(digits for digits, handset in delivery.HANDSETS.items() if handset is how)}


def _shown(policy: delivery.Policy) -> dict[str, Any]:
    return {
        "mode": policy.mode,
        "sent_after": shown.seconds(policy.sent_after),
        "settled_after": shown.seconds(policy.settled_after),
        "outcome": policy.outcome,
    }
