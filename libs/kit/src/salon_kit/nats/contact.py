"""Since when NATS has answered without a gap: what it takes to hold the silence of others for theirs.

A lease that ran out says that its owner was silent, or that the bus was, or that we were. Only who was in contact with
the bus all the while can tell. Pure: it is given what happened and when.
"""

from dataclasses import dataclass

from salon_kit.clock import NANOSECONDS


@dataclass(slots=True)
class Contact:
    gap_s: float
    """So long without an answer, and it is a gap."""
    _since_ns: int | None = None
    _last_ns: int = 0

    def answered(self, now_ns: int) -> float:
        """An answer came. Seconds of the gap that it ends; 0.0: there was none, or one that `lost` began."""
        silent_s = 0.0
        if self._since_ns is None:
            self._since_ns = now_ns
        elif self._is_gap(now_ns):
            silent_s = (now_ns - self._last_ns) / NANOSECONDS
            self._since_ns = now_ns
        self._last_ns = now_ns
        return silent_s

    def lost(self) -> None:
        """A gap that needs no waiting for: the connection broke."""
        self._since_ns = None

    def since_ns(self, now_ns: int) -> int | None:
        """Since when there was no gap; None while there is one."""
        return None if self._since_ns is None or self._is_gap(now_ns) else self._since_ns

    def for_s(self, now_ns: int) -> float:
        """Seconds without a gap up to now."""
        since_ns = self.since_ns(now_ns)
        return 0.0 if since_ns is None else (now_ns - since_ns) / NANOSECONDS

    def _is_gap(self, now_ns: int) -> bool:
        return now_ns - self._last_ns > self.gap_s * NANOSECONDS
