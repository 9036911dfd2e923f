"""DialogTech, rule by rule."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest
from driver import ACTION_NAMES, DIALOGTECH, KEYS, PHONE, STRANGER, TRACKING_NUMBER, Driver, moment

from sandbox.store import Tx
from sandbox.world.lines import tracking_line
from sandbox.world.messages.accept import Draft, accept
from sandbox.world.workspaces.find import DEFAULT, find_workspace

SECOND_NUMBER = "6155550101"
PARAMS = {"action": "sms.get_messages", **KEYS, "start_date": "20260506", "end_date": "20260506"}
URLENCODED = {"Content-Type": "application/x-www-form-urlencoded"}
WRONG_KEYS = "access_key and secret_access_key are not those of an account."
NO_REAL_DATE = "{} must be a real date written YYYYMMDD."
NO_DIGITS = "number must be an unformatted telephone number: digits only."
DOCTYPE = """\
<!DOCTYPE response [
<!ELEMENT response (result,result_description,data)>
<!ELEMENT result (#PCDATA)>
<!ELEMENT result_description (#PCDATA)>
<!ELEMENT data (messages)>
<!ELEMENT messages (inbound+,outbound+)>
<!ELEMENT inbound (message+)>
<!ELEMENT message (msg_id, to, from, message, date)>
<!ELEMENT msg_id (#PCDATA)>
<!ELEMENT to (#PCDATA)>
<!ELEMENT from (#PCDATA)>
<!ELEMENT message (#PCDATA)>
<!ELEMENT date (#PCDATA)>
<!ELEMENT outbound (message+)>
<!ELEMENT message (msg_id, to, from, message, date)>
<!ELEMENT msg_id (#PCDATA)>
<!ELEMENT to (#PCDATA)>
<!ELEMENT from (#PCDATA)>
<!ELEMENT message (#PCDATA)>
<!ELEMENT date (#PCDATA)>
]>
"""
"""As the reference shows it, to the letter."""
NO_MESSAGES = """\
<response>
    <result>success</result>
    <result_description>[0] Message(s) Returned</result_description>
    <messages>
        <inbound>
        </inbound>
        <outbound>
        </outbound>
    </messages>
</response>
"""
PROLOG = '<?xml version="1.0" encoding="UTF-8"?>\n'


def failed(reason: str) -> str:
    """The whole answer to a call that is refused."""
    return f"""\
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE response [
<!ELEMENT response (result,result_description)>
<!ELEMENT result (#PCDATA)>
<!ELEMENT result_description (#PCDATA)>
]>
<response>
    <result>failed</result>
    <result_description>{reason}</result_description>
</response>
"""


def is_refused(answer: httpx.Response, reason: str) -> None:
    assert (answer.status_code, answer.text) == (200, failed(reason))
    assert answer.headers["content-type"] == "text/xml; charset=UTF-8"


def ask(sandbox: Driver, **params: str | None) -> httpx.Response:
    """A read of the day, with parameters changed, or left out where null."""
    fields = {name: value for name, value in {**PARAMS, **params}.items() if value is not None}
    return sandbox.call("GET", DIALOGTECH, params=fields)


def post(sandbox: Driver, content: bytes, **headers: str) -> httpx.Response:
    return sandbox.call("POST", DIALOGTECH, content=content, headers=headers or URLENCODED)


def inbound_and_outbound(answer: httpx.Response) -> tuple[list[dict[str, str | None]], list[dict[str, str | None]]]:
    """The inbound and the outbound messages of an answer that is not refused, as an XML parser reads them."""
    root = ElementTree.fromstring(answer.content)
    assert [element.tag for element in root] == ["result", "result_description", "messages"], answer.text
    inbound, outbound = root[2]
    assert (inbound.tag, outbound.tag) == ("inbound", "outbound")
    assert root.findtext("result_description") == f"[{len(inbound) + len(outbound)}] Message(s) Returned"
    listed = [[{field.tag: field.text for field in message} for message in direction] for direction in root[2]]
    return listed[0], listed[1]


def texts(answer: httpx.Response) -> list[str | None]:
    """The texts of all messages, inbound first."""
    return [message["message"] for direction in inbound_and_outbound(answer) for message in direction]


def tracked(sandbox: Driver, text: str = "We will call you.", **fields: Any) -> Any:
    """Staff text from a tracking number."""
    return sandbox.send(text, **{"tracking_number": TRACKING_NUMBER, **fields})


def heard(sandbox: Driver, text: str = "Please call me.", *, line: str = TRACKING_NUMBER, **fields: Any) -> Any:
    """A phone texts a tracking number."""
    return sandbox.inbound(text, line=line, **fields)


# The endpoint ----------------------------------------------------------------------------------------------------


@pytest.mark.rule("DT-endpoint", "DT-type", "DT-envelope")
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_query_string_is_taken_by_either_method(sandbox: Driver, method: str) -> None:
    answer = sandbox.call(method, DIALOGTECH, params=PARAMS)
    assert (answer.status_code, answer.text) == (200, PROLOG + DOCTYPE + NO_MESSAGES)
    assert answer.headers["content-type"] == "text/xml; charset=UTF-8"


@pytest.mark.rule("DT-endpoint")
def test_forms_of_either_kind_are_taken(sandbox: Driver) -> None:
    urlencoded = sandbox.call("POST", DIALOGTECH, data=PARAMS)
    multipart = sandbox.call("POST", DIALOGTECH, files={name: (None, value) for name, value in PARAMS.items()})
    assert urlencoded.text == multipart.text == PROLOG + DOCTYPE + NO_MESSAGES


@pytest.mark.rule("DT-endpoint")
def test_the_form_wins_over_the_query_string(sandbox: Driver) -> None:
    answer = sandbox.call("POST", DIALOGTECH, params={**PARAMS, "access_key": "x"}, data=KEYS)
    assert answer.text == PROLOG + DOCTYPE + NO_MESSAGES


@pytest.mark.rule("DT-endpoint")
def test_empty_pairs_are_skipped(sandbox: Driver) -> None:
    query = "&".join(f"{name}={value}" for name, value in PARAMS.items())
    assert sandbox.call("GET", f"{DIALOGTECH}?&{query}&&".encode()).text == PROLOG + DOCTYPE + NO_MESSAGES
    assert post(sandbox, f"&&{query}&".encode()).text == PROLOG + DOCTYPE + NO_MESSAGES


@pytest.mark.rule("DT-endpoint")
def test_of_a_repeated_parameter_the_first_counts(sandbox: Driver) -> None:
    answer = sandbox.call("GET", DIALOGTECH, params=[*PARAMS.items(), ("access_key", "x"), ("end_date", "x")])
    assert answer.text == PROLOG + DOCTYPE + NO_MESSAGES


@pytest.mark.rule("DT-endpoint")
def test_unknown_parameters_are_passed_over(sandbox: Driver) -> None:
    assert ask(sandbox, api_key="x", format="json").text == PROLOG + DOCTYPE + NO_MESSAGES


@pytest.mark.rule("DT-endpoint", "DT-refused")
@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_any_other_method_is_refused_like_the_rest(sandbox: Driver, method: str) -> None:
    answer = sandbox.call(method, DIALOGTECH, params=PARAMS)
    is_refused(answer, f"Method {method} is not allowed here: use GET, HEAD, POST.")


@pytest.mark.rule("DT-endpoint", "DT-refused")
@pytest.mark.parametrize(
    "path", ["/ibp_api.php/", "/ibp_api.php/x", "/ibp_api.php//", "/ibp_api.php%2F", "/ibp_api.php/ibp_api.php"]
)
def test_any_other_path_is_refused_like_the_rest(sandbox: Driver, path: str) -> None:
    is_refused(sandbox.call("GET", path, params=PARAMS), "There is no such path: did you mean /ibp_api.php?")


# Refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.rule("DT-auth", "DT-refused")
@pytest.mark.parametrize("name", ["access_key", "secret_access_key"])
@pytest.mark.parametrize("value", [None, "", "wrong", "demo-access-key ", "DEMO-ACCESS-KEY", "\0"])
def test_an_absent_or_wrong_key_is_refused_in_the_same_words(sandbox: Driver, name: str, value: str | None) -> None:
    is_refused(ask(sandbox, **{name: value}), WRONG_KEYS)


@pytest.mark.rule("DT-auth")
def test_the_keys_must_be_of_one_account(sandbox: Driver, neighbour_world: str) -> None:
    _, theirs = sandbox.neighbour(neighbour_world)
    is_refused(ask(sandbox, access_key=theirs["access_key"]), WRONG_KEYS)
    is_refused(ask(sandbox, secret_access_key=theirs["secret_access_key"]), WRONG_KEYS)
    assert inbound_and_outbound(ask(sandbox, **theirs)) == ([], [])


@pytest.mark.rule("DT-auth")
def test_a_neighbours_messages_on_a_number_of_the_same_digits_do_not_show(
    sandbox: Driver, neighbour_world: str
) -> None:
    _, theirs = sandbox.neighbour(neighbour_world)
    tracked(sandbox)
    assert texts(ask(sandbox)) == ["We will call you."]
    assert texts(ask(sandbox, **theirs)) == []
    assert texts(ask(sandbox, **theirs, number=TRACKING_NUMBER)) == []


@pytest.mark.rule("DT-action")
@pytest.mark.parametrize(
    ("action", "reason"),
    [
        (None, "action is required."),
        ("", "action is required."),
        ("sms.send_message", f"There is no action sms.send_message: use {ACTION_NAMES}."),
        ("SMS.GET_MESSAGES", f"There is no action SMS.GET_MESSAGES: use {ACTION_NAMES}."),
        ("sms.get_messages ", f"There is no action sms.get_messages : use {ACTION_NAMES}."),
        ("<b>&]]>", f"There is no action &lt;b&gt;&amp;]]&gt;: use {ACTION_NAMES}."),
        ("\x01\r👋", f"There is no action \ufffd&#13;👋: use {ACTION_NAMES}."),
    ],
)
def test_an_absent_or_unknown_action_is_named(sandbox: Driver, action: str | None, reason: str) -> None:
    is_refused(ask(sandbox, action=action), reason)


@pytest.mark.rule("DT-dates")
@pytest.mark.parametrize("name", ["start_date", "end_date"])
@pytest.mark.parametrize("value", [None, ""])
def test_both_dates_are_required(sandbox: Driver, name: str, value: str | None) -> None:
    is_refused(ask(sandbox, **{name: value}), f"{name} is required.")


@pytest.mark.rule("DT-dates")
@pytest.mark.parametrize("name", ["start_date", "end_date"])
@pytest.mark.parametrize(
    "value",
    [
        "2026-05-06",
        "05062026",
        "2026056",
        "202605061",
        "20260506 ",
        " 20260506",
        "20260506\n",
        "20260229",
        "20260431",
        "20261301",
        "20260500",
        "00000101",
        "٢٠٢٦٠٥٠٦",
        "２０２６０５０６",
        "2026050²",
        "today",
        "-0260506",
    ],
)
def test_a_date_that_is_not_a_real_one_is_refused(sandbox: Driver, name: str, value: str) -> None:
    is_refused(ask(sandbox, **{name: value}), NO_REAL_DATE.format(name))


@pytest.mark.rule("DT-dates")
def test_a_start_after_the_end_is_refused(sandbox: Driver) -> None:
    is_refused(ask(sandbox, start_date="20260507"), "start_date must not be after end_date.")


@pytest.mark.rule("DT-dates")
@pytest.mark.parametrize(
    ("start", "end"), [("00010101", "99991231"), ("20240229", "20240229"), ("20000229", "20260506")]
)
def test_the_span_has_no_limit(sandbox: Driver, start: str, end: str) -> None:
    assert inbound_and_outbound(ask(sandbox, start_date=start, end_date=end)) == ([], [])


@pytest.mark.rule("DT-number")
@pytest.mark.parametrize("number", ["615-555-0100", "+16155550100", "615 555 0100", "x", "٦١٥٥٥٥٠١٠٠", "615555010\n"])
def test_a_number_that_is_not_digits_is_refused(sandbox: Driver, number: str) -> None:
    is_refused(ask(sandbox, number=number), NO_DIGITS)


@pytest.mark.rule("DT-auth", "DT-action", "DT-dates", "DT-number")
def test_what_is_wrong_is_named_in_order(sandbox: Driver) -> None:
    wrong = {"access_key": "x", "action": "x", "start_date": "x", "end_date": "x", "number": "x"}
    order = [
        ("access_key", WRONG_KEYS),
        ("action", f"There is no action x: use {ACTION_NAMES}."),
        ("start_date", NO_REAL_DATE.format("start_date")),
        ("end_date", NO_REAL_DATE.format("end_date")),
        ("number", NO_DIGITS),
    ]
    for name, reason in order:
        is_refused(ask(sandbox, **wrong), reason)
        del wrong[name]
    assert inbound_and_outbound(ask(sandbox)) == ([], [])


@pytest.mark.rule("DT-refused")
def test_a_refusal_has_a_doctype_of_just_its_elements(sandbox: Driver) -> None:
    answer = ask(sandbox, action="x")
    is_refused(answer, f"There is no action x: use {ACTION_NAMES}.")
    assert [element.tag for element in ElementTree.fromstring(answer.content)] == ["result", "result_description"]


KEYS_AS_QUERY = "&".join(f"{name}={value}" for name, value in KEYS.items())


@pytest.mark.rule("DT-envelope")
@pytest.mark.parametrize(
    ("method", "path", "options"),
    [
        ("GET", f"/ibp_api.php?{KEYS_AS_QUERY}", {}),
        ("GET", f"/ibp_api.php?{KEYS_AS_QUERY}&action=sms.get_messages&start_date=x", {}),
        ("GET", f"/ibp_api.php?{KEYS_AS_QUERY}&action=sms.get_message&msg_id=1", {}),
        ("POST", "/ibp_api.php", {"data": {**KEYS, "action": "x"}}),
        ("PUT", f"/ibp_api.php?{KEYS_AS_QUERY}", {}),
        ("PUT", "/ibp_api.php", {"data": KEYS}),
        ("PUT", "/ibp_api.php?%FF=1", {"data": KEYS}),
        ("GET", f"/ibp_api.php/?{KEYS_AS_QUERY}", {}),
        ("GET", f"/IBP_API.php?{KEYS_AS_QUERY}", {}),
        ("POST", f"/ibp_api.php?{KEYS_AS_QUERY}", {"content": b"%FF=1", "headers": URLENCODED}),
        ("POST", "/ibp_api.php?%FF=1", {"data": KEYS}),
        ("GET", f"/ibp_api.php?{KEYS_AS_QUERY}", {"headers": {"Origin": "http://elsewhere.example"}}),
        ("GET", f"/ibp_api.php?{KEYS_AS_QUERY}", {"headers": {"X-Sandbox-Fault": "what"}}),
        ("GET", f"/ibp_api.php?{KEYS_AS_QUERY}", {"headers": {"X-Sandbox-Fault": "status=503"}}),
    ],
)
def test_an_account_without_the_doctype_is_refused_without_one(
    sandbox: Driver, method: str, path: str, options: dict[str, Any]
) -> None:
    before = sandbox.call(method, path, **options)
    assert before.text.startswith(PROLOG + "<!DOCTYPE response [")
    sandbox.control("PATCH", f"/accounts/{KEYS['access_key']}", {"doctype": "none"})
    after = sandbox.call(method, path, **options)
    assert (after.status_code, after.text) == (
        before.status_code,
        PROLOG + before.text.partition("]>\n")[2],
    )


@pytest.mark.rule("DT-envelope", "DT-auth")
@pytest.mark.parametrize("wrong", ["access_key", "secret_access_key"])
def test_who_does_not_show_the_accounts_keys_is_refused_with_the_doctype(sandbox: Driver, wrong: str) -> None:
    sandbox.control("PATCH", f"/accounts/{KEYS['access_key']}", {"doctype": "none"})
    assert ask(sandbox, **{wrong: "x"}).text.startswith(PROLOG + "<!DOCTYPE response [")


# Messages --------------------------------------------------------------------------------------------------------


@pytest.mark.rule("DT-envelope", "DT-message")
def test_an_answer_is_as_the_sample(sandbox: Driver) -> None:
    asked = heard(sandbox)["inbound"]["ids"]["msg_id"]
    sandbox.wall.advance(61)
    said = tracked(sandbox)["ids"]["msg_id"]
    expected = f"""\
<response>
    <result>success</result>
    <result_description>[2] Message(s) Returned</result_description>
    <messages>
        <inbound>
            <message>
                <msg_id>{asked}</msg_id>
                <to>6155550100</to>
                <from>6295550101</from>
                <message><![CDATA[Please call me.]]></message>
                <date>2026-05-06 09:00:00</date>
            </message>
        </inbound>
        <outbound>
            <message>
                <msg_id>{said}</msg_id>
                <to>6295550101</to>
                <from>6155550100</from>
                <message><![CDATA[We will call you.]]></message>
                <date>2026-05-06 09:01:01</date>
            </message>
        </outbound>
    </messages>
</response>
"""
    assert ask(sandbox).text == PROLOG + DOCTYPE + expected


@pytest.mark.rule("DT-envelope")
def test_an_account_can_be_told_to_leave_the_doctype_out(sandbox: Driver) -> None:
    sandbox.control("PATCH", f"/accounts/{KEYS['access_key']}", {"doctype": "none"})
    assert ask(sandbox).text == PROLOG + NO_MESSAGES
    sandbox.control("PATCH", f"/accounts/{KEYS['access_key']}", {"doctype": "documented"})
    assert ask(sandbox).text == PROLOG + DOCTYPE + NO_MESSAGES


@pytest.mark.rule("DT-message")
def test_a_msg_id_has_nine_digits_and_is_each_messages_own(sandbox: Driver) -> None:
    for _ in range(30):
        tracked(sandbox)
        heard(sandbox)
    ids = [message["msg_id"] for direction in inbound_and_outbound(ask(sandbox)) for message in direction]
    assert len(set(ids)) == 60
    assert all(re.fullmatch(r"[1-9]\d{8}", str(msg_id)) for msg_id in ids)


@pytest.mark.rule("DT-message")
def test_phones_are_shown_as_national_digits(sandbox: Driver) -> None:
    tracked(sandbox, to="447400123456")
    heard(sandbox, phone=STRANGER)
    inbound, outbound = inbound_and_outbound(ask(sandbox))
    assert (inbound[0]["to"], inbound[0]["from"]) == ("6155550100", "4155550123")
    assert (outbound[0]["to"], outbound[0]["from"]) == ("7400123456", "6155550100")


@pytest.mark.rule("DT-message")
def test_each_list_ascends_by_date_then_by_acceptance(sandbox: Driver) -> None:
    for n in range(3):
        tracked(sandbox, f"said {n}")
        heard(sandbox, f"heard {n}")
    tracked(sandbox, "said before", at="2026-05-06T08:00:00Z")
    heard(sandbox, "heard before", at="2026-05-06T08:30:00Z")
    assert texts(ask(sandbox)) == [
        *("heard before", "heard 0", "heard 1", "heard 2"),
        *("said before", "said 0", "said 1", "said 2"),
    ]


def dates_in(answer: httpx.Response) -> list[str | None]:
    return [each.findtext("date") for each in ElementTree.fromstring(answer.content).iter("message") if len(each)]


@pytest.mark.rule("DT-dates")
@pytest.mark.parametrize(
    ("zone", "day", "begins", "ends", "first", "last"),
    [
        ("America/Chicago", "20260308", "2026-03-08T06:00:00Z", "2026-03-09T05:00:00Z", "08 00:00:00", "08 23:59:59"),
        ("America/Chicago", "20251102", "2025-11-02T05:00:00Z", "2025-11-03T06:00:00Z", "02 00:00:00", "02 23:59:59"),
        ("America/Chicago", "20260506", "2026-05-06T05:00:00Z", "2026-05-07T05:00:00Z", "06 00:00:00", "06 23:59:59"),
        ("Asia/Kathmandu", "20260506", "2026-05-05T18:15:00Z", "2026-05-06T18:15:00Z", "06 00:00:00", "06 23:59:59"),
        (
            "Pacific/Kiritimati",
            "20260506",
            "2026-05-05T10:00:00Z",
            "2026-05-06T10:00:00Z",
            "06 00:00:00",
            "06 23:59:59",
        ),
        # Its clocks go from 23:59:59 to 01:00:00: this day has no midnight.
        ("Africa/Cairo", "20260424", "2026-04-23T22:00:00Z", "2026-04-24T21:00:00Z", "24 01:00:00", "24 23:59:59"),
        ("UTC", "20260506", "2026-05-06T00:00:00Z", "2026-05-07T00:00:00Z", "06 00:00:00", "06 23:59:59"),
    ],
)
def test_days_and_dates_are_of_the_accounts_zone(
    open_driver: Callable[..., Driver], zone: str, day: str, begins: str, ends: str, first: str, last: str
) -> None:
    sandbox = open_driver(start_at=moment(days=7))
    shown = sandbox.control("PATCH", f"/accounts/{KEYS['access_key']}", {"zone": zone})
    assert shown["zone"] == zone
    instants = [datetime.fromisoformat(each) for each in (begins, ends)]
    just = timedelta(milliseconds=1)
    for at in (instants[0] - just, instants[0], instants[1] - just, instants[1]):
        tracked(sandbox, at.isoformat(), at=at.isoformat())
    answer = sandbox.get_messages(day, day)
    assert [each.removeprefix(f"{day[:4]}-{day[4:6]}-") for each in dates_in(answer) if each] == [first, last]
    (msg_id, _) = [each.text for each in ElementTree.fromstring(answer.content).iter("msg_id")]
    params = {"action": "sms.get_message", **KEYS, "msg_id": str(msg_id)}
    assert dates_in(sandbox.call("GET", "/ibp_api.php", params=params)) == dates_in(answer)[:1]


@pytest.mark.rule("DT-dates")
def test_the_zone_comes_from_a_fixture_and_is_shown_where_a_message_is(
    open_driver: Callable[..., Driver], tmp_path: Path
) -> None:
    world = (Path(__file__).parent / "worlds" / "plain.yaml").read_text("utf-8")
    fixture = tmp_path / "zone.yaml"
    key = "    access_key: demo-access-key\n"
    fixture.write_text(world.replace(key, f"{key}    zone: America/Chicago\n"), "utf-8")
    sandbox = open_driver(fixture=str(fixture))
    id_ = tracked(sandbox, at="2026-05-06T03:00:00Z")["id"]
    shown = sandbox.control("GET", f"/messages/{id_}/shown")["items"]
    (view,) = [each for each in shown if each["vendor"] == "dialogtech"]
    assert "<date>2026-05-05 22:00:00</date>" in view["body"]
    assert "start_date=20260505&end_date=20260505" in view["url"]
    assert dates_in(sandbox.call("GET", view["url"])) == ["2026-05-05 22:00:00"]


@pytest.mark.rule("DT-dates")
@pytest.mark.parametrize("zone", ["America/Chicago", "Asia/Tokyo", "Europe/London"])
def test_the_first_and_the_last_day_there_are_can_be_asked_for_in_any_zone(sandbox: Driver, zone: str) -> None:
    sandbox.control("PATCH", f"/accounts/{KEYS['access_key']}", {"zone": zone})
    tracked(sandbox)
    assert len(dates_in(sandbox.get_messages("00010101", "99991231"))) == 1
    assert dates_in(sandbox.get_messages("99991231", "99991231")) == []


@pytest.mark.rule("DT-dates")
def test_both_days_are_whole_and_in_utc(open_driver: Callable[..., Driver]) -> None:
    sandbox = open_driver(start_at=moment(days=7))
    for at in ("2026-05-05T23:59:59.999Z", "2026-05-06T00:00:00Z", "2026-05-07T23:59:59.999Z", "2026-05-08T00:00:00Z"):
        tracked(sandbox, at, at=at)
    answer = sandbox.get_messages("20260506", "20260507")
    assert texts(answer) == ["2026-05-06T00:00:00Z", "2026-05-07T23:59:59.999Z"]
    assert [message["date"] for message in inbound_and_outbound(answer)[1]] == [
        "2026-05-06 00:00:00",
        "2026-05-07 23:59:59",
    ]


@pytest.mark.rule("DT-number")
def test_a_number_keeps_only_its_own_messages(sandbox: Driver) -> None:
    tracked(sandbox, "first")
    tracked(sandbox, "second", tracking_number=SECOND_NUMBER)
    heard(sandbox, "to the second", line=SECOND_NUMBER)
    assert texts(ask(sandbox, number=TRACKING_NUMBER)) == ["first"]
    assert texts(ask(sandbox, number=SECOND_NUMBER)) == ["to the second", "second"]
    assert texts(ask(sandbox, number="")) == texts(ask(sandbox)) == ["to the second", "first", "second"]


@pytest.mark.rule("DT-number")
@pytest.mark.parametrize("number", ["6155550102", "6295550101", "6155550110", "1", "16155550100", "0" * 400])
def test_a_number_that_is_not_the_accounts_has_no_messages(sandbox: Driver, number: str) -> None:
    tracked(sandbox)
    sandbox.submit()
    assert inbound_and_outbound(ask(sandbox, number=number)) == ([], [])


@pytest.mark.rule("DT-envelope")
def test_a_consoles_messages_do_not_show(sandbox: Driver) -> None:
    sandbox.submit()
    sandbox.inbound("Hello")
    assert inbound_and_outbound(ask(sandbox)) == ([], [])


@pytest.mark.rule("DT-envelope")
def test_an_answer_of_more_than_a_thousand_messages_is_whole(sandbox: Driver) -> None:
    def send_many(tx: Tx) -> None:  # one transaction for all is quicker
        tx.enter(find_workspace(tx, DEFAULT))
        line = tracking_line(tx, f"1{TRACKING_NUMBER}")
        for n in range(1005):
            accept(tx, line, Draft(to=PHONE, text=f"{n}", at=tx.now, vendor="dialogtech", cause="staff"))

    sandbox.run(sandbox.app.store.write(send_many))
    heard(sandbox, "one inbound")
    answer = ask(sandbox, number=TRACKING_NUMBER)
    assert answer.headers["content-type"] == "text/xml; charset=UTF-8"
    assert answer.text.startswith(PROLOG + DOCTYPE + "<response>\n")
    assert texts(answer) == ["one inbound", *map(str, range(1005))]


# Any text --------------------------------------------------------------------------------------------------------


@pytest.mark.rule("DT-wellformed")
@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Fish & <chips>", "<![CDATA[Fish & <chips>]]>"),
        ("a]]>b", "<![CDATA[a]]]]><![CDATA[>b]]>"),
        ("]]>]]>", "<![CDATA[]]]]><![CDATA[>]]]]><![CDATA[>]]>"),
        ("]]", "<![CDATA[]]]]>"),
        ("a\r\nb\rc", "<![CDATA[a]]>&#13;<![CDATA[\nb]]>&#13;<![CDATA[c]]>"),
        ("]]\r>", "<![CDATA[]]]]>&#13;<![CDATA[>]]>"),
        ("a\tb\nc", "<![CDATA[a\tb\nc]]>"),
        (" x ", "<![CDATA[ x ]]>"),
        ("Grüße 👋 ﷽ \u2028\x7f\x85", "<![CDATA[Grüße 👋 ﷽ \u2028\x7f\x85]]>"),
    ],
)
def test_any_text_is_written_well_and_reads_back_as_sent(sandbox: Driver, text: str, written: str) -> None:
    heard(sandbox, text)
    answer = ask(sandbox)
    assert f"<message>{written}</message>" in answer.content.decode()
    assert texts(answer) == [text]


@pytest.mark.rule("DT-wellformed")
@pytest.mark.parametrize("character", ["\x01", "\x08", "\x0b", "\x0c", "\x0e", "\x1b", "\x1f", "\ufffe", "\uffff"])
def test_what_xml_forbids_becomes_the_replacement_character(sandbox: Driver, character: str) -> None:
    heard(sandbox, f"a{character}b")
    assert texts(ask(sandbox)) == ["a\ufffdb"]


@pytest.mark.rule("DT-type")
def test_the_answer_is_utf_8(sandbox: Driver) -> None:
    tracked(sandbox, "Grüße 👋")
    answer = ask(sandbox)
    assert answer.headers["content-type"] == "text/xml; charset=UTF-8"
    assert "<![CDATA[Grüße 👋]]>".encode() in answer.content


def test_what_a_phone_texts_a_tracking_number_is_its_messages_and_the_phones(sandbox: Driver) -> None:
    heard(sandbox, "STOP")
    inbound, outbound = inbound_and_outbound(ask(sandbox))
    assert [message["message"] for message in inbound] == ["STOP"]
    assert [message["message"] for message in outbound] == [
        "Harbor: you will get no more texts from us. Text START to subscribe again."
    ]
    assert outbound[0]["to"] == PHONE[1:]


@pytest.mark.rule("DT-endpoint", "NET-http")
def test_head_tells_what_get_would_answer(sandbox: Driver) -> None:
    sandbox.submit()
    got = sandbox.get_messages()
    asked = sandbox.call("HEAD", DIALOGTECH, params=dict(got.request.url.params))
    assert (asked.status_code, asked.content) == (200, b"")
    assert asked.headers["content-length"] == got.headers["content-length"] == str(len(got.content))
    assert sandbox.control("GET", "/journal?order=newest&limit=1")["items"][0]["outcome"] == "accepted"
