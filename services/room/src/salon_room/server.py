"""uvicorn as this service needs it: bounded frames, TLS, a listening socket that gives up on peers who do not read."""

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import uvicorn

from salon_room.config import RoomSettings
from salon_room.frames import FRAME_MAX_BYTES

UNREAD_TIMEOUT_MS = 30_000
"""After so long without an acknowledgement, or with a window of zero, the kernel drops a connection."""
PING_INTERVAL_S = 20.0
PING_TIMEOUT_S = 20.0
SEND_BUFFER_BYTES = 128 * 1024
"""What the kernel may hold for one reader; the default grows to megabytes, unseen by the session's own bound."""
BACKLOG = 2048

App = Callable[..., Awaitable[None]]


class _Server(uvicorn.Server):
    """Signals are the process's business, not the web server's."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class HttpServer:
    """`listen`, then `run` as a task; `stop` closes the socket and lets `run` return."""

    def __init__(self, app: App, settings: RoomSettings) -> None:
        self._settings = settings
        config = uvicorn.Config(
            app,
            ws="websockets-sansio",
            ws_max_size=FRAME_MAX_BYTES,
            ws_ping_interval=PING_INTERVAL_S,
            ws_ping_timeout=PING_TIMEOUT_S,
            ws_per_message_deflate=False,
            http="httptools",
            lifespan="off",
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=5,
            ssl_certfile=settings.tls_cert,
            ssl_keyfile=settings.tls_key,
        )
        self._server = _Server(config)
        self._socket: socket.socket | None = None
        self._stopped = asyncio.Event()

    async def listen(self) -> int:
        """The real port. Raises OSError if it is taken."""
        family = socket.AF_INET6 if ":" in self._settings.host else socket.AF_INET
        listening = socket.socket(family, socket.SOCK_STREAM)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            # Inherited by every accepted connection.
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_TIMEOUT_MS)
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
            listening.bind((self._settings.host, self._settings.port))
            listening.listen(BACKLOG)
            listening.setblocking(False)
        except OSError:
            listening.close()
            raise
        self._socket = listening
        address: Any = listening.getsockname()
        return int(address[1])

    async def run(self) -> None:
        if self._socket is None:
            raise RuntimeError("listen first")
        try:
            await self._server.serve(sockets=[self._socket])
        finally:
            self._stopped.set()

    async def stop(self) -> None:
        """Lets requests in flight finish; returns when `run` has."""
        self._server.should_exit = True
        await self._stopped.wait()
