"""What it costs to carry raw frames to an effects worker and back: CPU of both ends and of nats-server per frame."""

import asyncio
import contextlib
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal

import numpy as np
from salon.effects.v1.effects_pb2 import Beauty
from salon_contracts.errors import NobodyServes
from salon_frames import I420, EffectsClient, FrameLate, StreamIdentity
from salon_kit.bus import Bus
from salon_kit.identity import Identity
from salon_kit.testing import NatsServer

from bench.cpu import cpu_s
from bench.report import Report, quantile

SIZES = {"360p": (640, 360), "720p": (1280, 720)}
STREAMS = 4
FRAMES_PER_S = 30
SECONDS = 5.0
ROUNDS = 3
BAR = "at most 1.0 ms at 720p with 4 streams through shared memory"
BEAUTY = Beauty(smooth=50, whiten=50, rosy=50, sharpen=50)

Way = Literal["shared-memory", "tcp"]
Row = dict[str, float]


async def run(report: Report) -> None:
    """The rounds are interleaved; told is the middle one."""
    ways: tuple[Way, ...] = ("shared-memory", "tcp")
    kinds = [(way, size) for way in ways for size in SIZES]
    rows: dict[tuple[Way, str], list[Row]] = {kind: [] for kind in kinds}
    with tempfile.TemporaryDirectory() as folder:
        server = NatsServer(Path(folder))
        server.start()
        try:
            for _ in range(ROUNDS):
                for kind in kinds:
                    rows[kind].append(await _measure(server, *kind))
        finally:
            server.stop()
    for (way, size), found in rows.items():
        middle = sorted(found, key=lambda row: row["cpu_ms"])[ROUNDS // 2]
        bar = {"bar": BAR} if (way, size) == ("shared-memory", "720p") else {}
        report.add("effects-transport", way=way, size=size, streams=STREAMS, rounds=ROUNDS, **middle, **bar)


async def _measure(server: NatsServer, way: Way, size: str) -> Row:
    width, height = SIZES[size]
    bus = await Bus.connect(server.settings, Identity.start("relay", "bench"))
    took_s: list[float] = []
    async with _worker(server, way) as worker_pid:
        clients = [await _opened(bus, number, width, height) for number in range(STREAMS)]
        pictures = _pictures(width, height)
        await _stream(clients, pictures, 1.0, [])
        pids = (os.getpid(), worker_pid, server.pid)
        before = [cpu_s(pid) for pid in pids]
        await _stream(clients, pictures, SECONDS, took_s)
        taken = [1000 * (cpu_s(pid) - start) / len(took_s) for pid, start in zip(pids, before, strict=True)]
        for client in clients:
            await client.close()
    await bus.close()
    return {
        "cpu_ms": round(sum(taken), 3),
        "relay_ms": round(taken[0], 3),
        "worker_ms": round(taken[1], 3),
        "nats_ms": round(taken[2], 3),
        "p50_ms": round(1000 * statistics.median(took_s), 2),
        "p99_ms": round(1000 * quantile(took_s, 0.99), 2),
    }


@contextlib.asynccontextmanager
async def _worker(server: NatsServer, way: Way) -> AsyncIterator[int]:
    """A worker whose filter does nothing; for TCP one that looks for shared memory in the wrong place."""
    with tempfile.TemporaryDirectory() as elsewhere:
        settings = {
            "SALON_NATS_URL": server.settings.url,
            "SALON_NATS_USER": server.settings.user,
            "SALON_NATS_PASSWORD": server.settings.password.get_secret_value(),
            "SALON_EFFECTS_HEALTH_PORT": "0",
            "SALON_EFFECTS_FILTERS": "bench.filters.nothing:apply",
            "PYTHONPATH": str(Path(__file__).parents[1]),
        }
        if way == "tcp":
            settings |= {"SALON_EFFECTS_RING_FOLDER": elsewhere, "SALON_EFFECTS_FRAMES_ADDRESS": "127.0.0.1:0"}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "salon_effects", env={**os.environ, **settings}, stderr=asyncio.subprocess.DEVNULL
        )
        try:
            yield process.pid
        finally:
            process.terminate()
            await process.wait()


async def _opened(bus: Bus, number: int, width: int, height: int) -> EffectsClient:
    identity = StreamIdentity("bench", 1, "room", f"stream-{number}")
    client = EffectsClient(bus, identity, Path("/dev/shm"), f"bench-{os.getpid()}-{number}", 500)
    async with asyncio.timeout(30):
        while True:
            try:
                await client.open(width, height, FRAMES_PER_S)
            except NobodyServes:
                await asyncio.sleep(0.05)  # it is starting
            else:
                return client


def _pictures(width: int, height: int) -> list[I420]:
    random = np.random.default_rng(1)
    pictures = [I420.allocate(width, height) for _ in range(4)]
    for picture in pictures:
        for plane in picture.planes:
            plane[...] = random.integers(16, 235, plane.shape, np.uint8)
    return pictures


async def _stream(clients: list[EffectsClient], pictures: list[I420], seconds: float, took_s: list[float]) -> None:
    async def film(number: int, client: EffectsClient) -> None:
        due = start + number / FRAMES_PER_S / len(clients)
        frame = 0
        while due < start + seconds:
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            began = time.perf_counter()
            with contextlib.suppress(FrameLate):
                await client.beautify(pictures[frame % len(pictures)], BEAUTY)
                took_s.append(time.perf_counter() - began)
            frame += 1
            due += 1 / FRAMES_PER_S

    start = time.monotonic()
    await asyncio.gather(*(film(number, client) for number, client in enumerate(clients)))
