"""What a filter did to a picture, in numbers: moles kept, noise and pores gone, edges, eyes, colours.

Every measure compares two runs of the filter that differ in one thing only, or a picture with what came of it, in
rectangles of known content. Ratios are out / in.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.color import rgb2lab
from skimage.metrics import structural_similarity

from tests.quality.pictures import Box, Face, Picture, crop, flat_skin, spot, with_noise, with_spot

Filter = Callable[[Picture], Picture]
FEATURE_SIGMA_PX: Final = 2.0
"""What is finer than this on skin counts as pores."""


def moles_kept(apply: Filter, face: Face, diameter_px: float, levels: float) -> float:
    """How much of the contrast of round spots against the skin around them is left: the mean over a face's places."""
    return _spots_kept(apply, face, diameter_px, [levels] * len(face.spots))


def reflectance_spots_kept(apply: Filter, face: Face, diameter_px: float = 5, reflectance: float = 0.4) -> float:
    """The same for spots that reflect a share of what the skin around them does, as moles on any tone do."""
    return _spots_kept(apply, face, diameter_px, reflectance_levels(face, reflectance))


def reflectance_levels(face: Face, reflectance: float) -> list[float]:
    """By how much luma falls at each of a face's places, if they reflect that share of what they do."""
    luma = [float(crop(face.picture.y, (x - 8, y - 8, 16, 16)).mean()) - 16 for x, y in face.spots]
    # Luma is about light to the power of 1 / 2.2.
    return [level * (1 - reflectance ** (1 / 2.2)) for level in luma]


def _spots_kept(apply: Filter, face: Face, diameter_px: float, levels: Sequence[float]) -> float:
    """All spots in one picture: they are far enough from each other."""
    marked = face.picture
    for centre, level in zip(face.spots, levels, strict=True):
        marked = with_spot(marked, centre, diameter_px, level)
    seen = apply(marked)
    there = [spot_contrast(marked, centre, diameter_px) for centre in face.spots]
    left = [spot_contrast(seen, centre, diameter_px) for centre in face.spots]
    return float(np.mean(left) / np.mean(there))


def spot_contrast(picture: Picture, centre: tuple[float, float], diameter_px: float) -> float:
    """Mean of the ring from 2 to 5 px around a spot, minus the spot's. The centre may lie between pixels."""
    left, top = int(centre[0]) - 16, int(centre[1]) - 16
    x, y = centre[0] - left, centre[1] - top
    around = crop(picture.y, (left, top, 32, 32))
    weight = spot((32, 32), (x, y), diameter_px)
    rows, columns = np.mgrid[0:32, 0:32]
    distance = np.hypot(rows - y, columns - x) - diameter_px / 2
    return float(around[(distance > 2) & (distance < 5)].mean() - (around * weight).sum() / weight.sum())


def flat_noise(apply: Filter, tone: int = 5, sigma: float = 4.0) -> float:
    """Noise left on skin that has nothing else on it."""
    clean = flat_skin(tone)
    noisy = with_noise(clean, sigma, seed=1)
    inside = (slice(24, -24), slice(24, -24))
    residue = _difference(apply(noisy), apply(clean))[inside]
    return float(residue.std() / _difference(noisy, clean)[inside].std())


def fine_variance(before: Picture, after: Picture, boxes: Iterable[Box]) -> float:
    """Variance of what is finer than two pixels, on skin."""
    return _ratio_of_sums(boxes, lambda box: (float(_fine(after, box).var()), float(_fine(before, box).var())))


def noise_left(apply: Filter, picture: Picture, boxes: Iterable[Box], sigma: float = 2.5, pairs: int = 3) -> float:
    """Independent noise from frame to frame on a still picture: its standard deviation, out / in. What flickers."""
    ratios = []
    frames = [with_noise(picture, sigma, seed) for seed in range(2 * pairs)]
    filtered = [apply(frame) for frame in frames]
    for index in range(0, 2 * pairs, 2):
        seen = _difference(filtered[index], filtered[index + 1])
        there = _difference(frames[index], frames[index + 1])
        ratios.append(_variance_left(seen, there, boxes))
    return float(np.sqrt(np.mean(ratios)))


def without_texture(picture: Picture) -> Picture:
    """Only colours and shading: what the question where skin is depends on."""
    return picture.with_luma(np.asarray(cv2.GaussianBlur(picture.y.astype(np.float64), (0, 0), 30.0), np.float64))


def coverage(apply: Filter, picture: Picture, boxes: Iterable[Box], full: float) -> float:
    """The share of the boxes that is taken for skin: how much of small noise is taken away, where `full` is the ratio
    that is left where everything is skin. 0: untouched."""
    noisy = with_noise(picture, 1.5, seed=3)
    before, after = _difference(noisy, picture), _difference(apply(noisy), apply(picture))
    shares = []
    for box in boxes:
        there, left = crop(before, box), crop(after, box)
        # Regression in blocks of 16: what part of this very noise is still there.
        for row in range(0, there.shape[0] - 15, 16):
            for column in range(0, there.shape[1] - 15, 16):
                block = (slice(row, row + 16), slice(column, column + 16))
                kept = float((there[block] * left[block]).sum() / (there[block] ** 2).sum())
                shares.append(np.clip((1 - kept) / (1 - full), 0, 1))
    return float(np.mean(shares))


def similarity(before: Picture, after: Picture, boxes: Iterable[Box]) -> float:
    """The worst structural similarity of luma (SSIM, Wang 2004)."""
    return min(float(structural_similarity(crop(before.y, box), crop(after.y, box), data_range=255.0)) for box in boxes)


def edges_kept(
    before: Picture, after: Picture, boxes: Iterable[Box], share: float = 0.01, *, strong_in: Picture | None = None
) -> float:
    """The gradient left where it was strongest: in `before`, or in a third picture that has no noise to choose from."""
    ratios = []
    for box in boxes:
        there, left = _gradient(crop(before.y, box)), _gradient(crop(after.y, box))
        known = there if strong_in is None else _gradient(crop(strong_in.y, box))
        strongest = known >= np.quantile(known, 1 - share)
        ratios.append(left[strongest].mean() / there[strongest].mean())
    return float(min(ratios))


def gradient_energy(picture: Picture) -> float:
    """Mean square of the gradient of luma."""
    return float((_gradient(picture.y.astype(np.float64)) ** 2).mean())


def overshoot(before: Picture, after: Picture) -> NDArray[np.float64]:
    """Levels beyond what was within one pixel, for every pixel."""
    kernel = np.ones((3, 3), np.uint8)
    low, high = cv2.erode(before.y, kernel).astype(np.int16), cv2.dilate(before.y, kernel).astype(np.int16)
    seen = after.y.astype(np.int16)
    return np.asarray(np.maximum(np.maximum(seen - high, low - seen), 0), np.float64)


def skin_colour(picture: Picture, boxes: Iterable[Box]) -> NDArray[np.float64]:
    """Mean CIELAB of the boxes."""
    rgb = picture.rgb()
    inside = np.concatenate([rgb[y : y + h, x : x + w].reshape(-1, 3) for x, y, w, h in boxes])
    return np.asarray(rgb2lab(inside).mean(axis=0), np.float64)


def colour_difference(before: Picture, after: Picture, boxes: Iterable[Box]) -> float:
    """Distance of the boxes' mean colours in CIELAB (CIE 1976)."""
    kept = list(boxes)
    return float(np.linalg.norm(skin_colour(after, kept) - skin_colour(before, kept)))


def _difference(one: Picture, other: Picture) -> NDArray[np.float64]:
    return one.y.astype(np.float64) - other.y.astype(np.float64)


def _fine(picture: Picture, box: Box) -> NDArray[np.float64]:
    x, y, width, height = box
    around = crop(picture.y, (x - 8, y - 8, width + 16, height + 16))
    fine = around - np.asarray(cv2.GaussianBlur(around, (0, 0), FEATURE_SIGMA_PX), np.float64)
    return fine[8:-8, 8:-8]


def _gradient(plane: NDArray[np.float64]) -> NDArray[np.float64]:
    rows, columns = np.gradient(plane)
    return np.asarray(np.hypot(rows, columns), np.float64)


def _variance_left(seen: NDArray[np.float64], there: NDArray[np.float64], boxes: Iterable[Box]) -> float:
    return _ratio_of_sums(boxes, lambda box: (float(crop(seen, box).var()), float(crop(there, box).var())))


def _ratio_of_sums(boxes: Iterable[Box], pair: Callable[[Box], tuple[float, float]]) -> float:
    pairs = [pair(box) for box in boxes]
    return float(sum(left for left, _ in pairs) / sum(there for _, there in pairs))
