"""A face before Chromium's camera: a file that it plays in a loop instead of its own test picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from tests.quality.pictures import Box, Face, Plane

WIDTH, HEIGHT, FRAMES_PER_S = 640, 480, 30
FRAMES = 60
SWAY_PX = 3
NOISE_SIGMA = 2.5
"""Levels of luma, new in every frame, as of a webcam in the evening."""

Share = tuple[float, float, float, float]
"""left, top, width, height, in shares of the picture."""


@dataclass(frozen=True)
class FakeCamera:
    """What Chromium is told, and where in the picture there is what."""

    path: Path
    skin: Sequence[Share]
    eyes: Sequence[Share]

    @property
    def argument(self) -> str:
        return f"--use-file-for-fake-video-capture={self.path}"


def film(face: Face, window: Box, path: Path) -> FakeCamera:
    """Two seconds that end where they begin: `window` of the picture, 4 x 3, sways a little, with a camera's noise."""
    left, top, width, height = window
    scale = WIDTH / width
    reach = round(SWAY_PX / scale / 2) * 2
    random = np.random.default_rng(7)
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F{FRAMES_PER_S}:1 Ip A1:1 C420jpeg\n".encode())
        for number in range(FRAMES):
            moved = 2 * round(reach / 2 * np.sin(2 * np.pi * number / FRAMES))
            y = _window(face.picture.y, (left + moved, top, width, height), 1)
            noisy = y + random.normal(0, NOISE_SIGMA, y.shape)
            file.write(b"FRAME\n" + np.clip(np.rint(noisy), 16, 235).astype(np.uint8).tobytes())
            for plane in (face.picture.u, face.picture.v):
                file.write(_window(plane, (left + moved, top, width, height), 2).tobytes())

    def share(box: Box) -> Share:
        # Whatever the sway, the middle of a rectangle is of its kind.
        x, y, w, h = box
        return ((x + reach - left) / width, (y - top) / height, (w - 2 * reach) / width, h / height)

    return FakeCamera(path, [share(box) for box in face.skin], [share(box) for box in face.eyes])


def _window(plane: Plane, window: Box, subsampling: int) -> Plane:
    left, top, width, height = (each // subsampling for each in window)
    size = (WIDTH // subsampling, HEIGHT // subsampling)
    return np.asarray(
        cv2.resize(plane[top : top + height, left : left + width], size, interpolation=cv2.INTER_AREA), np.uint8
    )
