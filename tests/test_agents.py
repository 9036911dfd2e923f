"""/_sandbox/mcp: agents read and drive the server by tools, each a call of the control API."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import httpx2
import pytest
from driver import CONSOLE, DEMO, LINE, PHONE, SIMPLEPAY, Driver
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from live import Live
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult

from sandbox.server.agents.tools import CHOICES, tools_of

PATH = "/_sandbox/mcp"
TOKEN = "a-token"
HAS_TOKEN = {"Authorization": f"Bearer {TOKEN}"}
TAKES_JSON = {"Accept": "application/json, text/event-stream"}
READS = {
    *("list_workspaces", "show_workspace", "list_journal", "list_findings", "show_exchange", "list_messages"),
    *("show_message", "show_report", "list_handset_numbers", "show_delivery", "list_faults", "show_clock"),
}
REMOVES = {"remove_fault", "clear_faults"}
DRIVES = {"verify", "reply", "text_in", "send_message", "report_status", "set_delivery", "add_fault", "turn_clock"}


class Agent:
    """Calls tools with the SDK's own client, each in a connection of its own."""

    def __init__(self, live: Live, token: str | None = None, mode: str = "auto") -> None:
        self.url = live.url + PATH
        self.headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        self.mode = mode

    def with_client(self, work: Callable[[Client], Any]) -> Any:
        async def run() -> Any:
            async with (
                httpx2.AsyncClient(headers=self.headers) as http,
                Client(streamable_http_client(self.url, http_client=http), mode=self.mode) as client,
            ):
                return await work(client)

        return asyncio.run(run())

    def call(self, tool: str, **arguments: Any) -> CallToolResult:
        result = self.with_client(lambda client: client.call_tool(tool, arguments))
        assert isinstance(result, CallToolResult)
        return result

    def done(self, tool: str, **arguments: Any) -> Any:
        """What a call answers that is not refused: the same as text and as data."""
        result = self.call(tool, **arguments)
        (text,) = result.content
        assert not result.is_error, text
        assert text.type == "text"
        assert result.structured_content is None or result.structured_content == json.loads(text.text)
        return result.structured_content

    def refused(self, tool: str, **arguments: Any) -> str:
        result = self.call(tool, **arguments)
        assert result.is_error
        (text,) = result.content
        assert text.type == "text"
        return text.text


@pytest.fixture(scope="module")
def live() -> Iterator[Live]:
    server = Live()
    yield server
    server.stop()


@pytest.fixture(params=["legacy", "auto"])
def agent(request: pytest.FixtureRequest, live: Live) -> Agent:
    """One that speaks as older clients do, or as newer ones, on a world as it was at the start."""
    live.control("POST", "/reset")
    return Agent(live, mode=request.param)


def submit(live: Live, to: str = PHONE) -> Any:
    form = {"To": to, "From": LINE, "Body": "Your results are in."}
    return live.http.post(f"{live.url}{SIMPLEPAY}/submit/{CONSOLE}", auth=DEMO, data=form).json()


# What there is -------------------------------------------------------------------------------------------------------


def test_the_tools_say_what_they_take_and_whether_they_change_something(agent: Agent) -> None:
    listed = agent.with_client(lambda client: client.list_tools()).tools
    kinds: dict[str, set[str]] = {"reads": set(), "removes": set(), "drives": set()}
    for tool in listed:
        Draft202012Validator.check_schema(tool.input_schema)
        assert tool.description
        hints = tool.annotations
        kinds["reads" if hints.read_only_hint else "removes" if hints.destructive_hint else "drives"].add(tool.name)
    assert kinds == {"reads": READS, "removes": REMOVES, "drives": DRIVES}


def test_a_tool_takes_what_its_call_takes_in_the_words_of_the_document(sandbox: Driver) -> None:
    document = sandbox.call("GET", "/_sandbox/openapi.json").json()
    tools = tools_of(document)
    assert tools["reply"].schema == {
        "type": "object",
        "properties": {
            "id": {
                "type": "string",
                "description": "Any id it has: ours, a sid, outgoingMessageId or msg_id.",
                "examples": ["msg_00000001"],
            },
            "ws": {
                "type": "string",
                "description": "A workspace's name or id.",
                "examples": ["default"],
                "default": "default",
            },
            **document["components"]["schemas"]["ReplyRequest"]["properties"],
        },
        "required": ["id", "text"],
        "additionalProperties": False,
    }
    assert set(tools["add_fault"].schema["$defs"]) >= {"Match", "Effect", "Drip", "RateLimit"}
    for tool in tools.values():
        assert "#/components" not in json.dumps(tool.schema)


def test_no_call_that_is_a_tool_has_a_query_string_and_a_body(sandbox: Driver) -> None:
    document = sandbox.call("GET", "/_sandbox/openapi.json").json()
    by_id = {each["operationId"]: each for item in document["paths"].values() for each in item.values()}
    for choice in CHOICES:
        operation = by_id[choice.operation]
        has_query = any(each["in"] == "query" for each in operation.get("parameters", []))
        assert not (has_query and "requestBody" in operation)
        own = operation.get("requestBody", {}).get("content", {})
        names = [each["name"] for each in operation.get("parameters", [])]
        if "application/json" in own:
            assert not set(names) & set(tools_of(document)[choice.name].schema["properties"]) - set(names)


# What they do --------------------------------------------------------------------------------------------------------


def test_an_agent_sees_what_the_program_did_and_lets_the_patient_answer(agent: Agent, live: Live) -> None:
    sid = submit(live)["sid"]
    (exchange,) = agent.done("list_journal")["items"]
    assert (exchange["operation"], exchange["outcome"]) == ("simplepay.submit", "accepted")
    assert agent.done("show_exchange", id=exchange["id"]) == live.control("GET", f"/journal/{exchange['id']}")
    assert agent.done("list_messages", to=PHONE)["items"][-1]["ids"]["sid"] == sid
    replied = agent.done("reply", id=sid, text="STOP")
    assert replied["inbound"]["text"] == "STOP"
    (consent,) = live.control("GET", f"/consents?phone={PHONE}&console={CONSOLE}")["items"]
    assert consent["state"] == "opted_out"
    texted = agent.done("text_in", **{"from": "14155550124", "to": LINE, "text": "Hello"})
    assert texted["inbound"]["from"] == "14155550124"
    assert agent.done("verify", expect=[{"operation": "simplepay.submit", "count": 1}])


def test_it_says_what_becomes_of_a_message(agent: Agent, live: Live) -> None:
    agent.done("set_delivery", mode="manual")
    assert agent.done("show_delivery")["mode"] == "manual"
    sent = agent.done("send_message", console=CONSOLE, to="14155550124", text="Please call us.")
    reported = agent.done("report_status", id=sent["id"], status="undelivered", reason="switched off")
    assert (reported["status"], reported["reason"]) == ("undelivered", "switched off")
    assert agent.done("show_message", id=sent["id"])["status"] == "undelivered"


def test_it_finds_the_mistakes_and_what_mends_them(agent: Agent, live: Live) -> None:
    submit(live, to="12")
    submit(live)
    (exchange,) = agent.done("list_findings")["items"]
    assert exchange["findings"][0]["level"] == "error"
    assert exchange["findings"][0]["mend"]
    assert {**agent.done("show_report"), "at": ""} == {**live.control("GET", "/report?format=json"), "at": ""}


def test_it_breaks_calls_on_purpose(agent: Agent, live: Live) -> None:
    fault = agent.done("add_fault", match={"operation": "simplepay.submit"}, effect={"status": 503}, times=1)
    assert [each["id"] for each in agent.done("list_faults")["items"]] == [fault["id"]]
    submit(live)
    assert agent.done("list_journal", outcome="faulted")["items"][0]["status"] == 503
    agent.done("remove_fault", id=fault["id"])
    agent.done("add_fault", effect={"reset": True})
    agent.done("clear_faults")
    assert agent.done("list_faults")["items"] == []


def test_it_moves_the_clock(agent: Agent, live: Live) -> None:
    agent.done("turn_clock", action="freeze")
    before = agent.done("show_clock")
    after = agent.done("turn_clock", action="advance", seconds=90)
    assert (before["state"], after["state"]) == ("frozen", "frozen")
    assert after["now"] > before["now"]
    assert agent.done("show_clock")["now"] == after["now"]


def test_every_tool_takes_another_workspace(agent: Agent, live: Live) -> None:
    body = {"name": f"other-{agent.mode}", "fixture": "empty", "clock": "frozen"}
    made = live.http.post(f"{live.url}/_sandbox/workspaces", json=body).json()
    name = made["name"]
    assert agent.done("show_workspace", ws=name)["id"] == made["id"]
    assert {each["name"] for each in agent.done("list_workspaces")["items"]} >= {"default", name}
    assert agent.done("list_messages", ws=name)["items"] == []
    assert agent.done("show_clock", ws=name)["state"] == "frozen"
    assert '"title":"Unknown workspace"' in agent.refused("show_clock", ws="nobodys")


def test_what_knows_no_workspace_is_answered_too(agent: Agent) -> None:
    assert agent.done("list_handset_numbers")["items"]


# What is refused -----------------------------------------------------------------------------------------------------


def test_a_refusal_is_the_control_apis_own_and_says_what_to_send(agent: Agent, live: Live) -> None:
    refused = json.loads(agent.refused("turn_clock", action="advance"))
    answer = live.http.post("/clock", json={"action": "advance"})
    assert refused == answer.json()
    assert json.loads(agent.refused("list_journal", colour="red"))["errors"][0]["member"] == "colour"
    assert json.loads(agent.refused("add_fault", effect={"status": 503}, colour="red"))["status"] == 422
    assert json.loads(agent.refused("show_message", id="msg_99999999"))["title"] == "Unknown message"
    assert agent.refused("show_message") == "Give id: show_message needs it."
    assert agent.refused("nothing").startswith("There is no such tool: take one of list_workspaces, ")


@pytest.mark.parametrize("segment", ["..", ".", "../faults", "x/../../clock", "%2e%2e", "", "?a=b", "#"])
def test_an_id_stays_in_its_place_in_the_path(agent: Agent, segment: str) -> None:
    assert json.loads(agent.refused("show_message", id=segment, ws="nobodys"))["status"] in (404, 422)
    assert json.loads(agent.refused("remove_fault", id=segment))["status"] in (404, 405)


# Who may -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("settings", [{"host": "0.0.0.0"}, {}, {"demo": True}], ids=["elsewhere", "loopback", "a demo"])
def test_the_token_is_wanted_as_of_every_call(settings: dict[str, Any]) -> None:
    live = Live(control_token=TOKEN, **settings)
    try:
        for token in ("", "Bearer another", f"Basic {TOKEN}"):
            headers = TAKES_JSON | ({"Authorization": token} if token else {})
            refused = httpx.post(live.url + PATH, json=rpc("tools/list"), headers=headers)
            assert (refused.status_code, refused.json()["title"]) == (401, "Token needed")
        agent = Agent(live, token=TOKEN)
        assert agent.done("show_workspace")["basic"]["password"] == DEMO[1]
        assert agent.done("turn_clock", action="freeze")["state"] == "frozen"
    finally:
        live.stop()


def rpc(method: str, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}


def post(sandbox: Driver, body: Any, path: str = PATH, **headers: str) -> httpx.Response:
    return sandbox.call("POST", path, json=body, headers={**TAKES_JSON, **headers})


def test_no_page_of_another_origin_and_no_other_name_gets_there(sandbox: Driver) -> None:
    listing = rpc("tools/list")
    assert post(sandbox, listing).json()["result"]["tools"]
    assert post(sandbox, listing, Origin="http://evil.example").json()["title"] == "Foreign origin"
    assert post(sandbox, listing, Host="evil.example").json()["title"] == "Untrusted host"
    assert post(sandbox, listing, **{"User-Agent": "dialog-sandbox"}).json()["title"] == "Callback"


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT"])
def test_nothing_is_kept_that_could_be_followed_or_ended(sandbox: Driver, method: str) -> None:
    answer = sandbox.call(method, PATH, headers=TAKES_JSON)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert answer.json()["title"] == "Wrong method"


def test_behind_a_proxy_with_a_prefix_it_is_the_same(open_driver: Callable[..., Driver]) -> None:
    sandbox = open_driver(public_url="https://sms.example.com/sandbox", hosts="sms.example.com")
    answer = post(sandbox, rpc("tools/call", name="show_clock", arguments={}), "/sandbox/_sandbox/mcp")
    assert answer.json()["result"]["structuredContent"]["state"] == "running"


# What comes wrong ----------------------------------------------------------------------------------------------------

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from(["id", "ws", "text", "to", "from", "status", "action", "seconds", "effect", "match", "limit"])


@given(tool=st.sampled_from([choice.name for choice in CHOICES]), arguments=st.dictionaries(NAMES, VALUES, max_size=4))
def test_whatever_arguments_come_they_are_taken_or_refused_in_words(
    sandbox: Driver, tool: str, arguments: dict[str, Any]
) -> None:
    body = json.dumps(rpc("tools/call", name=tool, arguments=arguments))
    headers = {**TAKES_JSON, "Content-Type": "application/json"}
    answer = sandbox.call("POST", PATH, content=body, headers=headers)
    assert answer.status_code in (200, 400)
    if answer.status_code == 200 and "result" in answer.json():
        result = answer.json()["result"]
        (text,) = result["content"]
        assert text["text"]
        assert '"status":5' not in text["text"] or not result.get("isError")


@given(body=st.binary(max_size=60) | VALUES.map(lambda value: json.dumps(value).encode()))
def test_what_is_no_message_of_the_protocol_is_answered_as_such(sandbox: Driver, body: bytes) -> None:
    answer = sandbox.call("POST", PATH, content=body, headers={**TAKES_JSON, "Content-Type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] in (-32700, -32602, -32600)


# What it needs -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [None, "text/json", "application/xml", "application/json-seq"])
def test_a_body_of_another_type_is_a_problem(sandbox: Driver, kind: str | None) -> None:
    headers = TAKES_JSON if kind is None else {**TAKES_JSON, "Content-Type": kind}
    answer = sandbox.call("POST", PATH, content=b"{}", headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (415, "application/problem+json")
    assert answer.json()["detail"] == "Send the body as JSON, with Content-Type: application/json."


def test_without_the_package_one_sentence_says_what_to_install(
    sandbox: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "sandbox.server.agents.protocol", raising=False)
    for name in ("mcp", "mcp.server"):
        monkeypatch.setitem(sys.modules, name, None)
    answer = post(sandbox, rpc("tools/list"))
    assert answer.status_code == 501
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "urn:dialog-sandbox:not-installed",
        "title": "Not installed",
        "status": 501,
        "detail": "Agents are answered by the package mcp: install dialog-sandbox[mcp], and start the server again.",
    }
    assert sandbox.control("GET", "/clock")["state"] == "running"


NOTHING_IMPORTED = """
import asyncio, sys, httpx
from sandbox import create_app

async def run():
    app = create_app()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8080") as client:
        assert (await client.get("/_sandbox/workspaces/default")).status_code == 200
        assert (await client.get("/_sandbox/mcp")).status_code == 405
        before = {"mcp", "mcp_types", "httpx2"} & sys.modules.keys()
        headers = {"Accept": "application/json, text/event-stream"}
        listing = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
        assert (await client.post("/_sandbox/mcp", json=listing, headers=headers)).status_code == 200
        after = {"mcp", "mcp_types"} & sys.modules.keys()
    app.close()
    print(sorted(before), sorted(after))

asyncio.run(run())
"""


def test_it_is_imported_when_it_is_first_called_and_not_before() -> None:
    done = subprocess.run([sys.executable, "-c", NOTHING_IMPORTED], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("[] ['mcp', 'mcp_types']\n", "")
