"""A reverse proxy that serves a server below a path and says nothing of it, as many are set up."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

HEAD_MAX_BYTES = 64 * 1024
PIECE_BYTES = 64 * 1024


@asynccontextmanager
async def path_proxy(prefix: str, port: int) -> AsyncIterator[str]:
    """The address of what is served at 127.0.0.1:`port`, below `prefix`."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            await _one_request(reader, writer, prefix, port)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=HEAD_MAX_BYTES)
    async with server:
        yield f"http://localhost:{server.sockets[0].getsockname()[1]}{prefix}"


async def _one_request(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, prefix: str, port: int) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    line, _, headers = head.partition("\r\n")
    method, _, target = line.partition(" ")
    if not target.startswith(f"{prefix}/"):
        writer.write(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        await writer.drain()
        return
    if "\r\nupgrade:" not in head.lower():  # one request a connection, so that only one head is to be changed
        headers = re.sub(r"(?im)^connection: .*\r\n", "", headers).removesuffix("\r\n") + "connection: close\r\n\r\n"
    to_reader, to_writer = await asyncio.open_connection("127.0.0.1", port)
    to_writer.write(f"{method} {target.removeprefix(prefix)}\r\n{headers}".encode("latin-1"))
    pumps = [asyncio.create_task(_pump(reader, to_writer)), asyncio.create_task(_pump(to_reader, writer))]
    try:
        await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for pump in pumps:
            pump.cancel()
        await asyncio.gather(*pumps, return_exceptions=True)
        to_writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(PIECE_BYTES):
        writer.write(piece)
        await writer.drain()
