"""Publisher and viewer on aiortc, the real packet path between them: pictures and sound arrive, come and go."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

import pytest
from aiortc import RTCPeerConnection, RTCRtpTransceiver, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack, MediaStreamTrack, VideoStreamTrack
from salon_contracts.errors import OfferUnacceptable, StreamNotFound, TransportNotFound
from salon_contracts.ids import TransportId
from salon_kit.trace import caused_by
from salon_relay.peers.peer import CloseReason
from salon_testing.relay.running import RunningRelay

pytestmark = pytest.mark.timeout(120)

DEADLINE_S = 40.0


class Client:
    """One aiortc peer connection and the stream of each of its transceivers."""

    def __init__(self, relay: RunningRelay, transport_id: str, *, sends: bool) -> None:
        self.relay = relay
        self.transport_id = transport_id
        self.sends = sends
        self.connection = RTCPeerConnection()
        self.bound: list[tuple[RTCRtpTransceiver, str]] = []

    def publish(self, stream_id: str) -> None:
        for track in (AudioStreamTrack(), VideoStreamTrack()):
            self.bound.append((self.connection.addTransceiver(track, direction="sendonly"), stream_id))

    def play(self, stream_id: str) -> None:
        for kind in ("audio", "video"):
            self.bound.append((self.connection.addTransceiver(kind, direction="recvonly"), stream_id))

    def tracks(self, stream_id: str) -> list[MediaStreamTrack]:
        """Audio and video of a stream that is being played."""
        return [transceiver.receiver.track for transceiver, bound in self.bound if bound == stream_id]

    async def until(self, state: str) -> None:
        """Waits for a connection state."""
        changed = asyncio.Event()
        self.connection.on("connectionstatechange", changed.set)
        async with asyncio.timeout(DEADLINE_S):
            while self.connection.connectionState != state:
                changed.clear()
                await changed.wait()

    def drop(self, stream_id: str) -> None:
        for transceiver, bound in self.bound:
            if bound == stream_id:
                transceiver.direction = "inactive"
        self.bound = [(transceiver, bound) for transceiver, bound in self.bound if bound != stream_id]

    async def offer(self) -> list[tuple[str, str, str]]:
        """Negotiates; what flows."""
        await self.connection.setLocalDescription(await self.connection.createOffer())
        tracks = [(transceiver.mid or "", stream_id) for transceiver, stream_id in self.bound]
        sdp = self.connection.localDescription.sdp
        answer, flowing = self.relay.negotiate(self.transport_id, sdp, tracks, sends=self.sends)
        await self.connection.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        return flowing


@contextlib.asynccontextmanager
async def client(relay: RunningRelay, transport_id: str, *, sends: bool) -> AsyncIterator[Client]:
    made = Client(relay, transport_id, sends=sends)
    try:
        yield made
    finally:
        await made.connection.close()


async def receive(track: MediaStreamTrack, frames: int) -> None:
    async with asyncio.timeout(DEADLINE_S):
        for _ in range(frames):
            await track.recv()


async def test_peer_that_leaves_later_is_not_closed_by_its_offer(relay: RunningRelay) -> None:
    async with client(relay, "p", sends=True) as publisher:
        publisher.publish("cam")
        with caused_by("offer"):
            await publisher.offer()
        await publisher.until("connected")
    await relay.facts.until(lambda: bool(relay.facts.closed))
    assert relay.facts.causes == {"opened": "offer", "closed": None}


async def test_picture_and_sound_arrive(relay: RunningRelay) -> None:
    async with client(relay, "p", sends=True) as publisher, client(relay, "v", sends=False) as viewer:
        publisher.publish("cam")
        assert await publisher.offer() == [("0", "cam", "opus"), ("1", "cam", "VP8")]
        viewer.play("cam")
        assert await viewer.offer() == [("0", "cam", "opus"), ("1", "cam", "VP8")]
        audio, video = viewer.tracks("cam")
        await receive(audio, 10)
        await receive(video, 5)
        assert relay.facts.opened == ["p", "v"]
        assert relay.path.stats()["stale_commands"] == 0


async def test_viewer_adds_and_removes_a_stream(relay: RunningRelay) -> None:
    async with (
        client(relay, "p", sends=True) as publisher,
        client(relay, "q", sends=True) as second,
        client(relay, "v", sends=False) as viewer,
    ):
        publisher.publish("cam")
        second.publish("screen")
        await publisher.offer()
        await second.offer()
        viewer.play("cam")
        await viewer.offer()
        first_audio, first_video = viewer.tracks("cam")
        await receive(first_video, 2)

        viewer.play("screen")
        flowing = await viewer.offer()
        assert [stream_id for _, stream_id, _ in flowing] == ["cam", "cam", "screen", "screen"]
        second_audio, second_video = viewer.tracks("screen")
        await receive(second_video, 2)
        await receive(second_audio, 2)
        await receive(first_audio, 2)

        viewer.drop("cam")
        assert [stream_id for _, stream_id, _ in await viewer.offer()] == ["screen", "screen"]
        assert relay.router.registry.sinks == 2
        await receive(second_video, 2)


async def test_stream_that_ends_is_left_out_of_the_next_answer(relay: RunningRelay) -> None:
    async with client(relay, "v", sends=False) as viewer:
        async with client(relay, "p", sends=True) as publisher:
            publisher.publish("cam")
            await publisher.offer()
            viewer.play("cam")
            await viewer.offer()
            _, video = viewer.tracks("cam")
            await receive(video, 2)
        await relay.facts.until(lambda: "p" in relay.facts.closed)
        assert relay.router.registry.streams == 0
        assert relay.router.registry.sinks == 0
        assert await viewer.offer() == []

        async with client(relay, "p2", sends=True) as publisher:
            publisher.publish("cam")
            await publisher.offer()
            assert [stream_id for _, stream_id, _ in await viewer.offer()] == ["cam", "cam"]
            _, video = viewer.tracks("cam")
            await receive(video, 2)


async def test_publisher_that_comes_back_replaces_itself(relay: RunningRelay) -> None:
    async with client(relay, "p", sends=True) as publisher, client(relay, "p2", sends=True) as again:
        publisher.publish("cam")
        await publisher.offer()
        again.publish("cam")
        await again.offer()
        async with client(relay, "v", sends=False) as viewer:
            viewer.play("cam")
            await viewer.offer()
            _, video = viewer.tracks("cam")
            await receive(video, 2)
            await publisher.connection.close()
            await relay.facts.until(lambda: "p" in relay.facts.closed)
            assert relay.router.registry.streams == 1
            await receive(video, 5)


async def test_client_that_closes_is_reported(relay: RunningRelay) -> None:
    async with client(relay, "p", sends=True) as publisher:
        publisher.publish("cam")
        await publisher.offer()
        await publisher.until("connected")
    await relay.facts.until(lambda: bool(relay.facts.closed))
    assert relay.facts.closed == {"p": CloseReason.PEER_CLOSED}
    assert relay.router.transports == 0


async def test_relay_that_stops_says_good_bye(relay: RunningRelay) -> None:
    async with client(relay, "p", sends=True) as publisher:
        publisher.publish("cam")
        await publisher.offer()
        await publisher.until("connected")
        relay.router.close_all()
        assert relay.facts.closed == {"p": CloseReason.RELAY_STOPPED}
        await publisher.until("closed")


async def test_refused_offer_changes_nothing(relay: RunningRelay) -> None:
    async with client(relay, "p", sends=True) as publisher, client(relay, "v", sends=False) as viewer:
        publisher.publish("cam")
        await publisher.offer()
        viewer.play("cam")
        await viewer.offer()
        _, video = viewer.tracks("cam")
        await receive(video, 2)
        viewer.play("unknown")
        with pytest.raises(StreamNotFound):
            await viewer.offer()
        assert relay.router.registry.sinks == 2
        await receive(video, 2)


async def test_ice_restart_is_refused_cleanly(relay: RunningRelay) -> None:
    async with client(relay, "p", sends=True) as publisher:
        publisher.publish("cam")
        await publisher.offer()
        sdp = publisher.connection.localDescription.sdp
        ufrag = next(line for line in sdp.splitlines() if line.startswith("a=ice-ufrag:"))
        with pytest.raises(OfferUnacceptable, match="restarts ICE"):
            relay.negotiate("p", sdp.replace(ufrag, "a=ice-ufrag:another"), [("0", "cam")], sends=True)
        assert relay.router.transports == 1


async def test_closed_peer_connection_cannot_be_offered_on(relay: RunningRelay) -> None:
    async with client(relay, "p", sends=True) as publisher:
        publisher.publish("cam")
        await publisher.offer()
        relay.router.close(TransportId(publisher.transport_id))
        with pytest.raises(TransportNotFound):
            await publisher.offer()


async def test_streams_of_other_apps_are_not_found(relay: RunningRelay, read_offer: Callable[[str], str]) -> None:
    relay.negotiate("p", read_offer("obs_whip"), sends=True, single="cam")
    with pytest.raises(StreamNotFound):
        relay.negotiate("v", read_offer("chromium_156_play_two"), [("0", "cam")], sends=False, app_id=2)
