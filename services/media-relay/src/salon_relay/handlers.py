"""Orders that come over the bus: Negotiate, CloseTransport and SetEffects."""

import time

from google.protobuf.message import Message
from salon.relay.v1 import relay_pb2
from salon_contracts.beauty import check_beauty
from salon_contracts.errors import InvalidField, SalonError
from salon_contracts.ids import (
    RelayId,
    RoomSessionId,
    SessionId,
    TransportId,
    UserId,
    parse_app_id,
    parse_room_id,
    parse_stream_id,
)
from salon_contracts.subjects import command
from salon_kit.bus import Bus, Endpoint, RequestContext
from salon_kit.log import get_logger

from salon_relay.effects.core.request import PROBLEMS_ON_THE_WIRE, Outcome, Problem
from salon_relay.effects.streams import EffectsOfStreams, EffectsOrder
from salon_relay.metrics import NEGOTIATE_SECONDS, NEGOTIATIONS
from salon_relay.peers.identity import PeerIdentity
from salon_relay.peers.offer_queue import WAITING_MAX
from salon_relay.peers.order import Order
from salon_relay.peers.plan import Agreed
from salon_relay.peers.router import Router

log = get_logger()

ID_MAX_CHARS = 256
TRACKS_MAX = 64

OrderServing = Endpoint[relay_pb2.Negotiate] | Endpoint[relay_pb2.CloseTransport] | Endpoint[relay_pb2.SetEffects]


class Handlers:
    """Serves `salon.cmd.v1.relay.<relay id>.{negotiate,close-transport,set-effects}`."""

    def __init__(self, router: Router, effects: EffectsOfStreams) -> None:
        self._router = router
        self._effects = effects

    async def serve(self, bus: Bus, relay_id: RelayId) -> list[OrderServing]:
        return [
            await bus.serve(
                command("relay", "negotiate", relay_id),
                relay_pb2.Negotiate,
                self.negotiate,
                # More than may wait to be read: who waits is decided there, by user and address.
                max_in_flight=2 * WAITING_MAX,
            ),
            await bus.serve(
                command("relay", "close-transport", relay_id), relay_pb2.CloseTransport, self.close_transport
            ),
            await bus.serve(command("relay", "set-effects", relay_id), relay_pb2.SetEffects, self.set_effects),
        ]

    async def negotiate(self, request: relay_pb2.Negotiate, context: RequestContext) -> Message:
        started_ns = time.monotonic_ns()
        result = "internal"
        try:
            answer, tracks = await self._router.negotiate(_order(request))
            result = "ok"
        except SalonError as error:
            result = error.code
            log.info("offer-refused", transport_id=request.transport_id[:ID_MAX_CHARS], err_code=error.code)
            raise
        finally:
            NEGOTIATIONS.labels(result=result).inc()
            NEGOTIATE_SECONDS.observe((time.monotonic_ns() - started_ns) / 1e9)
        return relay_pb2.Negotiated(answer_sdp=answer, tracks=[_track(agreed) for agreed in tracks])

    async def close_transport(self, request: relay_pb2.CloseTransport, context: RequestContext) -> Message:
        self._router.close(TransportId(_bounded("transport_id", request.transport_id)))
        return relay_pb2.TransportClosedReply()

    async def set_effects(self, request: relay_pb2.SetEffects, context: RequestContext) -> Message:
        try:
            outcome = await self._effects.set_effects(_effects_order(request))
        except SalonError as error:
            log.info("effects-refused", stream_id=request.stream_id[:ID_MAX_CHARS], err_code=error.code)
            raise
        return _effects_set(outcome)


def _order(request: relay_pb2.Negotiate) -> Order:
    if request.direction not in (relay_pb2.DIRECTION_SEND, relay_pb2.DIRECTION_RECEIVE):
        raise InvalidField(field="direction", problem="out of range", limit="DIRECTION_SEND, DIRECTION_RECEIVE")
    if len(request.tracks) > TRACKS_MAX:
        raise InvalidField(field="tracks", problem="too long", limit=f"{TRACKS_MAX} tracks")
    if request.tracks and request.single_stream_id:
        raise InvalidField(field="tracks", problem="illegal", limit="empty when single_stream_id is given")
    identity = PeerIdentity(
        app_id=parse_app_id(request.app_id),
        room_id=parse_room_id(request.room_id),
        room_session_id=RoomSessionId(_bounded("room_session_id", request.room_session_id)),
        user_id=UserId(_bounded("user_id", request.user_id, may_be_empty=True)),
        session_id=SessionId(_bounded("session_id", request.session_id, may_be_empty=True)),
        transport_id=TransportId(_bounded("transport_id", request.transport_id)),
        client_sends=request.direction == relay_pb2.DIRECTION_SEND,
    )
    return Order(
        identity=identity,
        offer_sdp=request.offer_sdp,
        tracks=[(binding.mid, parse_stream_id(binding.stream_id)) for binding in request.tracks],
        single_stream_id=parse_stream_id(request.single_stream_id) if request.single_stream_id else None,
        client_address=_bounded("client_address", request.client_address, may_be_empty=True),
        playable_room_ids=frozenset(
            parse_room_id(room_id) if room_id else room_id for room_id in request.playable_room_ids
        ),
    )


def _effects_order(request: relay_pb2.SetEffects) -> EffectsOrder:
    parse_room_id(request.room_id)
    _bounded("room_session_id", request.room_session_id)
    _bounded("user_id", request.user_id, may_be_empty=True)
    beauty = check_beauty(request.beauty)
    return EffectsOrder(
        app_id=parse_app_id(request.app_id),
        stream_id=parse_stream_id(request.stream_id),
        session_id=SessionId(_bounded("session_id", request.session_id, may_be_empty=True)),
        beauty=beauty if request.enabled else None,
        version=request.version,
    )


def _effects_set(outcome: Outcome) -> relay_pb2.EffectsSet:
    if isinstance(outcome, Problem):
        return relay_pb2.EffectsSet(state=relay_pb2.EFFECTS_STATE_UNAVAILABLE, problem=PROBLEMS_ON_THE_WIRE[outcome])
    return relay_pb2.EffectsSet(state=relay_pb2.EFFECTS_STATE_ON if outcome == "on" else relay_pb2.EFFECTS_STATE_OFF)


def _bounded(field: str, value: str, *, may_be_empty: bool = False) -> str:
    """A WHEP viewer is a transport without a user: its user and session are empty."""
    if not value and not may_be_empty:
        raise InvalidField(field=field, problem="empty", limit=f"1 to {ID_MAX_CHARS} characters")
    if len(value) > ID_MAX_CHARS:
        raise InvalidField(field=field, problem="too long", limit=f"{ID_MAX_CHARS} characters")
    return value


def _track(agreed: Agreed) -> relay_pb2.Track:
    kind = relay_pb2.MEDIA_KIND_AUDIO if agreed.kind == "audio" else relay_pb2.MEDIA_KIND_VIDEO
    return relay_pb2.Track(mid=agreed.mid, stream_id=agreed.stream_id, kind=kind, codec=agreed.name)
