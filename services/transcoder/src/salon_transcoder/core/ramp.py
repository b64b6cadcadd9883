"""How strong the effects are on the next frame: a slider that jumps must not make the picture jump."""

from salon.effects.v1.effects_pb2 import Beauty

RAMP_FRAMES = 8
_FIELDS = ("smooth", "whiten", "rosy", "sharpen")
_NOTHING = (0.0, 0.0, 0.0, 0.0)


class Ramp:
    """Moves in equal steps, one a frame, from the present strengths to those asked for; begins at nothing."""

    def __init__(self, target: Beauty, version: int) -> None:
        self.version = version
        """Of the strengths it moves to, or has reached."""
        self._present: tuple[float, ...] = _NOTHING
        self._target = _values(target)
        self._steps = RAMP_FRAMES

    def aim(self, target: Beauty, version: int) -> bool:
        """Moves to other strengths from now on. False, with nothing changed, if a newer version is known already."""
        if version < self.version:
            return False
        self.version = version
        self._go(_values(target))
        return True

    def fade(self) -> None:
        """Moves to nothing, until `aim`."""
        self._go(_NOTHING)

    def restart(self) -> None:
        """The picture is the original at the moment: begins at nothing again."""
        self._present = _NOTHING
        self._steps = RAMP_FRAMES

    def next(self) -> Beauty:
        """The strengths of the next frame, each 0 to 100."""
        if self._steps > 1:
            self._present = tuple(
                present + (target - present) / self._steps
                for present, target in zip(self._present, self._target, strict=True)
            )
            self._steps -= 1
        else:
            self._present = self._target
        return Beauty(**dict(zip(_FIELDS, self._present, strict=True)))

    def _go(self, target: tuple[float, ...]) -> None:
        self._target = target
        self._steps = RAMP_FRAMES


def _values(beauty: Beauty) -> tuple[float, ...]:
    return (beauty.smooth, beauty.whiten, beauty.rosy, beauty.sharpen)
