"""TCP for relays that share no memory with this worker: one connection for each stream, opened with its key.

Strangers are kept at the gate (`gate.py`), away from the event loop. Who has a key is bounded as well: 256 bytes for a
message, no picture larger than the stream was opened for, and no more answers unread than belong to one stream.
"""

import asyncio
import secrets
import socket
from collections.abc import Callable
from typing import Final, Protocol, cast

from salon.effects.v1.effects_pb2 import FrameSubmitted, FromWorker, StreamGone, ToWorker
from salon_frames.framing import KEY_BYTES, FramingBroken, Reader, encode
from salon_frames.i420 import I420, check_size
from salon_frames.slots import CONNECTION_SLOTS, Slots
from salon_kit.log import get_logger

from salon_effects import metrics
from salon_effects.core.frame_scheduler import Answer, Frame, Reason, Result
from salon_effects.frame_transports import REASONS, returned
from salon_effects.gate import Gate

LAST_ANSWER_S: Final = 2.0
"""Seconds to read what was said last."""
BACKLOG: Final = 1024
"""Connections that wait until the gate looks at them."""
SLACK_BYTES: Final = 65_536

log = get_logger()


class FrameReceiver(Protocol):
    """Whoever takes the frames: the worker."""

    def submit(self, token: str, message: FrameSubmitted) -> None: ...

    def close(self, token: str) -> None: ...


class Connections:
    """Listens, and gives each connection to the stream whose key it sends."""

    def __init__(self, receiver: FrameReceiver, host: str) -> None:
        self.host = host
        self.port = 0
        """What relays connect to."""
        self._receiver = receiver
        self._expected: dict[bytes, ConnectionTransport] = {}
        self._gate: Gate | None = None
        self._beginning: set[asyncio.Task[None]] = set()

    async def listen(self, bind_host: str | None, bind_port: int, announced_port: int) -> None:
        """`announced_port` 0: the bound one. OSError when the address cannot be had."""
        loop = asyncio.get_running_loop()
        listener = await asyncio.to_thread(_listener, bind_host, bind_port)
        self.port = announced_port or int(listener.getsockname()[1])

        def admit(key: bytes, connection: socket.socket) -> None:
            loop.call_soon_threadsafe(self._admit, key, connection)

        self._gate = Gate(listener, self._expected.__contains__, admit)
        self._gate.start()

    def expect(self, token: str, width: int, height: int) -> "ConnectionTransport":
        """A stream whose transcoder is about to connect."""
        key = secrets.token_bytes(KEY_BYTES)
        stream = ConnectionTransport(token, key, width, height, lambda: self._expected.pop(key, None))
        self._expected[key] = stream
        return stream

    def close(self) -> None:
        """No more connections; those that are open belong to their streams."""
        if self._gate is not None:
            self._gate.close()

    def _admit(self, key: bytes, connection: socket.socket) -> None:
        """A key works once."""
        stream = self._expected.pop(key, None)
        if stream is None:
            connection.close()
            return
        beginning = asyncio.create_task(self._begin(stream, connection), name="frame-connection")
        self._beginning.add(beginning)
        beginning.add_done_callback(self._beginning.discard)

    async def _begin(self, stream: "ConnectionTransport", connection: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        await loop.connect_accepted_socket(lambda: _Connection(self._receiver, stream), connection)


class ConnectionTransport:
    """A `FrameTransport`: pictures and answers over one connection, whose slots are numbered by the transcoder."""

    def __init__(self, token: str, key: bytes, width: int, height: int, forget: Callable[[], object]) -> None:
        self.token = token
        self.key = key
        self._size = (width, height)
        self._forget = forget
        self._slots: Slots | None = None
        self._transport: asyncio.Transport | None = None
        self._is_closed = False

    def bind(self, transport: asyncio.Transport) -> Slots:
        """The transcoder has connected; where it puts its pictures."""
        if self._is_closed:
            transport.abort()
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
        self._is_closed = True
        transport = self._transport
        if transport is not None and not transport.is_closing():
            transport.close()
            asyncio.get_running_loop().call_later(LAST_ANSWER_S, transport.abort)

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
    """One stream, after its key."""

    def __init__(self, receiver: FrameReceiver, stream: ConnectionTransport) -> None:
        self._receiver = receiver
        self._stream = stream
        self._transport: asyncio.Transport | None = None
        self._slots: Slots | None = None
        self._reader = Reader(ToWorker, self._planes_of)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one in all but name
        self._slots = self._stream.bind(self._transport)

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._reader.buffer()

    def buffer_updated(self, nbytes: int) -> None:
        try:
            message = self._reader.advance(nbytes)
        except FramingBroken as broken:
            log.warning("frame-connection-broken", detail=str(broken))
            metrics.CONNECTIONS_DROPPED.labels(reason="malformed").inc()
            if self._transport is not None:
                self._transport.abort()
            return
        if message is None:
            return
        if message.WhichOneof("body") == "frame":
            self._receiver.submit(self._stream.token, message.frame)
        else:
            self._receiver.close(self._stream.token)

    def connection_lost(self, exc: Exception | None) -> None:
        self._receiver.close(self._stream.token)

    def _planes_of(self, message: ToWorker) -> memoryview | None:
        if message.WhichOneof("body") != "frame" or self._slots is None:
            return None
        frame = message.frame
        try:
            check_size(frame.width, frame.height)
            return self._slots.input_bytes(frame.slot, frame.width, frame.height)
        except ValueError as error:
            raise FramingBroken(str(error)) from None


def _listener(host: str | None, port: int) -> socket.socket:
    """On every address without `host`. Raises OSError; asks the resolver."""
    if host is not None:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family, backlog=BACKLOG)
    if socket.has_dualstack_ipv6():
        return socket.create_server(("", port), family=socket.AF_INET6, backlog=BACKLOG, dualstack_ipv6=True)
    return socket.create_server(("", port), backlog=BACKLOG)
