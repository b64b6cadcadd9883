"""The one way to wait for what tells nobody that it has come about."""

import asyncio
from collections.abc import Awaitable, Callable

POLL_S = 0.05


async def eventually(is_so: Callable[[], bool | Awaitable[bool]], deadline_s: float = 20.0) -> None:
    """Asks again and again until it is so; TimeoutError after the deadline."""
    async with asyncio.timeout(deadline_s):
        while True:
            answer = is_so()
            if answer if isinstance(answer, bool) else await answer:
                return
            await asyncio.sleep(POLL_S)
