"""Strangers on the TCP port, and transcoders that misbehave there."""

import asyncio
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import pytest
from salon.effects.v1.effects_pb2 import Beauty, FramesOpened, FrameSubmitted, OpenFrames, StreamClosed, ToWorker
from salon_contracts.subjects import command
from salon_frames.framing import encode
from salon_frames.i420 import size_bytes
from salon_kit.bus import Bus
from salon_kit.testing import free_port

from .conftest import Start
from .processes import Process, client_of, inverted, open_when_there, picture

FRAME = picture(64, 48)
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Connect = Callable[[bytes], Awaitable[Streams]]


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
async def worker(bus: Bus, start: Start, tmp_path: Path, ring_folder: Path, port: int) -> Process:
    process = start(
        SALON_EFFECTS_ID="effects-1",
        SALON_EFFECTS_RING_FOLDER=str(tmp_path / "none"),
        SALON_EFFECTS_FRAMES_ADDRESS=f"127.0.0.1:{port}",
        SALON_EFFECTS_FRAMES_BIND="127.0.0.1:" + str(port),
    )
    client = client_of(bus, ring_folder)
    await open_when_there(client)
    await client.close()
    return process


async def opened(bus: Bus, token: str, width: int = 64, height: int = 48) -> FramesOpened:
    asked = OpenFrames(stream_token=token, width=width, height=height, frames_per_s=30)
    return await bus.request(command("effects", "open"), asked, FramesOpened)


@pytest.fixture
async def connect(port: int) -> AsyncIterator[Connect]:
    """`await connect(said)`: a connection that has said this much; closed after the test."""
    made: list[asyncio.StreamWriter] = []

    async def one(said: bytes) -> Streams:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        made.append(writer)
        writer.write(said)
        return reader, writer

    yield one
    for writer in made:
        writer.transport.abort()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def is_dropped(reader: asyncio.StreamReader) -> None:
    async with asyncio.timeout(10):
        try:
            while await reader.read(65536):
                pass
        except ConnectionError:
            return


async def still_works(bus: Bus, folder: Path, worker: Process) -> None:
    client = client_of(bus, folder)
    await client.open(64, 48, 30)
    assert (await client.beautify(FRAME, Beauty(smooth=1))).equals(inverted(FRAME))
    await client.close()
    assert worker.process.poll() is None
    assert '"level": "error"' not in worker.log


def submitted(**fields: int) -> bytes:
    values = {"sequence": 1, "slot": 0, "width": 64, "height": 48, "deadline_ms": 1000, **fields}
    return encode(ToWorker(frame=FrameSubmitted(**values)))  # type: ignore[arg-type]  # numbers, all of them


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(bytes(32), id="wrong key"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: effects\r\n\r\n" * 4, id="another protocol"),
        pytest.param(b"", id="nothing"),
        pytest.param(bytes(31), id="half a key"),
    ],
)
async def test_strangers_are_dropped(
    bus: Bus, worker: Process, ring_folder: Path, connect: Connect, said: bytes
) -> None:
    reader, _ = await connect(said)
    await is_dropped(reader)
    await still_works(bus, ring_folder, worker)


async def test_a_key_works_once(bus: Bus, worker: Process, ring_folder: Path, connect: Connect) -> None:
    to = await opened(bus, "ab" * 16)
    await connect(to.connection.key)
    reader, _ = await connect(to.connection.key)
    await is_dropped(reader)
    await still_works(bus, ring_folder, worker)


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(struct.pack(">I", 2**32 - 1), id="huge message"),
        pytest.param(struct.pack(">I", 257), id="message too long by one"),
        pytest.param(struct.pack(">I", 0), id="empty message"),
        pytest.param(struct.pack(">I", 8) + b"\xff" * 8, id="no protobuf"),
        pytest.param(struct.pack(">I", 2) + b"\x22\x00", id="unknown body"),
        pytest.param(submitted(width=128), id="picture larger than agreed"),
        pytest.param(submitted(width=8192, height=8192), id="huge picture"),
        pytest.param(submitted(slot=3), id="no such slot"),
        pytest.param(submitted(width=2**32 - 1, height=2**32 - 1), id="absurd picture"),
        pytest.param(submitted(width=0, height=0), id="no picture"),
    ],
)
async def test_what_breaks_the_protocol_ends_the_connection(
    bus: Bus, worker: Process, ring_folder: Path, connect: Connect, said: bytes
) -> None:
    to = await opened(bus, "ab" * 16)
    reader, _ = await connect(to.connection.key + said)
    await is_dropped(reader)
    await worker.says("stream-closed", count=2)
    await still_works(bus, ring_folder, worker)


async def test_a_transcoder_that_does_not_read_is_dropped(
    bus: Bus, worker: Process, ring_folder: Path, connect: Connect
) -> None:
    to = await opened(bus, "ab" * 16, 640, 360)
    _, writer = await connect(to.connection.key)
    writer.transport.pause_reading()  # type: ignore[attr-defined]  # it has

    async def flood() -> None:
        for sequence in range(1, 1000):
            writer.write(submitted(sequence=sequence, width=640, height=360) + bytes(size_bytes(640, 360)))
            await writer.drain()

    with pytest.raises(ConnectionError):
        await flood()
    await worker.says("stream-closed", count=2)
    await still_works(bus, ring_folder, worker)


async def test_many_silent_strangers_do_not_keep_others_out(
    bus: Bus, worker: Process, ring_folder: Path, connect: Connect
) -> None:
    for reader, _ in [await connect(b"") for _ in range(100)]:
        await is_dropped(reader)
    await still_works(bus, ring_folder, worker)


async def test_a_stream_says_good_bye_over_its_connection(
    bus: Bus, worker: Process, ring_folder: Path, connect: Connect
) -> None:
    to = await opened(bus, "ab" * 16)
    reader, _ = await connect(to.connection.key + encode(ToWorker(closed=StreamClosed())))
    await is_dropped(reader)
    await still_works(bus, ring_folder, worker)
