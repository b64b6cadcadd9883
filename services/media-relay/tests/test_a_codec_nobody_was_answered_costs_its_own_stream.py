"""A publisher that changes to a codec which viewers were not answered costs them little beside its own stream."""

from typing import Any

import pytest
from aiortc import RTCPeerConnection, RTCRtpSender
from salon_contracts.ids import AppId, StreamId
from salon_relay.peers.codec_mismatches import CodecMismatches
from salon_relay.peers.peer import CloseReason
from salon_relay.registry import KINDS
from salon_testing.relay.running import RunningRelay


def counts(**by_sink: int) -> Any:
    return {int(sink.removeprefix("s")): {"codec_mismatches": count} for sink, count in by_sink.items()}


def test_a_stray_packet_costs_nothing_and_what_goes_on_does() -> None:
    mismatches = CodecMismatches()
    assert [mismatches.look(counts(s1=count, s2=1, s3=0)) for count in (0, 3, 4, 9)] == [set(), set(), {1}, {1}]
    assert mismatches.look(counts(s1=9, s2=1)) == set()
    assert mismatches.look({}) == set()


def test_many_viewers_at_once_are_one_time_and_the_next_is_a_minute_later() -> None:
    mismatches, publisher = CodecMismatches(), (AppId(1), "eve")
    asked = []
    for _ in range(130):
        mismatches.look({})
        asked.append(mismatches.may_cost_connections(publisher))  # type: ignore[arg-type]
    assert [look for look, may in enumerate(asked) if may] == [*range(5), *range(60, 65), *range(120, 125)]
    assert mismatches.may_cost_connections((AppId(1), "another"))  # type: ignore[arg-type]


async def offer(kinds: list[str], direction: str, codecs: list[str]) -> str:
    connection = RTCPeerConnection()
    for kind in kinds:
        transceiver = connection.addTransceiver(kind, direction=direction)
        if kind == "video":
            known = RTCRtpSender.getCapabilities("video").codecs
            transceiver.setCodecPreferences([codec for codec in known if codec.mimeType.split("/")[1] in codecs])
    await connection.setLocalDescription(await connection.createOffer())
    sdp = connection.localDescription.sdp
    await connection.close()
    return sdp


class Room:
    """alice publishes `cam` in VP8; eve publishes `mix`, with sound, in VP8 or H264."""

    def __init__(self, relay: RunningRelay) -> None:
        self.relay = relay
        self.packets = 0

    async def open(self) -> None:
        sdp = await offer(["video"], "sendonly", ["VP8"])
        self.relay.negotiate("alice", sdp, [("0", "cam")], sends=True, user_id="alice")
        sdp = await offer(["audio", "video"], "sendonly", ["VP8", "H264"])
        self.relay.negotiate("eve", sdp, [("0", "mix"), ("1", "mix")], sends=True, user_id="eve")

    async def watch(self, viewer: str, streams: list[str]) -> None:
        kinds = [kind for stream in streams for kind in (["audio", "video"] if stream == "mix" else ["video"])]
        names = [stream for stream in streams for _ in (["audio", "video"] if stream == "mix" else ["video"])]
        tracks = [(str(number), name) for number, name in enumerate(names)]
        sdp = await offer(kinds, "recvonly", ["VP8"])
        self.relay.negotiate(viewer, sdp, tracks, sends=False, user_id=viewer)

    def look(self, times: int = 1) -> None:
        """So often, with more H264 from eve each time."""
        registry = self.relay.router.registry
        track = registry.track(AppId(1), StreamId("mix"), "video")
        assert track is not None
        for _ in range(times):
            self.packets += 1
            sinks = {sink: {"codec_mismatches": self.packets} for sink in registry.sinks_of(track.source)}
            self.relay.router.observe({"sources": {}, "sinks": sinks})  # type: ignore[typeddict-item]

    def is_played(self, stream_id: str) -> bool:
        registry = self.relay.router.registry
        tracks = [registry.track(AppId(1), StreamId(stream_id), kind) for kind in KINDS]
        return any(registry.sinks_of(track.source) for track in tracks if track is not None)


@pytest.fixture
async def room(relay: RunningRelay) -> Room:
    made = Room(relay)
    await made.open()
    return made


async def test_others_lose_their_other_streams_once_a_minute_at_most(room: Room) -> None:
    await room.watch("bob", ["cam", "mix"])
    room.look()
    assert room.relay.facts.closed == {}
    room.look()
    assert room.relay.facts.closed == {"bob": CloseReason.CODEC_MISMATCH}

    await room.watch("carl", ["cam", "mix"])
    room.look(4)
    room.look()
    assert "carl" in room.relay.facts.closed  # as much a part of the same change as bob

    await room.watch("dora", ["cam", "mix"])
    room.look(3)
    assert "dora" not in room.relay.facts.closed
    assert (room.is_played("cam"), room.is_played("mix")) == (True, False)

    await room.watch("erin", ["mix"])
    room.look(2)
    assert room.relay.facts.closed.keys() == {"bob", "carl", "erin"}
    room.look(60)
    assert (room.is_played("cam"), room.is_played("mix")) == (True, False)
