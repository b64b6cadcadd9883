"""WHEP viewers of this instance: each has its place in the quotas until its peer connection is closed."""

import asyncio
from contextlib import suppress

from salon.room.v1.events_pb2 import RelayAssigned
from salon_contracts.ids import TransportId

from salon_room.background import Spawn
from salon_room.core.quotas import Place
from salon_room.streams.relays import Relays
from salon_room.views.room_view import RoomKey
from salon_room.views.rooms import Rooms

LOOK_AGAIN_S = 10.0
"""How often is looked whether the relay, which may have died without a word, is still there."""


class ViewerPlaces:
    def __init__(self, rooms: Rooms, relays: Relays, spawn: Spawn) -> None:
        self._rooms = rooms
        self._relays = relays
        self._spawn = spawn
        self._relay_of: dict[tuple[RoomKey, TransportId], RelayAssigned] = {}

    def relay_of(self, key: RoomKey, transport_id: TransportId) -> RelayAssigned | None:
        """Where a viewer of this instance is, be it connected yet or not."""
        return self._relay_of.get((key, transport_id))

    def keep(self, place: Place, key: RoomKey, transport_id: TransportId, relay: RelayAssigned) -> None:
        """The relay has answered: `place` is released when it says that the peer connection is closed, be it that
        nobody ever came, or when the relay is gone. Call it while the room is followed, so that nothing is missed."""
        self._relay_of[key, transport_id] = relay
        self._spawn("whep-viewer", self._keep(place, key, transport_id, relay))

    async def _keep(self, place: Place, key: RoomKey, transport_id: TransportId, relay: RelayAssigned) -> None:
        ended = asyncio.Event()
        try:
            with place:
                async with self._rooms.following(key) as view:
                    view.viewer_ended[transport_id] = ended.set
                    try:
                        while not ended.is_set() and transport_id not in view.state.closed_transports:
                            if self._relays.lost(relay.relay_id, relay.relay_epoch):
                                return
                            with suppress(TimeoutError):
                                async with asyncio.timeout(LOOK_AGAIN_S):
                                    await ended.wait()
                    finally:
                        view.viewer_ended.pop(transport_id, None)
        finally:
            del self._relay_of[key, transport_id]
