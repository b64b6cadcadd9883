"""uvicorn inside a process that has its own signals and its own idea of stopping, with bounds for strangers.

uvicorn has none for how long a request may take to arrive, for how long its head may be, or for how many connections
one address may open.
"""

import asyncio
import socket
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_MAX_BYTES = 32 * 1024
"""Request line and headers."""
REQUEST_TIMEOUT_S = 20.0
"""A request has arrived by then, to the last byte of its body, or its connection is closed."""
KEEP_ALIVE_S = 75
UNREAD_TIMEOUT_MS = 30_000
"""After so long without an acknowledgement, or with a window of zero, the kernel drops a connection."""
PING_INTERVAL_S = 20.0
PING_TIMEOUT_S = 20.0
SEND_BUFFER_BYTES = 128 * 1024
"""What the kernel may hold for one reader; the default grows to megabytes, unseen by any bound of the app's own."""
BACKLOG = 2048

App = Callable[..., Awaitable[None]]


class CannotServe(OSError):
    """The address cannot be listened on, or the certificate not be used; the message is a sentence for people."""


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """The service has the signals."""
        yield


class HttpServer:
    """Serves one ASGI app (HTTP, WebSocket) on one TCP port."""

    def __init__(
        self,
        app: App,
        host: str,
        port: int,
        *,
        tls: tuple[Path, Path] | None = None,
        frame_max_bytes: int = 64 * 1024,
        max_per_address: int = 0,
        request_timeout_s: float = REQUEST_TIMEOUT_S,
    ) -> None:
        """Listens from now on; CannotServe if it cannot.

        `tls`: certificate chain and private key, PEM. `frame_max_bytes`: a longer WebSocket message is answered with
        1009. `max_per_address`: connections without a WebSocket that one address may have; 0: any number.
        """
        self._socket = _listen(host, port)
        bounds = _Bounds(request_timeout_s, max_per_address)
        config = uvicorn.Config(
            app,
            interface="asgi3",  # uvicorn takes a bound method for an ASGI 2 class otherwise
            http=_protocol(bounds),
            ws="websockets-sansio",
            ws_max_size=frame_max_bytes,
            ws_ping_interval=PING_INTERVAL_S,
            ws_ping_timeout=PING_TIMEOUT_S,
            ws_per_message_deflate=False,
            lifespan="off",
            log_config=None,
            log_level="error",  # a warning for each malformed request is a stranger's way to fill the disk
            access_log=False,
            server_header=False,
            timeout_keep_alive=KEEP_ALIVE_S,
            ssl_certfile=None if tls is None else tls[0],
            ssl_keyfile=None if tls is None else tls[1],
        )
        try:
            config.load()
        except OSError as error:  # ssl.SSLError is one
            self._socket.close()
            raise CannotServe(f"cannot use the certificate or key of {host}:{port}: {error}") from None
        self._server = _Server(config)
        self._task: asyncio.Task[None] | None = None

    @property
    def port(self) -> int:
        address: tuple[Any, ...] = self._socket.getsockname()
        return int(address[1])

    def start(self, name: str) -> None:
        self._task = asyncio.create_task(self._server.serve(sockets=[self._socket]), name=name)

    async def stop(self, timeout_s: float = 5.0) -> None:
        """Accepts nothing new, lets requests finish until the deadline, closes WebSockets with 1012."""
        task, self._task = self._task, None
        if task is None:
            self._socket.close()
            return
        self._server.config.timeout_graceful_shutdown = max(1, round(timeout_s))
        self._server.should_exit = True
        await asyncio.wait([task], timeout=timeout_s + 1)
        if not task.done():
            task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        self._socket.close()


class _Bounds:
    """What the connections of one server share."""

    def __init__(self, request_timeout_s: float, max_per_address: int) -> None:
        self.request_timeout_s = request_timeout_s
        self._max_per_address = max_per_address
        self._by_address: Counter[str] = Counter()

    def enter(self, address: str) -> bool:
        if self._max_per_address and self._by_address[address] >= self._max_per_address:
            return False
        self._by_address[address] += 1
        return True

    def leave(self, address: str) -> None:
        self._by_address[address] -= 1
        if self._by_address[address] <= 0:
            del self._by_address[address]


class _HeadTooLong(Exception):
    """Raised inside the parser, which makes it a 400."""


def _protocol(bounds: _Bounds) -> type[HttpToolsProtocol]:
    class Bounded(_Bounded):
        def __init__(self, *args: Any, **more: Any) -> None:
            super().__init__(bounds, *args, **more)

    return Bounded


class _Bounded(HttpToolsProtocol):
    def __init__(self, bounds: _Bounds, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._bounds = bounds
        self._counted_as: str | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._requests = 0
        self._in_head = True
        self._head_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        address = self.client[0] if self.client is not None else ""
        if not self._bounds.enter(address):
            transport.abort()
            return
        self._counted_as = address
        self._await_request()

    def connection_lost(self, exc: Exception | None) -> None:
        self._done_waiting()
        self._no_longer_http()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._deadline is None:
            self._await_request()
        requests = self._requests
        super().data_received(data)
        if self._in_head and self._requests == requests and not self.transport.is_closing():
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_MAX_BYTES:
                self.send_400_response("The head of the request is too long.")

    def on_headers_complete(self) -> None:
        self._in_head = False
        if len(self.url) + sum(len(name) + len(value) for name, value in self.headers) > HEAD_MAX_BYTES:
            raise _HeadTooLong
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._done_waiting()
        self._requests += 1
        self._in_head, self._head_bytes = True, 0
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        self._done_waiting()
        self._no_longer_http()
        super().handle_websocket_upgrade()

    def _await_request(self) -> None:
        self._deadline = self.loop.call_later(self._bounds.request_timeout_s, self.transport.close)

    def _done_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _no_longer_http(self) -> None:
        if self._counted_as is not None:
            self._bounds.leave(self._counted_as)
            self._counted_as = None


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Inherited by every accepted connection.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_TIMEOUT_MS)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        listener.bind((host, port))
        listener.listen(BACKLOG)
        listener.setblocking(False)
    except (OSError, OverflowError) as error:
        listener.close()
        reason = getattr(error, "strerror", None) or str(error)
        raise CannotServe(f"cannot listen on {host}:{port}: {reason}") from None
    return listener
