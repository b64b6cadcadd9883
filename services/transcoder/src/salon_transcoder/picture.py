"""A decoded picture, and what the stream said of its colours."""

from dataclasses import dataclass

from salon_frames import I420

UNSAID = 2
"""Of primaries, transfer and matrix (ITU-T H.273)."""
RANGE_UNSAID, RANGE_FULL = 0, 2
MATRIX_GBR = 0
"""Means nothing with chroma at half the size (H.264 section E.2.1)."""


@dataclass(frozen=True, slots=True)
class Colour:
    """What samples mean: code points of ITU-T H.273, which are those of H.264 (Annex E) and of FFmpeg.

    A stream can say each of them or leave it out; whoever shows it then guesses.
    """

    primaries: int = UNSAID
    transfer: int = UNSAID
    matrix: int = UNSAID
    sample_range: int = RANGE_UNSAID
    """Not said, limited, full: 0, 1, 2."""


@dataclass(frozen=True, slots=True, eq=False)
class DecodedPicture(I420):
    """A picture with what only its decoder knows of it."""

    colour: Colour = Colour()
    frames_ago: int = 0
    """It was in the frame that was decoded so many frames before the last one: above 0 where pictures are reordered."""


def colour_of(picture: I420) -> Colour:
    if isinstance(picture, DecodedPicture):
        return picture.colour
    return Colour(sample_range=RANGE_FULL if picture.full_range else RANGE_UNSAID)


def coloured_like(picture: I420, original: I420) -> I420:
    """The same samples, of the colours that the original had: effects work on codes and change no meaning."""
    if not isinstance(original, DecodedPicture) or picture is original:
        return picture
    return DecodedPicture(*picture.planes, full_range=picture.full_range, colour=original.colour)
