"""One log-in of this instance: a user in a room, whoever speaks for it (a WebSocket or a WHIP session)."""

from dataclasses import dataclass, field
from typing import Protocol

from salon.room.v1.events_pb2 import RelayAssigned
from salon.room.v1.signal_pb2 import Offer
from salon_contracts.errors import QuotaExceeded
from salon_contracts.ids import AppId, RoomId, StreamId, TransportId, UserId

from salon_room.core.connection.inputs import End
from salon_room.core.limits import BARRAGES_PER_USER, BROADCASTS_PER_USER, COMMANDS_TO_MANY_PER_USER, Bucket
from salon_room.core.notices import Notice, Receiver
from salon_room.members.presence import Lease
from salon_room.members.tokens import Permit
from salon_room.quotas import UNKNOWN_ADDRESS, ClientAddress
from salon_room.views.room_view import RoomView

TRANSPORTS_MAX = 16
"""Peer connections one log-in may have at a time; an ordinary client has two."""


class ParticipantPort(Protocol):
    """What a log-in speaks through. Nothing of it may block."""

    def notify(self, frame: str) -> None:
        """Something happened in the room, as it is to be sent."""

    def end(self, end: End) -> None:
        """The log-in is none of this port's any more. What is to be said of it was said before."""

    def transport_lost(self, name: str) -> None:
        """One of its peer connections is gone at the relay; a notice says so as well."""


@dataclass(slots=True, eq=False)
class Participant:
    view: RoomView
    user_id: UserId
    user_name: str
    session_id: str
    resume_key: str
    permit: Permit
    lease: Lease
    receiver: Receiver
    port: ParticipantPort
    address: ClientAddress = UNKNOWN_ADDRESS
    """Where its client is."""
    transports: dict[str, RelayAssigned] = field(default_factory=dict)
    """By peer connection id: where it is."""
    _played: dict[str, frozenset[StreamId]] = field(default_factory=dict)
    """By peer connection id: what its last offer bound."""
    broadcasts: Bucket = field(default_factory=lambda: Bucket(BROADCASTS_PER_USER))
    barrages: Bucket = field(default_factory=lambda: Bucket(BARRAGES_PER_USER))
    commands_to_many: Bucket = field(default_factory=lambda: Bucket(COMMANDS_TO_MANY_PER_USER))
    after_sequence: int = 0
    """What came up to here was told already: with the log-in, on another connection, or together."""
    ended_by_event: bool = False
    is_let_go: bool = False
    """This instance is done with it, and its view is given back."""

    @property
    def app_id(self) -> AppId:
        return self.view.key.app_id

    @property
    def room_id(self) -> RoomId:
        return self.view.key.room_id

    @property
    def is_in(self) -> bool:
        return not self.ended_by_event and self.view.state.has_session(self.user_id, self.session_id)

    @property
    def is_attached(self) -> bool:
        """Its view tells it what happens: it is not over, not resumed elsewhere, its connection not gone."""
        return self.view.listeners.get(self.session_id) is self

    def transport_id(self, peer_connection_id: str) -> TransportId:
        return TransportId(f"{self.session_id}.{peer_connection_id}")

    def check_transport(self, peer_connection_id: str) -> None:
        """Raises QuotaExceeded if it is one too many."""
        if peer_connection_id not in self.transports and len(self.transports) >= TRANSPORTS_MAX:
            raise QuotaExceeded(limit=f"{TRANSPORTS_MAX} peer connections of one log-in")

    def remember_transport(self, peer_connection_id: str, relay: RelayAssigned) -> None:
        self.check_transport(peer_connection_id)
        self.transports[peer_connection_id] = relay

    def played(self, peer_connection_id: str) -> frozenset[StreamId] | None:
        """What its last offer bound; None for a peer connection of before a resume, of which that is not known."""
        known = self._played.get(peer_connection_id)
        return frozenset() if known is None and peer_connection_id not in self.transports else known

    def remember_played(self, offer: Offer) -> None:
        if offer.peer_connection_id in self.transports:
            self._played[offer.peer_connection_id] = frozenset(StreamId(track.stream_id) for track in offer.tracks)

    def forget_transport(self, peer_connection_id: str) -> RelayAssigned | None:
        """Where it was, if it was there."""
        self._played.pop(peer_connection_id, None)
        return self.transports.pop(peer_connection_id, None)

    def detach(self) -> None:
        """The view tells it nothing any more."""
        self.view.listeners.detach(self)

    # ---- Listener ----

    def send(self, notice: Notice, frame: str) -> None:
        if not 0 < notice.message.sequence <= self.after_sequence:
            self.port.notify(frame)

    def send_users(self, frame: str, through_sequence: int) -> None:
        self.after_sequence = max(self.after_sequence, through_sequence)
        self.port.notify(frame)

    def transport_closed(self, transport_id: str) -> None:
        name = transport_id.removeprefix(f"{self.session_id}.")
        self.forget_transport(name)
        self.port.transport_lost(name)

    def ended(self) -> None:
        self.ended_by_event = True
        self.port.end(End.OVER)
