"""The rules of Dialog Health Writeback, each a sentence that a test holds us to."""

from sandbox.world.rules import HELP_CENTRE, SandboxRule, assumed, documented, observed

PAGE = "Writeback reference"
ENDPOINT = f"{PAGE}, endpoint table"
SAMPLE_CALL = f"{PAGE}, sample call"
SAMPLE = f"{PAGE}, sample answer"
OTHER_REVISIONS = "other revisions of the Writeback page"

RULES = (
    SandboxRule(
        "WB-path",
        "GET {prefix}/api/responses/{consoleCode}/{startTimestamp}/{endTimestamp}, with the prefix"
        " /dialoghealth-writeback-api; no other path is there.",
        (documented("all of it", ENDPOINT),),
    ),
    SandboxRule(
        "WB-auth",
        "HTTP Basic in UTF-8; absent, wrong, sent twice, not UTF-8, or not base64 with its padding is 401 with"
        " WWW-Authenticate and an ErrorResponse that says which.",
        (
            documented("HTTP Basic", PAGE),
            assumed("UTF-8, the answer 401, and what counts as malformed", "RFC 7617 and 9110 say it of any server"),
        ),
    ),
    SandboxRule(
        "WB-method",
        "GET and HEAD; the sample's PUT is answered alike and noted; other methods are 405 with Allow and an"
        " ErrorResponse.",
        (
            documented("GET", ENDPOINT),
            documented("PUT, which contradicts that", f"{SAMPLE_CALL}, in every revision"),
            assumed("that both are answered, HEAD, and what other methods get"),
        ),
    ),
    SandboxRule(
        "WB-console",
        "A console code is six capital letters and four digits; malformed, unknown or another customer's is 400.",
        (
            documented("that a path names a console, and the code 400", ENDPOINT),
            documented(
                "six capital letters and four digits",
                f"{PAGE}: its two examples look so, the text says letters and digits",
            ),
            assumed("that any other shape is refused, and an unknown or another's with 400"),
        ),
    ),
    SandboxRule(
        "WB-timestamp",
        "Timestamps are exactly YYYY-MM-DD HH:mm:ss, a real date and time, the blank percent-encoded; else 400.",
        (
            documented("YYYY-MM-DD HH:mm:ss", ENDPOINT),
            observed(
                "MM/dd/yyyy HH:mm:ss, which is not taken", "earlier revisions of the page, whose sample had the other"
            ),
            assumed("the strictness, and that a blank must be encoded"),
        ),
    ),
    SandboxRule(
        "WB-utc",
        "All times are UTC. A window without records that has some a whole number of hours or half hours later, as"
        " that of a client with local times west of UTC would, is noted.",
        (
            observed("UTC", "a later revision of the Writeback page"),
            assumed("the note", "the sandbox's own"),
        ),
    ),
    SandboxRule(
        "WB-range",
        "A range of more than 7 x 24 hours is 400, exactly 7 days is served; an end before the start is 400.",
        (
            documented("one week at most", ENDPOINT),
            assumed("that it is 7 x 24 hours, exactly so much is served, and the answer is 400"),
            assumed("that an end before the start is refused"),
        ),
    ),
    SandboxRule(
        "WB-window",
        "A record's time is when its outgoing message was accepted (of a reply without an answer, when it came), cut to"
        " the second; both ends of the range are included; ascending by time, then by order of acceptance.",
        (assumed("all of it", "the reference does not say which time counts"),),
    ),
    SandboxRule(
        "WB-envelope",
        "requestId is a UUID of version 4, another for each exchange. response is a list, empty when there is nothing.",
        (
            documented("requestId, unique, and a list", f"{PAGE}, ApiResponse"),
            documented("a UUID", SAMPLE),
            assumed("its version, and the empty list"),
        ),
    ),
    SandboxRule(
        "WB-media",
        "Every answer, refusals too, is application/json in UTF-8, without a charset.",
        (
            documented("application/json", ENDPOINT),
            assumed("UTF-8, and no charset"),
        ),
    ),
    SandboxRule(
        "WB-wellformed",
        "An answer is well-formed JSON.",
        (
            documented("that the sample is not: behind its third record stands no '}, {'", SAMPLE),
            assumed("that this slip is not copied", "no client could read it"),
        ),
    ),
    SandboxRule(
        "WB-record",
        "A record has the sample's 26 fields in its order, each a string or null, and nothing else.",
        (
            documented("26 names and their order", SAMPLE),
            assumed("that each is always there, and nothing else"),
        ),
    ),
    SandboxRule(
        "WB-outgoing",
        "A record is an outgoing message; if a reply caused it, incomingMessage and leadMessageSent are set. A reply"
        " without an answer is a record whose outgoing fields are null, Opt-Out if it was a STOP, else unknown.",
        (
            documented("that records are outgoing messages, with the reply and its lead", SAMPLE),
            assumed("the records of replies without an answer"),
        ),
    ),
    SandboxRule(
        "WB-context",
        "A message of a broadcast bears broadcastName and broadcastId, and campaignName and campaignId if the broadcast"
        " belongs to a campaign; in every other record all four are null.",
        (
            documented("alerts of a broadcast bear its name and id, the other records null", SAMPLE),
            assumed("what bears a campaign, which is null throughout the sample"),
            assumed("that a submit, or a single message by staff, bears none of them"),
        ),
    ),
    SandboxRule(
        "WB-date",
        "outgoingMessageSentDate is MM/DD/YYYY and outgoingMessageSentTime HH:mm of the record's time.",
        (
            documented("the formats", SAMPLE),
            assumed("that the time is that of acceptance"),
        ),
    ),
    SandboxRule(
        "WB-ids",
        "outgoingMessageId, broadcastId and campaignId are 32 lower-case hex digits.",
        (
            documented("of outgoingMessageId and broadcastId", SAMPLE),
            assumed("of campaignId, which is null throughout the sample"),
        ),
    ),
    SandboxRule(
        "WB-phone",
        "mobileNumber and caregiverPhone are national digits.",
        (
            documented("of numbers of the US", SAMPLE),
            assumed("of other countries", "the sample has none"),
        ),
    ),
    SandboxRule(
        "WB-name",
        "personName is first name, blank, last name; without a first name it begins with the blank, without a last"
        " name it ends with one, and of a person without any name it is null.",
        (
            documented("two words with a blank between, and one name that begins with a blank", SAMPLE),
            observed("that a personName may begin with a blank", OTHER_REVISIONS),
            assumed("that they are first and last name, that the blank means no first name, and null"),
        ),
    ),
    SandboxRule(
        "WB-person",
        "Caregiver and misc fields are the person's, null or empty as stored; an unknown person is made on first"
        " contact, with a personId of 32 hex digits and no name.",
        (
            documented("the fields, null or empty", SAMPLE),
            observed("a personId of 32 hex digits", OTHER_REVISIONS),
            assumed("that unknown people are made, and have no name"),
        ),
    ),
    SandboxRule(
        "WB-carrier",
        "carrier is the person's; of an unknown person one that the number decides, 'Unknown' for a landline.",
        (
            documented("names of carriers, in more than one spelling", SAMPLE),
            observed("'Unknown', with delivered 'false' and MESSAGE_REJECTED", OTHER_REVISIONS),
            assumed("that an unknown person has one, and which"),
        ),
    ),
    SandboxRule(
        "WB-delivered",
        "delivered is 'true' or 'false'; messageStatus is ACCESSIBLE when delivered, MESSAGE_REJECTED when undelivered"
        " or rejected, else null; a vendor's word that was injected passes through.",
        (
            documented("'true' with ACCESSIBLE, 'false' with MESSAGE_REJECTED", SAMPLE),
            assumed("null while neither, MESSAGE_REJECTED of undelivered ones, and the injected word"),
        ),
    ),
    SandboxRule(
        "WB-type",
        "messageType is 'Message alert sent' of what staff or programs send, 'Opt-Out' of an opt-out text, 'Opt-In'"
        " of the answer to START or the keyword, 'Opt-In (UI)' of an opt-in by staff, and 'unknown' of the answer to"
        " any other reply, HELP too.",
        (
            documented(
                "'Message alert sent' of broadcasts, 'Opt-Out', 'Opt-In (UI)', 'unknown' of the answer to a reply",
                SAMPLE,
            ),
            observed(
                "that HELP and any other text have system replies of their own", f"{HELP_CENTRE}, on system keywords"
            ),
            assumed("'Opt-In'; 'Message alert sent' of a submit; 'unknown' of the answer to HELP"),
        ),
    ),
    SandboxRule(
        "WB-recipient",
        "recipientType is PATIENT, or CAREGIVER or STAFF when the person is one.",
        (
            documented("PATIENT", SAMPLE),
            assumed("CAREGIVER and STAFF"),
        ),
    ),
    SandboxRule(
        "WB-sender",
        "messageSentBy is the sender's address where staff gave one, System when no sender is given, as for anything"
        " automatic or by API.",
        (
            documented("an address of an alert, System of automatic texts", SAMPLE),
            assumed("System of what staff or programs sent without a sender"),
        ),
    ),
    SandboxRule(
        "WB-error",
        "Every refusal, of unknown paths too, is an ErrorResponse: one field, message. There are no redirects.",
        (
            documented("ErrorResponse and its one field, on 400", f"{PAGE}, responses and models"),
            assumed("on every other refusal, and that there are no redirects"),
        ),
    ),
)
