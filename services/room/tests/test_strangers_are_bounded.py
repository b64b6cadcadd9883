"""What somebody without a token can do to an instance: little, and nothing to others."""

import asyncio
import socket as sockets
import struct
from contextlib import suppress

import pytest
from salon_room.signaling.allowances import STRANGER

from .client import eventually
from .conftest import Cloud
from .responders import APP, token

HANDSHAKE = (
    "GET /ws HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: websocket\r\n"
    "sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
RESET_AT_CLOSE = struct.pack("ii", 1, 0)


async def test_one_address_waits_with_only_so_many_sockets(cloud: Cloud) -> None:
    room = await cloud.start_room(max_connections_per_address=3)
    inside = [await cloud.join(room, "r", f"u{number}") for number in range(5)]  # who is in does not count
    waiting = [await cloud.connect(room) for _ in range(3)]
    refused = await cloud.connect(room, hello=False)
    assert await refused.until_closed() == 4429
    assert "loggedIn" in await waiting[0].log_in("r", "one-more")
    await (await cloud.connect(room)).close()
    assert "messageAccepted" in await inside[0].say("still here")


async def test_peers_that_vanish_in_the_handshake_or_a_body_leave_no_traceback(cloud: Cloud) -> None:
    room = await cloud.start_room(demo_app_id=APP)
    head = "host: localhost\r\ncontent-type: application/json\r\ncontent-length: 100"
    cut_off = f"POST /demo/token HTTP/1.1\r\n{head}\r\n\r\n{{"
    for number in range(40):
        _, writer = await asyncio.open_connection("127.0.0.1", room.port)
        writer.write((cut_off if number % 2 else HANDSHAKE).encode())
        writer.get_extra_info("socket").setsockopt(sockets.SOL_SOCKET, sockets.SO_LINGER, RESET_AT_CLOSE)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
    assert "loggedIn" in await (await cloud.connect(room)).log_in("r", "u")
    assert room.troubles() == []


async def test_large_frames_are_read_slowly(cloud: Cloud) -> None:
    room = await cloud.start_room(hello_timeout_s=1.0)
    alice = await cloud.join(room, "r", "alice")
    stranger = await cloud.connect(room)
    with suppress(Exception):
        for _ in range(100):
            await stranger.send_text('{"requestId":7,"login":{"token":"' + "x" * 200_000 + '"}}')
    assert await stranger.until_closed() == 4000
    assert len(stranger.replies) < 5
    # A member may send a large offer or two at once.
    for number in range(4):
        sdp = "v=0\r\nm=audio\r\n" + "a=x\r\n" * 20_000
        assert "answer" in await alice.publish("cam", pc=f"p{number}", sdp=sdp)


@pytest.mark.parametrize(
    "flood",
    [
        b"\x89\x80\0\0\0\0",
        b"\x8a\x80\0\0\0\0",
        b"\x81\x80\0\0\0\0",
        b"\x81\x82\0\0\0\0{}",
        b"\x01\x80\0\0\0\0\x80\x80\0\0\0\0",
    ],
    ids=["pings", "pongs", "empty messages", "tiny messages", "fragments"],
)
async def test_frames_of_every_kind_are_read_slowly(cloud: Cloud, flood: bytes) -> None:
    """The stranger is sent away, and whoever comes meanwhile is served."""
    room = await cloud.start_room(hello_timeout_s=2.0)
    alice = await cloud.join(room, "r", "alice")
    reader, writer = await asyncio.open_connection("127.0.0.1", room.port)
    writer.write(HANDSHAKE.encode())
    await reader.readuntil(b"\r\n\r\n")
    writer.write(flood * 200_000)
    for number in range(5):
        assert "messageAccepted" in await eventually(lambda: alice.say("still here"), "messageAccepted")
        await cloud.join(room, "r", f"u{number}")
    replies = 0
    with suppress(ConnectionError, asyncio.IncompleteReadError):
        async with asyncio.timeout(20.0):
            while True:
                head = await reader.readexactly(2)
                size = int.from_bytes(await reader.readexactly(2)) if head[1] == 126 else head[1]
                await reader.readexactly(size)
                replies += 1
    assert replies <= STRANGER.frames_at_once + STRANGER.frames_per_s * 10
    writer.close()


async def test_what_is_sent_behind_a_log_in_waits_for_it(cloud: Cloud) -> None:
    room = await cloud.start_room()
    client = await cloud.connect(room)
    offer = {"peerConnectionId": "p", "sdp": "v=0\r\nm=audio\r\n" + "a=x\r\n" * 15_000, "tracks": []}
    login = {"appId": APP, "roomId": "r", "userId": "u", "token": token("u")}
    first, logged_in = client.send_later(login=login)
    second, published = client.send_later(
        publish={"streamId": "cam", "offer": {**offer, "tracks": [{"mid": "0", "streamId": "cam"}]}}
    )
    await client.send_text(first)
    await client.send_text(second)
    async with asyncio.timeout(10.0):
        assert "loggedIn" in await logged_in
        assert "answer" in await published


async def test_a_member_sends_four_hundred_frames_at_once(cloud: Cloud) -> None:
    room = await cloud.start_room()
    alice = await cloud.join(room, "r", "alice")
    sent = [alice.send_later(heartbeat={}) for _ in range(390)]
    for text, _ in sent:
        await alice.send_text(text)
    async with asyncio.timeout(20.0):
        assert all([reply == {"done": {}} for reply in [await reply for _, reply in sent]])
