"""The silence of others counts only while NATS answers: neither its stall nor our own is a silence of theirs."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from salon_kit.buckets import Entry, Expired, LeaseBucket
from salon_kit.bus import Bus
from salon_kit.clock import NANOSECONDS
from salon_kit.identity import Identity
from salon_kit.nats.contact import Contact
from salon_kit.testing import Gathered, NatsServer

STALL_S = 3.0
PATIENT_PING_S = 60.0
"""No stall of these tests costs the connection."""


def at(seconds: float) -> int:
    return int(seconds * NANOSECONDS)


def test_heard_without_a_gap_since_the_first_answer() -> None:
    contact = Contact(gap_s=1.0)
    assert (contact.since_ns(at(5)), contact.for_s(at(5))) == (None, 0.0)
    for quarter in range(20, 41):
        assert contact.answered(at(quarter / 4)) == 0.0
    assert (contact.since_ns(at(10)), contact.for_s(at(10))) == (at(5), 5.0)


def test_a_gap_shows_before_the_answer_that_ends_it() -> None:
    contact = Contact(gap_s=1.0)
    contact.answered(at(0))
    assert contact.for_s(at(1.0)) == 1.0
    assert contact.since_ns(at(1.1)) is None
    assert contact.for_s(at(1.1)) == 0.0


def test_after_a_gap_it_begins_anew() -> None:
    contact = Contact(gap_s=1.0)
    contact.answered(at(0))
    assert contact.answered(at(5)) == 5.0
    assert contact.answered(at(5)) == 0.0  # what waited in the socket comes all at once
    assert (contact.since_ns(at(5.5)), contact.for_s(at(5.5))) == (at(5), 0.5)


def test_a_lost_connection_is_a_gap_however_short() -> None:
    contact = Contact(gap_s=1.0)
    contact.answered(at(0))
    contact.lost()
    assert contact.since_ns(at(0.1)) is None
    assert contact.answered(at(0.2)) == 0.0
    assert contact.since_ns(at(0.3)) == at(0.2)


@pytest_asyncio.fixture
async def patient_bus(own_nats_server: NatsServer) -> AsyncIterator[Bus]:
    settings = own_nats_server.settings.model_copy(update={"ping_interval_s": PATIENT_PING_S})
    bus = await Bus.connect(settings, Identity.start("test", "patient"))
    yield bus
    await bus.close(0.5)


async def test_a_stall_of_nats_is_a_gap_and_no_lost_connection(patient_bus: Bus, own_nats_server: NatsServer) -> None:
    first = await patient_bus.wait_in_contact_for(0.1)
    own_nats_server.pause()
    async with asyncio.timeout(15):
        while patient_bus.in_contact_for(0.0):  # noqa: ASYNC110  # silence tells nobody that it has begun
            await asyncio.sleep(0.05)
    assert patient_bus.connected
    own_nats_server.resume()
    async with asyncio.timeout(15):
        assert await patient_bus.wait_in_contact_for(0.5) != first


async def test_a_loop_that_stood_still_has_heard_nothing(bus: Bus) -> None:
    await bus.wait_in_contact_for(0.1)
    time.sleep(1.5)  # noqa: ASYNC251  # as something that blocks the loop, or SIGSTOP, does
    assert not bus.in_contact_for(0.0)
    async with asyncio.timeout(15):
        await bus.wait_in_contact_for(0.3)


@pytest.mark.parametrize("owner_lives", [True, False])
async def test_what_ran_out_in_a_stall_is_handed_out_only_if_its_owner_stays_away(
    patient_bus: Bus, own_nats_server: NatsServer, owner_lives: bool
) -> None:
    leases = LeaseBucket(patient_bus, "leases", marker_ttl_s=60)
    await leases.ensure()
    taken: Gathered[Expired] = Gathered()

    async def take() -> None:
        async for expired in leases.expirations("takers", grace_s=2.0):
            taken.add(expired)
            await expired.ack()

    async def renew(entry: Entry) -> None:
        while True:
            entry = await leases.renew(entry, 1, timeout_s=15)
            await asyncio.sleep(0.2)

    taking = asyncio.create_task(take())
    kept = Entry("kept", b"", await leases.put("kept", b"", 1))
    renewing = asyncio.create_task(renew(kept))
    await patient_bus.wait_in_contact_for(2.0)
    own_nats_server.pause()
    await asyncio.sleep(STALL_S)
    if not owner_lives:
        renewing.cancel()
        await asyncio.gather(renewing, return_exceptions=True)
    own_nats_server.resume()
    # Written after the stall and never renewed: when it is handed out, what ran out in the stall would have been.
    await leases.put("later", b"", 1, timeout_s=15)
    items = await taken.until(lambda items: any(each.key == "later" for each in items))
    keys = [each.key for each in items]
    assert keys == (["later"] if owner_lives else ["kept", "later"])
    for task in (taking, renewing):
        task.cancel()
    await asyncio.gather(taking, renewing, return_exceptions=True)
