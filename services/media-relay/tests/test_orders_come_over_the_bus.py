"""Negotiate and CloseTransport on the relay's subjects, and the events that follow."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from salon.effects.v1.effects_pb2 import Beauty
from salon.relay.v1 import relay_pb2
from salon_contracts.errors import InvalidField, OfferMalformed, StreamNotFound, StreamNotYours
from salon_contracts.ids import RelayId, RoomId, RoomSessionId, StreamId, parse_app_id
from salon_contracts.subjects import Entity, command
from salon_kit.bus import Bus
from salon_kit.events import Events, Outbox
from salon_kit.testing import MakeBus
from salon_relay.effects.core.request import Problem
from salon_relay.effects.totals import Totals
from salon_relay.event_record import EventRecord
from salon_relay.handlers import Handlers
from salon_relay.peers.peer import CloseReason
from salon_testing.relay.running import RunningRelay, identity

ReadOffer = Callable[[str], str]
RELAY = RelayId("relay-1")


def order(offer_sdp: str, transport_id: str = "s_1.p", **changes: object) -> relay_pb2.Negotiate:
    fields: dict[str, object] = {
        "app_id": 1,
        "room_id": "room",
        "room_session_id": "rs_1",
        "user_id": "u",
        "session_id": "s_1",
        "transport_id": transport_id,
        "direction": relay_pb2.DIRECTION_SEND,
        "offer_sdp": offer_sdp,
    }
    return relay_pb2.Negotiate(**(fields | changes))  # type: ignore[arg-type]


async def test_offer_in_answer_out(relay: RunningRelay, bus: Bus, make_bus: MakeBus, read_offer: ReadOffer) -> None:
    await Handlers(relay.router, relay.effects).serve(await make_bus(service="relay"), RELAY)
    bindings = [relay_pb2.TrackBinding(mid=mid, stream_id="cam") for mid in ("0", "1")]
    negotiate, close = (command("relay", verb, RELAY) for verb in ("negotiate", "close-transport"))

    request = order(read_offer("chromium_156_publish_vp8"), tracks=bindings)
    reply = await bus.request(negotiate, request, relay_pb2.Negotiated)
    assert reply.answer_sdp.startswith("v=0\r\n")
    assert [track.codec for track in reply.tracks] == ["opus", "VP8"]

    viewer: dict[str, Any] = {"direction": relay_pb2.DIRECTION_RECEIVE, "transport_id": "s_2.p"}
    played = await bus.request(
        negotiate, order(read_offer("chromium_156_play_two"), **viewer, tracks=bindings), relay_pb2.Negotiated
    )
    assert [track.stream_id for track in played.tracks] == ["cam", "cam"]

    with pytest.raises(OfferMalformed):
        await bus.request(negotiate, order("junk", "s_3.p", tracks=bindings), relay_pb2.Negotiated)
    unknown = [relay_pb2.TrackBinding(mid="0", stream_id="nobody")]
    with pytest.raises(StreamNotFound):
        await bus.request(
            negotiate, order(read_offer("chromium_156_play_two"), **viewer, tracks=unknown), relay_pb2.Negotiated
        )

    for _ in range(2):
        await bus.request(close, relay_pb2.CloseTransport(transport_id="s_1.p"), relay_pb2.TransportClosedReply)
    assert relay.facts.closed == {"s_1.p": CloseReason.ORDERED}
    assert relay.router.registry.streams == 0


def wish(**changes: object) -> relay_pb2.SetEffects:
    fields: dict[str, object] = {
        "app_id": 1,
        "room_id": "room",
        "room_session_id": "rs_1",
        "stream_id": "cam",
        "user_id": "u",
        "session_id": "s_1",
        "enabled": True,
        "beauty": Beauty(smooth=50),
        "version": 1,
    }
    return relay_pb2.SetEffects(**(fields | changes))  # type: ignore[arg-type]


async def test_effects_are_set(relay: RunningRelay, bus: Bus, make_bus: MakeBus, read_offer: ReadOffer) -> None:
    """On a relay without transcoders, so that there is but one answer."""
    await Handlers(relay.router, relay.effects).serve(await make_bus(service="relay"), RELAY)
    set_effects = command("relay", "set-effects", RELAY)
    with pytest.raises(StreamNotFound):
        await bus.request(set_effects, wish(), relay_pb2.EffectsSet)

    relay.negotiate("p", read_offer("chromium_156_publish_vp8"), [("0", "cam"), ("1", "cam")], sends=True)
    with pytest.raises(StreamNotYours):
        await bus.request(set_effects, wish(session_id="s_2"), relay_pb2.EffectsSet)
    with pytest.raises(InvalidField, match="rosyIntensity"):
        await bus.request(set_effects, wish(beauty=Beauty(rosy=101)), relay_pb2.EffectsSet)
    for nothing in (wish(enabled=False), wish(beauty=Beauty(), version=2)):
        reply = await bus.request(set_effects, nothing, relay_pb2.EffectsSet)
        assert reply == relay_pb2.EffectsSet(state=relay_pb2.EFFECTS_STATE_OFF)
    assert relay.facts.effects == []

    unavailable = relay_pb2.EffectsSet(
        state=relay_pb2.EFFECTS_STATE_UNAVAILABLE, problem=relay_pb2.EFFECTS_PROBLEM_FULL
    )
    assert await bus.request(set_effects, wish(version=3), relay_pb2.EffectsSet) == unavailable
    assert await bus.request(set_effects, wish(version=2, enabled=False), relay_pb2.EffectsSet) == unavailable
    reply = await bus.request(set_effects, wish(version=4, enabled=False), relay_pb2.EffectsSet)
    assert reply == relay_pb2.EffectsSet(state=relay_pb2.EFFECTS_STATE_OFF)
    assert relay.facts.effects == [("cam", "full"), ("cam", "stopped")]


async def test_facts_about_effects_reach_the_event_stream(events: Events) -> None:
    outbox = Outbox(events)
    running = asyncio.create_task(outbox.run())
    record = EventRecord(RELAY, outbox.put)
    peer, stream = identity("s_1.p", sends=True), StreamId("cam")
    common: dict[str, Any] = {"relay_id": RELAY, "stream_id": "cam", "user_id": "user", "session_id": "s_1"}
    totals = Totals()
    totals.count(relay_pb2.TranscoderCounters(frames_beautified=7, frames_original=2))

    record.effects_started(peer, stream, 1, "worker-1")
    for problem in Problem:
        record.effects_interrupted(peer, stream, 1, problem)
    record.effects_stopped(peer, stream, 2, totals)
    assert await outbox.flush() == 0
    found = await events.read_after(["salon.evt.v1.1.*.*.effects-state.*"], 0)
    messages = [event.message for event in found]
    assert messages[0] == relay_pb2.EffectsStarted(**common, version=1, worker_id="worker-1")
    assert messages[-1] == relay_pb2.EffectsStopped(**common, version=2, frames_beautified=7, frames_original=2)
    told = [message.problem for message in messages if isinstance(message, relay_pb2.EffectsInterrupted)]
    names = [relay_pb2.EffectsProblem.Name(problem).removeprefix("EFFECTS_PROBLEM_") for problem in told]
    assert names == [problem.name for problem in Problem]
    running.cancel()


async def test_facts_reach_the_event_stream(events: Events) -> None:
    outbox = Outbox(events)
    running = asyncio.create_task(outbox.run())
    record = EventRecord(RELAY, outbox.put)
    peer = identity("s_1.p", sends=True)
    entity = Entity(parse_app_id(1), RoomId("room"), RoomSessionId("rs_1"), "transport", "s_1.p")

    record.transport_opened(peer)
    assert await outbox.flush() == 0
    opened = await events.last(entity)
    assert opened is not None
    assert opened.message == relay_pb2.TransportOpened(
        relay_id=RELAY, user_id="user", session_id="s_1", direction=relay_pb2.DIRECTION_SEND
    )

    for reason in CloseReason:
        record.transport_closed(
            peer,
            reason,
            1500,
            {
                "packets_received": 1,
                "bytes_received": 10,
                "packets_sent": 2,
                "bytes_sent": 20,
                "srtp_failures": 0,
                "round_trip_time_ms": None,
            },
        )
    assert await outbox.flush() == 0
    closed = await events.last(entity)
    assert closed is not None
    assert isinstance(closed.message, relay_pb2.TransportClosed)
    assert closed.message.reason == relay_pb2.TRANSPORT_CLOSE_REASON_INTERNAL_ERROR
    assert (closed.message.duration_ms, closed.message.bytes_received, closed.message.bytes_sent) == (1500, 10, 20)
    running.cancel()


def test_every_reason_has_its_number() -> None:
    problems = {name.removeprefix("EFFECTS_PROBLEM_") for name in list(relay_pb2.EffectsProblem.keys())}
    assert {problem.name for problem in Problem} == problems - {"UNSPECIFIED"}
    names = {name.removeprefix("TRANSPORT_CLOSE_REASON_") for name in list(relay_pb2.TransportCloseReason.keys())}
    assert {reason.name for reason in CloseReason} == names - {"UNSPECIFIED"}
