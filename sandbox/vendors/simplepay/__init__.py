"""Dialog Health Send SMS ("simplepay")."""

from sandbox.vendors.base.credentials import BASIC, by_basic
from sandbox.vendors.base.vendor import Vendor
from sandbox.vendors.simplepay.api import refuse, router, view
from sandbox.vendors.simplepay.callbacks import status_callback
from sandbox.vendors.simplepay.hints import findings
from sandbox.vendors.simplepay.ids import SID, VENDOR
from sandbox.vendors.simplepay.rules import RULES
from sandbox.vendors.simplepay.shapes import PREFIX, WORDS_TAKEN
from sandbox.vendors.simplepay.tries import FALLBACK, TRIES

SIMPLEPAY = Vendor(
    name=VENDOR,
    title="Dialog Health Send SMS (simplepay)",
    description="Silent opt-in and message delivery, silent opt-out, message details.",
    prefix=PREFIX,
    router=router,
    rules=RULES,
    authenticate=by_basic("SP-auth"),
    security=BASIC,
    refuse=refuse,
    findings=findings,
    unknown_path="SP-other",
    wrong_method="SP-other",
    form_rule="SP-params",
    view=view,
    status_callback=status_callback,
    id_formats=(SID,),
    status_words=WORDS_TAKEN,
    status_reads=(f"{VENDOR}.messages",),
    tries=TRIES,
    other_try=FALLBACK,
)
