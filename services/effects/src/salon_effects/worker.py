"""The frames: from their transports through the scheduler to the threads, and back."""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from google.protobuf.message import DecodeError
from nats.aio.msg import Msg
from salon.effects.v1.effects_pb2 import FrameSubmitted, FromWorker, StreamGone, ToWorker
from salon_contracts.beauty import check_beauty
from salon_contracts.errors import BusUnavailable, InvalidField
from salon_contracts.ids import WorkerId
from salon_contracts.subjects import frames_of_worker, frames_to_relay, stream_token_of
from salon_kit.bus import Bus
from salon_kit.log import get_logger
from salon_kit.nats.subscription import Subscription

from salon_effects import metrics
from salon_effects.core.capacity import TYPICAL, Capacity
from salon_effects.core.frame_scheduler import (
    Answer,
    Closed,
    Delivered,
    Forget,
    Frame,
    FrameScheduler,
    Gone,
    Input,
    Opened,
    Output,
    Reason,
    Result,
    Start,
    Stopped,
    Submitted,
    Ticked,
    Worked,
)
from salon_effects.filters.interface import Filter
from salon_effects.frame_transports import REASONS, FrameTransport
from salon_effects.pool import Pool, Work

TICK_S = 1.0
POSTS_MAX = 4096
"""Answers that wait for NATS; then the oldest, late anyway, are dropped."""
FRAMES_MAX = 4096
"""Descriptors that wait to be read; then the newest are dropped."""
DEADLINE_MAX_MS = 1000
STUCK_S = 2.0
"""A frame that is in the filters for so long: a filter hangs, and the worker takes no new streams."""

log = get_logger()


@dataclass(frozen=True, slots=True)
class _Stream:
    transport: FrameTransport
    whose: dict[str, str | int]
    """For the log."""


class Worker:
    """One per process. What its methods are given on the event loop is done on it; only the filters run beside it."""

    def __init__(
        self, worker_id: WorkerId, bus: Bus, filter_: Filter, scheduler: FrameScheduler, capacity: Capacity
    ) -> None:
        self.id = worker_id
        self._bus = bus
        self._scheduler = scheduler
        self._capacity = capacity
        self._pool = Pool(filter_, scheduler.threads)
        self._streams: dict[str, _Stream] = {}
        self._posts: deque[tuple[str, FromWorker]] = deque(maxlen=POSTS_MAX)
        self._posted = asyncio.Event()
        self._subscription: Subscription | None = None
        self._failures: set[type[BaseException]] = set()
        """What filters have raised so far."""
        self.changed = asyncio.Event()
        """Set when there may be more or less room than before."""
        self.idle = asyncio.Event()
        """Set once nothing is in work and nobody waits, after `stop_accepting`."""

    # ---- streams ----

    @property
    def accepts(self) -> bool:
        """Not once it stops."""
        return self._scheduler.accepts

    def has(self, token: str) -> bool:
        """Open, or about to be."""
        return self._capacity.has(token)

    def has_room(self, size_and_rate: tuple[int, int, int] = TYPICAL) -> bool:
        """For one more stream of this width, height and frame rate."""
        return self._scheduler.accepts and self.stuck() is None and self._capacity.has_room(_now_s(), size_and_rate)

    def stuck(self) -> str | None:
        """Why the worker is not ready, if a filter hangs."""
        age_s = self._scheduler.longest_work_ns(time.monotonic_ns()) / 1e9
        return f"a filter has been at one frame for {age_s:.0f} s" if age_s > STUCK_S else None

    def reserve(self, token: str, size_and_rate: tuple[int, int, int]) -> None:
        """Counts a stream that is being opened; `open` or `close` is to follow."""
        self._capacity.opened(token, size_and_rate, _now_s())
        self.changed.set()

    def open(self, token: str, transport: FrameTransport, whose: dict[str, str | int]) -> None:
        """The stream's frames are taken from now on."""
        self._streams[token] = _Stream(transport, whose)
        self._apply(Opened(token))
        metrics.STREAMS.set(self._scheduler.streams)
        log.info("stream-opened", **whose)

    def close(self, token: str) -> None:
        """The transcoder wants it no more, or is gone. Unknown ones are nothing new."""
        self._apply(Closed(token))
        self._capacity.closed(token)
        self.changed.set()

    def submit(self, token: str, message: FrameSubmitted) -> None:
        """One frame of an open stream, or of one that is not."""
        now_ns = time.monotonic_ns()
        deadline_ms = min(message.deadline_ms, DEADLINE_MAX_MS)
        frame = Frame(
            sequence=message.sequence,
            slot=message.slot,
            width=message.width,
            height=message.height,
            full_range=message.full_range,
            beauty=message.beauty,
            arrived_ns=now_ns,
            deadline_ns=now_ns + deadline_ms * 1_000_000,
        )
        stream = self._streams.get(token)
        if stream is not None:
            try:
                stream.transport.check(frame.slot, frame.width, frame.height)
                check_beauty(frame.beauty)
            except (ValueError, InvalidField) as error:
                log.debug("frame-invalid", detail=str(error), **stream.whose)
                self._perform([Answer(token, frame, Result.INVALID)])
                return
        self._apply(Submitted(token, frame))

    # ---- life ----

    async def start(self) -> None:
        """Listens for frames."""
        subject = frames_of_worker(self.id)
        self._subscription = await self._bus.subscribe(subject, self._take, max_pending=FRAMES_MAX)

    async def tick(self) -> None:
        """A task: closes silent streams and measures."""
        while True:
            await asyncio.sleep(TICK_S)
            self._apply(Ticked())
            metrics.LOAD.set(self._capacity.load(_now_s()))
            self.changed.set()

    async def post(self) -> None:
        """A task: sends the answers, in order."""
        while True:
            await self._posted.wait()
            self._posted.clear()
            await self._send_posts()

    def stop_accepting(self) -> None:
        """Sends every stream to another worker, once the frame that is in work has been answered."""
        self._apply(Stopped())
        self.changed.set()

    async def finish(self) -> None:
        """After `stop_accepting`: returns when the last answer has been sent."""
        await self.idle.wait()
        await self._send_posts()
        if self._subscription is not None:
            await self._subscription.unsubscribe()
        self._pool.close()

    def queue(self, subject: str, message: FromWorker) -> None:
        """For `RingTransport`."""
        self._posts.append((subject, message))
        self._posted.set()

    # ---- inside ----

    async def _send_posts(self) -> None:
        while self._posts:
            subject, message = self._posts.popleft()
            try:
                await self._bus.publish(subject, message.SerializeToString())
            except BusUnavailable:
                metrics.ANSWERS_LOST.inc()

    async def _take(self, message: Msg) -> None:
        try:
            token = stream_token_of(message.subject)
            sent = ToWorker.FromString(message.data)
        except (ValueError, DecodeError):
            metrics.FRAMES_BY_RESULT[Result.INVALID].inc()
            return
        match sent.WhichOneof("body"):
            case "frame":
                self.submit(token, sent.frame)
            case "closed":
                self.close(token)
            case None:
                metrics.FRAMES_BY_RESULT[Result.INVALID].inc()

    def _apply(self, input_: Input) -> None:
        self._perform(self._scheduler.apply(input_, time.monotonic_ns()))

    def _perform(self, outputs: Sequence[Output]) -> None:
        for output in outputs:
            match output:
                case Start(token, frame):
                    self._start(token, frame)
                case Answer(token, frame, result, _):
                    metrics.FRAMES_BY_RESULT[result].inc()
                    if (stream := self._streams.get(token)) is not None:
                        then = partial(self._delivered, token, frame) if result in _WORKED else _nothing
                        stream.transport.answer(output, then)
                case Gone(token, reason):
                    self._end(token, reason)
                case Forget(token):
                    self._end(token, None)
        if not self._scheduler.accepts and self._scheduler.is_idle():
            self.idle.set()

    def _start(self, token: str, frame: Frame) -> None:
        metrics.QUEUE_AGE.observe((time.monotonic_ns() - frame.arrived_ns) / 1e9)
        transport = self._streams[token].transport
        self._pool.put(
            Work(transport.input(frame), transport.output(frame), frame.beauty, partial(self._worked, token, frame))
        )

    def _worked(self, token: str, frame: Frame, cpu_s: float, error: BaseException | None) -> None:
        metrics.WORK.observe(cpu_s)
        self._capacity.worked(token, frame.width * frame.height, cpu_s, _now_s())
        if error is not None:
            self._note(token, error)
        result = Result.DONE if error is None else Result.FAILED
        self._apply(Worked(token, frame, result, round(cpu_s * 1e6)))

    def _delivered(self, token: str, frame: Frame) -> None:
        self._apply(Delivered(token, frame))

    def _end(self, token: str, reason: Reason | None) -> None:
        stream = self._streams.pop(token, None)
        if stream is None:
            if reason is not None:
                self.queue(frames_to_relay(token), FromWorker(gone=StreamGone(reason=REASONS[reason])))
            return
        if reason is not None:
            stream.transport.gone(reason)
        stream.transport.close()
        metrics.STREAMS.set(self._scheduler.streams)
        self._capacity.closed(token)
        self.changed.set()
        log.info("stream-closed", reason="asked" if reason is None else reason.value, **stream.whose)

    def _note(self, token: str, error: BaseException) -> None:
        """One line for each kind of failure: a filter that fails does so 30 times a second."""
        if type(error) not in self._failures:
            self._failures.add(type(error))
            stream = self._streams.get(token)
            log.error("filter-failed", exc_info=error, **({} if stream is None else stream.whose))


_WORKED = frozenset({Result.DONE, Result.FAILED})
"""Results of frames that were in work."""


def _nothing() -> None:
    """A frame that was not in work leaves no memory to be written again."""


def _now_s() -> float:
    return time.monotonic()
