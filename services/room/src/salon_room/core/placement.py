"""Which relay the media of a log-in is on, sent and received, and what is lost with a relay.

There is no way between relays yet, so everybody goes to the relay that the room has already, if it lives. Two who come
to an empty room at once may be placed on two: the order of the stream says who was first, and the other one moves
before anything is negotiated.
"""

from collections.abc import Callable, Iterable
from random import Random
from typing import NamedTuple

from salon.relay.v1.relay_pb2 import RelayAnnouncement
from salon.room.v1.events_pb2 import RelayAssigned, RelayReleased, StreamAdded
from salon_contracts.errors import NoRelayAvailable, StreamNotFound

from salon_room.core.facts import Append, Reject
from salon_room.core.room_state import Placement, PresentStream, RoomState

RelayLost = Callable[[str, str], bool]
"""(relay id, epoch) -> whether that start of that relay is known to be gone."""


class RelayStart(NamedTuple):
    """A relay since it was started last: a restarted one has nothing of what it carried."""

    relay_id: str
    epoch: str


def load_of(relay: RelayAnnouncement) -> float:
    """Packets carried against packets it can carry; transports break ties between idle relays."""
    return relay.packets_per_s / max(1, relay.capacity_packets_per_s) + relay.transports * 1e-6


def choose(relays: Iterable[RelayAnnouncement], region: str, random: Random) -> RelayAnnouncement | None:
    """The less loaded of two drawn at random: always taking the least loaded sends everybody to the same one between
    two announcements. Relays of `region` come first, if there are any; draining ones never."""
    fit = [relay for relay in relays if not relay.draining]
    near = [relay for relay in fit if region and relay.region == region] or fit
    if not near:
        return None
    drawn = random.sample(near, min(2, len(near)))
    return min(drawn, key=load_of)


def present_relay(state: RoomState, lost: RelayLost) -> RelayAssigned | None:
    """The relay that the room has: the living one that somebody who is in was placed on first."""
    first = next((each for each in state.placements_of_members() if not is_lost(state, each, lost)), None)
    room = state.room_placement
    if room is not None and not is_lost(state, room, lost) and (first is None or room.sequence < first.sequence):
        return room.event
    return None if first is None else first.event


def assign_relay(
    state: RoomState, user_id: str, session_id: str, chosen: RelayStart | None, lost: RelayLost
) -> list[Append] | Reject:
    """Empty when the log-in is where the room is. `chosen`: where to go if the room has no relay that lives."""
    own, room = state.placements.get(session_id), present_relay(state, lost)
    if room is not None:
        if own is not None and not is_lost(state, own, lost) and start_of(own.event) == start_of(room):
            return []
        chosen = start_of(room)
    if chosen is None:
        return Reject(NoRelayAvailable())
    event = RelayAssigned(relay_id=chosen.relay_id, relay_epoch=chosen.epoch, user_id=user_id, session_id=session_id)
    before = state.placement_of(session_id)
    if before is None and room is None:
        # A newcomer to a room whose relay is lost says so for those who are in: it might come back to them, not to him.
        before = next(iter(state.placements_of_members()), None)
    if before is not None and lost(*start_of(before.event)):
        event.replaces_relay_id, event.replaces_relay_epoch = start_of(before.event)
    entity = state.entity("placement", session_id)
    return [Append(entity, event, state.sequence_of(entity))]


def release_relay(state: RoomState, session_id: str) -> list[Append]:
    """For a log-in that ends; empty if it has no placement of its own."""
    own = state.placements.get(session_id)
    if own is None:
        return []
    relay_id, epoch = start_of(own.event)
    event = RelayReleased(relay_id=relay_id, relay_epoch=epoch, user_id=own.event.user_id, session_id=session_id)
    entity = state.entity("placement", session_id)
    return [Append(entity, event, state.sequence_of(entity))]


def require_on(relay: RelayAssigned, stream: StreamAdded) -> None:
    """Raises StreamNotFound for a stream that is on another relay than whoever wants to play it."""
    if relay.relay_id != stream.relay_id:
        raise StreamNotFound(stream_id=stream.stream_id)


def start_of(placed: RelayAssigned) -> RelayStart:
    return RelayStart(placed.relay_id, placed.relay_epoch)


def is_lost(state: RoomState, placement: Placement, lost: RelayLost) -> bool:
    start = start_of(placement.event)
    return placement.sequence < state.replaced_at.get(start, 0) or lost(*start)


def is_transport_lost(state: RoomState, opened_at: int, relay_id: str, placement: Placement, lost: RelayLost) -> bool:
    """Of a log-in that is placed so: a peer connection that was opened at that sequence, at that relay."""
    replaced_at = state.replaced_at.get(start_of(placement.event), 0)
    if placement.event.replaces_relay_id:
        replaced_at = max(replaced_at, placement.sequence)
    return opened_at < replaced_at or relay_id != placement.event.relay_id or is_lost(state, placement, lost)


def is_stream_lost(state: RoomState, stream: PresentStream, lost: RelayLost) -> bool:
    """The relay that it is on is gone."""
    start = _start_of_stream(state, stream)
    return was_replaced(state, stream) or (start is not None and lost(*start))


def was_replaced(state: RoomState, stream: PresentStream) -> bool:
    """The relay that it is on was lost since it is there, as events of the room say."""
    start, room = _start_of_stream(state, stream), state.room_placement
    if not stream.event.relay_epoch and room is not None and stream.sequence < room.sequence:
        return True
    return start is not None and stream.sequence < state.replaced_at.get(start, 0)


def _start_of_stream(state: RoomState, stream: PresentStream) -> RelayStart | None:
    if stream.event.relay_epoch:
        return RelayStart(stream.event.relay_id, stream.event.relay_epoch)
    # An instance of before streams said so: on the relay that the room was placed on, or, beside newer instances, one
    # of those who are in.
    on_it = (each for each in state.placements_of_members() if each.event.relay_id == stream.event.relay_id)
    placement = state.room_placement or next(on_it, None)
    return None if placement is None else start_of(placement.event)
