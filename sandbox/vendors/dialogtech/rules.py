"""The rules of DialogTech, each a sentence that a test holds us to."""

from sandbox.world.rules import ASSUMED, DOCUMENTED, OBSERVED, SandboxRule

PAGE = "DialogTech reference"

RULES = (
    SandboxRule(
        "DT-endpoint",
        "Exactly /ibp_api.php without redirect: GET (or HEAD) with a query string, or POST with a urlencoded or"
        " multipart form;"
        " empty pairs are skipped, as in '?&action='. A form's value wins over the query string's; of a repeated"
        " parameter the first counts; a body over 1 MiB is refused. Any other method or path is refused like the rest.",
        (DOCUMENTED, OBSERVED, ASSUMED),
        f"{PAGE}: URL and sample; POST is observed in public clients; the rest is assumed",
    ),
    SandboxRule(
        "DT-refused",
        "Every refusal is HTTP 200 with result failed and the reason in result_description, after a DOCTYPE of just"
        " these elements; of what is no HTTP (NET-http) the status is another.",
        (OBSERVED, ASSUMED),
        "two public clients test for exactly that",
    ),
    SandboxRule(
        "DT-auth",
        "access_key and secret_access_key of one account; absent or wrong is refused, in the same words for both.",
        (DOCUMENTED, ASSUMED),
        f"{PAGE}: parameter list",
    ),
    SandboxRule(
        "DT-action",
        "action names one of those that OpenAPI lists; absent or unknown is refused, naming them.",
        (DOCUMENTED, ASSUMED),
        f"{PAGE}: parameter list",
    ),
    SandboxRule(
        "DT-dates",
        "start_date and end_date are YYYYMMDD, both needed, real dates, the start not after the end; whole days, both"
        " included, in UTC; the span has no limit.",
        (DOCUMENTED, ASSUMED),
        f"{PAGE}: parameter list; UTC and the missing limit are assumed",
    ),
    SandboxRule(
        "DT-number",
        "number keeps that tracking number's messages only; an empty one counts as absent; other than digits is"
        " refused; one that is not the account's has no messages.",
        (DOCUMENTED, ASSUMED),
        f"{PAGE}: parameter list",
    ),
    SandboxRule(
        "DT-msg-id",
        "sms.get_message answers as DT-envelope says with the one message whose msg_id is given; absent or other than"
        " digits is refused, and so is one that is not a message of the account.",
        (OBSERVED, ASSUMED),
        "the action and its parameter are observed in public clients; the answer and the refusals are assumed",
    ),
    SandboxRule(
        "DT-envelope",
        "XML 1.0 prolog, UTF-8, the documented DOCTYPE (an account may be set to have none), response, result success,"
        " '[N] Message(s) Returned', and messages with inbound, then outbound, both always there.",
        (DOCUMENTED, ASSUMED),
        f"{PAGE}: sample; empty lists are assumed",
    ),
    SandboxRule(
        "DT-message",
        "A message has msg_id (nine digits), to, from (national digits), message in CDATA and date YYYY-MM-DD HH:mm:ss;"
        " ascending by date in each list.",
        (DOCUMENTED, ASSUMED),
        f"{PAGE}: sample; the order is assumed",
    ),
    SandboxRule(
        "DT-wellformed",
        "The answer is well-formed and reads back as sent: ]]> is split over two sections, a carriage return stands"
        " between two sections as &#13;, what XML 1.0 forbids becomes U+FFFD.",
        (ASSUMED,),
        f"{PAGE}: its sample lacks an end tag, which is not copied",
    ),
    SandboxRule("DT-type", "Content-Type is text/xml; charset=UTF-8.", (ASSUMED,), f"{PAGE}: names none"),
)
