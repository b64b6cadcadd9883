"""A connected publisher that never sends anything gives its place up; one that has sent may be silent."""

import asyncio

from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack, MediaStreamTrack
from salon.relay.v1 import relay_pb2
from salon_relay.event_record import EventRecord
from salon_relay.peers.peer import CloseReason
from salon_relay.peers.quotas import Limits
from salon_testing.relay.running import MakeRelay, RunningRelay, identity

LIMITS = Limits(transports=10, half_open=10, setup_timeout_s=30.0, media_timeout_s=2.0)


class Silence(MediaStreamTrack):
    """Never has anything to send."""

    kind = "audio"

    async def recv(self) -> None:  # type: ignore[override]
        await asyncio.Event().wait()


async def connected(relay: RunningRelay, track: MediaStreamTrack | None, name: str = "p") -> RTCPeerConnection:
    """A publisher, or a viewer when it has no track, whose DTLS is through."""
    client = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    if track is None:
        client.addTransceiver("audio", direction="recvonly")
    else:
        client.addTransceiver(track, direction="sendonly")
    await client.setLocalDescription(await client.createOffer())
    sdp = client.localDescription.sdp
    stream_id = "other" if name == "silent" else "cam"
    answer, _ = relay.negotiate(name, sdp, [("0", stream_id)], sends=track is not None)
    await client.setRemoteDescription(RTCSessionDescription(answer, "answer"))
    await relay.facts.until(lambda: name in relay.facts.opened)
    return client


async def test_publisher_that_never_sends_is_closed(make_relay: MakeRelay) -> None:
    async with make_relay(LIMITS) as relay:
        client = await connected(relay, Silence())
        await relay.facts.until(lambda: bool(relay.facts.closed))
        assert relay.facts.closed == {"p": CloseReason.NO_MEDIA}
        assert (relay.router.transports, relay.router.registry.streams) == (0, 0)
        await client.close()


async def test_publisher_that_has_sent_and_viewers_stay(make_relay: MakeRelay) -> None:
    async with make_relay(LIMITS) as relay:
        track = AudioStreamTrack()
        publisher = await connected(relay, track, "sends")
        viewer = await connected(relay, None, "watches")
        await asyncio.wait_for(viewer.getReceivers()[0].track.recv(), 20)
        track.stop()  # silent from now on
        silent = await connected(relay, Silence(), "silent")
        # The silent one is younger: when its time is over, that of the others is as well.
        await relay.facts.until(lambda: "silent" in relay.facts.closed)
        assert relay.facts.closed == {"silent": CloseReason.NO_MEDIA}
        for client in (publisher, viewer, silent):
            await client.close()


async def test_reason_is_on_the_record() -> None:
    events: list[relay_pb2.TransportClosed] = []
    record = EventRecord("relay-1", lambda entity, message: events.append(message))  # type: ignore[arg-type]
    for reason in CloseReason:
        record.transport_closed(identity("p", sends=True), reason, 1, None)
    written = {reason: event.reason for reason, event in zip(CloseReason, events, strict=True)}
    assert len(set(written.values())) == len(CloseReason)
    assert written[CloseReason.NO_MEDIA] == relay_pb2.TRANSPORT_CLOSE_REASON_NO_MEDIA
