import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from salon.room.v1.events_pb2 import UserLoggedOut
from salon_kit.bus import Bus
from salon_kit.events import Events
from salon_kit.identity import Identity
from salon_kit.testing import NatsServer

from .client import eventually
from .conftest import Cloud
from .responders import RelayResponder, TokenResponder


@pytest_asyncio.fixture
async def own_cloud(own_nats_server: NatsServer, tmp_path: Path) -> AsyncIterator[Cloud]:
    bus = await Bus.connect(own_nats_server.settings, Identity.start("test", "own"))
    events = Events(bus)
    await events.ensure()
    await TokenResponder().serve(bus)
    relay = RelayResponder(bus, events)
    await relay.serve()
    cloud = Cloud(own_nats_server, bus, events, relay, tmp_path)
    yield cloud
    for client in cloud.clients:
        await client.close()
    for instance in cloud.instances:
        instance.end()
    await bus.close(0.5)


async def test_leases_that_ran_out_meanwhile_are_renewed(own_cloud: Cloud) -> None:
    """NATS is away longer than a lease lasts; the clients beat all the time."""
    cloud = own_cloud
    settings = {"presence_ttl_s": 2, "heartbeat_interval_s": 0.5, "expiry_grace_s": 1, "relay_grace_s": 1}
    one, two = await cloud.start_room(**settings), await cloud.start_room(**settings)
    alice, bob = await cloud.join(one, "r", "alice"), await cloud.join(two, "r", "bob")
    await alice.publish("cam")
    await bob.until_streams(("ADD", "cam"))
    done = asyncio.Event()

    async def beat() -> None:
        while not done.is_set():
            for client in (alice, bob):
                assert "done" in await client.request(heartbeat={})
            await asyncio.sleep(0.2)

    beating = asyncio.create_task(beat())
    cloud.server.kill()
    # Refused when the deadline of its question is over, which is longer than a lease.
    refused = await (await cloud.connect(two)).log_in("r", "carol")
    assert (refused["failed"]["reason"], refused["failed"]["retryable"]) == ("bus-unavailable", True)
    cloud.server.start()
    await cloud.bus.wait_connected(10)
    await cloud.relay.announce()
    await eventually(lambda: alice.say("back"), "messageAccepted")
    await bob.notices.until(lambda _: "back" in bob.texts())
    # Longer than the grace and the lease: whoever would be logged out is by now.
    await asyncio.sleep(3.2)
    done.set()
    await beating
    assert bob.users() == []
    assert bob.streams() == [("ADD", "cam")]
    assert not [event for event in await cloud.history("r") if isinstance(event.message, UserLoggedOut)]
    assert alice.close_code is None
