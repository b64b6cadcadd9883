"""Short films of a moving face, and what a call makes of them: the publisher's encoder, the beauty, the relay's.

The codecs are the transcoder's own. What the viewer sees with beauty is held against what the same call shows without
it, so that what the codecs take is counted against nobody.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import av
import cv2
import numpy as np
from av.video.reformatter import ColorRange
from numpy.typing import NDArray
from salon_frames import I420
from salon_transcoder.codec import Decoder, Encoder

from tests.quality.measures import Filter
from tests.quality.pictures import Box, Picture

FRAMES: Final = 40
SETTLED: Final = 22
"""From this frame on the encoders have paid off their key frame."""
SENSOR_SIGMA: Final = 2.5
"""Luma levels of noise in every frame of a webcam, independent of the frame before."""
BITRATE_BPS: Final = 2_000_000
"""What 1280x720 gets, from the publisher and to the viewers."""
SMALL_BPS: Final = 600_000
"""The same for 640x360 and 640x480."""
_RTP_STEP: Final = 3000  # 30 frames a second


@dataclass(frozen=True, slots=True)
class Move:
    """How a camera moves over a still picture: every frame a little further, and a little closer."""

    right_px: float = 0.7
    down_px: float = 0.3
    closer: float = 0.001

    def point(self, frame: int, x: float, y: float) -> tuple[float, float]:
        """Where the still picture's point is in a frame."""
        matrix = self.matrix(frame)
        moved = matrix @ np.array([x, y, 1.0])
        return float(moved[0]), float(moved[1])

    def box(self, frame: int, box: Box) -> Box:
        """A box of the same size, on even pixels, where the middle of the still picture's box is."""
        x, y, width, height = box
        middle_x, middle_y = self.point(frame, x + width / 2, y + height / 2)
        return (_even(middle_x - width / 2), _even(middle_y - height / 2), width, height)

    def zoom(self, frame: int) -> float:
        return 1 + self.closer * frame

    def matrix(self, frame: int) -> NDArray[np.float64]:
        zoom = self.zoom(frame)
        # Closer to what is a little above the middle of 1280x720, where faces are.
        x = 640 - zoom * (640 + self.right_px * frame)
        y = 330 - zoom * (330 + self.down_px * frame)
        return np.array([[zoom, 0, x], [0, zoom, y]], np.float64)

    def frame(self, still: Picture, frame: int) -> Picture:
        matrix = self.matrix(frame)
        half = matrix.copy()
        # A sample of chroma lies in the middle of four of luma.
        half[:, 2] = (matrix[:, :2] @ np.array([0.5, 0.5]) + matrix[:, 2] - 0.5) / 2
        return Picture(_warped(still.y, matrix), _warped(still.u, half), _warped(still.v, half))


STILL: Final = Move(0, 0, 0)


def film(still: Picture, move: Move, *, frames: int = FRAMES, sigma: float = SENSOR_SIGMA) -> list[Picture]:
    """What a camera gives. The noise is the same for every film of a size."""
    noise = _noise(still.y.shape)
    rows, columns = still.y.shape
    shift = np.random.default_rng(5)
    out = []
    for index in range(frames):
        moved = move.frame(still, index) if move != STILL else still
        top, left = int(shift.integers(0, 128)), int(shift.integers(0, 128))
        luma = moved.y + sigma * noise[top : top + rows, left : left + columns]
        out.append(Picture(np.clip(np.rint(luma), 0, 255).astype(np.uint8), moved.u, moved.v))
    return out


def webcam(path: Path, frames: int) -> list[Picture]:
    """The first pictures of a recorded clip, in the limited range that a browser encodes."""
    out = []
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            limited = frame.reformat(format="yuv420p", src_color_range=ColorRange.JPEG, dst_color_range=ColorRange.MPEG)
            flat = np.ascontiguousarray(limited.to_ndarray(), np.uint8)
            picture = I420.of_buffer(flat.data, frame.width, frame.height)
            out.append(Picture(*picture.planes))
            if len(out) == frames:
                break
    return out


@dataclass(frozen=True)
class Call:
    """One publisher's stream on its way to the viewers."""

    taken: Sequence[Picture]
    """What the camera gave."""
    bitrate_bps: int = BITRATE_BPS

    @cached_property
    def received(self) -> list[Picture]:
        """What the relay decodes."""
        return decoded(encoded(self.taken, self.bitrate_bps))

    @cached_property
    def plain(self) -> list[Picture]:
        """What viewers would see of it, encoded once more and otherwise as it is."""
        return self.seen(lambda picture: picture)

    def seen(self, apply: Filter) -> list[Picture]:
        """What viewers see through a filter."""
        return decoded(self.sent(apply))

    def sent(self, apply: Filter) -> list[bytes]:
        """The frames that leave the relay."""
        return encoded([apply(picture) for picture in self.received], self.bitrate_bps)


def encoded(pictures: Sequence[Picture], bitrate_bps: int) -> list[bytes]:
    encoder = Encoder("VP8", bitrate_bps)
    return [
        encoder.encode(I420(picture.y, picture.u, picture.v), index * _RTP_STEP, keyframe=index == 0)
        for index, picture in enumerate(pictures)
    ]


def decoded(frames: Sequence[bytes]) -> list[Picture]:
    decoder = Decoder("VP8")
    out = []
    for frame in frames:
        picture = decoder.decode(frame)
        assert picture is not None
        out.append(Picture(*picture.planes))
    return out


def halved(picture: Picture) -> Picture:
    """The same at half the width and height."""

    def smaller(plane: NDArray[np.uint8]) -> NDArray[np.uint8]:
        size = (plane.shape[1] // 2, plane.shape[0] // 2)
        return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), np.uint8)

    return Picture(smaller(picture.y), smaller(picture.u), smaller(picture.v))


def _noise(shape: tuple[int, ...]) -> NDArray[np.float32]:
    """A field larger than a frame; frames take it at places of their own, which is cheaper than to draw each."""
    return np.random.default_rng(11).standard_normal((shape[0] + 128, shape[1] + 128), dtype=np.float32)


def _warped(plane: NDArray[np.uint8], matrix: NDArray[np.float64]) -> NDArray[np.uint8]:
    size = (plane.shape[1], plane.shape[0])
    return np.asarray(
        cv2.warpAffine(plane, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101), np.uint8
    )


def _even(value: float) -> int:
    return 2 * round(value / 2)
