"""A real transcoder process, with the relay's ends of its sockets in the test.

async with staged(server, ring_folder) as stage:
    await stage.add_worker()
    await stage.start(Beauty(whiten=100))
    async with filming(stage):
        await stage.seen_until(is_bright)
"""

import asyncio
import contextlib
import os
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

from salon.effects.v1.effects_pb2 import Beauty
from salon.relay.v1.relay_pb2 import (
    FromTranscoder,
    ToTranscoder,
    TranscoderBeauty,
    TranscoderCounters,
    TranscoderFade,
    TranscoderStart,
)
from salon_contracts.transcoder_link import ORIENTATION_ID, ORIGINAL_SSRC, PAYLOAD_TYPE
from salon_kit.testing import Gathered, NatsServer
from salon_packets import FrameLink

from salon_testing.effects_process import START_S, EffectsProcess, bus_environment
from salon_testing.transcoder.camera import Camera, Codec
from salon_testing.transcoder.viewer import Seen, Viewer, is_bright

RING_PREFIX = "relay-1-test"
TICK_TS90K = 3000


@dataclass
class Stage:
    """The relay's side of one transcoder."""

    process: asyncio.subprocess.Process
    control: socket.socket
    link: FrameLink
    camera: Camera
    viewer: Viewer
    codec: Codec
    ring_folder: Path
    server: NatsServer
    reports: Gathered[FromTranscoder] = field(default_factory=Gathered)
    report_times_s: list[float] = field(default_factory=list)
    counters: list[TranscoderCounters] = field(default_factory=list)
    timestamp: int = 2**32 - 20 * TICK_TS90K
    sent: list[int] = field(default_factory=list)
    orientation: int | None = None
    keyframe_wanted: bool = True
    frames_per_s: int = 30
    workers: list[EffectsProcess] = field(default_factory=list)

    async def start(self, beauty: Beauty, version: int = 1, target_bps: int = 1_000_000) -> None:
        await self.reported("ready", START_S)
        start = TranscoderStart(
            relay_id="relay-1",
            app_id=1,
            room_id="room",
            stream_id="cam",
            codec=self.codec,
            ring_prefix=RING_PREFIX,
            beauty=beauty,
            version=version,
            target_bps=target_bps,
        )
        self.order(ToTranscoder(start=start))

    def order(self, order: ToTranscoder) -> None:
        self.control.send(order.SerializeToString())

    def set_beauty(self, beauty: Beauty, version: int) -> None:
        self.order(ToTranscoder(beauty=TranscoderBeauty(beauty=beauty, version=version)))

    def fade(self) -> None:
        self.order(ToTranscoder(fade=TranscoderFade()))

    async def film(self) -> None:
        """Sends pictures at the pace of a camera until cancelled."""
        next_s = time.monotonic()
        while True:
            self.shoot()
            next_s = max(next_s + 1 / self.frames_per_s, time.monotonic() - 0.2)
            await asyncio.sleep(next_s - time.monotonic())

    def shoot(self, data: bytes | None = None) -> int:
        """Sends one picture, or these bytes as one; its timestamp."""
        if data is None:
            keyframe, self.keyframe_wanted = self.keyframe_wanted, False
            data = self.camera.take(keyframe=keyframe)
        self.timestamp = (self.timestamp + TICK_TS90K) % 2**32
        self.sent.append(self.timestamp)
        self.link.send(data, self.timestamp, self.orientation)
        return self.timestamp

    async def reported(self, what: str, timeout_s: float = 15.0, *, times: int = 1) -> FromTranscoder:
        """The `times`-th report of this kind, as soon as it is there."""

        def of_kind(reports: list[FromTranscoder]) -> list[FromTranscoder]:
            return [report for report in reports if report.WhichOneof("body") == what]

        found = await self.reports.until(lambda reports: len(of_kind(reports)) >= times, timeout_s)
        return of_kind(found)[times - 1]

    async def seen(self, count: int, timeout_s: float = 15.0) -> list[Seen]:
        """The next `count` frames from now on."""
        before = len(self.viewer.seen.items)
        return (await self.viewer.seen.until(lambda seen: len(seen) >= before + count, timeout_s))[before:]

    async def seen_until(self, enough: Callable[[Seen], bool], timeout_s: float = 15.0) -> Seen:
        """The first frame from now on that is like this."""
        before = len(self.viewer.seen.items)
        seen = await self.viewer.seen.until(lambda seen: any(map(enough, seen[before:])), timeout_s)
        return next(item for item in seen[before:] if enough(item))

    async def beautified(self) -> None:
        """Returns when the relay has been told and viewers see it."""
        await self.reported("beautified")
        await self.seen_until(is_bright)

    @property
    def ring_files(self) -> list[str]:
        return os.listdir(self.ring_folder)

    @property
    def report_kinds(self) -> list[str]:
        return [str(report.WhichOneof("body")) for report in self.reports.items]

    def read_report(self) -> None:
        """Reads one message of the transcoder."""
        with contextlib.suppress(BlockingIOError, ConnectionResetError):
            data = self.control.recv(65_536)
            if not data:
                asyncio.get_running_loop().remove_reader(self.control)
                return
            message = FromTranscoder.FromString(data)
            if message.WhichOneof("body") == "counters":
                self.counters.append(message.counters)
                return
            self.report_times_s.append(time.monotonic())
            self.reports.add(message)

    async def add_worker(self, **settings: str) -> EffectsProcess:
        """A real effects worker, as soon as it serves."""
        worker = await EffectsProcess.start(self.server, self.ring_folder, **settings)
        self.workers.append(worker)
        return worker


@contextlib.asynccontextmanager
async def staged(
    server: NatsServer,
    ring_folder: Path,
    *,
    codec: Codec = "VP8",
    width: int = 320,
    height: int = 180,
    deadline_ms: int = 300,
) -> AsyncIterator[Stage]:
    """A transcoder that gets ready. It, and every worker, has ended afterwards.

    The deadline is longer than in a call, because tests share their machine.
    """
    link_here, link_there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    control_here, control_there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    fds = (link_there.fileno(), control_there.fileno())
    settings = {
        "SALON_LOG_LEVEL": "warning",
        "SALON_TRANSCODER_RING_FOLDER": str(ring_folder),
        "SALON_TRANSCODER_DEADLINE_MS": str(deadline_ms),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "salon_transcoder", "--link-fd", str(fds[0]), "--control-fd", str(fds[1])),
        pass_fds=fds,
        env=dict(os.environ) | bus_environment(server) | settings,
    )
    link_there.close()
    control_there.close()
    link = FrameLink(
        link_here.fileno(), codec=codec, payload_type=PAYLOAD_TYPE, ssrc=ORIGINAL_SSRC, orientation_id=ORIENTATION_ID
    )
    link_here.close()
    control_here.setblocking(False)
    stage: Stage

    def want_keyframe() -> None:
        stage.keyframe_wanted = True

    viewer = Viewer(link, codec, want_keyframe)
    camera = Camera(codec, width, height)
    stage = Stage(process, control_here, link, camera, viewer, codec, ring_folder, server)
    loop = asyncio.get_running_loop()
    loop.add_reader(control_here, stage.read_report)
    viewer.start()
    try:
        yield stage
    finally:
        loop.remove_reader(control_here)
        control_here.close()
        for worker in stage.workers:
            await worker.end()
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        viewer.stop()
        link.close()


@contextlib.asynccontextmanager
async def filming(stage: Stage) -> AsyncIterator[None]:
    """The camera runs."""
    running = asyncio.create_task(stage.film(), name="camera")
    try:
        yield
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
