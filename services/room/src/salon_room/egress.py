"""WHEP viewers: a peer connection that receives one stream of a room, without a user in it."""

import asyncio
import hashlib

from salon.relay.v1.relay_pb2 import Direction, Negotiate, TransportOpened
from salon_contracts.errors import BusUnavailable, StreamNotFound, TokenUserMismatch, TransportNotFound
from salon_contracts.ids import AppId, RoomId, StreamId, TransportId, new_id
from salon_contracts.subjects import Entity
from salon_kit.events import Events

from salon_room.relays import Relays
from salon_room.room_view import RoomKey, RoomView
from salon_room.rooms import Rooms
from salon_room.tokens import Permit, Tokens

PEER_CONNECTION = "whep"
EVENT_WAIT_S = 2.0
"""How long the relay's event about a closed transport may take."""


class Egress:
    def __init__(self, rooms: Rooms, events: Events, relays: Relays, tokens: Tokens) -> None:
        self._rooms = rooms
        self._events = events
        self._relays = relays
        self._tokens = tokens

    async def admit(self, app_id: AppId, room_id: RoomId, stream: StreamId, token: str) -> Permit:
        """What `play` wants. Raises a TokenError."""
        permit = await self._tokens.verify(app_id, token, "", room_id)
        permit.require_log_in()
        return permit

    async def play(
        self, app_id: AppId, room_id: RoomId, stream: StreamId, permit: Permit, sdp: str
    ) -> tuple[RoomKey, TransportId, str]:
        """Where the viewer's transport is, its id and the relay's answer. Raises StreamNotFound."""
        key = await self._rooms.present_session(app_id, room_id)
        if key is None:
            raise StreamNotFound(stream_id=stream)
        async with self._rooms.following(key) as view:
            present = view.state.streams.get(stream)
            if present is None:
                raise StreamNotFound(stream_id=stream)
            session_id = _session_id(new_id("v"), permit.user_id)
            order = Negotiate(
                app_id=app_id,
                room_id=room_id,
                room_session_id=key.room_session_id,
                user_id=permit.user_id,
                session_id=session_id,
                transport_id=f"{session_id}.{PEER_CONNECTION}",
                direction=Direction.DIRECTION_RECEIVE,
                offer_sdp=sdp,
                single_stream_id=stream,
            )
            negotiated = await self._relays.negotiate(present.event.relay_id, order)
        return key, TransportId(order.transport_id), negotiated.answer_sdp

    async def stop(self, key: RoomKey, transport_id: TransportId, token: str) -> None:
        """Closes a viewer's transport, whichever instance it came from. Raises a TokenError, or TransportNotFound."""
        permit = await self._tokens.verify(key.app_id, token, "", key.room_id)
        nonce, dot, _ = transport_id.partition(".")
        if not dot or transport_id != f"{_session_id(nonce, permit.user_id)}.{PEER_CONNECTION}":
            raise TokenUserMismatch(user_id=permit.user_id)
        entity = Entity(key.app_id, key.room_id, key.room_session_id, "transport", transport_id)
        last = await self._events.last(entity)
        opened = None if last is None else last.message
        if opened is not None and not isinstance(opened, TransportOpened):
            raise TransportNotFound(transport_id=transport_id)
        async with self._rooms.following(key) as view:
            placement = view.state.placement
            if placement is None:
                raise TransportNotFound(transport_id=transport_id)
            # Without an event it is not connected yet, or never was: the relay says which by closing it or not.
            relay_id = placement.relay_id if opened is None else opened.relay_id
            await self._relays.close_transport(relay_id, transport_id, "closed-by-client")
            await self._wait_closed(view, transport_id)

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
