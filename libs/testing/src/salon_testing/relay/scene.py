"""A call with effects in it. Camera and viewers on aiortc, real transcoders, real effects workers.

async with scene(make_relay, nats_server) as stage:
    await stage.add_worker()
    publisher = await stage.publish("p", "cam")
    viewer = await stage.play("v", "cam")
    assert await stage.relay.set_effects("cam", BRIGHT) == "on"
    await viewer.until(is_bright)
"""

import asyncio
import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
from aiortc import RTCPeerConnection, RTCRtpSender, RTCRtpTransceiver, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack, VideoStreamTrack
from salon.effects.v1.effects_pb2 import Beauty
from salon_contracts.ids import RelayId
from salon_kit.testing import Gathered, NatsServer
from salon_relay.effects.pool import PoolSettings
from salon_relay.effects.process import ProcessPhase

from salon_testing.effects_process import START_S, EffectsProcess, bus_environment
from salon_testing.relay.running import MakeRelay, RunningRelay

BRIGHT = Beauty(whiten=100)
BASE_LUMA = 90
WIDTH, HEIGHT = 320, 180
LOOK_S = 30.0


class Camera(VideoStreamTrack):
    """Pictures that move a little and are as bright as each other."""

    def __init__(self) -> None:
        super().__init__()
        rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH]
        self._luma = (BASE_LUMA + 20 * np.sin(columns / 17) * np.cos(rows / 13)).astype(np.uint8)
        self._chroma = np.full((HEIGHT // 2, WIDTH), 128, np.uint8)
        self._moved = 0

    async def recv(self) -> av.VideoFrame:
        pts, time_base = await self.next_timestamp()
        self._moved += 2
        picture = np.vstack([np.roll(self._luma, self._moved, axis=1), self._chroma])
        frame = av.VideoFrame.from_ndarray(picture, format="yuv420p")
        frame.pts, frame.time_base = pts, time_base
        return frame


@dataclass(frozen=True, slots=True)
class Seen:
    pts: int
    at_s: float
    luma: float


def is_bright(seen: Seen) -> bool:
    """As with whitening at 100."""
    return seen.luma > BASE_LUMA + 25


def is_original(seen: Seen) -> bool:
    return abs(seen.luma - BASE_LUMA) < 6


@dataclass
class Viewer:
    """What one viewer sees, from the first offer to the end without another."""

    connection: RTCPeerConnection
    seen: Gathered[Seen] = field(default_factory=Gathered)
    looking: asyncio.Task[None] | None = None

    async def look(self, track: MediaStreamTrack) -> None:
        with contextlib.suppress(MediaStreamError):
            while True:
                frame = await track.recv()
                if isinstance(frame, av.VideoFrame):
                    luma = frame.to_ndarray(format="yuv420p")[: frame.height].mean()
                    self.seen.add(Seen(frame.pts or 0, time.monotonic(), float(luma)))

    async def until(self, enough: Callable[[Seen], bool], count: int = 5) -> None:
        """The next `count` frames in a row that are like this."""
        start = len(self.seen.items)
        await self.seen.until(
            lambda seen: len(seen) >= start + count and all(map(enough, seen[-count:])), timeout_s=LOOK_S
        )

    async def frames(self, count: int) -> list[Seen]:
        start = len(self.seen.items)
        return (await self.seen.until(lambda seen: len(seen) >= start + count, timeout_s=LOOK_S))[start:]

    @property
    def steps(self) -> list[int]:
        """From frame to frame, in 1/90,000 s."""
        return [after.pts - before.pts for before, after in pairwise(self.seen.items)]


@dataclass
class Scene:
    relay: RunningRelay
    server: NatsServer
    ring_folder: Path
    cleanup: contextlib.AsyncExitStack

    async def add_worker(self) -> EffectsProcess:
        """An effects worker, as soon as it serves."""
        worker = await EffectsProcess.start(self.server, self.ring_folder)
        self.cleanup.push_async_callback(worker.end)
        return worker

    async def warm(self) -> None:
        """The spare transcoder is there."""
        async with asyncio.timeout(START_S):
            await self.relay.transcoders.until(lambda: self.relay.transcoders.counts()[ProcessPhase.SPARE] > 0)

    async def publish(
        self,
        transport_id: str,
        stream_id: str,
        *,
        codec: str = "video/VP8",
        before_media: Callable[[], None] = lambda: None,
    ) -> RTCPeerConnection:
        """`before_media` is called when the relay knows the stream and nothing of it has come."""
        connection = RTCPeerConnection()
        self.cleanup.push_async_callback(connection.close)
        transceiver = connection.addTransceiver(Camera(), direction="sendonly")
        prefer(transceiver, codec)
        await self._negotiate(connection, transport_id, stream_id, sends=True, before_media=before_media)
        return connection

    async def play(self, transport_id: str, stream_id: str) -> Viewer:
        connection = RTCPeerConnection()
        self.cleanup.push_async_callback(connection.close)
        transceiver = connection.addTransceiver("video", direction="recvonly")
        await self._negotiate(connection, transport_id, stream_id, sends=False)
        viewer = Viewer(connection)
        viewer.looking = asyncio.create_task(viewer.look(transceiver.receiver.track))
        return viewer

    async def _negotiate(
        self,
        connection: RTCPeerConnection,
        transport_id: str,
        stream_id: str,
        *,
        sends: bool,
        before_media: Callable[[], None] = lambda: None,
    ) -> None:
        await connection.setLocalDescription(await connection.createOffer())
        sdp = connection.localDescription.sdp
        answer, flowing = self.relay.negotiate(transport_id, sdp, [("0", stream_id)], sends=sends)
        if [bound for _, bound, _ in flowing] != [stream_id]:
            raise AssertionError(f"the offer was answered with {flowing}")
        before_media()
        await connection.setRemoteDescription(RTCSessionDescription(answer, "answer"))

    async def settled(self) -> None:
        """No transcoder is in use or on its way, apart from the spare one."""
        async with asyncio.timeout(START_S):
            await self.relay.transcoders.until(lambda: self.relay.transcoders.counts() == {ProcessPhase.SPARE: 1})


def children() -> set[int]:
    """Processes that this one has started and that are still there."""
    own = os.getpid()
    return set(map(int, Path(f"/proc/{own}/task/{own}/children").read_text().split()))


def prefer(transceiver: RTCRtpTransceiver, mime_type: str) -> None:
    codecs = RTCRtpSender.getCapabilities("video").codecs
    transceiver.setCodecPreferences([codec for codec in codecs if codec.mimeType in (mime_type, "video/rtx")])


@contextlib.asynccontextmanager
async def scene(
    make_relay: MakeRelay, server: NatsServer, *, transcoders_max: int = 4, spares: int = 1
) -> AsyncIterator[Scene]:
    """Everything has ended afterwards."""
    folder = Path(tempfile.mkdtemp(dir="/dev/shm"))
    transcoders = PoolSettings(
        relay_id=RelayId("relay-1"),
        used_max=transcoders_max,
        spares=spares,
        ring_folder=folder,
        deadline_ms=1000,  # machines that run tests are busy
        environment=dict(os.environ) | bus_environment(server),
    )
    try:
        async with make_relay(transcoders=transcoders) as relay, contextlib.AsyncExitStack() as cleanup:
            yield Scene(relay, server, folder, cleanup)
    finally:
        shutil.rmtree(folder)
