"""The transcoder process that one stream has taken: its place in the packet path, its orders, and what it has done."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from salon.relay.v1 import relay_pb2
from salon.relay.v1.relay_pb2 import ToTranscoder
from salon_contracts.ids import RelayId, StreamId

from salon_relay.effects.attachment import Attachment
from salon_relay.effects.core.bitrate import Bitrate, Viewer
from salon_relay.effects.core.request import EffectsRequest
from salon_relay.effects.metrics import FRAMES
from salon_relay.effects.process import Transcoder
from salon_relay.effects.totals import Totals
from salon_relay.packets import Packets
from salon_relay.peers.identity import PeerIdentity
from salon_relay.registry import Track

if TYPE_CHECKING:
    from salon_packets._native import Stats


class StreamTranscoder:
    """`take` a process, `attach` it, give it orders, `detach` it; then the next one. Orders to none are nothing."""

    def __init__(
        self, relay_id: RelayId, packets: Packets, ids: Iterator[int], end_process: Callable[[Transcoder], None]
    ) -> None:
        self.attachment: Attachment | None = None
        self.totals = Totals()
        """Since the last report that effects stopped."""
        self.latency_us = (0, 0)
        """Median and 99th percentile of the last second."""
        self._relay_id = relay_id
        self._packets = packets
        self._ids = ids
        self._end_process = end_process
        self._process: Transcoder | None = None
        self._bitrate = Bitrate()
        self._bytes_sent: dict[int, int] = {}

    def take(self, process: Transcoder) -> None:
        self._process = process

    def attach(
        self,
        identity: PeerIdentity,
        stream_id: StreamId,
        track: Track,
        request: EffectsRequest,
        *,
        on_lost: Callable[[], None],
    ) -> bool:
        """Connects it to the packet path and starts it; False if there is none. Raises CommandQueueFull and OSError
        with nothing left behind. `on_lost`: the process has let go of its link."""
        process = self._process
        if process is None:
            return False
        self.attachment = Attachment(self._packets, self._ids, track, process.link_fd, on_lost=on_lost)
        process.release_link()
        process.send(
            ToTranscoder(
                start=relay_pb2.TranscoderStart(
                    relay_id=self._relay_id,
                    app_id=identity.app_id,
                    room_id=identity.room_id,
                    stream_id=stream_id,
                    codec=track.name,
                    ring_prefix=process.ring_prefix,
                    beauty=request.beauty,
                    version=max(0, request.version),
                    target_bps=self._bitrate.start(self._packets.source_bps(track.source)),
                )
            )
        )
        return True

    def detach(self) -> None:
        """Takes it off the packet path and ends it."""
        if self.attachment is not None:
            self.attachment.remove()
            self.attachment = None
        if self._process is not None:
            self._end_process(self._process)
            self._process = None
        self.totals.next_transcoder()

    # ---- orders ----

    def set_beauty(self, request: EffectsRequest) -> None:
        version = max(0, request.version)
        self._send(ToTranscoder(beauty=relay_pb2.TranscoderBeauty(beauty=request.beauty, version=version)))

    def fade(self) -> None:
        self._send(ToTranscoder(fade=relay_pb2.TranscoderFade()))

    def retry(self) -> None:
        self._send(ToTranscoder(retry=relay_pb2.TranscoderRetry()))

    def replace(self, source: int) -> None:
        """Gives the viewers of `source` what it sends. Raises CommandQueueFull."""
        if self.attachment is not None:
            self._packets.switch_to(source, self.attachment.source)

    def pause(self, *, paused: bool) -> None:
        """While paused it gets no frames. Raises CommandQueueFull."""
        if self.attachment is not None:
            self._packets.pause_sink(self.attachment.consumer, paused=paused)

    def _send(self, order: ToTranscoder) -> None:
        if self._process is not None:
            self._process.send(order)

    # ---- once a second ----

    def count(self, counters: relay_pb2.TranscoderCounters) -> None:
        """What it says it has done so far."""
        added = self.totals.count(counters)
        for result in ("beautified", "original", "dropped"):
            FRAMES.labels(result=result).inc(getattr(added, f"frames_{result}"))
        self.latency_us = (added.latency_p50_us, added.latency_p99_us)

    def reset_totals(self) -> None:
        self.totals = Totals()

    def observe(self, stats: "Stats", seconds: float, track: Track, sinks: Sequence[int], *, is_watched: bool) -> None:
        """Tells it what it may send, when that changes. `is_watched`: `sinks`, the viewers, get what it sends."""
        source = stats["sources"].get(track.source)
        if self.attachment is None or source is None:
            return
        viewers = {}
        for sink in sinks if is_watched else ():
            numbers = stats["sinks"].get(sink)
            if numbers is not None:
                sent = numbers["bytes_sent"] - self._bytes_sent.get(sink, numbers["bytes_sent"])
                viewers[sink] = Viewer(numbers["fraction_lost"], numbers["estimate_bps"], 8 * sent / seconds)
        self._bytes_sent = {sink: stats["sinks"][sink]["bytes_sent"] for sink in sinks if sink in stats["sinks"]}
        target_bps = self._bitrate.observe(source["bitrate_bps"], viewers)
        if target_bps is not None:
            self._send(ToTranscoder(bitrate=relay_pb2.TranscoderBitrate(target_bps=target_bps)))
