"""How many bits the beautified stream of one publisher may have: what its viewers can take of what it sends.

Not more than the publisher sends, with a little room: the pictures are the same. Less when viewers lose packets; the
worst one decides, but no viewer can bring it below a quarter for all the others. What a viewer's estimate says without
REMB is only the rate that arrived, so it counts only together with loss.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

FLOOR_BPS: Final = 150_000
START_BPS: Final = 1_000_000
"""Until the publisher's rate is known."""
ROOM: Final = 1.1
SMOOTHING: Final = 0.4
"""Weight of the newest second."""
WORST_SHARE: Final = 0.25
LOSS_HIGH, LOSS_LOW = 0.10, 0.02
DOWN, UP = 0.85, 1.08
WORTH_TELLING: Final = 0.10


@dataclass(frozen=True, slots=True)
class Viewer:
    """One second of one sink: `fraction_lost` from 0 to 1; `estimate_bps` None when the viewer says nothing."""

    fraction_lost: float
    estimate_bps: int | None
    sent_bps: float


@dataclass(slots=True)
class Bitrate:
    """`observe` once a second; `target_bps` in between."""

    _source_bps: float | None = None
    _told_bps: int = START_BPS
    _shares: dict[int, float] = field(default_factory=dict)
    """What each sink could take of the most there is, from `WORST_SHARE` to 1."""

    @property
    def target_bps(self) -> int:
        return self._told_bps

    def start(self, source_bps: int) -> int:
        """The first target, from the rate the publisher has at the moment; 0: nothing is known."""
        if source_bps > 0:
            self._source_bps = float(source_bps)
            self._told_bps = round(self._ceiling_bps)
        return self._told_bps

    def observe(self, source_bps: int, viewers: Mapping[int, Viewer]) -> int | None:
        """The new target if it is worth telling. `source_bps` 0: the publisher sends nothing, which says nothing."""
        if source_bps > 0:
            known = self._source_bps
            self._source_bps = source_bps if known is None else known + SMOOTHING * (source_bps - known)
        if self._source_bps is None:
            return None
        ceiling_bps = self._ceiling_bps
        self._shares = {
            sink: min(1.0, max(WORST_SHARE, _next(self._shares.get(sink, 1.0), viewer, ceiling_bps)))
            for sink, viewer in viewers.items()
        }
        target = round(max(FLOOR_BPS, ceiling_bps * min(self._shares.values(), default=1.0)))
        if abs(target - self._told_bps) <= WORTH_TELLING * self._told_bps:
            return None
        self._told_bps = target
        return target

    @property
    def _ceiling_bps(self) -> float:
        return max(FLOOR_BPS, ROOM * (self._source_bps or 0.0))


def _next(share: float, viewer: Viewer, ceiling_bps: float) -> float:
    if viewer.fraction_lost <= LOSS_LOW:
        return share * UP
    if viewer.fraction_lost > LOSS_HIGH:
        share *= DOWN
    if viewer.estimate_bps is not None and viewer.estimate_bps < viewer.sent_bps:
        return min(share, viewer.estimate_bps / ceiling_bps)
    return share
