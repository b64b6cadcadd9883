"""Whose peer connection it is, and what for."""

from dataclasses import dataclass

from salon_contracts.ids import AppId, RoomId, RoomSessionId, SessionId, TransportId, UserId


@dataclass(frozen=True, slots=True)
class PeerIdentity:
    """Whose peer connection it is; the same in every offer on it."""

    app_id: AppId
    room_id: RoomId
    room_session_id: RoomSessionId
    user_id: UserId
    session_id: SessionId
    transport_id: TransportId
    client_sends: bool
