"""Up to where in the stream a room is known here, and who waits for more."""

import asyncio

from salon_contracts.errors import BusUnavailable

WAIT_S = 5.0
"""How long an own event may take to come back through the tail."""


class Position:
    def __init__(self) -> None:
        self.sequence = 0
        """Every event of the room up to here is applied."""
        self._waiters: list[tuple[int, asyncio.Future[None]]] = []

    def advance(self, sequence: int) -> None:
        self.sequence = max(self.sequence, sequence)
        for wanted, waiter in self._waiters:
            if wanted <= self.sequence and not waiter.done():
                waiter.set_result(None)

    async def wait_through(self, sequence: int, timeout_s: float = WAIT_S) -> None:
        """Returns once every event of the room up to `sequence` is applied; BusUnavailable if the tail stays silent."""
        if sequence <= self.sequence:
            return
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.append((sequence, waiter))
        try:
            async with asyncio.timeout(timeout_s):
                await waiter
        except TimeoutError:
            raise BusUnavailable from None
        finally:
            self._waiters = [each for each in self._waiters if each[1] is not waiter]
