"""`sms.get_message`: one message to or from an account's tracking numbers, by its msg_id."""

from sqlalchemy import bindparam
from starlette.responses import Response

from sandbox.store import Query, Tx
from sandbox.store.tables import MESSAGES, VENDOR_IDS
from sandbox.vendors.base.exchange import VendorExchange
from sandbox.vendors.base.refusal import Refusal
from sandbox.vendors.dialogtech.messages import ELEMENTS
from sandbox.vendors.dialogtech.shapes import MEDIA_TYPE, GetMessageParameters, MessageElement, listed, style_of
from sandbox.world.workspaces.find import Customer

BY_MSG_ID = Query(
    MessageElement,
    ELEMENTS.where(
        MESSAGES.c.workspace_id == bindparam("ws"),
        MESSAGES.c.account_id == bindparam("account_id"),
        VENDOR_IDS.c.workspace_id == bindparam("ws"),  # the index of values begins with it
        VENDOR_IDS.c.value == bindparam("msg_id"),
    ),
)
RULES = (
    *("DT-endpoint", "DT-auth", "DT-action", "DT-msg-id", "DT-envelope", "DT-type"),
    *("DT-message", "DT-wellformed"),
)
"""Those that decide an answer."""


def get_message(tx: Tx, exchange: VendorExchange) -> Response:
    """One message sent to or from an account's tracking numbers, in the same shape."""
    customer = exchange.caller
    assert isinstance(customer, Customer)
    given = exchange.parameters(GetMessageParameters)
    row = tx.one(BY_MSG_ID, account_id=customer.account_id, msg_id=given.msg_id)
    if row is None:
        raise Refusal("DT-msg-id", f"There is no message {given.msg_id}.", field="msg_id")
    exchange.messages, exchange.rules = (row.id,), RULES
    return Response(listed(style_of(customer), {row.direction: [row]}), media_type=MEDIA_TYPE)
