"""Whose frame is next. Per stream one frame in work and one waiting, the newest wins; streams take turns.

Frames wait with their stream, not at a thread: the newest is chosen when a thread is free for it.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import assert_never

from salon.effects.v1.effects_pb2 import Beauty

SILENCE_NS = 10_000_000_000
"""A stream that has sent nothing for so long is closed."""


class Result(Enum):
    DONE = "done"
    SUPERSEDED = "superseded"
    """A newer frame came before this one's turn."""
    EXPIRED = "expired"
    """Its deadline passed before its turn."""
    FAILED = "failed"
    """A filter raised."""
    INVALID = "invalid"
    """The descriptor was not valid."""


class Reason(Enum):
    UNKNOWN = "unknown"
    STOPPING = "stopping"


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    sequence: int
    slot: int
    width: int
    height: int
    full_range: bool
    beauty: Beauty
    arrived_ns: int
    deadline_ns: int
    """After that nobody waits for the answer."""


# ---- inputs ----


@dataclass(frozen=True, slots=True)
class Opened:
    token: str


@dataclass(frozen=True, slots=True)
class Submitted:
    token: str
    frame: Frame


@dataclass(frozen=True, slots=True)
class Worked:
    """The filters are through with a frame: a thread is free."""

    token: str
    frame: Frame
    result: Result
    work_us: int


@dataclass(frozen=True, slots=True)
class Delivered:
    """The answer has left and its memory may be written again: the stream's next frame may start."""

    token: str
    frame: Frame


@dataclass(frozen=True, slots=True)
class Closed:
    """By the transcoder, or because its connection was lost."""

    token: str


@dataclass(frozen=True, slots=True)
class Ticked:
    """Once a second."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """This worker goes: what is in work is finished, nothing else begun."""


Input = Opened | Submitted | Worked | Delivered | Closed | Ticked | Stopped


# ---- outputs ----


@dataclass(frozen=True, slots=True)
class Start:
    """Put it through the filters; a thread is free for it."""

    token: str
    frame: Frame


@dataclass(frozen=True, slots=True)
class Answer:
    token: str
    frame: Frame
    result: Result
    work_us: int = 0


@dataclass(frozen=True, slots=True)
class Gone:
    """Tell the transcoder, and forget the stream."""

    token: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class Forget:
    """The stream has ended, and whoever sent it knows."""

    token: str


Output = Start | Answer | Gone | Forget


@dataclass(slots=True)
class _Stream:
    last_frame_ns: int
    last_sequence: int = 0
    working: Frame | None = None
    """From its start until its answer is delivered."""
    waiting: Frame | None = None


@dataclass(slots=True)
class FrameScheduler:
    """`apply` every input, then perform what it returns, in order."""

    threads: int
    _streams: dict[str, _Stream] = field(default_factory=dict)
    _ready: deque[str] = field(default_factory=deque)
    """Streams with a frame that waits for nothing but a thread; may name closed ones."""
    _in_work: list[Frame] = field(default_factory=list)
    """At most `threads`, also of streams that are closed by now."""
    _stopping: bool = False

    @property
    def streams(self) -> int:
        return len(self._streams)

    @property
    def accepts(self) -> bool:
        return not self._stopping

    def is_idle(self) -> bool:
        """Nothing is in work and nobody waits for an answer."""
        return not self._in_work and not self._streams

    def longest_work_ns(self, now_ns: int) -> int:
        """Since when the oldest frame in work has been on the worker; 0 when there is none."""
        return max((now_ns - frame.arrived_ns for frame in self._in_work), default=0)

    def apply(self, input_: Input, now_ns: int) -> Sequence[Output]:
        match input_:
            case Opened(token):
                self._streams[token] = _Stream(last_frame_ns=now_ns)
                return ()
            case Submitted(token, frame):
                return [*self._submit(token, frame, now_ns), *self._begin(now_ns)]
            case Worked(token, frame, result, work_us):
                self._in_work.remove(frame)
                stream = self._streams.get(token)
                owed = stream is not None and stream.working is frame
                return [*([Answer(token, frame, result, work_us)] if owed else []), *self._begin(now_ns)]
            case Delivered(token, frame):
                return [*self._deliver(token, frame), *self._begin(now_ns)]
            case Closed(token):
                return [Forget(token)] if self._streams.pop(token, None) is not None else ()
            case Ticked():
                silent = [
                    token for token, stream in self._streams.items() if now_ns - stream.last_frame_ns >= SILENCE_NS
                ]
                return [output for token in silent for output in self._end(token, Reason.UNKNOWN)]
            case Stopped():
                self._stopping = True
                idle = [token for token, stream in self._streams.items() if stream.working is None]
                for stream in self._streams.values():
                    stream.waiting = None
                return [output for token in idle for output in self._end(token, Reason.STOPPING)]
            case _:
                assert_never(input_)

    def _submit(self, token: str, frame: Frame, now_ns: int) -> Iterator[Output]:
        stream = self._streams.get(token)
        if stream is None:
            yield Gone(token, Reason.STOPPING if self._stopping else Reason.UNKNOWN)
            return
        stream.last_frame_ns = now_ns
        busy = [held.slot for held in (stream.working, stream.waiting) if held is not None]
        if frame.sequence <= stream.last_sequence or frame.slot in busy:
            yield Answer(token, frame, Result.INVALID)
            return
        stream.last_sequence = frame.sequence
        if self._stopping:
            yield Answer(token, frame, Result.SUPERSEDED)
            return
        overtaken, stream.waiting = stream.waiting, frame
        if overtaken is not None:
            yield Answer(token, overtaken, Result.SUPERSEDED)
        elif stream.working is None:
            self._ready.append(token)

    def _begin(self, now_ns: int) -> Iterator[Output]:
        """Gives free threads to the streams that have waited longest."""
        while self._ready and len(self._in_work) < self.threads:
            token = self._ready.popleft()
            stream = self._streams.get(token)
            if stream is None or stream.waiting is None or stream.working is not None:
                continue
            frame, stream.waiting = stream.waiting, None
            if frame.deadline_ns <= now_ns:
                yield Answer(token, frame, Result.EXPIRED)
                continue
            stream.working = frame
            self._in_work.append(frame)
            yield Start(token, frame)

    def _deliver(self, token: str, frame: Frame) -> Iterator[Output]:
        stream = self._streams.get(token)
        if stream is None or stream.working is not frame:
            return
        stream.working = None
        if self._stopping:
            yield from self._end(token, Reason.STOPPING)
        elif stream.waiting is not None:
            self._ready.append(token)

    def _end(self, token: str, reason: Reason) -> Iterator[Output]:
        del self._streams[token]
        yield Gone(token, reason)
