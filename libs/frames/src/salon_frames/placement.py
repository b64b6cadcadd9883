"""One stream with one worker, from its opening until it is closed or the worker is gone."""

import asyncio
from dataclasses import dataclass
from typing import Final

from salon.effects.v1.effects_pb2 import (
    FRAME_RESULT_DONE,
    FRAME_RESULT_FAILED,
    FRAME_RESULT_SUPERSEDED,
    GONE_REASON_STOPPING,
    Beauty,
    FrameReturned,
    FrameSubmitted,
    FromWorker,
)
from salon_contracts.errors import InvariantBroken

from salon_frames.errors import FrameLate, FrameRefused, WorkerGone
from salon_frames.frame_transports import FrameTransport
from salon_frames.i420 import I420

_REFUSALS: Final = frozenset({FRAME_RESULT_SUPERSEDED, FRAME_RESULT_FAILED})


@dataclass(slots=True)
class _Pending:
    sequence: int
    answer: asyncio.Future[FrameReturned]


class Placement:
    """The frames and slots of a stream that a worker has taken. A `Receiver`: its transport gives it what comes back.

    A slot that went to the worker is not used again before its answer has come, for the worker may still write to it.
    """

    def __init__(self, deadline_ms: int) -> None:
        self.late_answers = 0
        """Answers that came after their deadline."""
        self._deadline_ms = deadline_ms
        self._transport: FrameTransport | None = None
        self._gone: str | None = None
        self._sequence = 0
        self._submitted: dict[int, int] = {}
        """Slot -> sequence of the frame that is with the worker."""
        self._pending: _Pending | None = None

    def attach(self, transport: FrameTransport) -> None:
        """Once the worker has answered."""
        self._transport = transport

    def fits(self, frame: I420) -> bool:
        return self._transport is not None and self._transport.slots.fits(frame.width, frame.height)

    async def beautify(self, frame: I420, beauty: Beauty) -> I420:
        """The picture in its slot, valid until the next call. FrameLate, FrameRefused or WorkerGone."""
        if self._transport is None or self._gone is not None:
            raise WorkerGone(self._gone or "closed")
        if self._pending is not None:
            raise InvariantBroken("one frame at a time")
        slot = self._free_slot(self._transport.slots.count)
        if slot is None:
            self._gone = "silent"
            raise WorkerGone("silent")
        slots, width, height = self._transport.slots, frame.width, frame.height
        slots.input(slot, width, height).copy_from(frame)
        self._sequence += 1
        submitted = FrameSubmitted(
            sequence=self._sequence,
            slot=slot,
            width=width,
            height=height,
            beauty=beauty,
            full_range=frame.full_range,
            deadline_ms=self._deadline_ms,
        )
        returned = await self._round_trip(self._transport, submitted)
        if returned.result != FRAME_RESULT_DONE:
            raise FrameRefused(returned.result)
        return slots.output(slot, width, height, full_range=frame.full_range)

    async def close(self) -> None:
        """Never raises; a `beautify` under way raises WorkerGone."""
        self.lose("closed")
        transport, self._transport = self._transport, None
        if transport is not None:
            await transport.close()

    # ---- Receiver ----

    def take(self, message: FromWorker) -> None:
        if message.WhichOneof("body") == "gone":
            self.lose("stopping" if message.gone.reason == GONE_REASON_STOPPING else "unknown")
            return
        returned = message.frame
        known = returned.result == FRAME_RESULT_DONE or returned.result in _REFUSALS
        if not known or self._submitted.get(returned.slot) != returned.sequence:
            return
        del self._submitted[returned.slot]
        pending = self._pending
        if pending is None or pending.sequence != returned.sequence or pending.answer.done():
            self.late_answers += 1
            return
        pending.answer.set_result(returned)

    def lose(self, problem: str) -> None:
        if self._gone is None:
            self._gone = problem
        if self._pending is not None and not self._pending.answer.done():
            self._pending.answer.set_exception(WorkerGone(problem))

    # ---- inside ----

    async def _round_trip(self, transport: FrameTransport, frame: FrameSubmitted) -> FrameReturned:
        loop = asyncio.get_running_loop()
        pending = _Pending(frame.sequence, loop.create_future())
        timer = loop.call_later(self._deadline_ms / 1000, self._expire, pending)
        self._pending = pending
        self._submitted[frame.slot] = frame.sequence
        try:
            await transport.submit(frame)
            return await pending.answer
        except WorkerGone as gone:
            if self._gone is None:
                self._gone = gone.problem
            raise
        finally:
            self._pending = None
            timer.cancel()
            if pending.answer.done() and not pending.answer.cancelled():
                pending.answer.exception()  # seen, also when sending failed first

    def _free_slot(self, count: int) -> int | None:
        return next((slot for slot in range(count) if slot not in self._submitted), None)

    def _expire(self, pending: _Pending) -> None:
        if not pending.answer.done():
            pending.answer.set_exception(FrameLate(self._deadline_ms))
