"""Requests that are carried out one after the other, in a bounded queue."""

from collections import deque
from collections.abc import Awaitable, Callable

from salon_contracts.errors import RateLimited

from salon_room.background import Spawn

Work = Callable[[], Awaitable[None]]

WAITING_MAX = 64


class SerialQueue:
    """What is under way when the connection goes is finished all the same: cutting it off half-way would leave more to
    put right than letting it end. What still waits is dropped."""

    def __init__(self, name: str, spawn: Spawn, on_bug: Callable[[Exception], None]) -> None:
        self._name = name
        self._spawn = spawn
        self._on_bug = on_bug
        self._waiting: deque[Work] = deque()
        self._running = False

    def put(self, work: Work) -> None:
        """Raises RateLimited when too many wait."""
        if len(self._waiting) >= WAITING_MAX:
            raise RateLimited(limit=f"{WAITING_MAX} requests waiting")
        self._waiting.append(work)
        if not self._running:
            self._running = True
            self._spawn(self._name, self._run())

    def drop_waiting(self) -> None:
        self._waiting.clear()

    async def _run(self) -> None:
        try:
            while self._waiting:
                await self._waiting.popleft()()
        except Exception as bug:  # noqa: BLE001  # the one supervisor of a session: it is discarded
            self._waiting.clear()
            self._on_bug(bug)
        finally:
            self._running = False
