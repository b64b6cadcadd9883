"""What happens to peer connections and to the effects of streams, as events."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from google.protobuf.message import Message
from salon.relay.v1 import relay_pb2
from salon_contracts.errors import BusUnavailable
from salon_contracts.ids import RelayId, StreamId
from salon_contracts.subjects import Entity
from salon_kit.log import get_logger

from salon_relay.effects.core.request import PROBLEMS_ON_THE_WIRE, Problem
from salon_relay.effects.totals import Totals
from salon_relay.metrics import TRANSPORTS_CLOSED
from salon_relay.peers.identity import PeerIdentity
from salon_relay.peers.peer import CloseReason

if TYPE_CHECKING:
    from salon_packets._native import TransportStats


log = get_logger()

_CLOSE_REASONS = {
    CloseReason.ORDERED: relay_pb2.TRANSPORT_CLOSE_REASON_ORDERED,
    CloseReason.PEER_CLOSED: relay_pb2.TRANSPORT_CLOSE_REASON_PEER_CLOSED,
    CloseReason.CONSENT_EXPIRED: relay_pb2.TRANSPORT_CLOSE_REASON_CONSENT_EXPIRED,
    CloseReason.NEVER_CONNECTED: relay_pb2.TRANSPORT_CLOSE_REASON_NEVER_CONNECTED,
    CloseReason.RELAY_STOPPED: relay_pb2.TRANSPORT_CLOSE_REASON_RELAY_STOPPED,
    CloseReason.INTERNAL_ERROR: relay_pb2.TRANSPORT_CLOSE_REASON_INTERNAL_ERROR,
    CloseReason.NO_MEDIA: relay_pb2.TRANSPORT_CLOSE_REASON_NO_MEDIA,
    CloseReason.STREAM_ENDED: relay_pb2.TRANSPORT_CLOSE_REASON_STREAM_ENDED,
    CloseReason.CODEC_MISMATCH: relay_pb2.TRANSPORT_CLOSE_REASON_CODEC_MISMATCH,
}


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

    def effects_started(self, identity: PeerIdentity, stream_id: StreamId, version: int, worker_id: str) -> None:
        self._append_effects(
            identity,
            relay_pb2.EffectsStarted(
                relay_id=self._relay_id,
                stream_id=stream_id,
                user_id=identity.user_id,
                session_id=identity.session_id,
                version=version,
                worker_id=worker_id,
            ),
        )

    def effects_interrupted(self, identity: PeerIdentity, stream_id: StreamId, version: int, problem: Problem) -> None:
        self._append_effects(
            identity,
            relay_pb2.EffectsInterrupted(
                relay_id=self._relay_id,
                stream_id=stream_id,
                user_id=identity.user_id,
                session_id=identity.session_id,
                version=version,
                problem=PROBLEMS_ON_THE_WIRE[problem],
            ),
        )

    def effects_stopped(self, identity: PeerIdentity, stream_id: StreamId, version: int, totals: Totals) -> None:
        self._append_effects(
            identity,
            relay_pb2.EffectsStopped(
                relay_id=self._relay_id,
                stream_id=stream_id,
                user_id=identity.user_id,
                session_id=identity.session_id,
                version=version,
                frames_beautified=totals.frames_beautified,
                frames_original=totals.frames_original,
            ),
        )

    def _append(self, identity: PeerIdentity, message: Message) -> None:
        entity = Entity(identity.app_id, identity.room_id, identity.room_session_id, "transport", identity.transport_id)
        self._put_or_log(entity, message)

    def _append_effects(
        self,
        identity: PeerIdentity,
        message: relay_pb2.EffectsStarted | relay_pb2.EffectsInterrupted | relay_pb2.EffectsStopped,
    ) -> None:
        entity = Entity(identity.app_id, identity.room_id, identity.room_session_id, "effects-state", message.stream_id)
        self._put_or_log(entity, message)

    def _put_or_log(self, entity: Entity, message: Message) -> None:
        try:
            self._put(entity, message)
        except BusUnavailable:
            log.error("event-lost", subject=entity.subject)


def _direction(identity: PeerIdentity) -> relay_pb2.Direction.ValueType:
    return relay_pb2.DIRECTION_SEND if identity.client_sends else relay_pb2.DIRECTION_RECEIVE
