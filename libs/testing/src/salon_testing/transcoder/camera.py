"""A camera, with an encoder of its own."""

from fractions import Fraction
from typing import Literal

import av
import numpy as np
import numpy.typing as npt
from av.video.plane import VideoPlane
from salon_contracts.errors import InvariantBroken

Codec = Literal["VP8", "H264"]
BASE_LUMA = 90


class Camera:
    """Encodes pictures that move a little and are as bright as each other."""

    def __init__(self, codec: Codec, width: int, height: int) -> None:
        self._codec = codec
        self.resize(width, height)
        self._taken = self._encoded = 0

    def resize(self, width: int, height: int) -> None:
        self._context = new_encoder(self._codec, width, height)
        rows, columns = np.mgrid[0:height, 0:width]
        self._luma = (BASE_LUMA + 20 * np.sin(columns / 17) * np.cos(rows / 13)).astype(np.uint8)

    def take(self, *, keyframe: bool) -> bytes:
        """The next picture as one frame."""
        self._taken += 1
        return self.encode(np.roll(self._luma, 2 * self._taken, axis=1), keyframe=keyframe)

    def encode(self, luma: npt.NDArray[np.uint8], *, keyframe: bool) -> bytes:
        """This picture, in grey, as the next frame."""
        height, width = luma.shape
        frame = av.VideoFrame(width, height, "yuv420p")
        grey = np.full((height // 2, width // 2), 128, np.uint8)
        for plane, samples in zip(frame.planes, (luma, grey, grey), strict=True):
            rows_of(plane)[:, : plane.width] = samples
        self._encoded += 1
        frame.pts = self._encoded
        frame.pict_type = av.video.frame.PictureType.I if keyframe else av.video.frame.PictureType.NONE
        return b"".join(bytes(packet) for packet in self._context.encode(frame))


def rows_of(plane: VideoPlane) -> npt.NDArray[np.uint8]:
    """A view of its rows with their padding."""
    return np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)


def new_encoder(codec: Codec, width: int, height: int) -> "av.VideoCodecContext":
    context = av.CodecContext.create("libvpx" if codec == "VP8" else "libx264", "w")
    if not isinstance(context, av.VideoCodecContext):
        raise InvariantBroken("a video encoder that makes no video")
    context.width, context.height, context.pix_fmt = width, height, "yuv420p"
    context.time_base = Fraction(1, 60)
    context.bit_rate = 1_500_000
    context.gop_size = 10_000
    context.thread_count = 1
    if codec == "VP8":
        context.options = {"deadline": "realtime", "cpu-used": "-8", "lag-in-frames": "0", "error-resilient": "1"}
    else:
        context.options = {"preset": "ultrafast", "tune": "zerolatency", "profile": "baseline", "forced-idr": "1"}
    return context
