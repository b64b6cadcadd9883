"""Moles are part of a person: smoothing keeps them, on every face and tone."""

import pytest

from tests.quality.effects import beauty
from tests.quality.measures import moles_kept, reflectance_spots_kept
from tests.quality.pictures import FACES, Face, drawn_face, recoloured

faces = pytest.mark.parametrize("face", FACES.values(), ids=FACES)
DIAMETERS_PX = (3, 5, 8)


@faces
@pytest.mark.parametrize(("strength", "least"), [(50, 0.88), (100, 0.78)])
def test_a_mole_of_40_levels_stays(face: Face, strength: float, least: float) -> None:
    for diameter in DIAMETERS_PX:
        assert moles_kept(beauty(smooth=strength), face, diameter, 40) >= least, diameter


@faces
@pytest.mark.parametrize(("strength", "least"), [(50, 0.95), (100, 0.92)])
def test_a_mole_of_60_levels_stays(face: Face, strength: float, least: float) -> None:
    for diameter in DIAMETERS_PX:
        assert moles_kept(beauty(smooth=strength), face, diameter, 60) >= least, diameter


@faces
@pytest.mark.parametrize("tone", range(4, 11))
def test_the_same_mole_stays_on_every_tone(face: Face, tone: int) -> None:
    """Its levels shrink with the light the skin reflects; a fixed threshold would wipe it off dark skin."""
    there = drawn_face(tone) if face.name.startswith("drawn") else recoloured(face, tone)
    assert reflectance_spots_kept(beauty(smooth=50), there) >= 0.85
    assert reflectance_spots_kept(beauty(smooth=100), there) >= 0.70
