"""Readiness and the log say when appends are not stored, once in each direction."""

import asyncio
import shutil
from pathlib import Path

import pytest
from salon_contracts.errors import BusUnavailable, Conflict
from salon_contracts.subjects import EVENTS_STREAM, parse_event, probe_subject
from salon_kit.bus import Bus
from salon_kit.events import Events, NoRoomForEvents, probe_storage, try_to_store
from salon_kit.identity import Identity
from salon_kit.jetstream import storage_health as storage_module
from salon_kit.jetstream.storage_health import StorageHealth
from salon_kit.testing import NatsServer
from structlog.testing import capture_logs

from .entities import logged_in, user


@pytest.fixture
def now_ns(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    now = [1_000_000_000_000]
    monkeypatch.setattr(storage_module, "clock_ns", lambda: now[0])
    return now


def works_since(storage: StorageHealth) -> int | None:
    assert storage.problem is None
    return storage.works_since_ns


def test_each_change_is_said_once(now_ns: list[int]) -> None:
    storage, changes = StorageHealth(), list[bool]()
    storage.on_change(changes.append)
    with capture_logs() as lines:
        for _ in range(3):
            storage.refused("A", "full")
        storage.refused("B", "full")
        assert (storage.problem, storage.works_since_ns) == ("A does not store: full; B does not store: full", None)
        storage.stored("A")
        assert storage.problem == "B does not store: full"
        now_ns[0] += 1
        for _ in range(3):
            storage.stored("B")
    assert works_since(storage) == now_ns[0]
    assert changes == [False, True]
    assert [(line["event"], line["stream"]) for line in lines] == [
        ("storage-refuses", "A"),
        ("storage-refuses", "B"),
        ("storage-works-again", "A"),
        ("storage-works-again", "B"),
    ]


def test_a_refusal_that_nobody_repeats_lapses(now_ns: list[int]) -> None:
    storage = StorageHealth()
    storage.refused("A", "full")
    now_ns[0] += 9_000_000_000
    storage.refused("A", "full")
    now_ns[0] += 9_000_000_000
    assert storage.problem is not None
    now_ns[0] += 2_000_000_000
    assert works_since(storage) == now_ns[0]


def test_a_probe_is_no_event() -> None:
    for node in ("room-1", "a.b", ""):
        with pytest.raises(ValueError, match="not an event subject"):
            parse_event(probe_subject(node))


async def limit(bus: Bus, more_bytes: int) -> None:
    info = await bus.jetstream.api(f"STREAM.INFO.{EVENTS_STREAM}", timeout_s=2.0)
    config = info["config"] | {"max_bytes": info["state"]["bytes"] + more_bytes}
    await bus.jetstream.api(f"STREAM.UPDATE.{EVENTS_STREAM}", config, timeout_s=2.0)


async def until(bus: Bus, works: bool) -> None:
    async with asyncio.timeout(15):
        while (bus.jetstream.storage.problem is None) != works:  # noqa: ASYNC110  # as whoever asks for readiness does
            await asyncio.sleep(0.05)


async def test_a_full_stream_is_noticed_by_an_append_and_its_end_by_the_probe(bus: Bus, events: Events) -> None:
    await events.append(user("a"), logged_in("a"))
    await limit(bus, 10)
    with pytest.raises(BusUnavailable):
        await events.append(user("b"), logged_in("b"))
    assert "maximum bytes" in str(bus.jetstream.storage.problem)
    assert not bus.in_contact_for(0.0)
    probing = asyncio.create_task(probe_storage(bus))
    await limit(bus, 1_000_000)
    await until(bus, works=True)
    await bus.wait_in_contact_for(0.1)
    probing.cancel()
    await asyncio.gather(probing, return_exceptions=True)


async def test_a_full_stream_is_noticed_without_anybody_who_appends(bus: Bus, events: Events) -> None:
    await try_to_store(bus)
    await limit(bus, 10)
    storage = bus.jetstream.storage
    storage._stored_at_ns.clear()  # as after a quiet while
    probing = asyncio.create_task(probe_storage(bus))
    await until(bus, works=False)
    probing.cancel()
    await asyncio.gather(probing, return_exceptions=True)


async def test_a_stream_that_is_gone_is_noticed(bus: Bus, events: Events) -> None:
    await bus.jetstream.api(f"STREAM.DELETE.{EVENTS_STREAM}", timeout_s=2.0)
    with pytest.raises(BusUnavailable):
        await events.append(user("a"), logged_in("a"), timeout_s=0.5)
    assert "the stream is gone" in str(bus.jetstream.storage.problem)
    await events.ensure()
    await events.append(user("a"), logged_in("a"))
    assert bus.jetstream.storage.problem is None


async def test_a_conflict_is_no_refusal(bus: Bus, events: Events) -> None:
    await events.append(user("a"), logged_in("a"))
    with pytest.raises(Conflict):
        await events.append(user("a"), logged_in("a"), expected_sequence=0)
    assert bus.jetstream.storage.problem is None


async def test_a_disk_that_is_too_small_is_a_sentence(bus: Bus) -> None:
    bus.settings = bus.settings.model_copy(update={"events_max_bytes": 2**60})
    with pytest.raises(NoRoomForEvents, match="SALON_NATS_EVENTS_MAX_BYTES"):
        await Events(bus).ensure()


async def test_a_stream_that_has_its_bytes_already_needs_them_no_second_time(tmp_path: Path) -> None:
    """JetStream may take three quarters of what is free: here the stream is given more than half of that."""
    server = NatsServer(tmp_path / "nats")
    server.settings = server.settings.model_copy(
        update={"events_max_bytes": shutil.disk_usage(tmp_path).free * 3 // 4 * 6 // 10}
    )
    server.start()
    buses = [
        await Bus.connect(server.settings, Identity.start(name, name)) for name in ("token", "room", "relay", "room")
    ]
    for bus in buses:
        await Events(bus).ensure()
    info = await buses[0].jetstream.api(f"STREAM.INFO.{EVENTS_STREAM}", timeout_s=2.0)
    assert info["config"]["max_bytes"] == server.settings.events_max_bytes
    for bus in buses:
        await bus.close()
    server.stop()
