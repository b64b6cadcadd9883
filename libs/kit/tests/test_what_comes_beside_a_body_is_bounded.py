"""Trailers, chunk extensions and tiny chunks: what a request may consist of beside its head and its body."""

import asyncio

import pytest
from salon_kit.health import Receive, Scope, Send
from salon_kit.http.protocol import HEAD_MAX_BYTES, HEADERS_MAX, UNWANTED_MAX_BYTES

from .peers import OK, WHOLE, Peer, serving

MEGABYTE = 1024 * 1024
HEAD = b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
REFUSED = (b"HTTP/1.1 400 Bad Request", b"")
"""b"": reset, as more was sent than read."""


class Takes:
    """An app that reads the whole body and then says how long it was."""

    def __init__(self) -> None:
        self.headers: list[tuple[bytes, bytes]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        size = 0
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return
            size += len(message["body"])
            if not message["more_body"]:
                break
        self.headers = scope["headers"]
        body = str(size).encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
        await send({"type": "http.response.body", "body": body})


@pytest.mark.parametrize(
    "beside",
    [
        b"1\r\nx\r\n0\r\n" + b"x: y\r\n" * (MEGABYTE // 6) + b"\r\n",
        b"1\r\nx\r\n0\r\nx: " + b"y" * MEGABYTE + b"\r\n\r\n",
        b"1;" + b"x" * MEGABYTE + b"\r\nx\r\n0\r\n\r\n",
        (b"1;" + b"x" * 1000 + b"\r\nx\r\n") * 1000 + b"0\r\n\r\n",
        b"1\r\nx\r\n" * 10_000 + b"0\r\n\r\n",
        b"0" * MEGABYTE + b"1\r\nx\r\n0\r\n\r\n",
        b"1\r\nx\r\n0\r\n" + b"x: y\r\n" * (HEADERS_MAX + 1) + b"\r\n",
    ],
    ids=["trailers", "trailer", "extension", "extensions", "tiny chunks", "digits of a size", "many trailers"],
)
async def test_more_beside_the_body_than_anybody_sends_is_refused(beside: bytes) -> None:
    async with serving(Takes()) as server:
        peer = await Peer.of(server)
        sending = asyncio.create_task(peer.send(HEAD + beside))
        assert await peer.answer() in REFUSED
        await sending
        await peer.close()
        other = await Peer.of(server)
        await other.send(WHOLE)
        assert await other.answer() == OK
        await other.close()


@pytest.mark.parametrize(
    ("body", "size"),
    [
        (b"1\r\nx\r\n" * 1000 + b"0\r\n\r\n", 1000),
        (b"80\r\n" + b"x" * 128 + b"\r\n", 128),
        (b"1000\r\n" + b"x" * 4096 + b"\r\n" * 1, 4096),
        (b"20000\r\n" + b"x" * 0x20000 + b"\r\n", 0x20000),
    ],
    ids=["tiny chunks", "one chunk", "a larger one", "an offer of the longest kind"],
)
async def test_what_encoders_send_is_taken(body: bytes, size: int) -> None:
    app = Takes()
    async with serving(app) as server:
        peer = await Peer.of(server)
        for _ in range(2):
            ending = b"" if body.endswith(b"0\r\n\r\n") else b"0;last=1\r\nauthorization: forged\r\n\r\n"
            await peer.send(HEAD + body + ending)
            assert await peer.answer() == OK
            async with asyncio.timeout(10.0):
                await peer.reader.readuntil(b"\r\n\r\n")
                assert int(await peer.reader.readexactly(len(str(size)))) == size
            assert (b"authorization", b"forged") not in app.headers
        await peer.close()


async def test_a_head_has_only_so_many_headers() -> None:
    async with serving() as server:
        for count, answers in ((HEADERS_MAX - 1, (OK,)), (HEADERS_MAX + 1, REFUSED)):
            peer = await Peer.of(server)
            await peer.send(b"GET / HTTP/1.1\r\nhost: x\r\n" + b"a:b\r\n" * count + b"\r\n")
            assert await peer.answer() in answers
            await peer.close()
        assert HEADERS_MAX * 5 < HEAD_MAX_BYTES


async def test_a_body_that_nobody_wants_is_not_read_for_long() -> None:
    async with serving() as server:  # answers before the body has come
        peer = await Peer.of(server)
        size = 64 * MEGABYTE
        await peer.send(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n" % size)
        assert await peer.answer() == OK
        sending = asyncio.create_task(peer.send(bytes(size)))
        await peer.rest()  # returns when it is closed
        await sending
        await peer.close()
        assert size > 100 * UNWANTED_MAX_BYTES
