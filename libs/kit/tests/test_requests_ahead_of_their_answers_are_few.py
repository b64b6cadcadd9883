"""HTTP requests that are sent faster than they are answered: a few wait, many end the connection, others go on."""

import asyncio
import contextlib
import resource

import pytest
from salon_kit.health import Receive, Scope, Send
from salon_kit.http.protocol import PIPELINED_MAX

from .peers import OK, WHOLE, Peer, app, serving

CHUNKED = b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"
LONG = b"GET /" + b"y" * 4000 + b" HTTP/1.1\r\nhost: x\r\n\r\n"
FLOOD_BYTES = 8 * 1024 * 1024
GROWN_MAX_BYTES = 24 * 1024 * 1024


@pytest.mark.parametrize("request_bytes", [WHOLE, CHUNKED, LONG], ids=["short", "chunked", "long"])
async def test_a_few_requests_ahead_are_answered_in_their_order(request_bytes: bytes) -> None:
    async with serving() as server:
        peer = await Peer.of(server)
        await peer.send(request_bytes * (PIPELINED_MAX + 1))
        for _ in range(PIPELINED_MAX + 1):
            assert await peer.answer() == OK
            while await peer.answer():
                pass
        await peer.close()


@pytest.mark.parametrize("request_bytes", [WHOLE, CHUNKED, LONG], ids=["short", "chunked", "long"])
async def test_a_flood_of_them_ends_the_connection_and_fills_no_memory(request_bytes: bytes) -> None:
    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(0.01)
        await app(scope, receive, send)

    async with serving(slow) as server:
        bystander = await Peer.of(server, "127.0.0.2")
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        peer = await Peer.of(server)
        flood = asyncio.create_task(peer.send(request_bytes * (FLOOD_BYTES // len(request_bytes))))
        for _ in range(20):
            await bystander.send(WHOLE)
            assert await bystander.answer() == OK
            while await bystander.answer():
                pass
        # The flood itself is as long as what is sent; what the server makes of it is not.
        with contextlib.suppress(ConnectionError):
            await flood
        await peer.rest()  # returns when it is closed
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before
        assert grown < GROWN_MAX_BYTES + FLOOD_BYTES
        await bystander.close()
        await peer.close()


async def test_requests_of_many_connections_take_turns() -> None:
    """Of forty that come at once only a few are begun in one turn of the event loop."""
    begun_by_turn: list[int] = []
    turns = 0

    async def counted(scope: Scope, receive: Receive, send: Send) -> None:
        begun_by_turn.append(turns)
        await app(scope, receive, send)

    async with serving(counted) as server:
        peers = [await Peer.of(server) for _ in range(40)]
        loop = asyncio.get_running_loop()

        def turn() -> None:
            nonlocal turns
            turns += 1
            if len(begun_by_turn) < 40:
                loop.call_soon(turn)

        loop.call_soon(turn)
        for peer in peers:
            peer._writer.write(WHOLE)
        for peer in peers:
            assert await peer.answer() == OK
            await peer.close()
    assert max(begun_by_turn.count(number) for number in set(begun_by_turn)) <= 8
