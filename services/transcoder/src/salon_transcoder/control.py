"""The socket between a relay and its transcoder: one message a datagram, and its end is the end of the process."""

import asyncio
import socket
from collections import deque
from collections.abc import Callable

from google.protobuf.message import DecodeError
from salon.relay.v1.relay_pb2 import FromTranscoder, ToTranscoder, TranscoderCounters
from salon_kit.log import get_logger

MESSAGE_MAX_BYTES = 65_536
WAITING_MAX = 64

log = get_logger()


class Control:
    """Calls back on the event loop it was made on."""

    def __init__(self, fd: int, on_order: Callable[[ToTranscoder], None], on_end: Callable[[], None]) -> None:
        """Takes over `fd`, a connected Unix SOCK_SEQPACKET socket. OSError if it is no socket."""
        self._socket = socket.socket(fileno=fd)
        self._socket.setblocking(False)
        self._loop = asyncio.get_running_loop()
        self._on_order = on_order
        self._on_end = on_end
        self._waiting: deque[bytes] = deque(maxlen=WAITING_MAX)
        self._loop.add_reader(self._socket.fileno(), self._readable)

    def send(self, message: FromTranscoder) -> None:
        """Never blocks. A relay that does not read gets no counters; the oldest of more than 64 reports are lost."""
        data = message.SerializeToString()
        if not self._waiting and self._try(data):
            return
        if self._socket.fileno() >= 0 and message.WhichOneof("body") != "counters":
            self._waiting.append(data)
            self._loop.add_writer(self._socket.fileno(), self._writable)

    def send_counters(self, counters: TranscoderCounters) -> None:
        self.send(FromTranscoder(counters=counters))

    def close(self) -> None:
        """Idempotent."""
        fd = self._socket.fileno()
        if fd >= 0:
            self._loop.remove_reader(fd)
            self._loop.remove_writer(fd)
            self._socket.close()

    def _readable(self) -> None:
        try:
            data = self._socket.recv(MESSAGE_MAX_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.close()
            self._on_end()
            return
        try:
            order = ToTranscoder.FromString(data)
        except DecodeError:
            log.error("order-unreadable", size_bytes=len(data))
            return
        self._on_order(order)

    def _writable(self) -> None:
        while self._waiting and self._try(self._waiting[0]):
            self._waiting.popleft()
        if not self._waiting and self._socket.fileno() >= 0:
            self._loop.remove_writer(self._socket.fileno())

    def _try(self, data: bytes) -> bool:
        """Whether it needs no further attempt."""
        try:
            self._socket.send(data)
        except BlockingIOError:
            return False
        except OSError:
            return True  # the relay is gone; reading says so
        return True
