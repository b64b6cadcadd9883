"""How much a worker has taken on: measured work, and a reservation for what has just been opened."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

WINDOW_S = 5
FIRST_GUESS_S_PER_PIXEL = 2.2e-9
"""CPU time before anything was measured: 2 ms for a picture of 1280x720."""
LEARNING_RATE = 0.02
TYPICAL = (1280, 720, 30)
"""Width, height and frames per second of the stream a worker must have room for to be asked."""


@dataclass(slots=True)
class _Usage:
    opened_s: float
    reserved: float
    seconds: deque[tuple[int, float]] = field(default_factory=deque)
    """CPU seconds of the filters by second of the clock, the last `WINDOW_S` and the present one."""

    def add(self, now_s: float, cpu_s: float) -> None:
        second = int(now_s)
        if self.seconds and self.seconds[-1][0] == second:
            cpu_s += self.seconds.pop()[1]
        self.seconds.append((second, cpu_s))
        while self.seconds[0][0] < second - WINDOW_S:
            self.seconds.popleft()

    def load(self, now_s: float) -> float:
        """CPU seconds per second; at least what was reserved while it is young."""
        measured = sum(cpu_s for second, cpu_s in self.seconds if second >= int(now_s) - WINDOW_S)
        age_s = now_s - self.opened_s
        if age_s >= WINDOW_S:
            return measured / WINDOW_S
        return max(self.reserved, measured / max(1.0, age_s))


@dataclass(slots=True)
class Capacity:
    """The load is CPU seconds of filters per second, the sum over the streams.

    Full: with one more stream it would be more than `max_load` x `threads`, or there are `max_streams`. A worker
    without any stream takes any: what is too large for it alone is too large for the others too.
    """

    threads: int
    max_load: float
    max_streams: int
    s_per_pixel: float = FIRST_GUESS_S_PER_PIXEL
    """What the filters have cost lately."""
    _streams: dict[str, _Usage] = field(default_factory=dict)

    def has(self, token: str) -> bool:
        return token in self._streams

    def opened(self, token: str, size_and_rate: tuple[int, int, int], now_s: float) -> None:
        self._streams[token] = _Usage(now_s, self._expected(size_and_rate))

    def closed(self, token: str) -> None:
        self._streams.pop(token, None)

    def worked(self, token: str, pixels: int, cpu_s: float, now_s: float) -> None:
        """One frame has been through the filters."""
        self.s_per_pixel += LEARNING_RATE * (cpu_s / pixels - self.s_per_pixel)
        usage = self._streams.get(token)
        if usage is not None:
            usage.add(now_s, cpu_s)

    def load(self, now_s: float) -> float:
        return sum(self._loads(now_s))

    def has_room(self, now_s: float, size_and_rate: tuple[int, int, int] = TYPICAL) -> bool:
        """For one more stream of this width, height and frame rate."""
        if not self._streams:
            return True
        if len(self._streams) >= self.max_streams:
            return False
        return self.load(now_s) + self._expected(size_and_rate) <= self.max_load * self.threads

    def _loads(self, now_s: float) -> Iterator[float]:
        return (usage.load(now_s) for usage in self._streams.values())

    def _expected(self, size_and_rate: tuple[int, int, int]) -> float:
        width, height, frames_per_s = size_and_rate
        return width * height * frames_per_s * self.s_per_pixel
