"""The publisher's preference decides what a stream is; a viewer gets exactly that or nothing."""

import pytest
from salon_media.codecs import OfferedCodec, accept_from_publisher, choose_for_publisher, choose_for_viewer, served_name


def codec(name: str, payload_type: int = 96, fmtp: str = "", clock_rate_hz: int = 90_000) -> OfferedCodec:
    return OfferedCodec(payload_type, name, clock_rate_hz, None, fmtp, (), None)


def h264(profile_level_id: str, mode: int | None = 1, payload_type: int = 96) -> OfferedCodec:
    packetization = "" if mode is None else f";packetization-mode={mode}"
    return codec("H264", payload_type, f"level-asymmetry-allowed=1{packetization};profile-level-id={profile_level_id}")


OPUS = OfferedCodec(111, "opus", 48_000, 2, "minptime=10", (), None)


@pytest.mark.parametrize(
    ("offered", "name"),
    [
        (OPUS, "opus"),
        (OfferedCodec(111, "OPUS", 48_000, 2, "", (), None), "opus"),
        (OfferedCodec(111, "opus", 48_000, 1, "", (), None), None),
        (OfferedCodec(9, "G722", 8_000, 1, "", (), None), None),
        (OfferedCodec(63, "red", 48_000, 2, "111/111", (), None), None),
        (codec("VP8"), "VP8"),
        (codec("vp8"), "VP8"),
        (codec("VP8", clock_rate_hz=8_000), None),
        (codec("VP9"), None),
        (codec("AV1"), None),
        (codec("ulpfec"), None),
        (h264("42e01f"), "H264"),
        (h264("42e01f", mode=None), "H264"),
        (h264("42e01f", mode=2), None),
        (h264("xyz"), None),
        (h264("42e01f00"), None),
        (codec("H264"), "H264"),
    ],
)
def test_what_is_carried(offered: OfferedCodec, name: str | None) -> None:
    assert served_name(offered) == name


def test_publisher_gets_first_known_codec() -> None:
    assert choose_for_publisher(
        [codec("VP9", 98), codec("AV1", 45), h264("42001f", payload_type=102), codec("VP8")]
    ) == (h264("42001f", payload_type=102))
    assert choose_for_publisher([codec("VP9", 98), codec("AV1", 45)]) is None


@pytest.mark.parametrize(
    ("offered", "accepted"),
    [
        ([codec("VP9", 98), codec("VP8", 96), h264("42001f", payload_type=102), codec("AV1", 45)], [96, 102]),
        # as pion, webrtc-rs and str0m offer
        (
            [codec("VP8", 96), h264("42001f", payload_type=102), h264("42e01f", 0, 125), h264("64001f", 1, 123)],
            [96, 102, 125, 123],
        ),
        # Constrained Baseline before another H264, and all others where they were
        ([h264("640c1f", payload_type=98), codec("VP8", 96), h264("42e01f", payload_type=102)], [102, 98, 96]),
        ([codec("AV1", 45)], []),
        ([OfferedCodec(9, "G722", 8_000, 1, "", (), None), OPUS], [111]),
    ],
)
def test_all_that_is_carried_is_accepted(offered: list[OfferedCodec], accepted: list[int]) -> None:
    assert [codec.payload_type for codec in accept_from_publisher(offered)] == accepted


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        # Constrained Baseline where there is a choice
        (["42001f", "42e01f", "4d001f"], 1),
        (["640c1f", "42e01f"], 1),
        (["64001f", "4d001f", "4d801f"], 2),  # a Main that is Constrained Baseline as well
        (["4d001f", "42001f"], 1),
        # else as the client prefers
        (["64001f", "4d001f"], 0),
        (["4d001f", "64001f"], 0),
    ],
)
def test_publisher_with_several_profiles_sends_what_every_viewer_lists(offered: list[str], chosen: int) -> None:
    codecs = [h264(text, payload_type=100 + position) for position, text in enumerate(offered)]
    assert choose_for_publisher(codecs) == codecs[chosen]


def test_publisher_keeps_its_packetization_mode_and_its_first_codec() -> None:
    modes = [h264("42001f", 1, 100), h264("42e01f", 0, 101), h264("42e01f", 1, 102)]
    assert choose_for_publisher(modes) == modes[2]
    assert choose_for_publisher([codec("VP8"), *modes]) == codec("VP8")


def test_viewer_of_vp8() -> None:
    assert choose_for_viewer([codec("H264"), codec("VP8", 100)], codec("VP8", 96)) == codec("VP8", 100)
    assert choose_for_viewer([h264("42e01f")], codec("VP8", 96)) is None


@pytest.mark.parametrize(
    ("encoded", "offered", "chosen"),
    [
        # the same profile first, wherever it stands
        ("42e01f", ["42001f", "42e01f", "4d001f"], 1),
        ("42001f", ["42e01f", "42001f"], 1),
        # a decoder of more
        ("42e01f", ["64001f", "4d001f"], 1),
        ("42e01f", ["64001f"], 0),
        ("4d001f", ["64001f"], 0),
        ("640c1f", ["64001f"], 0),
        # what sets Baseline apart nobody encodes
        ("42001f", ["42e01f"], 0),
        ("64001f", ["42e01f", "4d001f", "f4001f"], 2),
        # decoders play more than they list: the closest
        ("4d001f", ["42001f", "42e01f"], 1),
        ("64001f", ["42e01f", "4d001f", "640c1f"], 2),
        ("64001f", ["42001f", "4d001f"], 1),
        ("640c1f", ["42e01f"], 0),
        # but no other one has the pictures' format
        ("f4001f", ["64001f", "42e01f"], None),
        # levels do not matter
        ("42e034", ["42e00a"], 0),
    ],
)
def test_h264_profiles(encoded: str, offered: list[str], chosen: int | None) -> None:
    viewer = [h264(text, payload_type=100 + position) for position, text in enumerate(offered)]
    assert choose_for_viewer(viewer, h264(encoded)) == (None if chosen is None else viewer[chosen])


@pytest.mark.parametrize(
    ("source", "viewer", "plays"),
    [
        (1, 1, True),
        (1, 0, False),
        (0, 1, True),
        # who does not say it does both
        (0, None, True),
        (1, None, True),
        (None, None, True),
        (None, 1, True),
        (None, 0, True),
    ],
)
def test_h264_packetization_modes(source: int, viewer: int | None, plays: bool) -> None:
    assert (choose_for_viewer([h264("42e01f", viewer)], h264("42e01f", source)) is not None) is plays


def test_h264_same_mode_before_other_mode() -> None:
    chosen = choose_for_viewer([h264("42e01f", 1, 100), h264("42e01f", 0, 101)], h264("42e01f", 0))
    assert chosen is not None
    assert chosen.payload_type == 101


def test_h264_of_an_unknown_mode_goes_where_most_is_accepted() -> None:
    chosen = choose_for_viewer([h264("42e01f", 0, 100), h264("42e01f", 1, 101)], h264("42e01f", None))
    assert chosen is not None
    assert chosen.payload_type == 101


def test_parameters_are_read_leniently() -> None:
    offered = codec("H264", fmtp="Profile-Level-Id=42e01f; packetization-mode=1 ;sps-only")
    assert offered.parameters == {"profile-level-id": "42e01f", "packetization-mode": "1", "sps-only": ""}
