"""The four effects: what they may be set to."""

import math

from salon.effects.v1.effects_pb2 import Beauty

from salon_contracts.errors import InvalidField

STRENGTH_MAX = 100.0


def check_beauty(beauty: Beauty) -> Beauty:
    """The same, if every strength is a number from 0 to 100. Raises InvalidField, named as app authors name it."""
    for field, value in (
        ("smoothIntensity", beauty.smooth),
        ("whitenIntensity", beauty.whiten),
        ("rosyIntensity", beauty.rosy),
        ("sharpenIntensity", beauty.sharpen),
    ):
        if not math.isfinite(value) or not 0.0 <= value <= STRENGTH_MAX:
            raise InvalidField(field=field, problem="out of range", limit="0 to 100")
    return beauty


def is_nothing(beauty: Beauty) -> bool:
    """All four are 0: the picture stays as it is."""
    return not (beauty.smooth or beauty.whiten or beauty.rosy or beauty.sharpen)
