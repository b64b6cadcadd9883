"""Counters and histograms; every name begins with `salon_` and ends with its unit.

LOGINS = counter("room_logins_total", "Log-ins by result.", "result")
LOGINS.labels(result="ok").inc()
"""

import re
from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

REGISTRY = CollectorRegistry()
"""What `/metrics` shows."""

SECONDS_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

_NAME = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)+")

ProcessCollector(registry=REGISTRY)


def counter(name: str, help_text: str, *labels: str) -> Counter:
    """`salon_<name>`; the name ends in `_total`."""
    return Counter(_checked(name, ("_total",)), help_text, labels, registry=REGISTRY)


def gauge(name: str, help_text: str, *labels: str) -> Gauge:
    """`salon_<name>`; the name ends in its unit or in what is counted (`_streams`)."""
    return Gauge(_checked(name, ()), help_text, labels, registry=REGISTRY)


def histogram(name: str, help_text: str, *labels: str, buckets: Sequence[float] = SECONDS_BUCKETS) -> Histogram:
    """`salon_<name>`; the name ends in `_seconds` or `_bytes`."""
    return Histogram(_checked(name, ("_seconds", "_bytes")), help_text, labels, registry=REGISTRY, buckets=buckets)


def _checked(name: str, endings: tuple[str, ...]) -> str:
    if not _NAME.fullmatch(name) or (endings and not name.endswith(endings)):
        raise ValueError(f"not a metric name with a unit: {name!r}")
    return f"salon_{name}"


BUS_CONNECTED = gauge("bus_connected_connections", "1 while NATS can be reached.")
BUS_RECONNECTS = counter("bus_reconnects_total", "Connections to NATS after the first.")
BUS_SILENCES = counter("bus_silences_total", "Times NATS, or this process, was silent without losing the connection.")
BUS_REQUESTS = counter("bus_requests_total", "Requests asked, by operation and result code.", "operation", "result")
BUS_REQUEST_SECONDS = histogram("bus_request_seconds", "From request to answer.", "operation")
BUS_SERVED = counter("bus_served_total", "Requests answered, by operation and result code.", "operation", "result")
BUS_SERVE_SECONDS = histogram("bus_serve_seconds", "From the start of a handler to its end.", "operation")
BUS_IN_FLIGHT = gauge("bus_in_flight_requests", "Requests being handled.", "operation")
EVENTS_APPENDED = counter("events_appended_total", "Events appended, by type and result.", "type", "result")
EVENTS_APPEND_SECONDS = histogram("events_append_seconds", "From append to acknowledgement.")
EVENTS_SNAPSHOT_SECONDS = histogram("events_snapshot_seconds", "Time to read a snapshot.")
EVENTS_UNREADABLE = counter("events_unreadable_total", "Messages in the stream that are no events.")
STORAGE_FAILING = gauge("storage_failing_streams", "Streams that did not store what this process gave them last.")
TAIL_EVENTS = counter("tail_events_total", "Events handed to the callback, by result.", "result")
READER_RECREATIONS = counter("reader_recreations_total", "Consumers made anew, by reason.", "reason")
LEASES_EXPIRED = counter("leases_expired_total", "Expiries taken, by bucket and result.", "bucket", "result")
OUTBOX_WAITING = gauge("outbox_waiting_events", "Events not acknowledged yet.")
OUTBOX_LOST = counter("outbox_lost_total", "Events given up, by reason.", "reason")
SESSIONS_BROKEN = counter("sessions_broken_total", "Sessions discarded because of a bug, by kind.", "what")
