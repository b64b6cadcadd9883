"""Smoothing does what it says: noise and pores go, more with every step, without halos or bands."""

import itertools

import numpy as np
import pytest

from tests.quality.effects import beauty, everything
from tests.quality.measures import fine_variance, flat_noise
from tests.quality.pictures import FACES, Face, Picture

sharp_faces = pytest.mark.parametrize(
    "face", [face for face in FACES.values() if face.is_sharp], ids=[f.name for f in FACES.values() if f.is_sharp]
)


@pytest.mark.parametrize(("tone", "at_50", "at_100"), [(tone, 0.60, 0.20) for tone in range(1, 9)] + [(10, 0.65, 0.30)])
def test_noise_on_flat_skin_goes(tone: int, at_50: float, at_100: float) -> None:
    """On the darkest tones noise of 4 levels is as strong as a faint mole, so less of it is taken."""
    assert flat_noise(beauty(smooth=50), tone) <= at_50
    assert flat_noise(beauty(smooth=100), tone) <= at_100


@sharp_faces
def test_pores_go(face: Face) -> None:
    before = face.picture
    assert fine_variance(before, beauty(smooth=50)(before), face.skin) <= 0.60
    assert fine_variance(before, beauty(smooth=100)(before), face.skin) <= 0.35


@sharp_faces
def test_every_step_of_the_slider_smooths_more(face: Face) -> None:
    left = [fine_variance(face.picture, beauty(smooth=step)(face.picture), face.skin) for step in range(0, 101, 10)]
    assert left[0] == 1
    assert all(after <= before for before, after in itertools.pairwise(left))


def of_skin(luma: np.ndarray) -> Picture:
    """Any luma in a colour that counts as skin."""
    height, width = luma.shape
    colour = (height // 2, width // 2)
    return Picture(luma.astype(np.uint8), np.full(colour, 112, np.uint8), np.full(colour, 146, np.uint8))


@pytest.mark.parametrize("step", [5, 10, 20, 40, 80, 120])
@pytest.mark.parametrize("strength", [50, 100])
def test_a_step_gets_no_halo(step: int, strength: float) -> None:
    luma = np.full((360, 640), 80.0)
    luma[:, 320:] += step
    out = beauty(smooth=strength)(of_skin(luma)).y
    assert out.min() >= 80
    assert out.max() <= 80 + step


@pytest.mark.parametrize("strength", [50, 100])
def test_a_ramp_gets_no_bands(strength: float) -> None:
    luma = np.broadcast_to(np.linspace(60, 180, 1280), (720, 1280))
    before = np.rint(luma[360]).astype(int)
    for apply in (beauty(smooth=strength), everything(strength)):
        after = apply(of_skin(np.rint(luma))).y[360].astype(int)
        assert np.abs(np.diff(after)).max() <= 2
        assert longest_plateau(after) <= 2.5 * longest_plateau(before)


def longest_plateau(row: np.ndarray) -> int:
    return max(len(list(group)) for _, group in itertools.groupby(row))
