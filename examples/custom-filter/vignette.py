"""Darkens the corners, as old lenses did. A filter is one function of this form; copy this file and change it."""

from functools import lru_cache

import numpy as np
import numpy.typing as npt
from salon.effects.v1.effects_pb2 import Beauty
from salon_frames import I420

DARKEST = 0.45
"""What is left of the light in the corners when smoothing is at 100."""


def apply(frame: I420, out: I420, beauty: Beauty) -> None:
    """The luma falls off with the square of the distance from the middle; the colours stay.

    There is no slider of its own for it: it follows `smooth`, and does nothing while that is 0.
    """
    black = 0 if frame.full_range else 16
    light = 256 - (beauty.smooth / 100 * _falloff(frame.width, frame.height)).astype(np.int32)
    out.y[...] = ((frame.y.astype(np.int32) - black) * light >> 8) + black
    out.u[...] = frame.u
    out.v[...] = frame.v


@lru_cache(maxsize=8)
def _falloff(width: int, height: int) -> npt.NDArray[np.float32]:
    """(height, width): 0 in the middle, most in the corners. The same for all frames of a size: not state."""
    x, y = np.linspace(-1, 1, width), np.linspace(-1, 1, height)
    return (256 * (1 - DARKEST) * (x[None, :] ** 2 + y[:, None] ** 2) / 2).astype(np.float32)
