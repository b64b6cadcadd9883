import asyncio
import time
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame, VideoFrame
from salon_sdk import EngineError, ErrorCode, LocalStream

FPS = 25


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """0.4 s of grey that grows lighter, with 0.3 s of sound."""
    path = tmp_path / "clip.mkv"
    with av.open(str(path), "w") as container:
        video = container.add_stream("libvpx", rate=FPS)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        audio = container.add_stream("pcm_s16le", rate=48_000, layout="stereo")
        for number in range(10):
            frame = VideoFrame.from_ndarray(np.full((48, 64, 3), 20 * number, np.uint8), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            container.mux(video.encode(frame))
        for number in range(15):
            sound = AudioFrame.from_ndarray(np.full((1, 1_920), 1_000, np.int16), format="s16", layout="stereo")
            sound.sample_rate, sound.pts, sound.time_base = 48_000, number * 960, Fraction(1, 48_000)
            container.mux(audio.encode(sound))
        container.mux(video.encode(None))
        container.mux(audio.encode(None))
    return path


async def read(stream: LocalStream, kind: str, seconds: float) -> list[tuple[float, float]]:
    """Times of the frames and how bright or loud they are."""
    (tap,) = [track for track in stream.taps() if track.kind == kind]
    found: list[tuple[float, float]] = []
    while not found or found[-1][0] < seconds:
        frame = await tap.recv()
        assert isinstance(frame, VideoFrame | AudioFrame)
        assert frame.time is not None
        pixels = frame.to_ndarray(format="gray") if isinstance(frame, VideoFrame) else frame.to_ndarray()
        found.append((frame.time, float(pixels.mean())))
    return found


async def test_times_rise_and_both_tracks_start_again_together(clip: Path) -> None:
    stream = LocalStream.from_file(clip)
    started_s = time.monotonic()
    video, audio = await asyncio.gather(read(stream, "video", 1.0), read(stream, "audio", 1.0))
    took_s = time.monotonic() - started_s
    stream.stop()

    assert took_s > 0.8, "at the file's own speed, or as fast as a busy machine can"
    times_s = [time_s for time_s, _ in video]
    assert np.diff(times_s) == pytest.approx(1 / FPS, abs=0.001)
    darkest = [time_s for (time_s, grey) in video if grey < 5]
    assert np.diff(darkest) == pytest.approx(0.4, abs=0.001)

    sound_s = [time_s for time_s, _ in audio]
    assert np.diff(sound_s) == pytest.approx(0.02, abs=0.0001)
    silent = [round(time_s, 2) for time_s, level in audio if level == 0]
    assert silent == pytest.approx([0.3, 0.32, 0.34, 0.36, 0.38, 0.7, 0.72, 0.74, 0.76, 0.78])


async def test_without_looping_the_tracks_end(clip: Path) -> None:
    stream = LocalStream.from_file(clip, loop=False)
    (video,) = [track for track in stream.taps() if track.kind == "video"]
    for _ in range(10):
        await video.recv()
    with pytest.raises(MediaStreamError):
        await video.recv()
    stream.stop()


async def test_two_readers_share_one_decoder(clip: Path) -> None:
    stream = LocalStream.from_file(clip)
    first, second = await asyncio.gather(read(stream, "video", 0.3), read(stream, "video", 0.3))
    stream.stop()
    assert first == second


async def test_a_reader_that_gives_up_disturbs_nobody(clip: Path) -> None:
    stream = LocalStream.from_file(clip)
    quitter = asyncio.create_task(read(stream, "video", 10))
    await read(stream, "video", 0.1)
    quitter.cancel()
    await asyncio.gather(quitter, return_exceptions=True)
    assert len(await read(stream, "video", 0.3)) > 2
    stream.stop()


def test_what_is_no_media_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "no.mp4"
    path.write_text("no")
    with pytest.raises(EngineError) as raised:
        LocalStream.from_file(path)
    assert raised.value.error_code == ErrorCode.PUBLISH_PARAMETER
