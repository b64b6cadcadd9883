import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator

import pytest
from salon_contracts.errors import Conflict
from salon_kit.buckets import Change, Entry, Expired, LeaseBucket
from salon_kit.bus import Bus
from salon_kit.testing import Gathered, MakeBus, NatsServer


async def make(bus: Bus, marker_ttl_s: int = 60) -> LeaseBucket:
    leases = LeaseBucket(bus, "leases", marker_ttl_s=marker_ttl_s)
    await leases.ensure()
    await leases.ensure()
    return leases


class Taker:
    """One process that takes expiries and, if `handles`, acknowledges them."""

    def __init__(
        self,
        leases: LeaseBucket,
        *,
        handles: bool = True,
        ack_wait_s: float = 5.0,
        grace_s: float = 0.0,
        also: Gathered[Expired] | None = None,
    ) -> None:
        self._also = also
        self.taken: Gathered[Expired] = Gathered()
        self._expirations = leases.expirations("takers", ack_wait_s=ack_wait_s, grace_s=grace_s)
        self._handles = handles
        self._task = asyncio.create_task(self._take())

    async def _take(self) -> None:
        async for expired in self._expirations:
            if self._handles:
                await expired.ack()
            self.taken.add(expired)
            if self._also is not None:
                self._also.add(expired)

    async def stop(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self._expirations.aclose()


@contextlib.asynccontextmanager
async def taking(*takers: Taker) -> AsyncIterator[None]:
    try:
        yield
    finally:
        for taker in takers:
            await taker.stop()


async def test_a_lease_is_there_until_it_runs_out(bus: Bus) -> None:
    leases = await make(bus)
    async with leases.watch("7") as watch:
        changes = aiter(watch)
        revision = await leases.put("7.a", b"me", 1, expected_revision=0)
        assert await leases.get("7.a") == Entry("7.a", b"me", revision)
        assert await leases.entries() == [Entry("7.a", b"me", revision)]
        with pytest.raises(Conflict):
            await leases.put("7.a", b"you", 1, expected_revision=0)
        assert (await anext(changes)).kind == "put"
        assert await asyncio.wait_for(anext(changes), 10.0) == Change("expired", "7.a", b"", revision + 1)
    assert await leases.get("7.a") is None
    assert await leases.entries() == []
    assert await leases.put("7.a", b"you", 1, expected_revision=0) > revision


async def test_renewed_it_stays(bus: Bus) -> None:
    leases = await make(bus)
    short = Entry("short", b"x", await leases.put("short", b"x", 1))
    renewed = await leases.renew(short, 60)
    assert renewed.revision > short.revision
    await leases.put("other", b"x", 1)
    async with leases.watch() as watch:
        change = await asyncio.wait_for(anext(aiter(watch)), 10.0)
        assert (change.kind, change.key) == ("expired", "other")
    assert await leases.get("short") == renewed


async def test_somebody_else_has_it(bus: Bus) -> None:
    leases = await make(bus)
    mine = Entry("k", b"me", await leases.put("k", b"me", 60))
    await leases.put("k", b"you", 60)
    with pytest.raises(Conflict):
        await leases.renew(mine, 60)
    with pytest.raises(Conflict):
        await leases.delete("k", expected_revision=mine.revision)
    await leases.delete("k")
    with pytest.raises(Conflict):
        await leases.renew(mine, 60)


async def test_one_that_ran_out_is_revived_by_its_owner(bus: Bus) -> None:
    leases = await make(bus)
    mine = Entry("k", b"me", await leases.put("k", b"me", 1))
    async with leases.watch() as watch:
        assert (await asyncio.wait_for(anext(aiter(watch)), 10.0)).kind == "expired"
    revived = await leases.renew(mine, 60)
    assert await leases.get("k") == revived


@pytest.mark.parametrize("ttl_s", [0, -1])
async def test_shorter_than_a_second_is_none(bus: Bus, ttl_s: int) -> None:
    leases = await make(bus)
    with pytest.raises(ValueError, match="at least 1 s"):
        await leases.put("k", b"", ttl_s)


async def test_each_expiry_goes_to_one_of_two(bus: Bus, make_bus: MakeBus) -> None:
    leases = await make(bus)
    other = LeaseBucket(await make_bus(), "leases")
    both: Gathered[Expired] = Gathered()
    one, two = Taker(leases, also=both), Taker(other, also=both)
    async with taking(one, two):
        keys = [f"7.k{number}" for number in range(40)]
        await asyncio.gather(*(leases.put(key, b"x", 1) for key in keys))
        await leases.put("7.ended", b"x", 1)
        await leases.delete("7.ended")
        for key in keys[:10]:
            await leases.renew(Entry(key, b"x", (await _entry(leases, key)).revision), 1)
        await leases.put("last", b"x", 3)
        async with leases.watch() as watch, asyncio.timeout(15.0):  # everything else runs out before
            async for change in watch:
                if change.kind == "expired" and change.key == "last":
                    break
        await both.until(lambda items: any(expired.key == "last" for expired in items))
        taken = Counter(expired.key for expired in both.items)
        assert taken == Counter([*keys, "last"])
        assert one.taken.items
        assert two.taken.items


async def _entry(leases: LeaseBucket, key: str) -> Entry:
    entry = await leases.get(key)
    assert entry is not None
    return entry


async def test_when_the_taker_dies_another_gets_it(bus: Bus, make_bus: MakeBus) -> None:
    leases = await make(bus)
    dying_bus = await make_bus()
    dying = Taker(LeaseBucket(dying_bus, "leases"), handles=False, ack_wait_s=1.0)
    await leases.put("k", b"x", 1)
    await dying.taken.until(lambda items: len(items) == 1)
    heir = Taker(leases, ack_wait_s=1.0)
    async with taking(dying, heir):
        await dying_bus.connection.close()  # as a crash looks from outside: no good-bye, nothing given back
        await heir.taken.until(lambda items: len(items) == 1)
        assert heir.taken.items[0].key == "k"
        assert heir.taken.items[0].revision == dying.taken.items[0].revision


async def test_while_it_is_being_handled_nobody_else_gets_it(bus: Bus, make_bus: MakeBus) -> None:
    leases = await make(bus)
    slow = Taker(LeaseBucket(await make_bus(), "leases"), handles=False, ack_wait_s=0.6)
    await leases.put("k", b"x", 1)
    await slow.taken.until(lambda items: len(items) == 1)
    other = Taker(leases, ack_wait_s=0.6)
    async with taking(slow, other):
        await leases.put("later", b"x", 2)  # more than three ack waits from now
        async with leases.watch("") as watch:
            async for change in watch:
                if change.kind == "expired" and change.key == "later":
                    break
        assert [expired.key for expired in other.taken.items + slow.taken.items].count("k") == 1
        await slow.taken.items[0].ack()


async def test_one_that_stops_properly_gives_back(bus: Bus, make_bus: MakeBus) -> None:
    leases = await make(bus)
    first = Taker(LeaseBucket(await make_bus(), "leases"), handles=False, ack_wait_s=60.0)
    await leases.put("k", b"x", 1)
    await first.taken.until(lambda items: len(items) == 1)
    await first.stop()
    second = Taker(leases, ack_wait_s=60.0)
    async with taking(second):
        await second.taken.until(lambda items: len(items) == 1)


async def test_refused_it_comes_again(bus: Bus) -> None:
    leases = await make(bus)
    taker = Taker(leases, handles=False, ack_wait_s=60.0)
    async with taking(taker):
        await leases.put("k", b"x", 1)
        await taker.taken.until(lambda items: len(items) == 1)
        await taker.taken.items[0].retry_later(0.05)
        await taker.taken.until(lambda items: len(items) == 2)


async def test_what_is_written_again_in_time_has_not_expired(bus: Bus) -> None:
    """The grace after a connect: the owner renews what ran out meanwhile, and nobody is told."""
    leases = await make(bus)
    mine = Entry("mine", b"x", await leases.put("mine", b"x", 1))
    await leases.put("gone", b"x", 1)
    async with leases.watch() as watch:
        seen = 0
        async for change in watch:
            seen += change.kind == "expired"
            if seen == 2:
                break
    await leases.renew(mine, 60)
    taker = Taker(leases, grace_s=0.2)
    async with taking(taker):
        await taker.taken.until(lambda items: len(items) == 1)
        assert taker.taken.items[0].key == "gone"


async def test_owners_renew_after_an_outage_before_anybody_is_told(
    own_nats_server: NatsServer, make_own_bus: MakeBus
) -> None:
    bus = await make_own_bus()
    leases = await make(bus)
    owner = await make_own_bus()
    held = LeaseBucket(owner, "leases")
    mine = Entry("mine", b"x", await held.put("mine", b"x", 1))
    await held.put("gone", b"x", 1)
    taker = Taker(leases, grace_s=1.5)
    async with taking(taker):
        own_nats_server.kill()
        await asyncio.get_running_loop().run_in_executor(None, _outlast)
        own_nats_server.start()
        await held.renew(mine, 60, timeout_s=20.0)
        await taker.taken.until(lambda items: len(items) >= 1)
        assert [expired.key for expired in taker.taken.items] == ["gone"]


def _outlast() -> None:
    """Longer than the leases of one second: time itself is what is tested here."""
    import time

    time.sleep(1.3)


async def test_expiries_of_nobody_wait(bus: Bus) -> None:
    leases = await make(bus)
    await leases.put("k", b"x", 1)
    async with leases.watch() as watch:
        assert (await asyncio.wait_for(anext(aiter(watch)), 10.0)).kind == "expired"
    taker = Taker(leases)
    async with taking(taker):
        await taker.taken.until(lambda items: len(items) == 1)


async def test_taking_goes_on_after_kill_and_restart(own_nats_server: NatsServer, make_own_bus: MakeBus) -> None:
    bus = await make_own_bus()
    leases = await make(bus)
    taker = Taker(leases)
    async with taking(taker):
        await leases.put("a", b"x", 1)
        await taker.taken.until(lambda items: len(items) == 1)
        own_nats_server.kill()
        own_nats_server.start()
        await leases.put("b", b"x", 1, timeout_s=20.0)
        await taker.taken.until(lambda items: {expired.key for expired in items} == {"a", "b"})
