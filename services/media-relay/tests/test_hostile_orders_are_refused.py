"""Whatever stands in an order, the answer is an answer or an error of the tree; the relay goes on."""

import contextlib
import random
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from salon.relay.v1 import relay_pb2
from salon_contracts.errors import InvalidField, OfferMalformed, OfferUnacceptable
from salon_kit.bus import RequestContext
from salon_relay.handlers import Handlers, _order
from salon_testing.relay.running import RunningRelay

ReadOffer = Callable[[str], str]

CONTEXT = RequestContext(
    subject="salon.cmd.v1.relay.r1.negotiate", request_id="1", headers={}, traceparent=None, deadline_ns=2**62
)


def order(**changes: object) -> relay_pb2.Negotiate:
    fields: dict[str, object] = {
        "app_id": 1,
        "room_id": "room",
        "room_session_id": "rs_1",
        "user_id": "u",
        "session_id": "s_1",
        "transport_id": "s_1.p",
        "direction": relay_pb2.DIRECTION_SEND,
        "single_stream_id": "cam",
    }
    return relay_pb2.Negotiate(**(fields | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("app_id", 0),
        ("room_id", ""),
        ("room_id", "a b"),
        ("room_session_id", ""),
        ("transport_id", ""),
        ("transport_id", "x" * 257),
        ("user_id", "x" * 257),
        ("direction", 0),
        ("direction", 7),
        ("single_stream_id", "a b"),
        ("playable_room_ids", ["a b"]),
        ("tracks", [relay_pb2.TrackBinding(mid="0", stream_id="cam")]),
        ("tracks", [relay_pb2.TrackBinding(mid="0", stream_id="cam")] * 65),
    ],
)
def test_bad_fields_are_named(field: str, value: object) -> None:
    with pytest.raises(InvalidField) as raised:
        _order(order(**{field: value}))
    assert raised.value.field in (field, "stream_id", "room_id")


async def test_whip_over_the_handler(relay: RunningRelay, read_offer: ReadOffer) -> None:
    handlers = Handlers(relay.router, relay.effects)
    reply = await handlers.negotiate(order(offer_sdp=read_offer("obs_whip")), CONTEXT)
    assert isinstance(reply, relay_pb2.Negotiated)
    assert [(track.mid, track.stream_id, track.kind, track.codec) for track in reply.tracks] == [
        ("0", "cam", relay_pb2.MEDIA_KIND_AUDIO, "opus"),
        ("1", "cam", relay_pb2.MEDIA_KIND_VIDEO, "H264"),
    ]
    closed = await handlers.close_transport(relay_pb2.CloseTransport(transport_id="s_1.p"), CONTEXT)
    assert isinstance(closed, relay_pb2.TransportClosedReply)


@pytest.mark.parametrize("seed", range(4))
async def test_mutated_offers(relay: RunningRelay, read_offer: ReadOffer, seed: int) -> None:
    random_ = random.Random(seed)
    relay.negotiate("p", read_offer("chromium_156_publish_vp8"), [("0", "cam"), ("1", "cam")], sends=True)
    texts = [read_offer(name) for name in ("chromium_156_publish_h264", "chromium_156_play_two", "gstreamer_whip")]
    texts.append(read_offer("chromium_156_publish_vp8").replace("a=sendonly", "a=recvonly"))  # for a single stream
    answered = 0
    for number in range(150):
        lines = random_.choice(texts).split("\r\n")
        for _ in range(random_.randint(1, 4)):
            position = random_.randrange(len(lines))
            lines[position : position + random_.randint(0, 2)] = random_.sample(lines, random_.randint(0, 2))
        try:
            relay.negotiate(
                f"t{number % 7}-{number % 2}",
                "\r\n".join(lines),
                sends=number % 2 == 0,
                single="cam" if number % 2 else f"s{number}",
            )
            answered += 1
        except (OfferMalformed, OfferUnacceptable):
            pass
    assert answered > 10
    assert relay.path.stats()["panics"] == 0


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=64), st.text(max_size=64), st.text(max_size=200), st.integers(0, 3), st.integers(0, 2**32 - 1))
def test_any_order_is_read_or_refused(mid: str, stream_id: str, sdp: str, direction: int, app_id: int) -> None:
    binding = relay_pb2.TrackBinding(mid=mid, stream_id=stream_id)
    request = order(tracks=[binding], single_stream_id="", offer_sdp=sdp, direction=direction, app_id=app_id)
    with contextlib.suppress(InvalidField):
        assert _order(request).offer_sdp == sdp
