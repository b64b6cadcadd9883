from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest_asyncio

# Imported one by one: `pytest_plugins` is allowed only in the conftest.py of the root.
from salon_kit.testing import MakeBus, bus, events, make_bus, nats_server, own_nats_server

from .instance import MASTER_KEY, Instance, running

__all__ = ["bus", "events", "make_bus", "nats_server", "own_nats_server", "start_instance"]

StartInstance = Callable[..., Awaitable[Instance]]


@pytest_asyncio.fixture
async def start_instance(make_bus: MakeBus) -> AsyncIterator[StartInstance]:
    """`await start_instance()`: another instance of the service on its own connection, stopped after the test."""
    async with AsyncExitStack() as stack:

        async def start(master_key: str = MASTER_KEY, previous: str = "", *, follow: bool = True) -> Instance:
            bus = await make_bus(service="token")
            return await stack.enter_async_context(running(bus, master_key, previous, follow=follow))

        yield start
