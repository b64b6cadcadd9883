from fractions import Fraction

import pytest
from aiortc.mediastreams import MediaStreamError
from av import VideoFrame
from salon_sdk import PlayedTrack


def frame(number: int) -> VideoFrame:
    made = VideoFrame(16, 16, "yuv420p")
    made.pts, made.time_base = number, Fraction(1, 30)
    return made


async def test_frames_nobody_fetches_are_dropped_oldest_first() -> None:
    track = PlayedTrack("video")
    for number in range(100):
        track.push(frame(number))
    numbers = [(await track.recv()).pts for _ in range(16)]
    assert numbers == list(range(84, 100))


async def test_what_is_there_is_delivered_before_the_end() -> None:
    track = PlayedTrack("video")
    track.push(frame(1))
    track.stop()
    assert (await track.recv()).pts == 1
    with pytest.raises(MediaStreamError):
        await track.recv()
