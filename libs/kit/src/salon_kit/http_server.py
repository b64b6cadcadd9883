"""uvicorn inside a process that has its own signals and its own idea of stopping."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn


class PortTaken(OSError):
    """The address cannot be listened on; the message is a sentence for people."""


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """The service has the signals."""
        yield


class HttpServer:
    """Serves one ASGI app on one TCP port."""

    def __init__(self, app: Callable[..., Awaitable[None]], host: str, port: int) -> None:
        """Listens from now on; PortTaken if it cannot."""
        self._socket = _listen(host, port)
        config = uvicorn.Config(
            app,
            interface="asgi3",  # uvicorn takes a bound method for an ASGI 2 class otherwise
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            timeout_keep_alive=75,
            ws_max_size=1024 * 1024,
            ws_ping_interval=None,
        )
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


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(2048)
        listener.setblocking(False)
    except (OSError, OverflowError) as error:
        listener.close()
        reason = getattr(error, "strerror", None) or str(error)
        raise PortTaken(f"cannot listen on {host}:{port}: {reason}") from None
    return listener
