"""What may be asked of a stream's effects, and the event it becomes."""

from dataclasses import dataclass

from salon.effects.v1.effects_pb2 import Beauty
from salon.room.v1.events_pb2 import EffectsChanged, EffectsTurnedOff, EffectsTurnedOn
from salon.room.v1.signal_pb2 import StreamEffects
from salon_contracts.beauty import check_beauty
from salon_contracts.errors import StreamNotYours

from salon_room.core.facts import Append, Reject
from salon_room.core.room_state import RoomState


@dataclass(frozen=True, slots=True)
class EffectsRequest:
    """Checked."""

    enabled: bool
    beauty: Beauty


def effects_request_of(asked: StreamEffects) -> EffectsRequest:
    """Raises InvalidField, also for strengths that do not matter because the effects are to be off."""
    beauty = Beauty(
        smooth=asked.smooth_intensity,
        whiten=asked.whiten_intensity,
        rosy=asked.rosy_intensity,
        sharpen=asked.sharpen_intensity,
    )
    return EffectsRequest(asked.enabled, check_beauty(beauty))


def set_effects(
    state: RoomState, stream_id: str, user_id: str, session_id: str, request: EffectsRequest
) -> list[Append] | Reject:
    """The event, or none if it is so already."""
    if not state.has_stream(stream_id, session_id):
        return Reject(StreamNotYours(stream_id=stream_id))
    present = state.effects_of(stream_id, session_id)
    was_on = present is not None and present.enabled
    if was_on == request.enabled and (present is None or not was_on or present.beauty == request.beauty):
        return []
    # Over all sessions: whatever is on its way to the relay still is older than this.
    last = state.effects.get(stream_id)
    version = 1 if last is None else last.version + 1
    event = _event(stream_id, user_id, session_id, request, was_on, version)
    entity = state.entity("effects", stream_id)
    return [Append(entity, event, state.sequence_of(entity))]


def _event(
    stream_id: str, user_id: str, session_id: str, request: EffectsRequest, was_on: bool, version: int
) -> EffectsTurnedOn | EffectsChanged | EffectsTurnedOff:
    if not request.enabled:
        return EffectsTurnedOff(stream_id=stream_id, user_id=user_id, session_id=session_id, version=version)
    if was_on:
        return EffectsChanged(
            stream_id=stream_id, user_id=user_id, session_id=session_id, beauty=request.beauty, version=version
        )
    return EffectsTurnedOn(
        stream_id=stream_id, user_id=user_id, session_id=session_id, beauty=request.beauty, version=version
    )
