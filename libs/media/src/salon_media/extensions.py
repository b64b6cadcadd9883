"""The RTP header extensions the packet path understands, and which of an offer's to agree to.

A publisher's word about its own pictures and sound is passed on as it is (`PASSED_ON`). What numbers, times or names
the packets of one connection is written anew for each viewer (mid, abs-send-time, transport-cc) or is of no use to it
(rid, toffset). Everything else is not agreed to: frame numbers and layers (dependency descriptor, frame marking, video
layers) would have to be rewritten at each change of source, CSRCs are not passed on, and of what nobody here knows
nobody knows whether it may be passed on.
"""

from typing import Final

from salon_media.offer import Direction, HeaderExtension, OfferedSection

MID: Final = "urn:ietf:params:rtp-hdrext:sdes:mid"
ABS_SEND_TIME: Final = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
TRANSPORT_CC: Final = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
AUDIO_LEVEL: Final = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
VIDEO_ORIENTATION: Final = "urn:3gpp:video-orientation"
PLAYOUT_DELAY: Final = "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay"
ABS_CAPTURE_TIME: Final = "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time"
COLOR_SPACE: Final = "http://www.webrtc.org/experiments/rtp-hdrext/color-space"

PASSED_ON: Final = frozenset(
    {
        AUDIO_LEVEL,
        VIDEO_ORIENTATION,
        PLAYOUT_DELAY,
        ABS_CAPTURE_TIME,
        COLOR_SPACE,
        "http://www.webrtc.org/experiments/rtp-hdrext/video-content-type",
        "http://www.webrtc.org/experiments/rtp-hdrext/video-timing",
        "http://www.webrtc.org/experiments/rtp-hdrext/video-frame-tracking-id",
        "http://www.webrtc.org/experiments/rtp-hdrext/corruption-detection",
        "http://www.webrtc.org/experiments/rtp-hdrext/inband-cn",
    }
)
"""From the publisher to viewers that agree to the same."""

UNDERSTOOD: Final = PASSED_ON | {MID, ABS_SEND_TIME, TRANSPORT_CC}

ONE_BYTE_ID_MAX: Final = 14
"""The last id of a one-byte header extension (RFC 8285 section 4.2)."""
TWO_BYTE_ID_MAX: Final = 255
"""Of those in the other form, which a client takes beside the first if it says `a=extmap-allow-mixed`."""

_MIRRORED: Final[dict[Direction, Direction]] = {
    "sendrecv": "sendrecv",
    "sendonly": "recvonly",
    "recvonly": "sendonly",
    "inactive": "inactive",
}


def agree(section: OfferedSection, *, client_sends: bool) -> tuple[HeaderExtension, ...]:
    """The offered extensions that apply to this way of the media; ids as offered, directions as the relay sees them."""
    wanted = ("sendrecv", "sendonly" if client_sends else "recvonly")
    id_max = TWO_BYTE_ID_MAX if section.mixed_extensions else ONE_BYTE_ID_MAX
    agreed: dict[str, HeaderExtension] = {}
    for extension in section.extensions:
        if extension.uri == MID and not section.mid:
            continue
        if extension.uri in UNDERSTOOD and 1 <= extension.id <= id_max and extension.direction in wanted:
            agreed.setdefault(
                extension.uri, HeaderExtension(extension.id, extension.uri, mirrored(extension.direction))
            )
    return tuple(agreed.values())


def mirrored(direction: Direction) -> Direction:
    """The same direction seen from the other side."""
    return _MIRRORED[direction]
