"""uvicorn's WebSocket, reading no more than its sender may send and the app takes.

uvicorn gives whatever the kernel has to the parser at once: 40,000 frames without a byte in them are one such gift, and
the messages among them wait for the app in a queue without bound. Here the input waits, as bytes, until it is this
connection's turn (`ReadingTurns`) and within its allowance (`FrameMeter`); meanwhile nothing more is read.
"""

import asyncio
import logging
import time
from collections.abc import Mapping
from typing import Any, Protocol, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode
from websockets.http11 import Request
from websockets.protocol import State

from salon_kit.http.client_address import address_group
from salon_kit.http.connection_limits import Place
from salon_kit.http.frame_meter import Allowance, FrameMeter, TooMuch
from salon_kit.http.reading_turns import BYTES_PER_FRAME, ReadingTurns

EXTENSION = "salon.reading"
WAITING_MESSAGES_MAX = 4
"""For the app; then nothing more is read."""
WAITING_INPUT_MAX_BYTES = 16 * 1024
"""Until it is this connection's turn; then no more is taken from the socket."""

CLOSE_TIMEOUT_S = 3.0
"""For the peer's answer to a close frame; uvicorn's is 10."""

_BAD_REQUEST = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"

_PEERS_MISTAKES = logging.getLogger("salon_kit.peers_mistakes")
_PEERS_MISTAKES.setLevel(logging.CRITICAL + 1)
"""A line, or a traceback, for each is a stranger's way to fill the disk. The answer tells the peer."""


class Reading(Protocol):
    """What an app can say about how much is read from one of its connections."""

    def allow(self, allowance: Allowance) -> None:
        """From now on this much. The connection takes its own turns from now on, not those of its address."""


class Writing(Protocol):
    """A way to send that does not pass through the app's task, for what thousands are sent at the same moment."""

    def write_now(self, text: str) -> bool:
        """Sends a message if the connection is open and takes it at once. False: it was not sent, use the app's way.
        Not while something is being sent that way."""


def reading_of(scope: Mapping[str, Any]) -> Reading:
    """Of an ASGI WebSocket scope that HttpServer made."""
    reading: Reading = scope["extensions"][EXTENSION]
    return reading


def writing_of(scope: Mapping[str, Any]) -> Writing:
    """Of an ASGI WebSocket scope that HttpServer made."""
    writing: Writing = scope["extensions"][EXTENSION]
    return writing


def text_frame(data: bytes) -> bytes:
    """A whole message of a server as RFC 6455 5.2 has it: FIN, text, no mask, no extension."""
    size_bytes = len(data)
    if size_bytes < 126:
        return b"\x81" + bytes((size_bytes,)) + data
    if size_bytes < 65_536:
        return b"\x81\x7e" + size_bytes.to_bytes(2, "big") + data
    return b"\x81\x7f" + size_bytes.to_bytes(8, "big") + data


class MeteredWebSocket(WebSocketsSansIOProtocol):
    def __init__(self, turns: ReadingTurns, allowance: Allowance, place: Place, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.conn.logger = _PEERS_MISTAKES
        self.close_timeout = CLOSE_TIMEOUT_S
        self._turns = turns
        self._meter = FrameMeter(allowance, time.monotonic_ns())
        self._place = place
        self._group: str | None = ""
        self._input = b""
        self._read_up_to = 0
        self._stops_reading = False
        self._later: asyncio.TimerHandle | None = None
        self._pong = b""

    # ---- the connection ----

    def connection_lost(self, exc: Exception | None) -> None:
        self._input = b""
        if self._later is not None:
            self._later.cancel()
        self._place.leave()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if not self.handshake_initiated:
            super().data_received(data)  # the head of the request, whole
            if not self.handshake_initiated:  # the library refuses it, and says so to nobody
                self.transport.write(b"".join(self.conn.data_to_send()) or _BAD_REQUEST)
                self.transport.close()
            return
        self._input = self._input[self._read_up_to :] + data if self._input else data
        self._read_up_to = 0
        self._turns.read(self)
        if len(self._input) > WAITING_INPUT_MAX_BYTES:
            self._hold_back()

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if self.response.status_code == 101:
            client = self.scope["client"]
            self._group = address_group("" if client is None else client[0])
            self._place.no_longer_of_address()
            cast(dict[str, Any], self.scope["extensions"])[EXTENSION] = self

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._pong and not self.transport.is_closing():
            self.transport.write(self._pong)
        self._pong = b""

    def handle_ping(self) -> None:
        """To a peer that does not read only the newest pong is sent (RFC 6455, 5.5.3): the others would pile up."""
        pongs = self.conn.data_to_send()
        if self.writable.is_set():
            self.transport.write(b"".join(pongs))
        elif pongs:
            self._pong = pongs[-1]

    def write_now(self, text: str) -> bool:
        if (
            not self.writable.is_set()
            or not self.handshake_complete
            or self.close_sent
            or self.conn.state is not State.OPEN
            or self.transport.is_closing()
        ):
            return False
        self.transport.write(text_frame(text.encode()))
        return True

    # ---- turns ----

    @property
    def group(self) -> str | None:
        return self._group

    def allow(self, allowance: Allowance) -> None:
        self._meter.allow(allowance, time.monotonic_ns())
        self._group = None
        self._turns.wait_for(self)

    def read_some(self, frames_max: int, bytes_max: int) -> int:
        weight = 0
        if self._may_read():
            now_ns = time.monotonic_ns()
            wait_s = self._meter.wait_s(now_ns)
            if wait_s:
                self._wait(wait_s)
            else:
                weight = self._read(frames_max, bytes_max, now_ns)
        self._hold_back()
        return weight

    def _may_read(self) -> bool:
        return (
            self.handshake_complete
            and bool(self._input)
            and self._later is None
            and self.queue.qsize() < WAITING_MESSAGES_MAX
            and not self._meter.is_blocked
            and not self.transport.is_closing()
        )

    def _read(self, frames_max: int, bytes_max: int, now_ns: int) -> int:
        begin = self._read_up_to
        try:
            end, frames = self._meter.cut(self._input, begin, frames_max, bytes_max, now_ns)
        except TooMuch as too_much:
            self.conn.fail(CloseCode.POLICY_VIOLATION, str(too_much))
            self.handle_parser_exception()
            return 1
        piece = self._input[begin:end]
        if end == len(self._input):
            self._input, self._read_up_to = b"", 0
        else:
            self._read_up_to = end
            self._turns.wait_for(self)
        super().data_received(piece)
        return max(frames, len(piece) // BYTES_PER_FRAME)

    def _wait(self, wait_s: float) -> None:
        self._later = self.loop.call_later(wait_s, self._go_on)

    def _go_on(self) -> None:
        self._later = None
        self._turns.wait_for(self)

    def _hold_back(self) -> None:
        """Reads from the socket only what it has a use for; the sender feels the rest as a slow network."""
        stops = bool(self._input)
        if stops != self._stops_reading and not self.transport.is_closing():
            self._stops_reading = stops
            if stops:
                self.transport.pause_reading()
            else:
                self.transport.resume_reading()

    # ---- messages for the app ----

    def send_receive_event_to_app(self) -> None:
        data = self.frames[0] if len(self.frames) == 1 else b"".join(self.frames)
        self.frames = []
        if self.close_sent:
            return
        if self.curr_msg_data_type == "bytes":
            self.queue.put_nowait({"type": "websocket.receive", "bytes": data})
            return
        try:
            text = data.decode()
        except UnicodeDecodeError:
            self.conn.fail(CloseCode.INVALID_DATA, "not UTF-8")
            self.handle_parser_exception()
            return
        self.queue.put_nowait({"type": "websocket.receive", "text": text})

    async def receive(self) -> Any:
        message = await self.queue.get()
        if self._input:
            self._turns.wait_for(self)
        return message

    async def send(self, message: Any) -> None:
        await super().send(message)
        if self._input:  # it may have waited for the handshake's end
            self._turns.wait_for(self)
