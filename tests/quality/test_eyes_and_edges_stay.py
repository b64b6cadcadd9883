"""Eyes, lashes and hair stay crisp."""

import pytest

from tests.quality.effects import beauty
from tests.quality.measures import edges_kept, similarity
from tests.quality.pictures import FACES, Face

faces = pytest.mark.parametrize("face", FACES.values(), ids=FACES)


@faces
@pytest.mark.parametrize(("strength", "alike", "edges"), [(50, 0.98, 0.97), (100, 0.95, 0.95)])
def test_eyes_stay(face: Face, strength: float, alike: float, edges: float) -> None:
    out = beauty(smooth=strength)(face.picture)
    assert similarity(face.picture, out, face.eyes) >= alike
    assert edges_kept(face.picture, out, face.eyes) >= edges


@faces
def test_hair_keeps_its_strands(face: Face) -> None:
    """Hair of skin's colour beside a face is inside the soft mask; its strands are stronger than pores."""
    assert similarity(face.picture, beauty(smooth=50)(face.picture), face.hair) >= 0.96
