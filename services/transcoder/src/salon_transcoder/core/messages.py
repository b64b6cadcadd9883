"""What goes into the controller of a transcoder, and what comes out of it."""

from dataclasses import dataclass
from typing import TypeAlias

from salon.relay.v1.relay_pb2 import EffectsProblem
from salon_contracts.ids import WorkerId

Problem: TypeAlias = EffectsProblem.ValueType

# ---- inputs ----


@dataclass(frozen=True, slots=True)
class PictureCame:
    """The first picture was decoded: its size is known."""


@dataclass(frozen=True, slots=True)
class Opened:
    worker_id: WorkerId


@dataclass(frozen=True, slots=True)
class OpenFailed:
    problem: Problem


@dataclass(frozen=True, slots=True)
class FrameInTime:
    """A beautified frame has left. `at_nothing`: with all strengths 0."""

    at_nothing: bool = False


@dataclass(frozen=True, slots=True)
class FrameMissed:
    """It came too late, not at all, or the worker refused it."""

    at_nothing: bool = False


@dataclass(frozen=True, slots=True)
class WorkerLost:
    pass


@dataclass(frozen=True, slots=True)
class BeautyRequested:
    """Other strengths: also the end of a fade that was asked for."""


@dataclass(frozen=True, slots=True)
class FadeRequested:
    pass


@dataclass(frozen=True, slots=True)
class Retry:
    """Do not wait any longer."""


@dataclass(frozen=True, slots=True)
class Tick:
    """The time of the last WakeAt has come."""


Input = (
    PictureCame
    | Opened
    | OpenFailed
    | FrameInTime
    | FrameMissed
    | WorkerLost
    | BeautyRequested
    | FadeRequested
    | Retry
    | Tick
)

# ---- outputs ----


@dataclass(frozen=True, slots=True)
class OpenWorker:
    """Ask for a worker; answer with Opened or OpenFailed. The strengths begin at nothing again."""


@dataclass(frozen=True, slots=True)
class CloseWorker:
    """Let go of the worker, or of the attempt to get one."""


@dataclass(frozen=True, slots=True)
class WakeAt:
    """Tick at this time instead of any other; None: not at all."""

    at_ns: int | None


@dataclass(frozen=True, slots=True)
class ReportBeautified:
    worker_id: WorkerId


@dataclass(frozen=True, slots=True)
class ReportOriginal:
    problem: Problem


@dataclass(frozen=True, slots=True)
class ReportFaded:
    pass


Output = OpenWorker | CloseWorker | WakeAt | ReportBeautified | ReportOriginal | ReportFaded
