"""How a worker reaches one stream's pictures and its transcoder: a ring, or (`connections.py`) a TCP connection."""

from collections.abc import Callable
from typing import Final, Protocol

from salon.effects.v1.effects_pb2 import (
    FRAME_RESULT_DONE,
    FRAME_RESULT_FAILED,
    FRAME_RESULT_SUPERSEDED,
    GONE_REASON_STOPPING,
    GONE_REASON_UNKNOWN,
    FrameReturned,
    FromWorker,
    StreamGone,
)
from salon_contracts.subjects import frames_to_relay
from salon_frames.i420 import I420
from salon_frames.ring import Ring

from salon_effects.core.frame_scheduler import Answer, Frame, Reason, Result

RESULTS: Final = {
    Result.DONE: FRAME_RESULT_DONE,
    Result.SUPERSEDED: FRAME_RESULT_SUPERSEDED,
    Result.EXPIRED: FRAME_RESULT_SUPERSEDED,
    Result.FAILED: FRAME_RESULT_FAILED,
    Result.INVALID: FRAME_RESULT_FAILED,
}
REASONS: Final = {Reason.UNKNOWN: GONE_REASON_UNKNOWN, Reason.STOPPING: GONE_REASON_STOPPING}

Post = Callable[[str, FromWorker], None]
"""Queues a message for a subject."""


class FrameTransport(Protocol):
    """Of one stream. None of it blocks."""

    def check(self, slot: int, width: int, height: int) -> None:
        """ValueError for a picture that cannot lie there."""

    def input(self, frame: Frame) -> I420:
        """Where the frame's picture lies."""

    def output(self, frame: Frame) -> I420:
        """Where the filters' result goes."""

    def answer(self, answer: Answer, delivered: Callable[[], None]) -> None:
        """Sends it; `delivered` is called, at once or later, when `output` may be written again."""

    def gone(self, reason: Reason) -> None:
        """Tells the transcoder that the stream is not served any more."""

    def close(self) -> None:
        """Lets go of the memory or the connection."""


class RingTransport:
    """Pictures in shared memory, answers over NATS."""

    def __init__(self, token: str, ring: Ring, post: Post) -> None:
        self._subject = frames_to_relay(token)
        self._ring = ring
        self._post = post

    def check(self, slot: int, width: int, height: int) -> None:
        self._ring.input(slot, width, height)

    def input(self, frame: Frame) -> I420:
        return self._ring.input(frame.slot, frame.width, frame.height, full_range=frame.full_range)

    def output(self, frame: Frame) -> I420:
        return self._ring.output(frame.slot, frame.width, frame.height, full_range=frame.full_range)

    def answer(self, answer: Answer, delivered: Callable[[], None]) -> None:
        self._post(self._subject, returned(answer))
        delivered()

    def gone(self, reason: Reason) -> None:
        self._post(self._subject, FromWorker(gone=StreamGone(reason=REASONS[reason])))

    def close(self) -> None:
        self._ring.close()


def returned(answer: Answer) -> FromWorker:
    frame = answer.frame
    return FromWorker(
        frame=FrameReturned(
            sequence=frame.sequence, slot=frame.slot, result=RESULTS[answer.result], work_us=answer.work_us
        )
    )
