"""What goes into the controller of a stream's effects, and what comes out of it."""

from dataclasses import dataclass
from enum import Enum
from typing import Literal

from salon.effects.v1.effects_pb2 import Beauty
from salon_packets import RestoreReason


class Problem(Enum):
    """Why viewers get the original although effects are asked for."""

    NO_WORKER = "no-worker"
    FULL = "full"
    TOO_SLOW = "too-slow"
    TRANSCODER = "transcoder"
    NO_VIDEO = "no-video"


Outcome = Literal["on", "off"] | Problem


@dataclass(frozen=True, slots=True)
class Wish:
    """What the publisher asked for. `beauty` is None when nothing of it is to be seen."""

    version: int
    beauty: Beauty | None


# ---- inputs ----


@dataclass(frozen=True, slots=True)
class Wished:
    """Also a wish that is known or too old: whoever asked waits for the answer to the present one."""

    wish: Wish


@dataclass(frozen=True, slots=True)
class VideoPublished:
    """The stream has a video track, at first or instead of the one before. `flows`: packets of it have come.
    `is_watched`: somebody plays it already."""

    source: int
    flows: bool
    is_watched: bool = True


@dataclass(frozen=True, slots=True)
class VideoFlows:
    """The first packet of the video came, at first or after a pause."""


@dataclass(frozen=True, slots=True)
class VideoEnded:
    """The stream goes on without video."""


@dataclass(frozen=True, slots=True)
class StreamEnded:
    """Nothing of the stream is left. The last input."""


@dataclass(frozen=True, slots=True)
class TranscoderTaken:
    """The process that was asked for is there, warm."""


@dataclass(frozen=True, slots=True)
class TranscodersFull:
    """There are as many as there may be; `TranscoderTaken` follows when one ends."""


@dataclass(frozen=True, slots=True)
class TranscoderLost:
    """It ended, hangs, or could not be started."""


@dataclass(frozen=True, slots=True)
class Beautified:
    """Beautified frames leave the transcoder, at first or again."""

    worker_id: str


@dataclass(frozen=True, slots=True)
class Unbeautified:
    """What leaves the transcoder is the original."""

    problem: Problem


@dataclass(frozen=True, slots=True)
class Faded:
    """As it was told, the transcoder has brought the effects down to nothing."""


@dataclass(frozen=True, slots=True)
class Heard:
    """The transcoder gave a sign of life."""


@dataclass(frozen=True, slots=True)
class Substituted:
    """Viewers get what the transcoder sends."""


@dataclass(frozen=True, slots=True)
class Restored:
    """Viewers get the publisher's own packets; the reasons are the packet path's."""

    reason: RestoreReason


@dataclass(frozen=True, slots=True)
class Woken:
    """The time of the last `WakeAt` has come."""


Input = (
    Wished
    | VideoPublished
    | VideoFlows
    | VideoEnded
    | StreamEnded
    | TranscoderTaken
    | TranscodersFull
    | TranscoderLost
    | Beautified
    | Unbeautified
    | Faded
    | Heard
    | Substituted
    | Restored
    | Woken
)

# ---- effects ----


@dataclass(frozen=True, slots=True)
class Hold:
    """Viewers get nothing of `source` for at most `max_ms`."""

    source: int
    max_ms: int


@dataclass(frozen=True, slots=True)
class TakeTranscoder:
    """Ask for a warm process."""


@dataclass(frozen=True, slots=True)
class Untake:
    """Ask no longer."""


@dataclass(frozen=True, slots=True)
class Attach:
    """Connect the process that was taken to the packet path at `source`, and start it."""

    source: int
    wish: Wish


@dataclass(frozen=True, slots=True)
class Detach:
    """Take it off the packet path and end it."""


@dataclass(frozen=True, slots=True)
class SendBeauty:
    wish: Wish


@dataclass(frozen=True, slots=True)
class SendFade:
    pass


@dataclass(frozen=True, slots=True)
class SendRetry:
    pass


@dataclass(frozen=True, slots=True)
class Substitute:
    """Give the viewers of `source` what the transcoder sends."""

    source: int


@dataclass(frozen=True, slots=True)
class Restore:
    """Give them `source` itself, and end a hold."""

    source: int


@dataclass(frozen=True, slots=True)
class PauseTap:
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


Effect = (
    Hold
    | TakeTranscoder
    | Untake
    | Attach
    | Detach
    | SendBeauty
    | SendFade
    | SendRetry
    | Substitute
    | Restore
    | PauseTap
    | ReportStarted
    | ReportInterrupted
    | ReportStopped
    | Answer
    | WakeAt
)
