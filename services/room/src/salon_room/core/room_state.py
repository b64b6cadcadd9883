"""What one room session looks like: the fold of its events.

Facts may come more than once and, at the seam of snapshot and tail, older than what is known already: each entity keeps
the sequence it was last mentioned at and ignores what is not newer. Nothing here knows the time or the network.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from salon.effects.v1.effects_pb2 import Beauty
from salon.relay.v1.relay_pb2 import (
    EffectsInterrupted,
    EffectsStarted,
    EffectsStopped,
    TransportClosed,
)
from salon.room.v1.events_pb2 import (
    EffectsChanged,
    EffectsTurnedOff,
    EffectsTurnedOn,
    RelayAssigned,
    RelayReleased,
    RoomClosed,
    RoomOpened,
    StreamAdded,
    StreamRemoved,
    UserLoggedIn,
    UserLoggedOut,
)
from salon_contracts.ids import AppId, RoomId, RoomSessionId
from salon_contracts.subjects import STATE_KINDS, Entity, room_entity

from salon_room.core.facts import Fact

CLOSED_TRANSPORTS_REMEMBERED = 4096
ONE_PER_ENTITY: frozenset[str] = frozenset({"room", *STATE_KINDS, "effects-state"})
"""The kinds of which only the last event of each entity counts."""

EffectsState = EffectsStarted | EffectsInterrupted | EffectsStopped
"""What a relay says about what the viewers of a stream with effects get."""


@dataclass(frozen=True, slots=True)
class Member:
    sequence: int
    event: UserLoggedIn


@dataclass(frozen=True, slots=True)
class PresentStream:
    sequence: int
    event: StreamAdded


@dataclass(frozen=True, slots=True)
class StreamEffects:
    """What was asked for last, for a stream id and by a session: it counts only while that session has that stream."""

    sequence: int
    session_id: str
    enabled: bool
    beauty: Beauty
    version: int


@dataclass(frozen=True, slots=True)
class Placement:
    """Where the media of a log-in is."""

    sequence: int
    event: RelayAssigned


class RoomState:
    def __init__(self, app_id: AppId, room_id: RoomId, room_session_id: RoomSessionId) -> None:
        self.app_id = app_id
        self.room_id = room_id
        self.room_session_id = room_session_id
        self.sequence = 0
        """The highest applied."""
        self.members: dict[str, Member] = {}
        self.streams: dict[str, PresentStream] = {}
        self.effects: dict[str, StreamEffects] = {}
        """By stream id, also of streams and sessions that are gone: versions rise over them all. See `effects_of`."""
        self.effects_states: dict[str, EffectsState] = {}
        """By stream id: what a relay said last."""
        self.placements: dict[str, Placement] = {}
        """By session id, in the order of the stream."""
        self.room_placement: Placement | None = None
        """For everybody who has none of their own: events of before placement belonged to a participant."""
        self.replaced_at: dict[tuple[str, str], int] = {}
        """By (relay id, epoch): the event that says that it was lost, with all it carried until then. It may come
        back, and what is newer than that event is not lost."""
        self.closed_transports: dict[str, None] = {}
        """The last ones that were closed, oldest first: a stream may be said to come over one a moment later."""
        self.was_populated = False
        self.present_session_id: str | None = None
        """The session the room entity named last, open or closed."""
        self.opened: RoomOpened | None = None
        """None while the room is closed."""
        self.closed: RoomClosed | None = None
        self._sequences: dict[str, int] = {}

    # ---- questions ----

    def sequence_of(self, entity: Entity) -> int:
        """What to expect when writing this entity: 0 if it was never mentioned."""
        return self._sequences.get(entity.subject, 0)

    @property
    def room_sequence(self) -> int:
        return self.sequence_of(room_entity(self.app_id, self.room_id))

    @property
    def is_open(self) -> bool:
        """The room is open, with this very session."""
        return self.opened is not None and self.present_session_id == self.room_session_id

    @property
    def max_member_count(self) -> int:
        said = self.opened or self.closed
        return said.max_member_count if said is not None else 0

    def entity(self, kind: str, key: str | None) -> Entity:
        return Entity(self.app_id, self.room_id, self.room_session_id, kind, key)  # type: ignore[arg-type]

    def has_session(self, user_id: str, session_id: str) -> bool:
        member = self.members.get(user_id)
        return member is not None and member.event.session_id == session_id

    def streams_of(self, session_id: str) -> list[PresentStream]:
        return [stream for stream in self.streams.values() if stream.event.session_id == session_id]

    def has_stream(self, stream_id: str, session_id: str) -> bool:
        stream = self.streams.get(stream_id)
        return stream is not None and stream.event.session_id == session_id

    def effects_of(self, stream_id: str, session_id: str) -> StreamEffects | None:
        """What this session asked for last for a stream of its own, on or off; None if it never did, or the stream is
        not there."""
        effects = self.effects.get(stream_id)
        if effects is None or effects.session_id != session_id or not self.has_stream(stream_id, session_id):
            return None
        return effects

    def has_effects(self, stream_id: str, session_id: str) -> bool:
        effects = self.effects_of(stream_id, session_id)
        return effects is not None and effects.enabled

    def effects_count(self, session_id: str) -> int:
        """Streams of a session that have effects."""
        return sum(self.has_effects(stream.event.stream_id, session_id) for stream in self.streams_of(session_id))

    def placement_of(self, session_id: str) -> Placement | None:
        return self.placements.get(session_id, self.room_placement)

    def placements_of_members(self) -> Iterable[Placement]:
        """Of those who are in, in the order of the stream."""
        return (
            placement
            for placement in self.placements.values()
            if self.has_session(placement.event.user_id, placement.event.session_id)
        )

    def live_streams(self) -> Iterable[PresentStream]:
        """Streams whose session is present: what a newcomer is told."""
        return (
            stream
            for stream in self.streams.values()
            if self.has_session(stream.event.user_id, stream.event.session_id)
        )

    # ---- the fold ----

    def apply(self, fact: Fact) -> bool:
        """False: known already."""
        subject = fact.entity.subject
        if fact.sequence <= self._sequences.get(subject, 0):
            return False
        if fact.entity.kind in ONE_PER_ENTITY:
            self._sequences[subject] = fact.sequence
        self.sequence = max(self.sequence, fact.sequence)
        match fact.body:
            case UserLoggedIn() as event:
                self.members[event.user_id] = Member(fact.sequence, event)
                self.was_populated = True
            case UserLoggedOut() as event:
                self.members.pop(event.user_id, None)
                self.placements.pop(event.session_id, None)
                self.was_populated = True
            case StreamAdded() as event:
                self.streams[event.stream_id] = PresentStream(fact.sequence, event)
            case StreamRemoved() as event:
                self.streams.pop(event.stream_id, None)
            case EffectsTurnedOn() | EffectsChanged() as event:
                effects = StreamEffects(fact.sequence, event.session_id, True, event.beauty, event.version)
                self.effects[event.stream_id] = effects
            case EffectsTurnedOff() as event:
                effects = StreamEffects(fact.sequence, event.session_id, False, Beauty(), event.version)
                self.effects[event.stream_id] = effects
            case EffectsStarted() | EffectsInterrupted() | EffectsStopped() as event:
                self.effects_states[event.stream_id] = event
            case RelayAssigned() as event:
                self._place(fact.entity.key, Placement(fact.sequence, event))
            case RelayReleased() as event:
                self.placements.pop(event.session_id, None)
            case RoomOpened() as event:
                self.present_session_id, self.opened, self.closed = event.room_session_id, event, None
            case RoomClosed() as event:
                self.present_session_id, self.opened, self.closed = event.room_session_id, None, event
            case TransportClosed() if fact.entity.key is not None:
                self.transport_closed(fact.entity.key)
            case _:
                pass
        return True

    def _place(self, session_id: str | None, placement: Placement) -> None:
        if session_id is None:
            self.room_placement = placement
        else:
            self.placements.pop(session_id, None)  # to the end: it is the newest
            self.placements[session_id] = placement
        lost = placement.event.replaces_relay_id, placement.event.replaces_relay_epoch
        if all(lost):
            self.replaced_at[lost] = max(placement.sequence, self.replaced_at.get(lost, 0))

    def forget(self, entity: Entity) -> None:
        """Nothing is stored about it any more: whoever writes it next is the first."""
        self._sequences.pop(entity.subject, None)

    def transport_closed(self, transport_id: str) -> None:
        self.closed_transports[transport_id] = None
        if len(self.closed_transports) > CLOSED_TRANSPORTS_REMEMBERED:
            self.closed_transports.pop(next(iter(self.closed_transports)))
