"""Hands the newest thing of a thread over to the event loop: one waits at most, a newer one takes its place."""

import asyncio
import threading
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Handover(Generic[Item]):
    """`put` on the thread, `take` on the loop it was made on, by one task."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._lock = threading.Lock()
        self._waiting: Item | None = None
        self._came = asyncio.Event()
        self._overtaken = 0
        self._closed = False

    @property
    def overtaken(self) -> int:
        """How many were never taken because a newer one came."""
        return self._overtaken

    def put(self, item: Item) -> None:
        """Never blocks. Nothing after `close`."""
        with self._lock:
            if self._closed:
                return
            wakes = self._waiting is None
            if not wakes:
                self._overtaken += 1
            self._waiting = item
        if wakes:
            self._wake()

    def close(self) -> None:
        """On any thread: `take` gives None from now on."""
        with self._lock:
            self._closed = True
            self._waiting = None
        self._wake()

    async def take(self) -> Item | None:
        """The newest, as soon as there is one; None once closed."""
        while True:
            with self._lock:
                item, self._waiting = self._waiting, None
                if item is not None or self._closed:
                    return item
                self._came.clear()
            await self._came.wait()

    def _wake(self) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._came.set)
