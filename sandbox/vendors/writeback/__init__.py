"""Dialog Health Message Results Writeback."""

from sandbox.vendors.base.credentials import BASIC, by_basic
from sandbox.vendors.base.vendor import Vendor
from sandbox.vendors.writeback.api import PREFIX, refuse, router, view
from sandbox.vendors.writeback.hints import findings
from sandbox.vendors.writeback.ids import OUTGOING_MESSAGE_ID, VENDOR
from sandbox.vendors.writeback.range_reads import RESPONSES
from sandbox.vendors.writeback.rules import RULES
from sandbox.vendors.writeback.shapes import MESSAGE_TYPES, WORDS_TAKEN
from sandbox.vendors.writeback.tries import FALLBACK, TRIES

WRITEBACK = Vendor(
    name=VENDOR,
    title="Dialog Health Message Results Writeback",
    description="Message results of a console in a time range.",
    prefix=PREFIX,
    router=router,
    rules=RULES,
    authenticate=by_basic("WB-auth"),
    security=BASIC,
    refuse=refuse,
    findings=findings,
    unknown_path="WB-error",
    wrong_method="WB-method",
    form_rule="WB-error",
    view=view,
    id_formats=(OUTGOING_MESSAGE_ID,),
    message_types=MESSAGE_TYPES,
    status_words=WORDS_TAKEN,
    range_reads=(RESPONSES,),
    tries=TRIES,
    other_try=FALLBACK,
)
