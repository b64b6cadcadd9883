"""Whitening brightens, rosy warms, sharpening sharpens: each more with every step, none too much."""

import itertools

import numpy as np
import pytest

from tests.quality.effects import beauty
from tests.quality.measures import colour_difference, gradient_energy, overshoot, skin_colour
from tests.quality.pictures import FACES, Face, Picture

faces = pytest.mark.parametrize("face", FACES.values(), ids=FACES)
STEPS = range(0, 101, 10)


def rises(values: list[float]) -> bool:
    return all(after > before for before, after in itertools.pairwise(values))


@faces
def test_whitening_brightens_more_with_every_step(face: Face) -> None:
    pictures = [beauty(whiten=step)(face.picture) for step in STEPS]
    assert rises([float(picture.y.mean()) for picture in pictures])
    blown_out = [float((picture.y >= 235).mean()) for picture in pictures]
    assert max(blown_out) - blown_out[0] <= 0.001


def test_whitening_at_50_lifts_a_picture_of_middle_brightness_by_15_to_30_levels() -> None:
    for face in FACES.values():
        mean = float(face.picture.y.mean())
        if 80 <= mean <= 140:
            assert 15 <= float(beauty(whiten=50)(face.picture).y.mean()) - mean <= 30, face.name


@pytest.mark.parametrize("strength", [1, 10, 25, 50, 75, 100])
def test_what_was_brighter_stays_brighter(strength: float) -> None:
    levels = np.broadcast_to(np.arange(256, dtype=np.uint8), (16, 256)).copy()
    grey = np.full((8, 128), 128, np.uint8)
    out = beauty(whiten=strength)(Picture(levels, grey, grey)).y[8].astype(int)
    assert (np.diff(out) >= 0).all()
    assert np.array_equal(out[:17], np.arange(17))
    assert np.array_equal(out[235:], np.arange(235, 256))


@faces
def test_rosy_warms_skin_more_with_every_step(face: Face) -> None:
    colours = [skin_colour(beauty(rosy=step)(face.picture), face.skin) for step in range(0, 101, 25)]
    assert rises([float(colour[1]) for colour in colours])
    assert rises([float(colour[2]) for colour in colours])


@faces
def test_rosy_at_50_is_seen_and_not_a_sunburn(face: Face) -> None:
    out = beauty(rosy=50)(face.picture)
    lightness = skin_colour(out, face.skin)[0] - skin_colour(face.picture, face.skin)[0]
    assert abs(float(lightness)) <= 1
    assert 3 <= colour_difference(face.picture, out, face.skin) <= 7


@faces
def test_sharpening_sharpens_more_with_every_step(face: Face) -> None:
    energies = [gradient_energy(beauty(sharpen=step)(face.picture)) for step in STEPS]
    assert rises(energies)
    assert energies[5] / energies[0] >= 1.05


@faces
@pytest.mark.parametrize("strength", [50, 100])
def test_sharpening_draws_no_outlines(face: Face, strength: float) -> None:
    beyond = overshoot(face.picture, beauty(sharpen=strength)(face.picture))
    assert np.quantile(beyond, 0.999) <= 12
    assert beyond.max() <= 25


@faces
def test_each_name_means_what_it_says(face: Face) -> None:
    """In some guides the words for smoothing and sharpening are swapped; here smooth smooths."""
    energy = gradient_energy(face.picture)
    assert (
        gradient_energy(beauty(smooth=100)(face.picture)) < energy < gradient_energy(beauty(sharpen=100)(face.picture))
    )
