"""One WebSocket: protobuf messages as JSON text frames, requests and their replies."""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Self
from urllib.parse import urlsplit, urlunsplit

from google.protobuf.json_format import MessageToJson, Parse, ParseError
from salon.room.v1.signal_pb2 import ClientMessage, Hello, ServerMessage
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from salon_sdk.errors import TOO_MANY_CONNECTIONS, EngineError, ErrorCode, socket_closed
from salon_sdk.tasks import TaskOwner
from salon_sdk.timing import Timing

# The standard library's logging, not structlog: this runs inside other people's programs, which configure that.
log = logging.getLogger(__name__)

PROTOCOL_VERSION = 1
SDK_NAME = "salon-python"
SDK_VERSION = "0.1.0"

FRAME_MAX_BYTES = 256 * 1024
"""Of the protocol; a server sends none that is longer."""
_INBOUND_MAX = 256
_OVERLOADED_CLOSE_CODES = frozenset({4429, 1013})
"""Too many connections of this service, and "try again later" of whatever stands before it."""


class Socket:
    """One WebSocket: requests, their replies, and everything else in the order it came."""

    def __init__(self, websocket: ClientConnection, tasks: TaskOwner, timing: Timing) -> None:
        self._websocket = websocket
        self._timing = timing
        self._next_request_id = 1
        self._pending: dict[int, asyncio.Future[ServerMessage]] = {}
        self._inbound: asyncio.Queue[ServerMessage | None] = asyncio.Queue(_INBOUND_MAX)
        self._closed = False
        self._reader = tasks.spawn(self._read(), name="socket-reader")

    @classmethod
    async def open(
        cls, url: str, tasks: TaskOwner, timing: Timing, ssl_context: ssl.SSLContext | None, open_timeout_s: float
    ) -> Self:
        """Raises EngineError, retryable, if nobody is there."""
        try:
            websocket = await connect(
                url,
                ssl=ssl_context if url.startswith("wss:") else None,
                open_timeout=open_timeout_s,
                close_timeout=1,
                compression=None,
                max_size=FRAME_MAX_BYTES,
            )
        except (OSError, InvalidHandshake, ConnectionClosed) as error:
            problem = f"The room service cannot be reached: {type(error).__name__}."
            reason = TOO_MANY_CONNECTIONS if _says_later(error) else ""
            raise EngineError.because(ErrorCode.NETWORK_BROKEN, problem, reason=reason, retryable=True) from error
        return cls(websocket, tasks, timing)

    async def begin(self, message: ClientMessage) -> asyncio.Future[ServerMessage]:
        """Sends a request; the future is its reply."""
        if self._closed:
            raise self._closed_error()
        message.request_id = self._next_request_id
        self._next_request_id += 1
        reply: asyncio.Future[ServerMessage] = asyncio.get_running_loop().create_future()
        self._pending[message.request_id] = reply
        try:
            await self.send(message)
        except EngineError:
            self._pending.pop(message.request_id, None)
            raise
        return reply

    async def request(self, message: ClientMessage, timeout: float | None = None) -> ServerMessage:
        """Raises EngineError for a refusal, a lost socket or no reply in time."""
        return await self.finish(await self.begin(message), timeout)

    async def finish(self, reply: asyncio.Future[ServerMessage], timeout: float | None = None) -> ServerMessage:
        try:
            async with asyncio.timeout(timeout or self._timing.request_timeout_s):
                message = await reply
        except TimeoutError:
            problem = "The room service did not reply in time."
            raise EngineError.because(ErrorCode.REQUEST_TIMEOUT, problem, retryable=True) from None
        if message.reply.WhichOneof("result") == "failed":
            raise EngineError.from_failed(message.reply.failed)
        return message

    async def send(self, message: ClientMessage) -> None:
        try:
            await self._websocket.send(MessageToJson(message, indent=None))
        except ConnectionClosed:
            raise self._closed_error() from None

    async def messages(self) -> AsyncIterator[ServerMessage]:
        """Everything but replies; ends with the socket."""
        while (message := await self._inbound.get()) is not None:
            yield message

    async def page(self) -> ServerMessage:
        """The next of what follows a LoggedIn. Raises EngineError if something else comes, such as the end."""
        try:
            async with asyncio.timeout(self._timing.request_timeout_s):
                message = await self._inbound.get()
        except TimeoutError:
            problem = "The room service did not say in time who and what is in the room."
            raise EngineError.because(ErrorCode.REQUEST_TIMEOUT, problem, retryable=True) from None
        if message is None or message.WhichOneof("body") not in ("users_changed", "streams_changed"):
            raise self._closed_error()
        return message

    async def close(self) -> None:
        await self._websocket.close()
        self._reader.cancel()
        await asyncio.gather(self._reader, return_exceptions=True)

    def _closed_error(self) -> EngineError:
        overloaded = self._websocket.close_code in _OVERLOADED_CLOSE_CODES
        return socket_closed(TOO_MANY_CONNECTIONS if overloaded else "")

    async def _read(self) -> None:
        try:
            async for frame in self._websocket:
                await self._take(frame)
        except ConnectionClosed as closed:
            log.debug("socket-closed", extra={"close_code": closed.rcvd.code if closed.rcvd else None})
        finally:
            self._closed = True
            for reply in self._pending.values():
                if not reply.done():
                    reply.set_exception(self._closed_error())
                    reply.exception()  # nobody has to wait for it
            self._pending.clear()
            if self._inbound.full():  # the end must be heard; what is lost now, a resume brings back
                self._inbound.get_nowait()
            self._inbound.put_nowait(None)

    async def _take(self, frame: str | bytes) -> None:
        try:
            message = Parse(frame, ServerMessage(), ignore_unknown_fields=True)
        except ParseError:
            log.warning("frame-unreadable", extra={"size_bytes": len(frame)})
            return
        if message.WhichOneof("body") != "reply":
            await self._inbound.put(message)
            return
        reply = self._pending.pop(message.reply.request_id, None)
        if reply is not None and not reply.done():
            reply.set_result(message)


def _says_later(error: Exception) -> bool:
    """A handshake that was answered with 429, or with 503 and when to come back; a mere 503 is a proxy without us."""
    if not isinstance(error, InvalidStatus):
        return False
    status = error.response.status_code
    return status == HTTPStatus.TOO_MANY_REQUESTS or (
        status == HTTPStatus.SERVICE_UNAVAILABLE and "Retry-After" in error.response.headers
    )


def socket_url(server: str) -> str:
    """The WebSocket's address: `http` becomes `ws`, no path becomes `/ws`. Raises EngineError."""
    parts = urlsplit(server)
    scheme = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}.get(parts.scheme)
    if scheme is None or not parts.netloc:
        raise EngineError.because(ErrorCode.PARAMETER, f"{server!r} is not the address of a server.")
    return urlunsplit((scheme, parts.netloc, parts.path if parts.path not in ("", "/") else "/ws", parts.query, ""))


def hello() -> ClientMessage:
    return ClientMessage(hello=Hello(protocol_versions=[PROTOCOL_VERSION], sdk_name=SDK_NAME, sdk_version=SDK_VERSION))
