"""What of a stream its publisher has muted, and the event that it becomes."""

from collections.abc import Iterable

from salon.room.v1.events_pb2 import StreamAdded
from salon_contracts.errors import InvalidField, StreamNotYours

from salon_room.core.facts import Append, Reject
from salon_room.core.placement import was_replaced
from salon_room.core.room_state import RoomState

KINDS = ("audio", "video")


def parse_muted_kinds(values: Iterable[str]) -> tuple[str, ...]:
    """Each once, in order. Raises InvalidField."""
    muted = frozenset(values)
    if not muted.issubset(KINDS):
        raise InvalidField(field="muted_kinds", problem="illegal", limit="audio, video or both")
    return tuple(kind for kind in KINDS if kind in muted)


def mute(state: RoomState, stream_id: str, session_id: str, muted_kinds: tuple[str, ...]) -> list[Append] | Reject:
    """The event, or none if it is so already."""
    present = state.streams.get(stream_id)
    # What was on a relay that was lost is gone: an event about it now would make it look alive.
    if present is None or present.event.session_id != session_id or was_replaced(state, present):
        return Reject(StreamNotYours(stream_id=stream_id))
    if tuple(present.event.muted_kinds) == muted_kinds:
        return []
    event = StreamAdded()
    event.CopyFrom(present.event)
    event.is_update = event.mute_changed = True
    del event.muted_kinds[:]
    event.muted_kinds.extend(muted_kinds)
    entity = state.entity("stream", stream_id)
    return [Append(entity, event, state.sequence_of(entity))]
