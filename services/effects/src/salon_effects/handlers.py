"""Placement: who asks for a worker, and whether this one is asked at all."""

import asyncio
from pathlib import Path
from typing import Final

from salon.effects.v1.effects_pb2 import DirectConnection, FramesOpened, OpenFrames, SharedMemory
from salon_contracts.errors import EffectsFull, FramesUnreachable, InvalidField, SalonError
from salon_contracts.subjects import command, frames_to_worker
from salon_frames.i420 import SIDE_MAX_PX, SIDE_MIN_PX, check_size
from salon_frames.ring import Ring, RingUnavailable
from salon_frames.slots import slot_size_bytes
from salon_kit.bus import Bus, Endpoint, RequestContext
from salon_kit.log import get_logger

from salon_effects import metrics
from salon_effects.connections import Connections
from salon_effects.frame_transports import RingTransport
from salon_effects.worker import Worker

QUEUE: Final = "effects"
RATE_MAX: Final = 240

log = get_logger()


class Handlers:
    """`connections`: None when no relay may connect."""

    def __init__(self, worker: Worker, ring_folder: Path, connections: Connections | None) -> None:
        self._worker = worker
        self._folder = ring_folder
        self._connections = connections

    async def keep_place(self, bus: Bus) -> None:
        """A task: in the queue group as long as there is room for a typical stream, out of it while there is not."""
        serving: Endpoint[OpenFrames] | None = None
        try:
            while True:
                self._worker.changed.clear()
                if self._worker.has_room() and serving is None:
                    serving = await bus.serve(command("effects", "open"), OpenFrames, self.open, queue=QUEUE)
                    log.info("queue-joined")
                elif not self._worker.has_room() and serving is not None:
                    leaving, serving = serving, None
                    await leaving.stop()
                    log.info("queue-left")
                await self._worker.changed.wait()
        finally:
            if serving is not None:
                await serving.stop()

    async def open(self, request: OpenFrames, context: RequestContext) -> FramesOpened:
        """Takes the stream. InvalidField, EffectsFull or FramesUnreachable."""
        try:
            opened = await self._open(request)
        except SalonError as error:
            metrics.REFUSED.labels(err_code=error.code).inc()
            raise
        metrics.OPENED.labels(way="connection" if opened.HasField("connection") else "shared-memory").inc()
        return opened

    async def _open(self, request: OpenFrames) -> FramesOpened:
        worker, token = self._worker, request.stream_token
        size_and_rate = self._check(request)
        if not worker.has_room(size_and_rate):
            raise EffectsFull(worker_id=worker.id)
        worker.reserve(token, size_and_rate)
        try:
            return await self._open_transport(request)
        except BaseException:  # also when the asker waits no longer
            worker.close(token)
            raise

    async def _open_transport(self, request: OpenFrames) -> FramesOpened:
        worker, token = self._worker, request.stream_token
        opened = FramesOpened(worker_id=worker.id)
        whose: dict[str, str | int] = {
            "relay_id": request.relay_id,
            "app_id": request.app_id,
            "room_id": request.room_id,
            "stream_id": request.stream_id,
        }
        ring = await self._attach(request)
        if not worker.accepts:
            raise EffectsFull(worker_id=worker.id)
        if ring is not None:
            worker.open(token, RingTransport(token, ring, worker.queue), whose)
            opened.shared_memory.CopyFrom(SharedMemory())
            return opened
        if self._connections is None:
            raise FramesUnreachable(worker_id=worker.id)
        expected = self._connections.expect(token, request.width, request.height)
        worker.open(token, expected, whose)
        opened.connection.CopyFrom(
            DirectConnection(host=self._connections.host, port=self._connections.port, key=expected.key)
        )
        return opened

    async def _attach(self, request: OpenFrames) -> Ring | None:
        """In a thread: it enters many pages. None when the memory is not shared with this machine."""
        if not request.HasField("ring"):
            return None
        try:
            return await asyncio.to_thread(Ring.attach, self._folder, request.ring)
        except RingUnavailable as unavailable:
            log.info("ring-out-of-reach", detail=str(unavailable), relay_id=request.relay_id)
            return None

    def _check(self, request: OpenFrames) -> tuple[int, int, int]:
        """Width, height and frame rate. Raises InvalidField."""
        try:
            frames_to_worker(self._worker.id, request.stream_token)
        except ValueError:
            raise InvalidField(field="stream_token", problem="illegal", limit="32 hex digits") from None
        if self._worker.has(request.stream_token):
            raise InvalidField(field="stream_token", problem="illegal", limit="one that is not in use")
        try:
            check_size(request.width, request.height)
        except ValueError:
            limit = f"even, {SIDE_MIN_PX} to {SIDE_MAX_PX}"
            raise InvalidField(field="width or height", problem="out of range", limit=limit) from None
        if not 1 <= request.frames_per_s <= RATE_MAX:
            raise InvalidField(field="frames_per_s", problem="out of range", limit=f"1 to {RATE_MAX}")
        if request.HasField("ring") and request.ring.slot_bytes > slot_size_bytes(request.width, request.height):
            raise InvalidField(field="slot_bytes", problem="out of range", limit="what the size needs")
        return request.width, request.height, request.frames_per_s
