"""One stream's way through a transcoder: in and decoded, to a worker and back, encoded and out.

Three threads, one frame each at a time: intake decodes, the event loop waits for the worker, outlet encodes. A frame
that cannot be beautified in time leaves as it came, so frames leave in the order they came.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from salon.relay.v1.relay_pb2 import FromTranscoder, ToTranscoder, TranscoderCounters
from salon_kit.log import get_logger

from salon_transcoder.beautification import Beautification
from salon_transcoder.core.ramp import Ramp
from salon_transcoder.counters import Counters
from salon_transcoder.intake import Intake, LinkGone, PictureDecoder
from salon_transcoder.outlet import Outlet, PictureEncoder
from salon_transcoder.ports import ReceivingLink, SendingLink, WorkerClient

log = get_logger()


class Link(ReceivingLink, SendingLink, Protocol):
    """Both halves of a FrameLink."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a pipeline is made of."""

    link: Link
    decoder: PictureDecoder
    encoder: PictureEncoder
    new_client: Callable[[], WorkerClient]


class Pipeline:
    """`run` it; give orders meanwhile, on the same event loop."""

    def __init__(
        self, parts: Parts, ramp: Ramp, report: Callable[[FromTranscoder], None], group: asyncio.TaskGroup
    ) -> None:
        self._counters = Counters()
        self._link = parts.link
        self._intake = Intake(parts.link, parts.decoder, self, self._counters)
        self._outlet = Outlet(parts.link, parts.encoder, self._counters)
        self._beautification = Beautification(ramp, parts.new_client, report, self._counters, group)
        self._ended: Exception | None = None

    async def run(self) -> None:
        """Until the link is closed. Raises Undecodable, or what a bug raises."""
        self._intake.start()
        try:
            while (picture := await self._intake.pictures.take()) is not None:
                beautified = await self._beautification.offer(picture.i420)
                try:
                    left = await self._outlet.send(picture, beautified)
                finally:
                    self._beautification.release()
                if not left:
                    self._counters.frames_stale += 1
                elif beautified is None:
                    self._counters.frames_original += 1
                else:
                    self._counters.frames_beautified += 1
        finally:
            self._intake.stop()
            self._outlet.close()
            await self._beautification.close()
        if self._ended is not None and not isinstance(self._ended, LinkGone):
            raise self._ended

    def order(self, order: ToTranscoder) -> None:
        """Anything but the start."""
        match order.WhichOneof("body"):
            case "beauty":
                self._beautification.aim(order.beauty.beauty, order.beauty.version)
            case "bitrate":
                self._outlet.set_bitrate(order.bitrate.target_bps)
            case "fade":
                self._beautification.fade()
            case "retry":
                self._beautification.retry()
            case other:
                log.error("order-unexpected", order=other)

    def retry(self) -> None:
        """There may be workers again: do not wait any longer."""
        self._beautification.retry()

    def counters(self) -> TranscoderCounters:
        """For once a second."""
        return self._counters.message(self._intake.pictures.overtaken)

    # ---- Listener ----

    def keyframe_wanted(self) -> None:
        self._outlet.want_keyframe()

    def keyframe_missing(self) -> None:
        self._link.request_keyframe()

    def intake_ended(self, error: Exception) -> None:
        self._ended = error
        self._intake.pictures.close()
