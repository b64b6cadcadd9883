"""How often, and how soon, a process that ends is started again. Pure: it is told when."""

from collections import deque
from dataclasses import dataclass, field

RESTARTS_MAX = 5
WITHIN_S = 300.0
PAUSES_S = (0.0, 0.5, 1.0, 2.0, 4.0)
"""Before the first, second… start again within that time."""


@dataclass(slots=True)
class Restarts:
    _ended_at_s: deque[float] = field(default_factory=deque)

    def ended(self, now_s: float) -> float | None:
        """It has ended: seconds until it is to be started again; None: too often."""
        while self._ended_at_s and self._ended_at_s[0] <= now_s - WITHIN_S:
            self._ended_at_s.popleft()
        if len(self._ended_at_s) >= RESTARTS_MAX:
            return None
        pause_s = PAUSES_S[len(self._ended_at_s)]
        self._ended_at_s.append(now_s)
        return pause_s
