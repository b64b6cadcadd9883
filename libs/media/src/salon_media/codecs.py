"""Which codecs Salon carries, and which payload type of a section to answer.

The relay never transcodes: the publisher's section decides what a stream is made of (`choose_for_publisher`), and a
viewer either offers a payload type that plays exactly that (`choose_for_viewer`) or cannot have the track.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from aiortc.sdp import H264Profile, parse_h264_profile_level_id

CodecName = Literal["opus", "VP8", "H264"]

H264_DEFAULT_PROFILE_LEVEL_ID: Final = "42000a"
"""What a missing `profile-level-id` means: Baseline, level 1 (RFC 6184 section 8.1)."""


@dataclass(frozen=True, slots=True)
class OfferedCodec:
    """One `a=rtpmap` of a media section with everything that hangs on its payload type."""

    payload_type: int
    name: str
    clock_rate_hz: int
    channels: int | None
    """Audio only."""
    fmtp: str
    """The parameters as written; empty when there are none."""
    feedback: tuple[str, ...]
    """`a=rtcp-fb` values in their order: "nack", "nack pli", …"""
    rtx_payload_type: int | None
    """The payload type of RFC 4588 retransmissions of this codec."""

    @property
    def parameters(self) -> Mapping[str, str]:
        """The fmtp parameters by lower-case name; a flag without value maps to ""."""
        pairs = (part.partition("=") for part in self.fmtp.split(";") if part.strip())
        return {name.strip().lower(): value.strip() for name, _, value in pairs}


def served_name(codec: OfferedCodec) -> CodecName | None:
    """The codec's name as Salon writes it, None when Salon does not carry it (as given: wrong rate, unknown mode)."""
    match codec.name.lower():
        case "opus" if codec.clock_rate_hz == 48_000 and codec.channels == 2:
            return "opus"
        case "vp8" if codec.clock_rate_hz == 90_000:
            return "VP8"
        case "h264" if codec.clock_rate_hz == 90_000 and _packetization_mode(codec) in ("0", "1"):
            return "H264" if _profile(codec) is not None else None
        case _:
            return None


def choose_for_publisher(codecs: Sequence[OfferedCodec]) -> OfferedCodec | None:
    """The first codec in the client's order of preference that Salon carries."""
    return next((codec for codec in codecs if served_name(codec) is not None), None)


def choose_for_viewer(codecs: Sequence[OfferedCodec], source: OfferedCodec) -> OfferedCodec | None:
    """The viewer's payload type that plays what `source` describes, None when there is none.

    H264 needs a packetization mode the viewer accepts and a profile its decoder covers; the closest profile wins, then
    the viewer's order. Levels are not compared: every browser allows level asymmetry and decodes above what it offers.
    """
    name = served_name(source)
    candidates = [codec for codec in codecs if served_name(codec) == name]
    if name != "H264":
        return candidates[0] if candidates else None
    ranked = [(rank, codec) for codec in candidates if (rank := _h264_distance(source, codec)) is not None]
    return min(ranked, key=lambda item: item[0])[1] if ranked else None


_DECODES: Final[Mapping[H264Profile, tuple[H264Profile, ...]]] = {
    # What is encoded -> which decoders play it, closest first. Baseline counts as Constrained Baseline: the tools that
    # set them apart (FMO, ASO, redundant slices) are used by no real-time encoder, and Chromium's first is 42001f.
    H264Profile.PROFILE_CONSTRAINED_BASELINE: (
        H264Profile.PROFILE_CONSTRAINED_BASELINE,
        H264Profile.PROFILE_BASELINE,
        H264Profile.PROFILE_MAIN,
        H264Profile.PROFILE_CONSTRAINED_HIGH,
        H264Profile.PROFILE_HIGH,
    ),
    H264Profile.PROFILE_BASELINE: (
        H264Profile.PROFILE_BASELINE,
        H264Profile.PROFILE_CONSTRAINED_BASELINE,
        H264Profile.PROFILE_MAIN,
        H264Profile.PROFILE_CONSTRAINED_HIGH,
        H264Profile.PROFILE_HIGH,
    ),
    H264Profile.PROFILE_MAIN: (H264Profile.PROFILE_MAIN, H264Profile.PROFILE_HIGH),
    H264Profile.PROFILE_CONSTRAINED_HIGH: (H264Profile.PROFILE_CONSTRAINED_HIGH, H264Profile.PROFILE_HIGH),
    H264Profile.PROFILE_HIGH: (H264Profile.PROFILE_HIGH,),
    H264Profile.PROFILE_PREDICTIVE_HIGH_444: (H264Profile.PROFILE_PREDICTIVE_HIGH_444,),
}


def _h264_distance(source: OfferedCodec, viewer: OfferedCodec) -> int | None:
    """0 is the same profile; None: cannot be played."""
    # Mode 0 (single NAL units) is a subset of mode 1 (RFC 6184 section 6.3), never the other way round.
    same_mode = _packetization_mode(source) == _packetization_mode(viewer)
    if not same_mode and _packetization_mode(source) == "1":
        return None
    encoded, decoded = _profile(source), _profile(viewer)
    if encoded is None or decoded is None or decoded not in _DECODES[encoded]:
        return None
    return 2 * _DECODES[encoded].index(decoded) + (not same_mode)


def _packetization_mode(codec: OfferedCodec) -> str:
    return codec.parameters.get("packetization-mode", "0")


def _profile(codec: OfferedCodec) -> H264Profile | None:
    text = codec.parameters.get("profile-level-id", H264_DEFAULT_PROFILE_LEVEL_ID)
    if len(text) != 6:
        return None
    try:
        return parse_h264_profile_level_id(text)[0]
    except ValueError:
        return None
