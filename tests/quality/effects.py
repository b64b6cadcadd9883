"""The filter under test as a function of a picture, and pictures beside each other for people to look at."""

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
from salon_packets import Beautifier

from tests.quality.pictures import Picture

ARTEFACTS = Path(__file__).parents[2] / "artefacts"

_beautifier = Beautifier()
INSTRUCTION_SET = _beautifier.instruction_set


def beauty(
    *, smooth: float = 0, whiten: float = 0, rosy: float = 0, sharpen: float = 0
) -> Callable[[Picture], Picture]:
    def apply(picture: Picture) -> Picture:
        return beauty_into(picture, smooth=smooth, whiten=whiten, rosy=rosy, sharpen=sharpen)()

    return apply


def beauty_into(
    picture: Picture, *, smooth: float = 0, whiten: float = 0, rosy: float = 0, sharpen: float = 0
) -> Callable[[], Picture]:
    """The same for one picture, always into the same memory: what a worker does."""
    out = Picture(np.empty_like(picture.y), np.empty_like(picture.u), np.empty_like(picture.v))
    planes, filtered = (picture.y, picture.u, picture.v), (out.y, out.u, out.v)

    def apply() -> Picture:
        _beautifier.apply(planes, filtered, smooth=smooth, whiten=whiten, rosy=rosy, sharpen=sharpen)
        return out

    return apply


def everything(strength: float) -> Callable[[Picture], Picture]:
    return beauty(smooth=strength, whiten=strength, rosy=strength, sharpen=strength)


def montage(name: str, rows: Sequence[Sequence[tuple[str, Picture]]]) -> Path:
    """artefacts/<name>.png: rows of labelled pictures."""
    ARTEFACTS.mkdir(exist_ok=True)
    lines = []
    for row in rows:
        tiles = []
        for label, picture in row:
            tile = cv2.cvtColor(picture.rgb(), cv2.COLOR_RGB2BGR)
            cv2.rectangle(tile, (0, 0), (12 + 13 * len(label), 34), (0, 0, 0), -1)
            cv2.putText(tile, label, (6, 24), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (255, 255, 255), 2, cv2.LINE_AA)
            tiles.append(tile)
        lines.append(np.hstack(tiles))
    path = ARTEFACTS / f"{name}.png"
    cv2.imwrite(str(path), np.vstack(lines))
    return path
