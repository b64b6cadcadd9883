"""A transcoder's end of a local transport."""

import time
from collections import deque
from typing import Literal, final

from salon_packets import _native
from salon_packets._native import KeyframeRequested, LinkClosed
from salon_packets.encoded_frame import EncodedFrame
from salon_packets.pictures import PictureGatherer


@final
class FrameLink:
    """RTP packets there, whole frames here: the native link, with one frame for each picture whatever is marked.

    `fd` is a connected Unix SOCK_SEQPACKET socket, which is duplicated. Packets are put into order; a missing one is
    waited for (the relay asks the publisher for it) for at most `max_wait_ms` after the next one came, then frames are
    skipped and a key frame is asked for. Frames larger than `max_frame_bytes` are skipped likewise. Nothing a packet
    can say raises. `ssrc` is what is sent, with `payload_type`; what is received has any SSRC, the same payload type.
    What the color-space extension (`color_space_id`, 0 for none) says of the frames received last is said of the frames
    that are sent.
    `receive` may be called on one thread and everything else on another.
    """

    def __init__(
        self,
        fd: int,
        *,
        codec: Literal["VP8", "H264"],
        payload_type: int,
        ssrc: int,
        orientation_id: int,
        color_space_id: int = 0,
        max_wait_ms: int = 200,
        max_frame_bytes: int = 4_194_304,
    ) -> None:
        self._native = _native.FrameLink(
            fd,
            codec=codec,
            payload_type=payload_type,
            ssrc=ssrc,
            orientation_id=orientation_id,
            color_space_id=color_space_id,
            max_wait_ms=max_wait_ms,
            max_frame_bytes=max_frame_bytes,
        )
        self._gatherer = PictureGatherer(max_frame_bytes) if codec == "H264" else None
        self._ready: deque[EncodedFrame] = deque()

    def receive(self, timeout_ms: int) -> EncodedFrame | KeyframeRequested | LinkClosed | None:
        """The next thing that happens; None after `timeout_ms`. Waits without the GIL."""
        if self._gatherer is None:
            event = self._native.receive(timeout_ms)
            return _frame(event) if isinstance(event, _native.EncodedFrame) else event
        until_ns = time.monotonic_ns() + timeout_ms * 1_000_000
        while not self._ready:
            event = self._native.receive(self._wait_ms(until_ns, self._gatherer.due_ns))
            now_ns = time.monotonic_ns()
            if isinstance(event, KeyframeRequested):
                return event
            if isinstance(event, _native.EncodedFrame):
                self._ready += self._gatherer.take(_frame(event), now_ns)
                self._ask(self._gatherer)
            elif isinstance(event, LinkClosed):
                self._ready += self._gatherer.finish()
                if not self._ready:
                    return event
            else:
                self._ready += self._gatherer.on_time(now_ns)
                if not self._ready and now_ns >= until_ns:
                    return None
        return self._ready.popleft()

    def request_keyframe(self) -> None:
        """Asks the relay for a key frame of what is received (PLI)."""
        self._native.request_keyframe()

    def send(self, frame: bytes, timestamp: int, orientation: int | None) -> int:
        """Cuts one encoded frame into RTP packets (RFC 7741, RFC 6184) of at most 1200 bytes and sends them.

        Gives their number; 0 when the relay is gone or does not read. ValueError for an empty frame.
        """
        return self._native.send(frame, timestamp, orientation)

    def close(self) -> None:
        self._native.close()

    def _ask(self, gatherer: PictureGatherer) -> None:
        if gatherer.wants_keyframe:
            gatherer.wants_keyframe = False
            self._native.request_keyframe()

    @staticmethod
    def _wait_ms(until_ns: int, due_ns: int | None) -> int:
        wait_ns = (until_ns if due_ns is None else min(until_ns, due_ns)) - time.monotonic_ns()
        return max(0, -(-wait_ns // 1_000_000))


def _frame(native: _native.EncodedFrame) -> EncodedFrame:
    return EncodedFrame(native.data, native.timestamp, native.is_keyframe, native.orientation, native.received_ns)
