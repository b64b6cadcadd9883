"""How a frame goes to a worker, as the transcoder sees it: `RingTransport` or `ConnectionTransport`."""

import asyncio
from typing import Protocol, cast

from google.protobuf.message import DecodeError
from nats.aio.msg import Msg
from salon.effects.v1.effects_pb2 import (
    FRAME_RESULT_DONE,
    DirectConnection,
    FrameSubmitted,
    FromWorker,
    StreamClosed,
    ToWorker,
)
from salon_contracts.errors import BusUnavailable
from salon_contracts.ids import WorkerId
from salon_contracts.subjects import frames_to_relay, frames_to_worker
from salon_kit.bus import Bus, is_no_responders
from salon_kit.log import get_logger
from salon_kit.nats.subscription import Subscription

from salon_frames.errors import WorkerGone
from salon_frames.framing import FramingBroken, Reader, encode
from salon_frames.ring import Ring
from salon_frames.slots import Slots

ANSWERS_MAX = 64
"""Answers that wait to be read. A worker owes at most one for each slot."""

log = get_logger()


class Receiver(Protocol):
    """Who gets what comes back; both are called on the event loop and do not block."""

    def take(self, message: FromWorker) -> None:
        """An answer. When it is a beautified picture, it lies in its slot."""

    def lose(self, problem: str) -> None:
        """Nothing more will come, for a reason of `WorkerGone`."""


class FrameTransport(Protocol):
    @property
    def slots(self) -> Slots: ...

    async def submit(self, frame: FrameSubmitted) -> None:
        """Sends the picture in the input of its slot. Raises WorkerGone."""

    async def close(self) -> None:
        """Tells the worker, if it can be told. Never raises."""


class Answers:
    """What a worker says over NATS about one stream: there before the worker is asked."""

    def __init__(self, token: str, receiver: Receiver) -> None:
        self.subject = frames_to_relay(token)
        self._receiver = receiver
        self._subscription: Subscription | None = None

    async def start(self, bus: Bus) -> None:
        """Raises BusUnavailable."""
        self._subscription = await bus.subscribe(self.subject, self._take, max_pending=ANSWERS_MAX)

    async def stop(self) -> None:
        subscription, self._subscription = self._subscription, None
        if subscription is not None:
            await subscription.unsubscribe()

    async def _take(self, message: Msg) -> None:
        if message.headers is not None:
            if is_no_responders(message):
                self._receiver.lose("nobody-listens")
            return
        try:
            answer = FromWorker.FromString(message.data)
        except DecodeError:
            log.warning("frame-answer-unreadable", size_bytes=len(message.data))
            return
        self._receiver.take(answer)


class RingTransport:
    """Pictures through shared memory, descriptors over NATS."""

    def __init__(self, bus: Bus, worker: WorkerId, token: str, ring: Ring, answers: Answers) -> None:
        self._bus = bus
        self._subject = frames_to_worker(worker, token)
        self._ring = ring
        self._answers = answers

    @property
    def slots(self) -> Slots:
        return self._ring.slots

    async def submit(self, frame: FrameSubmitted) -> None:
        try:
            data = ToWorker(frame=frame).SerializeToString()
            await self._bus.publish(self._subject, data, reply=self._answers.subject)
        except BusUnavailable:
            raise WorkerGone("bus-lost") from None

    async def close(self) -> None:
        await self._answers.stop()
        await send_closed(self._bus, self._subject)
        self._ring.close()


class ConnectionTransport(asyncio.BufferedProtocol):
    """Pictures and messages over one TCP connection, straight from and into the slots."""

    def __init__(self, slots: Slots, receiver: Receiver) -> None:
        self._slots = slots
        self._receiver = receiver
        self._reader = Reader(FromWorker, self._planes_of)
        self._sizes: dict[int, tuple[int, int, int]] = {}
        """Slot -> sequence, width and height of the frame in it."""
        self._transport: asyncio.Transport | None = None

    @classmethod
    async def connect(
        cls, to: DirectConnection, slots: Slots, receiver: Receiver, timeout_s: float
    ) -> "ConnectionTransport":
        """Connected, the key sent. OSError or TimeoutError."""
        async with asyncio.timeout(timeout_s):
            loop = asyncio.get_running_loop()
            _, transport = await loop.create_connection(lambda: cls(slots, receiver), to.host, to.port)
        transport._write(to.key)
        return transport

    @property
    def slots(self) -> Slots:
        return self._slots

    async def submit(self, frame: FrameSubmitted) -> None:
        self._sizes[frame.slot] = (frame.sequence, frame.width, frame.height)
        self._write(encode(ToWorker(frame=frame)))
        self._write(self._slots.input_bytes(frame.slot, frame.width, frame.height))

    async def close(self) -> None:
        self._write(encode(ToWorker(closed=StreamClosed())))
        if self._transport is not None:
            if self._transport.get_write_buffer_size():
                self._transport.abort()  # frames nobody waits for
            self._transport.close()

    # ---- asyncio.BufferedProtocol ----

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one in all but name

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._reader.buffer()

    def buffer_updated(self, nbytes: int) -> None:
        try:
            answer = self._reader.advance(nbytes)
        except FramingBroken as broken:
            log.warning("frame-connection-broken", detail=str(broken))
            if self._transport is not None:
                self._transport.abort()
            return
        if answer is not None:
            self._receiver.take(answer)

    def connection_lost(self, exc: Exception | None) -> None:
        self._receiver.lose("connection-lost")

    def _planes_of(self, message: FromWorker) -> memoryview | None:
        frame = message.frame
        if message.WhichOneof("body") != "frame" or frame.result != FRAME_RESULT_DONE:
            return None
        sequence, width, height = self._sizes.pop(frame.slot, (0, 0, 0))
        if sequence != frame.sequence or not sequence:
            raise FramingBroken("a picture that was not asked for")
        return self._slots.output_bytes(frame.slot, width, height)

    def _write(self, data: bytes | memoryview) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)


async def send_closed(bus: Bus, subject: str) -> None:
    """Says that a stream ends; who does not hear it notices the silence."""
    try:
        await bus.publish(subject, ToWorker(closed=StreamClosed()).SerializeToString())
    except BusUnavailable:
        log.debug("stream-closed-untold")
