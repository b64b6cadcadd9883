"""RFC 9725 and its egress twin, spoken by an ordinary WebRTC client that knows nothing of Salon."""

import asyncio
import json
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.message import Message

import numpy as np
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from av import AudioFrame, VideoFrame
from salon_sdk import PatternVideo, ToneAudio

from tests.system.cloud import Cloud
from tests.system.conftest import Arrive
from tests.system.rooms import fresh


@dataclass
class Answer:
    status: int
    headers: Message
    body: str


async def http(
    method: str, url: str, token: str | None, body: str = "", content_type: str = "application/sdp"
) -> Answer:
    def send() -> Answer:
        request = urllib.request.Request(url, data=body.encode() if body else None, method=method)
        if token is not None:
            request.add_header("Authorization", f"Bearer {token}")
        if body:
            request.add_header("Content-Type", content_type)
        try:
            with urllib.request.urlopen(request, timeout=15) as answer:
                return Answer(answer.status, answer.headers, answer.read().decode())
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.headers, error.read().decode())

    return await asyncio.to_thread(send)


def resource(cloud: Cloud, kind: str, room: str, stream: str) -> str:
    return f"{cloud.url()}/{kind}?app_id={cloud.app_id}&room_id={room}&stream_id={stream}"


@asynccontextmanager
async def session(
    kind: str, cloud: Cloud, room: str, stream: str, token: str
) -> AsyncIterator[tuple[RTCPeerConnection, str]]:
    peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    if kind == "whip":
        peer.addTrack(ToneAudio())
        peer.addTrack(PatternVideo())
    else:
        peer.addTransceiver("audio", direction="recvonly")
        peer.addTransceiver("video", direction="recvonly")
    await peer.setLocalDescription(await peer.createOffer())
    answer = await http("POST", resource(cloud, kind, room, stream), token, peer.localDescription.sdp)
    assert answer.status == 201, answer.body
    assert answer.headers["Content-Type"].startswith("application/sdp")
    assert "a=candidate:" in answer.body
    location = answer.headers["Location"]
    await peer.setRemoteDescription(RTCSessionDescription(answer.body, "answer"))
    try:
        yield peer, location if location.startswith("http") else cloud.url() + location
    finally:
        await peer.close()


async def test_a_whip_publisher_is_seen_by_browsers_and_gone_after_delete(arrive: Arrive, cloud: Cloud) -> None:
    room, stream, user = fresh("room"), fresh("whip"), fresh("encoder")
    bob = await arrive(fresh("bob"))
    await bob.auto_play()
    await bob.login(room, userUpdate=True)
    token = cloud.mint(user)
    async with session("whip", cloud, room, stream, token) as (_, location):
        users = await bob.wait_event("roomUserUpdate", "args[1] === 'ADD'")
        assert users[2][0]["userID"] == user
        await bob.wait_for("(id) => salon.frames[id]", stream)
        await bob.sees(stream)
        await bob.hears(stream)
        assert (await http("DELETE", location, token)).status == 200
        gone = await bob.wait_event("roomStreamUpdate", "args[1] === 'DELETE'")
        assert gone[2][0]["streamID"] == stream
        await bob.wait_event("roomUserUpdate", "args[1] === 'DELETE'")
        assert (await http("DELETE", location, token)).status == 404


async def test_a_whip_publisher_that_vanishes_is_logged_out(arrive: Arrive, cloud: Cloud) -> None:
    room, stream, user = fresh("room"), fresh("whip"), fresh("encoder")
    bob = await arrive(fresh("bob"))
    await bob.login(room, userUpdate=True)
    async with session("whip", cloud, room, stream, cloud.mint(user)):
        await bob.wait_event("roomStreamUpdate", "args[1] === 'ADD'")
    await bob.wait_event("roomStreamUpdate", "args[1] === 'DELETE'", deadline_s=45)
    await bob.wait_event("roomUserUpdate", "args[1] === 'DELETE'")


async def test_a_whep_viewer_sees_and_hears_a_browser(arrive: Arrive, cloud: Cloud) -> None:
    room, stream = fresh("room"), fresh("camera")
    alice = await arrive(fresh("alice"))
    await alice.login(room, userUpdate=True)
    await alice.publish(stream, None, {"videoCodec": "VP8"})
    await alice.wait_event("publisherStateUpdate", "args[0].state === 'PUBLISHING'")
    token = cloud.mint(fresh("viewer"))
    async with session("whep", cloud, room, stream, token) as (peer, location):
        video = next(t.receiver.track for t in peer.getTransceivers() if t.kind == "video")
        audio = next(t.receiver.track for t in peer.getTransceivers() if t.kind == "audio")
        times = []
        for _ in range(20):
            frame = await asyncio.wait_for(video.recv(), 10)
            assert isinstance(frame, VideoFrame)
            assert frame.width * 3 == frame.height * 4
            assert frame.pts is not None
            times.append(frame.pts)
        assert times == sorted(set(times))
        loudest = 0
        for _ in range(150):
            sound = await asyncio.wait_for(audio.recv(), 10)
            assert isinstance(sound, AudioFrame)
            loudest = max(loudest, int(np.abs(sound.to_ndarray()).max()))
        assert loudest > 500, "the fake microphone's beep did not arrive"
        assert (await http("DELETE", location, token)).status == 200
    assert await alice.events("roomUserUpdate") == [], "a WHEP viewer is no user of the room"


async def test_a_whep_viewer_is_closed_with_its_stream_and_may_come_again(cloud: Cloud) -> None:
    room, stream = fresh("room"), fresh("whip")
    encoder, viewer = cloud.mint(fresh("encoder")), cloud.mint(fresh("viewer"))
    for _ in range(2):
        async with (
            session("whip", cloud, room, stream, encoder) as (_, sent_to),
            session("whep", cloud, room, stream, viewer) as (peer, played_from),
        ):
            video = next(t.receiver.track for t in peer.getTransceivers() if t.kind == "video")
            await asyncio.wait_for(video.recv(), 20)
            for location in (sent_to, played_from):
                trickled = await http("PATCH", location, None, "a=end-of-candidates", "application/trickle-ice-sdpfrag")
                assert trickled.status == 204
            is_over = asyncio.Event()

            def look(peer: RTCPeerConnection = peer, is_over: asyncio.Event = is_over) -> None:
                if peer.connectionState in ("closed", "failed"):
                    is_over.set()

            peer.on("connectionstatechange", look)
            assert (await http("DELETE", sent_to, encoder)).status == 200
            await asyncio.wait_for(is_over.wait(), 20)


async def test_each_way_of_being_wrong_has_its_status(arrive: Arrive, cloud: Cloud) -> None:
    room, stream = fresh("room"), fresh("camera")
    alice = await arrive(fresh("alice"))
    await alice.login(room)
    await alice.publish(stream, None, {"videoCodec": "VP8"})
    await alice.wait_event("publisherStateUpdate", "args[0].state === 'PUBLISHING'")
    peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    peer.addTrack(PatternVideo())
    await peer.setLocalDescription(await peer.createOffer())
    offer = peer.localDescription.sdp
    token = cloud.mint(fresh("encoder"))
    watch_only = json.dumps({"room_id": "", "privilege": {"1": 1, "2": 0}, "stream_id_list": None})

    async def status(kind: str, stream: str, token: str | None, body: str = offer) -> int:
        answer = await http("POST", resource(cloud, kind, room, stream), token, body)
        if answer.status != 201:
            problem = json.loads(answer.body)["error"]
            assert problem["code"]
            assert problem["message"]
        return answer.status

    assert await status("whip", fresh("whip"), None) == 401
    assert await status("whip", fresh("whip"), "04bm90aGluZw==") == 401
    assert await status("whip", fresh("whip"), cloud.mint(fresh("encoder"), lifetime_s=-10)) == 401
    assert await status("whip", fresh("whip"), cloud.mint(fresh("encoder"), payload=watch_only)) == 403
    assert await status("whip", stream, token) == 409
    assert await status("whip", "100%25-camera", token) == 400
    assert await status("whip", fresh("whip"), token, "v=0") == 400
    assert await status("whep", "no-such-stream", token) == 404
    patched = await http(
        "PATCH", resource(cloud, "whip", room, stream), token, "a=candidate:", "application/trickle-ice-sdpfrag"
    )
    assert patched.status == 405
    options = await http("OPTIONS", resource(cloud, "whip", room, stream), None)
    assert options.status in {200, 204}
    await peer.close()
