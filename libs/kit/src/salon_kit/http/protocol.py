"""uvicorn's HTTP/1.1, with bounds for how long a request may take to arrive and for what it may consist of."""

import asyncio
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from salon_kit.http.connection_limits import Place
from salon_kit.http.frame_meter import Allowance
from salon_kit.http.reading_turns import ReadingTurns
from salon_kit.http.websocket import MeteredWebSocket

HEAD_MAX_BYTES = 32 * 1024
"""Request line and headers. As much again may come beside the body: chunk sizes, chunk extensions, trailers."""
CHUNKS_MAX = 2048
"""Of a body that is sent in chunks. Each is a call into Python."""
HEADERS_MAX = 100
"""Trailers included. Each is looked at in Python, again and again."""
HEAD_TIMEOUT_S = 8.0
"""From the connection, or the first byte of a later request, to the end of the head."""
REQUEST_TIMEOUT_S = 20.0
"""A request has arrived by then, to the last byte of its body, or its connection is closed."""
UNWANTED_MAX_BYTES = 256 * 1024
"""Of a body whose request was answered before its end."""
PIPELINED_MAX = 4
"""Requests that a client may send before the one under way is answered. Browsers send none."""
REQUEST_WEIGHT = 16
"""Of a read, in frames: a request is dearer than a frame."""
WAITING_INPUT_MAX_BYTES = 16 * 1024
"""Until it is this connection's turn; then no more is taken from the socket."""


@dataclass(frozen=True, slots=True)
class HttpBounds:
    """What the connections of one server share."""

    strangers: Allowance
    head_timeout_s: float = HEAD_TIMEOUT_S
    request_timeout_s: float = REQUEST_TIMEOUT_S
    turns: ReadingTurns = field(default_factory=ReadingTurns)


class _OutOfBounds(Exception):
    """Raised inside the parser, which makes it a 400."""


class BoundedHttp(HttpToolsProtocol):
    def __init__(self, bounds: HttpBounds, place: Place, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._bounds = bounds
        self._place = place
        self._deadline: asyncio.TimerHandle | None = None
        self._input = b""
        self._is_upgraded = False
        self._requests = 0
        self._in_head = True
        self._received_bytes = 0
        self._body_bytes = 0
        self._unwanted_bytes = 0
        self._trailers = 0
        self._chunks = 0
        # uvicorn makes it when a request asks for the upgrade.
        self.ws_protocol_class = partial(  # type: ignore[assignment]
            MeteredWebSocket, bounds.turns, bounds.strangers, place
        )

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._await(self._bounds.head_timeout_s)

    def connection_lost(self, exc: Exception | None) -> None:
        self._done_waiting()
        self._input = b""
        self._place.leave()
        super().connection_lost(exc)

    # ---- turns ----

    @property
    def group(self) -> str | None:
        """Requests of one address take turns with each other; behind a trusted proxy each connection has its own."""
        return self._place.address

    def data_received(self, data: bytes) -> None:
        if self._deadline is None:
            self._await(self._bounds.head_timeout_s)
        self._input += data
        self._bounds.turns.read(self)
        if len(self._input) > WAITING_INPUT_MAX_BYTES and not self._is_upgraded:
            self.flow.pause_reading()

    def read_some(self, frames_max: int, bytes_max: int) -> int:
        if self.transport.is_closing() or self._is_upgraded:
            self._input = b""
        if not self._input:
            return 0
        piece, self._input = self._input[:bytes_max], self._input[bytes_max:]
        self._read(piece)
        if self._input:
            self._bounds.turns.wait_for(self)
        elif not self._is_upgraded:
            self._go_on_reading()
        return REQUEST_WEIGHT

    def on_response_complete(self) -> None:
        super().on_response_complete()  # which reads on whatever waits
        if self.pipeline or len(self._input) > WAITING_INPUT_MAX_BYTES:
            self.flow.pause_reading()

    def _go_on_reading(self) -> None:
        body_waits = self.cycle is not None and len(self.cycle.body) > HIGH_WATER_LIMIT
        if not (self.pipeline or body_waits or self.transport.is_closing()):
            self.flow.resume_reading()

    # ---- what a request consists of ----

    def _read(self, data: bytes) -> None:
        requests = self._requests
        super().data_received(data)
        if self._requests != requests or self.transport.is_closing():
            return
        self._received_bytes += len(data)
        beside_the_body = self._received_bytes - self._body_bytes
        if self._in_head and beside_the_body > HEAD_MAX_BYTES:
            self.send_400_response("The head of the request is too long.")
        elif beside_the_body > 2 * HEAD_MAX_BYTES:
            self.send_400_response("What comes beside the body is too long.")

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._in_head:
            super().on_header(name, value)
        else:
            self._trailers += 1  # nobody here reads them
        if len(self.headers) + self._trailers > HEADERS_MAX:
            raise _OutOfBounds

    def on_headers_complete(self) -> None:
        self._in_head = False
        if len(self.url) + sum(len(name) + len(value) for name, value in self.headers) > HEAD_MAX_BYTES:
            raise _OutOfBounds
        if len(self.pipeline) >= PIPELINED_MAX:
            raise _OutOfBounds
        if self.parser.should_upgrade() and self._should_upgrade() and self._announces_a_body():
            raise _OutOfBounds
        self._await(self._bounds.request_timeout_s)
        super().on_headers_complete()

    def on_chunk_header(self) -> None:
        self._chunks += 1
        if self._chunks > CHUNKS_MAX:
            raise _OutOfBounds

    def on_body(self, body: bytes) -> None:
        self._body_bytes += len(body)
        if self.cycle is not None and self.cycle.response_complete:
            self._unwanted_bytes += len(body)
            if self._unwanted_bytes > UNWANTED_MAX_BYTES:
                raise _OutOfBounds
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._done_waiting()
        self._requests += 1
        self._in_head = True
        self._received_bytes = self._body_bytes = self._unwanted_bytes = self._trailers = self._chunks = 0
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        self._done_waiting()
        self._is_upgraded = True
        self.flow.resume_reading()  # the WebSocket holds back by itself
        super().handle_websocket_upgrade()

    def _announces_a_body(self) -> bool:
        return any(
            name == b"transfer-encoding" or (name == b"content-length" and value.strip() != b"0")
            for name, value in self.headers
        )

    def _await(self, timeout_s: float) -> None:
        self._done_waiting()
        self._deadline = self.loop.call_later(timeout_s, self.transport.close)

    def _done_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
