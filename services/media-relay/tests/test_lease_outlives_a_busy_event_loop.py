"""Whatever the relay's event loop does, its lease is renewed beside it, unless the loop does nothing any more."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import Future
from typing import Any

import pytest
import pytest_asyncio
from salon.relay.v1.relay_pb2 import RelayAnnouncement
from salon_contracts.ids import RelayId
from salon_contracts.subjects import RELAYS_BUCKET
from salon_kit.buckets import LeaseBucket
from salon_kit.bus import Bus
from salon_kit.identity import Identity
from salon_kit.testing import Gathered, NatsServer
from salon_relay.announce import RelayIdTaken
from salon_relay.announcer_thread import AnnouncerThread

NAME = RelayId("relay-1")
TTL_S = 2
BUSY_S = 2.0 * TTL_S

Changes = Gathered[tuple[str, RelayAnnouncement]]


class RelayLoop:
    """A thread with the event loop of a relay, which the test holds up while it looks on from another one."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    async def do(self, work: Coroutine[Any, Any, None]) -> None:
        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self.loop))

    def start(self, work: Coroutine[Any, Any, None]) -> "Future[None]":
        return asyncio.run_coroutine_threadsafe(work, self.loop)

    async def hold_up(self, how: Callable[[], None]) -> None:
        """Returns when `how`, called on the loop, has returned."""
        held: Future[None] = Future()

        def call() -> None:
            how()
            held.set_result(None)

        self.loop.call_soon_threadsafe(call)
        await asyncio.wrap_future(held)

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()


@pytest_asyncio.fixture
async def changes(bus: Bus) -> AsyncIterator[Changes]:
    """What happens to the lease, each change of it."""
    leases = LeaseBucket(bus, RELAYS_BUCKET)
    await leases.ensure()
    seen: Changes = Gathered()

    async def follow() -> None:
        async for change in watch:
            seen.add((change.kind, RelayAnnouncement.FromString(change.value)))

    async with leases.watch() as watch:
        following = asyncio.create_task(follow())
        yield seen
        following.cancel()


def announcer_of(server: NatsServer, load: list[int], **changes: float) -> AnnouncerThread:
    return AnnouncerThread(
        server.settings,
        Identity.start("relay", "node-a"),
        NAME,
        lambda: RelayAnnouncement(relay_id=NAME, epoch="e1", packets_per_s=sum(load)),
        ttl_s=TTL_S,
        stall_timeout_s=changes.get("stall_timeout_s", 30.0),
    )


def sleep() -> None:
    time.sleep(BUSY_S)


def spin() -> None:
    end_s = time.monotonic() + BUSY_S
    while time.monotonic() < end_s:
        pass


def compute() -> None:
    end_s = time.monotonic() + BUSY_S
    while time.monotonic() < end_s:
        sorted(range(100_000), key=lambda number: -number)


@pytest.mark.parametrize("how", [sleep, spin, compute])
async def test_lease_stays_while_the_loop_is_held_up(
    nats_server: NatsServer, changes: Changes, how: Callable[[], None]
) -> None:
    relay = RelayLoop()
    load = [1]
    announcer = announcer_of(nats_server, load)
    await relay.do(announcer.start())
    running = relay.start(announcer.run())
    await relay.hold_up(how)
    load.append(6)  # shows that the loop is heard again
    seen = await changes.until(lambda items: bool(items) and items[-1][1].packets_per_s == 7)
    assert {kind for kind, _ in seen} == {"put"}
    running.cancel()
    await relay.do(announcer.withdraw())
    await changes.until(lambda items: items[-1][0] == "deleted")
    relay.close()


async def test_lease_of_a_dead_loop_runs_out_and_comes_back_with_it(nats_server: NatsServer, changes: Changes) -> None:
    relay = RelayLoop()
    announcer = announcer_of(nats_server, [1], stall_timeout_s=1.0)
    await relay.do(announcer.start())
    running = relay.start(announcer.run())
    alive = threading.Event()
    held = asyncio.create_task(relay.hold_up(lambda: assert_waited(alive)))
    await changes.until(lambda items: bool(items) and items[-1][0] == "expired")
    alive.set()
    await held
    await changes.until(lambda items: items[-1][0] == "put")
    running.cancel()
    await relay.do(announcer.withdraw())
    relay.close()


def assert_waited(alive: threading.Event) -> None:
    assert alive.wait(60)


async def test_news_are_announced_at_once(nats_server: NatsServer, changes: Changes) -> None:
    load = [1]
    announcer = announcer_of(nats_server, load)
    await announcer.start()
    load.append(2)
    announcer.announce_now()  # without `run`: nothing else would bring the figure there
    await changes.until(lambda items: bool(items) and items[-1][1].packets_per_s == 3)
    await announcer.withdraw()
    await changes.until(lambda items: items[-1][0] == "deleted")


async def test_rival_ends_the_relay(nats_server: NatsServer, bus: Bus, changes: Changes) -> None:
    announcer = announcer_of(nats_server, [1])
    await announcer.start()
    rival = RelayAnnouncement(relay_id=NAME, epoch="e2").SerializeToString()
    await LeaseBucket(bus, RELAYS_BUCKET).put(NAME, rival, 60)
    with pytest.raises(RelayIdTaken):
        async with asyncio.timeout(20):
            await announcer.run()
    await announcer.withdraw()  # what has ended is not waited for
    assert all(kind == "put" for kind, _ in changes.items)
