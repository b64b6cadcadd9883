"""Publishing: an offer goes to the log-in's relay, its answer comes back, the stream becomes an event.

Its id is reserved first, then the relay is asked, then the event is appended, then the client answered: when others
hear of a stream, the relay knows it. Each log-in has one request of this kind under way at a time.
"""

import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from salon.relay.v1.relay_pb2 import Direction, MediaKind, Negotiate
from salon.room.v1.events_pb2 import PublishRefused, StreamAdded, StreamTrack
from salon.room.v1.signal_pb2 import Offer
from salon_contracts.errors import NotLoggedIn, SalonError
from salon_contracts.ids import StreamId, parse_extra_info, parse_peer_connection_id, parse_stream_id
from salon_kit.events import Events
from salon_kit.log import get_logger

from salon_room.background import Spawn
from salon_room.core import decisions, event_bytes
from salon_room.core.effects import EffectsRequest
from salon_room.core.facts import Append, Reject
from salon_room.core.mutes import mute, parse_muted_kinds
from salon_room.members.participant import Participant
from salon_room.quotas import Quotas
from salon_room.streams.effects import Effects
from salon_room.streams.negotiation import check_offer, order_of
from salon_room.streams.peer_connections import PeerConnections
from salon_room.streams.placements import Placements
from salon_room.streams.stream_id_reservations import StreamIdReservations
from salon_room.views.rooms import Rooms

log = get_logger()

KINDS = {MediaKind.MEDIA_KIND_AUDIO: "audio", MediaKind.MEDIA_KIND_VIDEO: "video"}
SEND = Direction.DIRECTION_SEND


class Publications:
    def __init__(
        self,
        events: Events,
        spawn: Spawn,
        rooms: Rooms,
        peer_connections: PeerConnections,
        placements: Placements,
        reservations: StreamIdReservations,
        effects: Effects,
        quotas: Quotas,
    ) -> None:
        self._events = events
        self._spawn = spawn
        self._rooms = rooms
        self._peer_connections = peer_connections
        self._placements = placements
        self._reservations = reservations
        self._effects = effects
        self._quotas = quotas

    async def publish(
        self,
        who: Participant,
        stream_id: str,
        extra_info: str,
        offer: Offer,
        effects: EffectsRequest | None = None,
        muted_kinds: Iterable[str] = (),
    ) -> str:
        """The answer; the others know the stream by then, and the relay what to begin with."""
        stream = parse_stream_id(stream_id)
        extra = parse_extra_info(extra_info)
        muted = parse_muted_kinds(muted_kinds)
        check_offer(offer)
        try:
            who.permit.require_publish(stream)
            self._check_tracks(who, stream, offer)
            self._check_quota(who, stream)
            await self._reservations.reserve(who.view.key, stream, who.user_id, who.session_id)
        except SalonError as error:
            await self._say_refused(who, stream, error)
            raise
        async with self._reserved(who, stream):
            answer_sdp = await self._add(who, stream, extra, offer, order_of(who, offer, SEND), muted)
            await self._effects.begin(who, stream, effects)
        return answer_sdp

    async def publish_alone(self, who: Participant, stream: StreamId, offer: Offer) -> str:
        """The answer to an offer all sections of which are of one stream. Raises StreamExists."""
        await self._reservations.reserve(who.view.key, stream, who.user_id, who.session_id)
        async with self._reserved(who, stream):
            return await self._add(who, stream, "", offer, order_of(who, offer, SEND, single=stream), ())

    @asynccontextmanager
    async def _reserved(self, who: Participant, stream: StreamId) -> AsyncIterator[None]:
        """If what is done fails and the stream is not there, its id is free again."""
        try:
            yield
        except SalonError:
            # Before it is answered: whoever tries again at once must not lose its new reservation to this release.
            if stream not in who.view.state.streams:
                await self._release(who, stream)
            raise
        except BaseException:
            if stream not in who.view.state.streams:
                self._spawn("release-stream-id", self._release(who, stream))
            raise

    def _check_quota(self, who: Participant, stream: StreamId) -> None:
        """Raises QuotaExceeded if `stream` would be one too many."""
        state = who.view.state
        if not state.has_stream(stream, who.session_id):
            own = len(state.streams_of(who.session_id))
            self._quotas.another_stream(own, lambda: self._rooms.streams_of(who.app_id))

    async def _add(
        self,
        who: Participant,
        stream: StreamId,
        extra_info: str,
        offer: Offer,
        order: Negotiate,
        muted_kinds: tuple[str, ...],
    ) -> str:
        """The relay has it, then `stream-added`, unless the log-in ended meanwhile; the answer."""
        relay = await self._placements.relay_of(who)
        negotiated = await self._peer_connections.negotiate(who, offer.peer_connection_id, relay, order)
        tracks = [
            StreamTrack(kind=KINDS.get(track.kind, ""), codec=track.codec)
            for track in negotiated.tracks
            if track.stream_id == stream
        ]
        event = StreamAdded(
            stream_id=stream,
            user_id=who.user_id,
            user_name=who.user_name,
            session_id=who.session_id,
            extra_info=extra_info,
            relay_id=relay.relay_id,
            relay_epoch=relay.relay_epoch,
            transport_id=order.transport_id,
            tracks=tracks,
            added_at_unix_ms=time.time_ns() // 1_000_000,
            muted_kinds=muted_kinds,
        )

        def decide() -> list[Append] | Append | Reject:
            if not who.is_in:
                return Reject(NotLoggedIn())
            return decisions.publish(who.view.state, event)

        while True:
            await who.view.carry_out(decide)
            present = who.view.state.streams.get(stream)
            if present is None or present.event.session_id == who.session_id:
                break  # else a stream of a session that is gone was cleared away first
        if not who.is_in:
            await who.view.reconciler.reconcile()
            raise NotLoggedIn
        return negotiated.answer_sdp

    async def mute(self, who: Participant, stream_id: str, muted_kinds: Iterable[str]) -> None:
        """The others know what is muted then. Raises InvalidField, StreamNotYours, NotLoggedIn or RateLimited."""
        stream = parse_stream_id(stream_id)
        muted = parse_muted_kinds(muted_kinds)
        view = who.view
        if not view.state.has_stream(stream, who.session_id):  # perhaps not yet: it was published at another instance
            await view.catch_up(view.state.entity("stream", stream))

        def decide() -> list[Append] | Reject:
            if not who.is_in:
                return Reject(NotLoggedIn())
            return mute(view.state, stream, who.session_id, muted)

        decision = decide()
        if isinstance(decision, Reject):
            raise decision.error
        if decision:
            extra_info = view.state.streams[stream].event.extra_info
            size_bytes = event_bytes.of_mute(stream, who.user_name, extra_info)
            self._quotas.mute(who.app_id, who.user_id, view.key.room_session_id, size_bytes)
            await view.carry_out(decide)

    async def unpublish(self, who: Participant, stream_id: str, offer: Offer | None) -> str | None:
        """Gone for the others; the answer if there was an offer."""
        stream = parse_stream_id(stream_id)
        if offer is not None:
            check_offer(offer)
        await self._effects.end(who, stream, order=offer is None)
        await self._remove(who, stream)
        if offer is None:
            return None
        self._check_tracks(who, None, offer)
        relay = await self._placements.relay_of(who)
        order = order_of(who, offer, SEND)
        return (await self._peer_connections.negotiate(who, offer.peer_connection_id, relay, order)).answer_sdp

    async def remove_from(self, who: Participant, peer_connection_id: str) -> None:
        """Takes the streams back that are sent over a peer connection."""
        transport_id = who.transport_id(parse_peer_connection_id(peer_connection_id))
        for stream in who.view.state.streams_of(who.session_id):
            if stream.event.transport_id == transport_id:
                await self._remove(who, StreamId(stream.event.stream_id))

    async def _remove(self, who: Participant, stream: StreamId) -> None:
        await who.view.carry_out(lambda: decisions.unpublish(who.view.state, stream, who.session_id))
        await self._release(who, stream)

    async def _release(self, who: Participant, stream: StreamId) -> None:
        try:
            await self._reservations.release(who.app_id, stream, who.session_id)
        except SalonError as error:
            log.warning("stream-id-not-released", stream_id=stream, err_code=error.code)  # it can be taken over

    def _check_tracks(self, who: Participant, stream: StreamId | None, offer: Offer) -> None:
        named = [track.stream_id for track in offer.tracks]
        refused = decisions.publish_tracks_allowed(who.view.state, who.session_id, stream, named)
        if refused is not None:
            raise refused.error

    async def _say_refused(self, who: Participant, stream: StreamId, error: SalonError) -> None:
        event = PublishRefused(user_id=who.user_id, stream_id=stream, code=error.code)
        try:
            await self._events.append(who.view.state.entity("refusal", who.user_id), event)
        except SalonError as failure:
            log.warning("refusal-not-recorded", err_code=failure.code)
