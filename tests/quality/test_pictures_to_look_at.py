"""Numbers do not see everything: before and after, beside each other, in artefacts/."""

import pytest

from tests.quality.effects import beauty, everything, montage
from tests.quality.pictures import FACES, Face, drawn_face


@pytest.mark.parametrize("face", FACES.values(), ids=FACES)
def test_before_and_after(face: Face) -> None:
    picture = face.picture
    path = montage(
        f"beauty-{face.name}",
        [
            [("before", picture), ("all at 50", everything(50)(picture)), ("all at 100", everything(100)(picture))],
            [
                ("smooth 50", beauty(smooth=50)(picture)),
                ("smooth 100", beauty(smooth=100)(picture)),
                ("sharpen 100", beauty(sharpen=100)(picture)),
            ],
            [
                ("whiten 50", beauty(whiten=50)(picture)),
                ("whiten 100", beauty(whiten=100)(picture)),
                ("rosy 100", beauty(rosy=100)(picture)),
            ],
        ],
    )
    assert path.stat().st_size > 100_000


def test_tones() -> None:
    rows = []
    for tone in (2, 4, 6, 8, 10):
        picture = drawn_face(tone).picture
        rows.append(
            [(f"tone {tone}", picture), ("all at 50", everything(50)(picture)), ("100", everything(100)(picture))]
        )
    assert montage("beauty-tones", rows).exists()
