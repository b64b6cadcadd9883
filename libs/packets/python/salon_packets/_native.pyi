"""The native packet path, as Python sees it: commands go down, rare events come up.

No packet crosses this line. Every command is queued (bounded) to the data thread and returns at once;
a command that names something unknown is counted (`stats()["stale_commands"]`), never an exception,
because the far side may have gone while the command was under way.
"""

from collections.abc import Mapping, Sequence
from typing import Final, Literal, Self, TypedDict, final, type_check_only

__all__ = [
    "Codec",
    "CommandQueueFull",
    "DtlsReceived",
    "Event",
    "EventsLost",
    "Relay",
    "SinkConfig",
    "SourceConfig",
    "SourceStarted",
    "SourceStopped",
    "TransportClosed",
    "TransportConnected",
]

class CommandQueueFull(RuntimeError):
    """The data thread is 4096 commands behind. Retryable."""

@final
class Codec:
    """One payload type of one media section."""

    def __new__(
        cls,
        name: Literal["opus", "VP8", "H264"],
        payload_type: int,
        clock_rate_hz: int,
        rtx_payload_type: int | None = None,
    ) -> Self: ...

@final
class SourceConfig:
    """What a publisher's media section looks like on its own connection.

    `ssrcs` are (primary, rtx or None) as signalled by `a=ssrc`/`a=ssrc-group:FID`; empty means: learn them
    from the `mid` header extension (RFC 8843 section 9.2). `extensions` maps header-extension URI to id on this
    connection. `transport_cc`, `remb`: which bandwidth feedback the publisher understands
    (draft-holmer-rmcat-transport-wide-cc-extensions-01, draft-alvestrand-rmcat-remb-03). `nack`: generate RFC 4585
    NACKs towards it.
    """

    def __new__(
        cls,
        *,
        kind: Literal["audio", "video"],
        mid: str,
        codecs: Sequence[Codec],
        ssrcs: Sequence[tuple[int, int | None]],
        extensions: Mapping[str, int],
        nack: bool,
        transport_cc: bool,
        remb: bool,
    ) -> Self: ...

@final
class SinkConfig:
    """What a viewer's media section looks like on the viewer's connection.

    `codec` is the one answered to the viewer; a source packet in another codec is dropped and counted
    (`codec_mismatches`). `extensions` are the ids agreed with the viewer; an extension the viewer did not negotiate is
    not forwarded.
    `transport_cc`: the viewer sends transport-wide feedback. `cname` goes to SDES and must be equal for
    tracks that are to be played in sync.
    `ssrc` and `rtx_ssrc` must be new to the viewer's transport: numbering starts anew with each sink, and one SRTP key
    must never protect two packets under one number.
    """

    def __new__(
        cls,
        *,
        kind: Literal["audio", "video"],
        mid: str,
        codec: Codec,
        ssrc: int,
        rtx_ssrc: int | None,
        cname: str,
        extensions: Mapping[str, int],
        nack: bool,
        transport_cc: bool,
    ) -> Self: ...

@final
class TransportConnected:
    """A STUN check with the right password selected this address. Emitted once, and again when the address moves."""

    transport: Final[int]
    address: Final[str]

@final
class DtlsReceived:
    """DTLS datagrams of one transport, in order (RFC 7983 range 20..63, only from a validated address)."""

    transport: Final[int]
    datagrams: Final[list[bytes]]

@final
class TransportClosed:
    """The native side gave the transport up; it is already removed, with its sources and sinks.

    `consent-expired`: no valid STUN check for 30 s (RFC 7675), counted from `add_transport` if none ever came.
    """

    transport: Final[int]
    reason: Final[Literal["consent-expired", "internal-error"]]

@final
class SourceStarted:
    """The first authenticated packet of a source arrived (again, after `SourceStopped`)."""

    source: Final[int]

@final
class SourceStopped:
    """No packet of this source for 5 s while its transport lives."""

    source: Final[int]

@final
class EventsLost:
    """The event queue was full; `count` events were dropped (oldest DTLS first, never `TransportClosed`)."""

    count: Final[int]

Event = TransportConnected | DtlsReceived | TransportClosed | SourceStarted | SourceStopped | EventsLost

@type_check_only
class TransportStats(TypedDict):
    packets_received: int
    bytes_received: int
    packets_sent: int
    bytes_sent: int
    srtp_failures: int
    round_trip_time_ms: float | None

@type_check_only
class SourceStats(TypedDict):
    packets_received: int
    bytes_received: int
    packets_lost: int
    nacks_sent: int
    retransmissions_received: int
    keyframe_requests_sent: int
    jitter_ts: int
    sinks: int
    bitrate_bps: int

@type_check_only
class SinkStats(TypedDict):
    packets_sent: int
    bytes_sent: int
    nacks_received: int
    retransmissions_sent: int
    codec_mismatches: int
    fraction_lost: float
    packets_lost: int
    jitter_ts: int
    estimate_bps: int | None

@type_check_only
class Stats(TypedDict):
    packets_received: int
    packets_sent: int
    send_failures: int
    unknown_datagrams: int
    stun_failures: int
    stale_commands: int
    panics: int
    cpu_time_ns: int
    transports: dict[int, TransportStats]
    sources: dict[int, SourceStats]
    sinks: dict[int, SinkStats]

@final
class Relay:
    """Owns one UDP socket and the thread that serves it.

    `host` is the address to bind ("127.0.0.1", "0.0.0.0", "::"), `port` 0 picks a free one (`local_port` tells).
    Raises OSError when the address cannot be bound. Ids (transport, source, sink) are chosen by the
    caller, unique for the life of the process, never reused.
    """

    def __new__(cls, host: str, port: int) -> Self: ...
    @property
    def local_port(self) -> int: ...
    def fileno(self) -> int:
        """An eventfd that is readable while `drain()` has something to give."""
    def drain(self) -> list[Event]: ...
    def add_transport(self, transport: int, local_ufrag: str, local_pwd: str, remote_ufrag: str) -> None:
        """Answer STUN checks for `local_ufrag:remote_ufrag` from now on (ICE-lite, RFC 8445 section 6.1.1)."""
    def remove_transport(self, transport: int) -> None:
        """Remove it with its sources and sinks."""
    def send_dtls(self, transport: int, datagrams: Sequence[bytes]) -> None: ...
    def set_srtp(self, transport: int, profile: int, local_key: bytes, remote_key: bytes) -> None:
        """Start SRTP: RFC 5764/7714 profile number (1, 7 or 8), each key as master key || master salt.

        ValueError for another profile or a wrong key length.
        """
    def add_source(self, transport: int, source: int, config: SourceConfig) -> None: ...
    def remove_source(self, source: int) -> None:
        """Remove it with every sink that plays it, on whatever transport."""
    def add_sink(self, transport: int, sink: int, source: int, config: SinkConfig) -> None:
        """Forward `source` to this viewer from its next key frame on (audio: at once), asking for one if needed."""
    def remove_sink(self, sink: int) -> None: ...
    def pause_sink(self, sink: int, paused: bool) -> None: ...
    def request_keyframe(self, source: int) -> None: ...
    def stats(self) -> Stats: ...
    def close(self) -> None:
        """Stop the thread and close the socket; further commands raise RuntimeError."""
