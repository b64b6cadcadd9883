"""TCP for relays that share no memory with this worker: one connection for each stream, opened with its key.

What a stranger can do is bounded: few connections without a key at a time, 2 s to send it, 256 bytes for a message, no
picture larger than the stream was opened for, and no more answers unread than belong to one stream.
"""

import asyncio
import secrets
from collections.abc import Callable
from typing import Final, Protocol, cast

from salon.effects.v1.effects_pb2 import FrameSubmitted, FromWorker, StreamGone, ToWorker
from salon_frames.framing import KEY_BYTES, FramingBroken, Reader, encode
from salon_frames.i420 import I420, check_size
from salon_frames.slots import CONNECTION_SLOTS, Slots
from salon_kit.log import get_logger

from salon_effects import metrics
from salon_effects.core.desk import Answer, Frame, Reason, Result
from salon_effects.ways import REASONS, returned

KEY_S: Final = 2.0
"""Seconds to send the key, and to read the last answer."""
STRANGERS_MAX: Final = 64
BACKLOG: Final = 128
SLACK_BYTES: Final = 65_536

log = get_logger()


class Frames(Protocol):
    """Whoever takes the frames: the worker."""

    def submit(self, token: str, message: FrameSubmitted) -> None: ...

    def close(self, token: str) -> None: ...


class Connections:
    """Listens, and gives each connection to the stream whose key it sends."""

    def __init__(self, frames: Frames, host: str) -> None:
        self.host = host
        self.port = 0
        """What relays are told."""
        self._frames = frames
        self._expected: dict[bytes, ConnectionWay] = {}
        self._strangers = 0
        self._server: asyncio.Server | None = None

    async def listen(self, bind_host: str | None, bind_port: int, told_port: int) -> None:
        """`told_port` 0: the bound one. OSError when the address cannot be had."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self), bind_host, bind_port, backlog=BACKLOG)
        self.port = told_port or int(self._server.sockets[0].getsockname()[1])

    def expect(self, token: str, width: int, height: int) -> "ConnectionWay":
        """A stream whose transcoder is about to connect."""
        key = secrets.token_bytes(KEY_BYTES)
        way = ConnectionWay(token, key, width, height, lambda: self._expected.pop(key, None))
        self._expected[key] = way
        return way

    def close(self) -> None:
        """No more connections; those that are open belong to their streams."""
        if self._server is not None:
            self._server.close()

    # ---- for the connections ----

    def admit(self) -> bool:
        """Whether one more stranger may try."""
        if self._strangers >= STRANGERS_MAX:
            return False
        self._strangers += 1
        return True

    def dismiss(self) -> None:
        """One stranger fewer."""
        self._strangers -= 1

    def identify(self, key: bytes) -> "ConnectionWay | None":
        return self._expected.pop(key, None)

    @property
    def frames(self) -> Frames:
        return self._frames


class ConnectionWay:
    """A `Way`: pictures and answers over one connection, whose slots are numbered by the transcoder."""

    def __init__(self, token: str, key: bytes, width: int, height: int, forget: Callable[[], object]) -> None:
        self.token = token
        self.key = key
        self._size = (width, height)
        self._forget = forget
        self._slots: Slots | None = None
        self._transport: asyncio.Transport | None = None

    def bind(self, transport: asyncio.Transport) -> Slots:
        """The transcoder has connected; where it puts its pictures."""
        self._transport = transport
        self._slots = Slots.allocate(CONNECTION_SLOTS, *self._size)
        return self._slots

    def check(self, slot: int, width: int, height: int) -> None:
        self._bound().input_bytes(slot, width, height)

    def input(self, frame: Frame) -> I420:
        return self._bound().input(frame.slot, frame.width, frame.height, full_range=frame.full_range)

    def output(self, frame: Frame) -> I420:
        return self._bound().output(frame.slot, frame.width, frame.height, full_range=frame.full_range)

    def answer(self, answer: Answer, delivered: Callable[[], None]) -> None:
        self._write(encode(returned(answer)))
        if answer.result is Result.DONE:
            frame = answer.frame
            self._write(self._bound().output_bytes(frame.slot, frame.width, frame.height))
        transport = self._transport
        if transport is not None and transport.get_write_buffer_size() > self._unread_max:
            metrics.CONNECTIONS_DROPPED.labels(reason="slow").inc()
            transport.abort()
        # At once: the transcoder does not use the slot again before it has read the picture, or spoils only its own.
        delivered()

    def gone(self, reason: Reason) -> None:
        self._write(encode(FromWorker(gone=StreamGone(reason=REASONS[reason]))))

    def close(self) -> None:
        self._forget()
        transport = self._transport
        if transport is not None and not transport.is_closing():
            transport.close()
            asyncio.get_running_loop().call_later(KEY_S, transport.abort)

    @property
    def _unread_max(self) -> int:
        return CONNECTION_SLOTS * self._bound().slot_bytes + SLACK_BYTES

    def _bound(self) -> Slots:
        """ValueError before the transcoder has connected: nothing lies anywhere."""
        if self._slots is None:
            raise ValueError("nobody has connected")
        return self._slots

    def _write(self, data: bytes | memoryview) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)


class _Connection(asyncio.BufferedProtocol):
    """A stranger until its key is known, then one stream."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        """Runs while it is a stranger."""
        self._key = memoryview(bytearray(KEY_BYTES))
        self._key_read = 0
        self._token: str | None = None
        self._reader: Reader[ToWorker] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one in all but name
        if not self._connections.admit():
            self._drop("strangers")
            return
        self._timer = asyncio.get_running_loop().call_later(KEY_S, self._drop, "no-key")

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._key[self._key_read :] if self._reader is None else self._reader.buffer()

    def buffer_updated(self, nbytes: int) -> None:
        if self._reader is None:
            self._key_read += nbytes
            if self._key_read == KEY_BYTES:
                self._introduce(bytes(self._key))
            return
        try:
            message = self._reader.advance(nbytes)
        except FramingBroken as broken:
            log.warning("frame-connection-broken", detail=str(broken))
            self._drop("malformed")
            return
        if message is None or self._token is None:
            return
        if message.WhichOneof("body") == "frame":
            self._connections.frames.submit(self._token, message.frame)
        else:
            self._connections.frames.close(self._token)

    def connection_lost(self, exc: Exception | None) -> None:
        self._no_stranger()
        token, self._token = self._token, None
        if token is not None:
            self._connections.frames.close(token)

    def _introduce(self, key: bytes) -> None:
        way = self._connections.identify(key)
        if way is None or self._transport is None:
            self._drop("wrong-key")
            return
        self._no_stranger()
        slots = way.bind(self._transport)
        self._token = way.token

        def planes_of(message: ToWorker) -> memoryview | None:
            if message.WhichOneof("body") != "frame":
                return None
            frame = message.frame
            try:
                check_size(frame.width, frame.height)
                return slots.input_bytes(frame.slot, frame.width, frame.height)
            except ValueError as error:
                raise FramingBroken(str(error)) from None

        self._reader = Reader(ToWorker, planes_of)

    def _no_stranger(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self._connections.dismiss()

    def _drop(self, reason: str) -> None:
        metrics.CONNECTIONS_DROPPED.labels(reason=reason).inc()
        if self._transport is not None:
            self._transport.abort()
