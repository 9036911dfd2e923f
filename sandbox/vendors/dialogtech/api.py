"""The one path of DialogTech's API, on which a parameter names the action; and who calls it."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from inspect import cleandoc
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from sandbox.store import Tx, WorkspaceView
from sandbox.vendors.base import forms
from sandbox.vendors.base.exchange import VendorExchange
from sandbox.vendors.base.operation import Operation, chosen_by
from sandbox.vendors.base.refusal import Refusal
from sandbox.vendors.base.route import VendorRoute
from sandbox.vendors.base.vendor import Vendor
from sandbox.vendors.dialogtech.messages import PATH
from sandbox.vendors.dialogtech.shapes import MEDIA_TYPE, REFUSED_DOCTYPE, head
from sandbox.world.rules import SandboxRule
from sandbox.world.workspaces.find import Customer, by_keys

ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The messages, or `<result>failed</result>` and the reason.",
        "content": {"text/xml": {"schema": {"type": "string"}}},
    }
}


@dataclass(frozen=True, kw_only=True)
class Action(Operation):
    """An operation that the parameter `action` names. `parameters` are `ActionParameters`, or inherit them.

    `function` answers `(tx, exchange)`; its docstring is what OpenAPI says. `rules`: those that the action adds.
    """

    function: Callable[[Tx, VendorExchange], Response]
    rules: tuple[SandboxRule, ...] = ()


@dataclass(frozen=True, kw_only=True)
class DialogTech(Vendor):
    """DialogTech with these actions; the first one stands for all while it is not known which is meant."""

    actions: tuple[Action, ...]

    def with_action(self, action: Action) -> "DialogTech":
        """Return the same vendor with one action more."""
        actions = (*self.actions, action)
        return replace(self, actions=actions, router=router_of(actions), rules=(*self.rules, *action.rules))


def router_of(actions: tuple[Action, ...]) -> APIRouter:
    """Return the routes on which these actions are answered."""
    router = APIRouter(route_class=VendorRoute)
    first = actions[0].name
    described = "\n\n".join(cleandoc(action.function.__doc__ or action.name) for action in actions)
    about: dict[str, Any] = {"description": described, "responses": ANSWERS, "response_class": Response}

    @router.get(PATH, operation_id=first, **about)
    @router.post(PATH, operation_id=f"{first}_post", **about)
    @chosen_by("action", actions)
    def ibp_api(tx: Tx, exchange: VendorExchange) -> Response:
        return _requested_action(actions, exchange).function(tx, exchange)

    return router


def _requested_action(actions: tuple[Action, ...], exchange: VendorExchange) -> Action:
    """Return the action that the call names; refuses by rule DT-action."""
    asked = exchange.params.get("action", "")
    if asked is None:
        raise Refusal("NET-text", "action must be UTF-8 without U+0000.", field="action")
    if not asked:
        raise Refusal("DT-action", "action is required.", field="action")
    for action in actions:
        if action.name == asked:
            return action
    names = " or ".join(action.name for action in actions)
    raise Refusal("DT-action", f"There is no action {asked}: use {names}.", field="action")


def authenticate(tx: Tx, exchange: VendorExchange) -> WorkspaceView:
    """Return the workspace of the account whose keys were sent; that is then the exchange's `caller` (rule DT-auth)."""
    fields = exchange.params or _readable_fields(exchange)
    customer = by_keys(tx, fields.get("access_key") or "", fields.get("secret_access_key") or "")
    if customer is None:
        raise Refusal("DT-auth", "access_key and secret_access_key are not those of an account.")
    exchange.caller = customer
    return customer.workspace


def _readable_fields(exchange: VendorExchange) -> forms.Fields:
    """Return what a call that was refused before its parameters were read has sent, as far as it can be read."""
    fields: forms.Fields = {}
    with suppress(Refusal):
        fields |= exchange.read_query()
    with suppress(forms.UnreadableForm):
        fields |= forms.form(exchange.header(b"content-type") or b"", exchange.raw_body)
    return fields


def refuse(exchange: VendorExchange, refusal: Refusal) -> Response:
    """Answer as rules DT-refused and DT-envelope say: whatever went wrong, HTTP knows nothing of it."""
    customer = exchange.caller
    has_doctype = not isinstance(customer, Customer) or customer.documented_doctype
    doctype = REFUSED_DOCTYPE if has_doctype else ""
    return Response(head(doctype, "failed", refusal.reason) + "</response>\n", media_type=MEDIA_TYPE)
