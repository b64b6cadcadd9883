import asyncio
from typing import Any

import pytest
from nats.aio.msg import Msg
from salon.room.v1.events_pb2 import RoomClosed, UserLoggedIn
from salon_contracts.errors import BusUnavailable, Conflict, InvariantBroken
from salon_contracts.subjects import EVENTS_STREAM
from salon_kit.bus import Bus
from salon_kit.events import Events
from salon_kit.nats.connection import Connection
from salon_kit.testing import MakeBus
from salon_kit.trace import new_traceparent, set_cause

from .entities import everything, logged_in, user


class LosesAcks:
    """The connection, but the first `count` acknowledgements of appends never arrive."""

    def __init__(self, connection: Connection, count: int) -> None:
        self._connection = connection
        self._left = count

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    async def roundtrip(self, subject: str, data: bytes, **more: Any) -> Msg:
        answer = await self._connection.roundtrip(subject, data, **more)
        if subject.startswith("salon.evt.") and self._left:
            self._left -= 1
            raise TimeoutError
        return answer


def lose_acks(bus: Bus, count: int) -> None:
    bus.jetstream.connection = LosesAcks(bus.connection, count)  # type: ignore[assignment]


async def test_an_event_comes_back_as_it_was_appended(bus: Bus, events: Events) -> None:
    trace = new_traceparent()
    set_cause("test", trace)
    sequence = await events.append(user("a=b é"), logged_in("a"), expected_sequence=0, cause_id="req-1")
    for from_leader in (False, True):
        stored = await events.last(user("a=b é"), from_leader=from_leader)
        assert stored is not None
        assert stored.sequence == sequence == 1
        assert stored.entity == user("a=b é")
        assert stored.message == logged_in("a")
        assert stored.envelope.type == "user-logged-in"
        assert stored.envelope.source == "salon/test/node-a"
        assert stored.envelope.cause_id == "req-1"
        assert stored.envelope.traceparent == trace
        assert stored.envelope.node_sequence == 1
        assert stored.envelope.id == f"node-a:{bus.identity.epoch}:1"
        assert abs(stored.stored_at_unix_ns - stored.envelope.time_unix_ns) < 10e9


async def test_nothing_yet(events: Events) -> None:
    assert await events.last(user("nobody")) is None
    assert await events.last(user("nobody"), from_leader=True) is None


async def test_of_two_that_expect_the_same_one_wins(events: Events, make_bus: MakeBus) -> None:
    other = Events(await make_bus())
    results = await asyncio.gather(
        *(each.append(user("a"), logged_in("a"), expected_sequence=0) for each in (events, other) for _ in range(5)),
        return_exceptions=True,
    )
    assert sum(isinstance(result, int) for result in results) == 1
    assert sum(isinstance(result, Conflict) for result in results) == 9
    last = await events.last(user("a"))
    assert last is not None
    assert await events.append(user("a"), logged_in("a"), expected_sequence=last.sequence) == last.sequence + 1


async def test_without_expectation_everything_is_stored(events: Events) -> None:
    sequences = await asyncio.gather(*(events.append(user("a"), logged_in("a")) for _ in range(50)))
    assert sorted(sequences) == list(range(1, 51))


@pytest.mark.parametrize("expected", [None, 0])
async def test_a_lost_acknowledgement_does_not_store_twice(bus: Bus, events: Events, expected: int | None) -> None:
    lose_acks(bus, 2)
    assert await events.append(user("a"), logged_in("a"), expected_sequence=expected) == 1
    assert len(await events.read_after([everything()], 0)) == 1


async def test_what_is_asked_for_again_under_one_name_is_stored_once(events: Events) -> None:
    first = await events.append(user("a"), logged_in("a"), once_as="s_1:message:1")
    assert await events.append(user("a"), logged_in("a"), once_as="s_1:message:1") == first
    others = [
        await events.append(user("a"), logged_in("a"), once_as=name) for name in ("s_1:message:2", "s_2:message:1")
    ]
    assert len({first, *others}) == 3
    stored = await events.read_after([everything()], 0)
    assert [event.sequence for event in stored] == [first, *others]
    assert len({event.envelope.id for event in stored}) == 3


async def test_a_lost_acknowledgement_is_recognised_even_when_the_server_forgot_the_id(
    bus: Bus, events: Events
) -> None:
    """The duplicate window has passed: only the last message says that the first try did land."""
    config = (await bus.jetstream.api(f"STREAM.INFO.{EVENTS_STREAM}", timeout_s=2.0))["config"]
    config["duplicate_window"] = 100_000_000
    await bus.jetstream.api(f"STREAM.UPDATE.{EVENTS_STREAM}", config, timeout_s=2.0)
    event_id = bus.identity.event_id(bus.identity.next_sequence())
    assert await events.append(user("a"), logged_in("a"), expected_sequence=0, event_id=event_id) == 1
    deadline = asyncio.get_running_loop().time() + 10.0
    while True:  # until the server has forgotten, seen by an append without expectation being stored again
        probe_id = bus.identity.event_id(0)
        first = await events.append(user("probe"), logged_in("p"), event_id=probe_id)
        await asyncio.sleep(0.15)
        if await events.append(user("probe"), logged_in("p"), event_id=probe_id) != first:
            break
        assert asyncio.get_running_loop().time() < deadline
    assert await events.append(user("a"), logged_in("a"), expected_sequence=0, event_id=event_id) == 1


async def test_a_conflict_after_a_lost_acknowledgement_of_somebody_else_stays_one(bus: Bus, events: Events) -> None:
    await events.append(user("a"), logged_in("other"))
    lose_acks(bus, 0)
    with pytest.raises(Conflict):
        await events.append(user("a"), logged_in("a"), expected_sequence=0, event_id=bus.identity.event_id(77))


async def test_without_acknowledgement_it_ends_at_the_deadline(bus: Bus, events: Events) -> None:
    lose_acks(bus, 10**9)
    with pytest.raises(BusUnavailable):
        await events.append(user("a"), logged_in("a"), timeout_s=0.2)


async def test_without_a_stream_it_ends_at_the_deadline(bus: Bus) -> None:
    with pytest.raises(BusUnavailable):
        await Events(bus).append(user("a"), logged_in("a"), timeout_s=0.2)


async def test_a_full_stream_refuses_and_keeps_what_it_has(bus: Bus, events: Events) -> None:
    first = await events.append(user("a"), logged_in("a"))
    info = await bus.jetstream.api(f"STREAM.INFO.{EVENTS_STREAM}", timeout_s=2.0)
    config = info["config"] | {"max_bytes": info["state"]["bytes"] + 10}
    await bus.jetstream.api(f"STREAM.UPDATE.{EVENTS_STREAM}", config, timeout_s=2.0)
    with pytest.raises(BusUnavailable):
        await events.append(user("b"), logged_in("b"), timeout_s=1.0)
    last = await events.last(user("a"))
    assert last is not None
    assert last.sequence == first


async def test_ensuring_again_brings_limits_in_line(bus: Bus, events: Events) -> None:
    bus.settings = bus.settings.model_copy(update={"events_max_bytes": 10_000_000})
    await events.ensure()
    config = (await bus.jetstream.api(f"STREAM.INFO.{EVENTS_STREAM}", timeout_s=2.0))["config"]
    assert config["max_bytes"] == 10_000_000
    assert config["max_age"] == 0
    assert config["discard"] == "new"
    assert config["deny_delete"] is True


async def test_only_events_of_the_right_kind_are_appended(events: Events) -> None:
    from salon.token.v1.token_pb2 import AppRecord

    with pytest.raises(InvariantBroken):
        await events.append(user("a"), RoomClosed())
    with pytest.raises(InvariantBroken):
        await events.append(user("a"), AppRecord())


async def test_an_event_of_a_newer_version_is_kept_without_its_message(bus: Bus, events: Events) -> None:
    await events.append(user("a"), UserLoggedIn())
    stored = await events.last(user("a"))
    assert stored is not None
    headers = stored.envelope.to_headers() | {"ce-type": "user-teleported"}
    await bus.jetstream.publish(EVENTS_STREAM, user("a").subject, b"\xff", headers, message_id="x:y:1", timeout_s=2.0)
    newer = await events.last(user("a"))
    assert newer is not None
    assert newer.sequence == 2
    assert newer.message is None


async def test_what_nobody_of_ours_wrote_is_skipped(bus: Bus, events: Events) -> None:
    await bus.jetstream.publish(EVENTS_STREAM, user("a").subject, b"", {}, message_id="a", timeout_s=2.0)
    await bus.jetstream.publish(EVENTS_STREAM, user("a").subject + ".more", b"", {}, message_id="b", timeout_s=2.0)
    assert await events.last(user("a")) is None
    assert (await events.snapshot([everything()])).events == []
