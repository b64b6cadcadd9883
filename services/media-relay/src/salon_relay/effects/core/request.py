"""What a publisher asks of effects, and what comes of it."""

from dataclasses import dataclass
from enum import Enum
from typing import Literal

from salon.effects.v1.effects_pb2 import Beauty


class Problem(Enum):
    """Why viewers get the original although effects are asked for."""

    NO_WORKER = "no-worker"
    FULL = "full"
    TOO_SLOW = "too-slow"
    TRANSCODER = "transcoder"
    NO_VIDEO = "no-video"


Outcome = Literal["on", "off"] | Problem


@dataclass(frozen=True, slots=True)
class EffectsRequest:
    """What the publisher asked for. `beauty` is None when nothing of it is to be seen."""

    version: int
    beauty: Beauty | None
