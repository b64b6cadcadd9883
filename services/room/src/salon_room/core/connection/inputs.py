"""What happens to a connection."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Generic

from google.protobuf.message import Message
from salon_contracts.errors import SalonError

from salon_room.core.connection.outputs import Job
from salon_room.core.connection.verb import L


@dataclass(frozen=True, slots=True)
class FrameReceived:
    text: str | None
    """None: it was binary."""


@dataclass(frozen=True, slots=True)
class Entry(Generic[L]):
    """The outcome of a log-in or a resume. Notices may have come before it: they are told after `missed`."""

    log_in: L
    reply: str
    missed: Sequence[str] = ()
    """Frames: what is there, or what happened while it was away."""


@dataclass(frozen=True, slots=True)
class Finished(Generic[L]):
    job: Job[L]
    outcome: Message | Entry[L] | SalonError | None
    """A request's result, an Entry, what to answer with instead of either; None of a job that has none."""


@dataclass(frozen=True, slots=True)
class Failed(Generic[L]):
    """A bug, in a job or in taking an input (None)."""

    job: Job[L] | None


@dataclass(frozen=True, slots=True)
class Notified:
    """Something happened in the room."""

    frame: str


class End(Enum):
    OVER = "over"
    """By an event, or because its lease is lost."""
    RESUMED_ELSEWHERE = "resumed-elsewhere"
    """It goes on, on another connection."""


@dataclass(frozen=True, slots=True)
class LogInEnded:
    """Of this connection. What the client is to be told of it was said before."""

    end: End


@dataclass(frozen=True, slots=True)
class Ticked:
    """`deadline_ns` has come."""


@dataclass(frozen=True, slots=True)
class InstanceStops:
    pass


@dataclass(frozen=True, slots=True)
class SocketClosed:
    """The last input but Finished."""

    code: int | None
    """What the client said; None: nothing, or the end is not the client's doing."""


Input = FrameReceived | Finished[L] | Failed[L] | Notified | LogInEnded | Ticked | InstanceStops | SocketClosed
