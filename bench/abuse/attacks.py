"""What somebody may try, each bounded in count and time; from an address of its own on loopback.

    python -m bench.abuse.attacks NAME FILE

The process runs at the lowest priority: what is measured is what the cloud does with it, not who gets the processor.
"""

import asyncio
import contextlib
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import uvloop

from bench.abuse.offers import dear_offer, offer, plain_offer, section
from bench.abuse.raw import OPCODE_CONTINUATION, OPCODE_PING, OPCODE_TEXT, Http, RawSocket, frame

ADDRESS = "127.0.0.66"
SECONDS = 10.0
RECONNECTS_MAX = 200

Config = dict[str, Any]
Figures = dict[str, Any]
Attack = Callable[[Config], Awaitable[Figures]]


async def expensive_text(config: Config) -> Figures:
    """32 KiB of quotes that never end, before any log-in: two strangers, a frame a second each."""
    text = ("[" * 17 + '\\"' * 16_000).encode()

    async def stranger() -> int:
        sent = 0
        async for socket in _sockets(config):
            await socket.send(frame(OPCODE_TEXT, text))
            sent += 1
            await asyncio.sleep(1)
        return sent

    return {"sent": sum(await asyncio.gather(stranger(), stranger()))}


async def pings(config: Config) -> Figures:
    """One stranger, as many as go in."""
    return await _flood(config, frame(OPCODE_PING, b"") * 500, 500, member=False)


async def empty_fragments(config: Config) -> Figures:
    """A member begins a message and never ends it."""
    begin = frame(OPCODE_TEXT, b"", final=False)
    return await _flood(config, frame(OPCODE_CONTINUATION, b"", final=False) * 500, 500, member=True, first=begin)


async def tiny_frames(config: Config) -> Figures:
    """A stranger's and a member's, of two letters each."""
    batch = frame(OPCODE_TEXT, b"{}") * 500
    stranger, member = await asyncio.gather(
        _flood(config, batch, 500, member=False), _flood(config, batch, 500, member=True)
    )
    return {key: stranger[key] + member[key] for key in stranger}


async def dear_offers(config: Config) -> Figures:
    """Four encoders at a time, by WHIP, each with an offer of 126 KiB."""
    body, statuses = dear_offer(), dict[str, int]()
    deadline_s = time.monotonic() + SECONDS

    async def encoder() -> None:
        for _ in range(60):
            if time.monotonic() >= deadline_s:
                return
            user, token = config["people"].pop()
            await _count(statuses, _post(config, "whip", user, user, token, body))

    await asyncio.gather(*(encoder() for _ in range(4)))
    return {"statuses": statuses}


async def half_open(config: Config) -> Figures:
    """One user asks for 500 peer connections and connects none of them."""
    body, statuses = plain_offer(sends=False), dict[str, int]()
    user, token = config["people"].pop()
    left = iter(range(500))

    async def viewer() -> None:
        for _ in left:
            await _count(statuses, _post(config, "whep", user, config["stream"], token, body))

    await asyncio.gather(*(viewer() for _ in range(8)))
    return {"statuses": statuses}


async def streams_without_media(config: Config) -> Figures:
    """403 streams on one connection, 26 on each of its peer connections."""
    added, refused = 0, dict[str, int]()
    socket = await RawSocket.open(config["host"], config["port"], ADDRESS)
    try:
        await socket.log_in(config)
        user = socket.user
        for number in range(403):
            peer, position = divmod(number, 26)
            tracks = [{"mid": str(mid), "streamId": f"{user}-{peer}-{mid}"} for mid in range(position + 1)]
            sections = [section(mid, "video") for mid in range(position + 1)]
            publish = {
                "streamId": f"{user}-{peer}-{position}",
                "offer": {"peerConnectionId": f"peer-{peer}", "sdp": offer(sections), "tracks": tracks},
            }
            await asyncio.sleep(0.09)  # within the ten offers a second that a connection may send
            reply = await socket.ask({"publish": publish})
            if "failed" in reply:
                reason = reply["failed"]["reason"]
                refused[reason] = refused.get(reason, 0) + 1
            else:
                added += 1
    except (OSError, EOFError, TimeoutError) as error:
        refused[type(error).__name__] = 1
    finally:
        socket.abort()
    return {"streams": added, "refused": refused}


async def silent_connections(config: Config) -> Figures:
    """3,000 connections of one address to the TLS port, on which nothing is ever said."""
    return await _hold(config, b"", 3000)


async def dear_json(config: Config) -> Figures:
    """Eight strangers and a member with 32 KiB of small values each, as often as they are read."""
    text = (
        '{"requestId":7,"publish":{"streamId":"s","offer":{"sdp":"v=0","tracks":[' + ",".join(["{}"] * 10_000) + "]}}}"
    )
    batch = frame(OPCODE_TEXT, text.encode())
    strangers = [_flood(config, batch, 1, member=False) for _ in range(8)]
    got = await asyncio.gather(*strangers, _flood(config, batch, 1, member=True))
    return {key: sum(each[key] for each in got) for key in got[0]}


async def pipelined_requests(config: Config) -> Figures:
    """Eight connections with thousands of requests ahead of their answers."""
    batch = b"GET /sdk/ZegoExpressWebRTC.js HTTP/1.1\r\nhost: localhost\r\n\r\n" * 1000
    return await _requests(config, batch, 1000, connections=8)


async def many_requests(config: Config) -> Figures:
    """Four hundred connections, each with its next request as soon as the last is answered."""
    return await _requests(
        config, b"GET /sdk/ZegoExpressWebRTC.js HTTP/1.1\r\nhost: localhost\r\n\r\n", 1, connections=400
    )


async def failed_upgrades(config: Config) -> Figures:
    """Upgrades that announce a body, 3,000 of them, held as long as they are not closed."""
    batch = (
        b"GET /ws HTTP/1.1\r\nhost: localhost\r\nconnection: Upgrade\r\nupgrade: websocket\r\n"
        b"sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\ncontent-length: 1\r\n\r\n"
    )
    return await _hold(config, batch, 3000)


ATTACKS: dict[str, Attack] = {
    "expensive-text": expensive_text,
    "pings": pings,
    "empty-fragments": empty_fragments,
    "tiny-frames": tiny_frames,
    "dear-offers": dear_offers,
    "half-open": half_open,
    "streams-without-media": streams_without_media,
    "silent-connections": silent_connections,
    "dear-json": dear_json,
    "pipelined-requests": pipelined_requests,
    "many-requests": many_requests,
    "failed-upgrades": failed_upgrades,
}


async def _sockets(config: Config, *, member: bool = False) -> Any:
    """The present connection, again and again until the time is up; another one when it was closed."""
    deadline_s = time.monotonic() + SECONDS
    socket: RawSocket | None = None
    try:
        for _ in range(RECONNECTS_MAX):
            try:
                socket = await RawSocket.open(config["host"], config["port"], ADDRESS)
                if member:
                    await socket.log_in(config)
            except (OSError, EOFError, TimeoutError):
                await asyncio.sleep(0.1)
            while socket is not None and not socket.is_closed:
                if time.monotonic() >= deadline_s:
                    return
                yield socket
            if time.monotonic() >= deadline_s:
                return
    finally:
        if socket is not None:
            socket.abort()


async def _hold(config: Config, first: bytes, count: int) -> Figures:
    """So many connections, on each of which `first` is sent and no more."""
    transports: list[asyncio.Transport] = []
    loop = asyncio.get_running_loop()

    async def connect() -> None:
        try:
            async with asyncio.timeout(5):
                transport, _ = await loop.create_connection(
                    asyncio.Protocol, config["host"], config["port"], local_addr=(ADDRESS, 0)
                )
        except (OSError, TimeoutError):
            return
        if first:
            transport.write(first)
        transports.append(transport)

    for _ in range(count // 50):
        await asyncio.gather(*(connect() for _ in range(50)))
    await asyncio.sleep(1)
    taken = sum(not transport.is_closing() for transport in transports)
    await asyncio.sleep(SECONDS)
    still = sum(not transport.is_closing() for transport in transports)
    for transport in transports:
        transport.abort()
    return {"connected": len(transports), "open_after_1_s": taken, "open_after_11_s": still}


async def _requests(config: Config, batch: bytes, requests: int, *, connections: int) -> Figures:
    """Sends the batch again whenever something has come back; another connection when one is closed."""
    deadline_s = time.monotonic() + SECONDS
    sent = opened = 0

    async def client() -> None:
        nonlocal sent, opened
        for _ in range(RECONNECTS_MAX):
            if time.monotonic() >= deadline_s:
                return
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(SECONDS):
                    reader, writer = await asyncio.open_connection(
                        config["host"], config["port"], local_addr=(ADDRESS, 0)
                    )
                    opened += 1
                    try:
                        while time.monotonic() < deadline_s:
                            writer.write(batch)
                            sent += requests
                            if not await reader.read(1 << 20):
                                break
                            await writer.drain()
                    finally:
                        writer.transport.abort()
            await asyncio.sleep(0.05)

    await asyncio.gather(*(client() for _ in range(connections)))
    return {"requests": sent, "connections": opened}


async def _flood(config: Config, batch: bytes, frames: int, *, member: bool, first: bytes = b"") -> Figures:
    sent = connections = 0
    began: RawSocket | None = None
    async for socket in _sockets(config, member=member):
        if socket is not began:
            began = socket
            connections += 1
            await socket.send(first, patience_s=0.5)
        if await socket.send(batch, patience_s=0.5):
            sent += frames
    return {"frames": sent, "connections": connections}


async def _post(config: Config, kind: str, user: str, stream: str, token: str, body: str) -> int:
    path = f"/{kind}?app_id={config['app_id']}&room_id={config['room']}&stream_id={stream}"
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/sdp"}
    return await Http(config["host"], config["port"], ADDRESS).post(path, headers, body.encode())


async def _count(statuses: dict[str, int], request: Awaitable[int]) -> None:
    try:
        status = str(await request)
    except (OSError, EOFError, TimeoutError, ValueError) as error:
        status = type(error).__name__
    statuses[status] = statuses.get(status, 0) + 1


if __name__ == "__main__":
    os.nice(19)
    print(json.dumps(uvloop.run(ATTACKS[sys.argv[1]](json.loads(Path(sys.argv[2]).read_text())))))  # type: ignore[arg-type]
