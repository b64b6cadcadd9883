"""What may happen next in a room: each function looks at the fold and says which events to append, or why not.

The sequences the appends expect are those of the fold that was looked at. Whoever performs them and meets a conflict
reads again and asks again. An empty list says that there is nothing left to do.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from google.protobuf.message import Message
from salon.room.v1.events_pb2 import (
    ClientKind,
    LogoutReason,
    RoomClosed,
    RoomCloseReason,
    RoomOpened,
    StreamAdded,
    StreamRemoved,
    StreamRemoveReason,
    UserLoggedIn,
    UserLoggedOut,
)
from salon_contracts.errors import RoomFull, StreamExists, StreamNotYours
from salon_contracts.ids import RoomSessionId
from salon_contracts.subjects import room_entity

from salon_room.core.facts import Append, Reject
from salon_room.core.placement import RelayLost, is_stream_lost, release_relay
from salon_room.core.room_state import PresentStream, RoomState

STREAM_REASONS = {
    LogoutReason.LOGOUT_REASON_LEFT: StreamRemoveReason.STREAM_REMOVE_REASON_STOPPED_BY_USER,
    LogoutReason.LOGOUT_REASON_LEASE_EXPIRED: StreamRemoveReason.STREAM_REMOVE_REASON_HEARTBEAT_TIMEOUT,
    LogoutReason.LOGOUT_REASON_DUPLICATE_LOGIN: StreamRemoveReason.STREAM_REMOVE_REASON_REPEATED_LOGIN,
    LogoutReason.LOGOUT_REASON_KICKED: StreamRemoveReason.STREAM_REMOVE_REASON_KICKED,
    LogoutReason.LOGOUT_REASON_ROOM_FULL: StreamRemoveReason.STREAM_REMOVE_REASON_REMOVED_BY_SERVER,
    LogoutReason.LOGOUT_REASON_ROOM_CLOSED: StreamRemoveReason.STREAM_REMOVE_REASON_REMOVED_BY_SERVER,
    LogoutReason.LOGOUT_REASON_MEDIA_LOST: StreamRemoveReason.STREAM_REMOVE_REASON_DISCONNECTED,
}
"""What the others read about the streams of somebody who was logged out."""


def open_room(
    state: RoomState, session: RoomSessionId, max_member_count: int, creator_user_id: str, now_ms: int
) -> list[Append]:
    """A new session of a room that is closed or was never open. `state` knows the room's own entity."""
    opened = RoomOpened(
        room_session_id=session,
        max_member_count=max_member_count,
        creator_user_id=creator_user_id,
        opened_at_unix_ms=now_ms,
    )
    return [Append(room_entity(state.app_id, state.room_id), opened, state.room_sequence)]


def close_is_void(state: RoomState) -> bool:
    """This session was closed over the head of somebody whose log-in came before the close."""
    if state.closed is None or state.present_session_id != state.room_session_id:
        return False
    return any(member.sequence < state.room_sequence for member in state.members.values())


def reopen(state: RoomState) -> list[Append]:
    """Undoes a void close."""
    if state.closed is None or not close_is_void(state):
        return []
    opened = RoomOpened(
        room_session_id=state.room_session_id,
        max_member_count=state.closed.max_member_count,
        creator_user_id=state.closed.creator_user_id,
        opened_at_unix_ms=state.closed.opened_at_unix_ms,
    )
    return [Append(room_entity(state.app_id, state.room_id), opened, state.room_sequence)]


def close_if_empty(state: RoomState) -> list[Append]:
    """A session that nobody has entered yet is not empty but new: its first log-in is on the way."""
    if not state.is_open or state.opened is None or state.members or not state.was_populated:
        return []
    closed = RoomClosed(
        room_session_id=state.room_session_id,
        reason=RoomCloseReason.ROOM_CLOSE_REASON_EMPTY,
        max_member_count=state.opened.max_member_count,
        creator_user_id=state.opened.creator_user_id,
        opened_at_unix_ms=state.opened.opened_at_unix_ms,
    )
    return [Append(room_entity(state.app_id, state.room_id), closed, state.room_sequence)]


@dataclass(frozen=True, slots=True)
class OlderFirst:
    """Another log-in of the user is in the room, and goes out before this one comes in."""

    session_id: str


def log_in(state: RoomState, event: UserLoggedIn) -> Append | OlderFirst | Reject:
    """The next step. What was appended is looked at with `admit`: more may have come at once."""
    older = state.members.get(event.user_id)
    if older is not None:
        return OlderFirst(older.event.session_id)
    limit = state.max_member_count
    if limit and len(state.members) >= limit:
        return Reject(RoomFull(limit=limit))
    entity = state.entity("user", event.user_id)
    return Append(entity, event, state.sequence_of(entity))


class Admission(Enum):
    STAYS = "stays"
    OVER_LIMIT = "over-limit"
    """More came at once than the room takes; the stream's order says that this one was too late."""
    TOO_LATE = "too-late"
    """The room was closed before the log-in and stays closed: log out again and try the next session."""
    CLOSE_IS_VOID = "close-is-void"
    """The room was closed, but over somebody's head: re-open it, then ask again."""
    REPLACED = "replaced"
    """Logged out again already, by a newer log-in."""


def admit(state: RoomState, user_id: str, session_id: str) -> Admission:
    """Whether a log-in that was just appended holds. `state` includes it."""
    member = state.members.get(user_id)
    if member is None or member.event.session_id != session_id:
        return Admission.REPLACED
    if not state.is_open:
        return Admission.CLOSE_IS_VOID if close_is_void(state) else Admission.TOO_LATE
    limit = state.max_member_count
    if not limit:
        return Admission.STAYS
    earlier = sum(1 for other in state.members.values() if other.sequence < member.sequence)
    return Admission.OVER_LIMIT if earlier >= limit else Admission.STAYS


def log_out(state: RoomState, user_id: str, session_id: str, reason: LogoutReason.ValueType) -> list[Append]:
    """Streams first, so that a stream never outlives its user. Empty if this session is not in (any more)."""
    appends = [_remove(state, stream, STREAM_REASONS[reason]) for stream in state.streams_of(session_id)]
    appends += release_relay(state, session_id)
    member = state.members.get(user_id)
    if member is not None and member.event.session_id == session_id:
        entity = state.entity("user", user_id)
        event = UserLoggedOut(user_id=user_id, user_name=member.event.user_name, session_id=session_id, reason=reason)
        appends.append(Append(entity, event, state.sequence_of(entity)))
    return appends


def publish(state: RoomState, event: StreamAdded) -> Append | Reject:
    """The stream's id is claimed and the relay has it. By the same session again, it is an update."""
    entity = state.entity("stream", event.stream_id)
    present = state.streams.get(event.stream_id)
    if present is not None and present.event.session_id != event.session_id:
        if state.has_session(present.event.user_id, present.event.session_id):
            return Reject(StreamExists(stream_id=event.stream_id))
        # Left behind by a session that is gone: its removal was not said yet, so others know the stream still.
        return _remove(state, present, StreamRemoveReason.STREAM_REMOVE_REASON_DISCONNECTED)
    said = StreamAdded()
    said.CopyFrom(event)
    said.is_update = present is not None
    said.mute_changed = present is not None and set(present.event.muted_kinds) != set(event.muted_kinds)
    return Append(entity, said, state.sequence_of(entity))


def unpublish(state: RoomState, stream_id: str, session_id: str) -> Append | Reject:
    present = state.streams.get(stream_id)
    if present is None or present.event.session_id != session_id:
        return Reject(StreamNotYours(stream_id=stream_id))
    return _remove(state, present, StreamRemoveReason.STREAM_REMOVE_REASON_STOPPED_BY_USER)


def publish_tracks_allowed(
    state: RoomState, session_id: str, stream_id: str | None, tracks: Sequence[str]
) -> Reject | None:
    """Every media section of an offer to send belongs to `stream_id` or to a stream this session publishes already."""
    own = {stream.event.stream_id for stream in state.streams_of(session_id)} | {stream_id}
    foreign = next((track for track in tracks if track not in own), None)
    return None if foreign is None else Reject(StreamNotYours(stream_id=foreign))


def lost_streams(state: RoomState, lost: RelayLost) -> list[Append]:
    """Streams that nothing comes over any more: the session, the transport or the relay is gone."""
    gone = [stream for stream in state.streams.values() if _is_lost(state, stream, lost)]
    return [_remove(state, stream, StreamRemoveReason.STREAM_REMOVE_REASON_DISCONNECTED) for stream in gone]


def repairs(state: RoomState, lost: RelayLost) -> list[Append]:
    """What anybody who follows the room may put right, in an order in which it can be done."""
    return [*reopen(state), *lost_streams(state, lost), *close_if_empty(state)]


def user_logged_in(
    user_id: str, user_name: str, session_id: str, now_ms: int, client: ClientKind.ValueType
) -> UserLoggedIn:
    return UserLoggedIn(
        user_id=user_id, user_name=user_name, session_id=session_id, logged_in_at_unix_ms=now_ms, client=client
    )


def _is_lost(state: RoomState, stream: PresentStream, lost: RelayLost) -> bool:
    event = stream.event
    if not state.has_session(event.user_id, event.session_id) or event.transport_id in state.closed_transports:
        return True
    return is_stream_lost(state, stream, lost)


def _remove(state: RoomState, stream: PresentStream, reason: StreamRemoveReason.ValueType) -> Append:
    event = stream.event
    entity = state.entity("stream", event.stream_id)
    removed: Message = StreamRemoved(
        stream_id=event.stream_id,
        user_id=event.user_id,
        user_name=event.user_name,
        session_id=event.session_id,
        reason=reason,
    )
    return Append(entity, removed, state.sequence_of(entity))
