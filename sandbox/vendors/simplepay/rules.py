"""The rules of Dialog Health SimplePay, each a sentence that a test holds us to."""

from sandbox.world.rules import HELP_CENTRE, SandboxRule, assumed, documented, observed

PAGE = "SimplePay reference"
SUBMIT = f"{PAGE}, submit"
OPTOUT = f"{PAGE}, optout"
MESSAGES = f"{PAGE}, messages"
MODELS = f"{PAGE}, models"
LIKENESS = "after the API whose field names the answers copy; the likeness is our reading"

RULES = (
    SandboxRule(
        "SP-path",
        "POST /submit/{console-code}, DELETE /optout/{console-code}/{MSISDN} and GET"
        " /messages/{console-code}/{MessageID}, each below /dialoghealth-simplepay-api.",
        (documented("all of it", f"{PAGE}; the heading of submit leaves the prefix out, its sample has it"),),
    ),
    SandboxRule(
        "SP-auth",
        "HTTP Basic in UTF-8; absent, wrong, sent twice, not UTF-8, or not base64 with its padding is 401 with"
        " WWW-Authenticate: submit as SP-refused, optout with a null msisdn, messages with the id, nulls and UNKNOWN."
        " It is checked before the body is read.",
        (
            documented("HTTP Basic", PAGE),
            assumed(
                "the answers, their order, and what counts as malformed", "RFC 7617 and 9110 say 401 of any server"
            ),
        ),
    ),
    SandboxRule(
        "SP-params",
        "submit takes To, From, Body and StatusCallback from the query string, a urlencoded form or a multipart form;"
        " a form's value wins. Of a repeated parameter the first counts. A body over 1 MiB, or one that cannot be read"
        " as the form that it says it is (NET-form), is 400.",
        (
            documented("'Query Parameters'", f"{SUBMIT}, table"),
            documented("a urlencoded form, which contradicts that", f"{SUBMIT}, sample call"),
            assumed("that both are taken, multipart too, which of two wins, and what is refused"),
        ),
    ),
    SandboxRule(
        "SP-required",
        "A missing or empty To, From or Body is 400, error_message naming it.",
        (
            documented("that To, From and Body are needed, and the code 400", f"{SUBMIT}, table and responses"),
            assumed("the words, and that an empty one counts as missing"),
        ),
    ),
    SandboxRule(
        "SP-msisdn",
        "To and From are 11 to 15 digits without a plus sign that can be a telephone number, and of a North American"
        " one neither area code nor exchange begins with 0 or 1; else 400 with the error_message 'Msisdn is invalid:"
        " <value>'.",
        (
            documented("the words", f"{MODELS}, error_message"),
            documented("digits with the country code, no plus sign", f"{SUBMIT}, table and sample"),
            observed("that numbers such as 111-111-1111 are bad", f"{HELP_CENTRE}, on mobile number protection"),
            assumed("which numbers are possible", "E.164 and the North American Numbering Plan"),
        ),
    ),
    SandboxRule(
        "SP-from",
        "From is any such number, or a short code of 5 or 6 digits, as a console's line may be one; it is shown as"
        " given. One that is not the console's line is noted. The message belongs to the console of the path.",
        (
            documented("that From is the sender's MSISDN", f"{SUBMIT}, table"),
            observed("that a console texts from a short code or a long code", f"{HELP_CENTRE}, on opt-in groups"),
            assumed("that other senders are taken, and the message is the console's"),
        ),
    ),
    SandboxRule(
        "SP-callback",
        "StatusCallback must be an absolute http or https URL, its host 253 characters at most; else 400. An empty one"
        " counts as absent. One that the target policy forbids is accepted, and its callback recorded as given up with"
        " the reason. A submit that is a callback of the sandbox's own gets none, so that they do not multiply. A user"
        " and a password in it are sent as HTTP Basic, and shown to nobody.",
        (
            documented("the parameter, a 'Callback URL' that may be left out", f"{SUBMIT}, table"),
            observed("a plain http URL", "the column's pattern on the vendor's page"),
            assumed("what is refused, what is given up, that callbacks get none, and what becomes of a user"),
        ),
    ),
    SandboxRule(
        "SP-console",
        "submit refuses a console that is malformed, unknown or another's with 400; optout and messages answer it like"
        " an unknown recipient or id.",
        (
            documented("that a path names a console", PAGE),
            assumed("all of the answers", "the reference has no refusal of a console"),
        ),
    ),
    SandboxRule(
        "SP-submit",
        "200 and the sample's 19 fields in order: accunt_sid (so spelt) the console of the path, numbers as strings,"
        " status queued.",
        (
            documented(
                "the 19 fields and their order, accunt_sid misspelt, numbers as strings, queued",
                f"{SUBMIT}, sample answer",
            ),
            documented("that accunt_sid is the console used", MODELS),
            documented(
                "that it is another console than the path's, which contradicts that",
                f"{SUBMIT}, sample call and answer",
            ),
            assumed("that it is the console of the path"),
        ),
    ),
    SandboxRule(
        "SP-refused",
        "A refused submit has the same 19 fields: to, from and body as asked or null; sid, uri and the dates null;"
        " num_segments '0', status failed, error_message the reason; the others as on success.",
        (
            documented("the shape, and the code 400", f"{SUBMIT}, responses"),
            documented("error_message", MODELS),
            assumed("all other values, and that error_code stays null"),
        ),
    ),
    SandboxRule(
        "SP-media",
        "Every answer, refusals too, is application/json in UTF-8, without a charset.",
        (
            documented("application/json", PAGE),
            assumed("UTF-8, and no charset"),
        ),
    ),
    SandboxRule(
        "SP-sid",
        "A sid is four groups of five, NNYYA-MMDDA-HHmmN-SSfAA, of the moment of acceptance; unique in the workspace.",
        (
            documented("four groups of five", f"{SUBMIT}, sample answer"),
            documented("a first group of four, which contradicts that", f"{MODELS}, sid"),
            documented("unique", MODELS),
            assumed("what its digits mean", "our reading of the one sample"),
            assumed("unique in the workspace only"),
        ),
    ),
    SandboxRule(
        "SP-dates",
        "Dates are YYYY-MM-DD@HH:mm:ss.SSS+0000; a submit's three are the moment of acceptance.",
        (
            documented("the format, and that a submit's three are the same", f"{SUBMIT}, sample answer"),
            assumed("that they are the moment of acceptance"),
        ),
    ),
    SandboxRule(
        "SP-uri",
        "uri is /dialoghealth-simplepay-api/messages/{console-code}/{sid}.",
        (documented("all of it", f"{SUBMIT}, sample answer; its sample of messages reads another console's"),),
    ),
    SandboxRule(
        "SP-optin",
        "A submit opts the phone in silently, undoing an earlier silent opt-out by a program. A STOP from the handset"
        " outlives it, unless the console is set to let a submit override that too; what staff opted out stays so.",
        (
            documented("the silent opt-in", f"{SUBMIT}: 'Silent opt-in and message delivery'"),
            observed(
                "that an opt-out holds until the phone texts a join keyword, or staff opt it in",
                f"{HELP_CENTRE}, on opting out",
            ),
            assumed("that a submit undoes a silent opt-out, and the setting"),
        ),
    ),
    SandboxRule(
        "SP-optout",
        "optout answers the number for a phone that the console knows, again when repeated, else 'Recipient not found';"
        " always 200, and nothing is sent to the phone.",
        (
            documented("the silent opt-out, 200, and 'Recipient not found'", f"{OPTOUT}, sample answer"),
            documented("the number as the answer", f"{MODELS}, OptoutResponseBody"),
            assumed("which phones a console knows, and that a repeated one is answered alike"),
        ),
    ),
    SandboxRule(
        "SP-details",
        "messages answers extMessageReference, body, to and status of any outbound message of the console, staff's too;"
        " the sample's DELETE reads alike and deletes nothing.",
        (
            documented("GET, and the four fields", MESSAGES),
            documented("DELETE, which contradicts that", f"{MESSAGES}, sample call"),
            assumed("that DELETE only reads, and that staff's messages have a sid too"),
        ),
    ),
    SandboxRule(
        "SP-details-unknown",
        "An id that this console does not know is 200 with the id, nulls and the status UNKNOWN.",
        (
            documented("the word UNKNOWN, beside a body and a number that are known", f"{MESSAGES}, sample answer"),
            assumed("that it stands for an unknown id, with 200 and nulls"),
        ),
    ),
    SandboxRule(
        "SP-status",
        "The statuses are queued, sent, delivered, undelivered, failed (rejected) and UNKNOWN.",
        (
            documented("queued", f"{SUBMIT}, sample answer, and {MODELS}"),
            documented("UNKNOWN", f"{MESSAGES}, sample answer"),
            assumed("the others", LIKENESS),
        ),
    ),
    SandboxRule(
        "SP-statuscallback",
        "Each change of status after acceptance POSTs a form to the StatusCallback: MessageSid, SmsSid, AccountSid (the"
        " console), MessageStatus, SmsStatus, To, From, ApiVersion, and ErrorMessage when it failed. A 2xx settles it;"
        " anything else, or 10 s without an answer, is tried again 1, 4, 16 and 64 s after the due time of the attempt"
        " before, then given up. A callback waits for its predecessor of the same message.",
        (
            documented("that there is a callback", f"{SUBMIT}, table"),
            assumed("its form", LIKENESS),
            assumed("when it is sent, and tried again"),
        ),
    ),
    SandboxRule(
        "SP-other",
        "An unknown path is 404 in a SubmitResponseBody; a wrong method 405 with Allow in the operation's shape; there"
        " are no redirects.",
        (assumed("all of it", "the reference has neither"),),
    ),
)
