"""Negotiate and CloseTransport on the relay's subjects, and the events that follow."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from salon.relay.v1 import relay_pb2
from salon_contracts.errors import OfferMalformed, StreamNotFound
from salon_contracts.ids import RelayId, RoomId, RoomSessionId, parse_app_id
from salon_contracts.subjects import Entity, command
from salon_kit.bus import Bus
from salon_kit.events import Events
from salon_kit.outbox import Outbox
from salon_kit.testing import MakeBus
from salon_relay.handlers import EventRecord, Handlers
from salon_relay.peer import CloseReason
from salon_relay.testing import RunningRelay, identity

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
    await Handlers(relay.exchange).serve(await make_bus(service="relay"), RELAY)
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
    assert relay.exchange.registry.streams == 0


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
    names = {name.removeprefix("TRANSPORT_CLOSE_REASON_") for name in list(relay_pb2.TransportCloseReason.keys())}
    assert {reason.name for reason in CloseReason} == names - {"UNSPECIFIED"}
