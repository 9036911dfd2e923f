"""The rules of DialogTech, each a sentence that a test holds us to."""

from sandbox.world.rules import SandboxRule, assumed, documented, observed

PAGE = "DialogTech reference"
TABLE = f"{PAGE}, parameter list"
SAMPLE = f"{PAGE}, sample answer"
CLIENTS = "public clients of the real service"
SIBLINGS = "the vendor's pages on sibling actions (apidocs.dialogtech.com)"

RULES = (
    SandboxRule(
        "DT-endpoint",
        "Exactly /ibp_api.php without redirect: GET (or HEAD) with a query string, or POST with a urlencoded or"
        " multipart form; empty pairs are skipped, as in '?&action='. A form's value wins over the query string's; of"
        " a repeated parameter the first counts; a body over 1 MiB is refused. Any other method is refused like the"
        " rest, and so is a path below it, or near it (NET-path), as /IBP_API.php.",
        (
            documented("the URL, GET, and an empty pair", f"{PAGE}, base URL and sample code"),
            observed("POST, urlencoded or multipart", CLIENTS),
            assumed("HEAD, which value wins, the limit, and what is refused"),
        ),
    ),
    SandboxRule(
        "DT-refused",
        "Every refusal is HTTP 200 with result failed and the reason in result_description, after a DOCTYPE of just"
        " these elements; of what is no HTTP (NET-http) the status is another.",
        (
            observed(
                "200, failed, and the reason",
                f"two {CLIENTS} test for exactly that, and one raises on any other status",
            ),
            observed(
                "that not every refusal of the script says failed", f"{SIBLINGS}: general.login answers INVALID ACCOUNT"
            ),
            observed("a DOCTYPE of its own for each shape", SIBLINGS),
            assumed("that this action says failed always, and the words of the reasons"),
        ),
    ),
    SandboxRule(
        "DT-auth",
        "access_key and secret_access_key of one account; absent or wrong is refused, in the same words for both.",
        (
            documented("the two keys, both needed, of one account", TABLE),
            observed("that older clients send one api_key instead", CLIENTS),
            assumed("that this one is refused, and the answer, the same for both"),
        ),
    ),
    SandboxRule(
        "DT-action",
        "action names one of those that OpenAPI lists; absent or unknown is refused, naming them.",
        (
            documented("sms.get_messages, which is needed", TABLE),
            assumed("that its absence and other actions are refused, and in which words"),
        ),
    ),
    SandboxRule(
        "DT-dates",
        "start_date and end_date are YYYYMMDD, both needed, real dates, the start not after the end; whole days, both"
        " included, in the account's zone (UTC unless it is set), as the dates of the answer are; the span has no"
        " limit. Days without messages that have some up to 12 hours later are noted.",
        (
            documented("both needed, YYYYMMDD", TABLE),
            documented("'the end of the date-range' in both rows, a slip: start_date is its start", TABLE),
            observed("that an old client documents yyyy-mm-dd, and US Eastern for other actions", CLIENTS),
            assumed(
                "whole days, both included, their order, no limit, and the zone",
                "no page says which zone this action has",
            ),
        ),
    ),
    SandboxRule(
        "DT-number",
        "number keeps that tracking number's messages only; an empty one counts as absent; other than digits is"
        " refused; one that is not the account's has no messages.",
        (
            documented("an unformatted number, which may be left out, and what it filters", TABLE),
            observed("that numbers have 10 digits", SIBLINGS),
            assumed("that other than digits is refused, an empty one absent, and another's number without messages"),
        ),
    ),
    SandboxRule(
        "DT-msg-id",
        "sms.get_message answers as DT-envelope says with the one message whose msg_id is given; absent or other than"
        " digits is refused, and so is one that is not a message of the account.",
        (
            observed("the action and its parameter", f"{SIBLINGS}, and {CLIENTS}"),
            assumed("the answer and the refusals"),
        ),
    ),
    SandboxRule(
        "DT-envelope",
        "XML 1.0 prolog, UTF-8, the documented DOCTYPE (an account may be set to have none, in refusals of calls that"
        " show its keys too), response, result success, '[N] Message(s) Returned', and messages with inbound, then"
        " outbound, both always there.",
        (
            documented("prolog, DOCTYPE, result, the count, inbound and outbound", SAMPLE),
            documented(
                "that the DOCTYPE declares message and its parts twice, and a <data> that the sample lacks", SAMPLE
            ),
            documented("lists of one message and more, by that DOCTYPE", SAMPLE),
            assumed("that it is sent as it stands, without <data>", "a client meets it so"),
            assumed("empty lists, and the setting that leaves it out"),
        ),
    ),
    SandboxRule(
        "DT-message",
        "A message has msg_id (nine digits), to, from (national digits), message in CDATA and date YYYY-MM-DD HH:mm:ss;"
        " ascending by date in each list. One that was rejected is listed like any other.",
        (
            documented("the five elements, nine digits, national numbers, CDATA, the date", SAMPLE),
            assumed("the order, and that rejected messages are listed"),
        ),
    ),
    SandboxRule(
        "DT-wellformed",
        "The answer is well-formed and reads back as sent: ]]> is split over two sections, a carriage return stands"
        " between two sections as &#13;, what XML 1.0 forbids becomes U+FFFD.",
        (
            documented("that the sample lacks </outbound>", SAMPLE),
            assumed("that this slip is not copied, and how text is written that CDATA cannot hold"),
        ),
    ),
    SandboxRule(
        "DT-type",
        "Content-Type is text/xml; charset=UTF-8.",
        (assumed("all of it", "the reference names none"),),
    ),
)
