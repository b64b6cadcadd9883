"""The effects of all streams of this relay: finds the one that an order or an event is about."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol, assert_never

import salon_packets
from salon.effects.v1.effects_pb2 import Beauty
from salon_contracts.beauty import is_nothing
from salon_contracts.errors import StreamNotFound, StreamNotYours
from salon_contracts.ids import AppId, RelayId, SessionId, StreamId
from salon_kit.log import get_logger
from salon_kit.trace import context_of_cause
from salon_packets import SourceEvent

from salon_relay.effects.core.inputs import (
    SwitchedBack,
    SwitchedTo,
    VideoEnded,
    VideoFlows,
    VideoPublished,
)
from salon_relay.effects.core.phase import Phase
from salon_relay.effects.core.request import EffectsRequest, Outcome
from salon_relay.effects.stream import EffectsRecord, StreamEffects, Transcoders
from salon_relay.packets import Packets
from salon_relay.peers.identity import PeerIdentity
from salon_relay.registry import Registry, Track

if TYPE_CHECKING:
    from salon_packets._native import Stats


log = get_logger()

StreamKey = tuple[AppId, StreamId]


@dataclass(frozen=True, slots=True)
class EffectsOrder:
    app_id: AppId
    stream_id: StreamId
    session_id: SessionId
    """Who asks: the log-in that publishes the stream."""
    beauty: Beauty | None
    """None: effects are to be off."""
    version: int


class Publishers(Protocol):
    """`Router`, as far as it is used here."""

    @property
    def registry(self) -> Registry: ...
    def publisher(self, app_id: AppId, stream_id: StreamId) -> PeerIdentity | None: ...


class EffectsOfStreams:
    """Listens to the registry; `close` it when the relay stops."""

    def __init__(
        self,
        publishers: Publishers,
        *,
        relay_id: RelayId,
        packets: Packets,
        ids: Iterator[int],
        transcoders: Transcoders,
        record: EffectsRecord,
    ) -> None:
        """`ids`: new ones of the packet path."""
        self._publishers = publishers
        self._new_stream = partial(
            StreamEffects, relay_id=relay_id, packets=packets, ids=ids, transcoders=transcoders, record=record
        )
        self._streams: dict[StreamKey, StreamEffects] = {}
        self._flowing: set[int] = set()
        """Sources that have begun."""
        publishers.registry.listener = self

    async def set_effects(self, order: EffectsOrder) -> Outcome:
        """What viewers get, within 2 s. Raises StreamNotFound and StreamNotYours."""
        publisher = self._publishers.publisher(order.app_id, order.stream_id)
        if publisher is None:
            raise StreamNotFound(stream_id=order.stream_id)
        if publisher.session_id != order.session_id:
            raise StreamNotYours(stream_id=order.stream_id)
        stream = self._stream(publisher, order.stream_id)
        beauty = None if order.beauty is None or is_nothing(order.beauty) else order.beauty
        return await stream.request(EffectsRequest(order.version, beauty))

    def close(self) -> None:
        """Ends the effects of every stream."""
        for stream in self._streams.values():
            stream.end()
        self._streams.clear()

    def observe(self, stats: "Stats", seconds: float) -> None:
        for stream in list(self._streams.values()):
            if stream.track is not None:
                stream.observe(stats, seconds, self._publishers.registry.sinks_of(stream.track.source))

    def counts(self) -> Counter[Phase]:
        return Counter(stream.phase for stream in self._streams.values())

    def latencies_us(self) -> list[tuple[int, int]]:
        """Median and 99th percentile of the last second, of every stream that is beautified."""
        return [stream.latency_us for stream in self._streams.values() if stream.phase is Phase.ON]

    def phase(self, app_id: AppId, stream_id: StreamId) -> Phase:
        stream = self._streams.get((app_id, stream_id))
        return Phase.OFF if stream is None else stream.phase

    def _stream(self, publisher: PeerIdentity, stream_id: StreamId) -> StreamEffects:
        key = (publisher.app_id, stream_id)
        stream = self._streams.get(key)
        if stream is not None and not stream.broken and stream.identity.session_id == publisher.session_id:
            return stream
        if stream is not None:
            stream.end()
        stream = self._streams[key] = self._new_stream(publisher, stream_id)
        track = self._publishers.registry.track(publisher.app_id, stream_id, "video")
        if track is not None:
            self._give_video(stream, track)
        return stream

    def _give_video(self, stream: StreamEffects, track: Track) -> None:
        stream.track = track
        # Its first packets may have been faster than the order that came along with it.
        is_watched = bool(self._publishers.registry.sinks_of(track.source))
        stream.on_input(VideoPublished(track.source, track.source in self._flowing, is_watched))

    # ---- the registry ----

    def published(self, track: Track) -> None:
        stream = self._streams.get((track.app_id, track.stream_id))
        if stream is None or track.kind != "video":
            return
        publisher = self._publishers.publisher(track.app_id, track.stream_id)
        if publisher is None or publisher.session_id != stream.identity.session_id:
            self._end(stream)
            return
        stream.identity = publisher
        self._give_video(stream, track)

    def unpublished(self, track: Track) -> None:
        self._flowing.discard(track.source)
        if (track.app_id, track.stream_id) in self._streams:
            # An offer that changes a section ends its track and begins another: what counts is what is there after it.
            asyncio.get_running_loop().call_soon(self._look_again, track, context=context_of_cause())

    def _look_again(self, track: Track) -> None:
        stream = self._streams.get((track.app_id, track.stream_id))
        if stream is None:
            return
        registry = self._publishers.registry
        if not registry.exists(track.app_id, track.stream_id):
            self._end(stream)
        elif stream.track == track:
            stream.track = None
            stream.on_input(VideoEnded())

    def _end(self, stream: StreamEffects) -> None:
        del self._streams[stream.identity.app_id, stream.stream_id]
        stream.end()

    def on_source_event(self, track: Track, event: SourceEvent) -> None:
        if isinstance(event, salon_packets.SourceStarted):
            self._flowing.add(track.source)
        stream = self._streams.get((track.app_id, track.stream_id))
        if stream is None or stream.track is None or stream.track.source != track.source:
            return
        match event:
            case salon_packets.SourceStarted():
                stream.on_input(VideoFlows())
            case salon_packets.SourceStopped():
                pass
            case salon_packets.SwitchedTo():
                stream.on_input(SwitchedTo())
            case salon_packets.SwitchedBack():
                stream.on_input(SwitchedBack(event.reason))
            case _:
                assert_never(event)
