import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
from salon.room.v1.events_pb2 import RoomClosed, UserLoggedIn
from salon_contracts.errors import BusUnavailable, InvariantBroken
from salon_kit.bus import Bus
from salon_kit.events import Events, Outbox
from salon_kit.testing import MakeBus, NatsServer

from .entities import everything, logged_in, user


@contextlib.asynccontextmanager
async def running(outbox: Outbox) -> AsyncIterator[None]:
    task = asyncio.create_task(outbox.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_what_is_put_is_appended_in_order(events: Events) -> None:
    outbox = Outbox(events)
    async with running(outbox):
        for number in range(300):
            outbox.put(user(f"u{number % 10}"), logged_in("u", str(number)), cause_id="cause")
        assert outbox.waiting == 300
        assert await outbox.flush(20.0) == 0
    stored = await events.read_after([everything()], 0)
    assert len(stored) == 300
    for key in range(10):
        numbers = [_number(event.message) for event in stored if event.entity.key == f"u{key}"]
        assert numbers == list(range(key, 300, 10))
    assert sorted(event.envelope.node_sequence for event in stored) == list(range(1, 301))
    assert {event.envelope.cause_id for event in stored} == {"cause"}


def _number(message: object) -> int:
    assert isinstance(message, UserLoggedIn)
    return int(message.session_id)


async def test_an_outage_delays_and_loses_nothing(own_nats_server: NatsServer, make_own_bus: MakeBus) -> None:
    bus = await make_own_bus()
    events = Events(bus)
    await events.ensure()
    outbox = Outbox(events)
    lost = asyncio.Event()
    bus.on_connection(lambda up: None if up else lost.set())
    async with running(outbox):
        outbox.put(user("a"), logged_in("a", "0"))
        assert await outbox.flush() == 0
        own_nats_server.kill()
        await asyncio.wait_for(lost.wait(), 5.0)
        for number in range(1, 20):
            outbox.put(user("a"), logged_in("a", str(number)))
        assert await outbox.flush(0.1) == 19
        own_nats_server.start()
        assert await outbox.flush(20.0) == 0
    stored = await events.read_after([everything()], 0)
    assert [_number(event.message) for event in stored] == list(range(20))


async def test_what_the_caller_changes_later_is_not_sent(events: Events) -> None:
    outbox = Outbox(events)
    message = logged_in("a", "then")
    outbox.put(user("a"), message)
    message.session_id = "now"
    async with running(outbox):
        assert await outbox.flush() == 0
    last = await events.last(user("a"))
    assert last is not None
    assert last.message == logged_in("a", "then")
    assert last.envelope.time_unix_ns <= last.stored_at_unix_ns


async def test_a_full_one_refuses(events: Events) -> None:
    outbox = Outbox(events, max_events=2)
    outbox.put(user("a"), logged_in("a"))
    outbox.put(user("b"), logged_in("b"))
    with pytest.raises(BusUnavailable):
        outbox.put(user("c"), logged_in("c"))
    assert outbox.waiting == 2


async def test_run_again_it_goes_on_where_it_was(bus: Bus, events: Events) -> None:
    outbox = Outbox(events)
    outbox.put(user("a"), logged_in("a"))
    async with running(outbox):
        assert await outbox.flush() == 0
    outbox.put(user("a"), logged_in("a"))
    async with running(outbox):
        assert await outbox.flush() == 0
    assert len(await events.read_after([everything()], 0)) == 2


async def test_only_events_are_taken(events: Events) -> None:
    with pytest.raises(InvariantBroken):
        Outbox(events).put(user("a"), RoomClosed())
