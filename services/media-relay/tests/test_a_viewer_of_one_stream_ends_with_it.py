"""A WHEP player cannot be told to offer again: when its stream ends it is closed, which it notices and may try anew."""

import asyncio
from collections.abc import Callable

import pytest
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack
from salon_contracts.ids import AppId, StreamId, TransportId
from salon_relay.peers.peer import CloseReason
from salon_testing.relay.running import RunningRelay

ReadOffer = Callable[[str], str]
CAM = [("0", "cam"), ("1", "cam")]


def publish(relay: RunningRelay, read_offer: ReadOffer, name: str, stream: str = "cam", **more: str) -> None:
    relay.negotiate(name, read_offer("obs_whip"), sends=True, single=stream, **more)  # type: ignore[arg-type]


def watch(relay: RunningRelay, read_offer: ReadOffer, name: str, stream: str = "cam") -> list[tuple[str, str, str]]:
    playable = frozenset({""})
    offer = read_offer("chromium_156_publish_vp8").replace("a=sendonly", "a=recvonly")
    _, flowing = relay.negotiate(name, offer, sends=False, single=stream, playable_room_ids=playable)
    assert flowing
    return flowing


async def test_its_player_is_closed_and_nobody_else(relay: RunningRelay, read_offer: ReadOffer) -> None:
    publish(relay, read_offer, "p")
    publish(relay, read_offer, "p-other", "other")
    watch(relay, read_offer, "v-1")
    watch(relay, read_offer, "v-2")
    watch(relay, read_offer, "v-other", "other")
    relay.negotiate("sdk", read_offer("chromium_156_publish_vp8").replace("a=sendonly", "a=recvonly"), CAM, sends=False)
    relay.router.close(TransportId("p"))
    ended = CloseReason.STREAM_ENDED
    assert relay.facts.closed == {"p": CloseReason.ORDERED, "v-1": ended, "v-2": ended}
    assert relay.router.transports == 3
    relay.router.close(TransportId("p-other"))
    assert relay.facts.closed["v-other"] is ended  # type: ignore[index]
    assert (relay.router.transports, relay.router.registry.sinks) == (1, 0)


@pytest.mark.parametrize("room", ["room", "another"])
async def test_one_that_begins_anew_ends_the_players_of_the_old(
    relay: RunningRelay, read_offer: ReadOffer, room: str
) -> None:
    publish(relay, read_offer, "p", room_id=room)
    watch(relay, read_offer, "v")
    publish(relay, read_offer, "p-again", room_id=room)
    assert relay.facts.closed == {"v": CloseReason.STREAM_ENDED}
    watch(relay, read_offer, "v-again")
    relay.router.close(TransportId("p"))  # the old connection, which has nothing any more
    assert relay.facts.closed == {"v": CloseReason.STREAM_ENDED, "p": CloseReason.ORDERED}
    assert relay.router.registry.exists(AppId(1), StreamId("cam"))


async def test_one_that_loses_its_picture_is_heard_on(relay: RunningRelay, read_offer: ReadOffer) -> None:
    offer = read_offer("chromium_156_publish_vp8")
    relay.negotiate("p", offer, CAM, sends=True)
    watch(relay, read_offer, "v")
    relay.negotiate("p", offer, [("0", "cam"), ("1", "elsewhere")], sends=True)
    assert relay.facts.closed == {}
    relay.negotiate("p", offer, [("0", "elsewhere"), ("1", "elsewhere")], sends=True)
    assert relay.facts.closed == {"v": CloseReason.STREAM_ENDED}


async def test_the_player_hears_of_it(relay: RunningRelay) -> None:
    async def client(name: str, *, sends: bool) -> RTCPeerConnection:
        connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        if sends:
            connection.addTransceiver(AudioStreamTrack(), direction="sendonly")
        else:
            connection.addTransceiver("audio", direction="recvonly")
        await connection.setLocalDescription(await connection.createOffer())
        answer, _ = relay.negotiate(name, connection.localDescription.sdp, sends=sends, single="cam")
        await connection.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        await relay.facts.until(lambda: name in relay.facts.opened)
        return connection

    publisher = await client("p", sends=True)
    player = await client("v", sends=False)
    await asyncio.wait_for(player.getReceivers()[0].track.recv(), 20)
    closed = asyncio.Event()

    def look() -> None:
        if player.connectionState in ("closed", "failed"):
            closed.set()

    player.on("connectionstatechange", look)
    await publisher.close()
    await asyncio.wait_for(closed.wait(), 20)
    assert relay.facts.closed[TransportId("v")] is CloseReason.STREAM_ENDED
