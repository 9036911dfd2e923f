"""Where do spans and numbers of the requests go, if OpenTelemetry's variables say so? FastAPI itself makes them.

What is secret in a request stays here: a span has the route in place of the path, no query, and the exchange's id, by
which the journal has the rest.
"""

from collections.abc import Mapping
from importlib.util import find_spec
from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from fastapi.telemetry import TelemetryConfig
from opentelemetry import trace
from starlette.types import Scope

from sandbox.server.guard import HEALTH
from sandbox.server.journal.secrets import MARK
from sandbox.vendors.base.exchange import VendorExchange

if TYPE_CHECKING:
    from opentelemetry.sdk.resources import Resource

OFF: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False}
SIGNALS = ("TRACES", "METRICS")
PACKAGES = ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http")
PROTOCOL = "http/protobuf"
LAST_EXPORT_S = 2.0
"""How long a stop waits for what was not sent yet: the one who collects it may be gone."""
OF_PATH = ("url.path", "url.query")
NOT_INSTALLED = (
    "OpenTelemetry's variables are set, but its packages are not there, and nothing is sent:"
    " install dialog-sandbox[otel], or set OTEL_SDK_DISABLED=true."
)
OTHER_PROTOCOL = (
    f"OpenTelemetry's variables name another protocol than {PROTOCOL}, and nothing is sent:"
    f" set OTEL_EXPORTER_OTLP_PROTOCOL={PROTOCOL}, and its endpoint."
)


NO_URL = (
    "OpenTelemetry's variables name an endpoint that is no URL, and nothing is sent:"
    " set OTEL_EXPORTER_OTLP_ENDPOINT (or those of traces and metrics) to one as http://127.0.0.1:4318."
)


def wanted_signals(variables: Mapping[str, str]) -> list[str]:
    """Return what is to be sent, of `SIGNALS`."""
    if variables.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return []
    return [signal for signal in SIGNALS if _endpoint(signal, variables) and _exports(signal, variables)]


def _endpoint(signal: str, variables: Mapping[str, str]) -> str:
    names = (f"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
    return next((variables[name].strip() for name in names if variables.get(name, "").strip()), "")


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _exports(signal: str, variables: Mapping[str, str]) -> bool:
    exporters = variables.get(f"OTEL_{signal}_EXPORTER", "").lower() or "otlp"
    return "otlp" in [each.strip() for each in exporters.split(",")]


def _protocol(signal: str, variables: Mapping[str, str]) -> str:
    names = (f"OTEL_EXPORTER_OTLP_{signal}_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
    return next((variables[name].strip() for name in names if variables.get(name, "").strip()), PROTOCOL)


def obstacle(variables: Mapping[str, str]) -> str | None:
    """Return in a sentence why nothing is sent though these variables ask for it, or None."""
    wanted = wanted_signals(variables)
    if not wanted:
        return None
    if any(_protocol(signal, variables) != PROTOCOL for signal in wanted):
        return OTHER_PROTOCOL
    if not all(_is_url(_endpoint(signal, variables)) for signal in wanted):
        return NO_URL
    return None if all(map(_is_installed, PACKAGES)) else NOT_INSTALLED


def _is_installed(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except ImportError:
        return False


class Telemetry:
    """Sends what FastAPI makes by `config`. Its exporters read the other variables themselves."""

    def __init__(self, signals: list[str]) -> None:
        self._providers: list[Any] = []
        self.config: TelemetryConfig = {
            **OFF,
            "auto_configure": False,
            "operation_spans": False,
            "exclude": _is_of_health,
        }
        resource = _resource()
        if "TRACES" in signals:
            self.config |= {"tracing": True, "tracer_provider": self._tracer_provider(resource)}
        if "METRICS" in signals:
            self.config |= {"metrics": True, "meter_provider": self._meter_provider(resource)}

    def _tracer_provider(self, resource: "Resource") -> Any:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415  (an extra)
        from opentelemetry.sdk.trace import Span, SpanProcessor, TracerProvider  # noqa: PLC0415  (an extra)
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415  (an extra)

        class WithoutSecrets(SpanProcessor):
            def on_start(self, span: Span, parent_context: object = None) -> None:  # noqa: ARG002  (its signature)
                for name in OF_PATH:
                    if name in (span.attributes or {}):
                        span.set_attribute(name, MARK.decode())

        provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        provider.add_span_processor(WithoutSecrets())
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._providers.append(provider)
        return provider

    def _meter_provider(self, resource: "Resource") -> Any:
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter  # noqa: PLC0415  (an extra)
        from opentelemetry.sdk.metrics import MeterProvider  # noqa: PLC0415  (an extra)
        from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader  # noqa: PLC0415  (an extra)

        reader = PeriodicExportingMetricReader(OTLPMetricExporter())
        provider = MeterProvider(metric_readers=[reader], resource=resource, shutdown_on_exit=False)
        self._providers.append(provider)
        return provider

    def close(self) -> None:
        """Send what was not sent yet, but not for long."""
        providers, self._providers = self._providers, []
        endings = [Thread(target=each.shutdown, daemon=True) for each in providers]
        for ending in endings:
            ending.start()
        for ending in endings:
            ending.join(LAST_EXPORT_S)


def started(variables: Mapping[str, str]) -> Telemetry | None:
    """Return what sends what these variables ask for, if they do and nothing keeps it from that."""
    wanted = wanted_signals(variables)
    return Telemetry(wanted) if wanted and obstacle(variables) is None else None


def _resource() -> "Resource":
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415  (an extra)

    resource = Resource.create()
    if str(resource.attributes.get("service.name", "")).startswith("unknown_service"):
        return resource.merge(Resource({"service.name": "dialog-sandbox"}))
    return resource


def _is_of_health(scope: Scope) -> bool:
    return bool(scope["path"].startswith(HEALTH))


def name_exchange(exchange: VendorExchange) -> None:
    """Let the present span tell which exchange of the journal it is."""
    span = trace.get_current_span()
    span.set_attribute("sandbox.exchange", exchange.id)
    if exchange.operation_id is not None:
        span.set_attribute("sandbox.operation", exchange.operation_id)
    if exchange.workspace is not None:
        span.set_attribute("sandbox.workspace", exchange.workspace.key)
