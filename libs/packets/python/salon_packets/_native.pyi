"""The native packet path, as Python sees it: commands go down, rare events come up.

No packet crosses this line. Every command is queued (bounded) to the data thread and returns at once;
a command that names something unknown is counted (`stats()["stale_commands"]`), never an exception,
because the far side may have gone while the command was under way.
"""

from collections.abc import Mapping, Sequence
from typing import Final, Literal, Self, TypedDict, final, type_check_only

__all__ = [
    "Beautifier",
    "Codec",
    "CommandQueueFull",
    "DtlsReceived",
    "EncodedFrame",
    "Event",
    "EventsLost",
    "FrameLink",
    "KeyframeRequested",
    "LinkClosed",
    "Relay",
    "SinkConfig",
    "SourceConfig",
    "SourceStarted",
    "SourceStopped",
    "SwitchedBack",
    "SwitchedTo",
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
    NACKs towards it. `parameter_sets` are H.264 NAL units (SPS, PPS) that the offer has, with the payload type each is
    for: key frames that come without get them, or those last seen in the stream. `keyframe_feedback`: how it is asked
    for key frames; None if it offered neither, it is then sent a PLI for viewers who wait, and nothing for losses.
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
        parameter_sets: Sequence[tuple[int, bytes]] = ...,  # ()
        keyframe_feedback: Literal["pli", "fir"] | None = ...,  # "pli"
    ) -> Self: ...

@final
class SinkConfig:
    """What a viewer's media section looks like on the viewer's connection.

    `codec` is the first one answered to the viewer, `alternatives` are all of them with the payload type of the source
    for which each is; a source packet in yet another codec is dropped and counted (`codec_mismatches`). `extensions`
    are the ids agreed with the viewer; an extension the viewer did not negotiate is not forwarded.
    `mixed_extensions`: it takes both forms of header extensions in one stream (RFC 8285, `a=extmap-allow-mixed`); where
    it does not, values of more than 16 bytes are left out.
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
        alternatives: Sequence[tuple[int, Codec]] = ...,  # ()
        mixed_extensions: bool = False,
    ) -> Self: ...

@final
class TransportConnected:
    """A STUN check with the right password selected this address. Emitted once, and again when the address moves."""

    def __new__(cls, transport: int, address: str) -> Self: ...
    transport: Final[int]
    address: Final[str]

@final
class DtlsReceived:
    """DTLS datagrams of one transport, in order (RFC 7983 range 20..63, only from a validated address)."""

    def __new__(cls, transport: int, datagrams: list[bytes]) -> Self: ...
    transport: Final[int]
    datagrams: Final[list[bytes]]

@final
class TransportClosed:
    """The native side gave the transport up; it is already removed, with its sources and sinks.

    `consent-expired`: no valid STUN check or indication and no authentic packet for 30 s, counted from `add_transport`
    if none ever came.
    `link-closed`: the other end of a local transport is gone.
    """

    def __new__(cls, transport: int, reason: Literal["consent-expired", "internal-error", "link-closed"]) -> Self: ...
    transport: Final[int]
    reason: Final[Literal["consent-expired", "internal-error", "link-closed"]]

@final
class SourceStarted:
    """The first authenticated packet of a source arrived (again, after `SourceStopped`)."""

    transport: Final[int]
    """The one that the source comes on; so it is in all events of a source."""
    source: Final[int]

@final
class SourceStopped:
    """No packet of this source for 5 s while its transport lives."""

    transport: Final[int]
    source: Final[int]

@final
class SwitchedTo:
    """The viewers of `source` get `replacement` from now on: its first packet has left, a key frame's."""

    transport: Final[int]
    source: Final[int]
    replacement: Final[int]

@final
class SwitchedBack:
    """The viewers of `source` get its own packets again, or will from its next key frame on.

    `ordered`: by `switch_back`. `lost`: the replacement is gone. `restarted`: `source` began anew under another SSRC,
    whose clock the replacement does not know. `late`: nothing came after `switch_to` or `hold` in time; the viewers
    missed nothing (`switch_to`), or begin now (`hold`). `stalled`: pictures of `source` came for 500 ms and nothing of
    the replacement.
    """

    transport: Final[int]
    source: Final[int]
    reason: Final[Literal["ordered", "lost", "restarted", "late", "stalled"]]

@final
class EventsLost:
    """The event queue was full; `count` events were dropped (oldest DTLS first, never `TransportClosed`)."""

    count: Final[int]

Event = (
    TransportConnected
    | DtlsReceived
    | TransportClosed
    | SourceStarted
    | SourceStopped
    | SwitchedTo
    | SwitchedBack
    | EventsLost
)

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
    payload_type: int | None
    """Of the newest media packet; None before the first."""
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
    def add_local_transport(self, transport: int, fd: int) -> None:
        """A peer on this machine at the other end of `fd`, a connected Unix SOCK_SEQPACKET socket, which is duplicated.

        Plain RTP and RTCP, one packet a message; ready at once, without ICE, DTLS and SRTP, and never given up for
        silence. A sink on it is a local consumer: it gets `source`'s own packets with `source`'s own RTP timestamps,
        whatever replaces that source. A source on it may replace another. OSError if `fd` cannot be duplicated.
        """
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
    def switch_to(self, source: int, replacement: int) -> None:
        """Give the viewers of `source`, present and future ones, the packets of `replacement` instead.

        That carries the same pictures a little later, under the same RTP timestamps. The viewers get `source` up to a
        whole frame, then `replacement` from a key frame that comes after that frame: no gap, no overlap, one numbering.
        If no such key frame comes within 400 ms they go on with `source`, and `SwitchedBack(reason="late")` says so.
        """
    def switch_back(self, source: int) -> None:
        """Give them `source` again, from its next key frame on; until then they get what they get now."""
    def hold(self, source: int, max_ms: int) -> None:
        """Give viewers nothing of `source` until `switch_to` has taken effect, `switch_back`, or `max_ms` are over."""
    def stats(self) -> Stats: ...
    def close(self) -> None:
        """Stop the thread and close the socket; further commands raise RuntimeError."""

@final
class EncodedFrame:
    """One whole frame of a stream, in order: VP8 as it is, H.264 as Annex B with start codes."""

    data: Final[bytes]
    timestamp: Final[int]
    """RTP, 90 kHz, 0 to 2**32 - 1."""
    is_keyframe: Final[bool]
    orientation: Final[int | None]
    """The byte of the video-orientation extension (3GPP TS 26.114 section 7.4.5), where the frame has one."""
    received_ns: Final[int]
    """CLOCK_MONOTONIC when its last packet was read from the link."""

@final
class KeyframeRequested:
    """The relay wants the next frame sent to be a key frame."""

@final
class LinkClosed:
    """The relay's end is gone; nothing comes any more."""

@final
class FrameLink:
    """A transcoder's end of a local transport: RTP packets there, whole frames here.

    `fd` is a connected Unix SOCK_SEQPACKET socket, which is duplicated. Packets are put into order; a missing one is
    waited for (the relay asks the publisher for it) for at most `max_wait_ms` after the next one came, then frames are
    skipped and a key frame is asked for. Frames larger than `max_frame_bytes` are skipped likewise. Nothing a packet
    can say raises. `ssrc` is what is sent, with `payload_type`; what is received has any SSRC, the same payload type.
    What the color-space extension (`color_space_id`, 0 for none) says of the frames received last is said of the frames
    that are sent.
    `receive` may be called on one thread and everything else on another.
    """

    def __new__(
        cls,
        fd: int,
        *,
        codec: Literal["VP8", "H264"],
        payload_type: int,
        ssrc: int,
        orientation_id: int,
        color_space_id: int = 0,
        max_wait_ms: int = 200,
        max_frame_bytes: int = 4_194_304,
    ) -> Self: ...
    def receive(self, timeout_ms: int) -> EncodedFrame | KeyframeRequested | LinkClosed | None:
        """The next thing that happens; None after `timeout_ms`. Waits without the GIL."""
    def request_keyframe(self) -> None:
        """Asks the relay for a key frame of what is received (PLI)."""
    def send(self, frame: bytes, timestamp: int, orientation: int | None) -> int:
        """Cuts one encoded frame into RTP packets (RFC 7741, RFC 6184) of at most 1200 bytes and sends them.

        Gives their number; 0 when the relay is gone or does not read. ValueError for an empty frame.
        """
    def close(self) -> None: ...

@final
class Beautifier:
    """The four effects on I420 pictures. Keeps scratch memory, so: one for each thread, any sizes one after the other
    (a second thread waits).

    `instruction_set`: what the passes are compiled for; None takes the best this processor has. ValueError for one it
    does not have.
    """

    def __new__(cls, instruction_set: Literal["avx512", "avx2", "baseline"] | None = None) -> Self: ...
    @property
    def instruction_set(self) -> Literal["avx512", "avx2", "baseline"]: ...
    def apply(
        self,
        planes: tuple[object, object, object],
        out: tuple[object, object, object],
        *,
        smooth: float,
        whiten: float,
        rosy: float,
        sharpen: float,
        full_range: bool = False,
    ) -> None:
        """Writes the picture `planes` (Y, U, V) with effects of 0 to 100 each into `out`, without the GIL.

        Planes are two-dimensional uint8 buffers with unit column stride and a row stride not below the width: Y of
        (height, width), U and V of (height / 2, width / 2), both sizes even and from 16 to 8192. `out` is writable;
        what its planes span, gaps between rows included, meets neither each other nor `planes`. All four 0 copies.
        BT.601; limited range unless `full_range`. ValueError for anything else, with nothing written.
        """
