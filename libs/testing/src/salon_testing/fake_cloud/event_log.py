"""What an engine has told, and how long to wait for it."""

import asyncio
from collections.abc import Callable
from typing import Any

from salon_sdk.engine import SalonEngine
from salon_sdk.events import EventName
from salon_sdk.timing import Timing

WAIT_S = 10.0
"""How long a test waits for anything before it fails."""

FAST = Timing(
    quick_steps_s=(0.01, 0.05), backoff_min_s=0.01, backoff_max_s=0.05, overload_min_s=0.02, logout_timeout_s=1.0
)
"""Tries again at once."""

MakeEngine = Callable[..., SalonEngine]
"""A fixture's type: takes a Timing or nothing."""


class EventLog:
    """Everything an engine tells, in order, to be looked at or waited for."""

    def __init__(self, engine: SalonEngine, *events: EventName) -> None:
        self.seen: list[tuple[str, tuple[Any, ...]]] = []
        self._arrived = asyncio.Event()
        for event in events:
            engine.on(event, self._recorder(event))

    def of(self, event: EventName) -> list[tuple[Any, ...]]:
        return [arguments for name, arguments in self.seen if name == event]

    def reasons(self) -> list[str]:
        """Of `room_state_changed`."""
        return [str(arguments[1]) for arguments in self.of("room_state_changed")]

    async def updates(self, event: EventName, count: int) -> list[Any]:
        """The first argument of the event, as soon as it has been told so often."""
        await self.wait(event, lambda *_: len(self.of(event)) >= count)
        return [arguments[0] for arguments in self.of(event)]

    async def wait(self, event: EventName, accept: Callable[..., bool] = lambda *_: True) -> tuple[Any, ...]:
        """The first such event whose arguments are accepted, from the beginning of the log."""
        async with asyncio.timeout(WAIT_S):
            while True:
                for arguments in self.of(event):
                    if accept(*arguments):
                        return arguments
                self._arrived.clear()
                await self._arrived.wait()

    async def next(self) -> None:
        """Until something more is told."""
        count = len(self.seen)
        async with asyncio.timeout(WAIT_S):
            while len(self.seen) == count:
                self._arrived.clear()
                await self._arrived.wait()

    def _recorder(self, event: EventName) -> Callable[..., object]:
        def record(*arguments: object) -> None:
            self.seen.append((event, arguments))
            self._arrived.set()

        return record
