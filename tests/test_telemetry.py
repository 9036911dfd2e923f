"""OpenTelemetry: what is sent to a collector when its variables are set, and what never is."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from commands import DEMO, READBACK, Start
from driver import DIALOGTECH, SIMPLEPAY
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from sandbox.server import telemetry
from sandbox.server.telemetry import NO_URL, NOT_INSTALLED, OTHER_PROTOCOL, obstacle, started, wanted_signals

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
OF_TRACES = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
URL = "http://127.0.0.1:4318"
TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


class Collector:
    """Takes what is sent by OTLP over HTTP, and keeps it."""

    def __init__(self) -> None:
        self.got: list[tuple[str, bytes]] = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                assert self.headers["Content-Type"] == "application/x-protobuf"
                if self.headers["Content-Encoding"] == "gzip":
                    import gzip

                    body = gzip.decompress(body)
                collector.got.append((self.path, body))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def resources(self) -> list[Any]:
        messages = [ExportTraceServiceRequest.FromString(body) for path, body in self.got if path == "/v1/traces"]
        return [each for message in messages for each in message.resource_spans]

    def spans(self) -> list[Any]:
        return [span for each in self.resources() for scope in each.scope_spans for span in scope.spans]

    def metrics(self) -> set[str]:
        messages = [ExportMetricsServiceRequest.FromString(body) for path, body in self.got if path == "/v1/metrics"]
        scopes = [scope for each in messages for resource in each.resource_metrics for scope in resource.scope_metrics]
        return {metric.name for scope in scopes for metric in scope.metrics}


@pytest.fixture
def collector() -> Iterator[Collector]:
    found = Collector()
    yield found
    found.close()


def attributes(of: Any) -> dict[str, Any]:
    values = {each.key: each.value for each in of.attributes}
    return {key: getattr(value, value.WhichOneof("value")) for key, value in values.items()}


def test_each_request_but_health_is_a_span_and_no_secret_is_in_it(start: Start, collector: Collector) -> None:
    server = start(OTEL_EXPORTER_OTLP_ENDPOINT=collector.url)
    keys = "action=sms.get_messages&access_key=demo-access-key&secret_access_key=demo-secret-key"
    server.ask("GET", READBACK, headers={**DEMO, "traceparent": f"00-{TRACE}-{PARENT}-01"})
    server.ask("GET", f"{DIALOGTECH}?{keys}")
    server.ask("GET", f"{SIMPLEPAY}/messages/demo-secret-key/x", headers=DEMO)
    server.ask("GET", "/_sandbox/workspaces/default/accounts/demo-access-key")
    server.ask("GET", "/_sandbox/health/live")
    server.ask("GET", "/nowhere/demo-secret-key")
    server.ask("GET", "/_sandbox/workspaces/default")
    assert server.stop()[::2] == (0, "")
    spans = {span.name: span for span in collector.spans()}
    assert sorted(span.name for span in collector.spans()) == [
        "GET",
        "GET /_sandbox/workspaces/{ws}",
        "GET /_sandbox/workspaces/{ws}/accounts/{access_key}",
        "GET /dialoghealth-simplepay-api/messages/{consoleCode}/{messageId}",
        "GET /dialoghealth-writeback-api/api/responses/{consoleCode}/{startTimestamp}/{endTimestamp}",
        "GET /ibp_api.php",
    ]
    read = next(span for name, span in spans.items() if "responses" in name)
    assert (read.trace_id.hex(), read.parent_span_id.hex()) == (TRACE, PARENT)
    told = attributes(read)
    assert told["sandbox.operation"] == "writeback.responses"
    assert told["sandbox.exchange"].startswith("ex_")
    assert told["sandbox.workspace"].startswith("ws_")
    assert (told["http.response.status_code"], told["url.path"]) == (200, "[redacted]")
    assert attributes(spans["GET /ibp_api.php"])["url.query"] == "[redacted]"
    assert {attributes(each.resource)["service.name"] for each in collector.resources()} == {"dialog-sandbox"}
    assert "http.server.request.duration" in collector.metrics()
    everything = b"".join(body for _, body in collector.got)
    assert not [secret for secret in (b"demo-access-key", b"demo-secret-key", b"ZGVtbzpkZW1v") if secret in everything]


def test_a_service_has_the_name_that_it_is_given(start: Start, collector: Collector) -> None:
    server = start(OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=f"{collector.url}/v1/traces", OTEL_SERVICE_NAME="sms")
    server.ask("GET", READBACK, headers=DEMO)
    assert server.stop()[::2] == (0, "")
    assert {attributes(each.resource)["service.name"] for each in collector.resources()} == {"sms"}
    assert collector.metrics() == set()


def test_every_worker_sends(start: Start, collector: Collector) -> None:
    server = start("--workers", "2", OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, OTEL_METRICS_EXPORTER="none")
    for _ in range(16):
        server.ask("GET", READBACK, headers=DEMO)
    assert server.stop()[::2] == (0, "")
    assert len(collector.spans()) == 16


def test_a_server_whose_collector_is_gone_answers_and_stops(start: Start) -> None:
    server = start(OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9")
    assert server.ask("GET", READBACK, headers=DEMO)[0] == 200
    assert server.stop()[0] == 0


@pytest.mark.parametrize("workers", ["1", "2"])
def test_what_cannot_be_sent_is_told_in_one_sentence(start: Start, workers: str) -> None:
    server = start("--workers", workers, OTEL_EXPORTER_OTLP_ENDPOINT=URL, OTEL_EXPORTER_OTLP_PROTOCOL="grpc")
    assert server.ask("GET", READBACK, headers=DEMO)[0] == 200
    assert server.stop()[::2] == (0, f"dialog-sandbox: {OTHER_PROTOCOL}\n")


@pytest.mark.parametrize("missing", telemetry.PACKAGES)
def test_packages_that_are_not_there_are_told_where_they_are_wanted(
    missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telemetry, "PACKAGES", (*telemetry.PACKAGES, f"{missing}.of_nobody", "nobodys.package"))
    assert obstacle({ENDPOINT: URL}) == NOT_INSTALLED
    assert started({ENDPOINT: URL}) is None
    assert obstacle({}) is None
    assert obstacle({ENDPOINT: URL, "OTEL_SDK_DISABLED": "true"}) is None


BOTH = ["TRACES", "METRICS"]


@pytest.mark.parametrize(
    ("variables", "wanted"),
    [
        ({}, []),
        ({ENDPOINT: ""}, []),
        ({"OTEL_SERVICE_NAME": "sms"}, []),
        ({ENDPOINT: URL}, BOTH),
        ({ENDPOINT: URL, "OTEL_TRACES_EXPORTER": "otlp"}, BOTH),
        ({ENDPOINT: URL, "OTEL_TRACES_EXPORTER": "none"}, ["METRICS"]),
        ({ENDPOINT: URL, "OTEL_METRICS_EXPORTER": "prometheus"}, ["TRACES"]),
        ({ENDPOINT: URL, "OTEL_METRICS_EXPORTER": "console, otlp"}, BOTH),
        ({OF_TRACES: URL}, ["TRACES"]),
        ({"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": URL}, ["METRICS"]),
        ({"OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": URL}, []),
        ({ENDPOINT: URL, "OTEL_SDK_DISABLED": "TRUE"}, []),
        ({ENDPOINT: URL, "OTEL_SDK_DISABLED": "false"}, BOTH),
    ],
)
def test_the_variables_of_opentelemetry_say_what_is_sent(variables: dict[str, str], wanted: list[str]) -> None:
    assert wanted_signals(variables) == wanted
    assert obstacle(variables) is None


@pytest.mark.parametrize(
    ("protocols", "sentence"),
    [
        ({"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, None),
        ({"OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"}, OTHER_PROTOCOL),
        ({"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "grpc"}, OTHER_PROTOCOL),
        ({"OTEL_EXPORTER_OTLP_LOGS_PROTOCOL": "grpc"}, None),
        (
            {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "http/protobuf"},
            OTHER_PROTOCOL,
        ),
    ],
)
def test_one_protocol_is_spoken(protocols: dict[str, str], sentence: str | None) -> None:
    assert obstacle({ENDPOINT: URL, **protocols}) == sentence


@pytest.mark.parametrize(
    ("endpoints", "sentence"),
    [
        ({ENDPOINT: "nonsense"}, NO_URL),
        ({ENDPOINT: "127.0.0.1:4318"}, NO_URL),
        ({ENDPOINT: "localhost:4318"}, NO_URL),
        ({ENDPOINT: "grpc://127.0.0.1:4317"}, NO_URL),
        ({ENDPOINT: "http://"}, NO_URL),
        ({ENDPOINT: "http://127.0.0.1:port"}, NO_URL),
        ({ENDPOINT: "http://127.0.0.1:99999"}, NO_URL),
        ({ENDPOINT: "http://[::1"}, NO_URL),
        ({ENDPOINT: URL, OF_TRACES: "nonsense"}, NO_URL),
        ({ENDPOINT: "nonsense", OF_TRACES: URL, "OTEL_METRICS_EXPORTER": "none"}, None),
        ({ENDPOINT: "https://[::1]:4318/otlp"}, None),
        ({ENDPOINT: f" {URL} "}, None),
    ],
)
def test_an_endpoint_that_is_no_url_is_told(endpoints: dict[str, str], sentence: str | None) -> None:
    assert obstacle(endpoints) == sentence


def test_with_an_endpoint_that_is_no_url_nothing_is_sent_and_that_is_told_at_the_start(start: Start) -> None:
    server = start(OTEL_EXPORTER_OTLP_ENDPOINT="127.0.0.1:4318")
    assert server.ask("GET", READBACK, headers=DEMO)[0] == 200
    assert server.stop()[::2] == (0, f"dialog-sandbox: {NO_URL}\n")
