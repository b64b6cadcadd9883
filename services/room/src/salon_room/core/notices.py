"""Who is told what about an event. Nothing but the event is looked at, so that what a client missed is told to it with
the same words as to those who were there."""

from dataclasses import dataclass
from typing import assert_never

from salon.relay.v1.relay_pb2 import EffectsInterrupted, EffectsStarted, TransportClosed, TransportCloseReason
from salon.room.v1 import events_pb2, signal_pb2
from salon.room.v1.events_pb2 import LogoutReason, MessageSent, StreamAdded, StreamRemoved, UserLoggedIn, UserLoggedOut
from salon.room.v1.signal_pb2 import (
    LoggedOut,
    MessageReceived,
    PeerConnectionLost,
    ServerMessage,
    Stream,
    StreamMuteChanged,
    StreamsChanged,
    UpdateType,
    User,
    UsersChanged,
)

from salon_room.core.effects_report import EffectsReport
from salon_room.core.facts import Fact


@dataclass(frozen=True, slots=True)
class Receiver:
    user_id: str
    session_id: str
    wants_user_updates: bool


@dataclass(frozen=True, slots=True)
class Others:
    """Everybody but the user it is about."""

    user_id: str
    only_with_user_updates: bool = False


@dataclass(frozen=True, slots=True)
class Named:
    """These users, without the sender."""

    user_ids: frozenset[str]
    sender_user_id: str


@dataclass(frozen=True, slots=True)
class OneSession:
    session_id: str


Audience = Others | Named | OneSession


def includes(audience: Audience, receiver: Receiver) -> bool:
    match audience:
        case Others():
            return receiver.user_id != audience.user_id and (
                receiver.wants_user_updates or not audience.only_with_user_updates
            )
        case Named():
            return receiver.user_id in audience.user_ids and receiver.user_id != audience.sender_user_id
        case OneSession():
            return receiver.session_id == audience.session_id
        case _:
            assert_never(audience)


@dataclass(frozen=True, slots=True)
class Notice:
    audience: Audience
    message: ServerMessage


DUPLICATE_LOGIN = 1002050
KICKED = 1002055
HEARTBEAT_TIMEOUT = 1102001

_ENDED_BY = {
    LogoutReason.LOGOUT_REASON_DUPLICATE_LOGIN: (DUPLICATE_LOGIN, "logged-in-elsewhere"),
    LogoutReason.LOGOUT_REASON_KICKED: (KICKED, "kicked"),
    LogoutReason.LOGOUT_REASON_LEASE_EXPIRED: (HEARTBEAT_TIMEOUT, "lease-expired"),
}


def notices(fact: Fact) -> list[Notice]:
    match fact.body:
        case UserLoggedIn() as event:
            return [_users(fact, UpdateType.UPDATE_TYPE_ADD, event)]
        case UserLoggedOut() as event:
            return [*_ended(fact, event), _users(fact, UpdateType.UPDATE_TYPE_DELETE, event)]
        case StreamAdded() as event:
            if event.is_update:
                return [_mute_changed(fact, event)] if event.mute_changed else []
            change = StreamsChanged(update_type=UpdateType.UPDATE_TYPE_ADD, streams=[stream_view(event)])
            return [Notice(Others(event.user_id), ServerMessage(sequence=fact.sequence, streams_changed=change))]
        case StreamRemoved() as event:
            user = User(user_id=event.user_id, user_name=event.user_name)
            change = StreamsChanged(
                update_type=UpdateType.UPDATE_TYPE_DELETE,
                streams=[Stream(stream_id=event.stream_id, user=user)],
                delete_reasons=[event.reason],
            )
            return [Notice(Others(event.user_id), ServerMessage(sequence=fact.sequence, streams_changed=change))]
        case MessageSent() as event:
            return [_message(fact, event)]
        case TransportClosed() as event if fact.entity.key is not None:
            return _transport_closed(fact, fact.entity.key, event)
        case EffectsStarted() | EffectsInterrupted() as event:
            return [_effects_changed(fact, event)]
        case _:
            return []


def stream_view(event: StreamAdded) -> Stream:
    return Stream(
        stream_id=event.stream_id,
        user=User(user_id=event.user_id, user_name=event.user_name),
        extra_info=event.extra_info,
        kinds=sorted({track.kind for track in event.tracks}),
        muted_kinds=event.muted_kinds,
    )


def peer_connection_id(transport_id: str, session_id: str) -> str | None:
    """The client's name for a transport; None if it is not one of this session."""
    prefix = f"{session_id}."
    return transport_id.removeprefix(prefix) if transport_id.startswith(prefix) else None


def relay_lost(name: str) -> ServerMessage:
    """To whoever had this peer connection at a relay that died. It comes from no event, so it has no sequence."""
    return ServerMessage(peer_connection_lost=PeerConnectionLost(peer_connection_id=name, reason="relay-lost"))


def _users(fact: Fact, change: UpdateType.ValueType, event: UserLoggedIn | UserLoggedOut) -> Notice:
    user = User(user_id=event.user_id, user_name=event.user_name)
    message = ServerMessage(sequence=fact.sequence, users_changed=UsersChanged(update_type=change, users=[user]))
    return Notice(Others(event.user_id, only_with_user_updates=True), message)


def _ended(fact: Fact, event: UserLoggedOut) -> list[Notice]:
    if event.reason not in _ENDED_BY:
        return []
    code, reason = _ENDED_BY[event.reason]
    message = ServerMessage(sequence=fact.sequence, logged_out=LoggedOut(code=code, reason=reason))
    return [Notice(OneSession(event.session_id), message)]


def _mute_changed(fact: Fact, event: StreamAdded) -> Notice:
    change = StreamMuteChanged(stream_id=event.stream_id, muted_kinds=event.muted_kinds)
    return Notice(Others(event.user_id), ServerMessage(sequence=fact.sequence, stream_mute_changed=change))


def _effects_changed(fact: Fact, event: EffectsStarted | EffectsInterrupted) -> Notice:
    change = EffectsReport.of_event(event).change(event.stream_id)
    return Notice(OneSession(event.session_id), ServerMessage(sequence=fact.sequence, effects_state_changed=change))


def _message(fact: Fact, event: MessageSent) -> Notice:
    received = MessageReceived(
        kind=_SIGNAL_KIND[event.kind],
        message_id=fact.sequence,
        from_user=User(user_id=event.from_user_id, user_name=event.from_user_name),
        text=event.text,
        sent_at_unix_ms=event.sent_at_unix_ms,
    )
    message = ServerMessage(sequence=fact.sequence, message_received=received)
    if event.to_user_ids:
        return Notice(Named(frozenset(event.to_user_ids), event.from_user_id), message)
    return Notice(Others(event.from_user_id), message)


def _transport_closed(fact: Fact, transport_id: str, event: TransportClosed) -> list[Notice]:
    name = peer_connection_id(transport_id, event.session_id)
    if name is None or event.reason == TransportCloseReason.TRANSPORT_CLOSE_REASON_ORDERED:
        return []
    label = TransportCloseReason.Name(event.reason) if event.reason in TransportCloseReason.values() else "UNKNOWN"
    reason = label.removeprefix("TRANSPORT_CLOSE_REASON_").lower().replace("_", "-")
    lost = PeerConnectionLost(peer_connection_id=name, reason=reason)
    message = ServerMessage(sequence=fact.sequence, peer_connection_lost=lost)
    return [Notice(OneSession(event.session_id), message)]


_SIGNAL_KIND = {
    events_pb2.MESSAGE_KIND_UNSPECIFIED: signal_pb2.SIGNAL_MESSAGE_KIND_UNSPECIFIED,
    events_pb2.MESSAGE_KIND_BROADCAST: signal_pb2.SIGNAL_MESSAGE_KIND_BROADCAST,
    events_pb2.MESSAGE_KIND_BARRAGE: signal_pb2.SIGNAL_MESSAGE_KIND_BARRAGE,
    events_pb2.MESSAGE_KIND_COMMAND: signal_pb2.SIGNAL_MESSAGE_KIND_COMMAND,
}
EVENT_KIND = {signal: event for event, signal in _SIGNAL_KIND.items()}
