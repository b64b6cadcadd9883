"""What a room service orders of a peer connection."""

from collections.abc import Sequence
from dataclasses import dataclass

from salon_contracts.ids import RoomId, StreamId

from salon_relay.peers.identity import PeerIdentity
from salon_relay.peers.offer_queue import Turn
from salon_relay.peers.quotas import Owner


@dataclass(frozen=True, slots=True)
class Order:
    """An offer with what it is for: `tracks` as (mid, stream), or `single_stream_id` for WHIP and WHEP."""

    identity: PeerIdentity
    offer_sdp: str
    tracks: Sequence[tuple[str, StreamId]]
    single_stream_id: StreamId | None
    client_address: str
    """Where the offer came from, as limits count addresses; empty: not known."""
    playable_room_ids: frozenset[str] = frozenset()
    """Rooms besides its own whose streams a viewer may get; "" among them: all of the app."""

    def may_play_in(self, room_id: RoomId) -> bool:
        return room_id == self.identity.room_id or not self.playable_room_ids.isdisjoint((room_id, ""))

    @property
    def owner(self) -> Owner:
        return Owner(self.identity.app_id, self.identity.user_id, self.client_address)

    @property
    def turn(self) -> Turn:
        """Who knows nothing of a user or an address takes turns by peer connection."""
        identity = self.identity
        user = f"{identity.app_id} {identity.user_id}" if identity.user_id else f"transport {identity.transport_id}"
        return Turn(self.client_address or user, user)
