"""How long to wait before the next attempt, by how often the last ones have failed."""

from dataclasses import dataclass

from salon_relay.effects.core.timing import HEALTHY_NS, RESPAWN_NS, SWITCH_AGAIN_NS, SWITCHES_MAX


@dataclass(slots=True)
class Retries:
    """Of one stream: to have a transcoder, and to switch its viewers to that."""

    _losses: int = 0
    _late_switches: int = 0
    _beautified_since_ns: int | None = None

    def beautified(self, now_ns: int) -> None:
        """Viewers get beautified frames, at first or again."""
        self._late_switches = 0
        if self._beautified_since_ns is None:
            self._beautified_since_ns = now_ns

    def detached(self) -> None:
        """What comes next is another transcoder's."""
        self._late_switches = 0
        self._beautified_since_ns = None

    def after_loss_ns(self, now_ns: int) -> int:
        """The wait before another transcoder is taken, now that one is lost."""
        if self._beautified_since_ns is not None and now_ns - self._beautified_since_ns >= HEALTHY_NS:
            self._losses = 0
        self._losses += 1
        return _doubled(RESPAWN_NS, self._losses - 1)

    def after_late_switch_ns(self) -> int | None:
        """The wait before the next attempt to switch; None when there were too many in a row."""
        if self._late_switches == SWITCHES_MAX:
            return None
        self._late_switches += 1
        return _doubled(SWITCH_AGAIN_NS, self._late_switches - 1)


def _doubled(first_and_longest_ns: tuple[int, int], times: int) -> int:
    first_ns, longest_ns = first_and_longest_ns
    return min(longest_ns, first_ns << min(times, 32))
