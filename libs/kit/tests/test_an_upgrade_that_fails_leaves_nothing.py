"""A request to become a WebSocket that cannot be granted is answered, closed, and counts for its address till then."""

import pytest

from .peers import OK, UPGRADE, WHOLE, Peer, serving

KEY = b"sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
BAD = {
    "a body": UPGRADE.replace(KEY, KEY + b"content-length: 1\r\n") + b"x",
    "a body that never comes": UPGRADE.replace(KEY, KEY + b"content-length: 1\r\n"),
    "chunks": UPGRADE.replace(KEY, KEY + b"transfer-encoding: chunked\r\n"),
    "a header of 9000 bytes": UPGRADE.replace(KEY, KEY + b"x: " + b"y" * 9000 + b"\r\n"),
    "many long headers": UPGRADE.replace(KEY, KEY + b"".join(b"x%d: " % n + b"y" * 8300 + b"\r\n" for n in range(3))),
    "no key": UPGRADE.replace(KEY, b""),
    "a key that is none": UPGRADE.replace(b"dGhlIHNhbXBsZSBub25jZQ==", b"short"),
    "an old version": UPGRADE.replace(b"version: 13", b"version: 8"),
    "a POST": UPGRADE.replace(b"GET", b"POST"),
}


@pytest.mark.parametrize("request_bytes", BAD.values(), ids=BAD.keys())
async def test_it_is_answered_and_closed(request_bytes: bytes) -> None:
    async with serving() as server:
        peer = await Peer.of(server)
        await peer.send(request_bytes)
        assert (await peer.answer()).startswith(b"HTTP/1.1 4")
        await peer.rest()  # returns when it is closed
        await peer.close()


@pytest.mark.parametrize("request_bytes", BAD.values(), ids=BAD.keys())
async def test_it_takes_nobodys_place(request_bytes: bytes) -> None:
    async with serving(max_per_address=3) as server:
        for _ in range(12):
            peer = await Peer.of(server)
            await peer.send(request_bytes)
            await peer.rest()
            await peer.close()

        async def is_served() -> bool:
            peer = await Peer.of(server)
            await peer.send(WHOLE)
            answered = await peer.answer() == OK
            await peer.close()
            return answered

        served = [await is_served() for _ in range(3)]
        assert any(served)


async def test_one_that_is_granted_counts_no_more() -> None:
    async with serving(max_per_address=2) as server:
        sockets = [await Peer.upgraded(server) for _ in range(5)]
        plain = await Peer.of(server)
        await plain.send(WHOLE)
        assert await plain.answer() == OK
        for peer in (*sockets, plain):
            await peer.close()
