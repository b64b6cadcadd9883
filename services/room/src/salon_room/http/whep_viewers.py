"""WHEP viewers: a peer connection that receives one stream of a room, without a user in it."""

import asyncio
import hashlib

from salon.relay.v1.relay_pb2 import Direction, TransportOpened
from salon_contracts.errors import BusUnavailable, StreamNotFound, TokenUserMismatch, TransportNotFound
from salon_contracts.ids import AppId, RoomId, StreamId, TransportId, new_id
from salon_contracts.subjects import Entity
from salon_kit.events import Events

from salon_room.core import event_bytes
from salon_room.core.placement import require_on
from salon_room.core.quotas import Place
from salon_room.http.viewer_places import ViewerPlaces
from salon_room.members.tokens import Permit, Tokens
from salon_room.quotas import ClientAddress, Quotas
from salon_room.streams import negotiation
from salon_room.streams.placements import Placements
from salon_room.streams.play_rights import PlayRights
from salon_room.streams.relays import Relays
from salon_room.views.room_view import RoomKey, RoomView
from salon_room.views.rooms import Rooms

PEER_CONNECTION = "whep"
EVENT_WAIT_S = 2.0
"""How long the relay's event about a closed transport may take."""


class WhepViewers:
    def __init__(
        self,
        rooms: Rooms,
        events: Events,
        relays: Relays,
        placements: Placements,
        tokens: Tokens,
        rights: PlayRights,
        viewers: ViewerPlaces,
        quotas: Quotas,
    ) -> None:
        self._rooms = rooms
        self._events = events
        self._relays = relays
        self._placements = placements
        self._tokens = tokens
        self._rights = rights
        self._viewers = viewers
        self._quotas = quotas

    async def admit(self, app_id: AppId, room_id: RoomId, stream: StreamId, token: str) -> Permit:
        """What `play` wants. Raises a TokenError."""
        permit = await self._tokens.verify(app_id, token, "", room_id)
        permit.require_log_in()
        return permit

    async def play(
        self, app_id: AppId, room_id: RoomId, stream: StreamId, permit: Permit, sdp: str, address: ClientAddress
    ) -> tuple[RoomKey, TransportId, str]:
        """Where the viewer's transport is, its id and the relay's answer. Raises StreamNotFound, RateLimited or
        QuotaExceeded."""
        place = self._quotas.viewer(app_id, permit.user_id, address)
        try:
            return await self._play(app_id, room_id, stream, permit, sdp, address, place)
        except BaseException:
            place.release()
            raise

    async def _play(
        self,
        app_id: AppId,
        room_id: RoomId,
        stream: StreamId,
        permit: Permit,
        sdp: str,
        address: ClientAddress,
        place: Place,
    ) -> tuple[RoomKey, TransportId, str]:
        key = await self._rooms.present_session(app_id, room_id)
        if key is None:
            raise StreamNotFound(stream_id=stream)
        async with self._rooms.following(key) as view:
            event, relay = await self._rights.find(view, permit, stream), self._placements.relay_of_room(view)
            if relay is None:
                raise StreamNotFound(stream_id=stream)
            require_on(relay, event)
            session_id = _session_id(new_id("v"), permit.user_id)
            order = negotiation.order(
                key,
                permit.user_id,
                session_id,
                f"{session_id}.{PEER_CONNECTION}",
                Direction.DIRECTION_RECEIVE,
                sdp,
                address,
                single_stream_id=stream,
                playable_room_ids=permit.play_room_ids,
            )
            self._quotas.peer_connection(app_id, permit.user_id, event_bytes.of_peer_connection())
            negotiated = await self._relays.negotiate(relay.relay_id, order, is_new=True)
            self._viewers.keep(place, key, TransportId(order.transport_id), relay)
        return key, TransportId(order.transport_id), negotiated.answer_sdp

    async def stop(self, key: RoomKey, transport_id: TransportId, token: str) -> None:
        """Closes a viewer's transport, whichever instance it came from. Raises a TokenError, TransportNotFound or
        RateLimited."""
        permit = await self._tokens.verify(key.app_id, token, "", key.room_id)
        nonce, dot, _ = transport_id.partition(".")
        if not dot or transport_id != f"{_session_id(nonce, permit.user_id)}.{PEER_CONNECTION}":
            raise TokenUserMismatch(user_id=permit.user_id)
        self._quotas.viewer_stops(key.app_id, permit.user_id)
        entity = Entity(key.app_id, key.room_id, key.room_session_id, "transport", transport_id)
        last = await self._events.last(entity)
        opened = None if last is None else last.message
        if opened is not None and not isinstance(opened, TransportOpened):
            raise TransportNotFound(transport_id=transport_id)
        async with self._rooms.following(key) as view:
            here = self._viewers.relay_of(key, transport_id)
            relay = opened or here or self._placements.relay_of_room(view)
            if relay is None:
                raise TransportNotFound(transport_id=transport_id)
            # Without an event it is not connected yet, or never was: the relay says which by closing it or not.
            await self._relays.close_transport(relay.relay_id, transport_id, "closed-by-client")
            await self._wait_closed(view, transport_id)

    async def check_lives(self, key: RoomKey, transport_id: TransportId) -> None:
        """Raises TransportNotFound for a viewer that is closed, as far as events say: about one that is still
        connecting, which is when candidates are sent, there is none. Whoever has the transport's id may know."""
        entity = Entity(key.app_id, key.room_id, key.room_session_id, "transport", transport_id)
        last = await self._events.last(entity)
        if last is None and await self._rooms.present_session(key.app_id, key.room_id) != key:
            raise TransportNotFound(transport_id=transport_id)
        if last is not None and not isinstance(last.message, TransportOpened):
            raise TransportNotFound(transport_id=transport_id)

    async def _wait_closed(self, view: RoomView, transport_id: TransportId) -> None:
        try:
            async with asyncio.timeout(EVENT_WAIT_S):
                while transport_id not in view.state.closed_transports:
                    await view.wait_through(view.position + 1)
        except (TimeoutError, BusUnavailable):
            raise TransportNotFound(transport_id=transport_id) from None


def _session_id(nonce: str, user_id: str) -> str:
    """A viewer's session says whose it is, to any instance and before its relay has said anything of it."""
    return f"{nonce}.{hashlib.sha256(f'{nonce} {user_id}'.encode()).hexdigest()[:32]}"
