"""Rates come from the difference of two snapshots; peers that leave never make them negative."""

from typing import TYPE_CHECKING

from salon_kit.metrics import REGISTRY
from salon_relay.metrics import Meter

if TYPE_CHECKING:
    from salon_packets._native import Stats


def snapshot(packets_sent: int, transports: dict[int, int]) -> "Stats":
    return {
        "packets_received": packets_sent // 2,
        "packets_sent": packets_sent,
        "send_failures": 0,
        "unknown_datagrams": 3,
        "stun_failures": 0,
        "stale_commands": 0,
        "panics": 0,
        "cpu_time_ns": packets_sent * 1000,
        "transports": {
            number: {
                "packets_received": 0,
                "bytes_received": 0,
                "packets_sent": 0,
                "bytes_sent": size,
                "srtp_failures": 0,
                "round_trip_time_ms": None,
            }
            for number, size in transports.items()
        },
        "sources": {},
        "sinks": {},
    }


def value(name: str, **labels: str) -> float:
    found = REGISTRY.get_sample_value(name, labels)
    assert found is not None
    return found


def test_rates() -> None:
    meter = Meter()
    meter.observe(snapshot(1000, {1: 500}), 1.0, streams=1, transports=3, half_open=1)
    before = value("salon_relay_packets_sent_total")
    meter.observe(snapshot(5000, {1: 1500, 2: 250}), 2.0, streams=1, transports=3, half_open=1)
    assert meter.packets_per_s == 2000
    assert value("salon_relay_bits_per_second", direction="sent") == 8 * (1000 + 250) / 2
    assert value("salon_relay_packets_sent_total") - before == 4000
    assert value("salon_relay_transports_count", state="open") == 2
    assert value("salon_relay_transports_count", state="connecting") == 1


def test_transport_that_left_counts_as_nothing() -> None:
    meter = Meter()
    meter.observe(snapshot(10, {1: 10_000}), 1.0, streams=0, transports=1, half_open=0)
    meter.observe(snapshot(10, {}), 1.0, streams=0, transports=0, half_open=0)
    assert value("salon_relay_bits_per_second", direction="sent") == 0
