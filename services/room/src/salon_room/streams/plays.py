"""Playing: who may play a stream sends an offer to receive it, to the relay that the stream is on."""

from salon.relay.v1.relay_pb2 import Direction
from salon.room.v1.signal_pb2 import Offer
from salon_contracts.ids import StreamId, parse_stream_id

from salon_room.core.placement import require_on
from salon_room.members.participant import Participant
from salon_room.streams.negotiation import check_offer, order_of
from salon_room.streams.peer_connections import PeerConnections
from salon_room.streams.placements import Placements
from salon_room.streams.play_rights import PlayRights

RECEIVE = Direction.DIRECTION_RECEIVE


class Plays:
    def __init__(self, peer_connections: PeerConnections, placements: Placements, rights: PlayRights) -> None:
        self._peer_connections = peer_connections
        self._placements = placements
        self._rights = rights

    async def play(self, who: Participant, stream_id: str, offer: Offer) -> str:
        """The answer."""
        stream = parse_stream_id(stream_id)
        check_offer(offer)
        event = await self._rights.find(who.view, who.permit, stream)
        await self._check_bound(who, offer, found=stream)
        relay = await self._placements.relay_of(who, prefer_relay_id=event.relay_id)
        require_on(relay, event)
        order = order_of(who, offer, RECEIVE)
        negotiated = await self._peer_connections.negotiate(who, offer.peer_connection_id, relay, order)
        who.remember_played(offer)
        return negotiated.answer_sdp

    async def stop(self, who: Participant, stream_id: str, offer: Offer | None) -> str | None:
        """The answer if there was an offer."""
        parse_stream_id(stream_id)
        if offer is None:
            return None
        check_offer(offer)
        await self._check_bound(who, offer, found=None)
        relay = await self._placements.relay_of(who)
        order = order_of(who, offer, RECEIVE)
        negotiated = await self._peer_connections.negotiate(who, offer.peer_connection_id, relay, order)
        who.remember_played(offer)
        return negotiated.answer_sdp

    async def _check_bound(self, who: Participant, offer: Offer, *, found: StreamId | None) -> None:
        bound = {StreamId(track.stream_id) for track in offer.tracks} - {found}
        await self._rights.check(who.view, who.permit, bound, who.played(offer.peer_connection_id))
