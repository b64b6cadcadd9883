"""Identity: nothing asked for is nothing done, and each effect keeps to its planes."""

import numpy as np
import pytest

from tests.quality.effects import beauty, everything
from tests.quality.measures import similarity
from tests.quality.pictures import FACES, Face

faces = pytest.mark.parametrize("face", FACES.values(), ids=FACES)


@faces
def test_all_four_at_0_give_the_same_bytes(face: Face) -> None:
    out = everything(0)(face.picture)
    assert np.array_equal(out.y, face.picture.y)
    assert np.array_equal(out.u, face.picture.u)
    assert np.array_equal(out.v, face.picture.v)


@faces
@pytest.mark.parametrize("strength", [10, 50, 100])
def test_smoothing_whitening_and_sharpening_leave_colour_as_it_is(face: Face, strength: float) -> None:
    for apply in (beauty(smooth=strength), beauty(whiten=strength), beauty(sharpen=strength)):
        out = apply(face.picture)
        assert np.array_equal(out.u, face.picture.u)
        assert np.array_equal(out.v, face.picture.v)


@faces
@pytest.mark.parametrize("strength", [10, 50, 100])
def test_rosy_leaves_luma_as_it_is(face: Face, strength: float) -> None:
    assert np.array_equal(beauty(rosy=strength)(face.picture).y, face.picture.y)


@faces
def test_what_is_not_skin_is_not_smoothed(face: Face) -> None:
    assert similarity(face.picture, beauty(smooth=100)(face.picture), face.other) >= 0.99
