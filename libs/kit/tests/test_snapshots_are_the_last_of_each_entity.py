import asyncio

import pytest
from salon.room.v1.events_pb2 import StreamAdded, UserLoggedOut
from salon_contracts.errors import BusUnavailable
from salon_contracts.subjects import Entity
from salon_kit.bus import Bus
from salon_kit.events import Events
from salon_kit.testing import MakeBus, NatsServer

from .entities import everything, logged_in, state, user


async def test_an_empty_room(events: Events) -> None:
    await events.append(user("a", "another room"), logged_in("a"))
    snapshot = await events.snapshot(state())
    assert snapshot.events == []
    assert snapshot.through_sequence == 0
    assert (await events.snapshot([])).events == []


async def test_the_last_of_each_in_order(events: Events) -> None:
    for _ in range(3):
        for name in ("a", "b", "c"):
            await events.append(user(name), logged_in(name))
    await events.append(user("b"), UserLoggedOut(user_id="b"))
    stream = Entity(user("a").app_id, user("a").room_id, user("a").room_session_id, "stream", "s1")
    await events.append(stream, StreamAdded(stream_id="s1"))
    await events.append(user("x", "another room"), logged_in("x"))
    snapshot = await events.snapshot(state())
    assert [(event.sequence, event.entity.key) for event in snapshot.events] == [
        (7, "a"),
        (9, "c"),
        (10, "b"),
        (11, "s1"),
    ]
    assert snapshot.through_sequence == 11


async def test_a_large_one_is_complete(events: Events) -> None:
    count = 3500  # several pulls
    for start in range(0, count, 500):
        await asyncio.gather(*(events.append(user(f"u{n}"), logged_in(f"u{n}")) for n in range(start, start + 500)))
    snapshot = await events.snapshot(state())
    assert len(snapshot.events) == count
    assert [event.sequence for event in snapshot.events] == sorted(event.sequence for event in snapshot.events)
    assert {event.entity.key for event in snapshot.events} == {f"u{n}" for n in range(count)}


async def test_it_ends_while_others_write(events: Events) -> None:
    await asyncio.gather(*(events.append(user(f"u{n}"), logged_in("u")) for n in range(200)))
    stop = asyncio.Event()

    async def write() -> None:
        while not stop.is_set():
            await asyncio.gather(*(events.append(user(f"u{n}"), logged_in("u")) for n in range(20)))

    writer = asyncio.create_task(write())
    for _ in range(20):
        before = await events.last(user("u0"))
        snapshot = await events.snapshot(state())
        assert {event.entity.key for event in snapshot.events} == {f"u{n}" for n in range(200)}
        assert before is not None
        assert snapshot.through_sequence >= before.sequence
    stop.set()
    await writer


async def test_what_came_after(events: Events) -> None:
    for number in range(10):
        await events.append(user(f"u{number}"), logged_in("u"))
        await events.append(user("x", "another room"), logged_in("x"))
    assert [event.sequence for event in await events.read_after([everything()], 15)] == [17, 19]
    assert [event.sequence for event in await events.read_after([everything()], 0, max_events=3)] == [1, 3, 5]
    assert await events.read_after([everything()], 19) == []
    assert await events.read_after([everything()], 1000) == []


async def test_no_consumer_stays_behind(bus: Bus, events: Events) -> None:
    await events.append(user("a"), logged_in("a"))
    await asyncio.gather(*(events.snapshot(state()) for _ in range(20)))
    async with asyncio.timeout(4.0):  # less than what the server itself needs to forget them
        while (await bus.jetstream.api("STREAM.INFO.SALON_EVENTS", timeout_s=2.0))["state"]["consumer_count"]:
            pass


async def test_a_stale_replica_is_recognised(bus: Bus, events: Events) -> None:
    """What the leader says decides whether a snapshot that ends before `at_least_sequence` is whole."""
    await events.append(user("a"), logged_in("a"))
    await events.append(user("x", "another room"), logged_in("x"))
    bus.settings = bus.settings.model_copy(update={"replicas": 3})
    assert (await events.snapshot(state(), at_least_sequence=2)).through_sequence == 1
    forever = asyncio.get_running_loop().time() + 60
    assert not await events._is_current([everything("another room")], 0, 2, forever)
    assert await events._is_current([everything("another room")], 0, 1, forever)


async def test_a_silent_server_ends_it_at_the_deadline(own_nats_server: NatsServer, make_own_bus: MakeBus) -> None:
    events = Events(await make_own_bus())
    await events.ensure()
    own_nats_server.pause()
    with pytest.raises(BusUnavailable):
        await events.snapshot(state(), timeout_s=0.3)
    own_nats_server.resume()
