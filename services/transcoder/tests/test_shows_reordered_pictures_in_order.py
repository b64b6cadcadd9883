"""H.264 with pictures that are sent before others and shown after them is decoded in the order of showing."""

import asyncio
import queue

import pytest
from salon_packets import EncodedFrame, LinkClosed
from salon_testing.transcoder import Encoded, encoded, number_of
from salon_transcoder.codec import Decoder
from salon_transcoder.counters import Counters
from salon_transcoder.intake import Intake

TS90K = 3_000

STREAMS: dict[str, tuple[int, str, str, bool]] = {
    "one B picture between two others": (1, "high", "bframes=1:b-pyramid=none", False),
    "three of them": (1, "high", "bframes=3:b-pyramid=none", False),
    "three, and others are predicted from them": (2, "high", "bframes=3:b-pyramid=normal", False),
    "seven, in Main": (2, "main", "bframes=7:b-pyramid=strict", False),
    "allowed for, and none": (1, "high", "bframes=1:b-pyramid=none", True),
    "two allowed for, and none": (2, "high", "bframes=3:b-pyramid=normal", True),
}
"""How many pictures may be held back, and how x264 is told."""


@pytest.fixture(params=STREAMS)
def stream(request: pytest.FixtureRequest) -> tuple[int, list[Encoded]]:
    depth, profile, x264, only_p = STREAMS[request.param]
    return depth, encoded(45, profile=profile, x264=x264, only_p=only_p)


def test_every_picture_comes_in_order_as_late_as_the_stream_allows_for(stream: tuple[int, list[Encoded]]) -> None:
    depth, frames = stream
    decoder, numbers = Decoder("H264"), []
    for index, frame in enumerate(frames):
        picture = decoder.decode(frame.data)
        if picture is None:
            assert index < depth
            continue
        numbers.append(number_of(picture.y))
        assert numbers[-1] == frames[index - picture.frames_ago].number, "it knows which frame it was in"
    assert numbers == list(range(len(frames) - depth))


def test_without_reordering_no_picture_waits() -> None:
    decoder = Decoder("H264")
    for frame in encoded(40):
        picture = decoder.decode(frame.data)
        assert picture is not None
        assert (number_of(picture.y), picture.frames_ago) == (frame.number, 0)


def test_other_parameter_sets_end_the_waiting() -> None:
    decoder = Decoder("H264")
    for frame in encoded(20, x264="bframes=3:b-pyramid=normal"):
        decoder.decode(frame.data)
    for frame in encoded(5):
        picture = decoder.decode(frame.data)
        assert picture is not None
        assert number_of(picture.y) == frame.number


class Link:
    """Gives what is put into it."""

    def __init__(self) -> None:
        self.frames: queue.Queue[EncodedFrame | LinkClosed] = queue.Queue()

    def receive(self, timeout_ms: int) -> EncodedFrame | LinkClosed | None:
        try:
            return self.frames.get(timeout=timeout_ms / 1000)
        except queue.Empty:
            return None


class Listener:
    def keyframe_wanted(self) -> None:
        raise AssertionError("nobody asks for one")

    def keyframe_missing(self) -> None:
        raise AssertionError("all can be decoded")

    def intake_ended(self, error: Exception) -> None:
        raise error


async def test_pictures_keep_the_timestamp_and_the_orientation_of_their_own_frame(
    stream: tuple[int, list[Encoded]],
) -> None:
    depth, frames = stream
    link = Link()
    intake = Intake(link, Decoder("H264"), Listener(), Counters())
    intake.start()
    try:
        for index, frame in enumerate(frames):
            number = frame.number
            link.frames.put(EncodedFrame(frame.data, 90_000 + number * TS90K, index == 0, number % 4, number))
            if index < depth:
                continue
            async with asyncio.timeout(20):
                picture = await intake.pictures.take()
            assert picture is not None
            shown = number_of(picture.i420.y)
            assert (picture.timestamp, picture.orientation) == (90_000 + shown * TS90K, shown % 4)
            assert picture.received_ns == shown
    finally:
        intake.stop()
