"""When the controller of a stream's effects is woken next."""

from collections.abc import Sequence
from dataclasses import dataclass

from salon_relay.effects.core.outputs import WakeAt


@dataclass(slots=True)
class Alarm:
    _at_ns: int | None = None

    def rang(self, now_ns: int) -> None:
        """It may ring a little early: then it is set again."""
        if self._at_ns is not None and self._at_ns > now_ns:
            self._at_ns = None

    def set(self, *deadlines_ns: int | None) -> Sequence[WakeAt]:
        """For the first of these, if that is another time than before."""
        at_ns = min((at_ns for at_ns in deadlines_ns if at_ns is not None), default=None)
        if at_ns == self._at_ns:
            return ()
        self._at_ns = at_ns
        return (WakeAt(at_ns),)


def is_over(at_ns: int | None, now_ns: int) -> bool:
    return at_ns is not None and at_ns <= now_ns
