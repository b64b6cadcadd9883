"""What comes out of the controller of a stream's effects: to be carried out in order."""

from dataclasses import dataclass

from salon_relay.effects.core.request import EffectsRequest, Outcome, Problem


@dataclass(frozen=True, slots=True)
class Hold:
    """Viewers get nothing of `source` for at most `max_ms`."""

    source: int
    max_ms: int


@dataclass(frozen=True, slots=True)
class TakeTranscoder:
    """Ask for a warm process."""


@dataclass(frozen=True, slots=True)
class CancelTake:
    """Ask no longer."""


@dataclass(frozen=True, slots=True)
class Attach:
    """Connect the process that was taken to the packet path at `source`, and start it."""

    source: int
    request: EffectsRequest


@dataclass(frozen=True, slots=True)
class Detach:
    """Take it off the packet path and end it."""


@dataclass(frozen=True, slots=True)
class SendBeauty:
    request: EffectsRequest


@dataclass(frozen=True, slots=True)
class SendFade:
    pass


@dataclass(frozen=True, slots=True)
class SendRetry:
    pass


@dataclass(frozen=True, slots=True)
class SwitchTo:
    """Give the viewers of `source` what the transcoder sends."""

    source: int


@dataclass(frozen=True, slots=True)
class SwitchBack:
    """Give them `source` itself, and end a hold."""

    source: int


@dataclass(frozen=True, slots=True)
class PauseConsumer:
    """While paused the transcoder gets no frames and costs nothing."""

    paused: bool


@dataclass(frozen=True, slots=True)
class ReportStarted:
    worker_id: str
    version: int


@dataclass(frozen=True, slots=True)
class ReportInterrupted:
    problem: Problem
    version: int


@dataclass(frozen=True, slots=True)
class ReportStopped:
    version: int


@dataclass(frozen=True, slots=True)
class Answer:
    """To everybody who waits: viewers get the beautified picture, the original because effects are off, or because of a
    problem.
    """

    outcome: Outcome


@dataclass(frozen=True, slots=True)
class WakeAt:
    """None: never mind."""

    at_ns: int | None


Output = (
    Hold
    | TakeTranscoder
    | CancelTake
    | Attach
    | Detach
    | SendBeauty
    | SendFade
    | SendRetry
    | SwitchTo
    | SwitchBack
    | PauseConsumer
    | ReportStarted
    | ReportInterrupted
    | ReportStopped
    | Answer
    | WakeAt
)
