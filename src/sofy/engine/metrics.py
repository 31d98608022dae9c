"""What a monitor reads of an engine: its own counters, looked at when it asks: counting costs a message nothing."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from prometheus_client import REGISTRY, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from sofy.engine.loop import Engine

#: Since a message was due, until it was given to its connector; one of each turn of a client is looked at.
LANE_DELAY: Final = Histogram(
    "sofy_lane_delay_seconds",
    "From when a message was due to when it was given to a connector",
    ["lane"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0),
)
_COUNTED: Final = {
    "handed_over": "Parts written to suppliers",
    "accepted": "Parts that suppliers took",
    "refused": "Parts that suppliers did not take",
    "unknown": "Parts nobody knows of whether they were taken",
    "throttled": "Times that a supplier asked to slow down",
    "receipts": "Receipts that came",
    "delivered": "Receipts that say delivered",
    "failed": "Receipts that say failed or expired",
    "inbound": "Messages of people",
}
_NOW: Final = {
    "binds_up": "Links to the supplier that are up",
    "binds": "Links to the supplier there should be",
    "in_flight": "Parts without an answer yet",
    "queued": "Parts that wait in the connector",
    "rate_per_s": "Pace the connector keeps to; 0: none",
}


class EngineMetrics(Collector):
    """Reads one engine, from the thread of the monitor."""

    def __init__(self, engine: "Engine") -> None:
        self._engine = engine
        REGISTRY.register(self)

    def close(self) -> None:
        """This engine is over."""
        REGISTRY.unregister(self)

    def collect(self) -> Iterator[Metric]:
        yield from self._routes()
        engine = self._engine
        waiting = GaugeMetricFamily(
            "sofy_lane_waiting", "Messages claimed and not given to a connector", labels=["lane"]
        )
        for lane in engine.dispatcher.ready:
            waiting.add_metric([lane], engine.dispatcher.waiting(lane))
        yield waiting
        yield GaugeMetricFamily("sofy_engine_items", "Messages in the hands of this engine", value=len(engine.items))
        yield GaugeMetricFamily("sofy_ledger_waiting", "Outcomes not committed yet", value=engine.ledger.waiting)
        yield CounterMetricFamily("sofy_ledger_written", "Outcomes committed", value=engine.ledger.written)
        yield CounterMetricFamily(
            "sofy_receipts_unmatched", "Receipts that waited for their message", value=engine.receipts.unmatched
        )

    def _routes(self) -> Iterator[Metric]:
        running = list(self._engine.table.running.values())
        for name, text in _COUNTED.items():
            counter = CounterMetricFamily(f"sofy_route_{name}", text, labels=["route"])
            for one in running:
                counter.add_metric([one.route.code], getattr(one.counters, name))
            yield counter
        codes = CounterMetricFamily(
            "sofy_route_codes", "Why suppliers refused or did not deliver", labels=["route", "kind", "code"]
        )
        for one in running:
            for name, count in dict(one.counters.codes).items():
                kind, _, code = name.partition(" ")
                codes.add_metric([one.route.code, kind, code], count)
        yield codes
        health = {one.route.code: one.connector.health() for one in running}
        for name, text in _NOW.items():
            gauge = GaugeMetricFamily(f"sofy_route_{name}", text, labels=["route"])
            for code, told in health.items():
                gauge.add_metric([code], getattr(told, name))
            yield gauge
