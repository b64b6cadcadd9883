"""What a client that was away is told of its streams' effects: what it would have been told had it been there."""

from salon_kit.events import Events

from salon_room.core.effects_told import EffectsTold
from salon_room.core.facts import Fact
from salon_room.core.notices import effects_changed
from salon_room.core.room_state import EFFECTS_STATES, EffectsState, RoomState
from salon_room.core.signal_json import encode

READ_EVENTS = 1000
"""Events read at a time."""


class MissedEffects:
    """Takes the missed events in their order."""

    def __init__(self, events: Events, state: RoomState, session_id: str) -> None:
        self._events = events
        self._state = state
        self._session_id = session_id
        self._told = EffectsTold()
        self._last: dict[str, EffectsState | None] = {}

    async def frames(self, fact: Fact) -> list[str]:
        """None or one."""
        event = fact.body
        if not isinstance(event, EFFECTS_STATES) or event.session_id != self._session_id:
            return []
        if event.stream_id not in self._last:
            self._last[event.stream_id] = await self._said_before(fact)
        notice = effects_changed(fact, self._last[event.stream_id], self._state, self._told)
        self._last[event.stream_id] = event
        return [] if notice is None else [encode(notice.message)]

    async def _said_before(self, fact: Fact) -> EffectsState | None:
        """The event about the same stream that came before: it says whether a start is a recovery."""
        last: EffectsState | None = None
        after = 0
        while True:
            found = await self._events.read_after([fact.entity.subject], after, max_events=READ_EVENTS)
            for event in found:
                if event.sequence >= fact.sequence:
                    return last
                if isinstance(event.message, EFFECTS_STATES):
                    last = event.message
            if len(found) < READ_EVENTS:
                return last
            after = found[-1].sequence
