"""What goes into the controller of a stream's effects."""

from dataclasses import dataclass

from salon_packets import SwitchBackReason

from salon_relay.effects.core.request import EffectsRequest, Problem


@dataclass(frozen=True, slots=True)
class Requested:
    """Also a request that is known or too old: whoever made it waits for the answer to the present one."""

    request: EffectsRequest


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
class SignOfLife:
    """The transcoder has counted."""


@dataclass(frozen=True, slots=True)
class SwitchedTo:
    """Viewers get what the transcoder sends."""


@dataclass(frozen=True, slots=True)
class SwitchedBack:
    """Viewers get the publisher's own packets; the reasons are the packet path's."""

    reason: SwitchBackReason


@dataclass(frozen=True, slots=True)
class Woken:
    """The time of the last `WakeAt` has come."""


Input = (
    Requested
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
    | SignOfLife
    | SwitchedTo
    | SwitchedBack
    | Woken
)
