"""A lease with the load, renewed; one name for one process; gone when the relay is."""

import asyncio
from collections.abc import Callable

import pytest
from salon.relay.v1.relay_pb2 import RelayAnnouncement
from salon_contracts.ids import RelayId
from salon_contracts.subjects import RELAYS_BUCKET
from salon_kit.buckets import LeaseBucket
from salon_kit.bus import Bus
from salon_kit.identity import Identity
from salon_kit.testing import NatsServer
from salon_relay import announce
from salon_relay.announce import Announcer, RelayIdTaken

NAME = RelayId("relay-1")


def announcing(epoch: str, load: list[int] | None = None) -> Callable[[], RelayAnnouncement]:
    return lambda: RelayAnnouncement(relay_id=NAME, epoch=epoch, packets_per_s=sum(load or []))


async def read(leases: LeaseBucket) -> RelayAnnouncement | None:
    entry = await leases.get(NAME)
    return None if entry is None else RelayAnnouncement.FromString(entry.value)


async def until(leases: LeaseBucket, condition: Callable[[RelayAnnouncement | None], bool]) -> None:
    async with asyncio.timeout(20), leases.watch() as watch:
        if condition(await read(leases)):
            return
        async for _ in watch:
            if condition(await read(leases)):
                return


async def bucket(bus: Bus) -> LeaseBucket:
    leases = LeaseBucket(bus, RELAYS_BUCKET)
    await leases.ensure()
    return leases


async def test_announced_renewed_and_withdrawn(bus: Bus) -> None:
    leases = await bucket(bus)
    load: list[int] = []
    announcer = Announcer(leases, NAME, announcing("e1", load), ttl_s=2)
    await announcer.start()
    found = await read(leases)
    assert found is not None
    assert found.epoch == "e1"
    running = asyncio.create_task(announcer.run())
    load.append(7)
    announcer.announce_now()
    await until(leases, lambda found: found is not None and found.packets_per_s == 7)
    running.cancel()
    await announcer.withdraw()
    assert await read(leases) is None


async def test_name_of_a_living_relay_is_refused(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    leases = await bucket(bus)
    first = Announcer(leases, NAME, announcing("e1"), ttl_s=1)
    await first.start()
    running = asyncio.create_task(first.run())
    with pytest.raises(RelayIdTaken, match="relay-1"):
        await Announcer(leases, NAME, announcing("e2"), ttl_s=1).start()
    running.cancel()


async def test_name_of_a_dead_relay_is_taken_over(bus: Bus) -> None:
    leases = await bucket(bus)
    await Announcer(leases, NAME, announcing("e1"), ttl_s=1).start()
    await Announcer(leases, NAME, announcing("e2"), ttl_s=1).start()
    found = await read(leases)
    assert found is not None
    assert found.epoch == "e2"


async def test_name_taken_later_is_noticed(bus: Bus) -> None:
    leases = await bucket(bus)
    announcer = Announcer(leases, NAME, announcing("e1"), ttl_s=1)
    await announcer.start()
    await leases.put(NAME, announcing("e2")().SerializeToString(), 10)
    with pytest.raises(RelayIdTaken):
        async with asyncio.timeout(20):
            await announcer.run()


async def test_acknowledgement_that_was_lost_is_no_rival(bus: Bus) -> None:
    leases = await bucket(bus)
    load: list[int] = []
    announcer = Announcer(leases, NAME, announcing("e1", load), ttl_s=2)
    await announcer.start()
    await leases.put(NAME, announcing("e1")().SerializeToString(), 2)  # stored, but the announcer does not know
    running = asyncio.create_task(announcer.run())
    load.append(9)
    await until(leases, lambda found: found is not None and found.packets_per_s == 9)
    running.cancel()


async def test_outage_of_the_bus_is_survived(own_nats_server: NatsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    bus = await Bus.connect(own_nats_server.settings, Identity.start("relay", "node-a"))
    leases = await bucket(bus)
    failures = asyncio.Event()
    monkeypatch.setattr(announce.log, "warning", lambda *_, **__: failures.set())
    load: list[int] = []
    announcer = Announcer(leases, NAME, announcing("e1", load), ttl_s=1)
    await announcer.start()
    running = asyncio.create_task(announcer.run())
    own_nats_server.kill()
    async with asyncio.timeout(20):
        await failures.wait()
    own_nats_server.start()
    await bus.wait_connected(20)
    load.append(3)
    await until(leases, lambda found: found is not None and found.packets_per_s == 3)
    running.cancel()
    await bus.close()
