"""Counters and gauges of the relay. Totals over all peers: a label per stream would never stop growing."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING

from salon_kit.metrics import counter, gauge, histogram

if TYPE_CHECKING:
    from salon_packets._native import Stats


NEGOTIATIONS = counter("relay_negotiations_total", "Offers by result.", "result")
NEGOTIATE_SECONDS = histogram("relay_negotiate_seconds", "Time to answer an offer.")
TRANSPORTS_CLOSED = counter("relay_transports_closed_total", "Peer connections that ended, by reason.", "reason")
_ADDRESSES = gauge("relay_announced_addresses", "1 for each address that clients are told.", "address")
_TRANSPORTS = gauge("relay_transports_count", "Peer connections.", "state")
_STREAMS = gauge("relay_streams_count", "Streams published to this relay.")
_SOURCES = gauge("relay_sources_count", "Tracks received.")
_SINKS = gauge("relay_sinks_count", "Tracks sent.")
_PACKETS_PER_S = gauge("relay_packets_per_second", "Packets in the last second.", "direction")
_BITS_PER_S = gauge("relay_bits_per_second", "Media bits in the last second.", "direction")
_LOST = gauge("relay_fraction_lost_ratio", "Mean loss reported by viewers in their last reports.")

_CUMULATIVE = {
    "packets_received": counter("relay_packets_received_total", "Datagrams received."),
    "packets_sent": counter("relay_packets_sent_total", "Datagrams sent."),
    "send_failures": counter("relay_send_failures_total", "Datagrams the kernel did not take."),
    "unknown_datagrams": counter("relay_unknown_datagrams_total", "Datagrams that belong to no peer connection."),
    "stun_failures": counter("relay_stun_failures_total", "STUN checks refused."),
    "stale_commands": counter("relay_stale_commands_total", "Commands whose object was gone already."),
    "panics": counter("relay_panics_total", "Bugs caught in the packet path."),
}
_CPU = counter("relay_packet_thread_cpu_seconds_total", "CPU time of the packet thread.")


def observe_addresses(addresses: Sequence[IPv4Address | IPv6Address]) -> None:
    """Takes what clients are told from now on."""
    _ADDRESSES.clear()
    for address in addresses:
        _ADDRESSES.labels(address=str(address)).set(1)


class Meter:
    """Feeds the metrics from one snapshot a second and knows the present load."""

    def __init__(self) -> None:
        self.packets_per_s = 0
        self._last: Stats | None = None
        self._last_bytes = (0, 0)

    def observe(self, stats: "Stats", seconds: float, *, streams: int, transports: int, half_open: int) -> None:
        """Takes the snapshot that ends an interval of `seconds`."""
        last = self._last
        for name, metric in _CUMULATIVE.items():
            before = 0 if last is None else _number(last, name)
            metric.inc(max(0, _number(stats, name) - before))
        _CPU.inc(max(0, stats["cpu_time_ns"] - (0 if last is None else last["cpu_time_ns"])) / 1e9)
        received = stats["packets_received"] - (0 if last is None else last["packets_received"])
        sent = stats["packets_sent"] - (0 if last is None else last["packets_sent"])
        self.packets_per_s = round(sent / seconds)
        _PACKETS_PER_S.labels(direction="received").set(received / seconds)
        _PACKETS_PER_S.labels(direction="sent").set(sent / seconds)
        received_bits, sent_bits = self._bits(stats)
        _BITS_PER_S.labels(direction="received").set(received_bits / seconds)
        _BITS_PER_S.labels(direction="sent").set(sent_bits / seconds)
        _TRANSPORTS.labels(state="connecting").set(half_open)
        _TRANSPORTS.labels(state="open").set(transports - half_open)
        _STREAMS.set(streams)
        _SOURCES.set(len(stats["sources"]))
        _SINKS.set(len(stats["sinks"]))
        lost = [sink["fraction_lost"] for sink in stats["sinks"].values()]
        _LOST.set(sum(lost) / len(lost) if lost else 0.0)
        self._last = stats

    def _bits(self, stats: "Stats") -> tuple[int, int]:
        """Bits of the transports that were there a snapshot ago as well: those that left would make it negative."""
        before = {} if self._last is None else self._last["transports"]
        received = sent = 0
        for number, now in stats["transports"].items():
            then = before.get(number)
            received += now["bytes_received"] - (0 if then is None else then["bytes_received"])
            sent += now["bytes_sent"] - (0 if then is None else then["bytes_sent"])
        return 8 * received, 8 * sent


def _number(stats: "Stats", name: str) -> int:
    value = stats.get(name)
    return value if isinstance(value, int) else 0
