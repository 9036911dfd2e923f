"""What any call of the control API is refused for: each status, each text, and nothing of what was sent in it."""

import asyncio
import gzip
import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from counter import counted
from driver import CONSOLE, DEFAULT, PHONE, STRANGER, Driver

from dialog_sandbox.models.values import PATTERNS
from sandbox.server.problems import REFUSALS
from sandbox.store import Conflict, StoreRefused
from sandbox.world import errors, people

MESSAGES = f"{DEFAULT}/messages"


def request_schemas(read: dict[str, Any]) -> list[dict[str, Any]]:
    """The schemas of all that a call of the control API can be given, in its OpenAPI document."""
    operations = [operation for item in read["paths"].values() for operation in item.values()]
    parts = [operation.get(part, []) for operation in operations for part in ("parameters", "requestBody")]
    return list(within(read, parts, set()))


def within(read: dict[str, Any], schema: Any, visited: set[str]) -> Iterator[dict[str, Any]]:
    """Every schema in it, and in what it refers to."""
    if isinstance(schema, list):
        for each in schema:
            yield from within(read, each, visited)
    elif isinstance(schema, dict):
        yield schema
        name = str(schema.get("$ref", "")).rpartition("/")[2]
        if name and name not in visited:
            yield from within(read, read["components"]["schemas"][name], visited | {name})
        for each in schema.values():
            yield from within(read, each, visited)


def problem(status: int, title: str, detail: str, **members: Any) -> dict[str, Any]:
    name = title.lower().replace(" ", "-")
    return {"type": f"urn:dialog-sandbox:{name}", "title": title, "status": status, "detail": detail, **members}


def invalid(place: str, member: str, detail: str) -> dict[str, Any]:
    found = {"in": place, "member": member, "detail": detail}
    return problem(422, "Invalid request", f"{member} {detail}.", errors=[found])


def post(sandbox: Driver, body: bytes, content_type: str | None = "application/json") -> httpx.Response:
    headers = {"content-type": content_type} if content_type else {}
    answer = sandbox.call("POST", MESSAGES, content=body, headers=headers)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.status_code == answer.json()["status"]
    return answer


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b'{"text": ', "see line 1, column 10"),
        (b'{"text":\n "a" "b"}', "see line 2, column 6"),
        (b'{"text": "\xff"}', "byte 11 is not UTF-8"),
        (b'{"text": NaN}', "NaN and Infinity are not numbers in JSON"),
        (b'{"text": -Infinity}', "NaN and Infinity are not numbers in JSON"),
        (b'{"text": ' + b"9" * 5000 + b"}", "a number is too long, or the nesting too deep"),
        (b"[" * 200_000, "a number is too long, or the nesting too deep"),
        (b"\xff\xfe{\x00}\x00", "byte 1 is not UTF-8"),
    ],
    ids=["cut off", "no comma", "bad UTF-8", "NaN", "Infinity", "a huge number", "deep", "UTF-16"],
)
def test_a_body_that_is_not_json_is_400(sandbox: Driver, body: bytes, why: str) -> None:
    assert post(sandbox, body).json() == problem(400, "Unreadable body", f"The body is not JSON: {why}.")


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/x-www-form-urlencoded", "json"])
def test_a_body_of_another_type_is_415(sandbox: Driver, content_type: str | None) -> None:
    detail = "Send the body as JSON, with Content-Type: application/json."
    assert post(sandbox, b"{}", content_type).json() == problem(415, "Not JSON", detail)


def test_a_byte_order_mark_before_json_is_passed_over(sandbox: Driver) -> None:
    body = '{"console": "HARBOR1001", "to": "14155550123", "text": "\ufeffHello"}'.encode("utf-8-sig")
    answer = sandbox.call("POST", MESSAGES, content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["text"]) == (201, "\ufeffHello")


@pytest.mark.parametrize("coding", ["gzip", "br", "GZIP, identity"])
def test_a_compressed_body_is_415_by_its_name(sandbox: Driver, coding: str) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": coding}
    answer = sandbox.call("POST", MESSAGES, content=gzip.compress(b"{}"), headers=headers)
    detail = f"Send the body without Content-Encoding: {coding} is not read here."
    assert answer.json() == problem(415, "Compressed body", detail)
    assert answer.headers["accept-encoding"] == "identity"
    answer = sandbox.call("PUT", f"{DEFAULT}/snapshots/x", content=b"x", headers={"Content-Encoding": coding})
    assert answer.json() == problem(415, "Compressed body", detail)
    sink = sandbox.control("PUT", "/sinks/mine", {"status": 202})["url"]
    assert sandbox.call("POST", sink, content=b"x", headers=headers).status_code == 202


def test_json_may_name_its_charset(sandbox: Driver) -> None:
    answer = post(sandbox, b"{}", "Application/JSON; charset=utf-8")
    assert answer.status_code == 422


def test_a_body_over_1_mib_is_413(sandbox: Driver) -> None:
    answer = post(sandbox, b" " * (1024 * 1024 + 1))
    assert answer.json() == problem(413, "Body too large", "Send at most 1048576 bytes.")
    assert post(sandbox, b" " * (1024 * 1024)).status_code == 400


NOT_TEXT = "must be Unicode text without U+0000 and lone surrogates"


@pytest.mark.parametrize(
    ("body", "member", "detail"),
    [
        (b'{"text": "\\ud800"}', "text", NOT_TEXT),
        (b'{"text": "a\\u0000b"}', "text", NOT_TEXT),
        (b'{"to": ["a", {"b": "\\udfff"}]}', "to[1].b", NOT_TEXT),
        (b'"\\udfff"', "body", NOT_TEXT),
        (b'{"\\ud800": 1}', "body", f"has a member whose name {NOT_TEXT}"),
        (b'{"a": {"\\u0000": 1}}', "a", f"has a member whose name {NOT_TEXT}"),
    ],
)
def test_what_is_no_text_is_refused_by_name(sandbox: Driver, body: bytes, member: str, detail: str) -> None:
    assert post(sandbox, body).json() == invalid("body", member, detail)


def test_every_wrong_member_is_named_and_no_value_repeated(sandbox: Driver) -> None:
    body = b'{"console": 7, "text": "", "frm": "secret", "to": "12", "at": "yesterday", "force": true}'
    answer = post(sandbox, body)
    known = "is not known; known are console, tracking_number, to, text, message_type, sent_by, at"
    assert answer.json()["errors"] == [
        {"in": "body", "member": "console", "detail": "must be text"},
        {
            "in": "body",
            "member": "to",
            "detail": "must be a telephone number, as 16155550123, +16155550123 or 6155550123",
        },
        {"in": "body", "member": "text", "detail": "must have at least 1 character"},
        {
            "in": "body",
            "member": "at",
            "detail": "must be a time from 1970 on with its zone, as 2026-05-06T09:00:00Z (in a query string + is %2B)",
        },
        {"in": "body", "member": "frm", "detail": known},
        {"in": "body", "member": "force", "detail": known},
    ]
    assert "secret" not in answer.text


def test_no_more_than_20_wrong_members_are_named(sandbox: Driver) -> None:
    answer = post(sandbox, json.dumps(dict.fromkeys(map(str, range(1000)), "secret")).encode()).json()
    assert [each["member"] for each in answer["errors"]] == ["to", "text", *map(str, range(18))]
    assert answer["detail"].count("is not known") == 18


def test_an_unknown_workspace_counts_before_what_is_wrong_with_the_body(sandbox: Driver) -> None:
    answer = sandbox.call("POST", "/_sandbox/workspaces/other/messages", json={})
    assert (answer.status_code, answer.json()["title"]) == (404, "Unknown workspace")


def test_a_long_name_is_cut(sandbox: Driver) -> None:
    answer = post(sandbox, b'{"to": "6155550123", "text": "a", "console": "A", "' + b"x" * 5000 + b'": 1}')
    assert answer.json()["errors"][0]["member"] == "x" * 60 + "..."


@pytest.mark.parametrize(
    ("call", "member", "detail"),
    [
        ("GET /callbacks?after=12", "after", "must be the 'next' of a page, as cb_00000017"),
        ("GET /journal?after=12", "after", "must be the 'next' of a page, as an exchange's id"),
        ("GET /consents?after=12", "after", "must be the 'next' of a page"),
        ("GET /phones?after=12", "after", "must be the 'next' of a page"),
        ("PUT /sinks/a.b", "name", "must be 1 to 64 letters, digits, - and _"),
        (
            "PUT /snapshots/-a",
            "name",
            "must be 1 to 100 letters, digits, - . and _, and begin with a letter or digit",
        ),
    ],
)
def test_what_a_text_must_look_like_is_said_in_words(sandbox: Driver, call: str, member: str, detail: str) -> None:
    method, _, path = call.partition(" ")
    place = "query" if "?" in path else "path"
    assert sandbox.control(method, path, status=422) == invalid(place, member, detail)


def test_every_pattern_has_words(sandbox: Driver) -> None:
    read = sandbox.call("GET", "/_sandbox/openapi.json").json()
    found = {schema["pattern"] for schema in request_schemas(read) if "pattern" in schema}
    assert len(found) > 5
    assert found <= set(PATTERNS)


@pytest.mark.parametrize(
    ("body", "member", "detail"),
    [
        ([], "body", "must be an object"),
        ({"effect": []}, "effect", "must be an object"),
        ({"effect": {"status": 503.5}}, "effect.status", "must be a whole number"),
        ({"effect": {"close": True}, "probability": "1"}, "probability", "must be a number"),
        ({"effect": {"close": True}, "match": {"text": 1}}, "match.text", "must be text"),
    ],
)
def test_what_a_value_must_be_is_said_in_words(sandbox: Driver, body: Any, member: str, detail: str) -> None:
    assert sandbox.control("POST", "/faults", body, status=422) == invalid("body", member, detail)


def test_a_body_that_is_needed_must_be_there(sandbox: Driver) -> None:
    assert sandbox.control("POST", "/messages", status=422) == invalid("body", "body", "is required")
    assert post(sandbox, b"[]").json()["errors"][0]["member"] == "body"


@pytest.mark.parametrize(
    ("query", "member", "detail"),
    [
        ("limit=0", "limit", "must be greater than or equal to 1"),
        ("limit=1001", "limit", "must be less than or equal to 1000"),
        ("limit=ten", "limit", "must be a whole number"),
        ("vendor=twilio", "vendor", "must be 'writeback', 'simplepay' or 'dialogtech'"),
        ("after=12", "after", "must be the 'next' of a page, as msg_00000017"),
        ("text=%FF", "text", "must be UTF-8 without U+0000"),
        ("text=%00", "text", "must be UTF-8 without U+0000"),
    ],
)
def test_a_wrong_parameter_is_refused_by_name(sandbox: Driver, query: str, member: str, detail: str) -> None:
    assert sandbox.control("GET", f"/messages?{query}", status=422) == invalid("query", member, detail)


def test_an_unknown_parameter_is_refused_with_the_known_ones(sandbox: Driver) -> None:
    assert sandbox.control("GET", "/people?page=2", status=422) == invalid(
        "query", "page", "is not known; known are limit, after"
    )
    assert sandbox.control("GET", "/delivery?a=1", status=422) == invalid("query", "a", "is not known here")


def test_an_unreadable_query_string_is_400(sandbox: Driver) -> None:
    assert sandbox.control("GET", "/messages?%FF=1", status=400) == problem(
        400,
        "Unreadable query",
        "The query string cannot be read: the name of a parameter is not UTF-8.",
    )


@pytest.mark.parametrize("path", ["/_sandbox", "/_sandbox/", "/_sandbox/nothing", "/_sandbox/health", f"{DEFAULT}/x/y"])
def test_an_unknown_control_path_is_404_and_no_redirect(sandbox: Driver, path: str) -> None:
    answer = sandbox.call("GET", path)
    assert answer.json() == problem(404, "Unknown path", "There is no such path: /_sandbox/docs lists those there are.")
    assert answer.status_code == 404


@pytest.mark.parametrize("path", ["/_sandbox", "/_sandbox/"])
def test_a_browser_that_asks_for_the_control_apis_root_is_led_to_the_console(
    open_driver: Callable[..., Driver], path: str
) -> None:
    sandbox = open_driver(host="0.0.0.0", control_token="a-token", public_url="https://sandbox.example/sandbox")
    for method in ("GET", "HEAD"):
        led = sandbox.call(method, path, headers={"Accept": "text/html,*/*"})
        assert (led.status_code, led.headers["location"]) == (307, "/sandbox/_sandbox/ui")
    assert sandbox.call("POST", path, headers={"Accept": "text/html"}).status_code == 404


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        (f"{DEFAULT}/", DEFAULT),
        (f"{DEFAULT}/mesages", f"{DEFAULT}/messages"),
        (f"{DEFAULT}/message/msg_1/reply", f"{DEFAULT}/messages/msg_1/reply"),
        (f"{DEFAULT}/messages/%3C%22%FF/repply", f"{DEFAULT}/messages/%3C%22%EF%BF%BD/reply"),
        ("/_sandbox/Workspaces/mine/Clock", "/_sandbox/workspaces/mine/clock"),
        ("/_sandbox/workspace", "/_sandbox/workspaces"),
        ("/_sandbox/messages", f"{DEFAULT}/messages"),
        ("/_sandbox/health/redy", "/_sandbox/health/ready"),
    ],
)
def test_an_unknown_control_path_is_told_which_one_was_meant(sandbox: Driver, path: str, meant: str) -> None:
    answer = sandbox.call("GET", path)
    detail = f"There is no such path: did you mean {meant}? /_sandbox/docs lists those there are."
    assert (answer.status_code, answer.json()) == (404, problem(404, "Unknown path", detail))


@pytest.mark.parametrize("segment", ["x" * 400, "%ED%A0%80", "a%2Fb", "%00"])
def test_whatever_stands_in_an_unknown_control_path_is_told_as_unknown(sandbox: Driver, segment: str) -> None:
    for path in (f"{DEFAULT}/messages/{segment}/repply", f"{DEFAULT}/{segment}", f"/_sandbox/{segment}/{segment}"):
        answer = sandbox.call("GET", path)
        assert (answer.status_code, answer.json()["title"]) == (404, "Unknown path")
        assert len(answer.json()["detail"]) < 400


def test_another_unknown_path_is_told_where_the_apis_are(sandbox: Driver) -> None:
    assert sandbox.call("POST", "/submit").json() == problem(
        404,
        "Unknown path",
        "There is no such path. The APIs are writeback at /dialoghealth-writeback-api, simplepay at"
        " /dialoghealth-simplepay-api, dialogtech at /ibp_api.php; the control API is at /_sandbox.",
    )


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", MESSAGES, "DELETE, GET, HEAD, POST"),
        ("DELETE", f"{DEFAULT}/delivery", "GET, HEAD, PUT"),
        ("OPTIONS", f"{DEFAULT}/people/HF0001", "DELETE, GET, HEAD, PATCH"),
        ("POST", "/_sandbox/health/live", "GET, HEAD"),
        ("POST", "/_sandbox/openapi.json", "GET, HEAD"),
        ("POST", "/", "GET, HEAD"),
    ],
)
def test_a_wrong_method_is_405_with_those_allowed(sandbox: Driver, method: str, path: str, allowed: str) -> None:
    answer = sandbox.call(method, path)
    detail = f"Method {method} is not allowed here: use {allowed.replace(', ', ' or ')}."
    assert answer.json() == problem(405, "Wrong method", detail)
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)


STREAMED = ("/bundle", ".har", ".http")
"""How the paths end whose answers are sent piece by piece."""


def test_head_is_answered_wherever_get_is_without_the_body(sandbox: Driver) -> None:
    paths = sandbox.call("GET", "/_sandbox/openapi.json").json()["paths"]
    described = [path.replace("{ws}", "default") for path, item in paths.items() if "get" in item]
    pages = ("/_sandbox/openapi.json", "/_sandbox/openapi/writeback.json", "/_sandbox/docs", "/_sandbox/docs/docs.js")
    for path in (*described, *pages, "/_sandbox/ui", "/_sandbox/ui/default/phones", "/_sandbox/ui/assets/page.js"):
        if not path.endswith(
            ("/events", "/wait", "/version")
        ):  # those take their time, or tell how long the server runs
            got, asked = sandbox.call("GET", path), sandbox.call("HEAD", path)
            assert (asked.status_code, asked.content) == (got.status_code, b""), path
            # The numbers have counted the call before by then.
            varying = {"content-length"} if path == "/_sandbox/metrics" else set()
            assert asked.headers.keys() == got.headers.keys(), path
            assert {name for name in got.headers if asked.headers[name] != got.headers[name]} <= varying, path
            assert path.endswith(STREAMED) or int(got.headers["content-length"]) == len(got.content)
            assert got.headers["x-content-type-options"] == "nosniff"


def test_head_where_nothing_can_be_got_is_told_by_its_own_name(sandbox: Driver) -> None:
    answer = sandbox.call("HEAD", f"{DEFAULT}/reset")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    detail = "Method HEAD is not allowed here: use POST."
    body = json.dumps(problem(405, "Wrong method", detail), separators=(",", ":"))
    assert answer.headers["content-length"] == str(len(body))


@pytest.mark.parametrize(
    ("method", "path", "title", "detail"),
    [
        (
            "GET",
            "/_sandbox/workspaces/other",
            "Unknown workspace",
            "There is no workspace of that name: GET /_sandbox/workspaces/default is always there.",
        ),
        (
            "PATCH",
            f"{DEFAULT}/consoles/NOBODY0000",
            "Unknown console",
            "There is no console of that code in this workspace.",
        ),
        (
            "PATCH",
            f"{DEFAULT}/accounts/nobody",
            "Unknown account",
            "There is no account with that access key in this workspace.",
        ),
        (
            "GET",
            f"{DEFAULT}/messages/nothing",
            "Unknown message",
            "No message of this workspace has that id: list them with GET messages.",
        ),
        (
            "GET",
            f"{DEFAULT}/people/nobody",
            "Unknown person",
            "No person of this workspace has that person_id or phone: list them with GET people.",
        ),
    ],
)
def test_what_is_not_there_is_404_in_its_own_words(
    sandbox: Driver, method: str, path: str, title: str, detail: str
) -> None:
    assert sandbox.call(method, path).json() == problem(404, title, detail)


def test_every_error_that_a_caller_can_cause_has_a_status() -> None:
    assert set(REFUSALS) == set(errors.WorldError.__subclasses__())


def test_a_defect_is_500_without_its_inside(sandbox: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    async def call(error: Exception) -> httpx.Response:
        monkeypatch.setattr(people, "list_people", lambda *_: (_ for _ in ()).throw(error))
        transport = httpx.ASGITransport(sandbox.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.get(f"{DEFAULT}/people")

    for error in (RuntimeError("a secret"), StoreRefused("a secret"), Conflict("a secret")):
        answer = asyncio.run(call(error))
        assert answer.status_code == 500
        assert answer.json() == problem(500, "Defect", "The sandbox failed to answer; this is a defect of the sandbox.")


def test_a_body_that_may_be_absent_may_be_null_or_empty(sandbox: Driver) -> None:
    path = f"{DEFAULT}/consoles/{CONSOLE}"
    bodies: tuple[dict[str, Any], ...] = ({}, {"content": b"null"}, {"content": b"{}"})
    answers = [
        sandbox.call("PATCH", path, headers={"content-type": "application/json"}, **body).json() for body in bodies
    ]
    assert answers[0]["code"] == CONSOLE
    assert answers[0] == answers[1] == answers[2]


def test_a_workspace_is_also_called_by_its_id(sandbox: Driver) -> None:
    by_name = sandbox.control("GET", "")
    assert sandbox.call("GET", f"/_sandbox/workspaces/{by_name['id']}/people/{PHONE}").status_code == 200


def test_every_number_that_can_be_given_has_bounds(sandbox: Driver) -> None:
    """Whatever has none comes to a place at last that cannot take it: the store, or a date."""
    read = sandbox.call("GET", "/_sandbox/openapi.json").json()
    found = [schema for schema in request_schemas(read) if schema.get("type") in ("integer", "number")]
    assert len(found) > 20
    for schema in found:
        assert {"minimum", "exclusiveMinimum"} & set(schema), schema
        assert {"maximum", "exclusiveMaximum"} & set(schema), schema


# Bounds: one caller may not stop the others -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "body", "detail"),
    [
        ("PUT", "/faults", [0] * 1_001, "body must have at most 1000 items."),
        ("PUT", "/faults", {"items": [0] * 300_000}, "body must have at most 1000 items."),
        ("POST", "/verify", {"expect": [0] * 101}, "expect must have at most 100 items."),
        (
            "PUT",
            "/delivery",
            {"mode": "manual", "numbers": {str(n): 0 for n in range(5_001)}},
            "numbers must have at most 5000 numbers.",
        ),
        ("PUT", "/delivery", {str(n): 0 for n in range(90_000)}, "body must have at most 1000 members."),
        (
            "POST",
            "/verify",
            {"expect": [{"operation": "simplepay.submit", "where": {str(n): 0 for n in range(90_000)}}]},
            "expect[0].where must have at most 1000 members.",
        ),
        (
            "POST",
            "/broadcasts",
            {"name": "a", "text": "b", "to": ["16295550101"] * 10_001},
            "to must be at most 10000 person_ids and phones.",
        ),
        (
            "POST",
            "/faults",
            {"match": {"text": "a" * 2_001}, "effect": {"status": 503}},
            "match.text must have at most 2000 characters.",
        ),
    ],
)
def test_what_would_hold_up_all_others_is_refused(
    sandbox: Driver, method: str, path: str, body: object, detail: str
) -> None:
    problem = sandbox.control(method, path, body, status=422)
    assert problem["detail"] == detail
    assert len(problem["errors"]) == 1


def test_a_text_of_any_length_can_be_kept_but_not_looked_for(sandbox: Driver) -> None:
    problem = sandbox.control("GET", f"/messages?text={'a' * 2_001}", status=422)
    assert problem["detail"] == "text must have at most 2000 characters."
    assert sandbox.control("GET", f"/messages?text={'a' * 2_000}") == {"items": [], "next": None}


def test_a_workspace_has_a_thousand_faults_at_most(sandbox: Driver) -> None:
    fault = {"match": {"to": STRANGER}, "effect": {"status": 503}}
    assert len(sandbox.control("PUT", "/faults", [fault] * 1_000)["items"]) == 1_000
    problem = sandbox.control("POST", "/faults", fault, status=409)
    assert problem == {
        "type": "urn:dialog-sandbox:too-many-faults",
        "title": "Too many faults",
        "status": 409,
        "detail": "A workspace has at most 1000 faults: DELETE those that are not needed.",
    }
    assert len(sandbox.control("GET", "/faults")["items"]) == 1_000


@pytest.mark.sqlite
@pytest.mark.usefixtures("untimed")
def test_a_list_of_faults_takes_one_statement_more_for_each(sandbox: Driver) -> None:
    fault = {"effect": {"status": 503}}
    sandbox.control("PUT", "/faults", [fault])
    with counted(sandbox.app.store) as few:
        sandbox.control("PUT", "/faults", [fault] * 10)
    with counted(sandbox.app.store) as many:
        sandbox.control("PUT", "/faults", [fault] * 110)
    assert many.statements - few.statements == 100


def test_a_page_of_long_texts_ends_early_and_goes_on_behind_its_cursor(sandbox: Driver) -> None:
    texts = [f"{n}" + "a" * 400_000 for n in range(5)]
    for text in texts:
        sandbox.inbound(text)
    pages: list[list[str]] = []
    after = ""
    while True:
        page = sandbox.control("GET", f"/messages?direction=inbound{after}")
        pages.append([message["text"] for message in page["items"]])
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert pages == [texts[:2], texts[2:4], texts[4:]]
    longest = "b" * 1_040_000
    sandbox.inbound(longest)
    page = sandbox.control("GET", f"/phones/{PHONE}/messages")
    answer = "Harbor: we have got your message."
    assert [message["text"] for message in page["items"]] == [answer, longest, answer]
    assert page["next"] is not None


@pytest.mark.parametrize("bad", ["\\u0000", "\\ud800", "\\uDFFF", "\\udc00\\ud800"])
@pytest.mark.parametrize(
    ("body", "member"),
    [
        ('{"name": "%s"}', "name"),
        ('{"to": ["a", "%s"]}', "to[1]"),
        ('{"to": [["%s"]]}', "to[0][0]"),
        ('{"a": {"b": [{"c": "%s"}]}}', "a.b[0].c"),
        ('["%s"]', "[0]"),
        ('"%s"', "body"),
        ('{"a": {"%s": 1}}', "a"),
    ],
)
def test_what_is_no_text_is_named_by_its_place(sandbox: Driver, bad: str, body: str, member: str) -> None:
    raw = (body % bad).encode()
    answer = sandbox.call("POST", f"{DEFAULT}/broadcasts", content=raw, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    what = "has a member whose name must be" if '": 1' in body else "must be"
    assert answer.json()["errors"] == [
        {"in": "body", "member": member, "detail": f"{what} Unicode text without U+0000 and lone surrogates"}
    ]
