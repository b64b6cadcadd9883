import asyncio

import aiortc
import pytest
from salon.room.v1.signal_pb2 import Offer, OfferedTrack, Stream
from salon_sdk import PatternVideo, VideoBitrate
from salon_sdk.peer import Peer, Section
from salon_sdk.tasks import TaskOwner
from salon_testing.fake_cloud import WAIT_S, FakeRelay, PublishedStream


async def negotiate(peer: Peer, relay: FakeRelay, bound: dict[Section, str], *, client_sends: bool) -> str:
    sdp = await peer.offer()
    tracks = [OfferedTrack(mid=section.mid, stream_id=stream_id) for section, stream_id in bound.items()]
    offer = Offer(peer_connection_id=peer.id, sdp=sdp, tracks=tracks)
    await peer.accept(await relay.negotiate(offer, client_sends=client_sends))
    async with asyncio.timeout(WAIT_S):
        assert await peer.wait_connected()
    return sdp


def test_the_adapter_was_written_for_this_aiortc() -> None:
    assert aiortc.__version__.startswith("1.16.")


async def test_a_sender_comes_back_with_a_new_ssrc_and_another_codec() -> None:
    streams = {name: PublishedStream(Stream(stream_id=name, kinds=["video"]), "") for name in ("one", "two")}
    tasks = TaskOwner("test")
    relay = FakeRelay(streams, tasks)
    peer = Peer("send-1", on_lost=lambda: None)
    first = await peer.send(PatternVideo(160, 120, 15), "VP8", VideoBitrate())
    before = await negotiate(peer, relay, {first: "one"}, client_sends=True)
    await peer.release([first])
    assert not peer.in_use
    between = await negotiate(peer, relay, {}, client_sends=True)
    again = await peer.send(PatternVideo(160, 120, 15), "H264", VideoBitrate(start_bps=900_000, max_bps=3_000_000))
    after = await negotiate(peer, relay, {again: "two"}, client_sends=True)
    assert again is first
    assert "a=inactive" in between
    assert after.count("m=video") == 1
    assert ssrcs(before).isdisjoint(ssrcs(after))
    async with asyncio.timeout(WAIT_S):
        await streams["two"].received.track("video").recv()
    await peer.close()
    await relay.close()
    await tasks.close()


async def test_a_bitrate_beyond_aiortcs_own_limits_is_possible() -> None:
    peer = Peer("send-1", on_lost=lambda: None)
    for codec in ("VP8", "H264"):
        section = await peer.send(PatternVideo(160, 120, 15), codec, VideoBitrate(2_000_000, 4_000_000))
        encoder = section._transceiver.sender._RTCRtpSender__encoder  # type: ignore[attr-defined]
        assert encoder.target_bitrate == 2_000_000
        encoder.target_bitrate = 9_000_000
        assert encoder.target_bitrate == 4_000_000
        encoder.target_bitrate = 1
        assert encoder.target_bitrate == 100_000
    await peer.close()


async def test_a_useless_answer_is_a_value_error() -> None:
    peer = Peer("receive-1", on_lost=lambda: None)
    await peer.receive("video")
    await peer.offer()
    for answer in ("", "junk", "v=0\r\nm=video\r\n"):
        with pytest.raises(ValueError, match=":"):
            await peer.accept(answer)
    await peer.close()


def ssrcs(sdp: str) -> set[str]:
    return {line.split()[0] for line in sdp.splitlines() if line.startswith("a=ssrc:")}
