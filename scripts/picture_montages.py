"""Numbers do not see everything: before and after, beside each other: `python -m scripts.picture_montages`.

The pictures are left in artefacts/.
"""

from tests.quality.effects import beauty, everything, montage
from tests.quality.pictures import FACES, Face, drawn_face


def main() -> None:
    for face in FACES.values():
        picture_effects(face)
    picture_tones()


def picture_effects(face: Face) -> None:
    picture = face.picture
    montage(
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


def picture_tones() -> None:
    rows = []
    for tone in (2, 4, 6, 8, 10):
        picture = drawn_face(tone).picture
        rows.append(
            [(f"tone {tone}", picture), ("all at 50", everything(50)(picture)), ("100", everything(100)(picture))]
        )
    montage("beauty-tones", rows)


if __name__ == "__main__":
    main()
