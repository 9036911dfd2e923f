"""What does the server tell one who watches it, in the words of Prometheus?

Requests are counted in memory, or among workers in a folder of theirs; all else is read from the database.
"""

from collections.abc import Iterator
from itertools import accumulate
from typing import NamedTuple

from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from sandbox.server.request_counts import BOUNDS_S, Counts
from sandbox.world.totals import Totals


class Metrics(NamedTuple):
    """What is told. `about`: of the server itself, by name; `store_bytes`: of the database on its disk."""

    about: dict[str, str]
    counts: Counts
    totals: Totals
    store_bytes: int


class _Families(Collector):
    """The families of metrics that it was made of, as the library writes them."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Metric]:
        about, counts, totals, store_bytes = self._metrics
        yield InfoMetricFamily("sandbox", "Which version this is, its schema, and the database's kind.", about)
        yield from _of_requests(counts)
        yield GaugeMetricFamily("sandbox_workspaces", "Workspaces.", totals.workspaces)
        yield GaugeMetricFamily("sandbox_messages", "Messages of all workspaces.", totals.messages)
        callbacks = GaugeMetricFamily("sandbox_callbacks", "Callbacks of all workspaces, by state.", labels=["state"])
        for state, n in totals.callbacks.items():
            callbacks.add_metric([state], n)
        yield callbacks
        yield GaugeMetricFamily("sandbox_journal_exchanges", "Exchanges in all journals.", totals.exchanges)
        yield GaugeMetricFamily("sandbox_store_bytes", "Bytes of the database, its log too.", store_bytes)


def _of_requests(counts: Counts) -> Iterator[Metric]:
    requests = CounterMetricFamily(
        "sandbox_requests", "Requests since the start.", labels=["operation", "outcome", "status"]
    )
    for key, n in sorted(counts.requests.items()):
        requests.add_metric(list(key), n)
    yield requests
    durations = HistogramMetricFamily(
        "sandbox_request_duration_seconds", "Time until the answer was sent.", labels=["operation"]
    )
    bounds = [*map(str, BOUNDS_S), "+Inf"]
    for operation, each in sorted(counts.durations.items()):
        durations.add_metric([operation], [*zip(bounds, accumulate(each.counts), strict=True)], each.seconds[0])
    yield durations


def rendered(metrics: Metrics, accept: str) -> tuple[bytes, str]:
    """Return them as one reads them who accepts this, and the media type of that."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Families(metrics))
    encode, media_type = choose_encoder(accept)
    return encode(registry), media_type
