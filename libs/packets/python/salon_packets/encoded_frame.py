"""One whole frame of a stream, as it goes from packets to a decoder."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EncodedFrame:
    """One whole frame of a stream, in order: VP8 as it is, H.264 as Annex B with start codes of four bytes."""

    data: bytes
    timestamp: int
    """RTP, 90 kHz, 0 to 2**32 - 1."""
    is_keyframe: bool
    orientation: int | None
    """The byte of the video-orientation extension (3GPP TS 26.114 section 7.4.5), where the frame has one."""
    received_ns: int
    """CLOCK_MONOTONIC when its last packet was read from the link."""

    def __repr__(self) -> str:
        kind = "key frame" if self.is_keyframe else "frame"
        return f"EncodedFrame(<{kind} of {len(self.data)} bytes>, timestamp={self.timestamp})"
