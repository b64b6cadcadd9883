"""The colour description of H.264 comes out as it went in: primaries, transfer, matrix and range."""

import av
import pytest
from salon_frames import I420
from salon_testing.transcoder import encoded
from salon_transcoder.codec import Decoder, Encoder
from salon_transcoder.counters import Counters
from salon_transcoder.outlet import Outlet
from salon_transcoder.picture import Colour, DecodedPicture, coloured_like
from salon_transcoder.ports import Picture

BT709 = Colour(1, 1, 1, 1)
BT709_FULL = Colour(1, 1, 1, 2)
NTSC = Colour(6, 6, 6, 1)
PAL_FULL = Colour(5, 6, 5, 2)
BT2020_PQ = Colour(9, 16, 9, 1)
ONLY_A_MATRIX = Colour(2, 2, 1, 1)
SRGB_TRANSFER = Colour(1, 13, 6, 2)
UNSAID = Colour()

TS90K = 3_000


def shown(decoder: Decoder, data: bytes) -> DecodedPicture:
    picture = decoder.decode(data)
    assert picture is not None
    return picture


def seen_by_a_viewer(frames: list[bytes]) -> Colour:
    """As a decoder of its own reads it from the parameter sets."""
    context = av.CodecContext.create("h264", "r")
    assert isinstance(context, av.VideoCodecContext)
    last = [picture for data in frames for picture in context.decode(av.Packet(data))][-1]
    return Colour(int(last.color_primaries), int(last.color_trc), int(last.colorspace), int(last.color_range))


@pytest.mark.parametrize("colour", [BT709, BT709_FULL, NTSC, PAL_FULL, BT2020_PQ, ONLY_A_MATRIX, SRGB_TRANSFER, UNSAID])
def test_the_output_says_what_the_input_said(colour: Colour) -> None:
    decoder, encoder = Decoder("H264"), Encoder("H264", 800_000)
    given = [frame.data for frame in encoded(4, colour=colour)]
    sent = []
    for index, data in enumerate(given):
        picture = shown(decoder, data)
        assert picture.full_range is (colour.sample_range == 2)
        sent.append(encoder.encode(picture, index * TS90K, keyframe=False))
    assert seen_by_a_viewer(given) == colour, "the stream of this test"
    assert seen_by_a_viewer(sent) == colour


def test_another_description_begins_with_a_key_frame_that_says_it_and_none_is_left_of_the_one_before() -> None:
    decoder, encoder = Decoder("H264"), Encoder("H264", 800_000)
    for colour in (BT709, PAL_FULL, UNSAID, BT2020_PQ):
        for index, frame in enumerate(encoded(3, colour=colour)):
            data = encoder.encode(shown(decoder, frame.data), 0, keyframe=False)
            assert any(unit[0] & 31 == 5 for unit in data.split(b"\0\0\1")[1:]) == (index == 0)
            if index == 0:
                assert seen_by_a_viewer([data]) == colour


def test_pictures_that_come_back_from_a_worker_have_the_colours_of_their_originals() -> None:
    original = shown(Decoder("H264"), encoded(1, colour=BT709_FULL)[0].data)
    beautified = I420.allocate(original.width, original.height, full_range=True)
    data = Encoder("H264", 800_000).encode(coloured_like(beautified, original), 0, keyframe=True)
    assert seen_by_a_viewer([data]) == BT709_FULL


def test_whatever_a_stream_can_say_a_picture_leaves() -> None:
    planes = I420.allocate(32, 16).planes
    for plane in planes:
        plane[:] = 90
    decoder = Decoder("H264")
    for code in (*range(24), 128, 255):
        for colour in (Colour(primaries=code), Colour(transfer=code), Colour(matrix=code)):
            picture = DecodedPicture(*planes, colour=colour)
            assert shown(decoder, Encoder("H264", 100_000).encode(picture, 0, keyframe=True)).width == 32


class Sent:
    def __init__(self) -> None:
        self.frames: list[bytes] = []

    def request_keyframe(self) -> None:
        raise AssertionError("nothing here asks for one")

    def send(self, frame: bytes, timestamp: int, orientation: int | None) -> int:
        self.frames.append(frame)
        return 1


async def test_beautified_and_original_pictures_leave_with_the_same_colours() -> None:
    link, decoder = Sent(), Decoder("H264")
    outlet = Outlet(link, Encoder("H264", 800_000), Counters())
    try:
        for index, frame in enumerate(encoded(6, colour=BT709)):
            original = shown(decoder, frame.data)
            beautified = I420.allocate(original.width, original.height) if index % 2 else None
            assert await outlet.send(Picture(original, (index + 1) * TS90K, None, 0), beautified)
    finally:
        outlet.close()
    keyframes = [data for data in link.frames if any(unit[0] & 31 == 5 for unit in data.split(b"\0\0\1")[1:])]
    assert len(keyframes) == 1, "nothing changed"
    assert seen_by_a_viewer(link.frames) == BT709


def test_vp8_has_no_place_for_it() -> None:
    frames = {}
    for colour in (UNSAID, BT709):
        picture = DecodedPicture(*I420.allocate(32, 16).planes, colour=colour)
        for plane in picture.planes:
            plane[:] = 90
        frames[colour] = Encoder("VP8", 200_000).encode(picture, 0, keyframe=True)
    assert frames[UNSAID] == frames[BT709]
