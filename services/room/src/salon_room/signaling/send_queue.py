"""The bounded queue in front of one reader, and the close codes."""

import asyncio
from collections import deque
from enum import IntEnum

from salon_kit.http.websocket import writing_of
from starlette.websockets import WebSocket, WebSocketDisconnect

CLOSE_TIMEOUT_S = 2.0
"""How long the close frame may take behind what is in the socket already."""


class CloseCode(IntEnum):
    """Why the server closes. What the client does then: docs/protocol.md."""

    NORMAL = 1000
    """After the reply to Logout."""
    GOING_AWAY = 1001
    """This instance stops: resume."""
    NOT_TEXT = 1003
    """A binary frame."""
    LOGIN_TIMEOUT = 4000
    """Not logged in within the time for it."""
    HEARTBEAT_TIMEOUT = 4001
    """Nothing heard for the presence's time to live."""
    LOGGED_OUT = 4002
    """The log-in is over."""
    RESUMED_ELSEWHERE = 4003
    """The log-in goes on on another connection."""
    TOO_SLOW = 4008
    """The queue was full: resume."""
    MALFORMED = 4400
    """Too many frames that could not be read."""
    TOO_MANY_CONNECTIONS = 4429
    INTERNAL = 4500
    """A bug on the server's side: resume, else log in again."""

    @property
    def reason(self) -> str:
        """What the close frame says."""
        return self.name.lower().replace("_", "-")


class SendQueue:
    def __init__(self, socket: WebSocket, max_frames: int, max_bytes: int) -> None:
        self._socket = socket
        self._writing = writing_of(socket.scope)
        self._is_sending = False
        """The sender has one that is neither in the queue nor on its way yet."""
        self._max_frames = max_frames
        self._max_bytes = max_bytes
        self._frames: deque[str] = deque()
        self._bytes = 0
        """Counted in characters: frames are nearly all ASCII, and encoding each for every reader is not free."""
        self._changed = asyncio.Event()
        self._drained = asyncio.Event()
        self.close_code: CloseCode | None = None

    def put(self, frame: str) -> bool:
        """False: no room; nothing was queued."""
        if self.close_code is not None:
            return True
        if not self._frames and not self._is_sending and self._writing.write_now(frame):
            return True
        is_full = self._bytes + len(frame) > self._max_bytes and bool(self._frames)  # one frame always fits
        if len(self._frames) >= self._max_frames or is_full:
            return False
        self._frames.append(frame)
        self._bytes += len(frame)
        self._changed.set()
        return True

    async def room(self) -> bool:
        """Waits until the reader has caught up half-way; False if the queue was closed. For what is not told live."""
        while self.close_code is None and self._is_half_full():
            self._drained.clear()
            await self._drained.wait()
        return self.close_code is None

    def _is_half_full(self) -> bool:
        return len(self._frames) * 2 >= self._max_frames or self._bytes * 2 >= self._max_bytes

    def close(self, code: CloseCode, *, discard: bool = False) -> None:
        """Nothing more is taken; what waits is sent before the close frame, or discarded. The first code wins."""
        if self.close_code is not None:
            return
        if discard:
            self._frames.clear()
            self._bytes = 0
        self.close_code = code
        self._changed.set()
        self._drained.set()

    async def run(self) -> None:
        """Sends until the queue is closed or the peer is gone."""
        try:
            while True:
                await self._changed.wait()
                self._changed.clear()
                if self.close_code is None:
                    await self._send_all()
                if self.close_code is not None:
                    await self._finish(self.close_code)
                    return
        except (WebSocketDisconnect, RuntimeError, OSError):
            return  # gone; the reader notices as well

    async def _send_all(self) -> None:
        while self._frames:
            frame = self._frames.popleft()
            self._bytes -= len(frame)
            self._is_sending = True
            await self._socket.send_text(frame)
            self._is_sending = False
            self._drained.set()

    async def _finish(self, code: CloseCode) -> None:
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await self._send_all()
                await self._socket.close(code, code.reason)
        except TimeoutError:
            return  # does not read at all: the socket is dropped with what is in it
