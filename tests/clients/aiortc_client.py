"""aiortc, a WebRTC stack of its own in Python: the other end of most rows."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from fractions import Fraction

import aiortc
import av
import numpy as np
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCRtpSender, RTCSessionDescription

from tests.clients.client import Client, ClientFailed, Direction, Ending, Job, Row
from tests.clients.encoding import audio_frame, video_frame
from tests.clients.exchange import post
from tests.clients.reference import FPS, RATE_HZ
from tests.clients.seen import Seen, first_channel, rgb


class _Paced(MediaStreamTrack):
    """Frames in real time, from the first one that is asked for."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind
        self._count = 0
        self._began_at: float | None = None

    async def recv(self) -> av.VideoFrame | av.AudioFrame:
        now = time.monotonic()
        if self._began_at is None:
            self._began_at = now
        number, self._count = self._count, self._count + 1
        due = self._began_at + (number / FPS if self.kind == "video" else number * 960 / RATE_HZ)
        await asyncio.sleep(max(0.0, due - now))
        if self.kind == "audio":
            return audio_frame(number * 960)
        frame = video_frame(number)
        frame.pts, frame.time_base = number * 90_000 // FPS, Fraction(1, 90_000)
        return frame


class Aiortc(Client):
    name = "aiortc"
    rows = tuple(Row(direction, codec) for direction in Direction for codec in ("VP8", "H264"))

    def missing(self) -> str:
        return ""

    async def versions(self) -> str:
        return f"aiortc {aiortc.__version__} (PyAV {av.__version__})"

    @asynccontextmanager
    async def publishing(self, job: Job) -> AsyncIterator[Ending]:
        peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        peer.addTransceiver(_Paced("audio"), direction="sendonly")
        video = peer.addTransceiver(_Paced("video"), direction="sendonly")
        codecs = RTCRtpSender.getCapabilities("video").codecs
        video.setCodecPreferences([each for each in codecs if each.mimeType == f"video/{job.row.codec}"])
        try:
            await peer.setLocalDescription(await peer.createOffer())
            session = await post(job.whip, job.token("publisher"), peer.localDescription.sdp, 0)
            await peer.setRemoteDescription(RTCSessionDescription(session.answer, "answer"))
            ended: Ending = asyncio.get_running_loop().create_future()

            def look() -> None:
                if peer.connectionState in ("failed", "closed") and not ended.done():
                    ended.set_exception(ClientFailed(f"the publisher's connection is {peer.connectionState}"))

            peer.on("connectionstatechange", look)
            try:
                yield ended
            finally:
                ended.cancel()
            await session.delete()
        finally:
            await peer.close()

    async def play(self, job: Job) -> Seen:
        end = time.monotonic() + job.deadline_s
        peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        seen = Seen(wants_sound=job.row.has_sound)
        for kind in ("audio", "video"):
            peer.addTransceiver(kind, direction="recvonly")
        try:
            await peer.setLocalDescription(await peer.createOffer())
            session = await post(job.whep, job.token("viewer"), peer.localDescription.sdp, job.deadline_s)
            await peer.setRemoteDescription(RTCSessionDescription(session.answer, "answer"))
            tracks = [each.receiver.track for each in peer.getTransceivers()]
            takers = [asyncio.create_task(_take(track, seen)) for track in tracks]
            enough = asyncio.create_task(seen.enough.wait())
            await asyncio.wait({enough}, timeout=end - time.monotonic())
            for task in (enough, *takers):
                task.cancel()
            await asyncio.gather(enough, *takers, return_exceptions=True)
            await session.delete()
        finally:
            await peer.close()
        return seen


async def _take(track: MediaStreamTrack, seen: Seen) -> None:
    pending = np.zeros(0, np.int16)
    with contextlib.suppress(aiortc.mediastreams.MediaStreamError):
        while True:
            frame = await track.recv()
            if isinstance(frame, av.VideoFrame):
                seen.picture(rgb(frame))
                continue
            assert isinstance(frame, av.AudioFrame)
            pending = np.concatenate([pending, first_channel(frame)])
            if len(pending) >= frame.sample_rate // 10:
                seen.sound(pending, frame.sample_rate)
                pending = pending[:0]
