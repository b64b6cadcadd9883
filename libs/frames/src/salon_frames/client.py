"""The transcoder's side of the effects service: pictures go in, beautified ones come out."""

import asyncio
import secrets
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from salon.effects.v1.effects_pb2 import Beauty, FramesOpened, OpenFrames
from salon_contracts.errors import EffectsFull, FramesUnreachable, RequestTimedOut, SalonError
from salon_contracts.ids import WorkerId
from salon_contracts.subjects import command, frames_to_worker
from salon_kit.bus import Bus
from salon_kit.log import get_logger

from salon_frames.errors import FrameLate, WorkerGone
from salon_frames.frame_transports import Answers, ConnectionTransport, FrameTransport, RingTransport, send_closed
from salon_frames.i420 import I420, check_size
from salon_frames.placement import Placement
from salon_frames.ring import Ring, RingUnavailable
from salon_frames.slots import CONNECTION_SLOTS, Slots

OPEN_S = 1.0
"""Seconds one opening may take."""
FULL_RETRIES = 3

OPEN_SUBJECT = command("effects", "open")

log = get_logger()


@dataclass(frozen=True, slots=True)
class StreamIdentity:
    """Whose frames they are, for the worker's log."""

    relay_id: str
    app_id: int
    room_id: str
    stream_id: str


class EffectsClient:
    """`await open(...)`, `await beautify(...)` for every picture, `await close()`; `open` again after WorkerGone.

    `ring_folder`: a folder in shared memory that the workers of this machine see too. `ring_prefix`: letters, digits,
    `_` and `-`; the ring is called `<ring_prefix>.<n>` until the worker has it. `deadline_ms`: how long a picture is
    waited for.
    """

    def __init__(
        self, bus: Bus, identity: StreamIdentity, ring_folder: Path, ring_prefix: str, deadline_ms: int = 40
    ) -> None:
        self._bus = bus
        self._identity = identity
        self._folder = ring_folder
        self._prefix = ring_prefix
        self._deadline_ms = deadline_ms
        self._frames_per_s = 30
        self._placement: Placement | None = None
        self._reopening: asyncio.Task[WorkerId] | None = None

    async def open(self, width: int, height: int, frames_per_s: int) -> WorkerId:
        """The worker that takes pictures up to this size from now on. What was open before is closed.

        Raises within 1 s: NobodyServes, EffectsFull (several were asked), FramesUnreachable, RequestTimedOut,
        BusUnavailable. When there is no room for a ring in shared memory, a connection is asked for instead.
        """
        await self.close()
        return await self._open(width, height, frames_per_s)

    async def beautify(self, frame: I420, beauty: Beauty) -> I420:
        """The beautified picture: a view, valid until the next call. One call at a time.

        Raises FrameLate after the deadline, FrameRefused, or WorkerGone: `open` again then. For a picture too large for
        what was opened it opens anew by itself, and pictures are late until that is done.
        """
        if self._reopening is None and self._placement is not None and not self._placement.fits(frame):
            await self._placement.close()
            opening = self._open(frame.width, frame.height, self._frames_per_s)
            self._reopening = asyncio.create_task(opening, name="reopen-frames")
        if self._reopening is not None:
            await self._reopened(self._reopening)
            if self._placement is not None and not self._placement.fits(frame):
                raise FrameLate(self._deadline_ms)  # it has grown once more: the next call opens anew
        if self._placement is None:
            raise WorkerGone("closed")
        return await self._placement.beautify(frame, beauty)

    async def close(self) -> None:
        """Ends the stream with its worker. Never raises."""
        reopening, self._reopening = self._reopening, None
        if reopening is not None:
            reopening.cancel()
            await asyncio.gather(reopening, return_exceptions=True)
        placement, self._placement = self._placement, None
        if placement is not None:
            await placement.close()

    async def _reopened(self, reopening: "asyncio.Task[WorkerId]") -> None:
        done, _ = await asyncio.wait({reopening}, timeout=self._deadline_ms / 1000)
        if not done:
            raise FrameLate(self._deadline_ms)
        self._reopening = None
        try:
            reopening.result()
        except SalonError as error:
            self._placement = None
            raise WorkerGone("reopen-failed") from error

    async def _open(self, width: int, height: int, frames_per_s: int) -> WorkerId:
        check_size(width, height)
        self._frames_per_s = frames_per_s
        placement = Placement(self._deadline_ms)
        asked = OpenFrames(
            stream_token=secrets.token_hex(16),
            width=width,
            height=height,
            frames_per_s=frames_per_s,
            relay_id=self._identity.relay_id,
            app_id=self._identity.app_id,
            room_id=self._identity.room_id,
            stream_id=self._identity.stream_id,
        )
        worker, transport = await self._place(asked, placement)
        placement.attach(transport)
        self._placement = placement
        return worker

    async def _place(self, asked: OpenFrames, placement: Placement) -> tuple[WorkerId, FrameTransport]:
        deadline = time.monotonic() + OPEN_S
        ring = await self._make_ring(asked)
        answers: Answers | None = None
        try:
            answers = Answers(asked.stream_token, placement)
            await answers.start(self._bus)
            opened = await self._ask(asked, deadline)
            worker = WorkerId(opened.worker_id)
            if opened.WhichOneof("way") == "connection":
                return worker, await self._connect(worker, opened, asked, placement, deadline)
            if ring is None or opened.WhichOneof("way") is None:
                raise FramesUnreachable(worker_id=worker)
            ring.unlink()
            transport = RingTransport(self._bus, worker, asked.stream_token, ring, answers)
            ring = answers = None
            return worker, transport
        finally:
            if ring is not None:
                ring.close()
            if answers is not None:
                await answers.stop()

    async def _make_ring(self, asked: OpenFrames) -> Ring | None:
        """In a thread: the kernel clears the pages. None when there is no room: the worker may offer a connection."""
        create = partial(Ring.create, self._folder, self._prefix, asked.width, asked.height, CONNECTION_SLOTS)
        making = asyncio.get_running_loop().run_in_executor(None, create)
        try:
            ring = await asyncio.shield(making)
        except asyncio.CancelledError:
            making.add_done_callback(_discard)
            raise
        except RingUnavailable as unavailable:
            log.warning("ring-not-made", detail=str(unavailable))
            return None
        asked.ring.CopyFrom(ring.spec)
        return ring

    async def _ask(self, asked: OpenFrames, deadline: float) -> FramesOpened:
        """A full worker leaves the queue group, but what was on its way to it comes back: ask again at once."""
        for left in range(FULL_RETRIES, -1, -1):
            remaining_s = max(0.001, deadline - time.monotonic())
            try:
                return await self._bus.request(OPEN_SUBJECT, asked, FramesOpened, timeout_s=remaining_s)
            except EffectsFull:
                if not left or time.monotonic() >= deadline:
                    raise
        raise RequestTimedOut(subject=OPEN_SUBJECT, deadline_s=OPEN_S)

    async def _connect(
        self, worker: WorkerId, opened: FramesOpened, asked: OpenFrames, placement: Placement, deadline: float
    ) -> FrameTransport:
        slots = Slots.allocate(CONNECTION_SLOTS, asked.width, asked.height)
        remaining_s = max(0.001, deadline - time.monotonic())
        try:
            return await ConnectionTransport.connect(opened.connection, slots, placement, remaining_s)
        except (OSError, TimeoutError) as error:
            to = f"{opened.connection.host}:{opened.connection.port}"
            log.warning("frame-connection-failed", worker_id=worker, address=to, err_code=type(error).__name__)
            await send_closed(self._bus, frames_to_worker(worker, asked.stream_token))
            raise FramesUnreachable(worker_id=worker) from error


def _discard(making: "asyncio.Future[Ring]") -> None:
    if not making.cancelled() and making.exception() is None:
        making.result().close()
