"""Threads that put frames through the filters. Cheaper per frame than an executor and its futures."""

import asyncio
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from queue import SimpleQueue

from salon.effects.v1.effects_pb2 import Beauty
from salon_frames.i420 import I420

from salon_effects.filters.interface import Filter


@dataclass(frozen=True, slots=True)
class Work:
    """`done(cpu_s, error)` is called on the event loop."""

    frame: I420
    out: I420
    beauty: Beauty
    done: Callable[[float, BaseException | None], None]


class Pool:
    """`threads` threads with one queue. Whoever puts work in sees to it that it never waits."""

    def __init__(self, filter_: Filter, threads: int) -> None:
        """On the event loop that is told what is done."""
        self._filter = filter_
        self._loop = asyncio.get_running_loop()
        self._queue: SimpleQueue[Work | None] = SimpleQueue()
        self._threads = [
            threading.Thread(target=self._run, name=f"filters-{number}", daemon=True) for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def put(self, work: Work) -> None:
        self._queue.put(work)

    def close(self) -> None:
        """Threads end when they are through; one that never is does not keep the process."""
        for _ in self._threads:
            self._queue.put(None)

    def _run(self) -> None:
        while (work := self._queue.get()) is not None:
            failure: BaseException | None = None
            started = time.thread_time()
            try:
                self._filter(work.frame, work.out, work.beauty)
            except BaseException as error:  # noqa: BLE001  # also an exit: the thread belongs to the worker
                failure = error
            cpu_s = time.thread_time() - started
            try:
                self._loop.call_soon_threadsafe(work.done, cpu_s, failure)
            except RuntimeError:
                return  # the loop is closed: nobody waits
