from collections.abc import Sequence

import pytest
from google.protobuf.message import Message
from salon.relay.v1.relay_pb2 import TransportClosed, TransportOpened
from salon.room.v1.events_pb2 import (
    MessageSent,
    RelayAssigned,
    RelayReleased,
    RoomClosed,
    RoomOpened,
    StreamAdded,
    UserLoggedIn,
    UserLoggedOut,
)
from salon_contracts.ids import AppId, RoomId, RoomSessionId
from salon_contracts.registry import entity_kind, event_type
from salon_contracts.subjects import EVENTS_STREAM, PROBES, Entity
from salon_kit.bus import Bus
from salon_kit.clock import clock_ns
from salon_kit.events import Events, try_to_store
from salon_room.core.retention import AnyRoom, OldEvent, Purge, RoomNow, purges
from salon_room.views.retention import Retention

APP, ROOM = AppId(7), RoomId("r")
KEY = (APP, ROOM)
PREFIX = "salon.evt.v1.7.r"


def entity(session: str | None, kind: str, key: str | None = None) -> Entity:
    return Entity(APP, ROOM, None if session is None else RoomSessionId(session), kind, key)  # type: ignore[arg-type]


def old(sequence: int, message: Message, session: str | None = "s", key: str | None = None) -> OldEvent:
    kind = type(message)
    return OldEvent(sequence, entity(session, entity_kind(kind), key), event_type(kind))


def room(session: str = "s", *, is_open: bool = True, sequence: int = 1, is_old: bool = True) -> RoomNow:
    return RoomNow(RoomSessionId(session), is_open, sequence, is_old)


def decided(events: Sequence[OldEvent], now: RoomNow | None, seen: set[str] | None = None) -> list[tuple[str, int]]:
    rooms: dict[AnyRoom, RoomNow | None] = {KEY: now}
    return [
        (p.subject_filter.removeprefix(PREFIX), p.below) for p in purges(events, rooms, set() if seen is None else seen)
    ]


def test_a_room_that_was_closed_long_ago_goes_whole() -> None:
    events = [old(1, RoomOpened(), None), old(2, UserLoggedIn(), key="a"), old(9, RoomClosed(), None)]
    assert decided(events, room(is_open=False, sequence=9)) == [(".>", 10)]


def test_a_room_that_was_closed_just_now_stays() -> None:
    events = [old(1, RoomOpened(), None), old(2, UserLoggedIn(), key="a")]
    assert decided(events, room(is_open=False, sequence=9, is_old=False)) == []


def test_a_session_that_another_one_followed_goes() -> None:
    events = [
        old(2, UserLoggedIn(), "before", "a"),
        old(3, StreamAdded(), "before", "c"),
        old(4, UserLoggedIn(), key="b"),
    ]
    assert decided(events, room("s")) == [(".before.>", 4)]


def test_what_lives_in_an_open_room_stays() -> None:
    events = [
        old(1, RoomOpened(), None),
        old(2, UserLoggedIn(), key="a"),
        old(3, StreamAdded(), key="c"),
        old(4, RelayAssigned(), key="s_1"),
        old(5, TransportOpened(), key="t"),
    ]
    assert decided(events, room()) == []


def test_of_an_open_room_goes_what_is_passing_over_or_superseded() -> None:
    events = [
        old(2, MessageSent(), key="broadcast"),
        old(3, StreamAdded(), key="c"),
        old(4, TransportClosed(), key="t"),
        old(5, UserLoggedOut(), key="gone"),
        old(5, RelayReleased(), key="s_1"),
        old(6, MessageSent(), key="broadcast"),
        old(7, StreamAdded(is_update=True), key="c"),
    ]
    assert sorted(decided(events, room())) == [
        (".s.message.broadcast", 7),
        (".s.placement.s_1", 6),
        (".s.stream.c", 7),
        (".s.transport.t", 5),
        (".s.user.gone", 6),
    ]


def test_what_was_superseded_in_a_later_batch_goes_then() -> None:
    seen: set[str] = set()
    assert decided([old(3, StreamAdded(), key="c")], room(), seen) == []
    assert decided([old(700, StreamAdded(), key="c")], room(), seen) == [(".s.stream.c", 700)]


def test_who_came_back_after_logging_out_stays() -> None:
    events = [old(3, UserLoggedOut(), key="a"), old(8, UserLoggedIn(), key="a")]
    assert decided(events, room()) == [(".s.user.a", 4)]


def test_a_room_that_cannot_be_read_is_left_alone() -> None:
    assert purges([old(3, UserLoggedOut(), key="a")], {}, set()) == []


def test_what_is_left_of_a_room_nothing_is_known_of_goes() -> None:
    assert purges([old(3, TransportClosed(), "lost", "t")], {KEY: None}, set()) == [Purge(f"{PREFIX}.lost.>", 4)]


# ---- on a real stream ----


async def stored(bus: Bus) -> list[str]:
    question = {"subjects_filter": "salon.evt.v1.>"}
    info = await bus.jetstream.api(f"STREAM.INFO.{EVENTS_STREAM}", question, timeout_s=2.0)
    return sorted(f"{s.removeprefix('salon.evt.v1.')} {n}" for s, n in (info["state"].get("subjects") or {}).items())


async def pass_over(bus: Bus, *, kept_at_least_s: int) -> None:
    """One whole pass."""
    retention = Retention(bus, kept_at_least_s)
    while await retention.turn() < 1.0:
        pass


@pytest.fixture
def for_no_time(bus: Bus) -> Bus:
    """Everything is old at once, by one second that NATS leaves out of its time."""
    bus.settings = bus.settings.model_copy(update={"events_max_age_s": 1})
    return bus


async def fill(events: Events) -> None:
    closed, opened = RoomClosed(room_session_id="x"), RoomOpened(room_session_id="s")
    gone = Entity(APP, RoomId("gone"), None, "room", None)
    await events.append(gone, RoomOpened(room_session_id="x"))
    await events.append(Entity(APP, RoomId("gone"), RoomSessionId("x"), "user", "a"), UserLoggedIn())
    await events.append(gone, closed)
    await events.append(entity(None, "room"), opened)
    await events.append(entity("s", "user", "a"), UserLoggedIn())
    for number in range(1200):
        await events.append(entity("s", "message", "broadcast"), MessageSent(text=str(number)))
    await events.append(entity("s", "user", "b"), UserLoggedIn())
    await events.append(entity("s", "user", "b"), UserLoggedOut())


async def until_old(bus: Bus) -> None:
    began = clock_ns()
    while clock_ns() - began < 2_100_000_000:
        await bus.flush()


async def test_old_events_go_and_live_ones_stay(for_no_time: Bus, events: Events) -> None:
    await fill(events)
    await pass_over(for_no_time, kept_at_least_s=3600)
    assert "7.gone.-.room.- 2" in await stored(for_no_time)  # nothing is old yet
    await until_old(for_no_time)
    await pass_over(for_no_time, kept_at_least_s=1)
    assert await stored(for_no_time) == ["7.r.-.room.- 1", "7.r.s.user.a 1"]
    # Who holds the sequences of what lives writes on; who begins anew begins at 0.
    last = await events.last(entity("s", "user", "a"))
    assert last is not None
    await events.append(entity("s", "user", "a"), UserLoggedOut(), expected_sequence=last.sequence)
    await events.append(entity("s", "user", "b"), UserLoggedIn(), expected_sequence=0)


async def test_a_stream_that_is_nearly_full_keeps_for_less_time(bus: Bus, events: Events) -> None:
    bus.settings = bus.settings.model_copy(update={"events_max_age_s": 0})
    await fill(events)
    await until_old(bus)
    await pass_over(bus, kept_at_least_s=1)
    before = await stored(bus)
    assert "7.r.s.message.broadcast 1200" in before
    info = await bus.jetstream.api(f"STREAM.INFO.{EVENTS_STREAM}", timeout_s=2.0)
    config = info["config"] | {"max_bytes": int(info["state"]["bytes"] * 1.1)}
    await bus.jetstream.api(f"STREAM.UPDATE.{EVENTS_STREAM}", config, timeout_s=2.0)
    retention = Retention(bus, 1)
    while await retention.turn() < 1.0:
        pass
    after = await bus.jetstream.api(f"STREAM.INFO.{EVENTS_STREAM}", timeout_s=2.0)
    assert after["state"]["bytes"] < 0.6 * config["max_bytes"]
    assert {"7.r.-.room.- 1", "7.r.s.user.a 1"} <= set(await stored(bus))


async def test_probes_do_not_pile_up(bus: Bus, events: Events) -> None:
    for _ in range(150):
        await try_to_store(bus)
    await pass_over(bus, kept_at_least_s=3600)
    info = await bus.jetstream.api(f"STREAM.INFO.{EVENTS_STREAM}", {"subjects_filter": PROBES}, timeout_s=2.0)
    assert list(info["state"]["subjects"].values()) == [100]
