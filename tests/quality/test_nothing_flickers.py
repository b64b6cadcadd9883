"""Camera noise differs from frame to frame: the filter must not make it more."""

import pytest

from tests.quality.effects import beauty, everything
from tests.quality.measures import noise_left
from tests.quality.pictures import FACES, Box, Face

faces = pytest.mark.parametrize("face", FACES.values(), ids=FACES)


def border_of_skin(face: Face) -> list[Box]:
    """Strips beside the drawn face's edge, where the mask goes from skin to none."""
    return [(440, 330, 40, 100), (800, 330, 40, 100)] if face.name.startswith("drawn") else []


@faces
def test_noise_on_skin_gets_less(face: Face) -> None:
    """The enlarged photograph is all grain, which is stronger than noise and kept."""
    assert noise_left(beauty(smooth=50), face.picture, face.skin) <= (0.85 if face.is_sharp else 0.9)
    assert noise_left(beauty(smooth=100), face.picture, face.skin) <= (0.60 if face.is_sharp else 0.8)


@faces
def test_the_border_of_skin_does_not_flicker(face: Face) -> None:
    boxes = border_of_skin(face)
    if boxes:
        assert noise_left(beauty(smooth=50), face.picture, boxes) <= 1.0
        assert noise_left(beauty(smooth=100), face.picture, boxes) <= 1.0


@faces
def test_all_at_50_leave_skin_quieter(face: Face) -> None:
    assert noise_left(everything(50), face.picture, face.skin) <= 0.95
