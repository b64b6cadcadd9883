"""What HttpServer does about peers that are slow, large or many."""

import asyncio
import contextlib
from pathlib import Path

import pytest
from salon_kit.http.protocol import HEAD_MAX_BYTES
from salon_kit.http.server import CannotServe, HttpServer
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from .peers import OK, WHOLE, Peer, app, serving


@pytest.mark.parametrize(
    "begun",
    [
        b"",
        b"GET / HT",
        b"GET / HTTP/1.1\r\nx: y\r\n",
        b"\r\n",
        b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nxx",
    ],
    ids=["silence", "request line", "headers", "empty lines", "body"],
)
@pytest.mark.parametrize("before", [b"", WHOLE], ids=["first", "second"])
async def test_a_request_that_does_not_arrive_is_given_up(begun: bytes, before: bytes) -> None:
    if before and not begun:
        return  # an idle connection, which may be kept for the next request
    async with serving(request_timeout_s=0.2) as server:
        peer = await Peer.of(server)
        if before:
            await peer.send(before)
            assert await peer.answer() == OK
        await peer.send(begun)
        await peer.rest()  # returns when it is closed
        await peer.close()


async def test_a_quick_peer_is_not_cut_off() -> None:
    async with serving(request_timeout_s=0.3) as server:
        peer = await Peer.of(server)
        for _ in range(3):
            await peer.send(WHOLE)
            assert await peer.answer() == OK
            async with asyncio.timeout(10.0):
                while (await peer.answer()) != b"":
                    pass
        url = f"ws://127.0.0.1:{server.port}/"
        async with connect(url) as socket:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.6):
                    await socket.recv()
            await socket.send("still here")
            assert await socket.recv() == "still here"
        await peer.close()


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\nx: " + b"y" * (HEAD_MAX_BYTES + 1) + b"\r\n\r\n",
        b"GET /?" + b"y" * (HEAD_MAX_BYTES + 1) + b" HTTP/1.1\r\nhost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"x: y\r\n" * HEAD_MAX_BYTES,
        b"GET / HTTP/1.1\r\nx: " + b"y" * 4 * HEAD_MAX_BYTES,
    ],
    ids=["one header", "query", "headers without end", "header without end"],
)
async def test_a_head_is_bounded(head: bytes) -> None:
    async with serving() as server:
        peer = await Peer.of(server)
        await peer.send(head)
        assert await peer.answer() in (b"HTTP/1.1 400 Bad Request", b"")  # b"": reset, as more was sent than read
        await peer.close()
        other = await Peer.of(server)
        await other.send(WHOLE)
        assert await other.answer() == OK
        await other.close()


async def test_one_address_has_only_so_many_connections() -> None:
    async with serving(max_per_address=3) as server:
        peers = [await Peer.of(server) for _ in range(3)]
        for peer in peers:
            await peer.send(WHOLE)
            assert await peer.answer() == OK
        one_more = await Peer.of(server)
        assert await one_more.rest() == b""
        await one_more.close()
        await peers.pop().close()
        async with asyncio.timeout(10.0):
            while True:
                peer = await Peer.of(server)
                await peer.send(WHOLE)
                if await peer.answer() == OK:
                    break
                await peer.close()
        await peers.pop().close()
        await peer.close()
        # A WebSocket does not count: the app has its own idea of how many are too many.
        url = f"ws://127.0.0.1:{server.port}/"
        async with contextlib.AsyncExitStack() as sockets:
            for _ in range(6):
                socket = await sockets.enter_async_context(connect(url))
                await socket.send("here")
                assert await socket.recv() == "here"
        for peer in peers:
            await peer.close()


async def test_a_message_is_bounded() -> None:
    async with serving(frame_max_bytes=1000) as server, connect(f"ws://127.0.0.1:{server.port}/") as socket:
        await socket.send("x" * 1001)
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1009


async def test_what_cannot_be_served_is_said_in_a_sentence(tmp_path: Path) -> None:
    async with serving() as server:
        with pytest.raises(CannotServe, match=f"cannot listen on 127.0.0.1:{server.port}: "):
            HttpServer(app, "127.0.0.1", server.port)
    no_pem = tmp_path / "cert.pem"
    for content in (None, "not a certificate"):
        if content is not None:
            no_pem.write_text(content)
        with pytest.raises(CannotServe, match="cannot use the certificate"):
            HttpServer(app, "127.0.0.1", 0, tls=(no_pem, no_pem))
