"""Whether frames go to an effects worker, and what the relay is told. Pure: inputs and time in, outputs out.

    IDLE ──first picture──> OPENING ──opened──> TRYING ──in time, in a row──> BEAUTIFYING ──told to──> FADING ──> FADED
                             │  ^ ^               │                             │  │
                             │  │ └───────────────┼─────worker gone: at once────┘  │
                             │  └─in a while── BACKING_OFF <───────too slow────────┘
                             └──────failed────────^

Frames go to the worker while TRYING, BEAUTIFYING and FADING; in every other state the original goes out. The relay is
told of Beautified and Original only when what was reported last is not true any more.
"""

from collections.abc import Sequence
from enum import Enum
from typing import assert_never

from salon.relay.v1.relay_pb2 import EffectsProblem
from salon_contracts.errors import InvariantBroken
from salon_contracts.ids import WorkerId

from salon_transcoder.core.messages import (
    BeautyRequested,
    CloseWorker,
    FadeRequested,
    FrameInTime,
    FrameMissed,
    Input,
    Opened,
    OpenFailed,
    OpenWorker,
    Output,
    PictureCame,
    Problem,
    ReportBeautified,
    ReportFaded,
    ReportOriginal,
    Retry,
    Tick,
    WakeAt,
    WorkerLost,
)

BACK_OFF_NS = tuple(round(seconds * 1e9) for seconds in (0.5, 1, 2, 4, 8))
FIRST_OPEN_PATIENCE_NS = 1_200_000_000
"""The relay answers its orders within 2 s: by then it must know that nobody takes the frames."""
REPLACE_PATIENCE_NS = 300_000_000
"""How long a worker may be missing before viewers get the publisher's own packets."""
FADE_PATIENCE_NS = 1_000_000_000
"""A fade ends by then even if no frames come that could show it."""
JUST_OPENED_NS = 1_000_000_000
"""A worker that is gone sooner after it was opened is not worth another attempt at once."""
TRIAL_FRAMES = 3
STEADY_FRAMES = 90
"""After so many frames in time the next failure begins with the shortest wait again."""
MISS_WEIGHT, SLOW_SCORE = 3, 9
"""A miss adds 3, a frame in time takes 1: three misses in a row are too many, and so is every second frame for long."""

NO_WORKER = EffectsProblem.EFFECTS_PROBLEM_NO_WORKER
TOO_SLOW = EffectsProblem.EFFECTS_PROBLEM_TOO_SLOW


class State(Enum):
    IDLE = "idle"
    OPENING = "opening"
    BACKING_OFF = "backing-off"
    TRYING = "trying"
    BEAUTIFYING = "beautifying"
    FADING = "fading"
    FADED = "faded"


ALLOWED: dict[State, frozenset[State]] = {
    State.IDLE: frozenset({State.OPENING, State.FADED}),
    State.OPENING: frozenset({State.TRYING, State.BACKING_OFF, State.FADED}),
    State.BACKING_OFF: frozenset({State.OPENING, State.FADED}),
    State.TRYING: frozenset({State.BEAUTIFYING, State.OPENING, State.BACKING_OFF, State.FADED}),
    State.BEAUTIFYING: frozenset({State.OPENING, State.BACKING_OFF, State.FADING}),
    State.FADING: frozenset({State.BEAUTIFYING, State.FADED}),
    State.FADED: frozenset({State.IDLE, State.OPENING}),
}


class Reported(Enum):
    """What was reported last."""

    NOTHING = "nothing"
    BEAUTIFIED = "beautified"
    ORIGINAL = "original"


class Controller:
    """`apply` every input, perform the outputs in order."""

    def __init__(self) -> None:
        self.state = State.IDLE
        self._reported = Reported.NOTHING
        self._worker_id = WorkerId("")
        self._opened_ns = 0
        self._failures = 0
        self._in_a_row = 0
        self._steady = 0
        self._score = 0
        self._has_picture = False

    @property
    def uses_worker(self) -> bool:
        """Whether the next frame goes to the worker."""
        return self.state in (State.TRYING, State.BEAUTIFYING, State.FADING)

    def apply(self, input_: Input, now_ns: int) -> Sequence[Output]:
        match input_:
            case PictureCame():
                self._has_picture = True
                return self._open(now_ns) if self.state is State.IDLE else ()
            case Opened(worker_id):
                return self._opened(worker_id, now_ns)
            case OpenFailed(problem):
                return self._fail(problem, now_ns) if self.state is State.OPENING else ()
            case FrameInTime(at_nothing):
                return self._in_time(at_nothing)
            case FrameMissed(at_nothing):
                return self._missed(at_nothing, now_ns)
            case WorkerLost():
                return self._lost(now_ns)
            case BeautyRequested():
                return self._unfade(now_ns)
            case FadeRequested():
                return self._fade(now_ns)
            case Retry():
                self._failures = 0
                return self._open(now_ns) if self.state is State.BACKING_OFF else ()
            case Tick():
                return self._tick(now_ns)
            case _:
                assert_never(input_)

    def _open(self, now_ns: int) -> list[Output]:
        patience_ns = REPLACE_PATIENCE_NS if self._reported is Reported.BEAUTIFIED else FIRST_OPEN_PATIENCE_NS
        self._move(State.OPENING)
        return [WakeAt(None if self._reported is Reported.ORIGINAL else now_ns + patience_ns), OpenWorker()]

    def _opened(self, worker_id: WorkerId, now_ns: int) -> list[Output]:
        if self.state is not State.OPENING:
            return []
        self._move(State.TRYING)
        self._worker_id = worker_id
        self._opened_ns = now_ns
        self._in_a_row = self._score = self._steady = 0
        return [WakeAt(None)]

    def _in_time(self, at_nothing: bool) -> list[Output]:
        self._score = max(0, self._score - 1)
        if self.state is State.TRYING:
            self._in_a_row += 1
            # Viewers still get what comes from here: the first picture of another worker is good news enough.
            if self._reported is Reported.BEAUTIFIED or self._in_a_row >= TRIAL_FRAMES:
                self._move(State.BEAUTIFYING)
        elif self.state is State.FADING and at_nothing:
            return self._faded()
        if self.state is not State.BEAUTIFYING:
            return []
        self._steady += 1
        if self._steady >= STEADY_FRAMES:
            self._failures = 0
        if self._reported is Reported.BEAUTIFIED:
            return []
        self._reported = Reported.BEAUTIFIED
        return [ReportBeautified(self._worker_id)]

    def _missed(self, at_nothing: bool, now_ns: int) -> list[Output]:
        if not self.uses_worker:
            return []
        self._score += MISS_WEIGHT
        self._in_a_row = 0
        if self.state is State.FADING:
            return self._faded() if at_nothing or self._score >= SLOW_SCORE else []
        return self._fail(TOO_SLOW, now_ns) if self._score >= SLOW_SCORE else []

    def _lost(self, now_ns: int) -> list[Output]:
        if not self.uses_worker:
            return []
        if self.state is State.FADING:
            return self._faded()
        if self.state is State.TRYING and now_ns - self._opened_ns < JUST_OPENED_NS:
            return self._fail(NO_WORKER, now_ns)
        return [CloseWorker(), *self._open(now_ns)]

    def _fail(self, problem: Problem, now_ns: int) -> list[Output]:
        self._move(State.BACKING_OFF)
        wait_ns = BACK_OFF_NS[min(self._failures, len(BACK_OFF_NS) - 1)]
        self._failures += 1
        return [CloseWorker(), WakeAt(now_ns + wait_ns), *self._report_original(problem)]

    def _report_original(self, problem: Problem) -> list[Output]:
        if self._reported is Reported.ORIGINAL:
            return []
        self._reported = Reported.ORIGINAL
        return [ReportOriginal(problem)]

    def _fade(self, now_ns: int) -> list[Output]:
        if self.state in (State.FADING, State.FADED):
            return []
        if self.state is not State.BEAUTIFYING:
            return self._faded()
        self._move(State.FADING)
        return [WakeAt(now_ns + FADE_PATIENCE_NS)]

    def _faded(self) -> list[Output]:
        self._move(State.FADED)
        self._reported = Reported.NOTHING
        return [WakeAt(None), CloseWorker(), ReportFaded()]

    def _unfade(self, now_ns: int) -> list[Output]:
        """The relay waits for an answer then, even where nothing had changed for the viewers yet."""
        if self.state is State.FADING:
            self._move(State.BEAUTIFYING)
            self._reported = Reported.NOTHING
            return [WakeAt(None)]
        if self.state is not State.FADED:
            return []
        if self._has_picture:
            return self._open(now_ns)
        self._move(State.IDLE)
        return []

    def _tick(self, now_ns: int) -> list[Output]:
        match self.state:
            case State.BACKING_OFF:
                return self._open(now_ns)
            case State.OPENING:
                return self._report_original(NO_WORKER)
            case State.FADING:
                return self._faded()
            case _:
                return []

    def _move(self, to: State) -> None:
        if to not in ALLOWED[self.state]:
            raise InvariantBroken(f"from {self.state.value} to {to.value}")
        self.state = to
