"""One call may not hold up all others: what is refused before it costs, and what lets others go between its pieces."""

import asyncio
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, unquote_to_bytes

import pytest
from commands import FAILSAFE_S
from counter import STRIDE, counted
from driver import CONSOLE, DEFAULT, DEMO, DIALOGTECH, KEYS, LINE, PHONE, SIMPLEPAY, Driver
from hypothesis import assume, example, given
from hypothesis import strategies as st
from spaces import control, create

from sandbox.server.journal import nearest
from sandbox.settings import BadSetting, Settings, read_settings
from sandbox.store import Query
from sandbox.vendors.base import forms, multipart
from sandbox.world import fixtures
from sandbox.world.fixtures import problems

URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=x"
TOO_MANY = "The request cannot be read: it has more than 1000 fields, or separators of fields."
SUBMIT = f"{SIMPLEPAY}/submit/{CONSOLE}"
GOOD = f"To={PHONE}&From={LINE}&Body=a"


def parts(count: int) -> bytes:
    """A multipart form of so many parts besides those of a good submit."""
    named = {"To": PHONE, "From": LINE, "Body": "a"} | {f"p{n}": "" for n in range(count)}
    part = '--x\r\nContent-Disposition: form-data; name="{}"\r\n\r\n{}\r\n'
    return ("".join(part.format(*pair) for pair in named.items()) + "--x--\r\n").encode()


# Fields --------------------------------------------------------------------------------------------------------------


@pytest.mark.rule("NET-form")
@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (URLENCODED, GOOD.encode() + b"&" * 998),
        (URLENCODED, GOOD.encode() + b"&a=1" * 998),
        (f"{URLENCODED}; charset=latin-1", b"&".join([b"%E9"] * 1_001)),
        (MULTIPART, parts(998)),
        (MULTIPART, b"before\r\n" + parts(998)),
    ],
)
def test_a_form_of_more_than_a_thousand_fields_is_refused(sandbox: Driver, kind: str, body: bytes) -> None:
    answer = sandbox.call("POST", SUBMIT, auth=DEMO, content=body, headers={"Content-Type": kind})
    assert (answer.status_code, answer.json()["error_message"]) == (400, TOO_MANY)
    (entry,) = sandbox.control("GET", "/journal")["items"]
    assert entry["rules"] == ["SP-params"]
    assert [(each["level"], each["mend"]) for each in entry["findings"]] == [
        ("error", "Send 1000 fields at most: those that the operation takes, each once.")
    ]


@pytest.mark.rule("NET-form")
@pytest.mark.parametrize(
    ("kind", "body"),
    [(URLENCODED, GOOD.encode() + b"&" * 997), (MULTIPART, parts(997)), (MULTIPART, b"before\r\n" + parts(997))],
)
def test_a_thousand_fields_are_read(sandbox: Driver, kind: str, body: bytes) -> None:
    answer = sandbox.call("POST", SUBMIT, auth=DEMO, content=body, headers={"Content-Type": kind})
    assert (answer.status_code, answer.json()["status"]) == (200, "queued")


@pytest.mark.rule("NET-form")
def test_a_query_string_of_more_than_a_thousand_fields_is_refused_by_every_api(sandbox: Driver) -> None:
    much = "&" * 1_000
    answer = sandbox.call("POST", f"{SUBMIT}?{GOOD}{much}", auth=DEMO)
    assert (answer.status_code, answer.json()["error_message"]) == (400, TOO_MANY)
    keys = "&".join(f"{name}={value}" for name, value in KEYS.items())
    answer = sandbox.call("GET", f"{DIALOGTECH}?{keys}{much}")
    assert TOO_MANY in answer.text
    assert sandbox.control("GET", f"/messages?{much}", status=400) == {
        "type": "urn:dialog-sandbox:unreadable-query",
        "title": "Unreadable query",
        "status": 400,
        "detail": "The query string cannot be read: it has more than 1000 fields, or separators of fields.",
    }


def test_twenty_unknown_parameters_are_told_by_their_names(sandbox: Driver) -> None:
    for count in (20, 500):
        further = "".join(f"&{'x' * 10}{n:03}=" for n in range(count))
        sandbox.call("POST", SUBMIT, auth=DEMO, content=GOOD + further, headers={"Content-Type": URLENCODED})
    few, many = (entry["findings"] for entry in sandbox.control("GET", "/journal")["items"])
    named = [f"the unknown parameter {'x' * 10}{n:03}" for n in range(20)]
    assert [each["seen"] for each in few] == named
    assert [each["seen"] for each in many] == [*named, "480 further unknown parameters"]
    assert many[-1]["mend"] == "Leave them out: known are Body, From, StatusCallback, To."


def test_too_many_fields_are_refused_before_any_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forms, "text_of", lambda _: pytest.fail("a field was read"))
    monkeypatch.setattr(multipart, "MultipartParser", lambda *_, **__: pytest.fail("the form was read"))
    for kind, body in ((URLENCODED, b"&" * 1_000), (MULTIPART, parts(1_000))):
        with pytest.raises(forms.UnreadableForm, match="more than 1000 fields"):
            forms.form(kind.encode(), body)


@given(raw=st.binary(max_size=40) | st.text("%&=+4aF\u00e9", max_size=40).map(str.encode))
@example(raw=b"%" * 40)
@example(raw=b"%E2%82%AC=%zz%4&%41%")
def test_urlencoded_forms_are_read_as_the_standard_library_reads_them(raw: bytes) -> None:
    assume(not unquote_to_bytes(raw[:9]).startswith(multipart.MARKS))
    expected: dict[str | None, str | None] = {}
    for pair in parse_qsl(raw.decode(errors="surrogateescape"), keep_blank_values=True, errors="surrogateescape"):
        name, value = (forms.text_of(each.encode(errors="surrogateescape")) for each in pair)
        expected.setdefault(name, value)
    if None in expected:
        with pytest.raises(forms.UnreadableForm, match="name of a parameter"):
            forms.urlencoded(raw)
    else:
        assert forms.urlencoded(raw) == expected


# Nesting -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("depth", [500, 30_000])
@pytest.mark.parametrize("kind", ["application/json", "text/plain", URLENCODED])
def test_an_accepted_call_is_in_the_journal_however_deep_its_body_is_nested(
    sandbox: Driver, kind: str, depth: int
) -> None:
    body = b"[" * depth + b"]" * depth
    answer = sandbox.call("POST", f"{SUBMIT}?{GOOD}", auth=DEMO, content=body, headers={"Content-Type": kind})
    assert answer.status_code == 200
    (entry,) = sandbox.control("GET", "/journal")["items"]
    assert (entry["outcome"], entry["request"]["body"]) == ("accepted", body.decode())


@pytest.mark.parametrize("depth", [300, 900, 5_000, 100_000])
@pytest.mark.parametrize(
    ("method", "path", "start"),
    [
        ("PUT", "/delivery", '{"numbers":'),
        ("PUT", "/faults", "["),
        ("POST", "/faults", '{"effect":{"malformed":'),
        ("POST", "/people", '{"misc":'),
        ("POST", "/verify", '{"expect":[{"operation":"simplepay.submit","where":{"to":'),
        ("PUT", "/snapshots/deep", '{"a":'),
    ],
)
def test_deep_json_is_refused_and_no_defect(sandbox: Driver, method: str, path: str, start: str, depth: int) -> None:
    for opening, end in (("[", "]"), ('{"a":', "}")):
        closing = "".join({"{": "}", "[": "]"}[sign] for sign in reversed(start) if sign in "{[")
        body = start + opening * depth + "1" + end * depth + closing
        answer = sandbox.call(
            method, DEFAULT + path, content=body.encode(), headers={"Content-Type": "application/json"}
        )
        assert answer.status_code in (400, 422)
        assert answer.json()["type"].startswith("urn:dialog-sandbox:")


# Hosts ---------------------------------------------------------------------------------------------------------------


@pytest.mark.rule("SP-callback")
def test_a_callbacks_host_is_no_longer_than_a_name_can_be(sandbox: Driver) -> None:
    longest = ".".join(["a" * 63] * 3 + ["b" * 61])
    assert sandbox.submit(callback=f"http://{longest}/").status_code == 200
    for host in (f"{longest}c", "\u00e9" * 400_000):
        answer = sandbox.submit(callback=f"http://{host}/")
        assert (answer.status_code, answer.json()["status"]) == (400, "failed")


# Verify --------------------------------------------------------------------------------------------------------------


async def _in_order(sandbox: Driver, *calls: tuple[str, str, Any]) -> list[tuple[int, Any]]:
    """Begin calls together; return number and JSON of each as it is answered."""
    done: list[tuple[int, Any]] = []

    async def call(n: int, method: str, path: str, body: Any) -> None:
        answer = await sandbox.client.request(method, DEFAULT + path, json=body)
        done.append((n, answer.json()))

    await asyncio.gather(*(call(n, *each) for n, each in enumerate(calls)))
    return done


def test_others_are_answered_between_the_expectations_of_a_verify(sandbox: Driver) -> None:
    sandbox.submit()
    expect = {"expect": [{"operation": "simplepay.submit", "where": {"text": f"{n}"}} for n in range(100)]}
    done = sandbox.run(_in_order(sandbox, ("POST", "/verify", expect), ("GET", "/clock", None)))
    assert [n for n, _ in done] == [1, 0]


def test_a_verify_sees_the_journal_of_one_moment(sandbox: Driver) -> None:
    for _ in range(3):
        sandbox.submit()
    expect = {"expect": [{"operation": "simplepay.submit", "count": {"min": 0}}] * 100}
    done = sandbox.run(_in_order(sandbox, ("POST", "/verify", expect), ("POST", "/reset", None)))
    assert set(dict(done)[0]["found"]) == {0}, "it begins again in the journal of another world"


def test_what_came_nearest_is_looked_for_among_the_newest_exchanges(
    sandbox: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = nearest.NEWEST_OF.statement.limit(2)
    monkeypatch.setattr(nearest, "NEWEST_OF", Query(nearest.BriefEntry, query))
    for to in (PHONE, "14155550123", "14155550124"):
        sandbox.submit(to, "Come")
    body = {"expect": [{"operation": "simplepay.submit", "where": {"to": PHONE, "text": "Go"}}]}
    (failure,) = sandbox.control("POST", "/verify", body, status=417)["failures"]
    assert [each["got"] for each in failure["nearest"]["differs"]] == ["14155550124", "Come"], "not the oldest one"


def test_a_long_text_that_came_nearest_is_cut(sandbox: Driver) -> None:
    sandbox.submit(text="a" * 100_000)
    body = {"expect": [{"operation": "simplepay.submit", "where": {"text": "x"}}] * 100}
    answer = sandbox.control("POST", "/verify", body, status=417)
    assert {each["nearest"]["differs"][0]["got"] for each in answer["failures"]} == {"a" * 200 + "..."}
    assert len(answer["detail"]) < 100_000


def test_a_number_is_counted_however_it_is_written_and_the_oldest_are_listed(sandbox: Driver) -> None:
    written = [f"1{' ' * n}6295550101" for n in range(30)]
    ids = [sandbox.submit(to=to).headers["X-Sandbox-Exchange"] for to in written]
    sandbox.submit(to="16295550102")
    body = {"expect": [{"operation": "simplepay.submit", "where": {"to": PHONE}, "count": 0}]}
    (failure,) = sandbox.control("POST", "/verify", body, status=417)["failures"]
    assert (failure["found"], failure["matched"]) == (30, ids[:20])


def test_an_expectation_costs_nothing_for_exchanges_of_other_operations(sandbox: Driver) -> None:
    body = {"expect": [{"operation": "simplepay.optout", "where": {"to": PHONE}}]}
    sandbox.optout(PHONE)
    costs = []

    def cost() -> int:
        with counted(sandbox.app.store) as asked:
            assert sandbox.control("POST", "/verify", body)["found"] == [1]
        return asked.steps

    for count in (1, 200):
        for _ in range(count):
            sandbox.submit()
        sandbox.control("GET", "/journal")
        costs.append(min(cost() for _ in range(5)))  # a step of the statement before may count for this one
    assert costs[1] <= costs[0] + STRIDE


# Fixtures ------------------------------------------------------------------------------------------------------------


def test_others_are_answered_while_a_fixture_is_read(sandbox: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    is_answered = threading.Event()
    load_text = fixtures.load_text

    def slowly(text: str) -> fixtures.LoadedFixture:
        assert is_answered.wait(FAILSAFE_S)
        return load_text(text)

    monkeypatch.setattr(fixtures, "load_text", slowly)

    async def play() -> int:
        made = asyncio.ensure_future(
            sandbox.client.post("/_sandbox/workspaces", json={"fixture_text": STORY.format(speed=1)})
        )
        assert (await sandbox.client.get(f"{DEFAULT}/clock")).is_success
        is_answered.set()
        return (await made).status_code

    assert sandbox.run(play()) == 201


def test_what_is_near_is_looked_for_once_however_much_of_a_fixture_is_wrong(
    sandbox: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[str] = []

    def noted(name: str, choices: list[str], **_: Any) -> list[str]:
        compared.append(name)
        return choices[:1]

    monkeypatch.setattr(problems, "get_close_matches", noted)
    long = "u" * 1_000
    event = "\n- {do: broadcast, at: -1d 09:00, name: a, template: " + long + "}"
    refused = create(sandbox, 422, fixture_text=f"{STORY.format(speed=1)}history:{event * 100}")
    assert f"there is no template '{long}'" in refused["detail"]
    assert compared == [long[:60]]


@pytest.mark.parametrize(
    "at", ["-36501d 09:00", "-999999d", "-876001h", "0001-01-01T00:00:00+14:00", "1870-01-24T00:00:00Z"]
)
def test_a_fixture_begins_no_more_than_a_hundred_years_ago(sandbox: Driver, at: str) -> None:
    event = f"history: [{{do: message, console: HARBOR1001, at: {at}, to: everyone, text: Come}}]"
    refused = create(sandbox, 422, fixture_text=f"{STORY.format(speed=1)}people: [{{phone: {PHONE}}}]\n{event}")
    assert "is too long ago: at most 36500 days before the start, or 1970" in refused["detail"]


@pytest.mark.parametrize("at", ["-36500d 00:00", "-876000h", "1870-01-27T00:00:00Z"])
def test_a_history_of_a_hundred_years_can_be_listed(sandbox: Driver, at: str) -> None:
    event = f"history: [{{do: message, console: HARBOR1001, at: {at}, to: everyone, text: Come}}]"
    world = f"{STORY.format(speed=1)}people: [{{phone: {PHONE}}}]\n{event}"
    made = create(sandbox, fixture_text=world, start_at="1970-01-01T00:00:00Z")
    (message,) = control(sandbox, made, "GET", "/messages")["items"]
    assert message["timeline"][0]["at"].startswith("1870-01-2")


# Sinks ---------------------------------------------------------------------------------------------------------------


def test_a_sink_shows_the_fields_of_a_form_unless_they_are_too_many(sandbox: Driver) -> None:
    url = sandbox.control("PUT", "/sinks/mine")["url"]
    for count in (999, 1_000):
        sandbox.call("POST", url, content=b"a=1" + b"&" * count, headers={"Content-Type": URLENCODED})
    few, many = sandbox.control("GET", "/sinks/mine")["received"]
    assert (few["form"], many["form"]) == ({"a": "1"}, None)
    assert many["body"] == "a=1" + "&" * 1_000


# Numbers -------------------------------------------------------------------------------------------------------------

TINY, HUGE = 5e-324, 1e308
STORY = """
summary: A story
consoles: [{{code: HARBOR1001, name: Harbor, line: "16155550110", keyword: HARBOR}}]
stories:
  walk: {{title: A walk, summary: Nothing, speed: {speed}, steps: [{{do: tell, caption: Quiet}}]}}
"""
WEIGHTED = """
summary: A crowd
consoles: [{{code: HARBOR1001, name: Harbor, line: "16155550110", keyword: HARBOR}}]
crowd: {{count: 3, area_codes: ["629"], recipient_types: {{patient: {weight:.1e}}}}}
"""


def schemas_of_requests(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each schema of what a caller may send, with where it stands."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            place = f"{method.upper()} {path}"
            for parameter in operation.get("parameters", ()):
                yield from below(document, f"{place} {parameter['name']}", parameter["schema"], ())
            for content in operation.get("requestBody", {}).get("content", {}).values():
                yield from below(document, place, content["schema"], ())


def below(
    document: dict[str, Any], place: str, schema: Any, inside_of: tuple[str, ...]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """A schema, and those inside it."""
    if isinstance(schema, list):
        for each in schema:
            yield from below(document, place, each, inside_of)
    if not isinstance(schema, dict):
        return
    name = schema.get("$ref", "").rpartition("/")[2]
    if name and name not in inside_of:
        yield from below(document, place, document["components"]["schemas"][name], (*inside_of, name))
    yield place, schema
    for key, each in schema.items():
        if key == "properties":
            for member, inner in each.items():
                yield from below(document, f"{place} {member}", inner, inside_of)
        elif key in ("items", "anyOf", "oneOf", "allOf", "additionalProperties"):
            yield from below(document, place, each, inside_of)


def test_every_number_that_the_control_api_takes_has_bounds(sandbox: Driver) -> None:
    document = sandbox.call("GET", "/_sandbox/openapi.json").json()
    numbers = [each for each in schemas_of_requests(document) if each[1].get("type") in ("integer", "number")]
    assert len(numbers) > 30
    for place, schema in numbers:
        assert {"minimum", "exclusiveMinimum"} & schema.keys(), place
        assert {"maximum", "exclusiveMaximum"} & schema.keys(), place


def test_every_list_that_the_control_api_takes_has_an_end(sandbox: Driver) -> None:
    document = sandbox.call("GET", "/_sandbox/openapi.json").json()
    lists = [each for each in schemas_of_requests(document) if each[1].get("type") == "array"]
    assert {place.rpartition(" ")[2] for place, _ in lists} > {"expect", "misc", "tracking_numbers"}
    for place, schema in lists:
        assert "maxItems" in schema, place


def test_an_account_has_a_thousand_numbers_at_most(sandbox: Driver) -> None:
    numbers = [f"1415{2_000_000 + n}" for n in range(1_001)]
    refused = sandbox.control("POST", "/accounts", {"tracking_numbers": numbers}, status=422)
    assert refused["detail"] == "tracking_numbers must have at most 1000 items."
    assert len(sandbox.control("POST", "/accounts", {"tracking_numbers": numbers[1:]})["tracking_numbers"]) == 1_000


@pytest.mark.parametrize("name", [name for name, field in Settings.model_fields.items() if field.annotation is int])
def test_every_number_among_the_settings_has_bounds(name: str) -> None:
    for number in (10**18, 10**400, -(10**18), HUGE, TINY):
        with pytest.raises(BadSetting, match=rf"^--{name.replace('_', '-')} must be .+\.$"):
            read_settings(**{name: number})


@pytest.mark.parametrize("speed", [TINY, 0.0009, 86_401, HUGE])
def test_a_clock_runs_neither_too_slowly_nor_too_fast(sandbox: Driver, speed: float) -> None:
    refused = sandbox.control("POST", "/stories/day", {"action": "play", "speed": speed}, status=422)
    assert [each["member"] for each in refused["errors"]] == ["speed"]
    refused = create(sandbox, 422, fixture_text=STORY.format(speed=speed))
    assert refused["errors"][0]["member"] == "fixture_text"
    assert "speed" in refused["errors"][0]["detail"]
    sandbox.control("PUT", "/snapshots/now")
    lines = sandbox.call("GET", f"{DEFAULT}/snapshots/now").text
    assert '"clock_speed":1.0' in lines
    changed = lines.replace('"clock_speed":1.0', f'"clock_speed":{speed}').encode()
    answer = sandbox.call("PUT", f"{DEFAULT}/snapshots/changed", content=changed)
    assert (answer.status_code, answer.json()["title"]) == (422, "Damaged snapshot")


@pytest.mark.parametrize("speed", [0.001, 86_400])
def test_a_clock_that_runs_as_slowly_or_as_fast_as_it_may_can_be_read(sandbox: Driver, speed: float) -> None:
    made = create(sandbox, fixture_text=STORY.format(speed=speed))
    control(sandbox, made, "POST", "/stories/walk", {"action": "play"})
    sandbox.wall.advance(1)
    assert control(sandbox, made, "GET", "/clock")["state"] == "running"


@pytest.mark.parametrize("weight", [HUGE, 1_100_000, -1])
def test_a_weight_of_a_fixture_has_bounds(sandbox: Driver, weight: float) -> None:
    refused = create(sandbox, 422, fixture_text=WEIGHTED.format(weight=weight))
    assert "patient" in refused["errors"][0]["detail"]


def test_a_weight_of_next_to_nothing_is_a_weight(sandbox: Driver) -> None:
    assert create(sandbox, fixture_text=WEIGHTED.format(weight=TINY))
