"""DialogTech, and which actions it has."""

from sandbox.vendors.dialogtech.api import Action, DialogTech, authenticate, refuse, router_of
from sandbox.vendors.dialogtech.hints import findings
from sandbox.vendors.dialogtech.ids import MSG_ID, VENDOR
from sandbox.vendors.dialogtech.messages import ACTION, PATH, get_messages, view
from sandbox.vendors.dialogtech.one_message import get_message
from sandbox.vendors.dialogtech.range_reads import GET_MESSAGES
from sandbox.vendors.dialogtech.rules import RULES
from sandbox.vendors.dialogtech.shapes import ActionParameters, GetMessageParameters, GetMessagesParameters
from sandbox.vendors.dialogtech.tries import FALLBACK, TRIES

__all__ = ["DIALOGTECH", "Action", "ActionParameters"]

ACTIONS = (
    Action(
        name=ACTION,
        parameters=GetMessagesParameters,
        about={"account": "access_key", "number": "number"},
        function=get_messages,
    ),
    Action(
        name="sms.get_message",
        parameters=GetMessageParameters,
        about={"account": "access_key"},
        function=get_message,
    ),
)
DIALOGTECH = DialogTech(
    name=VENDOR,
    title="DialogTech",
    description="What went to and from an account's tracking numbers.",
    prefix=PATH,
    actions=ACTIONS,
    router=router_of(ACTIONS),
    rules=RULES,
    authenticate=authenticate,
    credentials_in_headers=False,
    refuse=refuse,
    findings=findings,
    unknown_path="DT-endpoint",
    wrong_method="DT-endpoint",
    form_rule="DT-endpoint",
    view=view,
    id_formats=(MSG_ID,),
    range_reads=(GET_MESSAGES,),
    tries=TRIES,
    other_try=FALLBACK,
)
