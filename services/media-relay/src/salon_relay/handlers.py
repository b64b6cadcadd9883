"""Bus messages in and out: Negotiate and CloseTransport become orders, what happens to peers becomes events."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from google.protobuf.message import Message
from salon.relay.v1 import relay_pb2
from salon_contracts.errors import BusUnavailable, InvalidField, SalonError
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
from salon_contracts.subjects import Entity, command
from salon_kit.bus import Bus, RequestContext, Serving
from salon_kit.log import get_logger

from salon_relay.exchange import Exchange, Order
from salon_relay.metrics import NEGOTIATE_SECONDS, NEGOTIATIONS, TRANSPORTS_CLOSED
from salon_relay.peer import CloseReason, PeerIdentity
from salon_relay.plan import Agreed

if TYPE_CHECKING:
    from salon_packets._native import TransportStats


log = get_logger()

ID_MAX_CHARS = 256
TRACKS_MAX = 64

_CLOSE_REASONS = {
    CloseReason.ORDERED: relay_pb2.TRANSPORT_CLOSE_REASON_ORDERED,
    CloseReason.PEER_CLOSED: relay_pb2.TRANSPORT_CLOSE_REASON_PEER_CLOSED,
    CloseReason.CONSENT_EXPIRED: relay_pb2.TRANSPORT_CLOSE_REASON_CONSENT_EXPIRED,
    CloseReason.NEVER_CONNECTED: relay_pb2.TRANSPORT_CLOSE_REASON_NEVER_CONNECTED,
    CloseReason.RELAY_STOPPED: relay_pb2.TRANSPORT_CLOSE_REASON_RELAY_STOPPED,
    CloseReason.INTERNAL_ERROR: relay_pb2.TRANSPORT_CLOSE_REASON_INTERNAL_ERROR,
}


class Handlers:
    """Serves `salon.cmd.v1.relay.<relay id>.{negotiate,close-transport}`."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    async def serve(
        self, bus: Bus, relay_id: RelayId
    ) -> list[Serving[relay_pb2.Negotiate] | Serving[relay_pb2.CloseTransport]]:
        return [
            await bus.serve(command("relay", "negotiate", relay_id), relay_pb2.Negotiate, self.negotiate),
            await bus.serve(
                command("relay", "close-transport", relay_id), relay_pb2.CloseTransport, self.close_transport
            ),
        ]

    async def negotiate(self, request: relay_pb2.Negotiate, context: RequestContext) -> Message:
        started_ns = time.monotonic_ns()
        result = "internal"
        try:
            answer, tracks = self._exchange.negotiate(_order(request))
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
        self._exchange.close(TransportId(_bounded("transport_id", request.transport_id)))
        return relay_pb2.TransportClosedReply()


class EventRecord:
    """Turns what happens to peers into events. `put` is the outbox's: it takes the event and returns at once."""

    def __init__(self, relay_id: RelayId, put: Callable[[Entity, Message], None]) -> None:
        self._relay_id = relay_id
        self._put = put

    def transport_opened(self, identity: PeerIdentity) -> None:
        self._append(
            identity,
            relay_pb2.TransportOpened(
                relay_id=self._relay_id,
                user_id=identity.user_id,
                session_id=identity.session_id,
                direction=_direction(identity),
            ),
        )

    def transport_closed(
        self, identity: PeerIdentity, reason: CloseReason, duration_ms: int, stats: "TransportStats | None"
    ) -> None:
        TRANSPORTS_CLOSED.labels(reason=reason.value).inc()
        self._append(
            identity,
            relay_pb2.TransportClosed(
                relay_id=self._relay_id,
                user_id=identity.user_id,
                session_id=identity.session_id,
                direction=_direction(identity),
                reason=_CLOSE_REASONS[reason],
                duration_ms=duration_ms,
                bytes_received=0 if stats is None else stats["bytes_received"],
                bytes_sent=0 if stats is None else stats["bytes_sent"],
            ),
        )

    def _append(self, identity: PeerIdentity, message: Message) -> None:
        entity = Entity(identity.app_id, identity.room_id, identity.room_session_id, "transport", identity.transport_id)
        try:
            self._put(entity, message)
        except BusUnavailable:
            log.error("event-lost", transport_id=identity.transport_id)


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
    )


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


def _direction(identity: PeerIdentity) -> relay_pb2.Direction.ValueType:
    return relay_pb2.DIRECTION_SEND if identity.client_sends else relay_pb2.DIRECTION_RECEIVE
