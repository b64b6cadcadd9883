"""Where the media of a published stream comes from, and where that of a played one can be read."""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Generator, Set
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeAlias

import av
import numpy as np
from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame, AudioResampler, Packet, VideoFrame
from av.frame import Frame as RawFrame
from salon.room.v1.signal_pb2 import StreamEffects
from salon_contracts.errors import InvariantBroken

from salon_sdk.blank import blank
from salon_sdk.errors import EngineError, ErrorCode
from salon_sdk.peer import MediaKind, VideoBitrate

Frame: TypeAlias = "RawFrame | Packet[Any]"
"""A packet only comes from a track of the app that does not decode."""

AUDIO_RATE_HZ = 48_000
AUDIO_FRAME_SAMPLES = 960
VIDEO_TIME_BASE = Fraction(1, 90_000)

_LATE_S = 1.0
_SHARED_FRAMES = 8
_PLAYED_FRAMES: dict[MediaKind, int] = {"audio": 100, "video": 16}


class Pace:
    """When the frames of one source are due: the tracks of a file share one."""

    def __init__(self) -> None:
        self._start_s: float | None = None

    async def wait(self, media_time_s: float) -> None:
        now_s = time.monotonic()
        if self._start_s is None:
            self._start_s = now_s - media_time_s
        delay_s = self._start_s + media_time_s - now_s
        if delay_s > 0:
            await asyncio.sleep(delay_s)
        elif delay_s < -_LATE_S:  # nobody was reading: go on from here instead of catching up
            self._start_s = now_s - media_time_s


class FileTrack(MediaStreamTrack):
    """One track of a media file, decoded outside the event loop, at the file's own speed.

    With `period_s` it starts again and again, every pass of exactly that length: timestamps keep rising and the tracks
    of a file stay together.
    """

    def __init__(self, path: Path, kind: MediaKind, pace: Pace, period_s: float | None) -> None:
        super().__init__()
        self.kind = kind
        self._pace = pace
        self._frames = _file_frames(path, kind, period_s)
        self._lock = threading.Lock()

    async def recv(self) -> Frame:
        if self.readyState != "live":
            raise MediaStreamError
        frame = await asyncio.get_running_loop().run_in_executor(None, self._next)
        if frame is None:
            self.stop()
            raise MediaStreamError
        await self._pace.wait(_time_s(frame))
        return frame

    def stop(self) -> None:
        super().stop()
        with self._lock:  # a decode under way ends first
            self._frames.close()

    def _next(self) -> "Frame | None":
        with self._lock:
            return next(self._frames, None)


class PatternVideo(MediaStreamTrack):
    """A grey ramp with a bar that moves, on a plain colour (`u`, `v`: chroma, 0 to 255)."""

    kind = "video"

    def __init__(self, width_px: int = 640, height_px: int = 360, fps: int = 30, u: int = 128, v: int = 128) -> None:
        super().__init__()
        self._fps = fps
        self._pace = Pace()
        self._count = 0
        self._bar_px = max(width_px // 16, 1)
        ramp = np.linspace(40, 200, width_px, dtype=np.uint8)
        # I420: the luma plane, then the two chroma planes of a quarter of its size, all as rows of the same width.
        self._picture = np.empty((height_px * 3 // 2, width_px), dtype=np.uint8)
        self._picture[:height_px] = ramp
        self._picture[height_px : height_px * 5 // 4] = u
        self._picture[height_px * 5 // 4 :] = v
        self._height_px = height_px

    async def recv(self) -> VideoFrame:
        if self.readyState != "live":
            raise MediaStreamError
        await self._pace.wait(self._count / self._fps)
        picture = self._picture.copy()
        left = (self._count * 4) % (picture.shape[1] - self._bar_px)
        picture[: self._height_px, left : left + self._bar_px] = 235
        frame = VideoFrame.from_ndarray(picture, format="yuv420p")
        frame.pts = self._count * 90_000 // self._fps
        frame.time_base = VIDEO_TIME_BASE
        self._count += 1
        return frame


class ToneAudio(MediaStreamTrack):
    """A sine tone, mono."""

    kind = "audio"

    def __init__(self, frequency_hz: float = 440.0) -> None:
        super().__init__()
        self._pace = Pace()
        self._samples = 0
        self._step = 2 * np.pi * frequency_hz / AUDIO_RATE_HZ

    async def recv(self) -> AudioFrame:
        if self.readyState != "live":
            raise MediaStreamError
        await self._pace.wait(self._samples / AUDIO_RATE_HZ)
        phase = (self._samples + np.arange(AUDIO_FRAME_SAMPLES)) * self._step
        frame = AudioFrame.from_ndarray((np.sin(phase) * 8_000).astype(np.int16)[None, :], format="s16", layout="mono")
        frame.sample_rate = AUDIO_RATE_HZ
        frame.pts = self._samples
        frame.time_base = Fraction(1, AUDIO_RATE_HZ)
        self._samples += AUDIO_FRAME_SAMPLES
        return frame


class LocalStream:
    """Up to one audio and one video track, to be published under any number of stream ids.

    The tracks stay the app's until `stop`: publishing, stopping and losing a connection leave them running.
    """

    def __init__(
        self, audio: MediaStreamTrack | None, video: MediaStreamTrack | None, video_bitrate: VideoBitrate | None = None
    ) -> None:
        if audio is None and video is None:
            raise EngineError.because(ErrorCode.PUBLISH_PARAMETER, "A stream needs an audio or a video track.")
        self.video_bitrate = video_bitrate or VideoBitrate()
        self.effects: StreamEffects | None = None
        """What it begins with when it is published; see `SalonEngine.set_effects_beauty`."""
        self.muted_kinds: set[MediaKind] = set()
        """Of these its readers get black and silence; see `SalonEngine.mute_publish_stream_video`."""
        self._shared = [_SharedTrack(track) for track in (audio, video) if track is not None]

    @classmethod
    def test_pattern(
        cls, width_px: int = 640, height_px: int = 360, fps: int = 30, video_bitrate: VideoBitrate | None = None
    ) -> "LocalStream":
        """A moving picture and a tone."""
        return cls(ToneAudio(), PatternVideo(width_px, height_px, fps), video_bitrate)

    @classmethod
    def from_file(cls, path: str | Path, loop: bool = True, video_bitrate: VideoBitrate | None = None) -> "LocalStream":
        """The first audio and the first video track of anything FFmpeg reads. Raises EngineError."""
        try:
            with av.open(str(path)) as container:
                duration = container.duration
                kinds = {stream.type for stream in container.streams}
        except (OSError, av.FFmpegError) as error:
            raise EngineError.because(ErrorCode.PUBLISH_PARAMETER, f"{path} cannot be read: {error}.") from error
        period_s: float | None = None
        if loop:
            if not duration:
                raise EngineError.because(ErrorCode.PUBLISH_PARAMETER, f"{path} does not say how long it is.")
            # Whole audio frames, so that a pass ends at the same moment for both tracks.
            frames = max(1, duration * AUDIO_RATE_HZ // 1_000_000 // AUDIO_FRAME_SAMPLES)
            period_s = frames * AUDIO_FRAME_SAMPLES / AUDIO_RATE_HZ
        pace = Pace()
        audio = FileTrack(Path(path), "audio", pace, period_s) if "audio" in kinds else None
        video = FileTrack(Path(path), "video", pace, period_s) if "video" in kinds else None
        return cls(audio, video, video_bitrate)

    def taps(self) -> list[MediaStreamTrack]:
        """New tracks that read the stream's tracks; stopping them stops nothing else."""
        return [_Tap(shared, self.muted_kinds) for shared in self._shared]

    def has(self, kind: MediaKind) -> bool:
        return any(shared.source.kind == kind for shared in self._shared)

    def stop(self) -> None:
        for shared in self._shared:
            shared.source.stop()


class _SharedTrack:
    """Lets several readers read one track without a task: who is ahead fetches the next frame for all.

    A reader more than `_SHARED_FRAMES` behind misses the oldest.
    """

    def __init__(self, source: MediaStreamTrack) -> None:
        self.source = source
        self._lock = asyncio.Lock()
        self._recent: deque[Frame] = deque(maxlen=_SHARED_FRAMES)
        self._count = 0

    @property
    def count(self) -> int:
        return self._count

    async def frame(self, index: int) -> tuple[int, Frame]:
        """The frame of that number or the oldest kept after it, with its number."""
        async with self._lock:
            if index >= self._count:
                self._recent.append(await self.source.recv())
                self._count += 1
            first = self._count - len(self._recent)
            index = min(max(index, first), self._count - 1)
            return index, self._recent[index - first]


class _Tap(MediaStreamTrack):
    def __init__(self, shared: _SharedTrack, muted_kinds: Set[str]) -> None:
        super().__init__()
        self.kind = shared.source.kind
        self._shared = shared
        self._muted_kinds = muted_kinds
        self._next = shared.count

    async def recv(self) -> Frame:
        while self.readyState == "live":
            index, frame = await self._shared.frame(self._next)
            self._next = index + 1
            if self.kind not in self._muted_kinds:
                return frame
            if isinstance(frame, VideoFrame | AudioFrame):
                return blank(frame)
            # A packet can only be held back.
        raise MediaStreamError


class PlayedTrack(MediaStreamTrack):
    """What is received of one track. It outlives lost connections: frames simply pause, timestamps keep rising.

    Not reading it costs nothing: the oldest frames are dropped.
    """

    def __init__(self, kind: MediaKind) -> None:
        super().__init__()
        self.kind = kind
        self._frames: deque[Frame] = deque(maxlen=_PLAYED_FRAMES[kind])
        self._arrived = asyncio.Event()
        self._last_time_s = 0.0

    async def recv(self) -> Frame:
        while not self._frames:
            if self.readyState != "live":
                raise MediaStreamError
            self._arrived.clear()
            await self._arrived.wait()
        return self._frames.popleft()

    def stop(self) -> None:
        super().stop()
        self._arrived.set()

    def push(self, frame: Frame) -> None:
        self._frames.append(frame)
        self._last_time_s = _time_s(frame)
        self._arrived.set()

    @property
    def last_time_s(self) -> float:
        return self._last_time_s


class PlayedStream:
    """A stream of somebody else (or one's own): `audio` and `video` as far as it has them.

    Timestamps of both count from the moment the first frame of either arrived.
    """

    def __init__(self, stream_id: str) -> None:
        self.stream_id = stream_id
        self.audio: PlayedTrack | None = None
        self.video: PlayedTrack | None = None
        self._origin_s: float | None = None

    @property
    def tracks(self) -> list[PlayedTrack]:
        return [track for track in (self.audio, self.video) if track is not None]

    def track(self, kind: MediaKind) -> PlayedTrack:
        """The track of that kind, made if it is not there yet."""
        track = self.audio if kind == "audio" else self.video
        if track is None:
            track = PlayedTrack(kind)
            if kind == "audio":
                self.audio = track
            else:
                self.video = track
        return track

    async def pump(self, source: MediaStreamTrack) -> None:
        """Copies a received track until it ends."""
        out = self.track("audio" if source.kind == "audio" else "video")
        offset_s: float | None = None
        while True:
            try:
                frame = await source.recv()
            except MediaStreamError:
                return
            if offset_s is None:
                now_s = time.monotonic()
                if self._origin_s is None:
                    self._origin_s = now_s
                offset_s = max(now_s - self._origin_s, out.last_time_s) - _time_s(frame)
            _shift(frame, offset_s)
            out.push(frame)

    def stop(self) -> None:
        for track in self.tracks:
            track.stop()


def _time_s(frame: Frame) -> float:
    if frame.pts is None or frame.time_base is None:
        raise InvariantBroken("a frame without a time")
    return float(frame.pts * frame.time_base)


def _shift(frame: Frame, offset_s: float) -> None:
    if frame.pts is None or frame.time_base is None:
        raise InvariantBroken("a frame without a time")
    frame.pts += round(offset_s / frame.time_base)


def _file_frames(path: Path, kind: MediaKind, period_s: float | None) -> Generator[Frame, None, None]:
    frames = _video_pass if kind == "video" else _audio_pass
    if period_s is None:
        yield from frames(path, 0, None)
        return
    ticks = round(period_s * (AUDIO_RATE_HZ if kind == "audio" else VIDEO_TIME_BASE.denominator))
    start = 0
    while True:
        yield from frames(path, start, ticks)
        start += ticks


def _video_pass(path: Path, start: int, ticks: int | None) -> Generator[VideoFrame, None, None]:
    first: int | None = None
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            if frame.pts is None or frame.time_base is None:
                continue
            pts = round(frame.pts * frame.time_base / VIDEO_TIME_BASE)
            first = pts if first is None else first
            if ticks is not None and pts - first >= ticks:
                return
            frame.pts = start + pts - first
            frame.time_base = VIDEO_TIME_BASE
            yield frame


def _audio_pass(path: Path, start: int, ticks: int | None) -> Generator[AudioFrame, None, None]:
    """With `ticks`, exactly so many samples: a shorter track is filled with silence, a longer one cut."""
    resampler = AudioResampler(format="s16", layout="stereo", rate=AUDIO_RATE_HZ, frame_size=AUDIO_FRAME_SAMPLES)
    sent = 0
    with av.open(str(path)) as container:
        for decoded in container.decode(audio=0):
            for frame in resampler.resample(decoded):
                if ticks is not None and sent >= ticks:
                    return
                frame.pts = start + sent
                frame.time_base = Fraction(1, AUDIO_RATE_HZ)
                sent += frame.samples
                yield frame
    while ticks is not None and sent < ticks:
        silence = AudioFrame(format="s16", layout="stereo", samples=AUDIO_FRAME_SAMPLES)
        for plane in silence.planes:
            plane.update(bytes(plane.buffer_size))
        silence.sample_rate = AUDIO_RATE_HZ
        silence.pts = start + sent
        silence.time_base = Fraction(1, AUDIO_RATE_HZ)
        sent += AUDIO_FRAME_SAMPLES
        yield silence
