"""What the viewers of a stream with effects get, in the words of a client's protocol.

Replies and notices carry the version of the wish that they are about, and may repeat each other: the client leaves
aside what is older than what it knows.
"""

from dataclasses import dataclass

from salon.relay.v1 import relay_pb2
from salon.relay.v1.relay_pb2 import EffectsInterrupted, EffectsProblem, EffectsStarted
from salon.room.v1.signal_pb2 import EffectsSet, EffectsStateChanged, StreamEffectsState

OFF = StreamEffectsState.STREAM_EFFECTS_STATE_OFF
ON = StreamEffectsState.STREAM_EFFECTS_STATE_ON
UNAVAILABLE = StreamEffectsState.STREAM_EFFECTS_STATE_UNAVAILABLE


@dataclass(frozen=True, slots=True)
class EffectsReport:
    """What the viewers of a stream get, according to its relay."""

    state: StreamEffectsState.ValueType
    problem: str = ""
    version: int = 0
    """Of the wish that it is about; 0: there has been none."""

    @classmethod
    def of_reply(cls, reply: relay_pb2.EffectsSet, version: int) -> "EffectsReport":
        if reply.state == relay_pb2.EFFECTS_STATE_UNAVAILABLE:
            return cls(UNAVAILABLE, problem_name(reply.problem), version)
        return cls(ON if reply.state == relay_pb2.EFFECTS_STATE_ON else OFF, "", version)

    @classmethod
    def of_event(cls, event: EffectsStarted | EffectsInterrupted) -> "EffectsReport":
        if isinstance(event, EffectsStarted):
            return cls(ON, "", event.version)
        return cls(UNAVAILABLE, problem_name(event.problem), event.version)

    def result(self) -> EffectsSet:
        return EffectsSet(state=self.state, problem=self.problem, version=self.version)

    def change(self, stream_id: str) -> EffectsStateChanged:
        return EffectsStateChanged(stream_id=stream_id, state=self.state, problem=self.problem, version=self.version)


def problem_name(problem: EffectsProblem.ValueType) -> str:
    """As clients know it; of a relay that is newer than this: what comes nearest."""
    known = problem in EffectsProblem.values() and problem != relay_pb2.EFFECTS_PROBLEM_UNSPECIFIED
    label = EffectsProblem.Name(problem if known else relay_pb2.EFFECTS_PROBLEM_TRANSCODER)
    return label.removeprefix("EFFECTS_PROBLEM_").lower().replace("_", "-")
