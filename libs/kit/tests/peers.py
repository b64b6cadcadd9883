"""Clients that send what they like, and a server that answers them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from salon_kit.health import Receive, Scope, Send
from salon_kit.http.server import App, HttpServer

WHOLE = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"
OK = b"HTTP/1.1 200 OK"
UPGRADE = (
    b"GET / HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: websocket\r\n"
    b"sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
TEXT, CONTINUATION, BINARY, CLOSE, PING, PONG = 1, 0, 2, 8, 9, 10


def frame(opcode: int, payload: bytes = b"", *, final: bool = True) -> bytes:
    """As a client sends it, with a mask of zeros."""
    size = len(payload)
    if size < 126:
        length = bytes([0x80 | size])
    elif size < 65536:
        length = bytes([0x80 | 126]) + size.to_bytes(2)
    else:
        length = bytes([0x80 | 127]) + size.to_bytes(8)
    return bytes([opcode | 0x80 * final]) + length + bytes(4) + payload


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers at once, whatever of the body has come; echoes one WebSocket message at a time."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": message["text"]})
        return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


@contextlib.asynccontextmanager
async def serving(served: App = app, **bounds: Any) -> AsyncIterator[HttpServer]:
    server = HttpServer(served, "127.0.0.1", 0, **bounds)
    server.start("http under test")
    try:
        yield server
    finally:
        await server.stop(1.0)


class Peer:
    """A client that sends what it likes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self._writer = writer

    @classmethod
    async def of(cls, server: HttpServer, source: str = "127.0.0.1", **more: Any) -> "Peer":
        return cls(*await asyncio.open_connection("127.0.0.1", server.port, local_addr=(source, 0), **more))

    @classmethod
    async def at(cls, host: str, port: int) -> "Peer":
        return cls(*await asyncio.open_connection(host, port))

    @classmethod
    async def upgraded(cls, server: HttpServer, source: str = "127.0.0.1") -> "Peer":
        """Behind the handshake of a WebSocket: the next bytes are frames."""
        peer = await cls.of(server, source)
        await peer.send(UPGRADE)
        async with asyncio.timeout(10.0):
            await peer.reader.readuntil(b"\r\n\r\n")
        return peer

    async def send(self, data: bytes) -> None:
        self._writer.write(data)
        with contextlib.suppress(ConnectionError):
            await self._writer.drain()

    async def answer(self) -> bytes:
        """The first line; empty when the connection was closed."""
        return await self._read(self.reader.readline())

    async def rest(self) -> bytes:
        return await self._read(self.reader.read())

    async def _read(self, reading: Any) -> bytes:
        async with asyncio.timeout(10.0):
            try:
                return bytes(await reading).strip()
            except ConnectionError:
                return b""

    async def close(self) -> None:
        self._writer.close()
        with contextlib.suppress(ConnectionError):
            await self._writer.wait_closed()

    async def frame(self) -> tuple[int, bytes]:
        """The next frame of the server: opcode and payload; (-1, b"") at the end."""
        async with asyncio.timeout(10.0):
            try:
                head = await self.reader.readexactly(2)
                size = head[1] & 0x7F
                if size >= 126:
                    size = int.from_bytes(await self.reader.readexactly(2 if size == 126 else 8))
                return head[0] & 0x0F, await self.reader.readexactly(size)
            except (ConnectionError, asyncio.IncompleteReadError):
                return -1, b""
