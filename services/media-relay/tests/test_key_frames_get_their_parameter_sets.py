"""A publisher whose H264 parameter sets stand in the offer alone, or came once: every viewer gets pictures."""

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator, Iterator
from fractions import Fraction

import pytest
from aiortc import RTCPeerConnection, RTCRtpSender, RTCSessionDescription
from aiortc.codecs.h264 import H264Encoder
from aiortc.mediastreams import VideoStreamTrack
from av import VideoFrame
from salon_testing.relay.running import RunningRelay

pytestmark = pytest.mark.timeout(120)

DEADLINE_S = 60.0
SIZE_PX = (160, 120)
PARAMETER_SETS = (7, 8)
split = H264Encoder._split_bitstream


class Frames(VideoStreamTrack):
    async def recv(self) -> VideoFrame:
        pts, time_base = await self.next_timestamp()
        frame = VideoFrame(*SIZE_PX, "yuv420p")
        for plane in frame.planes:
            plane.update(bytes([pts // 3000 % 256]) * plane.buffer_size)
        frame.pts, frame.time_base = pts, time_base
        return frame


class Splitter:
    """In the place of aiortc's: leaves parameter sets out on request, and remembers them."""

    def __init__(self) -> None:
        self.leaves_out = False
        self.sets: dict[int, bytes] = {}

    def __call__(self, data: bytes) -> Iterator[bytes]:
        for unit in split(data):
            kind = unit[0] & 31
            if kind in PARAMETER_SETS:
                self.sets[kind] = unit
                if self.leaves_out:
                    continue
            yield unit

    def learn(self) -> str:
        encoder = H264Encoder()
        frame = VideoFrame(*SIZE_PX, "yuv420p")
        frame.pts, frame.time_base = 0, Fraction(1, 90_000)
        encoder.encode(frame, True)
        return ",".join(base64.b64encode(self.sets[kind]).decode() for kind in PARAMETER_SETS)


@pytest.fixture
def splitter(monkeypatch: pytest.MonkeyPatch) -> Splitter:
    made = Splitter()
    monkeypatch.setattr(H264Encoder, "_split_bitstream", staticmethod(made))
    return made


async def publish(connection: RTCPeerConnection, relay: RunningRelay, sprop: str = "") -> None:
    transceiver = connection.addTransceiver(Frames(), direction="sendonly")
    codecs = RTCRtpSender.getCapabilities("video").codecs
    transceiver.setCodecPreferences([codec for codec in codecs if codec.mimeType == "video/H264"])
    await connection.setLocalDescription(await connection.createOffer())
    offer = connection.localDescription.sdp
    for profile in ("42e01f", "42001f"):  # whichever of the two it sends
        offer = offer.replace(profile, f"{profile};sprop-parameter-sets={sprop}")
    answer, _ = relay.negotiate("p", offer, sends=True, single="cam")
    await connection.setRemoteDescription(RTCSessionDescription(answer, "answer"))


@contextlib.asynccontextmanager
async def seen_by_viewer(relay: RunningRelay, name: str) -> AsyncIterator[None]:
    """Two pictures have been decoded; the viewer stays for the block."""
    viewer = RTCPeerConnection()
    try:
        transceiver = viewer.addTransceiver("video", direction="recvonly")
        await viewer.setLocalDescription(await viewer.createOffer())
        answer, _ = relay.negotiate(name, viewer.localDescription.sdp, sends=False, single="cam")
        await viewer.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        track = transceiver.receiver.track
        async with asyncio.timeout(DEADLINE_S):
            for _ in range(2):
                frame = await track.recv()
                assert isinstance(frame, VideoFrame)
                assert (frame.width, frame.height) == SIZE_PX
        yield
    finally:
        await viewer.close()


async def test_from_the_offer(relay: RunningRelay, splitter: Splitter) -> None:
    sprop = splitter.learn()
    splitter.leaves_out = True
    publisher = RTCPeerConnection()
    try:
        await publish(publisher, relay, sprop)
        async with seen_by_viewer(relay, "v"), seen_by_viewer(relay, "late"):
            pass
    finally:
        await publisher.close()


async def test_from_the_first_key_frame(relay: RunningRelay, splitter: Splitter) -> None:
    publisher = RTCPeerConnection()
    try:
        await publish(publisher, relay)
        async with seen_by_viewer(relay, "early"):
            splitter.leaves_out = True
            async with seen_by_viewer(relay, "late"):
                pass
    finally:
        await publisher.close()
