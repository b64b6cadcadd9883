"""One beautified stream from packets to packets: a real transcoder, effects worker and nats-server, one face.

CPU per frame of all three, what of it is not the codec's, and how much later the picture leaves.
"""

import asyncio
import os
import statistics
import tempfile
from pathlib import Path

import cv2
import numpy as np
from salon.effects.v1.effects_pb2 import Beauty
from salon.relay.v1.relay_pb2 import TranscoderCounters
from salon_frames import I420
from salon_kit.testing import NatsServer
from salon_testing.transcoder.camera import Codec
from salon_testing.transcoder.stage import Stage, filming, staged
from salon_transcoder.codec import Encoder

from bench.cpu import cpu_s
from bench.report import Report
from tests.quality.pictures import FACES

KINDS: tuple[tuple[Codec, int, int, int], ...] = (
    ("VP8", 1280, 720, 1_500_000),
    ("VP8", 640, 360, 600_000),
    ("H264", 1280, 720, 1_500_000),
    ("H264", 640, 360, 600_000),
)
WARM_UP_S = 3.0
SECONDS = 10.0
ROUNDS = 3
CLIP_FRAMES = 240
FRAMES_PER_S = 30
EVERYTHING = Beauty(smooth=50, whiten=50, rosy=50, sharpen=50)
BARS = {
    ("VP8", 720): "at most 10 ms per frame, 2.5 of them not the codec's; added latency p50 25 ms, p99 60 ms",
}

Row = dict[str, float]


async def run(report: Report) -> None:
    """The rounds are interleaved; told is the middle one."""
    rows: dict[tuple[Codec, int], list[Row]] = {(codec, height): [] for codec, _, height, _ in KINDS}
    clips = {kind: _clip(*kind) for kind in KINDS}
    for _ in range(ROUNDS):
        for kind in KINDS:
            codec, width, height, bps = kind
            rows[codec, height].append(await _measure(codec, width, height, bps, clips[kind]))
    for (codec, height), found in rows.items():
        middle = sorted(found, key=lambda row: row["cpu_ms"])[ROUNDS // 2]
        bar = {"bar": BARS[codec, height]} if (codec, height) in BARS else {}
        report.add("effects-stream", codec=codec, size=f"{height}p", rounds=ROUNDS, **middle, **bar)


class Clip:
    """A camera that has encoded already, so that its work is not measured; a key frame begins it again."""

    def __init__(self, frames: list[bytes]) -> None:
        self._frames = frames
        self._next = 0

    def take(self, *, keyframe: bool) -> bytes:
        if keyframe or self._next == len(self._frames):
            self._next = 0
        self._next += 1
        return self._frames[self._next - 1]


async def _measure(codec: Codec, width: int, height: int, bps: int, clip: list[bytes]) -> Row:
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory(dir="/dev/shm") as ring:
        server = NatsServer(Path(folder))
        server.start()
        try:
            async with staged(server, Path(ring), codec=codec, width=width, height=height, deadline_ms=40) as stage:
                return await _filmed(stage, server, clip, bps)
        finally:
            server.stop()


async def _filmed(stage: Stage, server: NatsServer, clip: list[bytes], bps: int) -> Row:
    worker = await stage.add_worker()
    stage.camera = Clip(clip)  # type: ignore[assignment]  # as far as `film` uses it
    stage.viewer.decodes = False
    await stage.start(EVERYTHING, target_bps=bps)
    async with filming(stage):
        await stage.reported("beautified")
        await asyncio.sleep(WARM_UP_S)
        first = len(stage.counters)
        pids = {"transcoder": stage.process.pid, "worker": worker.process.pid, "nats": server.pid}
        cpu_before = {name: cpu_s(pid) for name, pid in pids.items()}
        before = stage.counters[-1]
        await asyncio.sleep(SECONDS)
        after = stage.counters[-1]
        cpu = {name: cpu_s(pid) - cpu_before[name] for name, pid in pids.items()}
    sent = SECONDS * FRAMES_PER_S
    per_frame = {f"{name}_ms": round(1000 * seconds / sent, 2) for name, seconds in cpu.items()}
    decode, encode = _mean_ms(before, after, "decode_us"), _mean_ms(before, after, "encode_us")
    total = sum(cpu.values()) * 1000 / sent
    return {
        "cpu_ms": round(total, 2),
        "not_codec_ms": round(total - decode - encode, 2),
        "decode_ms": round(decode, 2),
        "encode_ms": round(encode, 2),
        **per_frame,
        "streams_per_core": round(1000 / FRAMES_PER_S / total, 1),
        "beautified_percent": round(100 * (after.frames_beautified - before.frames_beautified) / sent, 1),
        "latency_p50_ms": round(statistics.median(c.latency_p50_us for c in stage.counters[first:]) / 1000, 1),
        "latency_p99_ms": round(max(c.latency_p99_us for c in stage.counters[first:]) / 1000, 1),
        "load": round(os.getloadavg()[0], 1),
    }


def _mean_ms(before: TranscoderCounters, after: TranscoderCounters, name: str) -> float:
    frames = after.frames_in - before.frames_in
    return float(getattr(after, name) - getattr(before, name)) / frames / 1000


def _clip(codec: Codec, width: int, height: int, bps: int) -> list[bytes]:
    """A face that a hand-held camera pans over, with the noise of its sensor."""
    random = np.random.default_rng(1)
    wide = cv2.resize(FACES["astronaut"].picture.rgb(), (width + 80, height + 80), interpolation=cv2.INTER_CUBIC)
    noise = [random.normal(0, 2.5, (height, width)) for _ in range(4)]
    encoder = Encoder(codec, bps)
    frames = []
    for number in range(CLIP_FRAMES):
        step = min(number % 80, 79 - number % 80)
        flat = cv2.cvtColor(wide[step : step + height, 2 * step : 2 * step + width], cv2.COLOR_RGB2YUV_I420).reshape(-1)
        picture = I420.allocate(width, height)
        luma, chroma = width * height, width * height // 4
        picture.y[...] = np.clip(flat[:luma].reshape(height, width) + noise[number % 4], 16, 235).astype(np.uint8)
        picture.u[...] = flat[luma : luma + chroma].reshape(height // 2, width // 2)
        picture.v[...] = flat[luma + chroma :].reshape(height // 2, width // 2)
        frames.append(encoder.encode(picture, number * 90_000 // FRAMES_PER_S, keyframe=number == 0))
    return frames
