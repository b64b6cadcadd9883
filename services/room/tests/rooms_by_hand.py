"""Room states made of events, for the tests of the core."""

from google.protobuf.message import Message
from salon.room.v1.events_pb2 import (
    LogoutReason,
    RoomClosed,
    RoomOpened,
    StreamAdded,
    StreamRemoved,
    UserLoggedIn,
    UserLoggedOut,
)
from salon_contracts.ids import AppId, RoomId, RoomSessionId
from salon_contracts.subjects import Entity, room_entity
from salon_room.core.effects import EffectsRequest, set_effects
from salon_room.core.facts import Append, Fact
from salon_room.core.room_state import RoomState

APP, ROOM, SESSION = AppId(1), RoomId("r"), RoomSessionId("rs_1")


class Log:
    """An event stream in memory, with the rule about expected sequences."""

    def __init__(self) -> None:
        self.facts: list[Fact] = []
        self.last: dict[str, int] = {}

    def append(self, append: Append) -> int | None:
        """The sequence, or None for a conflict."""
        subject = append.entity.subject
        if append.expected_sequence is not None and self.last.get(subject, 0) != append.expected_sequence:
            return None
        return self.say(append.entity, append.event)

    def say(self, entity: Entity, event: Message) -> int:
        sequence = len(self.facts) + 1
        self.facts.append(Fact(sequence, entity, event))
        self.last[entity.subject] = sequence
        return sequence

    def fold(self, through: int | None = None) -> RoomState:
        state = RoomState(APP, ROOM, SESSION)
        for fact in self.facts[:through]:
            state.apply(fact)
        return state

    # ---- what usually happens ----

    def opened(self, limit: int = 0) -> int:
        return self.say(room_entity(APP, ROOM), RoomOpened(room_session_id=SESSION, max_member_count=limit))

    def closed(self) -> int:
        return self.say(room_entity(APP, ROOM), RoomClosed(room_session_id=SESSION))

    def user_in(self, user_id: str, session_id: str | None = None) -> int:
        event = UserLoggedIn(user_id=user_id, session_id=session_id or f"s-{user_id}")
        return self.say(entity("user", user_id), event)

    def user_out(self, user_id: str, reason: LogoutReason.ValueType = LogoutReason.LOGOUT_REASON_LEFT) -> int:
        event = UserLoggedOut(user_id=user_id, session_id=f"s-{user_id}", reason=reason)
        return self.say(entity("user", user_id), event)

    def stream(self, stream_id: str, user_id: str, session_id: str | None = None, transport: str = "t") -> int:
        event = StreamAdded(
            stream_id=stream_id,
            user_id=user_id,
            session_id=session_id or f"s-{user_id}",
            transport_id=transport,
            relay_id="relay",
        )
        return self.say(entity("stream", stream_id), event)

    def stream_gone(self, stream_id: str, user_id: str) -> int:
        event = StreamRemoved(stream_id=stream_id, user_id=user_id, session_id=f"s-{user_id}")
        return self.say(entity("stream", stream_id), event)

    def effects(self, stream_id: str, user_id: str, wish: EffectsRequest) -> int | None:
        """As decided; None if there was nothing to do."""
        decision = set_effects(self.fold(), stream_id, user_id, f"s-{user_id}", wish)
        assert isinstance(decision, list), decision
        return self.append(decision[0]) if decision else None


def entity(kind: str, key: str | None) -> Entity:
    return Entity(APP, ROOM, SESSION, kind, key)  # type: ignore[arg-type]
