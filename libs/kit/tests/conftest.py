import logging
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
import structlog
from salon_kit.bus import Bus
from salon_kit.identity import Identity
from salon_kit.testing import MakeBus, NatsServer, bus, events, make_bus, nats_server, own_nats_server

__all__ = ["bus", "events", "make_bus", "make_own_bus", "nats_server", "own_nats_server"]


# As services write them. The default writes out every local where rich is installed: ten seconds for a large one.
structlog.configure(processors=[structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)])


@pytest.fixture(autouse=True)
def uvicorn_has_no_level() -> Iterator[None]:
    """A server sets one for the whole process; the next test begins without."""
    yield
    for name in ("uvicorn.error", "uvicorn.access", "uvicorn.asgi"):
        logging.getLogger(name).setLevel(logging.NOTSET)


@pytest_asyncio.fixture
async def make_own_bus(own_nats_server: NatsServer) -> AsyncIterator[MakeBus]:
    """Connections to the server of this test alone."""
    made: list[Bus] = []

    async def make(*, service: str = "test", node: str | None = None) -> Bus:
        made.append(await Bus.connect(own_nats_server.settings, Identity.start(service, node or f"n{len(made)}")))
        return made[-1]

    yield make
    for each in made:
        await each.close(0.5)
