"""What a publisher is told of what its viewers get: what it does not know from a reply or a notice before."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from salon.relay.v1 import relay_pb2
from salon.relay.v1.relay_pb2 import EffectsInterrupted, EffectsProblem, EffectsStarted
from salon.room.v1.signal_pb2 import EffectsSet, EffectsStateChanged, StreamEffectsState

from salon_room.core.room_state import EffectsState

OFF = StreamEffectsState.STREAM_EFFECTS_STATE_OFF
ON = StreamEffectsState.STREAM_EFFECTS_STATE_ON
UNAVAILABLE = StreamEffectsState.STREAM_EFFECTS_STATE_UNAVAILABLE


@dataclass(frozen=True, slots=True)
class Seen:
    """What the viewers of a stream get, according to its relay."""

    state: StreamEffectsState.ValueType
    problem: str = ""
    version: int = 0

    @classmethod
    def of_reply(cls, reply: relay_pb2.EffectsSet, version: int) -> "Seen":
        if reply.state == relay_pb2.EFFECTS_STATE_UNAVAILABLE:
            return cls(UNAVAILABLE, problem_name(reply.problem), version)
        return cls(ON if reply.state == relay_pb2.EFFECTS_STATE_ON else OFF, "", version)

    @classmethod
    def of_event(cls, event: EffectsState | None, session_id: str) -> "Seen | None":
        """None: it says nothing about a stream of that session while effects are asked for."""
        if event is None or event.session_id != session_id:
            return None
        match event:
            case EffectsStarted():
                return cls(ON, "", event.version)
            case EffectsInterrupted():
                return cls(UNAVAILABLE, problem_name(event.problem), event.version)
            case _:
                return None

    def result(self) -> EffectsSet:
        return EffectsSet(state=self.state, problem=self.problem)

    def change(self, stream_id: str) -> EffectsStateChanged:
        return EffectsStateChanged(stream_id=stream_id, state=self.state, problem=self.problem)


class EffectsTold:
    """One client's knowledge, by stream."""

    def __init__(self) -> None:
        self._known: dict[str, Seen] = {}
        self._asked: Counter[str] = Counter()

    @contextmanager
    def asking(self, stream_id: str) -> Iterator[None]:
        """A reply is on its way. It will say more than the events that come meanwhile, so those are not told."""
        self._asked[stream_id] += 1
        try:
            yield
        finally:
            self._asked[stream_id] -= 1
            if not self._asked[stream_id]:
                del self._asked[stream_id]  # clients may make up any number of ids

    def replied(self, stream_id: str, seen: Seen) -> None:
        self._known[stream_id] = seen

    def published(self, stream_id: str, before: Seen | None) -> None:
        """It begins anew: an interruption will be told although the last one had the same reason. `before` as below."""
        known = self._known.get(stream_id) or before
        if known is not None:
            self._known[stream_id] = replace(known, problem="")

    def learn(self, stream_id: str, seen: Seen, before: Seen | None) -> EffectsStateChanged | None:
        """What to tell about something new, if anything. `before` is what the room's events said until then: it counts
        where the client has heard nothing through this object, because it was elsewhere."""
        known = self._known.get(stream_id) or before
        if self._asked[stream_id] or (known is not None and seen.version < known.version):
            return None
        self._known[stream_id] = seen
        was_unavailable = known is not None and known.state == UNAVAILABLE
        if seen.state == UNAVAILABLE:
            is_news = known is None or not was_unavailable or known.problem != seen.problem
        else:
            is_news = seen.state == ON and was_unavailable
        return seen.change(stream_id) if is_news else None


def problem_name(problem: EffectsProblem.ValueType) -> str:
    """As clients know it; of a relay that is newer than this: what comes nearest."""
    known = problem in EffectsProblem.values() and problem != relay_pb2.EFFECTS_PROBLEM_UNSPECIFIED
    label = EffectsProblem.Name(problem if known else relay_pb2.EFFECTS_PROBLEM_TRANSCODER)
    return label.removeprefix("EFFECTS_PROBLEM_").lower().replace("_", "-")
