"""What counts as skin is a matter of hue, not of brightness: all tones, light and dark rooms; things are no skin."""

import pytest

from tests.quality.effects import beauty
from tests.quality.measures import coverage, flat_noise, without_texture
from tests.quality.pictures import FACES, drawn_face, recoloured

smooth = beauty(smooth=100)
EXPOSURES = (1.0, 0.5, 0.25, 0.12)


@pytest.fixture(scope="module")
def full() -> float:
    """What is left of small noise where all is skin."""
    return flat_noise(smooth, tone=5, sigma=1.5)


@pytest.mark.parametrize("tone", range(4, 11))
@pytest.mark.parametrize("exposure", EXPOSURES)
def test_skin_is_found(full: float, tone: int, exposure: float) -> None:
    face = drawn_face(tone, exposure=exposure)
    if exposure * (11 - tone) < 0.5:
        pytest.skip("next to black: there is nothing to see, nothing to smooth")
    assert coverage(smooth, face.picture, face.skin, full) >= 0.9


@pytest.mark.parametrize("name", [name for name in FACES if not name.startswith("drawn")])
@pytest.mark.parametrize("tone", range(4, 11))
def test_skin_of_photographs_is_found_in_other_tones(full: float, name: str, tone: int) -> None:
    """One cheek of the first portrait is blown out: made pale or very dark, it has no colour left to go by."""
    there = recoloured(FACES[name], tone)
    least = 0.75 if name == "portrait-1" and tone in (4, 10) else 0.9
    assert coverage(smooth, without_texture(there.picture), there.skin, full) >= least


@pytest.mark.parametrize("exposure", EXPOSURES)
def test_grey_blue_and_green_things_are_no_skin(full: float, exposure: float) -> None:
    face = drawn_face(5, exposure=exposure)
    assert coverage(smooth, face.picture, face.other, full) <= 0.05
