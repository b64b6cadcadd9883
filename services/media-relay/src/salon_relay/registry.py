"""Which streams exist on this relay, and who plays them.

A stream is one or two tracks (audio, video) under one id of one app. Publishing a track that exists already replaces
it: a publisher that came back over a new peer connection is faster than the end of its old one.
"""

import time
from dataclasses import dataclass, field, replace
from typing import Final, Literal, Protocol

from salon_contracts.errors import InvariantBroken
from salon_contracts.ids import AppId, StreamId
from salon_media.codecs import CodecName, OfferedCodec
from salon_packets import SourceEvent

Kind = Literal["audio", "video"]
KINDS: Final[tuple[Kind, ...]] = ("audio", "video")
TrackKey = tuple[AppId, StreamId, Kind]


@dataclass(frozen=True, slots=True)
class Track:
    """What a publisher sends: one source of the packet path."""

    source: int
    app_id: AppId
    stream_id: StreamId
    kind: Kind
    codecs: tuple[OfferedCodec, ...]
    """What it may be, as the publisher offered it, the expected first; the payload types mean nothing to viewers."""
    transport: int
    mid: str
    cname: str
    """The same for all tracks of one peer connection."""
    arrives: OfferedCodec | None = field(default=None, compare=False)
    """Of `codecs`, what it is at the moment; None while nothing has come."""
    arrives_since_ns: int = field(default=0, compare=False)

    @property
    def codec(self) -> OfferedCodec:
        return self.arrives or self.codecs[0]

    @property
    def name(self) -> CodecName:
        name = self.codec.served
        if name is None:
            raise InvariantBroken(f"a track is of {self.codec.name}")
        return name

    @property
    def key(self) -> TrackKey:
        return (self.app_id, self.stream_id, self.kind)


@dataclass(frozen=True, slots=True)
class Playback:
    """What a viewer receives: one sink of the packet path."""

    sink: int
    source: int
    transport: int
    mid: str


class TrackListener(Protocol):
    """Who is told which tracks there are."""

    def published(self, track: Track) -> None:
        """At first, instead of another one of its key, whose end is not told, or in another codec than before."""

    def unpublished(self, track: Track) -> None:
        """Nothing has come instead; it may in the same turn of the event loop."""

    def on_source_event(self, track: Track, event: SourceEvent) -> None:
        """What the packet path says of its source."""


@dataclass(slots=True)
class Registry:
    listener: TrackListener | None = None
    _tracks: dict[TrackKey, Track] = field(default_factory=dict)
    _by_source: dict[int, Track] = field(default_factory=dict)
    _playbacks: dict[int, dict[int, Playback]] = field(default_factory=dict)
    """By source, then by sink."""

    def publish(self, track: Track) -> Track | None:
        """Adds the track; the one it replaces, to be ended by `unpublish`."""
        replaced = self._tracks.get(track.key)
        self._tracks[track.key] = track
        self._by_source[track.source] = track
        self._playbacks[track.source] = {}
        if self.listener is not None:
            self.listener.published(track)
        return replaced

    def unpublish(self, source: int) -> list[Playback]:
        """Forgets the track; the playbacks that end with it."""
        track = self._by_source.pop(source, None)
        if track is not None and self._tracks.get(track.key) is track:
            del self._tracks[track.key]
            if self.listener is not None:
                self.listener.unpublished(track)
        return list(self._playbacks.pop(source, {}).values())

    def arrives(self, track: Track, payload_type: int) -> Track:
        """What its publisher sends, so that the track is that from now on. Gives the track that it is then."""
        if track.arrives is not None and track.arrives.payload_type == payload_type:
            return track
        codec = next((codec for codec in track.codecs if codec.payload_type == payload_type), None)
        seen = self._by_source[track.source] = replace(track, arrives=codec, arrives_since_ns=time.monotonic_ns())
        if self._tracks.get(track.key) is track:
            self._tracks[track.key] = seen
            if self.listener is not None and seen.name != track.name:
                self.listener.published(seen)
        return seen

    def on_source_event(self, event: SourceEvent) -> None:
        track = self._by_source.get(event.source)
        if track is not None and self.listener is not None:
            self.listener.on_source_event(track, event)

    def of_source(self, source: int) -> Track | None:
        return self._by_source.get(source)

    def play(self, playback: Playback) -> None:
        self._playbacks[playback.source][playback.sink] = playback

    def stop(self, playback: Playback) -> None:
        self._playbacks.get(playback.source, {}).pop(playback.sink, None)

    def track(self, app_id: AppId, stream_id: StreamId, kind: Kind) -> Track | None:
        return self._tracks.get((app_id, stream_id, kind))

    def sinks_of(self, source: int) -> list[int]:
        """The sinks of those who play it."""
        return list(self._playbacks.get(source, ()))

    def exists(self, app_id: AppId, stream_id: StreamId) -> bool:
        return (app_id, stream_id, "audio") in self._tracks or (app_id, stream_id, "video") in self._tracks

    @property
    def streams(self) -> int:
        return len({(app_id, stream_id) for app_id, stream_id, _ in self._tracks})

    @property
    def sources(self) -> int:
        return len(self._by_source)

    @property
    def sinks(self) -> int:
        return sum(map(len, self._playbacks.values()))
