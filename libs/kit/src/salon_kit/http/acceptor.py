"""Accepts connections: counts them before anything is read, and gives a TLS handshake only so long."""

import asyncio
import errno
import socket
import ssl
import time
from collections.abc import Callable

from salon_kit.http.connection_limits import ConnectionLimits, Place
from salon_kit.log import get_logger

log = get_logger()

ACCEPTS_PER_TURN = 16
"""Of the event loop: what is open already goes on in between."""
TLS_HANDSHAKE_TIMEOUT_S = 5.0
TLS_SHUTDOWN_TIMEOUT_S = 2.0
PAUSE_S = 0.5
"""After the system had no more sockets to give."""
LOG_INTERVAL_S = 60.0
"""Between two lines of one kind: strangers cause them."""
EXHAUSTED = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}

MakeProtocol = Callable[[Place], asyncio.Protocol]


class Acceptor:
    """Has the `close` and `wait_closed` of an asyncio server."""

    def __init__(
        self,
        listener: socket.socket,
        limits: ConnectionLimits,
        tls: ssl.SSLContext | None,
        handshake_timeout_s: float = TLS_HANDSHAKE_TIMEOUT_S,
    ) -> None:
        """`listener` does not block; who made it closes it."""
        self._listener = listener
        self._limits = limits
        self._tls = tls
        self._handshake_timeout_s = handshake_timeout_s
        self._loop = asyncio.get_running_loop()
        self._make_protocol: MakeProtocol | None = None
        self._pause: asyncio.TimerHandle | None = None
        self._opening: set[asyncio.Task[None]] = set()
        self._refused = _Counted("connections-refused")
        self._exhausted = _Counted("accept-paused")

    def start(self, make_protocol: MakeProtocol) -> None:
        """`make_protocol(place)`: that leaves the place when its connection is lost."""
        self._make_protocol = make_protocol
        self._loop.add_reader(self._listener, self._accept, make_protocol)

    def close(self) -> None:
        self._make_protocol = None
        if self._pause is not None:
            self._pause.cancel()
        self._loop.remove_reader(self._listener)
        for opening in self._opening:
            opening.cancel()

    async def wait_closed(self) -> None:
        await asyncio.gather(*self._opening, return_exceptions=True)

    def _accept(self, make_protocol: MakeProtocol) -> None:
        for _ in range(ACCEPTS_PER_TURN):
            try:
                connection, address = self._listener.accept()
            except (BlockingIOError, InterruptedError):
                return
            except ConnectionAbortedError:
                continue
            except OSError as error:
                if error.errno not in EXHAUSTED:
                    raise
                self._pause_accepting(error)
                return
            place = self._limits.enter(address[0])
            if place is None:
                connection.close()
                self._refused.one_more(address=address[0])
                continue
            connection.setblocking(False)
            opening = self._loop.create_task(self._open(connection, place, make_protocol), name="connection-opening")
            self._opening.add(opening)
            opening.add_done_callback(self._opening.discard)

    async def _open(self, connection: socket.socket, place: Place, make_protocol: MakeProtocol) -> None:
        try:
            # uvloop takes the timeouts only where there is TLS.
            timeouts = (
                {}
                if self._tls is None
                else {
                    "ssl_handshake_timeout": self._handshake_timeout_s,
                    "ssl_shutdown_timeout": TLS_SHUTDOWN_TIMEOUT_S,
                }
            )
            await self._loop.connect_accepted_socket(
                lambda: make_protocol(place), connection, ssl=self._tls, **timeouts
            )
        except OSError:  # no TLS, too late, gone: the peer's matter. ssl.SSLError and TimeoutError are such
            connection.close()
            place.leave()
        except BaseException:
            connection.close()
            place.leave()
            raise

    def _pause_accepting(self, error: OSError) -> None:
        """The listener stays readable: without a pause this would be tried again in every turn of the loop."""
        self._exhausted.one_more(err_code=errno.errorcode[error.errno or 0])
        self._loop.remove_reader(self._listener)
        self._pause = self._loop.call_later(PAUSE_S, self._go_on)

    def _go_on(self) -> None:
        self._pause = None
        if self._make_protocol is not None:
            self.start(self._make_protocol)


class _Counted:
    """A log line of one kind, at most one in a while, with how many there were since the last."""

    def __init__(self, event: str) -> None:
        self._event = event
        self._count = 0
        self._logged_at_s: float | None = None

    def one_more(self, **fields: str) -> None:
        self._count += 1
        now_s = time.monotonic()
        if self._logged_at_s is None or now_s - self._logged_at_s >= LOG_INTERVAL_S:
            self._logged_at_s = now_s
            log.warning(self._event, count=self._count, **fields)
            self._count = 0
