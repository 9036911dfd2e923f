"""Findings: what a caller did wrong, and the smallest change that mends it."""

import asyncio
import gzip
import json
from typing import Any

import pytest
from driver import ACTION_NAMES, CONSOLE, DEMO, DIALOGTECH, KEYS, LINE, PHONE, SIMPLEPAY, WRITEBACK, Driver
from hypothesis import given
from hypothesis import strategies as st

from sandbox.vendors import VENDORS
from sandbox.world.rules import NETWORK_RULES

SERVER_JOURNAL = "/_sandbox/journal"
DAY = "2026-05-06%2000:00:00/2026-05-06%2023:59:59"


def findings(sandbox: Driver, answer: Any = None) -> list[dict[str, str]]:
    """Those of an answer, by default the last one's of the default workspace."""
    if answer is None:
        entry = sandbox.control("GET", "/journal?order=newest&limit=1")["items"][0]
    else:
        exchange = answer.headers["x-sandbox-exchange"]
        read = sandbox.call("GET", f"/_sandbox/workspaces/default/journal/{exchange}")
        entry = (read if read.is_success else sandbox.call("GET", f"{SERVER_JOURNAL}/{exchange}")).json()
    found: list[dict[str, str]] = entry["findings"]
    return found


def summaries(found: list[dict[str, str]]) -> list[tuple[str, str, str, str]]:
    return [(each["rule"], each["level"], each["seen"], each["mend"]) for each in found]


def only(sandbox: Driver, answer: Any) -> tuple[str, str, str, str]:
    """The only finding of an answer."""
    (found,) = summaries(findings(sandbox, answer))
    return found


def read(sandbox: Driver, rest: str, method: str = "GET", **options: Any) -> Any:
    """A read of this path, as it stands."""
    return sandbox.call(method, f"{WRITEBACK}/{rest}".encode(), **{"auth": DEMO, **options})


def submit(sandbox: Driver, form: dict[str, str], **options: Any) -> Any:
    return sandbox.call("POST", f"{SIMPLEPAY}/submit/{CONSOLE}", **{"auth": DEMO, "data": form, **options})


# What is right has none -------------------------------------------------------------------------------------------


def test_calls_that_are_right_have_no_findings(sandbox: Driver) -> None:
    sid = sandbox.sid(callback="http://127.0.0.1:1/status")
    sandbox.details(sid)
    sandbox.details("unknown")
    sandbox.optout(PHONE)
    sandbox.writeback()
    sandbox.writeback(method="HEAD")
    sandbox.get_messages(number="6155550100")
    sandbox.call(
        "POST",
        DIALOGTECH,
        data={"action": "sms.get_messages", **KEYS, "start_date": "20260506", "end_date": "20260506"},
    )
    assert [entry["findings"] for entry in sandbox.control("GET", "/journal")["items"]] == [[]] * 8


def test_a_finding_says_what_its_rule_says(sandbox: Driver) -> None:
    sandbox.submit(to="+1 415 555 0123")
    (rule,) = [rule for vendor in VENDORS for rule in vendor.rules if rule.id == "SP-msisdn"]
    assert findings(sandbox) == [
        {
            "rule": "SP-msisdn",
            "level": "error",
            "seen": "To '+1 415 555 0123'",
            "mend": "Send 14155550123 instead of +1 415 555 0123.",
            "explanation": rule.summary,
        }
    ]


# An old client, and names that are near -----------------------------------------------------------------------------

TAKE_KEYS = "access_key and secret_access_key of the workspace, as GET /_sandbox/workspaces/default shows them"


@pytest.mark.rule("DT-auth")
def test_an_old_clients_one_key_is_named_and_shown_to_nobody(sandbox: Driver) -> None:
    params = {"action": "sms.get_messages", "api_key": "s3cret", "start_date": "20260506", "end_date": "20260506"}
    answer = sandbox.call("GET", DIALOGTECH, params=params)
    fix = f"Send {TAKE_KEYS}, instead of api_key."
    exchange = sandbox.call("GET", f"{SERVER_JOURNAL}/{answer.headers['x-sandbox-exchange']}").json()
    assert summaries(exchange["findings"]) == [("DT-auth", "error", "api_key, as an old client sends it", fix)]
    assert "s3cret" not in json.dumps(exchange["findings"])


@pytest.mark.rule("DT-endpoint")
@pytest.mark.parametrize(
    ("params", "observed", "fix"),
    [
        (
            {"api_key": "x"},
            "the parameter api_key, which is an old client's: two keys took its place",
            "Leave api_key out: it may be left over from an earlier call.",
        ),
        (
            {"msg_id": "1"},
            "the parameter msg_id, which is of sms.get_message and sms.delete_message",
            "Leave msg_id out: it may be left over from an earlier call.",
        ),
        (
            {"message": "Hello"},
            "the parameter message, which is of sms.send_message",
            "Leave message out: it may be left over from an earlier call.",
        ),
        (
            {"dlr_url": "http://127.0.0.1/"},
            "the parameter dlr_url, which is of sms.register_number",
            "Leave dlr_url out: it may be left over from an earlier call.",
        ),
        (
            {"nubmer": "6155550100"},
            "the unknown parameter nubmer",
            "Did you mean number? Send number instead of nubmer.",
        ),
        ({"Number": "6155550100"}, "the parameter Number", "Send number instead of Number."),
        (
            {"startDate": "20260506"},
            "the unknown parameter startDate",
            "Leave startDate out: known are access_key, action, end_date, number, secret_access_key, start_date.",
        ),
        (
            {"limit": "7"},
            "the unknown parameter limit",
            "Leave limit out: known are access_key, action, end_date, number, secret_access_key, start_date.",
        ),
    ],
)
def test_what_an_old_client_carries_along_or_spells_otherwise(
    sandbox: Driver, params: dict[str, str], observed: str, fix: str
) -> None:
    assert only(sandbox, sandbox.get_messages(**params)) == ("DT-endpoint", "note", observed, fix)


@pytest.mark.rule("DT-dates")
@pytest.mark.parametrize("name", ["startDate", "startdate", "start-date", "start_dat", "START_DATE"])
def test_a_date_by_another_name_is_named(sandbox: Driver, name: str) -> None:
    params = {"action": "sms.get_messages", **KEYS, name: "20260506", "end_date": "20260506"}
    first, *_ = summaries(findings(sandbox, sandbox.call("GET", DIALOGTECH, params=params)))
    assert first == ("DT-dates", "error", f"{name} instead of start_date", f"Send start_date instead of {name}.")


@pytest.mark.rule("SP-params")
@pytest.mark.parametrize(
    ("name", "fix"),
    [
        ("StatusCalback", "Did you mean StatusCallback? Send StatusCallback instead of StatusCalback."),
        ("status_callback", "Did you mean StatusCallback? Send StatusCallback instead of status_callback."),
        ("StatusCallbackUrl", "Did you mean StatusCallback? Send StatusCallback instead of StatusCallbackUrl."),
        ("MediaUrl", "Leave MediaUrl out: known are Body, From, StatusCallback, To."),
        ("Boddy", "Leave Boddy out: known are Body, From, StatusCallback, To."),
        ("x" * 5000, f"Leave {'x' * 5000} out: known are Body, From, StatusCallback, To."),
    ],
)
def test_a_parameter_that_is_nearly_one_is_asked_for(sandbox: Driver, name: str, fix: str) -> None:
    form = {"To": PHONE, "From": LINE, "Body": "x", name: "http://127.0.0.1:1/"}
    observed = f"the unknown parameter {name}"
    short = observed if len(observed) <= 200 else f"{observed[:200]}..."
    assert only(sandbox, submit(sandbox, form)) == ("SP-params", "note", short, fix)


@pytest.mark.rule("SP-required")
def test_a_parameter_that_is_missing_was_sent_by_another_name(sandbox: Driver) -> None:
    answer = submit(sandbox, {"To": PHONE, "From": LINE, "Boddy": "x"})
    assert summaries(findings(sandbox, answer)) == [
        ("SP-required", "error", "Boddy instead of Body", "Send Body instead of Boddy."),
        ("SP-params", "note", "the unknown parameter Boddy", "Did you mean Body? Send Body instead of Boddy."),
    ]


# Local time ----------------------------------------------------------------------------------------------------------


@pytest.mark.rule("WB-utc")
@pytest.mark.parametrize(
    ("start", "end", "shift"),
    [
        # A message of 09:00 UTC, asked for with local clocks that are behind.
        ("2026-05-06 03:55:00", "2026-05-06 04:05:00", "5 hours"),
        ("2026-05-06 05:00:00", "2026-05-06 05:00:00", "4 hours"),
        ("2026-05-06 05:25:00", "2026-05-06 05:35:00", "3.5 hours"),
        ("2026-05-05 21:00:00", "2026-05-05 21:00:00", "12 hours"),
        ("2026-05-05 00:00:00", "2026-05-05 23:59:59", "10 hours"),
        ("2026-05-06 07:30:00", "2026-05-06 08:59:59", "1 hour"),
    ],
)
def test_a_window_in_local_time_west_of_utc_is_told_so(sandbox: Driver, start: str, end: str, shift: str) -> None:
    sandbox.sid()
    answer = sandbox.writeback(start, end)
    assert (answer.status_code, answer.json()["response"]) == (200, [])
    assert only(sandbox, answer) == (
        "WB-utc",
        "note",
        f"a window without records, which has some when it begins and ends {shift} later",
        "Send both timestamps in UTC, if these are local ones of a zone behind it.",
    )


@pytest.mark.rule("WB-utc")
@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-05-06 09:00:01", "2026-05-06 09:30:00"),  # what is earlier than a window, a poller has read
        ("2026-05-06 04:01:00", "2026-05-06 04:05:00"),  # no whole half hour leads from here to 09:00:00
        ("2026-05-05 20:59:59", "2026-05-05 20:59:59"),  # a clock that is 12 hours and a second behind
        ("2026-05-01 00:00:00", "2026-05-05 20:29:59"),
        ("2026-05-06 08:59:00", "2026-05-06 09:00:00"),  # it has the message
    ],
)
def test_a_window_that_simply_is_empty_or_has_its_records_is_not(sandbox: Driver, start: str, end: str) -> None:
    sandbox.sid()
    sandbox.wall.advance(3600)
    assert findings(sandbox, sandbox.writeback(start, end)) == []


@pytest.mark.rule("WB-utc")
def test_another_consoles_records_are_not_missed(sandbox: Driver) -> None:
    sandbox.sid()
    answer = sandbox.writeback("2026-05-06 04:00:00", "2026-05-06 04:30:00", console="HARBOR1002")
    assert findings(sandbox, answer) == []


@pytest.mark.rule("DT-dates")
@pytest.mark.parametrize("number", [None, "6155550100"])
def test_days_of_a_zone_west_of_the_accounts_are_told_so(sandbox: Driver, number: str | None) -> None:
    sandbox.inbound("Hello", line="6155550100", at="2026-05-06T03:00:00Z")
    more = {} if number is None else {"number": number}
    answer = sandbox.get_messages("20260505", "20260505", **more)
    assert "[0] Message(s) Returned" in answer.text
    assert only(sandbox, answer) == (
        "DT-dates",
        "note",
        "days without messages, which have some when they begin and end 4 hours later",
        "Name days of the account's zone, UTC; or set its zone to yours (PATCH accounts/{access_key}).",
    )
    sandbox.control("PATCH", f"/accounts/{KEYS['access_key']}", {"zone": "America/Chicago"})
    assert "[1] Message(s) Returned" in sandbox.get_messages("20260505", "20260505", **more).text
    assert findings(sandbox) == []


@pytest.mark.rule("DT-dates")
@pytest.mark.parametrize("params", [{"start_date": "20260507", "end_date": "20260507"}, {"number": "6155550101"}])
def test_days_or_numbers_that_simply_have_no_messages_are_not(sandbox: Driver, params: dict[str, str]) -> None:
    sandbox.send(tracking_number="6155550100")
    sandbox.wall.advance(3 * 24 * 60 * 60)
    answer = sandbox.get_messages(**{"start_date": "20260505", "end_date": "20260505", **params})
    assert findings(sandbox, answer) == []


@pytest.mark.rule("NET-length")
@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("a" * 918, None),
        ("a" * 919, 7),
        ("\u0436" * 402, None),
        ("\u0436" * 403, 7),
        ("\u20ac" * 460, 7),
        ("a" * 100_000, 654),
    ],
)
def test_a_text_of_more_than_six_segments_is_taken_and_noted(sandbox: Driver, text: str, count: int | None) -> None:
    answer = submit(sandbox, {"To": PHONE, "From": LINE, "Body": text})
    assert (answer.status_code, answer.json()["body"]) == (200, text)
    fix = "Keep texts within 6 segments: 918 characters of GSM-7, or 402 of others."
    noted = [] if count is None else [("NET-length", "note", f"a Body of {count} segments", fix)]
    assert summaries(findings(sandbox, answer)) == noted


@pytest.mark.rule("SP-msisdn", "SP-from")
@pytest.mark.parametrize(
    ("form", "observed", "fix"),
    [
        (
            {"To": "10155550123", "From": LINE},
            "To '10155550123', whose area code or exchange begins with 0 or 1",
            "Send To as 11 to 15 digits with the country code, as 14155550123.",
        ),
        ({"To": PHONE, "From": "72-345"}, "From '72-345'", "Send 72345 instead of 72-345."),
        (
            {"To": PHONE, "From": " 72345"},
            "From ' 72345'",
            "Send 72345 instead of ' 72345': a bare + in a form or a query string is a blank, and a plus sign (%2B) is"
            " not taken either.",
        ),
        (
            {"To": PHONE, "From": "7234"},
            "From '7234'",
            "Send From as 11 to 15 digits with the country code, as 14155550123 or a short code of 5 or 6 digits.",
        ),
    ],
)
def test_numbers_that_cannot_be(sandbox: Driver, form: dict[str, str], observed: str, fix: str) -> None:
    assert only(sandbox, submit(sandbox, {**form, "Body": "x"})) == ("SP-msisdn", "error", observed, fix)


# Refusals ---------------------------------------------------------------------------------------------------------

CREDENTIALS = "username and password of the workspace, as GET /_sandbox/workspaces/default shows them"
TO_READ = "/dialoghealth-writeback-api/api/responses/{consoleCode}/{startTimestamp}/{endTimestamp}"


@pytest.mark.parametrize(
    ("headers", "observed", "fix"),
    [
        ({}, "no Authorization header", f"Send Authorization: Basic with {CREDENTIALS}."),
        (
            {"Authorization": "Bearer abc"},
            "Authorization: Bearer",
            f"Send Authorization: Basic instead, with {CREDENTIALS}.",
        ),
        ({"Authorization": "Basic eDp5"}, "Basic credentials that no workspace has", f"Send {CREDENTIALS}."),
    ],
)
def test_wrong_credentials(sandbox: Driver, headers: dict[str, str], observed: str, fix: str) -> None:
    assert only(sandbox, read(sandbox, f"{CONSOLE}/{DAY}", auth=None, headers=headers)) == (
        "WB-auth",
        "error",
        observed,
        fix,
    )


@pytest.mark.parametrize(
    ("start", "observed", "fix"),
    [
        (
            "2026-05-06+00:00:00",
            "startTimestamp '2026-05-06+00:00:00', a blank written as +, which in a path is a plus sign",
            "Send 2026-05-06%2000:00:00 instead of 2026-05-06+00:00:00.",
        ),
        (
            "2026-05-06T02:00:00+02:00",
            "startTimestamp '2026-05-06T02:00:00+02:00', ISO 8601",
            "Send 2026-05-06%2000:00:00 instead of 2026-05-06T02:00:00+02:00.",
        ),
        (
            "2026-05-06T00:00:00.123Z",
            "startTimestamp '2026-05-06T00:00:00.123Z', ISO 8601",
            "Send 2026-05-06%2000:00:00 instead of 2026-05-06T00:00:00.123Z.",
        ),
        (
            "2026-05-06%2000:00",
            "startTimestamp '2026-05-06 00:00', a time without seconds",
            "Send 2026-05-06%2000:00:00 instead of 2026-05-06 00:00.",
        ),
        (
            "05%2F06%2F2026",
            "startTimestamp '05/06/2026', an American date",
            "Send 2026-05-06%2000:00:00 instead of 05/06/2026.",
        ),
        (
            "1778025600",
            "startTimestamp '1778025600', seconds since 1970",
            "Send 2026-05-06%2000:00:00 instead of 1778025600.",
        ),
        (
            "Wed,%2006%20May%202026%2000:00:00%20GMT",
            "startTimestamp 'Wed, 06 May 2026 00:00:00 GMT', a date as in e-mails",
            "Send 2026-05-06%2000:00:00 instead of Wed, 06 May 2026 00:00:00 GMT.",
        ),
        (
            "2026-02-30%2000:00:00",
            "startTimestamp '2026-02-30 00:00:00', a date or time that does not exist",
            "Send a date and a time of the calendar.",
        ),
        ("yesterday", "startTimestamp 'yesterday'", "Write startTimestamp as YYYY-MM-DD%20HH:mm:ss in UTC."),
    ],
)
def test_a_timestamp_in_another_format(sandbox: Driver, start: str, observed: str, fix: str) -> None:
    answer = read(sandbox, f"{CONSOLE}/{start}/2026-05-06%2023:59:59")
    assert only(sandbox, answer) == ("WB-timestamp", "error", observed, fix)


def test_the_timestamp_that_is_wrong_is_the_one_that_is_named(sandbox: Driver) -> None:
    rule, _, observed, _ = only(sandbox, read(sandbox, f"{CONSOLE}/2026-05-06%2000:00:00/x"))
    assert (rule, observed) == ("WB-timestamp", "endTimestamp 'x'")


def test_a_timestamp_that_is_encoded_twice(sandbox: Driver) -> None:
    assert only(sandbox, read(sandbox, f"{CONSOLE}/2026-05-06%252000:00:00/2026-05-06%2023:59:59")) == (
        "WB-timestamp",
        "error",
        "startTimestamp '2026-05-06%2000:00:00', percent-encoded twice",
        "Send 2026-05-06%2000:00:00 instead of 2026-05-06%252000:00:00: encode it once.",
    )


def test_ranges(sandbox: Driver) -> None:
    answer = read(sandbox, f"{CONSOLE}/2026-05-06%2000:00:00/2026-05-05%2000:00:00")
    observed = "from 2026-05-06 00:00:00 to 2026-05-05 00:00:00"
    assert only(sandbox, answer) == ("WB-range", "error", observed, "Send the earlier one as startTimestamp.")
    answer = read(sandbox, f"{CONSOLE}/2026-05-01%2000:00:00/2026-05-31%2000:00:00")
    fix = "Ask for 7 days at most: end with 2026-05-08 00:00:00, and ask for the rest after that."
    assert only(sandbox, answer)[3] == fix


@pytest.mark.parametrize(
    ("code", "fix"),
    [
        ("harbor1001", "Send HARBOR1001 instead of harbor1001."),
        ("WEBMAG6745", "Send one of this workspace's consoles: HARBOR1001, HARBOR1002."),
    ],
)
def test_a_console_that_is_none(sandbox: Driver, code: str, fix: str) -> None:
    codes = [console["code"] for console in sandbox.control("GET", "")["consoles"]]
    fix = fix.replace("HARBOR1001, HARBOR1002", ", ".join(codes))
    assert only(sandbox, read(sandbox, f"{code}/{DAY}")) == ("WB-console", "error", f"console {code!r}", fix)
    assert only(sandbox, sandbox.submit(console=code)) == ("SP-console", "error", f"console {code!r}", fix)


def test_paths_and_methods_that_are_none(sandbox: Driver) -> None:
    path = "/dialoghealth-writeback-api/x"
    assert only(sandbox, sandbox.call("GET", path)) == (
        *("WB-error", "error", f"GET {path}"),
        f"Call {TO_READ}, without a slash at its end.",
    )
    rule, level, _, fix = only(sandbox, read(sandbox, f"{CONSOLE}/{DAY}", "POST"))
    assert (rule, level, fix) == ("WB-method", "error", "Send GET instead of POST.")
    rule, level, _, fix = only(sandbox, sandbox.call("GET", f"{SIMPLEPAY}/submit/{CONSOLE}"))
    assert (rule, level, fix) == ("SP-other", "error", "Send POST instead of GET.")
    answer = sandbox.call("POST", f"{SIMPLEPAY}/messages/{CONSOLE}/x", auth=DEMO)
    assert only(sandbox, answer)[3] == "Send GET instead of POST."
    assert only(sandbox, sandbox.call("GET", SIMPLEPAY))[0] == "SP-other"
    assert only(sandbox, sandbox.call("PUT", DIALOGTECH))[3] == "Send GET or POST instead of PUT."
    assert only(sandbox, sandbox.call("GET", f"{DIALOGTECH}/"))[3] == "Call /ibp_api.php, without a slash at its end."


@pytest.mark.parametrize(
    ("name", "written", "fix"),
    [
        ("To", "+14155550123", "Send 14155550123 instead of +14155550123."),
        ("To", "4155550123", "Send 14155550123 instead of 4155550123."),
        ("From", "(615) 555-0110", "Send 16155550110 instead of (615) 555-0110."),
        ("To", "Ada", "Send To as 11 to 15 digits with the country code, as 14155550123."),
    ],
)
def test_a_number_in_another_form(sandbox: Driver, name: str, written: str, fix: str) -> None:
    answer = submit(sandbox, {"To": PHONE, "From": LINE, "Body": "Hello", name: written})
    assert only(sandbox, answer) == ("SP-msisdn", "error", f"{name} {written!r}", fix)


@pytest.mark.parametrize(
    ("options", "observed", "fix"),
    [
        ({"data": {"To": PHONE, "From": LINE, "Body": ""}}, "an empty Body", "Give Body a value."),
        ({"data": {"To": PHONE, "From": LINE}}, "no Body", "Send Body in the query string or as a form field."),
        (
            {"data": None, "json": {"To": PHONE}},
            "no To, and a body of application/json",
            "Send a form (application/x-www-form-urlencoded) instead of application/json.",
        ),
    ],
)
def test_a_parameter_that_is_missing(sandbox: Driver, options: Any, observed: str, fix: str) -> None:
    assert only(sandbox, submit(sandbox, {}, **options)) == ("SP-required", "error", observed, fix)


BARE_PLUS = "a bare + in a form or a query string is a blank, and a plus sign (%2B) is not taken either"
FORM_KIND = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize(
    ("query", "form", "observed", "fix"),
    [
        ("", b"To=+14153755156", "To ' 14153755156'", f"Send 14153755156 instead of ' 14153755156': {BARE_PLUS}."),
        ("?To=+14153755156", b"", "To ' 14153755156'", f"Send 14153755156 instead of ' 14153755156': {BARE_PLUS}."),
        ("", b"To=%2014153755156", "To ' 14153755156'", "Send 14153755156 instead of ' 14153755156'."),
        ("", b"To=14153755156%20", "To '14153755156 '", "Send 14153755156 instead of '14153755156 '."),
    ],
)
def test_a_number_with_a_blank_at_its_end(sandbox: Driver, query: str, form: bytes, observed: str, fix: str) -> None:
    content = f"From={LINE}&Body=Hello&".encode() + form
    path = f"{SIMPLEPAY}/submit/{CONSOLE}{query}".encode()
    answer = sandbox.call("POST", path, auth=DEMO, content=content, headers=FORM_KIND)
    assert only(sandbox, answer) == ("SP-msisdn", "error", observed, fix)


def test_a_blank_where_a_path_or_a_query_names_a_number(sandbox: Driver) -> None:
    answer = sandbox.call("DELETE", f"{SIMPLEPAY}/optout/{CONSOLE}/%2014153755156".encode(), auth=DEMO)
    assert only(sandbox, answer)[3] == "Send 14153755156 instead of ' 14153755156'."
    assert only(sandbox, sandbox.get_messages(number="5554443210 "))[3] == "Send 5554443210 instead of '5554443210 '."
    query = "&".join(f"{name}={value}" for name, value in {"action": "sms.get_messages", **KEYS}.items())
    path = f"{DIALOGTECH}?{query}&start_date=20260506&end_date=20260506&number=+15554443210"
    fix = f"Send 5554443210 instead of ' 15554443210': {BARE_PLUS}."
    assert only(sandbox, sandbox.call("GET", path.encode()))[3] == fix


FORM_INSTEAD = "Send a form (application/x-www-form-urlencoded) instead of application/json."


def test_a_body_that_is_not_read_is_why_its_parameters_are_missing(sandbox: Driver) -> None:
    form = f"To={PHONE}&From={LINE}&Body=Hello".encode()
    zipped = {**FORM_KIND, "Content-Encoding": "gzip"}
    fix = "Send the form uncompressed: compressed bodies are not read."
    answer = submit(sandbox, {}, data=None, content=gzip.compress(form), headers=zipped)
    assert only(sandbox, answer) == ("SP-params", "error", "a body with Content-Encoding: gzip", fix)
    answer = sandbox.call("POST", DIALOGTECH, content=gzip.compress(b"action=x"), headers=zipped)
    assert only(sandbox, answer) == ("DT-endpoint", "error", "a body with Content-Encoding: gzip", fix)


def test_a_json_body_with_the_right_names(sandbox: Driver) -> None:
    asked = {"action": "sms.get_messages", **KEYS, "start_date": "20260506", "end_date": "20260506"}
    observed = "no access_key and no secret_access_key, and a body of application/json"
    assert only(sandbox, sandbox.call("POST", DIALOGTECH, json=asked)) == ("DT-auth", "error", observed, FORM_INSTEAD)
    found = only(sandbox, sandbox.call("POST", DIALOGTECH, params=KEYS, json=asked))
    assert found == ("DT-action", "error", "no action, and a body of application/json", FORM_INSTEAD)
    answer = sandbox.call("POST", DIALOGTECH, headers={"Content-Type": "application/json"})
    assert only(sandbox, answer)[2] == "no access_key and no secret_access_key"
    answer = sandbox.call("POST", DIALOGTECH, content=b"action=x")
    assert only(sandbox, answer)[2:] == (
        "no access_key and no secret_access_key, and a body without Content-Type",
        "Send a form (application/x-www-form-urlencoded).",
    )


def test_a_fault_that_cannot_be_asked_for_so(sandbox: Driver) -> None:
    rule, level, observed, fix = only(
        sandbox, read(sandbox, f"{CONSOLE}/{DAY}", headers={"X-Sandbox-Fault": "sttus=503"})
    )
    assert (rule, level, observed) == ("NET-fault", "error", "X-Sandbox-Fault: sttus=503")
    assert fix.startswith("X-Sandbox-Fault cannot be read: write parts as status=503")


def test_a_parameter_in_another_case(sandbox: Driver) -> None:
    assert summaries(findings(sandbox, submit(sandbox, {"to": PHONE, "From": LINE, "Body": "Hello"}))) == [
        ("SP-required", "error", "to instead of To", "Send To instead of to."),
        ("SP-params", "note", "the parameter to", "Send To instead of to."),
    ]


def test_a_status_callback_that_is_none(sandbox: Driver) -> None:
    observed, fix = "StatusCallback 'example.com/x'", "Send http://example.com/x instead of example.com/x."
    assert only(sandbox, sandbox.submit(callback="example.com/x")) == ("SP-callback", "error", observed, fix)


def test_a_number_that_is_there_to_be_refused(sandbox: Driver) -> None:
    fix = "Send to another number: this one is there to be refused (GET /_sandbox/handset-numbers)."
    assert only(sandbox, sandbox.submit(to="14155550170")) == ("NET-handsets", "error", "To 14155550170", fix)


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({"action": "x"}, ("DT-action", "error", "action 'x'", f"Send {ACTION_NAMES} instead of x.")),
        (
            {"action": ""},
            ("DT-action", "error", "no action", f"Send action={ACTION_NAMES.replace(' or ', ' or action=')}."),
        ),
        (
            {"start_date": "2026-05-06"},
            (
                "DT-dates",
                "error",
                "start_date '2026-05-06', a date as in ISO 8601, which is how an old client documents it",
                "Send 20260506 instead of 2026-05-06.",
            ),
        ),
        ({"end_date": ""}, ("DT-dates", "error", "no end_date", "Send end_date as YYYYMMDD.")),
        (
            {"start_date": "20260507"},
            ("DT-dates", "error", "start_date 20260507, end_date 20260506", "Send the earlier one as start_date."),
        ),
        (
            {"start_date": "20260230"},
            ("DT-dates", "error", "start_date '20260230'", "Write start_date as YYYYMMDD, a day of the calendar."),
        ),
        (
            {"number": "(615) 555-0100"},
            ("DT-number", "error", "number '(615) 555-0100'", "Send 6155550100 instead of (615) 555-0100."),
        ),
    ],
)
def test_what_dialogtech_refuses(sandbox: Driver, params: dict[str, str], found: Any) -> None:
    assert only(sandbox, sandbox.get_messages(**params)) == found


def test_keys_of_nobody(sandbox: Driver) -> None:
    assert only(sandbox, sandbox.get_messages(secret_access_key=""))[2] == "no secret_access_key"
    assert only(sandbox, sandbox.get_messages(secret_access_key="xyzxyz"))[2] == "keys that are not those of an account"


def test_a_web_page_of_another_origin(sandbox: Driver) -> None:
    answer = read(sandbox, f"{CONSOLE}/{DAY}", headers={"Origin": "http://evil.example"})
    fix = "Call from a server: a web page of another origin is refused."
    assert only(sandbox, answer) == ("NET-origin", "error", "Origin: http://evil.example", fix)


@pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.name)
@given(
    path=st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=20),
    method=st.sampled_from(["GET", "POST"]),
)
def test_every_refusal_has_exactly_one_error(sandbox: Driver, vendor: Any, path: str, method: str) -> None:
    raw = f"{vendor.prefix}/{path}".encode().replace(b" ", b"%20").replace(b"?", b"%3F").replace(b"#", b"%23")
    found = findings(sandbox, sandbox.call(method, raw))
    assert [each["level"] for each in found if each["level"] == "error"] == ["error"]


# Slips that are tolerated -----------------------------------------------------------------------------------------


def test_the_references_own_slips_are_notes(sandbox: Driver) -> None:
    sid = sandbox.sid()
    fix = "Send GET instead of PUT, which is the reference's sample's."
    assert only(sandbox, read(sandbox, f"{CONSOLE}/{DAY}", "PUT")) == ("WB-method", "note", "PUT", fix)
    fix = "Send GET instead of DELETE, which is the reference's sample's and deletes nothing."
    answer = sandbox.call("DELETE", f"{SIMPLEPAY}/messages/{CONSOLE}/{sid}", auth=DEMO)
    assert only(sandbox, answer) == ("SP-details", "note", "DELETE", fix)
    query = "&action=sms.get_messages&start_date=20260506&end_date=20260506"
    keys = "&".join(f"{name}={value}" for name, value in KEYS.items())
    fix = "Leave out the & that stands before, after or between no parameters."
    answer = sandbox.call("GET", f"{DIALOGTECH}?{query}&{keys}".encode())
    assert only(sandbox, answer) == ("DT-endpoint", "note", "an empty pair in the query string", fix)


def test_a_sender_that_is_not_the_consoles_line(sandbox: Driver) -> None:
    fix = f"Send {LINE}, the console's line, instead of 14155550199."
    assert only(sandbox, sandbox.submit(sender="14155550199")) == ("SP-from", "note", "From 14155550199", fix)


def test_parameters_that_are_unknown(sandbox: Driver) -> None:
    answer = submit(sandbox, {"To": PHONE, "From": LINE, "Body": "Hello", "Priority": "1", "body": "x"})
    known = "Body, From, StatusCallback, To"
    assert summaries(findings(sandbox, answer)) == [
        ("SP-params", "note", "the parameter body", "Send Body instead of body."),
        ("SP-params", "note", "the unknown parameter Priority", f"Leave Priority out: known are {known}."),
    ]
    rule, level, observed, _ = only(sandbox, sandbox.get_messages(page="2"))
    assert (rule, level, observed) == ("DT-endpoint", "note", "the unknown parameter page")
    fix = "Leave it out: all that is asked is in the path."
    answer = read(sandbox, f"{CONSOLE}/{DAY}?page=2")
    assert only(sandbox, answer) == ("WB-error", "note", "a query string", fix)


def test_windows_that_lie_ahead(sandbox: Driver) -> None:
    answer = read(sandbox, f"{CONSOLE}/2026-05-07%2000:00:00/2026-05-08%2000:00:00")
    fix = "Ask for a time that has begun: this one is ahead."
    assert only(sandbox, answer) == ("WB-window", "note", "startTimestamp 2026-05-07 00:00:00", fix)
    fix = "Ask for a day that has begun: this one is ahead."
    answer = sandbox.get_messages("20260507", "20260508")
    assert only(sandbox, answer) == ("DT-dates", "note", "start_date 20260507", fix)


def test_a_number_with_the_country_code(sandbox: Driver) -> None:
    fix = "Send 6155550100 instead of 16155550100."
    assert only(sandbox, sandbox.get_messages(number="16155550100")) == (
        "DT-number",
        "note",
        "number 16155550100",
        fix,
    )


def test_an_optout_of_a_formatted_number_is_an_error_though_it_is_answered_200(sandbox: Driver) -> None:
    answer = sandbox.call("DELETE", f"{SIMPLEPAY}/optout/{CONSOLE}/+{PHONE}".encode(), auth=DEMO)
    fix = f"Send {PHONE} instead of +{PHONE}."
    assert only(sandbox, answer) == ("SP-optout", "error", f"msisdn '+{PHONE}'", fix)


@pytest.mark.rule("SP-console")
def test_an_optout_or_a_question_at_a_console_that_is_none_is_an_error_though_it_is_answered_200(
    sandbox: Driver,
) -> None:
    codes = ", ".join(console["code"] for console in sandbox.control("GET", "")["consoles"])
    sid = sandbox.sid()
    for code, fix in (
        ("ABCDEF1234", f"Send one of this workspace's consoles: {codes}."),
        ("harbor1001", "Send HARBOR1001 instead of harbor1001."),
    ):
        found = ("SP-console", "error", f"console {code!r}", fix)
        answer = sandbox.call("DELETE", f"{SIMPLEPAY}/optout/{code}/{PHONE}", auth=DEMO)
        assert (answer.status_code, answer.json()) == (200, {"msisdn": "Recipient not found"})
        assert only(sandbox, answer) == found
        answer = sandbox.call("GET", f"{SIMPLEPAY}/messages/{code}/{sid}", auth=DEMO)
        assert (answer.status_code, answer.json()["status"]) == (200, "UNKNOWN")
        assert only(sandbox, answer) == found


@pytest.mark.rule("SP-details-unknown")
def test_an_id_of_another_kind_is_noted_where_it_tells_which_message_is_meant(sandbox: Driver) -> None:
    sid = sandbox.sid()
    ids = sandbox.message(sid)
    inbound = sandbox.inbound("Hello")["inbound"]
    console = sandbox.control("POST", "/consoles", {"name": "Night desk"})["code"]
    other = sandbox.send(console=console)["ids"]["sid"]
    text = sandbox.send(tracking_number="6155550100")["ids"]["msg_id"]
    rest = "Send the sid that a submit answered: only what a console sent has one."
    for asked, observed, fix in (
        ("", "an empty MessageID", "Send the sid that the submit answered."),
        (sid.lower(), f"MessageID {sid.lower()!r}", f"Send {sid}, the message's sid, instead of {sid.lower()}."),
        (f"{sid} ", f"MessageID '{sid} '", f"Send {sid}, the message's sid, instead of '{sid} '."),
        *(
            (each, f"MessageID {each!r}", f"Send {sid}, the message's sid, instead of {each}.")
            for each in (ids["ids"]["outgoing_message_id"], ids["id"])
        ),
        (
            other,
            f"MessageID {other!r}, a message of console {console}",
            f"Send {console}/{other} instead of {CONSOLE}/{other}.",
        ),
        *((each, f"MessageID {each!r}, of a message without a sid", rest) for each in (text, inbound["id"])),
    ):
        answer = sandbox.call("GET", f"{SIMPLEPAY}/messages/{CONSOLE}/{asked.replace(' ', '%20')}", auth=DEMO)
        assert answer.json() == {"extMessageReference": asked, "body": None, "to": None, "status": "UNKNOWN"}
        assert only(sandbox, answer) == ("SP-details-unknown", "note", observed, fix)


def test_an_id_or_a_phone_that_nobody_knows_tells_nothing(sandbox: Driver) -> None:
    assert sandbox.details("2721Z-0622U-14171-480RH")["status"] == "UNKNOWN"
    assert findings(sandbox) == []
    assert sandbox.optout("14155550188") == {"msisdn": "Recipient not found"}
    assert findings(sandbox) == []


@pytest.mark.rule("NET-http")
def test_a_body_where_none_is_read(sandbox: Driver) -> None:
    answer = read(sandbox, f"{CONSOLE}/{DAY}", content=b"x")
    assert answer.status_code == 200
    fix = "Send it without a body: none is read."
    assert only(sandbox, answer) == ("NET-http", "note", "a body on GET", fix)


def scope(**changes: Any) -> dict[str, Any]:
    """A get_messages that is right, as a server hands it on."""
    keys = "&".join(f"{name}={value}" for name, value in KEYS.items())
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": DIALOGTECH,
        "raw_path": DIALOGTECH.encode(),
        "query_string": f"action=sms.get_messages&start_date=20260506&end_date=20260506&{keys}".encode(),
        "headers": [],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 2),
        **changes,
    }


def send_raw(sandbox: Driver, **changes: Any) -> bytes:
    """The body of the answer."""
    sent: list[bytes] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message.get("body", b""))

    asyncio.run(sandbox.app(scope(**changes), receive, send))
    return b"".join(sent)


@pytest.mark.rule("NET-http")
def test_http_1_0(sandbox: Driver) -> None:
    assert b"<result>success</result>" in send_raw(sandbox, http_version="1.0")
    assert summaries(findings(sandbox)) == [("NET-http", "note", "HTTP/1.0", "Send HTTP/1.1 instead of HTTP/1.0.")]


@pytest.mark.rule("NET-keys")
@pytest.mark.parametrize(
    ("changes", "is_noted"),
    [
        ({"client": ("192.0.2.7", 1)}, True),
        ({"client": ("2001:db8::1", 1)}, True),
        ({"client": ("127.8.8.8", 1)}, False),
        ({"client": ("::1", 1)}, False),
        ({"client": ("::ffff:127.0.0.1", 1)}, False),
        ({"client": ("::ffff:192.0.2.7", 1)}, True),
        ({"client": None}, False),
        ({"client": ("192.0.2.7", 1), "scheme": "https"}, False),
        ({"client": ("192.0.2.7", 1), "headers": [(b"x-forwarded-proto", b"https")]}, False),
    ],
)
def test_keys_that_others_can_read_are_noted_and_no_error(sandbox: Driver, changes: Any, is_noted: bool) -> None:
    assert b"<result>success</result>" in send_raw(sandbox, **changes)
    fix = "Send them over https, or in the form of a POST."
    found = [("NET-keys", "note", "keys in the query string of a plain http connection", fix)]
    assert summaries(findings(sandbox)) == (found if is_noted else [])
    sandbox.control("POST", "/verify", {"no_findings": True}, status=200)


# All of them ------------------------------------------------------------------------------------------------------


def test_entries_are_found_by_the_level_of_their_findings(sandbox: Driver) -> None:
    sandbox.submit()
    answers = sandbox.submit(sender="14155550199"), sandbox.submit(to="x"), submit(sandbox, {"to": PHONE})
    second, third, fourth = (answer.headers["x-sandbox-exchange"] for answer in answers)

    def ids(level: str) -> list[str]:
        return [entry["id"] for entry in sandbox.control("GET", f"/journal?findings={level}")["items"]]

    assert (ids("error"), ids("note")) == ([third, fourth], [second, fourth])


def test_every_finding_names_a_rule_that_there_is(sandbox: Driver) -> None:
    test_parameters_that_are_unknown(sandbox)
    test_the_references_own_slips_are_notes(sandbox)
    listed = {rule.id for vendor in VENDORS for rule in vendor.rules} | {rule.id for rule in NETWORK_RULES}
    entries = sandbox.control("GET", "/journal")["items"]
    found = [each for entry in entries for each in entry["findings"]]
    assert found
    assert {each["rule"] for each in found} <= listed
    assert all(each["explanation"] for each in found)


def test_no_finding_tells_a_secret(sandbox: Driver) -> None:
    secret = KEYS["secret_access_key"]
    answers = [
        sandbox.call("GET", f"{WRITEBACK}/{CONSOLE}/{secret}/{secret}", auth=("demo", secret)),
        sandbox.get_messages(action=secret, number=secret, access_key=secret, secret_access_key=secret),
        sandbox.call("GET", f"{DIALOGTECH}/{secret}?secret_access_key={secret}"),
        submit(sandbox, {"To": secret, "password": secret}),
    ]
    for answer in answers:
        found = json.dumps(findings(sandbox, answer))
        assert secret not in found
