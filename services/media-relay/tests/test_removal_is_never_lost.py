"""A peer that is gone for Python must go in the packet path too, however far behind that is."""

import asyncio
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import pytest
from salon_packets import CommandQueueFull, Event, SinkConfig, SourceConfig
from salon_relay import packets
from salon_relay.packets import Packets

if TYPE_CHECKING:
    from salon_packets._native import Stats


class BusyPath:
    """A packet path whose queue is full `refusals` times."""

    def __init__(self, refusals: int) -> None:
        self.refusals = refusals
        self.removed: list[int] = []
        self.all_removed = asyncio.Event()
        self.transports: dict[int, int] = {}
        self._fd = os.eventfd(0)

    def fileno(self) -> int:
        return self._fd

    def drain(self) -> list[Event]:
        return []

    def _full(self) -> None:
        if self.refusals:
            self.refusals -= 1
            raise CommandQueueFull

    def add_transport(self, transport: int, local_ufrag: str, local_pwd: str, remote_ufrag: str) -> None:
        self._full()

    def remove_transport(self, transport: int) -> None:
        self._full()
        self.removed.append(transport)
        self.all_removed.set()

    def send_dtls(self, transport: int, datagrams: Sequence[bytes]) -> None:
        self._full()

    def set_srtp(self, transport: int, profile: int, local_key: bytes, remote_key: bytes) -> None: ...
    def add_source(self, transport: int, source: int, config: SourceConfig) -> None: ...
    def remove_source(self, source: int) -> None: ...
    def add_sink(self, transport: int, sink: int, source: int, config: SinkConfig) -> None: ...
    def remove_sink(self, sink: int) -> None: ...
    def add_local_transport(self, transport: int, fd: int) -> None: ...
    def pause_sink(self, sink: int, paused: bool) -> None: ...
    def switch_to(self, source: int, replacement: int) -> None: ...
    def switch_back(self, source: int) -> None: ...
    def hold(self, source: int, max_ms: int) -> None: ...

    def stats(self) -> "Stats":
        return {
            "packets_received": 0,
            "packets_sent": 0,
            "send_failures": 0,
            "unknown_datagrams": 0,
            "stun_failures": 0,
            "stale_commands": 0,
            "panics": 0,
            "cpu_time_ns": 0,
            "transports": {
                number: {
                    "packets_received": 0,
                    "bytes_received": 0,
                    "packets_sent": 0,
                    "bytes_sent": size,
                    "srtp_failures": 0,
                    "round_trip_time_ms": None,
                }
                for number, size in self.transports.items()
            },
            "sources": {},
            "sinks": {},
        }

    def close(self) -> None:
        os.close(self._fd)


async def test_removal_is_tried_until_it_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packets, "STATS_PERIOD_S", 0.01)
    path = BusyPath(refusals=0)
    under_test = Packets(path)
    under_test.add_transport(7, lambda event: None, local_ufrag="u", local_pwd="p", remote_ufrag="r")
    path.refusals = 3
    under_test.remove_transport(7)
    assert path.removed == []
    running = asyncio.create_task(under_test.run())
    async with asyncio.timeout(20):
        await path.all_removed.wait()
    assert path.removed == [7]
    running.cancel()
    path.close()


async def test_datagram_that_does_not_fit_is_left_to_dtls() -> None:
    path = BusyPath(refusals=1)
    Packets(path).send_dtls(1, [b"flight"])
    assert path.refusals == 0
    path.close()


async def test_counts_of_a_transport_the_packet_path_gave_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packets, "_SNAPSHOT_MAX_AGE_NS", -1)
    path = BusyPath(refusals=0)
    under_test = Packets(path)
    path.transports[1] = 500
    assert under_test.transport_stats(2) is None
    path.transports.clear()
    last = under_test.transport_stats(1)
    assert last is not None
    assert last["bytes_sent"] == 500
    path.close()
