"""Which codecs Salon carries, and which payload type of a section to answer.

The relay never transcodes: what a publisher sends decides what a stream is made of, of all it may send
(`accept_from_publisher`), and a viewer either offers payload types that it can be sent under (`choose_for_viewer`) or
cannot have the stream.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, Literal

CodecName = Literal["opus", "VP8", "H264"]

_HEX_DIGITS: Final = frozenset("0123456789abcdefABCDEF")

H264_DEFAULT_PROFILE_LEVEL_ID: Final = "42000a"
"""What a missing `profile-level-id` means: Baseline, level 1 (RFC 6184 section 8.1)."""

CARRIED_FEEDBACK: Final = ("nack", "nack pli", "ccm fir", "transport-cc", "goog-remb")
"""The `a=rtcp-fb` values the relay can agree to."""


class H264Profile(Enum):
    """Of RFC 6184 section 8.1."""

    CONSTRAINED_BASELINE = "constrained-baseline"
    BASELINE = "baseline"
    MAIN = "main"
    CONSTRAINED_HIGH = "constrained-high"
    HIGH = "high"
    HIGH_444_PREDICTIVE = "high-444-predictive"


@dataclass(frozen=True, slots=True)
class H264Kind:
    """What decides whether a decoder plays it."""

    profile: H264Profile
    packetization_mode: Literal["0", "1"] | None
    """None where nothing is said: 0 by RFC 6184, but encoders and players that leave it out do both."""


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
    """Of CARRIED_FEEDBACK, in the order of the `a=rtcp-fb` lines."""
    rtx_payload_type: int | None
    """The payload type of RFC 4588 retransmissions of this codec."""
    h264: H264Kind | None = field(init=False, compare=False, repr=False)
    """None as well for a packetization mode or a profile that is not known."""
    served: CodecName | None = field(init=False, compare=False, repr=False)
    """`served_name`, found out once, where the offer is read: who chooses a codec may be in a hurry."""

    def __post_init__(self) -> None:
        h264 = _h264(self.parameters) if self.name.lower() == "h264" else None
        object.__setattr__(self, "h264", h264)
        object.__setattr__(self, "served", _served(self))

    @property
    def parameters(self) -> Mapping[str, str]:
        """The fmtp parameters by lower-case name; a flag without value maps to ""."""
        return parameters_of(self.fmtp)


def parameters_of(fmtp: str) -> dict[str, str]:
    """The parameters by lower-case name; a flag without value maps to "". Linear in the text; not kept."""
    pairs = (part.partition("=") for part in fmtp.split(";") if part.strip())
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def served_name(codec: OfferedCodec) -> CodecName | None:
    """The codec's name as Salon writes it, None when Salon does not carry it (as given: wrong rate, unknown mode)."""
    return codec.served


def _served(codec: OfferedCodec) -> CodecName | None:
    match codec.name.lower():
        case "opus" if codec.clock_rate_hz == 48_000 and codec.channels == 2:
            return "opus"
        case "vp8" if codec.clock_rate_hz == 90_000:
            return "VP8"
        case "h264" if codec.clock_rate_hz == 90_000 and codec.h264 is not None:
            return "H264"
        case _:
            return None


def accept_from_publisher(codecs: Sequence[OfferedCodec]) -> tuple[OfferedCodec, ...]:
    """All codecs that Salon carries in the client's order, but for the one to be preferred, which comes first."""
    first = choose_for_publisher(codecs)
    if first is None:
        return ()
    return first, *(codec for codec in codecs if codec.served and codec.payload_type != first.payload_type)


def choose_for_publisher(codecs: Sequence[OfferedCodec]) -> OfferedCodec | None:
    """The first codec in the client's order of preference that Salon carries.

    Of several H264 profiles, Constrained Baseline if it is among them: what every viewer lists.
    """
    first = next((codec for codec in codecs if served_name(codec) is not None), None)
    if first is None or first.h264 is None:
        return first
    ranked = [(_rank_to_publish(codec.h264, first.h264), codec) for codec in codecs if codec.h264 is not None]
    return min(((rank, codec) for rank, codec in ranked if codec.served), key=lambda item: item[0])[1]


def _rank_to_publish(kind: H264Kind, first: H264Kind) -> tuple[int, bool]:
    profiles = (H264Profile.CONSTRAINED_BASELINE, H264Profile.BASELINE)
    rank = profiles.index(kind.profile) if kind.profile in profiles else len(profiles)
    return rank, kind.packetization_mode != first.packetization_mode


def choose_for_viewer(codecs: Sequence[OfferedCodec], source: OfferedCodec) -> OfferedCodec | None:
    """The viewer's payload type that plays what `source` describes, None when there is none.

    H264 needs a packetization mode the viewer accepts; the closest profile wins, then the viewer's order. Neither
    levels nor profiles are a reason to refuse, but for 4:4:4 pictures: decoders play above what is listed for them.
    """
    name = served_name(source)
    if name != "H264":
        return next((codec for codec in codecs if served_name(codec) == name), None)
    ranked = [(rank, codec) for codec in codecs if (rank := _h264_distance(source, codec)) is not None]
    return min(ranked, key=lambda item: item[0])[1] if ranked else None


_SENT_AS: Final[Mapping[H264Profile, tuple[H264Profile, ...]]] = {
    # What is encoded -> under which of the viewer's profiles it is sent, best first: the same, then what includes it,
    # then what does not, because decoders play it all the same (Chromium lists no High and decodes it). Baseline counts
    # as Constrained Baseline: the tools that set them apart (FMO, ASO, redundant slices) are used by no real-time
    # encoder, and Chromium's first is 42001f.
    H264Profile.CONSTRAINED_BASELINE: (
        H264Profile.CONSTRAINED_BASELINE,
        H264Profile.BASELINE,
        H264Profile.MAIN,
        H264Profile.CONSTRAINED_HIGH,
        H264Profile.HIGH,
        H264Profile.HIGH_444_PREDICTIVE,
    ),
    H264Profile.BASELINE: (
        H264Profile.BASELINE,
        H264Profile.CONSTRAINED_BASELINE,
        H264Profile.MAIN,
        H264Profile.CONSTRAINED_HIGH,
        H264Profile.HIGH,
        H264Profile.HIGH_444_PREDICTIVE,
    ),
    H264Profile.MAIN: (
        H264Profile.MAIN,
        H264Profile.HIGH,
        H264Profile.HIGH_444_PREDICTIVE,
        H264Profile.CONSTRAINED_HIGH,
        H264Profile.CONSTRAINED_BASELINE,
        H264Profile.BASELINE,
    ),
    H264Profile.CONSTRAINED_HIGH: (
        H264Profile.CONSTRAINED_HIGH,
        H264Profile.HIGH,
        H264Profile.HIGH_444_PREDICTIVE,
        H264Profile.MAIN,
        H264Profile.CONSTRAINED_BASELINE,
        H264Profile.BASELINE,
    ),
    H264Profile.HIGH: (
        H264Profile.HIGH,
        H264Profile.HIGH_444_PREDICTIVE,
        H264Profile.CONSTRAINED_HIGH,
        H264Profile.MAIN,
        H264Profile.CONSTRAINED_BASELINE,
        H264Profile.BASELINE,
    ),
    # No decoder for 4:2:0 makes anything of 4:4:4.
    H264Profile.HIGH_444_PREDICTIVE: (H264Profile.HIGH_444_PREDICTIVE,),
}

_MODE_DISTANCE: Final[Mapping[tuple[str | None, str | None], int]] = {
    # (sent, accepted). Mode 0 (single NAL units) is a subset of mode 1 (RFC 6184 section 6.3), not the other way round.
    ("1", "1"): 0,
    ("1", None): 1,
    ("0", "0"): 0,
    ("0", None): 0,
    ("0", "1"): 1,
    (None, "1"): 0,
    (None, None): 0,
    (None, "0"): 1,
}


def _h264_distance(source: OfferedCodec, viewer: OfferedCodec) -> int | None:
    """0 is the same profile; None: cannot be played."""
    encoded, decoded = source.h264, viewer.h264 if viewer.served == "H264" else None
    if encoded is None or decoded is None or decoded.profile not in _SENT_AS[encoded.profile]:
        return None
    mode = _MODE_DISTANCE.get((encoded.packetization_mode, decoded.packetization_mode))
    return None if mode is None else 2 * _SENT_AS[encoded.profile].index(decoded.profile) + mode


def _h264(parameters: Mapping[str, str]) -> H264Kind | None:
    profile = _profile(parameters.get("profile-level-id", H264_DEFAULT_PROFILE_LEVEL_ID))
    match parameters.get("packetization-mode"):
        case None | "0" | "1" as mode if profile is not None:
            return H264Kind(profile, mode)
        case _:
            return None


def _profile(profile_level_id: str) -> H264Profile | None:
    """By RFC 6184 section 8.1, table 5. The level is not looked at, nor constraint bits that make no other profile."""
    if len(profile_level_id) != 6 or not set(profile_level_id) <= _HEX_DIGITS:
        return None
    profile_idc, constraints = bytes.fromhex(profile_level_id[:4])
    match profile_idc:
        case 0x42:
            return H264Profile.CONSTRAINED_BASELINE if constraints & 0x40 else H264Profile.BASELINE
        case 0x4D:
            return H264Profile.CONSTRAINED_BASELINE if constraints & 0x80 else H264Profile.MAIN
        case 0x58 if constraints & 0x80:
            return H264Profile.CONSTRAINED_BASELINE if constraints & 0x40 else H264Profile.BASELINE
        case 0x64:
            is_constrained = constraints & 0x0C == 0x0C
            return H264Profile.CONSTRAINED_HIGH if is_constrained else H264Profile.HIGH
        case 0xF4:
            return H264Profile.HIGH_444_PREDICTIVE
        case _:
            return None
