"""What may become of a frame that was to be beautified.

    FramesError
    ├── FrameLate        no answer within the deadline; a late one is ignored
    ├── FrameRefused     overtaken by a newer frame, or a filter failed
    └── WorkerGone       the worker does not serve the stream any more: open again

Opening raises what the bus raises, and EffectsFull and FramesUnreachable (salon_contracts.errors).
"""

from dataclasses import dataclass
from typing import ClassVar

from salon.effects.v1.effects_pb2 import FrameResult


class FramesError(Exception):
    """The original picture is what there is to show."""

    code: ClassVar[str]


@dataclass(unsafe_hash=True)
class FrameLate(FramesError):
    code = "frame-late"
    deadline_ms: int

    def __str__(self) -> str:
        return f"No beautified picture within {self.deadline_ms} ms."


@dataclass(unsafe_hash=True)
class FrameRefused(FramesError):
    code = "frame-refused"
    result: "FrameResult.ValueType"

    def __str__(self) -> str:
        return f"The worker did not beautify the picture: {FrameResult.Name(self.result)}."


@dataclass(unsafe_hash=True)
class WorkerGone(FramesError):
    code = "worker-gone"
    problem: str
    """`closed`, `unknown`, `stopping`, `nobody-listens`, `bus-lost`, `connection-lost`, `silent` or `reopen-failed`."""

    def __str__(self) -> str:
        return f"The worker does not serve the stream any more ({self.problem})."
