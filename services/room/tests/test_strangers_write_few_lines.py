"""Whatever strangers send, the log does not grow with how often they do."""

import asyncio
import ssl
from contextlib import suppress
from pathlib import Path

from .conftest import Cloud
from .processes import RoomProcess
from .test_tls_is_served_when_there_is_a_certificate import make_certificate

TIMES = 60
LINES_MAX = 5
"""Of all kinds together, for all of it."""

UPGRADE = b"GET /ws HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: websocket\r\n"
HANDSHAKE = UPGRADE + b"sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
MISTAKES = {
    "no HTTP": b"\x00\xff\x00 nonsense\r\n\r\n",
    "an odd Host": b"GET / HTTP/1.1\r\nhost: \xff<script>\r\n\r\n",
    "an odd path": b"GET /\xff%00%ff HTTP/1.1\r\nhost: x\r\n\r\n",
    "an upgrade to something else": b"GET / HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: h2c\r\n\r\n",
    "an upgrade without a key": UPGRADE + b"sec-websocket-version: 13\r\n\r\n",
    "an upgrade with a bad key": UPGRADE + b"sec-websocket-version: 13\r\nsec-websocket-key: x\r\n\r\n",
    "an old version": UPGRADE + b"sec-websocket-version: 0\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    "an upgrade somewhere else": HANDSHAKE.replace(b"/ws", b"/nothing") + b"\r\n",
    "an upgrade with an odd header": HANDSHAKE + b"origin: \xff\x01\r\n\r\n",
    "an upgrade with an odd query": HANDSHAKE.replace(b"/ws", b"/ws?\xff") + b"\r\n",
    "no frame": HANDSHAKE + b"\r\n" + b"\xff\xff\xff\xff",
    "not UTF-8": HANDSHAKE + b"\r\n" + b"\x81\x81\x00\x00\x00\x00\xff",
    "a frame that is too long": HANDSHAKE + b"\r\n" + b"\x81\xff\x7f" + b"\xff" * 7 + bytes(4),
    "pings without end": HANDSHAKE + b"\r\n" + b"\x89\x80\x00\x00\x00\x00" * 300,
    "a bad close frame": HANDSHAKE + b"\r\n" + b"\x88\x81\x00\x00\x00\x00\x01",
}


async def send(port: int, data: bytes, tls: ssl.SSLContext | None = None) -> None:
    head, frames = data, b""
    if data.startswith(HANDSHAKE) and not data.endswith(b"\r\n\r\n"):
        head, _, frames = data.partition(b"\r\n\r\n")
        head += b"\r\n\r\n"
    with suppress(OSError, asyncio.IncompleteReadError, TimeoutError):
        async with asyncio.timeout(5.0):
            reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=tls)
            try:
                writer.write(head)
                if frames:  # behind the server's answer: what comes with the head is not read
                    await reader.readuntil(b"\r\n\r\n")
                    writer.write(frames)
                    await reader.read()
                elif head:
                    await reader.read(100)
            finally:
                writer.close()
                await writer.wait_closed()


def lines(room: RoomProcess) -> list[str]:
    return room.log.read_text().splitlines()


async def test_mistakes_over_http_and_web_sockets_are_not_logged_each(cloud: Cloud) -> None:
    room = await cloud.start_room()
    before = len(lines(room))
    for data in MISTAKES.values():
        await asyncio.gather(*(send(room.port, data) for _ in range(TIMES)))
    alice = await cloud.join(room, "r", "alice")
    assert "messageAccepted" in await alice.say("hello")
    written = [line for line in lines(room)[before:] if "user-logged-in" not in line]
    assert len(written) <= LINES_MAX, "\n".join(written)
    assert room.troubles() == []


async def test_mistakes_over_tls_are_not_logged_each(cloud: Cloud, tmp_path: Path) -> None:
    cert, key = make_certificate(tmp_path)
    settings = {"tls_cert": cert, "tls_key": key}
    room = RoomProcess(cloud.server.settings, tmp_path / "tls.log", "room-tls", settings)
    cloud.instances.append(room)
    trust = ssl.create_default_context(cafile=str(cert))
    await room.ready(verify=trust)
    before = len(lines(room))
    no_trust = ssl.create_default_context()  # turns away at the certificate
    for data in (b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x00\x05hello", b"\x15\x03\x03\x00\x02\x02\x28", b""):
        await asyncio.gather(*(send(room.port, data) for _ in range(TIMES if data else 5)))
    await asyncio.gather(*(send(room.port, b"", no_trust) for _ in range(TIMES)))
    await asyncio.gather(*(send(room.port, MISTAKES["no HTTP"], trust) for _ in range(TIMES)))
    await room.ready(verify=trust)
    written = lines(room)[before:]
    assert len(written) <= LINES_MAX, "\n".join(written)
    assert room.troubles() == []
