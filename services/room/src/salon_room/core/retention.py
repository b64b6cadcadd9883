"""Which old events may go: decided from what a room, or a subject, is now. Nothing that lives is touched.

Events are looked at oldest first, a batch at a time. What is young stays whatever it is: clients that resume read it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from salon_contracts.ids import AppId, RoomId, RoomSessionId
from salon_contracts.subjects import Entity, room_events, room_session_events

PASSING: frozenset[str] = frozenset({"message", "refusal"})
"""Kinds of which nobody ever asks for the last one."""
ENDS: frozenset[str] = frozenset({"user-logged-out", "stream-removed", "relay-released", "transport-closed"})
"""Event types after which an entity is as if it had never been."""
SEEN_MAX = 100_000
"""Subjects remembered in one pass; of further ones only what is superseded within a batch goes."""


@dataclass(frozen=True, slots=True)
class OldEvent:
    sequence: int
    entity: Entity
    type: str


@dataclass(frozen=True, slots=True)
class RoomNow:
    """The last event of a room's own entity."""

    session_id: RoomSessionId
    is_open: bool
    sequence: int
    is_old: bool


@dataclass(frozen=True, slots=True)
class Purge:
    """Everything under `subject_filter` with a sequence lower than `below`."""

    subject_filter: str
    below: int


AnyRoom = tuple[AppId, RoomId]


def rooms_of(batch: Iterable[OldEvent]) -> list[AnyRoom]:
    """Of which rooms `purges` has to know what they are now."""
    return list(dict.fromkeys((e.entity.app_id, e.entity.room_id) for e in batch if e.entity.room_id is not None))


def purges(batch: Sequence[OldEvent], rooms: Mapping[AnyRoom, RoomNow | None], seen: set[str]) -> list[Purge]:
    """What may go because of a batch of old events. `rooms`: None for one that nothing is known of; one that is
    missing is left alone. `seen`: subjects of which an older event was left in an earlier batch; it is added to."""
    found: dict[str, int] = {}
    for event in batch:
        purge = _purge(event, rooms, seen)
        if purge is not None:
            found[purge.subject_filter] = max(purge.below, found.get(purge.subject_filter, 0))
    return [Purge(subject_filter, below) for subject_filter, below in found.items()]


def _purge(event: OldEvent, rooms: Mapping[AnyRoom, RoomNow | None], seen: set[str]) -> Purge | None:
    entity, subject = event.entity, event.entity.subject
    if entity.room_id is not None:
        if (entity.app_id, entity.room_id) not in rooms:
            return None
        room = rooms[entity.app_id, entity.room_id]
        if room is not None and not room.is_open and room.is_old:
            return Purge(room_events(entity.app_id, entity.room_id), max(room.sequence, event.sequence) + 1)
        if entity.room_session_id is not None and (room is None or room.session_id != entity.room_session_id):
            session = room_session_events(entity.app_id, entity.room_id, entity.room_session_id)
            return Purge(session, event.sequence + 1)
    if entity.kind in PASSING or event.type in ENDS:
        return Purge(subject, event.sequence + 1)
    if subject in seen:  # it has replaced an older one
        return Purge(subject, event.sequence)
    if len(seen) < SEEN_MAX:
        seen.add(subject)
    return None
