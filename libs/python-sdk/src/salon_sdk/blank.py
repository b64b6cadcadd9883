"""What leaves in place of a track that is muted: black and silence, as large and as long as what they stand for."""

from av import AudioFrame, VideoFrame

_BLACK, _NO_COLOUR = 16, 128  # of limited range, as encoders take it


def blank(frame: VideoFrame | AudioFrame) -> VideoFrame | AudioFrame:
    """A new frame with the time of `frame`."""
    return _black(frame) if isinstance(frame, VideoFrame) else _silent(frame)


def _black(frame: VideoFrame) -> VideoFrame:
    black = VideoFrame(frame.width, frame.height, "yuv420p")
    for plane, value in zip(black.planes, (_BLACK, _NO_COLOUR, _NO_COLOUR), strict=True):
        plane.update(bytes([value]) * plane.buffer_size)
    black.pts, black.time_base = frame.pts, frame.time_base
    return black


def _silent(frame: AudioFrame) -> AudioFrame:
    silent = AudioFrame(format="s16", layout=frame.layout.name, samples=frame.samples)
    for plane in silent.planes:
        plane.update(bytes(plane.buffer_size))
    silent.sample_rate, silent.pts, silent.time_base = frame.sample_rate, frame.pts, frame.time_base
    return silent
