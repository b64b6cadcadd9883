"""What is to be done for a connection, beside sending its frames and closing it."""

from dataclasses import dataclass
from enum import Enum
from typing import Generic

from google.protobuf.message import Message

from salon_room.core.connection.serial_queue import QueueName
from salon_room.core.connection.verb import L, Verb


class Work(Enum):
    LOG_IN = "log-in"
    RESUME = "resume"
    REQUEST = "request"
    LEAVE = "leave"
    """The log-in is to be ended. Never a SalonError."""
    LEAVE_UNLESS_RESUMED = "leave-unless-resumed"
    """It is to end soon. Never a SalonError."""


@dataclass(frozen=True, slots=True)
class Job(Generic[L]):
    work: Work
    queue: QueueName
    kind: str = ""
    """The name of the request's field in ClientMessage; "" of what no client asked for."""
    request_id: int = 0
    body: Message | None = None
    verb: Verb[L] | None = None
    log_in: L | None = None
    """For whom it is; None of LOG_IN and RESUME."""


@dataclass(frozen=True, slots=True)
class Start(Generic[L]):
    """Carry it out and say what came of it (Finished, or Failed), also when the connection is gone meanwhile."""

    job: Job[L]


@dataclass(frozen=True, slots=True)
class Entered(Generic[L]):
    """The connection has a log-in."""

    log_in: L


@dataclass(frozen=True, slots=True)
class Left:
    """It has none any more."""


@dataclass(frozen=True, slots=True)
class LetGo(Generic[L]):
    """This instance is done with the log-in; if it is not over, it goes on until its lease runs out."""

    log_in: L
    is_over: bool


@dataclass(frozen=True, slots=True)
class ClientLives:
    """It said so itself: its presence may be renewed."""


@dataclass(frozen=True, slots=True)
class Answered:
    """To be counted; kind "malformed" is a frame that could not be read."""

    kind: str
    result: str
    """`ok`, or the error's stable name."""


@dataclass(frozen=True, slots=True)
class FellBehind:
    """The client reads too slowly. To be logged."""


Output = Start[L] | Entered[L] | Left | LetGo[L] | ClientLives | Answered | FellBehind
