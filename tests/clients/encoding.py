"""The reference as frames, and as files for clients that read such."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from tests.clients.reference import FPS, HEIGHT, RATE_HZ, WIDTH, picture, tone

KEY_FRAME_EVERY = 2 * FPS


def video_frame(number: int) -> av.VideoFrame:
    frame = av.VideoFrame.from_ndarray(picture(number), format="rgb24")
    frame.pts, frame.time_base = number, Fraction(1, FPS)
    return frame


def audio_frame(first_sample: int, count: int = 960) -> av.AudioFrame:
    frame = av.AudioFrame.from_ndarray(np.repeat(tone(first_sample, count), 2).reshape(1, -1), "s16", "stereo")
    frame.sample_rate, frame.pts, frame.time_base = RATE_HZ, first_sample, Fraction(1, RATE_HZ)
    return frame


ENCODERS = {
    "H264": ("libx264", {"preset": "ultrafast", "tune": "zerolatency", "profile": "baseline"}),
    "VP8": ("libvpx", {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0", "error-resilient": "1"}),
}


def add_video(container: av.container.OutputContainer, codec: str, **options: str) -> av.VideoStream:
    """An encoder of the reference's size, set for a live stream."""
    name, settings = ENCODERS[codec]
    stream = container.add_stream(name, rate=FPS, options=settings | {"g": str(KEY_FRAME_EVERY)} | options)
    assert isinstance(stream, av.VideoStream)
    stream.width, stream.height, stream.pix_fmt, stream.bit_rate = WIDTH, HEIGHT, "yuv420p", 500_000
    return stream


def write_video(path: Path, codec: str, seconds: int) -> Path:
    """In the container that the path's ending names: .ivf, .h264, .mkv, .y4m (codec is of no matter then)."""
    with av.open(str(path), "w") as container:
        if path.suffix == ".y4m":
            stream = container.add_stream("wrapped_avframe", rate=FPS)
            assert isinstance(stream, av.VideoStream)
            stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        else:
            stream = add_video(container, codec)
        for number in range(seconds * FPS):
            container.mux(stream.encode(video_frame(number)))
        container.mux(stream.encode(None))
    return path


def write_audio(path: Path, seconds: int) -> Path:
    """.ogg, .mkv: Opus; .wav: as it is."""
    page_each_packet = {"page_duration": "20000"} if path.suffix == ".ogg" else {}
    with av.open(str(path), "w", options=page_each_packet) as container:
        stream = container.add_stream(
            "pcm_s16le" if path.suffix == ".wav" else "libopus", rate=RATE_HZ, layout="stereo"
        )
        for first in range(0, seconds * RATE_HZ, 960):
            container.mux(stream.encode(audio_frame(first)))
        container.mux(stream.encode(None))
    return path


def write_clip(path: Path, codec: str, seconds: int) -> Path:
    """Matroska, with sound."""
    with av.open(str(path), "w") as container:
        video = add_video(container, codec)
        audio = container.add_stream("libopus", rate=RATE_HZ, layout="stereo")
        assert isinstance(audio, av.AudioStream)
        for number in range(seconds * FPS):
            container.mux(video.encode(video_frame(number)))
            container.mux(audio.encode(audio_frame(number * RATE_HZ // FPS, RATE_HZ // FPS)))
        container.mux(video.encode(None))
        container.mux(audio.encode(None))
    return path
