"""uvicorn inside a process that has its own signals and its own idea of stopping, with bounds for strangers.

uvicorn has none for how many connections one address may open, for how long a handshake or a request may take to arrive
(Acceptor, BoundedHttp), or for how much is read from a WebSocket at once (MeteredWebSocket).
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import uvicorn

from salon_kit.http.acceptor import TLS_HANDSHAKE_TIMEOUT_S, Acceptor
from salon_kit.http.bind_address import socket_for
from salon_kit.http.bounded_lines import bound_lines
from salon_kit.http.connection_limits import ConnectionLimits, Place
from salon_kit.http.frame_meter import UNLIMITED, Allowance
from salon_kit.http.protocol import HEAD_TIMEOUT_S, REQUEST_TIMEOUT_S, BoundedHttp, HttpBounds
from salon_kit.http.trusted_proxies import NONE, ForwardedClients, TrustedProxies

KEEP_ALIVE_S = 75
UNREAD_TIMEOUT_MS = 30_000
"""After so long without an acknowledgement, or with a window of zero, the kernel drops a connection."""
PING_INTERVAL_S = 20.0
PING_TIMEOUT_S = 20.0
SEND_BUFFER_BYTES = 128 * 1024
"""What the kernel may hold for one reader; the default grows to megabytes, unseen by any bound of the app's own."""
RECEIVE_BUFFER_BYTES = 64 * 1024
"""What the kernel may hold of one sender, and so the most that is read from it at once."""
BACKLOG = 2048

App = Callable[..., Awaitable[None]]


class CannotServe(OSError):
    """The address cannot be listened on, or the certificate not be used; the message is a sentence for people."""


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, bounds: HttpBounds, make_acceptor: Callable[[], Acceptor]) -> None:
        super().__init__(config)
        self._bounds = bounds
        self._make_acceptor = make_acceptor

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """The service has the signals."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await self.lifespan.startup()
        acceptor = self._make_acceptor()
        acceptor.start(self._new_connection)
        self.servers = [cast(asyncio.Server, acceptor)]  # uvicorn closes it and waits until it is
        self.started = True

    def _new_connection(self, place: Place) -> BoundedHttp:
        return BoundedHttp(
            self._bounds, place, config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )


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
        max_connections: int = 0,
        proxies: TrustedProxies = NONE,
        strangers: Allowance = UNLIMITED,
        handshake_timeout_s: float = TLS_HANDSHAKE_TIMEOUT_S,
        head_timeout_s: float = HEAD_TIMEOUT_S,
        request_timeout_s: float = REQUEST_TIMEOUT_S,
    ) -> None:
        """Listens from now on; CannotServe if it cannot.

        `tls`: certificate chain and private key, PEM. `frame_max_bytes`: a longer WebSocket message is answered with
        1009. `max_per_address`: connections without a WebSocket that one address may have; 0: any number.
        `max_connections`: of all kinds together; 0: any number. `proxies`: whose word is taken for where a request
        comes from. `strangers`: what a WebSocket may send until the app allows it more (`reading_of`).
        """
        self._socket = _listen(host, port)
        bound_lines()
        limits = ConnectionLimits(max_per_address, max_connections, proxies)
        config = uvicorn.Config(
            ForwardedClients(app, proxies),
            interface="asgi3",  # uvicorn takes a bound method for an ASGI 2 class otherwise
            http="httptools",
            ws="websockets-sansio",
            proxy_headers=False,  # else it believes everybody at 127.0.0.1
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
        bounds = HttpBounds(strangers, min(head_timeout_s, request_timeout_s), request_timeout_s)
        self._server = _Server(config, bounds, lambda: Acceptor(self._socket, limits, config.ssl, handshake_timeout_s))
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


def _listen(host: str, port: int) -> socket.socket:
    try:
        listener, address = socket_for(host, socket.SOCK_STREAM)
    except OSError as error:
        raise CannotServe(f"cannot listen on {host}:{port}: {error.strerror}") from None
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Inherited by every accepted connection.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_TIMEOUT_MS)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        listener.bind((address, port))
        listener.listen(BACKLOG)
        listener.setblocking(False)
    except (OSError, OverflowError) as error:
        listener.close()
        reason = getattr(error, "strerror", None) or str(error)
        raise CannotServe(f"cannot listen on {host}:{port}: {reason}") from None
    return listener
