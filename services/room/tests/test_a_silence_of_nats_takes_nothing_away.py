"""NATS, or a room service, stands still without closing a connection: what lives on meanwhile is not held for dead."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from salon.room.v1.events_pb2 import StreamRemoved, UserLoggedOut
from salon_kit.bus import Bus
from salon_kit.events import Events
from salon_kit.identity import Identity
from salon_kit.testing import NatsServer

from .client import Client, eventually
from .conftest import Cloud
from .responders import RelayResponder, TokenResponder

PATIENT_PING_S = 60.0
"""No stall costs a connection."""


class Call:
    """Alice publishes, bob is on another instance, the relay renews its lease of 2 s, their leases last 2 s."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.renewing = asyncio.create_task(cloud.relay.keep_announced())

    async def begin(self) -> None:
        settings = {"presence_ttl_s": 2, "heartbeat_interval_s": 0.5, "expiry_grace_s": 2, "relay_grace_s": 2}
        self.rooms = [await self.cloud.start_room(**settings) for _ in range(2)]
        self.alice = await self.cloud.join(self.rooms[0], "r", "alice")
        self.bob = await self.cloud.join(self.rooms[1], "r", "bob")
        await self.alice.publish("cam")
        await self.bob.until_streams(("ADD", "cam"))
        self.beating = asyncio.create_task(self._beat(self.alice, self.bob))

    async def _beat(self, *clients: Client) -> None:
        while True:
            for client in clients:
                await client.send_text(json.dumps({"heartbeat": {}}))
            await asyncio.sleep(0.3)

    async def goes_on(self, text: str) -> None:
        """Nothing was taken away: seen once a lease that ran out later has been dealt with."""
        await eventually(lambda: self.alice.say(text), "messageAccepted", timeout_s=30)
        await self.bob.notices.until(lambda _: text in self.bob.texts())
        ghost = f"ghost-{text}".replace(" ", "-")
        stranger = await self.cloud.join(self.rooms[1], "elsewhere", ghost)
        await stranger.close()  # no heartbeat of it comes any more
        async with asyncio.timeout(30):
            while not await self._logged_out("elsewhere", ghost):  # noqa: ASYNC110  # seen in what is stored
                await asyncio.sleep(0.2)
        gone = [
            each for each in await self.cloud.history("r") if isinstance(each.message, UserLoggedOut | StreamRemoved)
        ]
        assert gone == []
        assert self.bob.streams() == [("ADD", "cam")]
        assert (self.alice.close_code, self.bob.close_code) == (None, None)

    async def _logged_out(self, room_id: str, user_id: str) -> bool:
        history = await self.cloud.history(room_id)
        return any(isinstance(each.message, UserLoggedOut) and each.message.user_id == user_id for each in history)

    async def relay_dies(self) -> None:
        self.renewing.cancel()
        await asyncio.gather(self.renewing, return_exceptions=True)

    async def end(self) -> None:
        tasks = (self.renewing, self.beating)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@pytest_asyncio.fixture
async def call(own_nats_server: NatsServer, tmp_path: Path) -> AsyncIterator[Call]:
    server = own_nats_server
    server.settings = server.settings.model_copy(update={"ping_interval_s": PATIENT_PING_S})
    bus = await Bus.connect(server.settings, Identity.start("test", "own"))
    events = Events(bus)
    await events.ensure()
    await TokenResponder().serve(bus)
    relay = RelayResponder(bus, events)
    await relay.serve()
    call = Call(Cloud(server, bus, events, relay, tmp_path))
    await call.begin()
    yield call
    server.resume()
    await call.end()
    for client in call.cloud.clients:
        await client.close()
    for instance in call.cloud.instances:
        instance.end()
    await bus.close(0.5)


@pytest.mark.parametrize("stalls_s", [(5.0, 5.0), (3.0,), (8.0,)])
async def test_a_stall_of_nats_removes_no_stream_and_logs_nobody_out(call: Call, stalls_s: tuple[float, ...]) -> None:
    for number, stall_s in enumerate(stalls_s):
        call.cloud.server.pause()
        await asyncio.sleep(stall_s)
        call.cloud.server.resume()
        await call.goes_on(f"after stall {number}")


async def test_a_relay_that_died_in_the_stall_is_noticed_after_it(call: Call) -> None:
    call.cloud.server.pause()
    await call.relay_dies()
    await asyncio.sleep(4.0)
    call.cloud.server.resume()
    await call.bob.until_streams(("ADD", "cam"), ("DELETE", "cam"))


async def test_a_relay_that_dies_while_nats_speaks_is_noticed(call: Call) -> None:
    await call.goes_on("a while")
    await call.relay_dies()
    await call.bob.until_streams(("ADD", "cam"), ("DELETE", "cam"))


@pytest.mark.parametrize("which", [0, 1])
async def test_a_room_service_that_stood_still_holds_no_relay_for_dead(cloud: Cloud, which: int) -> None:
    """Its own clients have longer leases than it was away for; the relay's ran out and was renewed meanwhile."""
    rooms = [await cloud.start_room(relay_grace_s=2) for _ in range(2)]
    renewing = asyncio.create_task(cloud.relay.keep_announced())
    alice, bob = await cloud.join(rooms[0], "r", "alice"), await cloud.join(rooms[1], "r", "bob")
    await alice.publish("cam")
    await bob.until_streams(("ADD", "cam"))
    for number in range(2):
        rooms[which].pause()
        await asyncio.sleep(4.0)
        rooms[which].resume()
        assert "messageAccepted" in await alice.say(f"after {number}")
        await bob.until_texts(*[f"after {each}" for each in range(number + 1)])
    await asyncio.sleep(3.0)  # longer than the grace: whoever would be held for dead is by now
    history = await cloud.history("r")
    assert not [each for each in history if isinstance(each.message, UserLoggedOut | StreamRemoved)]
    renewing.cancel()
    await asyncio.gather(renewing, return_exceptions=True)
    await bob.until_streams(("ADD", "cam"), ("DELETE", "cam"))
