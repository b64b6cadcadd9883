"""Frames of one timestamp are parts of one picture; what is whole is known as early as it can be."""

import random

import pytest
from salon_packets import EncodedFrame
from salon_packets.pictures import ALIKE_MIN, HOLD_NS, PART_MIN_BYTES, PictureGatherer

TS90K = 3_000
FRAME_NS = 33_000_000
SPS_PPS = b"\0\0\0\1\x67\x42\xc0\x1f\0\0\0\1\x68\xce\x3c"


def macroblock(number: int) -> bytes:
    """ue(v), then slice data: 1, and so many zeros before it as there are bits after it."""
    bits = f"{number + 1:b}"
    bits = "0" * (len(bits) - 1) + bits
    bits += "1" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


def part(picture: int, begins: int, *, keyframe: bool = False, orientation: int | None = None) -> EncodedFrame:
    slice_ = b"\0\0\0\1" + (b"\x65" if keyframe else b"\x61") + macroblock(begins) + b"\x88\x99"
    data = SPS_PPS + slice_ if keyframe else slice_
    return EncodedFrame(data, picture * TS90K, keyframe, orientation, picture * 100 + begins)


class Stream:
    """Pictures of a camera, 33 ms apart; `given` has the picture each of them came with."""

    def __init__(self) -> None:
        self.gatherer = PictureGatherer(1_000_000)
        self.picture = 0
        self.now_ns = 0
        self.given: list[tuple[int, EncodedFrame]] = []

    def shoot(self, *begins: int, keyframe: bool = False) -> None:
        for begin in begins:
            given = self.gatherer.take(part(self.picture, begin, keyframe=keyframe), self.now_ns)
            self.given += [(self.picture, frame) for frame in given]
        self.picture += 1
        self.now_ns += FRAME_NS

    @property
    def delays(self) -> list[int]:
        """How many pictures later each came."""
        return [picture - frame.timestamp // TS90K for picture, frame in self.given]

    @property
    def slices(self) -> list[int]:
        return [sum(frame.data.count(b"\0\0\0\1" + header) for header in (b"\x61", b"\x65")) for _, frame in self.given]


def test_with_the_marker_where_it_belongs_nothing_waits_from_the_third_picture_on() -> None:
    stream = Stream()
    for index in range(20):
        stream.shoot(0, keyframe=index % 10 == 0)
    assert stream.delays == [1] * ALIKE_MIN + [0] * (20 - ALIKE_MIN)
    assert stream.slices == [1] * 20


@pytest.mark.parametrize("begins", [(0, 60), (0, 30, 60, 90), (0, 10, 20, 30, 40, 50, 60, 70), (60, 0), (0, 8_100)])
def test_slices_at_the_same_places_are_a_whole_picture_at_once(begins: tuple[int, ...]) -> None:
    stream = Stream()
    for index in range(20):
        stream.shoot(*begins, keyframe=index % 10 == 0)
    assert stream.delays == [1] * ALIKE_MIN + [0] * (20 - ALIKE_MIN)
    assert stream.slices == [len(begins)] * 20


def test_slices_at_any_places_wait_for_the_next_picture() -> None:
    draw = random.Random(1)
    stream = Stream()
    begins = [sorted({0, *(draw.randrange(1, 400) for _ in range(draw.randrange(1, 6)))}) for _ in range(60)]
    for each in begins:
        stream.shoot(*each)
    assert stream.slices == [len(each) for each in begins[:-1]]
    assert set(stream.delays) == {1}


def test_key_frames_in_slices_and_others_in_one_are_whole_too() -> None:
    stream = Stream()
    for index in range(40):
        stream.shoot(*((0, 40, 80) if index % 10 == 0 else (0,)), keyframe=index % 10 == 0)
    assert stream.slices == [3 if index % 10 == 0 else 1 for index in range(39)]


def test_after_one_mistake_a_key_frame_is_asked_for_and_every_picture_waits() -> None:
    stream = Stream()
    for index in range(40):
        stream.shoot(*((0, 40, 80) if index > 9 else (0,)), keyframe=index in (0, 20))
        assert stream.gatherer.wants_keyframe == (index > 9)
    assert stream.slices == [1] * 11 + [3] * 19, "the eleventh was thought to be whole"
    assert [frame.timestamp // TS90K for _, frame in stream.given] == [*range(11), *range(20, 39)]
    assert stream.delays[10:] == [0] + [1] * 19


def test_what_nothing_follows_comes_after_a_while() -> None:
    gatherer = PictureGatherer(1_000_000)
    assert gatherer.due_ns is None
    assert gatherer.take(part(1, 0), 1_000) == []
    assert gatherer.take(part(1, 40), 2_000) == []
    assert gatherer.due_ns == 2_000 + HOLD_NS
    assert gatherer.on_time(1_999 + HOLD_NS) == []
    [frame] = gatherer.on_time(2_000 + HOLD_NS)
    assert frame.data == part(1, 0).data + part(1, 40).data
    assert gatherer.due_ns is None
    assert gatherer.finish() == []


def test_a_picture_has_one_set_of_parameters_the_last_orientation_and_the_latest_time() -> None:
    gatherer = PictureGatherer(1_000_000)
    gatherer.take(part(5, 0, keyframe=True, orientation=1), 0)
    gatherer.take(part(5, 40, keyframe=True, orientation=3), 0)
    gatherer.take(part(5, 20, keyframe=True), 0)
    [frame] = gatherer.finish()
    assert frame.data.startswith(SPS_PPS)
    assert frame.data.count(SPS_PPS) == 1
    assert (frame.timestamp, frame.is_keyframe, frame.orientation, frame.received_ns) == (15_000, True, 3, 540)


def test_a_picture_without_end_is_left_out_with_what_needs_it() -> None:
    gatherer = PictureGatherer(100 * PART_MIN_BYTES)
    gatherer.take(part(0, 0, keyframe=True), 0)
    for begins in range(1_000):
        assert gatherer.take(part(1, begins), 0) == [] or begins == 0
    assert gatherer.wants_keyframe
    assert gatherer.take(part(2, 0), 0) == []
    assert gatherer.take(part(3, 0), 0) == [], "the second needs the first"
    assert gatherer.take(part(4, 0, keyframe=True), 0) == []
    assert [frame.timestamp // TS90K for frame in gatherer.take(part(5, 0), 0)] == [4]


def test_garbage_is_some_picture() -> None:
    draw = random.Random(2)
    gatherer = PictureGatherer(10_000)
    for index in range(2_000):
        data = draw.randbytes(draw.randrange(40)).replace(b"\x80", b"\0\0\0\1")
        frame = EncodedFrame(data, draw.randrange(4), draw.random() < 0.1, None, 0)
        for given in gatherer.take(frame, index):
            assert isinstance(given.data, bytes)
        gatherer.on_time(index)
