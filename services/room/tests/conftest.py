from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest_asyncio
from salon_contracts.ids import AppId, RoomId
from salon_contracts.subjects import room_events
from salon_kit.bus import Bus
from salon_kit.events import Events, StoredEvent

# Imported one by one: `pytest_plugins` is allowed only in the conftest.py of the root.
from salon_kit.testing import NatsServer, bus, events, make_bus, nats_server, own_nats_server

from .client import Client
from .processes import RoomProcess
from .responders import APP, RelayResponder, TokenResponder

__all__ = ["bus", "events", "make_bus", "nats_server", "own_nats_server"]


@dataclass
class Cloud:
    """Room instances as processes, the other services in this one."""

    server: NatsServer
    bus: Bus
    events: Events
    relay: RelayResponder
    directory: Path
    instances: list[RoomProcess] = field(default_factory=list)
    clients: list[Client] = field(default_factory=list)
    tokens: TokenResponder = field(default_factory=TokenResponder)

    async def start_room(self, **settings: Any) -> RoomProcess:
        chosen = {"relay_grace_s": 0.5, "expiry_grace_s": 0.5, **settings}
        name = f"room-{len(self.instances) + 1}"
        instance = RoomProcess(self.server.settings, self.directory / f"{name}.log", name, chosen)
        self.instances.append(instance)
        await instance.ready()
        return instance

    async def connect(self, instance: RoomProcess, *, hello: bool = True) -> Client:
        client = Client(instance.ws)
        self.clients.append(client)
        await client.open(hello=hello)
        return client

    async def join(self, instance: RoomProcess, room_id: str, user_id: str, **more: Any) -> Client:
        client = await self.connect(instance)
        reply = await client.log_in(room_id, user_id, **more)
        assert "loggedIn" in reply, reply
        return client

    async def history(self, room_id: str) -> list[StoredEvent]:
        """Everything that was ever said about a room, in order."""
        filters = [room_events(AppId(APP), RoomId(room_id))]
        found: list[StoredEvent] = []
        after = 0
        while True:
            events = await self.events.read_after(filters, after, max_events=1000)
            found += events
            if len(events) < 1000:
                return found
            after = events[-1].sequence


@pytest_asyncio.fixture
async def cloud(nats_server: NatsServer, bus: Bus, events: Events, tmp_path: Path) -> AsyncIterator[Cloud]:
    tokens = TokenResponder()
    await tokens.serve(bus)
    relay = RelayResponder(bus, events)
    await relay.serve()
    cloud = Cloud(nats_server, bus, events, relay, tmp_path, tokens=tokens)
    yield cloud
    for client in cloud.clients:
        await client.close()
    for instance in cloud.instances:
        instance.end()
