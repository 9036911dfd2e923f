"""Delivery: what becomes of messages that are accepted from now on."""

from typing import Any

from dialog_sandbox.models.delivery import Delivery, DeliveryRequest, NumberDelivery, PolicyRequest
from sandbox.server.answers.values import seconds
from sandbox.server.control.dependencies import WorkspaceDep
from sandbox.server.control.http import WORKSPACE, control_router
from sandbox.store import Tx
from sandbox.world.delivery import HANDSETS, READS, Handset, Policy, numbers_of, policy_of, stored
from sandbox.world.workspaces.change import change_workspace

router = control_router(WORKSPACE, "Delivery")


@router.get("/delivery")
async def show_delivery(ws: WorkspaceDep) -> Delivery:
    """The policy in force."""
    return await ws.read(_delivery)


@router.put("/delivery")
async def set_delivery(ws: WorkspaceDep, body: DeliveryRequest) -> Delivery:
    """Says what becomes of messages that are accepted from now on.

    `immediate` settles at once, `timed` after the two delays, `manual` only by an injected status, `reads` after a
    vendor API has shown the message so often as the two say: what a read shows is what was before it. Single numbers
    may have a policy of their own, or behave as a handset. Messages that are there already keep the plan they
    were accepted with.
    """

    def work(tx: Tx) -> Delivery:
        change_workspace(tx, **delivery_columns(body))
        return _delivery(tx)

    return await ws.write(work)


def delivery_columns(body: DeliveryRequest) -> dict[str, Any]:
    """Return the columns of a workspace's row that a body gives."""
    numbers = {phone: how.handset or _policy(how) for phone, how in body.numbers.items()}
    return stored(_policy(body), numbers)


def _policy(body: PolicyRequest) -> Policy:
    return policy_of(body.mode, body.sent_after, body.settled_after, body.outcome)


def _delivery(tx: Tx) -> Delivery:
    workspace = tx.workspace
    policy = Policy(workspace.delivery_mode, workspace.sent_after, workspace.settled_after, workspace.outcome)
    return delivery_of(policy, workspace.numbers)


def delivery_of(policy: Policy, stored_numbers: str | None) -> Delivery:
    """Return a policy, and the numbers that have their own, as a row has them."""
    numbers = {phone: _of_number(how) for phone, how in numbers_of(stored_numbers).items()}
    return Delivery.model_validate({**_members(policy), "numbers": numbers})


def _of_number(how: Policy | Handset) -> NumberDelivery:
    if isinstance(how, Policy):
        return NumberDelivery.model_validate(_members(how))
    return NumberDelivery(handset=next(digits for digits, handset in HANDSETS.items() if handset is how))


def _members(policy: Policy) -> dict[str, Any]:
    return {
        "mode": policy.mode,
        "sent_after": policy.sent_after if policy.mode == READS else seconds(policy.sent_after),
        "settled_after": policy.settled_after if policy.mode == READS else seconds(policy.settled_after),
        "outcome": policy.outcome,
    }
