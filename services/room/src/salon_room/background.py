"""Tasks that outlive whoever started them, each with a name, none forgotten, none failing silently."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from salon_kit.log import get_logger

log = get_logger()

Spawn = Callable[[str, Coroutine[Any, Any, None]], "asyncio.Task[None]"]


class Background:
    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def spawn(self, name: str, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    async def close(self) -> None:
        """Cancels what still runs and waits for it."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("background-task-failed", task=task.get_name(), exc_info=error)
