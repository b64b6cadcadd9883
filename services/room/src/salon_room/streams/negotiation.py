"""Offers as they come from clients, and the order to a relay that each becomes."""

from collections.abc import Iterable

from salon.relay.v1.relay_pb2 import Direction, Negotiate, TrackBinding
from salon.room.v1.signal_pb2 import Offer, OfferedTrack
from salon_contracts.errors import InvalidField
from salon_contracts.ids import StreamId, parse_peer_connection_id, parse_stream_id

from salon_room.core.signal_json import check_sdp
from salon_room.members.participant import Participant
from salon_room.quotas import ClientAddress
from salon_room.views.room_view import RoomKey

TRACKS_MAX = 256
"""Media sections of one offer."""


def check_offer(offer: Offer) -> None:
    """Raises InvalidField."""
    parse_peer_connection_id(offer.peer_connection_id)
    check_sdp(offer.sdp)
    if len(offer.tracks) > TRACKS_MAX:
        raise InvalidField(field="tracks", problem="too long", limit=f"{TRACKS_MAX} media sections")
    for track in offer.tracks:
        parse_stream_id(track.stream_id)
        if not track.mid or len(track.mid) > 32:
            raise InvalidField(field="mid", problem="illegal", limit="1 to 32 characters")


def order(
    key: RoomKey,
    user_id: str,
    session_id: str,
    transport_id: str,
    direction: Direction.ValueType,
    sdp: str,
    address: ClientAddress,
    *,
    playable_room_ids: Iterable[str],
    tracks: Iterable[OfferedTrack] = (),
    single_stream_id: str = "",
) -> Negotiate:
    """`tracks`, or one stream for all sections."""
    return Negotiate(
        app_id=key.app_id,
        room_id=key.room_id,
        room_session_id=key.room_session_id,
        user_id=user_id,
        session_id=session_id,
        transport_id=transport_id,
        direction=direction,
        offer_sdp=sdp,
        tracks=[TrackBinding(mid=track.mid, stream_id=track.stream_id) for track in tracks],
        single_stream_id=single_stream_id,
        client_address=address,
        playable_room_ids=playable_room_ids if direction == Direction.DIRECTION_RECEIVE else (),
    )


def order_of(
    who: Participant, offer: Offer, direction: Direction.ValueType, single: StreamId | None = None
) -> Negotiate:
    """For a log-in. `single`: all sections are of this stream."""
    return order(
        who.view.key,
        who.user_id,
        who.session_id,
        who.transport_id(offer.peer_connection_id),
        direction,
        offer.sdp,
        who.address,
        playable_room_ids=who.permit.play_room_ids,
        tracks=offer.tracks,
        single_stream_id=single or "",
    )
