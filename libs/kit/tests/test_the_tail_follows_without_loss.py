import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence

import pytest
from nats.aio.msg import Msg
from salon_contracts.errors import BusUnavailable
from salon_contracts.ids import RoomId
from salon_contracts.subjects import room_entity
from salon_kit.bus import Bus
from salon_kit.events import Events, EventTail, StoredEvent
from salon_kit.events.filters import contains, crosses, outermost
from salon_kit.events.tail import FILTERS_PER_SHARD
from salon_kit.jetstream.ordered_consumer import OrderedConsumer
from salon_kit.testing import Gathered, MakeBus, NatsServer

from .entities import APP, everything, logged_in, state, user


class Follower:
    def __init__(self, bus: Bus, heartbeat_s: float = 0.2) -> None:
        self.came: Gathered[StoredEvent] = Gathered()
        self.tail = EventTail(bus, self._take, heartbeat_s=heartbeat_s)

    async def _take(self, event: StoredEvent) -> None:
        self.came.add(event)

    def sequences(self, room: str) -> list[int]:
        return [event.sequence for event in self.came.items if event.entity.room_id == room]


@contextlib.asynccontextmanager
async def following(bus: Bus, *filters: str) -> AsyncIterator[Follower]:
    follower = Follower(bus)
    await follower.tail.start()
    try:
        if filters:
            await follower.tail.follow(*filters)
        yield follower
    finally:
        await follower.tail.close()


def _reaches(sequence: int) -> Callable[[list[StoredEvent]], bool]:
    return lambda items: any(event.sequence >= sequence for event in reversed(items))


def _more_than(count: int) -> Callable[[list[StoredEvent]], bool]:
    return lambda items: len(items) > count


def _times(state: bool, count: int) -> Callable[[list[bool]], bool]:
    return lambda items: items.count(state) == count


async def test_what_is_stored_after_follow_comes_in_order(bus: Bus, events: Events) -> None:
    await events.append(user("before"), logged_in("x"))
    async with following(bus, everything()) as follower:
        for number in range(100):
            await events.append(user(f"u{number % 7}"), logged_in("x"))
            await events.append(user("other", "another room"), logged_in("x"))
        await follower.came.until(lambda items: len(items) == 100)
        assert follower.sequences("lobby") == list(range(2, 202, 2))


async def test_snapshot_and_tail_make_a_whole(bus: Bus, events: Events, make_bus: MakeBus) -> None:
    """Rooms are followed while others write: with the snapshot, every single event is seen."""
    writer = Events(await make_bus())
    appended: dict[str, list[int]] = defaultdict(list)
    stop = asyncio.Event()

    async def write(room: str) -> None:
        number = 0
        while not stop.is_set():
            number += 1
            appended[room].append(await writer.append(user(f"u{number % 5}", room), logged_in("x")))

    rooms = [f"r{number}" for number in range(20)]
    writers = [asyncio.create_task(write(room)) for room in rooms]
    through = {}
    async with following(bus) as follower:
        for room in rooms:
            position = await follower.tail.follow(everything(room))
            through[room] = (await events.snapshot(state(room), at_least_sequence=position)).through_sequence
        stop.set()
        await asyncio.gather(*writers)
        for room in rooms:
            wanted = [sequence for sequence in sorted(appended[room]) if sequence > through[room]]
            await follower.came.until(_reaches(max(appended[room])))
            got = [sequence for sequence in follower.sequences(room) if sequence > through[room]]
            assert got == wanted


async def test_unfollowed_rooms_go_silent_and_others_do_not(bus: Bus, events: Events) -> None:
    async with following(bus, everything("a"), everything("b")) as follower:
        follower.tail.unfollow(everything("a"))
        await follower.tail.follow(everything("c"))  # after its confirmation the removal is in force, too
        for room in ("a", "b", "c"):
            await events.append(user("u", room), logged_in("x"))
        await follower.came.until(lambda items: len(items) == 2)
        assert [event.entity.room_id for event in follower.came.items] == ["b", "c"]


async def test_following_twice_needs_unfollowing_twice(bus: Bus, events: Events) -> None:
    async with following(bus, everything("a"), everything("a")) as follower:
        follower.tail.unfollow(everything("a"))
        await follower.tail.follow(everything("b"))
        await events.append(user("u", "a"), logged_in("x"))
        await follower.came.until(lambda items: len(items) == 1)


async def test_after_the_last_unfollow_it_can_begin_again(bus: Bus, events: Events) -> None:
    async with following(bus, everything("a")) as follower:
        follower.tail.unfollow(everything("a"))
        await bus.flush()
        await events.append(user("u", "a"), logged_in("x"))
        await follower.tail.follow(everything("a"))
        await events.append(user("u", "a"), logged_in("x"))
        await follower.came.until(lambda items: any(event.sequence == 2 for event in items))


async def test_a_filter_within_another_is_followed_once(bus: Bus, events: Events) -> None:
    async with following(bus, everything(), *state()) as follower:
        await events.append(user("u"), logged_in("x"))
        follower.tail.unfollow(everything())
        await follower.tail.follow(room_entity(APP, RoomId("lobby")).subject)
        await events.append(user("u"), logged_in("x"))
        await follower.came.until(lambda items: len(items) == 2)
        assert follower.sequences("lobby") == [1, 2]


async def test_crossing_filters_are_refused(bus: Bus, events: Events) -> None:
    async with following(bus, "salon.evt.v1.7.lobby.*.user.a") as follower:
        with pytest.raises(ValueError, match="cross"):
            await follower.tail.follow("salon.evt.v1.7.lobby.rs_1.*.a")
        with pytest.raises(ValueError, match="cross"):
            await follower.tail.follow("salon.evt.v1.7.x.*.user.a", "salon.evt.v1.7.x.rs_1.*.a")
        for filter_ in ("salon.evt.v1.7.*.*.user.a", "salon.evt.v1.>", "salon.evt.v1.7.lobby"):
            with pytest.raises(ValueError, match="one room"):
                await follower.tail.follow(filter_)


def test_filter_arithmetic() -> None:
    assert contains("a.>", "a.b.c")
    assert contains("a.*", "a.b")
    assert contains("a.*", "a.*")
    assert not contains("a.>", "a")
    assert not contains("a.*", "a.b.c")
    assert not contains("a.b", "a.*")
    assert not contains("a.*.c", "a.>")
    assert crosses("a.*.c", "a.b.*")
    assert crosses("a.*.>", "*.b.>")
    assert not crosses("a.b", "a.c")
    assert not crosses("a.*", "a.b.c")
    assert not crosses("a.>", "a.b")
    assert outermost(["a.>", "a.b", "c"]) == ["a.>", "c"]


async def test_many_rooms_share_few_consumers_and_few_updates(bus: Bus, events: Events) -> None:
    count = FILTERS_PER_SHARD * 2 + 50
    async with following(bus) as follower:
        await asyncio.gather(*(follower.tail.follow(everything(f"r{number}")) for number in range(count)))
        info = await bus.jetstream.api("STREAM.INFO.SALON_EVENTS", timeout_s=2.0)
        assert info["state"]["consumer_count"] == 3
        await asyncio.gather(*(events.append(user("u", f"r{number}"), logged_in("x")) for number in range(count)))
        await follower.came.until(lambda items: len(items) == count)
        assert len({event.sequence for event in follower.came.items}) == count


async def test_nothing_lost_or_doubled_over_kill_and_restart(
    own_nats_server: NatsServer, make_own_bus: MakeBus
) -> None:
    reader, other = await make_own_bus(), await make_own_bus()
    await Events(reader).ensure()
    writer = Events(other)
    states: Gathered[bool] = Gathered()
    other.on_connection(states.add)
    appended: dict[str, list[int]] = defaultdict(list)
    stop = asyncio.Event()

    async def write(room: str) -> None:
        number = 0
        while not stop.is_set():
            number += 1
            appended[room].append(await writer.append(user(f"u{number % 5}", room), logged_in("x"), timeout_s=30.0))

    async with following(reader) as follower:
        rooms = [f"r{number}" for number in range(10)]
        for room in rooms[:5]:
            await follower.tail.follow(everything(room))
        writers = [asyncio.create_task(write(room)) for room in rooms]
        for kill in range(2):
            seen = len(follower.came.items)
            await follower.came.until(_more_than(seen + 200))
            own_nats_server.kill()
            await states.until(_times(False, kill + 1))
            own_nats_server.start()
            await states.until(_times(True, kill + 1))
        await follower.tail.follow(*(everything(room) for room in rooms[5:]), timeout_s=20.0)
        seen = len(follower.came.items)
        await follower.came.until(_more_than(seen + 200))
        stop.set()
        await asyncio.gather(*writers)
        last = {room: max(appended[room]) for room in rooms}
        await follower.came.until(
            lambda items: all(any(e.sequence == last[room] for e in reversed(items)) for room in rooms)
        )
        for room in rooms[:5]:
            assert follower.sequences(room) == sorted(appended[room])
        for room in rooms[5:]:
            got = follower.sequences(room)
            assert got == sorted(set(got))
            assert got == [sequence for sequence in sorted(appended[room]) if sequence >= got[0]]


async def test_a_deleted_consumer_is_made_anew(bus: Bus, events: Events) -> None:
    async with following(bus, everything()) as follower:
        await events.append(user("u"), logged_in("x"))
        names = await bus.jetstream.api("CONSUMER.NAMES.SALON_EVENTS", {}, timeout_s=2.0)
        for name in names["consumers"]:
            await bus.jetstream.api(f"CONSUMER.DELETE.SALON_EVENTS.{name}", timeout_s=2.0)
        await events.append(user("u"), logged_in("x"))
        await follower.came.until(lambda items: len(items) == 2)
        assert follower.sequences("lobby") == [1, 2]


async def test_a_hole_is_noticed_and_filled(bus: Bus, events: Events) -> None:
    async with following(bus, everything()) as follower:
        reader = follower.tail._shards[0]._reader
        assert reader is not None
        await events.append(user("u"), logged_in("x"))
        await follower.came.until(lambda items: len(items) == 1)
        real, dropped = reader._queue.put_nowait, asyncio.Event()

        def lossy(item: tuple[str, Msg]) -> None:
            if item[1].data and not dropped.is_set():
                dropped.set()
                return
            real(item)

        reader._queue.put_nowait = lossy  # type: ignore[method-assign]
        await events.append(user("u"), logged_in("x"))
        await asyncio.wait_for(dropped.wait(), 5.0)
        await follower.came.until(lambda items: len(items) == 2)  # the heartbeat told
        assert follower.sequences("lobby") == [1, 2]


async def test_what_is_no_delivery_is_passed_over(bus: Bus, events: Events) -> None:
    async with following(bus, everything()) as follower:
        reader = follower.tail._shards[0]._reader
        assert reader is not None
        for reply in ("", "$JS.ACK.SALON_EVENTS.tail.1.x.1.1.0"):
            await bus.connection.publish(reader._inbox, b"junk", reply=reply)
        await events.append(user("u"), logged_in("x"))
        await follower.came.until(lambda items: len(items) == 1)


async def test_followers_of_one_moment_share_an_update(
    bus: Bus, events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first call goes out at once, those that come while it is on its way go with the next."""
    updates: Gathered[int] = Gathered()
    real = OrderedConsumer.set_filters

    async def counted(self: OrderedConsumer, filters: Sequence[str], timeout_s: float = 3.0) -> int:
        updates.add(len(filters))
        return await real(self, filters, timeout_s)

    monkeypatch.setattr(OrderedConsumer, "set_filters", counted)
    async with following(bus) as follower:
        first = asyncio.create_task(follower.tail.follow(everything("r0")))
        await updates.until(lambda items: len(items) == 1)
        await asyncio.gather(first, *(follower.tail.follow(everything(f"r{number}")) for number in range(1, 20)))
        assert updates.items == [1, 20]
        # Who goes makes nobody wait: the change is for later.
        follower.tail.unfollow(everything("r0"))
        await follower.tail.follow(everything("r20"))
        assert updates.items == [1, 20, 20]


async def test_a_failing_callback_harms_only_its_event(bus: Bus, events: Events) -> None:
    came: Gathered[int] = Gathered()

    async def take(event: StoredEvent) -> None:
        came.add(event.sequence)
        if event.sequence == 1:
            raise ValueError

    tail = EventTail(bus, take)
    await tail.start()
    await tail.follow(everything())
    await events.append(user("u"), logged_in("x"))
    await events.append(user("u"), logged_in("x"))
    await came.until(lambda items: items == [1, 2])
    await tail.close()
    await tail.close()


async def test_a_slow_callback_loses_nothing(bus: Bus, events: Events) -> None:
    """More than the server's flow control lets through at once waits in the stream."""
    came: Gathered[int] = Gathered()
    gate = asyncio.Event()

    async def take(event: StoredEvent) -> None:
        await gate.wait()
        came.add(event.sequence)

    tail = EventTail(bus, take, heartbeat_s=0.2)
    await tail.start()
    await tail.follow(everything())
    big = "x" * 60_000
    await asyncio.gather(*(events.append(user("u"), logged_in("u", big), timeout_s=20.0) for _ in range(700)))
    gate.set()
    await came.until(lambda items: len(items) == 700)
    assert came.items == sorted(came.items)
    await tail.close()


async def test_follow_without_nats_ends_at_its_deadline(own_nats_server: NatsServer, make_own_bus: MakeBus) -> None:
    bus = await make_own_bus()
    await Events(bus).ensure()
    async with following(bus) as follower:
        own_nats_server.kill()
        with pytest.raises(BusUnavailable):
            await follower.tail.follow(everything(), timeout_s=0.2)
        own_nats_server.start()
        await follower.tail.follow(everything(), timeout_s=20.0)
        await Events(bus).append(user("u"), logged_in("x"), timeout_s=20.0)
        await follower.came.until(lambda items: len(items) == 1)
