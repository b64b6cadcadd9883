"""NATS keeps its store on a disk of 24 MB that fills: by events until JetStream takes no more, or by something else."""

import asyncio
import contextlib
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from salon.room.v1.events_pb2 import StreamRemoved, UserLoggedOut
from salon_contracts.subjects import EVENTS_STREAM
from salon_kit.bus import Bus
from salon_kit.events import Events
from salon_kit.identity import Identity
from salon_kit.testing import NatsServer

from .client import Client, eventually
from .conftest import Cloud
from .processes import RoomProcess
from .responders import RelayResponder, TokenResponder

PRESENCE_TTL_S = 2


class SmallDisk:
    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._filler = directory / "filler"

    def fill(self) -> None:
        with self._filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(b"0" * 4096)

    def free(self) -> None:
        self._filler.unlink()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    directory = tmp_path / "disk"
    directory.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(directory)]
    try:
        mounted = subprocess.run(mounting, capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no mount: a disk that fills needs one of its own")
    if mounted.returncode:
        pytest.skip(f"a disk that fills needs the right to mount one: {mounted.stderr.decode().strip()}")
    yield SmallDisk(directory)
    subprocess.run(["umount", "--lazy", str(directory)], check=True)


class Call:
    def __init__(self, cloud: Cloud, room: RoomProcess, alice: Client, bob: Client) -> None:
        self.cloud, self.room, self.alice, self.bob = cloud, room, alice, bob
        self._beating = asyncio.create_task(self._beat())

    async def _beat(self) -> None:
        while True:
            for client in (self.alice, self.bob):
                await client.send_text('{"heartbeat": {}}')
            await asyncio.sleep(0.3)

    async def not_ready(self) -> str:
        """What `/readyz` says once it says no."""
        async with asyncio.timeout(30), httpx.AsyncClient() as http:
            while True:
                reasons = (await http.get(f"{self.room.http}/readyz")).json()["reasons"]
                if "storage" in reasons:
                    return str(reasons["storage"])
                await asyncio.sleep(0.1)

    async def nobody_was_logged_out(self) -> None:
        gone = [e for e in await self.cloud.history("r") if isinstance(e.message, UserLoggedOut | StreamRemoved)]
        assert gone == []
        assert (self.alice.close_code, self.bob.close_code) == (None, None)

    async def goes_on(self) -> None:
        await self.room.ready()
        await eventually(lambda: self.alice.say("back"), "messageAccepted", timeout_s=30)
        await self.bob.until_texts("before", "back")
        # Whoever could be logged out is after the grace: then a stranger who really went is.
        stranger = await self.cloud.join(self.room, "elsewhere", "ghost")
        await stranger.close()
        async with asyncio.timeout(30):
            while not await self._is_logged_out("elsewhere"):  # noqa: ASYNC110  # seen in what is stored
                await asyncio.sleep(0.2)
        await self.nobody_was_logged_out()
        lines = self.room.log.read_text().splitlines()
        for event in ("storage-refuses", "storage-works-again"):
            assert 1 <= sum(f'"{event}"' in line and EVENTS_STREAM in line for line in lines) <= 3

    async def _is_logged_out(self, room_id: str) -> bool:
        return any(isinstance(event.message, UserLoggedOut) for event in await self.cloud.history(room_id))

    async def end(self) -> None:
        self._beating.cancel()
        await asyncio.gather(self._beating, return_exceptions=True)


@pytest_asyncio.fixture
async def call(disk: SmallDisk, tmp_path: Path) -> AsyncIterator[Call]:
    server = NatsServer(disk.directory / "nats")
    server.settings = server.settings.model_copy(update={"events_max_bytes": -1})
    server.start()
    bus = await Bus.connect(server.settings, Identity.start("test", "own"))
    events = Events(bus)
    await events.ensure()
    await TokenResponder().serve(bus)
    relay = RelayResponder(bus, events)
    await relay.serve()
    cloud = Cloud(server, bus, events, relay, tmp_path)
    settings = {"presence_ttl_s": PRESENCE_TTL_S, "heartbeat_interval_s": 0.5, "expiry_grace_s": 2}
    room = await cloud.start_room(**settings)
    alice, bob = await cloud.join(room, "r", "alice"), await cloud.join(room, "r", "bob")
    await alice.publish("cam")
    await bob.until_streams(("ADD", "cam"))
    await alice.say("before")
    call = Call(cloud, room, alice, bob)
    yield call
    await call.end()
    for client in cloud.clients:
        await client.close()
    for instance in cloud.instances:
        instance.end()
    await bus.close(0.5)
    server.kill()


async def append_until_refused(bus: Bus, data: bytes) -> None:
    while b'"error"' not in (await bus.connection.roundtrip("salon.evt.v1.9.x.y.message.z", data, timeout_s=5)).data:
        pass


async def test_what_jetstream_takes_no_more_it_takes_again_when_there_is_room(call: Call) -> None:
    for size in (64_000, 1_000, 1):
        await append_until_refused(call.cloud.bus, b"x" * size)
    refused = (await call.alice.say("too much"))["failed"]
    assert (refused["reason"], refused["retryable"]) == ("bus-unavailable", True)
    assert EVENTS_STREAM in await call.not_ready()
    await asyncio.sleep(3 * PRESENCE_TTL_S)  # longer than anybody's lease
    await call.nobody_was_logged_out()
    await call.cloud.bus.jetstream.purge(EVENTS_STREAM, "salon.evt.v1.9.>", below=10**9, timeout_s=5)
    await call.goes_on()


async def test_a_disk_without_space_takes_again_when_nats_is_restarted(call: Call, disk: SmallDisk) -> None:
    disk.fill()
    with contextlib.suppress(TimeoutError):  # what is left of the block that is being written
        while True:
            await call.cloud.bus.connection.roundtrip("salon.evt.v1.9.x.y.message.z", b"x" * 1000, timeout_s=2)
    refused = (await call.alice.say("too much"))["failed"]
    assert (refused["reason"], refused["retryable"]) == ("bus-unavailable", True)
    assert EVENTS_STREAM in await call.not_ready()
    await asyncio.sleep(3 * PRESENCE_TTL_S)  # longer than anybody's lease
    assert (call.alice.close_code, call.bob.close_code) == (None, None)
    disk.free()
    call.cloud.server.stop()
    call.cloud.server.start()
    await call.cloud.bus.wait_connected(10)
    await call.goes_on()


async def test_a_stream_that_is_full_takes_again_when_it_may_hold_more(call: Call) -> None:
    jetstream = call.cloud.bus.jetstream
    info = await jetstream.api(f"STREAM.INFO.{EVENTS_STREAM}", timeout_s=5)
    config = info["config"] | {"max_bytes": info["state"]["bytes"] + 10}
    await jetstream.api(f"STREAM.UPDATE.{EVENTS_STREAM}", config, timeout_s=5)
    refused = (await call.alice.say("too much"))["failed"]
    assert (refused["reason"], refused["retryable"]) == ("bus-unavailable", True)
    assert "maximum bytes" in await call.not_ready()
    await asyncio.sleep(3 * PRESENCE_TTL_S)
    await jetstream.api(f"STREAM.UPDATE.{EVENTS_STREAM}", info["config"], timeout_s=5)
    await call.goes_on()
