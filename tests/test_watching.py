"""What an operator sees of a server that runs: its log, and the numbers that Prometheus reads."""

import json
import logging
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from commands import FAILSAFE_S, Start, environment, is_refused
from documents import CHECKOUT
from driver import CONSOLE, DEFAULT, DEMO, DIALOGTECH, KEYS, PHONE, SIMPLEPAY, WRITEBACK, Driver
from live import Live
from prometheus_client.parser import text_string_to_metric_families
from server_process import received
from sqlalchemy import func, select

from sandbox.server.json_log import JsonLines
from sandbox.server.request_counts import BOUNDS_S, RequestCounts
from sandbox.server.request_log import LoggedRequest
from sandbox.store import StoreUnavailable
from sandbox.store.tables import CALLBACKS, SCHEMA
from sandbox.vendors import VENDORS
from sandbox.world.totals import PagedCount

METRICS = "/_sandbox/metrics"
TOKEN = "a-token"
SECRETS = ("demo-access-key", "demo-secret-key", "ZGVtbzpkZW1v", "hunter22-of-nobody")
"""Of the plain world, one of them as Basic sends it; and a value of a secret's name."""
OPERATIONS = {name for vendor in VENDORS for name in vendor.operations}
OTHERS = {"control", "health", "unknown"}

VARYING = ("time", "message", "client", "ms", "exchange", "workspace")
NAMES = re.compile(r"`(sandbox_\w+)")

Sample = tuple[str, frozenset[tuple[str, str]]]
Open = Callable[..., Driver]


# The log of requests -------------------------------------------------------------------------------------------------


@pytest.fixture
def logged(open_driver: Open, caplog: pytest.LogCaptureFixture) -> Driver:
    """A sandbox with a log of its requests."""
    caplog.set_level(logging.INFO, "sandbox.access")
    return open_driver(log="access")


def requests_in(caplog: pytest.LogCaptureFixture) -> list[LoggedRequest]:
    """What was logged of requests, but for how long they took."""
    records = [record for record in caplog.records if record.name == "sandbox.access"]
    found = [record.__dict__["request"] for record in records]
    assert [record.getMessage() for record in records] == list(map(str, found))
    assert all(each.ms >= 0 for each in found)
    return [each._replace(ms=0) for each in found]


def test_a_request_is_told_by_whom_what_came_of_it_and_which_exchange_it_was(
    logged: Driver, caplog: pytest.LogCaptureFixture
) -> None:
    taken, refused = logged.submit(), logged.submit(to="1")
    workspace = logged.control("GET", "")["id"]
    first, second, third = requests_in(caplog)
    assert first == LoggedRequest(
        client="127.0.0.1",
        method="POST",
        path=f"{SIMPLEPAY}/submit/{CONSOLE}",
        status=200,
        ms=0,
        operation="simplepay.submit",
        outcome="accepted",
        exchange=taken.headers["X-Sandbox-Exchange"],
        workspace=workspace,
    )
    assert second == first._replace(status=400, outcome="refused", exchange=refused.headers["X-Sandbox-Exchange"])
    assert third == first._replace(method="GET", path=DEFAULT, operation="control", exchange=None, workspace=None)
    assert str(first) == (
        f'127.0.0.1 "POST {SIMPLEPAY}/submit/{CONSOLE}" 200 0 ms simplepay.submit {first.exchange} {workspace}'
    )


@pytest.mark.parametrize(
    ("method", "path", "options"),
    [
        ("GET", DIALOGTECH, {"params": {"action": "sms.get_messages", **KEYS}}),
        ("GET", f"{DIALOGTECH}/demo-secret-key", {"params": KEYS}),
        ("GET", f"{DIALOGTECH}/%64emo-secret-key", {}),
        ("GET", "/nowhere/demo-access-key/demo-secret-key", {}),
        ("GET", "/nowhere/password=hunter22-of-nobody", {}),
        ("GET", "/nowhere?password=hunter22-of-nobody", {}),
        ("POST", f"{SIMPLEPAY}/submit/demo-secret-key", {"auth": DEMO, "data": {"To": PHONE}}),
        ("POST", f"{SIMPLEPAY}/submit/ZGVtbzpkZW1v", {"auth": DEMO, "data": {"To": PHONE}}),
        ("GET", f"{WRITEBACK}/{CONSOLE}/demo-secret-key/x", {"auth": ("demo", "hunter22-of-nobody")}),
        ("PATCH", f"{DEFAULT}/accounts/demo-access-key", {"json": {"doctype": "none"}}),
        ("GET", f"{DEFAULT}/accounts/demo-secret-key", {}),
        ("GET", "/_sandbox/workspaces/nobodys/accounts/demo-access-key", {}),
        ("GET", "/_sandbox/demo-access-key", {}),
    ],
)
def test_no_secret_is_in_the_log(
    logged: Driver, caplog: pytest.LogCaptureFixture, method: str, path: str, options: dict[str, Any]
) -> None:
    logged.call(method, path, **options)
    (record,) = [each for each in caplog.records if each.name == "sandbox.access"]
    for line in (record.getMessage(), JsonLines().format(record)):
        assert not [secret for secret in SECRETS if secret in line], line


def test_the_token_of_a_sink_is_not_in_the_log(logged: Driver, caplog: pytest.LogCaptureFixture) -> None:
    url = httpx.URL(logged.control("PUT", "/sinks/mine", {})["url"])
    assert logged.call("POST", url.path, data={"a": "b"}).status_code == 200
    assert [each.path for each in requests_in(caplog)] == [f"{DEFAULT}/sinks/mine", "/_sandbox/sinks/[redacted]"]


def test_a_long_path_is_cut(logged: Driver, caplog: pytest.LogCaptureFixture) -> None:
    logged.call("GET", f"/{'x' * 5000}")
    (request,) = requests_in(caplog)
    assert request.path == f"/{'x' * 1023}"


@pytest.mark.parametrize(
    ("sent", "method"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x1b[2J\x08\x9b /\r\n\r\n", "?"),
        (b"\x1b[31mGET / HTTP/1.1\r\n\r\n", "?"),
        (b"GET/ibp_api.php?secret_access_key=demo-secret-key HTTP/1.1\r\n\r\n", "?"),
        (b"GET /\x1b[2J\x08\x7f\xc2\x9b HTTP/1.1\r\nHost: localhost\r\n\r\n", "GET"),
    ],
    ids=["tls", "a code before the method", "no blank behind the method", "codes in the path"],
)
def test_what_is_no_http_brings_no_codes_and_no_secrets_into_the_log(
    caplog: pytest.LogCaptureFixture, sent: bytes, method: str
) -> None:
    caplog.set_level(logging.INFO, "sandbox.access")
    live = Live(log="access")
    try:
        with live.connect(sent) as connection:
            assert received(connection).startswith(b"HTTP/1.1 4")
    finally:
        live.stop()
    (request,) = requests_in(caplog)
    assert request.method == method
    assert str(request).isascii()
    assert str(request).isprintable()
    assert "demo-secret-key" not in str(request)


def test_a_path_with_which_nobody_can_look_for_secrets_is_left_out(
    logged: Driver, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def cut_off(_: object) -> None:
        raise StoreUnavailable("it is cut off")

    monkeypatch.setattr(logged.app.store, "read", cut_off)
    answer = logged.writeback()
    assert answer.status_code == 503
    (request,) = requests_in(caplog)
    assert (request.path, request.status, request.operation) == ("[redacted]", 503, "writeback.responses")
    (told,) = [each for each in caplog.records if "did not answer a vendor's call" in each.getMessage()]
    assert told.exc_info is not None


def test_a_call_that_a_fault_breaks_off_is_told_as_unanswered(
    open_driver: Open, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "sandbox.access")
    sandbox = open_driver(log="access")
    with pytest.raises(httpx.TransportError):
        sandbox.call(
            "GET",
            f"{WRITEBACK}/{CONSOLE}/2026-05-06 00:00:00/2026-05-06 23:59:59",
            auth=DEMO,
            headers={"X-Sandbox-Fault": "reset"},
        )
    (request,) = requests_in(caplog)
    assert (request.status, request.outcome) == (None, "faulted")
    assert " unanswered " in str(request)
    counted = metrics_of(sandbox)
    assert counted[_requests("writeback.responses", "faulted", "none")] == 1


def test_nothing_is_told_of_requests_unless_that_is_wanted(sandbox: Driver, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "sandbox.access")
    sandbox.submit()
    assert requests_in(caplog) == []


# The log as JSON -----------------------------------------------------------------------------------------------------


def record_of(message: str, *args: object, error: Exception | None = None) -> logging.LogRecord:
    info = None if error is None else (type(error), error, None)
    return logging.LogRecord("sandbox.somewhere", logging.WARNING, __file__, 1, message, args, info)


def test_a_record_is_an_object_on_one_line() -> None:
    record = record_of("Two\nlines of %s.", "it", error=ValueError("a\nb"))
    record.created = 1_778_058_000.25
    line = JsonLines().format(record)
    assert "\n" not in line
    assert json.loads(line) == {
        "time": "2026-05-06T09:00:00.250Z",
        "level": "warning",
        "logger": "sandbox.somewhere",
        "message": "Two\nlines of it.",
        "error": "ValueError: a\nb",
    }


@pytest.mark.parametrize(
    "text",
    [
        "https://user:hunter22-of-nobody@host/x",
        "GET /x?secret_access_key=hunter22-of-nobody",
        '{"password": "hunter22-of-nobody"}',
    ],
)
def test_what_goes_by_a_secrets_name_is_taken_out_of_every_record(text: str) -> None:
    line = JsonLines().format(record_of("It said %s", text, error=RuntimeError(text)))
    assert "hunter22" not in line
    assert line.count("[redacted]") == 2


def test_what_is_logged_during_an_exchange_says_which_it_was(sandbox: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[dict[str, Any]] = []

    class Keeping(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(json.loads(JsonLines().format(record)))

    async def cut_off(_: object) -> None:
        raise StoreUnavailable("it is cut off")

    logger = logging.getLogger("sandbox.vendors.base.route")
    handler = Keeping()
    logger.addHandler(handler)
    monkeypatch.setattr(sandbox.app.store, "read", cut_off)
    try:
        answer = sandbox.writeback()
    finally:
        logger.removeHandler(handler)
    (line,) = lines
    assert line["exchange"] == answer.headers["X-Sandbox-Exchange"]
    assert (line["level"], line["message"]) == ("error", "The store did not answer a vendor's call.")
    assert "it is cut off" in line["error"]


def test_with_json_every_line_of_standard_error_is_an_object(start: Start) -> None:
    server = start("--log", "json", SANDBOX_HOTS="example.com")
    assert server.ask("GET", f"{DIALOGTECH}?action=x&access_key=demo-access-key&secret_access_key=demo-secret-key")[0]
    assert server.ask("GET", "/_sandbox/health/live")[0] == 200
    code, _, errors = server.stop()
    lines = [json.loads(line) for line in errors.splitlines()]
    assert code == 0
    assert [(line["level"], line["logger"]) for line in lines] == [
        ("warning", "sandbox.notices"),
        ("info", "sandbox.access"),
        ("info", "sandbox.access"),
    ]
    assert "SANDBOX_HOTS" in lines[0]["message"]
    assert (lines[1]["path"], lines[1]["method"], lines[1]["client"]) == (DIALOGTECH, "GET", "127.0.0.1")
    assert lines[1]["exchange"].startswith("ex_")
    assert lines[2]["operation"] == "health"
    assert not [secret for secret in SECRETS if secret in errors]


def test_why_it_does_not_start_is_an_object_too() -> None:
    command = [sys.executable, "-m", "sandbox", "serve", "--port", "0", "--database", "/nowhere/at/all.db"]
    done = subprocess.run(
        command, env=environment(SANDBOX_LOG="json"), capture_output=True, text=True, timeout=FAILSAFE_S, check=False
    )
    assert done.returncode == 1
    assert "/nowhere/at" in json.loads(done.stderr)["message"]


def test_with_access_each_request_is_a_line_of_standard_error(start: Start) -> None:
    server = start(SANDBOX_LOG="access")
    server.ask("GET", "/_sandbox/health/live")
    code, printed, errors = server.stop()
    assert code == 0
    assert "health" not in printed
    pattern = r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z 127\.0\.0\.1 "GET /_sandbox/health/live" 200 \d+ ms health - -\n'
    assert re.fullmatch(pattern, errors), errors


def test_by_itself_a_server_tells_nothing_of_its_requests(start: Start) -> None:
    server = start()
    server.ask("GET", "/_sandbox/health/live")
    assert server.stop()[2] == ""


def test_another_kind_of_log_is_refused() -> None:
    is_refused(2, "--log must be one of plain, access, json, not 'xml'.", "serve", "--log", "xml")
    is_refused(2, "SANDBOX_LOG must be one of plain, access, json, not 'xml'.", "serve", SANDBOX_LOG="xml")


# The numbers ---------------------------------------------------------------------------------------------------------


def samples(text: str) -> dict[Sample, float]:
    """What is told, by name and labels."""
    families = list(text_string_to_metric_families(text))
    assert len({family.name for family in families}) == len(families)
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


def metrics_of(sandbox: Driver) -> dict[Sample, float]:
    answer = sandbox.call("GET", METRICS)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"
    return samples(answer.text)


def _requests(operation: str, outcome: str, status: str) -> Sample:
    labels = {"operation": operation, "outcome": outcome, "status": status}
    return "sandbox_requests_total", frozenset(labels.items())


def _of_state(state: str) -> Sample:
    return "sandbox_callbacks", frozenset({("state", state)})


def plain(name: str) -> Sample:
    return name, frozenset()


def test_requests_are_counted_by_operation_outcome_and_status(sandbox: Driver) -> None:
    sandbox.submit()
    sandbox.submit()
    sandbox.submit(to="1")
    sandbox.get_messages()
    sandbox.call("GET", "/nowhere")
    sandbox.call("GET", "/_sandbox/health/live")
    sandbox.call("GET", "/_sandbox/nowhere")
    counted = {key: n for key, n in metrics_of(sandbox).items() if key[0] == "sandbox_requests_total"}
    assert counted == {
        _requests("simplepay.submit", "accepted", "200"): 2,
        _requests("simplepay.submit", "refused", "400"): 1,
        _requests("dialogtech.sms.get_messages", "accepted", "200"): 1,
        _requests("unknown", "refused", "404"): 1,
        _requests("health", "accepted", "200"): 1,
        _requests("control", "refused", "404"): 1,
    }
    assert metrics_of(sandbox)[_requests("control", "accepted", "200")] == 1


def test_how_many_kinds_are_counted_does_not_grow_with_what_is_asked_for(sandbox: Driver) -> None:
    paths = (
        [f"/{n}" for n in range(5)]
        + [f"{SIMPLEPAY}/{n}" for n in range(5)]
        + [f"{DIALOGTECH}?action=a{n}" for n in range(5)]
    )
    for path in paths:
        sandbox.call("GET", path)
        sandbox.call("BREW", path)
    labels = [dict(labels) for name, labels in metrics_of(sandbox) if name == "sandbox_requests_total"]
    assert {each["operation"] for each in labels} <= OPERATIONS | OTHERS
    assert len(labels) <= 8


def test_the_time_until_the_answer_is_counted_by_operation(sandbox: Driver) -> None:
    for _ in range(3):
        sandbox.submit()
    found = metrics_of(sandbox)
    of_submit = {
        dict(labels).get("le"): value
        for (name, labels), value in found.items()
        if name.startswith("sandbox_request_duration_seconds_bucket") and ("operation", "simplepay.submit") in labels
    }
    assert list(of_submit) == [*map(str, BOUNDS_S), "+Inf"]
    assert list(of_submit.values()) == sorted(of_submit.values())
    assert of_submit["+Inf"] == 3
    operation = frozenset({("operation", "simplepay.submit")})
    assert found["sandbox_request_duration_seconds_count", operation] == 3
    assert found["sandbox_request_duration_seconds_sum", operation] > 0


def test_callbacks_messages_and_workspaces_are_those_of_the_database(sandbox: Driver) -> None:
    sandbox.delivery("timed")
    sandbox.control("POST", "/clock", {"action": "freeze"})
    url = sandbox.control("PUT", "/sinks/mine", {})["url"]
    sandbox.submit(callback=url)
    before = metrics_of(sandbox)
    states = ("waiting", "pending", "sending", "delivered", "given_up")
    assert [before[_of_state(state)] for state in states] == [1, 1, 0, 0, 0]
    sandbox.control("POST", "/clock", {"action": "advance", "seconds": 10, "settle": FAILSAFE_S})
    after = metrics_of(sandbox)
    assert [after[_of_state(state)] for state in states] == [0, 0, 0, 2, 0]
    assert after[plain("sandbox_messages")] == 1
    assert after[plain("sandbox_workspaces")] == 1
    assert after[plain("sandbox_journal_exchanges")] == 1
    assert after[plain("sandbox_store_bytes")] > 4096
    # What is hidden is nobody's: a snapshot holds a message and its callbacks too.
    assert sandbox.call("PUT", f"{DEFAULT}/snapshots/here").is_success
    sandbox.call("POST", "/_sandbox/workspaces", json={})
    sandbox.call("GET", "/nowhere")
    more = metrics_of(sandbox)
    assert [more[_of_state(state)] for state in states] == [0, 0, 0, 2, 0]
    assert more[plain("sandbox_messages")] == 1
    assert more[plain("sandbox_workspaces")] == 2
    assert more[plain("sandbox_journal_exchanges")] == 2


def test_rows_are_counted_page_by_page_as_all_at_once(sandbox: Driver) -> None:
    sandbox.delivery("timed")
    sandbox.control("POST", "/clock", {"action": "freeze"})
    for _ in range(9):
        sandbox.submit(callback="http://127.0.0.1:9/")
    sandbox.control("POST", "/clock", {"action": "advance", "seconds": 0})
    store = sandbox.app.store
    by_state = select(CALLBACKS.c.state, func.count()).group_by(CALLBACKS.c.state)
    at_once: dict[str, int] = dict(store.read_now(lambda tx: tx.connection.execute(by_state).all()))
    assert sum(at_once.values()) == 18
    for rows in (1, 4, 9, 18, 19, 1000):
        paged = PagedCount(CALLBACKS, CALLBACKS.c.id, CALLBACKS.c.state, with_nobodys=False, rows=rows)
        assert sandbox.run(paged.count(store)) == at_once


def test_the_server_tells_what_it_is(sandbox: Driver) -> None:
    (labels,) = [labels for name, labels in metrics_of(sandbox) if name == "sandbox_info"]
    version = sandbox.call("GET", "/_sandbox/version").json()["version"]
    database = "sqlite" if sandbox.app.store.is_sqlite else "postgresql"
    assert dict(labels) == {"version": version, "schema": str(SCHEMA), "database": database}


def test_who_asks_for_openmetrics_gets_that(sandbox: Driver) -> None:
    accept = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"
    answer = sandbox.call("GET", METRICS, headers={"Accept": accept})
    assert answer.headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
    assert answer.text.endswith("# EOF\n")


def test_a_server_with_a_token_wants_it_here_too(open_driver: Open) -> None:
    sandbox = open_driver(control_token=TOKEN)
    assert sandbox.call("GET", METRICS).status_code == 401
    assert sandbox.call("GET", METRICS, headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200


def test_visitors_of_a_demo_may_read_them(open_driver: Open) -> None:
    sandbox = open_driver(demo=True, control_token=TOKEN)
    answer = sandbox.call("GET", METRICS)
    assert answer.status_code == 200
    assert not [secret for secret in SECRETS if secret in answer.text]


def test_a_method_that_reads_nothing_is_refused(sandbox: Driver) -> None:
    assert sandbox.call("POST", METRICS).status_code == 405


# Of several processes ------------------------------------------------------------------------------------------------


def test_processes_that_count_together_tell_all_that_any_counted(tmp_path: Path) -> None:
    first, second = RequestCounts(tmp_path), RequestCounts(tmp_path)
    first._own.add(("a", "accepted", "200"), 0.003)
    second._own.add(("a", "accepted", "200"), 100.0)
    second._own.add(("b", "refused", "400"), 0.0)
    second.publish()
    for counts in (first, first, second):
        found = counts.of_all()
        if counts is second:
            continue  # the first one has left nothing yet
        assert found.requests == {("a", "accepted", "200"): 2, ("b", "refused", "400"): 1}
        assert (sum(found.durations["a"].counts), found.durations["a"].seconds) == (2, [100.003])
        assert found.durations["a"].counts[-1] == 1
    first.publish()
    assert second.of_all().requests == first.of_all().requests
    # A third one takes the place of the second, whose counts stay.
    assert RequestCounts(tmp_path).of_all().requests == first.of_all().requests


def test_a_worker_tells_the_requests_of_all(start: Start) -> None:
    server = start("--workers", "2")
    url = f"http://127.0.0.1:{server.port}"
    for _ in range(16):  # each on a connection of its own: some for each worker
        assert httpx.get(f"{url}{SIMPLEPAY}/messages/{CONSOLE}/none", auth=DEMO, timeout=FAILSAFE_S).status_code == 200

    def counted() -> float:
        found = samples(httpx.get(url + METRICS, timeout=FAILSAFE_S).text)
        return found.get(_requests("simplepay.messages", "accepted", "200"), 0)

    assert all(sample == 16 for sample in take_until(counted, 16))
    assert server.stop()[0] == 0


def take_until(look: Callable[[], float], wanted: float) -> Iterator[float]:
    """What is seen from the moment on at which it is what is wanted, a few times."""
    end = time.monotonic() + FAILSAFE_S
    while (seen := look()) != wanted:
        assert seen < wanted
        assert time.monotonic() < end, "it did not come about"
    for _ in range(8):
        yield look()


# The page about it ---------------------------------------------------------------------------------------------------


def test_the_page_for_operators_shows_what_is_told(logged: Driver, caplog: pytest.LogCaptureFixture) -> None:
    page = (CHECKOUT / "docs" / "operators.md").read_text()
    section = page.partition("## Watching\n")[2].partition("\n## ")[0]
    (shown,) = re.findall(r"^```json\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)
    logged.submit()
    (record,) = [each for each in caplog.records if each.name == "sandbox.access"]
    told = json.loads(JsonLines().format(record))
    assert list(json.loads(shown)) == list(told)
    assert {**json.loads(shown), **dict.fromkeys(VARYING)} == {**told, **dict.fromkeys(VARYING)}
    names = {
        name for row in re.findall(r"^\| (`sandbox_.*?) \| ", section, re.MULTILINE) for name in NAMES.findall(row)
    }
    text = logged.call("GET", METRICS).text
    assert names == set(re.findall(r"^# TYPE (\w+) ", text, re.MULTILINE))
    (configured,) = re.findall(r"^```yaml\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)
    assert yaml.safe_load(configured)["scrape_configs"][0]["metrics_path"] == METRICS


# What it costs -------------------------------------------------------------------------------------------------------


def test_nothing_of_it_is_imported_before_it_is_asked_for() -> None:
    script = """
import sys
import sandbox.cli, sandbox.web_server
from sandbox import create_app
create_app().close()
ours = {"sandbox.server.metrics", "sandbox.server.json_log"}
print(sorted({"prometheus_client", "opentelemetry.sdk", *ours} & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=FAILSAFE_S,
        check=True,
    )
    assert done.stdout == "[]\n"
