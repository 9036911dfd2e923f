"""The rules of Dialog Health Writeback, each a sentence that a test holds us to."""

from sandbox.world.rules import ASSUMED, DOCUMENTED, OBSERVED, SandboxRule

PAGE = "Writeback reference"

RULES = (
    SandboxRule(
        "WB-auth",
        "HTTP Basic in UTF-8; absent, wrong, sent twice, not UTF-8, or not base64 with its padding is 401 with"
        " WWW-Authenticate and an ErrorResponse that says which.",
        (DOCUMENTED, ASSUMED),
        f"{PAGE}: the scheme; the answer is assumed",
    ),
    SandboxRule(
        "WB-method",
        "GET and HEAD; the sample's PUT is answered alike; other methods are 405 with Allow and an ErrorResponse.",
        (DOCUMENTED, ASSUMED),
        f"{PAGE}: the endpoint table says GET, its sample PUT",
    ),
    SandboxRule(
        "WB-console",
        "A console code is six capital letters and four digits; malformed, unknown or another customer's is 400.",
        (DOCUMENTED, ASSUMED),
        f"{PAGE}: the code 400; the shape is that of its examples, that any other is refused is assumed",
    ),
    SandboxRule(
        "WB-timestamp",
        "Timestamps are exactly YYYY-MM-DD HH:mm:ss, a real date and time, the blank percent-encoded; else 400.",
        (DOCUMENTED, ASSUMED),
        f"{PAGE}: the pattern; the strictness is assumed",
    ),
    SandboxRule("WB-utc", "All times are UTC.", (OBSERVED,), "a later revision of the Writeback page"),
    SandboxRule(
        "WB-range",
        "A range of more than 7 x 24 hours is 400, exactly 7 days is served; an end before the start is 400.",
        (DOCUMENTED, ASSUMED),
        f"{PAGE}: 'cannot exceed 1 week'",
    ),
    SandboxRule(
        "WB-window",
        "A record's time is when its outgoing message was accepted (of a reply without an answer, when it came), cut to"
        " the second; both ends of the range are included; ascending by time, then by order of acceptance.",
        (ASSUMED,),
        "the reference does not say which time counts",
    ),
    SandboxRule(
        "WB-envelope",
        "requestId is a UUID of version 4, another for each exchange. response is a list, empty when there is nothing.",
        (DOCUMENTED, ASSUMED),
        f"{PAGE}: ApiResponse and its sample; the empty list and the version are assumed",
    ),
    SandboxRule(
        "WB-record",
        "A record has the sample's 26 fields in its order, each a string or null, and nothing else.",
        (DOCUMENTED,),
        f"{PAGE}: sample",
    ),
    SandboxRule(
        "WB-outgoing",
        "A record is an outgoing message; if a reply caused it, incomingMessage and leadMessageSent are set. A reply"
        " without an answer is a record whose outgoing fields are null, Opt-Out if it was a STOP, else unknown.",
        (DOCUMENTED, ASSUMED),
        f"{PAGE}: sample; unanswered replies are assumed",
    ),
    SandboxRule(
        "WB-date",
        "outgoingMessageSentDate is MM/DD/YYYY and outgoingMessageSentTime HH:mm of the record's time.",
        (DOCUMENTED, ASSUMED),
        f"{PAGE}: sample, the formats; that the time is that of acceptance is assumed",
    ),
    SandboxRule(
        "WB-ids",
        "outgoingMessageId, broadcastId and campaignId are 32 lower-case hex digits.",
        (DOCUMENTED, ASSUMED),
        f"{PAGE}: sample; campaignId is null in every record of it, so its format is assumed",
    ),
    SandboxRule(
        "WB-phone",
        "mobileNumber and caregiverPhone are national digits.",
        (DOCUMENTED,),
        f"{PAGE}: sample",
    ),
    SandboxRule(
        "WB-name",
        "personName is first name, blank, last name; without a first name it begins with the blank.",
        (DOCUMENTED, OBSERVED),
        f"{PAGE}: sample",
    ),
    SandboxRule(
        "WB-person",
        "Caregiver and misc fields are the person's, null or empty as stored; an unknown person is made on first"
        " contact, with a personId of 32 hex digits and no name.",
        (DOCUMENTED, OBSERVED, ASSUMED),
        f"{PAGE}: sample; 32 hex digits are observed, that unknown people are made is assumed",
    ),
    SandboxRule(
        "WB-delivered",
        "delivered is 'true' or 'false'; messageStatus is ACCESSIBLE when delivered, MESSAGE_REJECTED when undelivered"
        " or rejected, else null; a vendor's word that was injected passes through.",
        (DOCUMENTED, ASSUMED),
        f"{PAGE}: sample; null, MESSAGE_REJECTED for undelivered, and the injected word are assumed",
    ),
    SandboxRule(
        "WB-type",
        "messageType is 'Message alert sent', 'Opt-Out', 'Opt-In', 'Opt-In (UI)' or, for the answer to any other reply,"
        " 'unknown'.",
        (DOCUMENTED, ASSUMED),
        f"{PAGE}: sample; 'Opt-In', and 'Message alert sent' for a submit, are assumed",
    ),
    SandboxRule(
        "WB-recipient",
        "recipientType is PATIENT, or CAREGIVER or STAFF when the person is one.",
        (DOCUMENTED, ASSUMED),
        f"{PAGE}: sample; the other two are assumed",
    ),
    SandboxRule(
        "WB-sender",
        "messageSentBy is the sender's address where staff gave one, System when no sender is given, as for anything"
        " automatic or by API.",
        (DOCUMENTED, ASSUMED),
        f"{PAGE}: sample; System for what staff or programs sent without a sender is assumed",
    ),
    SandboxRule(
        "WB-error",
        "Every refusal, of unknown paths too, is an ErrorResponse: one field, message. There are no redirects.",
        (DOCUMENTED, ASSUMED),
        f"{PAGE}: ErrorResponse",
    ),
)
