"""What a publisher asks of effects, and what comes of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final, Literal

from salon.effects.v1.effects_pb2 import Beauty
from salon.relay.v1 import relay_pb2


class Problem(Enum):
    """Why viewers get the original although effects are asked for."""

    NO_WORKER = "no-worker"
    FULL = "full"
    TOO_SLOW = "too-slow"
    TRANSCODER = "transcoder"
    NO_VIDEO = "no-video"


PROBLEMS_ON_THE_WIRE: Final[Mapping[Problem, relay_pb2.EffectsProblem.ValueType]] = {
    Problem.NO_WORKER: relay_pb2.EFFECTS_PROBLEM_NO_WORKER,
    Problem.FULL: relay_pb2.EFFECTS_PROBLEM_FULL,
    Problem.TOO_SLOW: relay_pb2.EFFECTS_PROBLEM_TOO_SLOW,
    Problem.TRANSCODER: relay_pb2.EFFECTS_PROBLEM_TRANSCODER,
    Problem.NO_VIDEO: relay_pb2.EFFECTS_PROBLEM_NO_VIDEO,
}

Outcome = Literal["on", "off"] | Problem


@dataclass(frozen=True, slots=True)
class EffectsRequest:
    """What the publisher asked for. `beauty` is None when nothing of it is to be seen."""

    version: int
    beauty: Beauty | None
