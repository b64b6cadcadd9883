"""The filters people reach for otherwise, at the settings their tutorials give, on the same pictures."""

from collections.abc import Mapping
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from tests.quality.measures import Filter
from tests.quality.pictures import Picture


def bilateral(picture: Picture, diameter_px: int = 9, sigma: float = 30) -> Picture:
    """Tomasi and Manduchi 1998, on luma."""
    y = cv2.bilateralFilter(picture.y, diameter_px, sigma, sigma)
    return Picture(np.asarray(y, np.uint8), picture.u, picture.v)


def guided(picture: Picture, radius_px: int = 8, epsilon: float = 0.05) -> Picture:
    """He, Sun and Tang 2010, self-guided on luma at full size; `epsilon` is the deviation of 0 to 1 that counts as an
    edge."""
    luma = picture.y.astype(np.float32) / 255
    side = (2 * radius_px + 1, 2 * radius_px + 1)

    def mean(plane: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
        return np.asarray(cv2.blur(plane, side), np.float32)

    average = mean(luma)
    variance = mean(luma * luma) - average * average
    slope = variance / (variance + np.float32(epsilon**2))
    out = mean(slope) * luma + mean(average - slope * average)
    return picture.with_luma(np.asarray(out, np.float64) * 255)


def edge_preserving(picture: Picture) -> Picture:
    """Gastal and Oliveira 2011 as OpenCV has it; it takes colour pictures only."""
    bgr = cv2.cvtColor(picture.rgb(), cv2.COLOR_RGB2BGR)
    out = cv2.edgePreservingFilter(bgr, flags=cv2.RECURS_FILTER, sigma_s=60, sigma_r=0.15)
    return Picture.of_rgb(np.asarray(cv2.cvtColor(out, cv2.COLOR_BGR2RGB), np.uint8))


OTHERS: Final[Mapping[str, Filter]] = {
    "bilateral-d9": bilateral,
    "guided-r8": guided,
    "edge-preserving": edge_preserving,
}
