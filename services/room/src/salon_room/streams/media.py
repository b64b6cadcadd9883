"""Publishing and playing: an offer goes to the room's relay, its answer comes back, streams become events.

A stream is claimed first, then given to the relay, then appended, then answered: when others hear of it, the relay
knows it. Each log-in has one request of this kind under way at a time.
"""

import time
from collections.abc import Iterable

from salon.relay.v1.relay_pb2 import Direction, MediaKind, Negotiate, Negotiated, TrackBinding
from salon.room.v1.events_pb2 import PublishRefused, RelayAssigned, StreamAdded, StreamTrack
from salon.room.v1.signal_pb2 import Offer
from salon_contracts.errors import (
    BusUnavailable,
    InvalidField,
    NotLoggedIn,
    RelayLost,
    RequestTimedOut,
    SalonError,
)
from salon_contracts.ids import StreamId, parse_extra_info, parse_peer_connection_id, parse_stream_id
from salon_kit.log import get_logger

from salon_room.core import decisions, event_bytes
from salon_room.core.effects import Wish
from salon_room.core.facts import Append, Reject
from salon_room.core.mutes import mute, parse_muted_kinds
from salon_room.core.notices import Notice, OneSession, relay_lost
from salon_room.core.placement import require_on
from salon_room.core.signal_json import check_sdp, encode
from salon_room.members.participant import Participant
from salon_room.quotas import Quotas
from salon_room.streams.effects import Effects
from salon_room.streams.placements import Placements
from salon_room.streams.play_rights import PlayRights
from salon_room.streams.relays import Relays
from salon_room.streams.stream_id_reservations import StreamIdReservations
from salon_room.views.rooms import Rooms

log = get_logger()

KINDS = {MediaKind.MEDIA_KIND_AUDIO: "audio", MediaKind.MEDIA_KIND_VIDEO: "video"}
TRACKS_MAX = 256
"""Media sections of one offer."""


class Media:
    def __init__(
        self,
        rooms: Rooms,
        relays: Relays,
        placements: Placements,
        reservations: StreamIdReservations,
        rights: PlayRights,
        effects: Effects,
        quotas: Quotas,
    ) -> None:
        self._rooms = rooms
        self._relays = relays
        self._placements = placements
        self._reservations = reservations
        self._rights = rights
        self._effects = effects
        self._quotas = quotas

    async def publish(
        self,
        who: Participant,
        stream_id: str,
        extra_info: str,
        offer: Offer,
        effects: Wish | None = None,
        muted_kinds: Iterable[str] = (),
    ) -> str:
        """The answer; the others know the stream by then, and the relay what to begin with."""
        stream = parse_stream_id(stream_id)
        extra = parse_extra_info(extra_info)
        muted = parse_muted_kinds(muted_kinds)
        _check_offer(offer)
        try:
            who.permit.require_publish(stream)
            self._check_tracks(who, stream, offer)
            self.check_quota(who, stream)
            await self._reservations.reserve(who.view.key, stream, who.user_id, who.session_id)
        except SalonError as error:
            await self._say_refused(who, stream, error)
            raise
        try:
            relay = await self._placements.relay_of(who)
            order = self._order(who, offer, Direction.DIRECTION_SEND)
            negotiated = await self._negotiate(who, relay, offer.peer_connection_id, order)
            await self.add_stream(who, stream, extra, relay, order.transport_id, negotiated, muted)
            await self._effects.begin(who, stream, effects)
        except SalonError:
            # Before it is answered: whoever tries again at once must not lose its new claim to the old one's release.
            if stream not in who.view.state.streams:
                await self.release_claim(who, stream)
            raise
        except BaseException:
            if stream not in who.view.state.streams:
                self._rooms.around.spawn("release-claim", self.release_claim(who, stream))
            raise
        return negotiated.answer_sdp

    def check_quota(self, who: Participant, stream: StreamId) -> None:
        """Raises QuotaExceeded if `stream` would be one too many."""
        state = who.view.state
        if not state.has_stream(stream, who.session_id):
            own = len(state.streams_of(who.session_id))
            self._quotas.another_stream(own, lambda: self._rooms.streams_of(who.app_id))

    async def add_stream(
        self,
        who: Participant,
        stream: StreamId,
        extra: str,
        relay: RelayAssigned,
        transport_id: str,
        negotiated: Negotiated,
        muted_kinds: tuple[str, ...] = (),
    ) -> None:
        """`stream-added`, unless the log-in ended meanwhile."""
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
            extra_info=extra,
            relay_id=relay.relay_id,
            relay_epoch=relay.relay_epoch,
            transport_id=transport_id,
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
            await who.view.settle()
            raise NotLoggedIn

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
            _check_offer(offer)
        await self._effects.end(who, stream, order=offer is None)
        await self._remove(who, stream)
        if offer is None:
            return None
        self._check_tracks(who, None, offer)
        return await self._renegotiate(who, offer, Direction.DIRECTION_SEND)

    async def _remove(self, who: Participant, stream: StreamId) -> None:
        await who.view.carry_out(lambda: decisions.unpublish(who.view.state, stream, who.session_id))
        await self.release_claim(who, stream)

    async def play(self, who: Participant, stream_id: str, offer: Offer) -> str:
        stream = parse_stream_id(stream_id)
        _check_offer(offer)
        event = await self._rights.find(who.view, who.permit, stream)
        await self._check_played(who, offer, found=stream)
        relay = await self._placements.relay_of(who, prefer_relay_id=event.relay_id)
        require_on(relay, event)
        order = self._order(who, offer, Direction.DIRECTION_RECEIVE)
        negotiated = await self._negotiate(who, relay, offer.peer_connection_id, order)
        who.remember_played(offer)
        return negotiated.answer_sdp

    async def stop_play(self, who: Participant, stream_id: str, offer: Offer | None) -> str | None:
        parse_stream_id(stream_id)
        if offer is None:
            return None
        _check_offer(offer)
        await self._check_played(who, offer, found=None)
        answer = await self._renegotiate(who, offer, Direction.DIRECTION_RECEIVE)
        who.remember_played(offer)
        return answer

    async def close_peer_connection(self, who: Participant, name: str) -> None:
        transport_id = who.transport_id(parse_peer_connection_id(name))
        state = who.view.state
        for stream in state.streams_of(who.session_id):
            if stream.event.transport_id == transport_id:
                await self._remove(who, StreamId(stream.event.stream_id))
        placement = state.placement_of(who.session_id)
        relay = who.forget_transport(name) or (placement.event if placement is not None else None)
        if relay is not None:
            await self._relays.close_transport(relay.relay_id, transport_id, "closed-by-client")

    def tell_lost_relays(self) -> None:
        """A relay may have died: whoever had a peer connection there is told, what was on it is removed."""
        for view in self._rooms.views():
            view.repair_later()
            for listener in list(view.listeners.values()):
                if isinstance(listener, Participant):
                    self._tell_lost(listener)

    def _tell_lost(self, who: Participant) -> None:
        for name, relay in list(who.transports.items()):
            if self._relays.lost(relay.relay_id, relay.relay_epoch):
                who.forget_transport(name)
                message = relay_lost(name)
                who.tell(Notice(OneSession(who.session_id), message), encode(message))
                who.port.transport_lost(name)

    # ---- offers ----

    def _check_tracks(self, who: Participant, stream: StreamId | None, offer: Offer) -> None:
        named = [track.stream_id for track in offer.tracks]
        refused = decisions.publish_tracks_allowed(who.view.state, who.session_id, stream, named)
        if refused is not None:
            raise refused.error

    async def _check_played(self, who: Participant, offer: Offer, *, found: StreamId | None) -> None:
        bound = {StreamId(track.stream_id) for track in offer.tracks} - {found}
        await self._rights.check(who.view, who.permit, bound, who.played(offer.peer_connection_id))

    def _order(self, who: Participant, offer: Offer, direction: Direction.ValueType) -> Negotiate:
        key = who.view.key
        return Negotiate(
            app_id=key.app_id,
            room_id=key.room_id,
            room_session_id=key.room_session_id,
            user_id=who.user_id,
            session_id=who.session_id,
            transport_id=who.transport_id(offer.peer_connection_id),
            direction=direction,
            offer_sdp=offer.sdp,
            tracks=[TrackBinding(mid=track.mid, stream_id=track.stream_id) for track in offer.tracks],
            client_address=who.address,
            playable_room_ids=who.permit.play_room_ids if direction == Direction.DIRECTION_RECEIVE else (),
        )

    async def _renegotiate(self, who: Participant, offer: Offer, direction: Direction.ValueType) -> str:
        relay = await self._placements.relay_of(who)
        order = self._order(who, offer, direction)
        return (await self._negotiate(who, relay, offer.peer_connection_id, order)).answer_sdp

    async def _negotiate(self, who: Participant, relay: RelayAssigned, name: str, order: Negotiate) -> Negotiated:
        is_new = name not in who.transports
        who.remember_transport(name, relay)
        try:
            return await self._relays.negotiate(relay.relay_id, order)
        except SalonError as error:
            if is_new:
                who.forget_transport(name)
                if may_be_open_after(error):
                    self._relays.close_later(relay.relay_id, order.transport_id, "not-negotiated")
            raise

    async def release_claim(self, who: Participant, stream: StreamId) -> None:
        try:
            await self._reservations.release(who.app_id, stream, who.session_id)
        except SalonError as error:
            log.warning("claim-not-released", stream_id=stream, err_code=error.code)  # it can be taken over

    async def _say_refused(self, who: Participant, stream: StreamId, error: SalonError) -> None:
        event = PublishRefused(user_id=who.user_id, stream_id=stream, code=error.code)
        try:
            await self._rooms.around.events.append(who.view.state.entity("refusal", who.user_id), event)
        except SalonError as failure:
            log.warning("refusal-not-recorded", err_code=failure.code)


def may_be_open_after(error: SalonError) -> bool:
    """Whether a relay may have the peer connection although it could not be negotiated. A relay that refuses has
    nothing, and one that is told to close what it does not know refuses it from then on."""
    return isinstance(error, RelayLost | RequestTimedOut | BusUnavailable)


def _check_offer(offer: Offer) -> None:
    """Raises InvalidField."""
    parse_peer_connection_id(offer.peer_connection_id)
    check_sdp(offer.sdp)
    if len(offer.tracks) > TRACKS_MAX:
        raise InvalidField(field="tracks", problem="too long", limit=f"{TRACKS_MAX} media sections")
    for track in offer.tracks:
        parse_stream_id(track.stream_id)
        if not track.mid or len(track.mid) > 32:
            raise InvalidField(field="mid", problem="illegal", limit="1 to 32 characters")
