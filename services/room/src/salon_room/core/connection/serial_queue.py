"""Jobs that are carried out one after the other, in a bounded queue."""

from collections import deque
from enum import Enum
from typing import Generic, TypeVar

from salon_contracts.errors import RateLimited

WAITING_MAX = 64

J = TypeVar("J")


class QueueName(Enum):
    """Within one, a connection's requests keep their order."""

    REQUESTS = "requests"
    MESSAGES = "messages"
    EFFECTS = "effects"
    """Turning effects on takes a relay up to 2 s, in which others may go on. A request of this queue waits in REQUESTS
    first: what was sent before it, such as Publish, is done when it begins."""


class SerialQueue(Generic[J]):
    """What is under way when the connection goes is finished all the same: cutting it off half-way would leave more to
    put right than letting it end. What still waits is dropped."""

    def __init__(self) -> None:
        self._waiting: deque[J] = deque()
        self._is_under_way = False

    def put(self, job: J) -> None:
        """Raises RateLimited when too many wait."""
        if len(self._waiting) >= WAITING_MAX:
            raise RateLimited(limit=f"{WAITING_MAX} requests waiting")
        self._waiting.append(job)

    def begin_next(self) -> J | None:
        """None: nothing waits, or one is under way. Call `finish` once it is done."""
        if self._is_under_way or not self._waiting:
            return None
        self._is_under_way = True
        return self._waiting.popleft()

    def finish(self) -> None:
        self._is_under_way = False

    def drop_waiting(self) -> None:
        self._waiting.clear()
