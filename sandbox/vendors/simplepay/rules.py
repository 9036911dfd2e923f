"""The rules of Dialog Health SimplePay, each a sentence that a test holds us to."""

from sandbox.world.rules import ASSUMED, DOCUMENTED, SandboxRule

PAGE = "SimplePay reference"

RULES = (
    SandboxRule(
        "SP-auth",
        "HTTP Basic in UTF-8; absent, wrong, sent twice, not UTF-8, or not base64 with its padding is 401 with"
        " WWW-Authenticate: submit as SP-refused, optout with a null msisdn, messages with the id, nulls and UNKNOWN."
        " It is checked before the body is read.",
        (DOCUMENTED, ASSUMED),
        f"{PAGE}: the scheme; the answers are assumed",
    ),
    SandboxRule(
        "SP-params",
        "submit takes To, From, Body and StatusCallback from the query string, a urlencoded form or a multipart form;"
        " a form's value wins. Of a repeated parameter the first counts. A body over 1 MiB, or one that cannot be read"
        " as the form that it says it is (NET-form), is 400.",
        (DOCUMENTED, ASSUMED),
        f"{PAGE}: 'Query Parameters' in the table, a form in the sample; the rest is assumed",
    ),
    SandboxRule(
        "SP-required",
        "A missing or empty To, From or Body is 400, error_message naming it.",
        (DOCUMENTED, ASSUMED),
        f"{PAGE}: the code; the text is assumed",
    ),
    SandboxRule(
        "SP-msisdn",
        "To and From are 11 to 15 digits without a plus sign that can be a telephone number; else 400 with the"
        " error_message 'Msisdn is invalid: <value>'.",
        (DOCUMENTED, ASSUMED),
        f"{PAGE}: the text; what is possible is assumed",
    ),
    SandboxRule(
        "SP-from",
        "From is any such number and shown as given; the message belongs to the console of the path.",
        (ASSUMED,),
        "no reference says which senders are allowed",
    ),
    SandboxRule(
        "SP-callback",
        "StatusCallback must be an absolute http or https URL; else 400. An empty one counts as absent. One that the"
        " target policy forbids is accepted, and its callback recorded as given up with the reason. A submit that is"
        " a callback of the sandbox's own gets none, so that they do not multiply.",
        (ASSUMED,),
        f"{PAGE}: 'Callback URL'",
    ),
    SandboxRule(
        "SP-console",
        "submit refuses a console that is malformed, unknown or another's with 400; optout and messages answer it like"
        " an unknown recipient or id.",
        (ASSUMED,),
        f"{PAGE}: has no refusal of a console",
    ),
    SandboxRule(
        "SP-submit",
        "200 and the sample's 19 fields in order: accunt_sid (so spelt) the console of the path, numbers as strings,"
        " status queued.",
        (DOCUMENTED,),
        f"{PAGE}: sample",
    ),
    SandboxRule(
        "SP-refused",
        "A refused submit has the same 19 fields: to, from and body as asked or null; sid, uri and the dates null;"
        " num_segments '0', status failed, error_message the reason; the others as on success.",
        (DOCUMENTED, ASSUMED),
        f"{PAGE}: the shape; the values are assumed",
    ),
    SandboxRule(
        "SP-sid",
        "A sid is four groups of five, NNYYA-MMDDA-HHmmN-SSfAA, of the moment of acceptance; unique in the workspace.",
        (DOCUMENTED, ASSUMED),
        f"{PAGE}: sample, as we read it",
    ),
    SandboxRule(
        "SP-dates",
        "Dates are YYYY-MM-DD@HH:mm:ss.SSS+0000; a submit's three are the moment of acceptance.",
        (DOCUMENTED, ASSUMED),
        f"{PAGE}: sample, the format; that all three are the moment of acceptance is assumed",
    ),
    SandboxRule(
        "SP-uri",
        "uri is /dialoghealth-simplepay-api/messages/{console-code}/{sid}.",
        (DOCUMENTED,),
        f"{PAGE}: sample",
    ),
    SandboxRule(
        "SP-optin",
        "A submit opts the phone in silently, undoing an earlier silent opt-out. A STOP from the handset outlives it,"
        " unless the console is set to let a submit override that too.",
        (DOCUMENTED, ASSUMED),
        f"{PAGE}: 'Silent opt-in and message delivery'; the rest is assumed",
    ),
    SandboxRule(
        "SP-optout",
        "optout answers the number for a phone that the console knows, again when repeated, else 'Recipient not found';"
        " always 200, and nothing is sent to the phone.",
        (DOCUMENTED, ASSUMED),
        f"{PAGE}: sample",
    ),
    SandboxRule(
        "SP-details",
        "messages answers extMessageReference, body, to and status of any outbound message of the console, staff's too;"
        " the sample's DELETE reads alike and deletes nothing.",
        (DOCUMENTED, ASSUMED),
        f"{PAGE}: the table says GET, the sample DELETE",
    ),
    SandboxRule(
        "SP-details-unknown",
        "An id that this console does not know is 200 with the id, nulls and the status UNKNOWN.",
        (DOCUMENTED, ASSUMED),
        f"{PAGE}: the word",
    ),
    SandboxRule(
        "SP-status",
        "The statuses are queued, sent, delivered, undelivered, failed (rejected) and UNKNOWN.",
        (DOCUMENTED, ASSUMED),
        f"{PAGE}: queued and UNKNOWN; the others are assumed",
    ),
    SandboxRule(
        "SP-statuscallback",
        "Each change of status after acceptance POSTs a form to the StatusCallback: MessageSid, SmsSid, AccountSid (the"
        " console), MessageStatus, SmsStatus, To, From, ApiVersion, and ErrorMessage when it failed. A 2xx settles it;"
        " anything else, or 10 s without an answer, is tried again 1, 4, 16 and 64 s after the due time of the attempt"
        " before, then given up. A callback waits for its predecessor of the same message.",
        (ASSUMED,),
        f"{PAGE}: the parameter; the rest is after the API whose field names the answers copy",
    ),
    SandboxRule(
        "SP-other",
        "An unknown path is 404 in a SubmitResponseBody; a wrong method 405 with Allow in the operation's shape; there"
        " are no redirects.",
        (ASSUMED,),
        f"{PAGE}: has neither",
    ),
)
