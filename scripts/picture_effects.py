"""Draws the pictures of docs/effects.md: `python -m scripts.picture_effects`.

From the astronaut that comes with scikit-image (NASA, public domain) and from drawn faces; with moles put on, since
those are what is to be kept.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from tests.quality.effects import beauty, everything
from tests.quality.others import OTHERS
from tests.quality.pictures import Box, Face, Picture, Rgb, astronaut, drawn_face, with_spot

IMAGES: Final = Path(__file__).parents[1] / "docs" / "images"
JPEG_QUALITY: Final = 88
LABEL_PX: Final = 26
Filter = Callable[[Picture], Picture]

PARAMETERS: Final[Mapping[str, Filter]] = {
    "before": lambda picture: picture,
    "smooth 100": beauty(smooth=100),
    "whiten 100": beauty(whiten=100),
    "rosy 100": beauty(rosy=100),
    "sharpen 100": beauty(sharpen=100),
    "all at 25": everything(25),
    "all at 50": everything(50),
    "all at 100": everything(100),
}


def main() -> None:
    face = astronaut()
    _save("parameters", _table(PARAMETERS, 4, face.picture, (400, 90, 320, 370)))
    marked = _with_moles(face, ((512, 330), (480, 352), (640, 345)))
    smoothed = {"before": PARAMETERS["before"], "smooth 50": beauty(smooth=50), "smooth 100": beauty(smooth=100)}
    _save("compared", _table(smoothed | dict(OTHERS), 3, marked, (456, 214, 210, 190), times=2))
    rows = []
    for name in ("before", "all at 50", "all at 100"):
        tiles = []
        for tone in (2, 4, 6, 8, 10):
            there = drawn_face(tone)
            apply = PARAMETERS[name]
            picture = apply(_with_moles(there, ((560, 350), (532, 386), (592, 376))))
            tiles.append(_tile(f"tone {tone}, {name}", picture, (490, 210, 240, 210)))
        rows.append(np.hstack(tiles))
    _save("tones", np.vstack(rows))


def _with_moles(face: Face, places: Sequence[tuple[int, int]]) -> Picture:
    """Of 8, 5 and 3 px; 45 % of the skin's light."""
    picture = face.picture
    for (x, y), diameter in zip(places, (8, 5, 3), strict=True):
        level = float(picture.y[y - 8 : y + 8, x - 8 : x + 8].mean()) - 16
        picture = with_spot(picture, (x, y), diameter, level * (1 - 0.45 ** (1 / 2.2)))
    return picture


def _table(filters: Mapping[str, Filter], columns: int, picture: Picture, box: Box, times: int = 1) -> Rgb:
    tiles = [_tile(name, apply(picture), box, times) for name, apply in filters.items()]
    rows = [np.hstack(tiles[start : start + columns]) for start in range(0, len(tiles), columns)]
    return np.asarray(np.vstack(rows), np.uint8)


def _tile(label: str, picture: Picture, box: Box, times: int = 1) -> Rgb:
    x, y, width, height = box
    part = picture.rgb()[y : y + height, x : x + width]
    part = np.asarray(cv2.resize(part, None, fx=times, fy=times, interpolation=cv2.INTER_CUBIC), np.uint8)
    strip = np.full((LABEL_PX, part.shape[1], 3), 255, np.uint8)
    cv2.putText(strip, label, (4, 18), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 0, 0), 1, cv2.LINE_AA)
    return np.asarray(np.pad(np.vstack([strip, part]), ((0, 4), (2, 2), (0, 0)), constant_values=255), np.uint8)


def _save(name: str, rgb: Rgb) -> None:
    path = IMAGES / f"effects-{name}.jpg"
    cv2.imwrite(str(path), cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    print(f"{path.name}: {path.stat().st_size // 1000} kB, {rgb.shape[1]}x{rgb.shape[0]}")


if __name__ == "__main__":
    main()
