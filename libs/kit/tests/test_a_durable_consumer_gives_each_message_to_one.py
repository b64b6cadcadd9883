"""Any service can read a stream to its end, over its own restarts, together with its other instances."""

import asyncio
from contextlib import aclosing

from salon_contracts.subjects import EVENTS_STREAM
from salon_kit.bus import Bus
from salon_kit.events import Events, stored_event
from salon_kit.jetstream import DurableConsumer, HeldMessage
from salon_kit.testing import Gathered, MakeBus

from .entities import everything, logged_in, user


def reader(bus: Bus, room: str = "lobby") -> DurableConsumer:
    return DurableConsumer(bus.jetstream, EVENTS_STREAM, "audit", [everything(room)], replicas=1)


def name(held: HeldMessage) -> str | None:
    event = stored_event(held.raw)
    assert event is not None
    return event.entity.key


async def test_what_one_has_acknowledged_nobody_gets_and_what_it_held_another_gets(
    bus: Bus, events: Events, make_bus: MakeBus
) -> None:
    for number in range(3):
        await events.append(user(f"u{number}"), logged_in("a"))
    async with aclosing(reader(bus).messages()) as first:
        held = await anext(first)
        assert name(held) == "u0"
        await held.ack()
        assert name(await anext(first)) == "u1"  # and is not acknowledged
    other = await make_bus(node="b")
    async with asyncio.timeout(10), aclosing(reader(other).messages()) as second:
        assert {name(await anext(second)) for _ in range(2)} == {"u1", "u2"}


async def test_instances_share_what_comes(bus: Bus, events: Events, make_bus: MakeBus) -> None:
    taken = Gathered[tuple[int, str | None]]()

    async def take(instance: int, at: Bus) -> None:
        async for held in reader(at).messages():
            taken.add((instance, name(held)))
            await held.ack()

    takers = [asyncio.create_task(take(number, at)) for number, at in enumerate([bus, await make_bus(node="b")])]
    names = {f"u{number}" for number in range(200)}
    for each in names:
        await events.append(user(each), logged_in("a"))
    found = await taken.until(lambda items: len(items) >= len(names))
    for taker in takers:
        taker.cancel()
    await asyncio.gather(*takers, return_exceptions=True)
    assert sorted(str(each) for _, each in found) == sorted(names)


async def test_what_is_not_wanted_is_passed_over(bus: Bus, events: Events) -> None:
    last = 0
    for number in range(5):
        last = await events.append(user(f"u{number}"), logged_in("a"))
    picky = DurableConsumer(
        bus.jetstream, EVENTS_STREAM, "picky", [everything()], replicas=1, wants=lambda raw: raw.sequence == last
    )
    async with asyncio.timeout(10), aclosing(picky.messages()) as messages:
        assert name(await anext(messages)) == "u4"


async def test_one_consumer_can_be_iterated_again(bus: Bus, events: Events) -> None:
    """What was in hand when the first iteration ended comes again, once."""
    for number in range(3):
        await events.append(user(f"u{number}"), logged_in("a"))
    consumer = reader(bus)
    async with asyncio.timeout(10), aclosing(consumer.messages()) as first:
        await anext(first)  # and is not acknowledged
    async with asyncio.timeout(10), aclosing(consumer.messages()) as second:
        again = [await anext(second) for _ in range(3)]
        assert {name(held) for held in again} == {"u0", "u1", "u2"}
        assert all(consumer.holds(held) for held in again)
