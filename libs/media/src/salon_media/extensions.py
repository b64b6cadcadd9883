"""The RTP header extensions the packet path understands, and which of an offer's to agree to."""

from typing import Final

from salon_media.offer import Direction, HeaderExtension, OfferedSection

MID: Final = "urn:ietf:params:rtp-hdrext:sdes:mid"
ABS_SEND_TIME: Final = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
TRANSPORT_CC: Final = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
AUDIO_LEVEL: Final = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
VIDEO_ORIENTATION: Final = "urn:3gpp:video-orientation"
PLAYOUT_DELAY: Final = "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay"
ABS_CAPTURE_TIME: Final = "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time"

UNDERSTOOD: Final = frozenset(
    {MID, ABS_SEND_TIME, TRANSPORT_CC, AUDIO_LEVEL, VIDEO_ORIENTATION, PLAYOUT_DELAY, ABS_CAPTURE_TIME}
)

ID_MAX: Final = 14
"""The last id of a one-byte header extension (RFC 8285 section 4.2)."""

_MIRRORED: Final[dict[Direction, Direction]] = {
    "sendrecv": "sendrecv",
    "sendonly": "recvonly",
    "recvonly": "sendonly",
    "inactive": "inactive",
}


def agree(section: OfferedSection, *, client_sends: bool) -> tuple[HeaderExtension, ...]:
    """The offered extensions that apply to this way of the media; ids as offered, directions as the relay sees them."""
    wanted = ("sendrecv", "sendonly" if client_sends else "recvonly")
    agreed: dict[str, HeaderExtension] = {}
    for extension in section.extensions:
        if extension.uri == MID and not section.mid:
            continue
        if extension.uri in UNDERSTOOD and 1 <= extension.id <= ID_MAX and extension.direction in wanted:
            agreed.setdefault(
                extension.uri, HeaderExtension(extension.id, extension.uri, mirrored(extension.direction))
            )
    return tuple(agreed.values())


def mirrored(direction: Direction) -> Direction:
    """The same direction seen from the other side."""
    return _MIRRORED[direction]
