"""Whether what this process gives JetStream is stored: a full disk, a full stream and a JetStream that is off look the
same to who appends, and none of them costs the connection.
"""

from collections.abc import Callable
from dataclasses import dataclass

from salon_kit.clock import NANOSECONDS, clock_ns
from salon_kit.log import get_logger
from salon_kit.metrics import STORAGE_FAILING

log = get_logger()

Listener = Callable[[bool], None]

LAPSE_S = 10.0
"""A refusal is forgotten when nobody has tried again for so long."""


@dataclass(frozen=True, slots=True)
class _Refusal:
    why: str
    at_ns: int
    """When it was refused last."""


class StorageHealth:
    """Told by every append how it ended. One line in the log, and one call of each listener, when that changes."""

    def __init__(self) -> None:
        self._refusals: dict[str, _Refusal] = {}
        """By stream whose last append was not stored."""
        self._stored_at_ns: dict[str, int] = {}
        self._works_since_ns = 0
        self._listeners: list[Listener] = []

    def on_change(self, listener: Listener) -> None:
        """`listener(works)`; must not block."""
        self._listeners.append(listener)

    @property
    def problem(self) -> str | None:
        """Why something is not stored, in a sentence; None while everything is."""
        self._lapse()
        if not self._refusals:
            return None
        return "; ".join(f"{stream} does not store: {each.why}" for stream, each in sorted(self._refusals.items()))

    @property
    def works_since_ns(self) -> int | None:
        """On `clock_ns`; 0: always. None while something is not stored."""
        self._lapse()
        return None if self._refusals else self._works_since_ns

    def idle_s(self, stream: str) -> float:
        """Seconds since something was stored there."""
        return (clock_ns() - self._stored_at_ns.get(stream, 0)) / NANOSECONDS

    def stored(self, stream: str) -> None:
        self._stored_at_ns[stream] = clock_ns()
        if stream in self._refusals:
            self._over(stream)

    def refused(self, stream: str, why: str) -> None:
        """Not stored, for a reason that has nothing to do with what was to be stored."""
        is_new = stream not in self._refusals
        self._refusals[stream] = _Refusal(why, clock_ns())
        if is_new:
            log.error("storage-refuses", stream=stream, detail=why)
            STORAGE_FAILING.set(len(self._refusals))
            if len(self._refusals) == 1:
                self._call(works=False)

    def _lapse(self) -> None:
        long_ago_ns = clock_ns() - round(LAPSE_S * NANOSECONDS)
        for stream, refusal in list(self._refusals.items()):
            if refusal.at_ns < long_ago_ns:
                self._over(stream)

    def _over(self, stream: str) -> None:
        del self._refusals[stream]
        log.warning("storage-works-again", stream=stream)
        STORAGE_FAILING.set(len(self._refusals))
        if not self._refusals:
            self._works_since_ns = clock_ns()
            self._call(works=True)

    def _call(self, *, works: bool) -> None:
        for listener in list(self._listeners):
            listener(works)
