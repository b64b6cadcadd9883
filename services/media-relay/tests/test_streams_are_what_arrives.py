"""A publisher that offers several codecs may send any of them: viewers get it, or are told that they cannot."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Sequence

import pytest
from aiortc import RTCPeerConnection, RTCRtpSender, RTCRtpTransceiver, RTCSessionDescription
from aiortc.mediastreams import VideoStreamTrack
from av import VideoFrame
from salon_contracts.errors import OfferUnacceptable
from salon_contracts.ids import AppId, StreamId
from salon_relay.peers.peer import CloseReason
from salon_testing.relay.running import RunningRelay

pytestmark = pytest.mark.timeout(120)

DEADLINE_S = 60.0


class Frames(VideoStreamTrack):
    async def recv(self) -> VideoFrame:
        pts, time_base = await self.next_timestamp()
        frame = VideoFrame(160, 120, "yuv420p")
        for plane in frame.planes:
            plane.update(bytes([pts // 3000 % 256]) * plane.buffer_size)
        frame.pts, frame.time_base = pts, time_base
        return frame


def prefer(transceiver: RTCRtpTransceiver, names: Sequence[str]) -> None:
    known = RTCRtpSender.getCapabilities("video").codecs
    transceiver.setCodecPreferences([codec for name in names for codec in known if codec.mimeType == f"video/{name}"])


def only(name: str, answer: str) -> str:
    """Of the answer, what is about one codec."""
    numbers = re.findall(r"a=rtpmap:(\d+) (\w+)/", answer)
    others = [number for number, codec in numbers if codec not in (name, "rtx")]
    for number in [*others, *(rtx for other in others for rtx in re.findall(rf"a=fmtp:(\d+) apt={other}\r", answer))]:
        answer = re.sub(rf"a=(rtpmap|fmtp|rtcp-fb):{number} .*\r\n", "", answer)
        answer = re.sub(rf"(m=video .*) {number}\b", r"\1", answer)
    return answer


@contextlib.asynccontextmanager
async def publishing(relay: RunningRelay, sends: str, offers: Sequence[str]) -> AsyncIterator[str]:
    """The answer to a client that offers these codecs in this order and sends one of them."""
    connection = RTCPeerConnection()
    try:
        prefer(connection.addTransceiver(Frames(), direction="sendonly"), offers)
        await connection.setLocalDescription(await connection.createOffer())
        answer, _ = relay.negotiate("p", connection.localDescription.sdp, sends=True, single="cam")
        await connection.setRemoteDescription(RTCSessionDescription(only(sends, answer), "answer"))
        yield answer
    finally:
        await connection.close()


@contextlib.asynccontextmanager
async def viewing(relay: RunningRelay, transport_id: str, lists: Sequence[str]) -> AsyncIterator[RTCPeerConnection]:
    connection = RTCPeerConnection()
    try:
        prefer(connection.addTransceiver("video", direction="recvonly"), lists)
        await connection.setLocalDescription(await connection.createOffer())
        answer, _ = relay.negotiate(transport_id, connection.localDescription.sdp, sends=False, single="cam")
        await connection.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        yield connection
    finally:
        await connection.close()


async def see(connection: RTCPeerConnection) -> None:
    track = connection.getTransceivers()[0].receiver.track
    async with asyncio.timeout(DEADLINE_S):
        for _ in range(2):
            assert isinstance(await track.recv(), VideoFrame)


@pytest.mark.parametrize(
    ("sends", "offers"), [("H264", ("VP8", "H264")), ("VP8", ("H264", "VP8")), ("VP8", ("VP8", "H264"))]
)
async def test_viewers_see_what_is_sent(relay: RunningRelay, sends: str, offers: Sequence[str]) -> None:
    async with publishing(relay, sends, offers) as answer:
        assert next(name for name in re.findall(r"a=rtpmap:\d+ (\w+)/", answer) if name != "rtx") == offers[0]
        assert {*offers} <= set(re.findall(r"a=rtpmap:\d+ (\w+)/", answer))
        async with viewing(relay, "early", ("VP8", "H264")) as early:
            await see(early)
            async with viewing(relay, "late", (sends,)) as late:
                await see(late)
                await see(early)


async def test_whoever_lists_only_another_is_closed_and_then_refused(relay: RunningRelay) -> None:
    async with publishing(relay, "H264", ("VP8", "H264")):
        async with viewing(relay, "early", ("VP8",)):
            await relay.facts.until(lambda: "early" in relay.facts.closed, DEADLINE_S)
            assert relay.facts.closed == {"early": CloseReason.CODEC_MISMATCH}
        track = relay.router.registry.track(AppId(1), StreamId("cam"), "video")
        assert track is not None
        assert track.name == "H264"
        with pytest.raises(OfferUnacceptable, match="which is H264"):
            async with viewing(relay, "late", ("VP8",)):
                pass


async def test_another_offer_of_a_viewer_leaves_what_flows_alone(relay: RunningRelay) -> None:
    async with publishing(relay, "H264", ("VP8", "H264")), viewing(relay, "v", ("VP8", "H264")) as viewer:
        await see(viewer)
        before = relay.router.registry.sinks_of(source_of(relay))
        relay.router.observe(relay.path.stats())
        await viewer.setLocalDescription(await viewer.createOffer())
        relay.negotiate("v", viewer.localDescription.sdp, sends=False, single="cam")
        assert relay.router.registry.sinks_of(source_of(relay)) == before
        await see(viewer)


def source_of(relay: RunningRelay) -> int:
    track = relay.router.registry.track(AppId(1), StreamId("cam"), "video")
    assert track is not None
    return track.source
