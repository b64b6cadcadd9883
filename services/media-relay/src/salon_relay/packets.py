"""Between the event loop and the packet path: events up to whoever added the transport, commands down.

The event loop is told by an eventfd. Commands return at once. Removals must never get lost: one that does not fit is
kept and tried again with the next statistics.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, Protocol

from salon_kit.log import get_logger
from salon_packets import (
    CommandQueueFull,
    Event,
    EventsLost,
    SinkConfig,
    SourceConfig,
    TransportClosed,
    TransportEvent,
)

from salon_relay.srtp_keys import SrtpKeys

if TYPE_CHECKING:
    from salon_packets._native import Stats, TransportStats


log = get_logger()

STATS_PERIOD_S: Final = 1.0
_SNAPSHOT_MAX_AGE_NS: Final = 200_000_000


class PacketPath(Protocol):
    """`salon_packets.Relay`, as far as it is used here."""

    def fileno(self) -> int: ...
    def drain(self) -> list[Event]: ...
    def add_transport(self, transport: int, local_ufrag: str, local_pwd: str, remote_ufrag: str) -> None: ...
    def add_local_transport(self, transport: int, fd: int) -> None: ...
    def remove_transport(self, transport: int) -> None: ...
    def send_dtls(self, transport: int, datagrams: Sequence[bytes]) -> None: ...
    def set_srtp(self, transport: int, profile: int, local_key: bytes, remote_key: bytes) -> None: ...
    def add_source(self, transport: int, source: int, config: SourceConfig) -> None: ...
    def remove_source(self, source: int) -> None: ...
    def add_sink(self, transport: int, sink: int, source: int, config: SinkConfig) -> None: ...
    def remove_sink(self, sink: int) -> None: ...
    def pause_sink(self, sink: int, paused: bool) -> None: ...
    def switch_to(self, source: int, replacement: int) -> None: ...
    def switch_back(self, source: int) -> None: ...
    def hold(self, source: int, max_ms: int) -> None: ...
    def stats(self) -> "Stats": ...
    def close(self) -> None: ...


TransportListener = Callable[[TransportEvent], None]
"""Of one transport: gets what happens to it and to its sources, until it is removed or gone."""


class Packets:
    """`start`, then commands; `run` takes the statistics; `close` at the end."""

    def __init__(
        self, path: PacketPath, *, on_stats: Callable[["Stats", float], None] = lambda stats, seconds: None
    ) -> None:
        self._path = path
        self._on_stats = on_stats
        self._listeners: dict[int, TransportListener] = {}
        """Of the transports that are there as far as is known."""
        self._owed: list[tuple[Callable[[int], None], int]] = []
        self._snapshot: tuple[int, Stats] | None = None
        self._previous: Stats | None = None

    def start(self) -> None:
        asyncio.get_running_loop().add_reader(self._path.fileno(), self._dispatch)

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._path.fileno())
        self._path.close()

    async def run(self) -> None:
        """Statistics once a second, until cancelled."""
        before_ns = time.monotonic_ns()
        while True:
            await asyncio.sleep(STATS_PERIOD_S)
            now_ns = time.monotonic_ns()
            self._on_stats(self._fresh_snapshot(0), (now_ns - before_ns) / 1e9)
            before_ns = now_ns
            owed, self._owed = self._owed, []
            for command, number in owed:
                self._surely(command, number)

    # ---- up ----

    def _dispatch(self) -> None:
        for event in self._path.drain():
            self.on_event(event)

    def on_event(self, event: Event) -> None:
        """Passes it on; what comes of a transport that has been removed meanwhile is nothing."""
        if isinstance(event, EventsLost):
            log.warning("packet-events-lost", count=event.count)
            return
        listener = self._listeners.get(event.transport)
        if isinstance(event, TransportClosed):
            self._listeners.pop(event.transport, None)
        if listener is not None:
            listener(event)

    # ---- down; CommandQueueFull is the caller's to handle, except where said otherwise ----

    def add_transport(
        self, transport: int, listener: TransportListener, *, local_ufrag: str, local_pwd: str, remote_ufrag: str
    ) -> None:
        self._path.add_transport(transport, local_ufrag, local_pwd, remote_ufrag)
        self._listeners[transport] = listener

    def add_local_transport(self, transport: int, listener: TransportListener, fd: int) -> None:
        """Raises OSError as well, when there are no file descriptors left."""
        self._path.add_local_transport(transport, fd)
        self._listeners[transport] = listener

    def remove_transport(self, transport: int) -> None:
        """Of either kind. Never raises; nothing to do for one that is gone."""
        if self._listeners.pop(transport, None) is not None:
            self._surely(self._path.remove_transport, transport)

    def send_dtls(self, transport: int, datagrams: Sequence[bytes]) -> None:
        """Never raises: DTLS repeats what gets lost."""
        try:
            self._path.send_dtls(transport, datagrams)
        except CommandQueueFull:
            log.warning("dtls-not-sent", count=len(datagrams))

    def set_srtp(self, transport: int, keys: SrtpKeys) -> None:
        self._path.set_srtp(transport, keys.profile, keys.local, keys.remote)

    def add_source(self, transport: int, source: int, config: SourceConfig) -> None:
        self._path.add_source(transport, source, config)

    def remove_source(self, source: int) -> None:
        """Never raises."""
        self._surely(self._path.remove_source, source)

    def add_sink(self, transport: int, sink: int, source: int, config: SinkConfig) -> None:
        self._path.add_sink(transport, sink, source, config)

    def remove_sink(self, sink: int) -> None:
        """Never raises."""
        self._surely(self._path.remove_sink, sink)

    def pause_sink(self, sink: int, *, paused: bool) -> None:
        self._path.pause_sink(sink, paused)

    def switch_to(self, source: int, replacement: int) -> None:
        self._path.switch_to(source, replacement)

    def switch_back(self, source: int) -> None:
        """Never raises."""
        self._surely(self._path.switch_back, source)

    def hold(self, source: int, *, max_ms: int) -> None:
        self._path.hold(source, max_ms)

    def _surely(self, command: Callable[[int], None], number: int) -> None:
        try:
            command(number)
        except CommandQueueFull:
            self._owed.append((command, number))

    def transport_stats(self, transport: int) -> "TransportStats | None":
        """The last known, at most 0.2 s old unless the packet path has given the transport up; None if never seen."""
        fresh = self._fresh_snapshot(_SNAPSHOT_MAX_AGE_NS)["transports"].get(transport)
        if fresh is None and self._previous is not None:
            return self._previous["transports"].get(transport)
        return fresh

    def arriving_payload_type(self, source: int) -> int | None:
        """Of the newest media packet of a source; None if there was none, or it is not known yet."""
        known = self._fresh_snapshot(_SNAPSHOT_MAX_AGE_NS)["sources"].get(source)
        return None if known is None else known["payload_type"]

    def source_bps(self, source: int) -> int:
        """What a source receives at the moment; 0 if that is nothing or not known."""
        known = self._fresh_snapshot(_SNAPSHOT_MAX_AGE_NS)["sources"].get(source)
        return 0 if known is None else known["bitrate_bps"]

    def _fresh_snapshot(self, max_age_ns: int) -> "Stats":
        now_ns = time.monotonic_ns()
        if self._snapshot is None or now_ns - self._snapshot[0] > max_age_ns:
            self._previous = None if self._snapshot is None else self._snapshot[1]
            self._snapshot = (now_ns, self._path.stats())
        return self._snapshot[1]
