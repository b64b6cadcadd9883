import asyncio

import pytest
from salon_contracts.errors import BusUnavailable, Conflict
from salon_kit.buckets import Bucket, Change, Entry
from salon_kit.bus import Bus
from salon_kit.jetstream.stream_config import bucket as bucket_config
from salon_kit.testing import Gathered, MakeBus, NatsServer


async def make(bus: Bus, name: str = "things") -> Bucket:
    bucket = Bucket(bus, name)
    await bucket.ensure()
    await bucket.ensure()
    return bucket


async def test_put_get_delete(bus: Bus) -> None:
    bucket = await make(bus)
    assert await bucket.get("7.a") is None
    assert await bucket.put("7.a", b"one") == 1
    assert await bucket.put("7.a", b"two") == 2
    assert await bucket.get("7.a") == Entry("7.a", b"two", 2)
    await bucket.delete("7.a")
    assert await bucket.get("7.a") is None
    await bucket.delete("7.never")


async def test_revisions_settle_races(bus: Bus) -> None:
    bucket = await make(bus)
    results = await asyncio.gather(
        *(bucket.put("k", str(number).encode(), expected_revision=0) for number in range(10)), return_exceptions=True
    )
    assert sum(isinstance(result, Conflict) for result in results) == 9
    entry = await bucket.get("k")
    assert entry is not None
    assert await bucket.put("k", b"next", expected_revision=entry.revision) > entry.revision
    with pytest.raises(Conflict):
        await bucket.put("k", b"late", expected_revision=entry.revision)
    with pytest.raises(Conflict):
        await bucket.delete("k", expected_revision=entry.revision)


async def test_what_was_deleted_can_be_created_again(bus: Bus) -> None:
    bucket = await make(bus)
    await bucket.put("k", b"1", expected_revision=0)
    await bucket.delete("k")
    revision = await bucket.put("k", b"2", expected_revision=0)
    assert await bucket.get("k") == Entry("k", b"2", revision)
    with pytest.raises(Conflict):
        await bucket.put("k", b"3", expected_revision=0)


async def test_an_empty_value_is_a_value(bus: Bus) -> None:
    bucket = await make(bus)
    await bucket.put("k", b"")
    assert await bucket.get("k") == Entry("k", b"", 1)


async def test_entries_by_prefix(bus: Bus) -> None:
    bucket = await make(bus)
    for key in ("8.a", "7.b", "7.a", "7.gone", "7"):
        await bucket.put(key, key.encode())
    await bucket.delete("7.gone")
    assert [entry.key for entry in await bucket.entries()] == ["7", "7.a", "7.b", "8.a"]
    assert [entry.key for entry in await bucket.entries("7")] == ["7.a", "7.b"]
    assert await bucket.entries("9") == []


@pytest.mark.parametrize("key", ["", ".", "a..b", ".a", "a.", "a b", "a*", "a.>", "é", "a\r\nb"])
async def test_keys_that_are_none(bus: Bus, key: str) -> None:
    bucket = Bucket(bus, "things")
    with pytest.raises(ValueError, match="not a key"):
        await bucket.put(key, b"")


async def test_a_watch_gives_what_is_there_and_then_what_changes(bus: Bus, make_bus: MakeBus) -> None:
    bucket = await make(bus)
    await bucket.put("7.a", b"1")
    await bucket.put("7.b", b"1")
    await bucket.put("8.c", b"1")
    await bucket.delete("7.b")
    other = Bucket(await make_bus(), "things")
    async with other.watch("7") as watch:
        assert watch.initial == [Entry("7.a", b"1", 1)]
        await bucket.put("8.c", b"2")
        await bucket.put("7.a", b"2")
        changes = aiter(watch)
        assert await anext(changes) == Change("put", "7.a", b"2", 6)
        await bucket.put("7.x", b"3")
        await bucket.delete("7.a")
        assert await anext(changes) == Change("put", "7.x", b"3", 7)
        assert await anext(changes) == Change("deleted", "7.a", b"", 8)


async def test_an_empty_bucket_is_watched(bus: Bus) -> None:
    bucket = await make(bus)
    async with bucket.watch() as watch:
        assert list(watch.initial) == []
        await bucket.put("k", b"1")
        assert (await anext(aiter(watch))).key == "k"


async def test_changes_of_one_key_collapse(bus: Bus) -> None:
    bucket = await make(bus)
    async with bucket.watch() as watch:
        for number in range(50):
            await bucket.put("k", str(number).encode())
        await bucket.put("end", b"")
        seen = []
        async for change in watch:
            seen.append(change)
            if change.key == "end":
                break
        assert len(seen) <= 51
        assert [change.value for change in seen if change.key == "k"][-1] == b"49"


async def test_a_watch_survives_kill_and_restart(own_nats_server: NatsServer, make_own_bus: MakeBus) -> None:
    bus = await make_own_bus()
    bucket = await make(bus)
    await bucket.put("a", b"1")
    came: Gathered[Change] = Gathered()

    async def take() -> None:
        async with bucket.watch(heartbeat_s=0.2) as watch:
            entered.set()
            async for change in watch:
                came.add(change)

    entered = asyncio.Event()
    task = asyncio.create_task(take())
    await asyncio.wait_for(entered.wait(), 5.0)
    own_nats_server.kill()
    own_nats_server.start()
    await bucket.put("b", b"2", timeout_s=20.0)
    await bucket.delete("a", timeout_s=20.0)
    await came.until(lambda items: len(items) == 2)
    assert [(change.kind, change.key) for change in came.items] == [("put", "b"), ("deleted", "a")]
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_bucket_that_is_not_there(bus: Bus) -> None:
    bucket = Bucket(bus, "nowhere")
    with pytest.raises(BusUnavailable):
        await bucket.put("k", b"", timeout_s=0.2)
    with pytest.raises(BusUnavailable):
        await bucket.get("k", timeout_s=0.2)
    with pytest.raises(BusUnavailable):
        async with bucket.watch(timeout_s=0.2):
            raise AssertionError


@pytest.mark.parametrize("history", [1, 3])
async def test_nothing_is_left_of_what_was_deleted_long_ago(bus: Bus, history: int) -> None:
    bucket = Bucket(bus, f"short{history}", history=history, deleted_ttl_s=1)
    await bucket.ensure()
    for value in (b"1", b"2", b"3"):
        await bucket.put("k", value)
    async with bucket.watch() as watch:
        await bucket.delete("k")
        assert (await anext(aiter(watch))).kind == "deleted"
    async with asyncio.timeout(15):
        while (await bus.jetstream.api(f"STREAM.INFO.KV_{bucket.name}", timeout_s=2.0))["state"]["messages"]:
            assert await bucket.get("k") is None
            await asyncio.sleep(0.1)
    assert await bucket.get("k") is None
    revision = await bucket.put("k", b"new", expected_revision=0)
    assert await bucket.get("k") == Entry("k", b"new", revision)


async def test_a_bucket_of_an_older_version_is_brought_in_line(bus: Bus) -> None:
    bucket = Bucket(bus, "older")
    older = {**bucket_config("older", bus.settings, history=1, marker_ttl_s=None), "allow_msg_ttl": False}
    await bus.jetstream.api("STREAM.CREATE.KV_older", older, timeout_s=2.0)
    await bucket.put("k", b"1")
    await bucket.ensure()
    await bucket.delete("k")
    assert await bucket.get("k") is None
