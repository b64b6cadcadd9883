"""WebSocket and HTTP without a library's good manners: frames as one likes, from an address of one's choice."""

import asyncio
import base64
import json
import os
import struct
from typing import Any

OPCODE_CONTINUATION, OPCODE_TEXT, OPCODE_PING = 0x0, 0x1, 0x9
ANSWER_S = 20.0


def frame(opcode: int, payload: bytes, *, final: bool = True) -> bytes:
    """A client's frame, masked with zeros (which leave the payload as it is)."""
    head = bytes([opcode | (0x80 if final else 0)])
    if len(payload) < 126:
        head += bytes([0x80 | len(payload)])
    elif len(payload) < 65536:
        head += b"\xfe" + struct.pack(">H", len(payload))
    else:
        head += b"\xff" + struct.pack(">Q", len(payload))
    return head + b"\0\0\0\0" + payload


class RawSocket:
    """A WebSocket after its handshake; what comes is read all the time, replies can be waited for."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._replies: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._next = 0
        self.user = ""
        self.is_closed = False
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def open(cls, host: str, port: int, address: str) -> "RawSocket":
        """Raises OSError, EOFError (refused) or TimeoutError."""
        async with asyncio.timeout(ANSWER_S):
            reader, writer = await asyncio.open_connection(host, port, local_addr=(address, 0), limit=1 << 24)
            key = base64.b64encode(os.urandom(16)).decode()
            writer.write(
                f"GET /ws HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
            )
            head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 101"):
            writer.transport.abort()
            raise EOFError
        return cls(reader, writer)

    async def send(self, data: bytes, *, patience_s: float = 5.0) -> bool:
        """False: it does not read on within that time, or is closed."""
        if self.is_closed or not data:
            return False
        try:
            self._writer.write(data)
            async with asyncio.timeout(patience_s):
                await self._writer.drain()
        except TimeoutError:
            return False
        except (OSError, RuntimeError):  # uvloop's, for a socket that was closed meanwhile
            self.is_closed = True
            return False
        return True

    async def log_in(self, config: dict[str, Any]) -> None:
        self.user, token = config["people"].pop()
        await self.ask({"hello": {"protocolVersions": [1], "sdkName": "bench", "sdkVersion": "1"}})
        login = {"appId": config["app_id"], "roomId": config["room"], "token": token, "userId": self.user}
        reply = await self.ask({"login": login})
        if "failed" in reply:
            raise OSError(reply["failed"]["reason"])

    async def ask(self, body: dict[str, Any]) -> dict[str, Any]:
        """The reply. Raises TimeoutError, or EOFError when the connection is closed."""
        self._next += 1
        reply: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._replies[self._next] = reply
        await self.send(frame(OPCODE_TEXT, json.dumps({"requestId": self._next, **body}).encode()))
        async with asyncio.timeout(ANSWER_S):
            return await reply

    def abort(self) -> None:
        self._reading.cancel()
        self._writer.transport.abort()

    async def _read(self) -> None:
        try:
            while True:
                opcode, payload = await self._frame()
                if opcode == OPCODE_TEXT:
                    reply = json.loads(payload).get("reply", {})
                    future = self._replies.pop(reply.get("requestId", 0), None)
                    if future is not None and not future.done():
                        future.set_result(reply)
        except (OSError, EOFError):
            self.is_closed = True
            for future in self._replies.values():
                if not future.done():
                    future.set_exception(EOFError())

    async def _frame(self) -> tuple[int, bytes]:
        first, second = await self._reader.readexactly(2)
        length = second & 0x7F
        if length == 126:
            (length,) = struct.unpack(">H", await self._reader.readexactly(2))
        elif length == 127:
            (length,) = struct.unpack(">Q", await self._reader.readexactly(8))
        return first & 0x0F, await self._reader.readexactly(length)


class Http:
    """One request a connection."""

    def __init__(self, host: str, port: int, address: str) -> None:
        self._host, self._port, self._address = host, port, address

    async def post(self, path: str, headers: dict[str, str], body: bytes) -> int:
        """The status. Raises OSError, EOFError, ValueError or TimeoutError."""
        async with asyncio.timeout(ANSWER_S):
            reader, writer = await asyncio.open_connection(
                self._host, self._port, local_addr=(self._address, 0), limit=1 << 24
            )
            lines = [f"POST {path} HTTP/1.1", f"Host: {self._host}:{self._port}", "Connection: close"]
            lines += [f"{name}: {value}" for name, value in headers.items()]
            lines += [f"Content-Length: {len(body)}", "", ""]
            writer.write("\r\n".join(lines).encode() + body)
            try:
                status_line = await reader.readline()
                return int(status_line.split(b" ")[1])
            except IndexError:
                raise EOFError from None
            finally:
                writer.transport.abort()
