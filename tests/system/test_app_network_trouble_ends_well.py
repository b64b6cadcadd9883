"""Requests under way when the room instance or the relay dies, sockets the server closes, and a page offline."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import WebSocketRoute

from tests.system.app_page import engine, login, prepare, said, wait_said
from tests.system.browser import Person
from tests.system.cloud import Cloud
from tests.system.conftest import Arrive
from tests.system.rooms import fresh

STREAM = "async () => { window.media = await zg.createZegoStream({ camera: { video: { quality: 1 } } }); }"
PUBLISH = "(id) => zg.startPublishingStream(id, media, { videoCodec: 'VP8' })"
PLAY = "async (id) => { zg.createRemoteStreamView(await zg.startPlayingStream(id)).play('remote-video'); }"
PLAY_LATER = """(id) => {
    window.played = zg.startPlayingStream(id).then((remote) => zg.createRemoteStreamView(remote).play('remote-video'));
    played.catch(() => undefined);
}"""
SHOWS_NEW_PICTURES = """async () => {
    const video = document.querySelector('#remote-video video');
    if (!video) return false;
    const before = video.currentTime;
    await new Promise((resolve) => video.requestVideoFrameCallback(resolve));
    return video.currentTime >= before;
}"""


@pytest.fixture
def own_cloud(tmp_path: Path) -> Iterator[Cloud]:
    running = Cloud(tmp_path, presence_ttl_s=30)
    try:
        yield running.start(rooms=2)
    finally:
        for process in running.rooms + running.relays:
            if process.popen.poll() is None:
                os.kill(process.pid, signal.SIGCONT)
        running.stop()


def servers(cloud: Cloud) -> list[str]:
    return [f"ws://localhost:{process.port}/ws" for process in cloud.rooms]


async def sees_pictures(person: Person) -> None:
    await person.wait_for(f"({SHOWS_NEW_PICTURES})()", deadline_s=30)


async def test_the_room_instance_is_killed_with_requests_under_way(arrive: Arrive, own_cloud: Cloud) -> None:
    alice, bob = await arrive(fresh("alice"), at=own_cloud), await arrive(fresh("bob"), at=own_cloud)
    problems = await prepare(alice) + await prepare(bob)
    room, stream, second = fresh("room"), fresh("stream"), fresh("second")
    await engine(alice, servers(own_cloud))
    await engine(bob, servers(own_cloud))
    assert await login(alice, room)
    assert await login(bob, room, userUpdate=True)
    await alice.call(STREAM)
    await alice.call(PUBLISH, stream)
    await wait_said(alice, "publisherStateUpdate", stream, "PUBLISHING", 0)
    await wait_said(bob, "roomStreamUpdate", "ADD", [stream])

    # It hears nothing any more: everything from here on is under way when it dies.
    os.kill(own_cloud.rooms[0].pid, signal.SIGSTOP)
    assert await alice.call(PUBLISH, second) is True
    await bob.call(PLAY_LATER, stream)
    await wait_said(alice, "publisherStateUpdate", second, "PUBLISH_REQUESTING", 0)
    await wait_said(bob, "playerStateUpdate", stream, "PLAY_REQUESTING", 0)
    own_cloud.rooms[0].kill()

    await wait_said(alice, "publisherStateUpdate", second, "PUBLISHING", 0)
    await wait_said(bob, "playerStateUpdate", stream, "PLAYING", 0)
    await sees_pictures(bob)
    for person in (alice, bob):
        assert await said(person, "roomStateChanged") == [
            ["LOGINING", 0],
            ["LOGINED", 0],
            ["RECONNECTING", 1000017],
            ["RECONNECTED", 0],
        ]
        assert [event[0] for event in await said(person, "roomStateUpdate")] == [
            "CONNECTING",
            "CONNECTED",
            "CONNECTING",
            "CONNECTED",
        ]
    assert await said(bob, "roomStreamUpdate") == [["ADD", [stream]], ["ADD", [second]]]
    assert await said(bob, "roomUserUpdate") == [["ADD", [alice.user_id]]]

    # The only relay goes, with a request under way, and another comes.
    own_cloud.add_relay()
    await alice.call("said.length = 0")
    await bob.call("said.length = 0")
    os.kill(own_cloud.relays[0].pid, signal.SIGSTOP)
    await bob.call(PLAY_LATER, second)
    await wait_said(bob, "playerStateUpdate", second, "PLAY_REQUESTING", 0)
    own_cloud.relays[0].kill()
    for own in (stream, second):
        await wait_said(alice, "publisherStateUpdate", own, "PUBLISHING", 0)
        await wait_said(bob, "playerStateUpdate", own, "PLAYING", 0)
    await bob.wait_for("played.then(() => true)")
    await sees_pictures(bob)
    for state in await said(alice, "publisherStateUpdate"):
        assert state[1] != "NO_PUBLISH"
    for state in await said(bob, "playerStateUpdate"):
        assert state[1] != "NO_PLAY"
    interrupted = [s for s in await said(alice, "publisherStateUpdate") if s[1] == "PUBLISH_REQUESTING"]
    assert interrupted
    assert all(code != 0 for _, _, code in interrupted)
    assert await said(alice, "roomStateChanged") == []
    assert problems == []


async def test_a_socket_the_server_closes_is_resumed(arrive: Arrive) -> None:
    alice, bob = await arrive(fresh("alice")), await arrive(fresh("bob"))
    problems = await prepare(bob)
    routes: list[WebSocketRoute] = []

    def route(socket: WebSocketRoute) -> None:
        routes.append(socket)
        socket.connect_to_server()

    await bob.page.route_web_socket("**/ws", route)
    await bob.page.reload()
    await bob.page.add_script_tag(url=f"{bob.cloud.url()}/sdk/ZegoExpressWebRTC.js")
    problems += await prepare(bob) + await prepare(alice)
    room, stream = fresh("room"), fresh("stream")
    await engine(alice)
    await engine(bob)
    assert await login(bob, room)
    assert await login(alice, room, userUpdate=True)
    await alice.call(STREAM)
    await alice.call(PUBLISH, stream)
    await wait_said(bob, "roomStreamUpdate", "ADD", [stream])
    await bob.call(PLAY, stream)
    await sees_pictures(bob)

    for code in (4008, 1011):
        await bob.call("said.length = 0")
        await routes[-1].close(code=code, reason="test")
        await wait_said(bob, "roomStateChanged", "RECONNECTED", 0)
        assert await said(bob, "roomStateChanged") == [["RECONNECTING", 1000017], ["RECONNECTED", 0]]
        # Media never stopped, so the stream has nothing to say.
        assert await said(bob, "playerStateUpdate", "roomStreamUpdate") == []
        await sees_pictures(bob)
    assert len(routes) == 3
    assert await said(alice, "roomUserUpdate") == [["ADD", [bob.user_id]]]

    # Offline, with something happening meanwhile: it is told afterwards, once.
    await bob.call("said.length = 0")
    await bob.page.context.set_offline(True)
    await routes[-1].close(code=1011, reason="test")
    await wait_said(bob, "roomStateChanged", "RECONNECTING", 1000017)
    message = "(room) => zg.sendBroadcastMessage(room, 'while you were away').then((result) => result.errorCode)"
    assert await alice.call(message, room) == 0
    await bob.page.wait_for_timeout(3000)
    assert (await said(bob, "roomStateChanged")) == [["RECONNECTING", 1000017]]
    await bob.page.context.set_offline(False)
    await wait_said(bob, "roomStateChanged", "RECONNECTED", 0)
    await wait_said(bob, "IMRecvBroadcastMessage", "while you were away")
    assert await said(bob, "IMRecvBroadcastMessage") == [["while you were away"]]
    assert await said(alice, "roomUserUpdate") == [["ADD", [bob.user_id]]]
    await sees_pictures(bob)
    assert problems == []


async def test_it_gives_up_when_the_time_for_it_is_over(arrive: Arrive, own_cloud: Cloud) -> None:
    alice = await arrive(fresh("alice"), at=own_cloud)
    problems = await prepare(alice)
    stream = fresh("stream")
    await engine(alice, servers(own_cloud))
    assert await alice.call("zg.setEngineConfig('room_retry_time=1')") is True
    assert await login(alice, fresh("room"))
    await alice.call(STREAM)
    await alice.call(PUBLISH, stream)
    await wait_said(alice, "publisherStateUpdate", stream, "PUBLISHING", 0)
    for process in own_cloud.rooms:
        process.kill()
    await wait_said(alice, "roomStateChanged", "RECONNECT_FAILED", 1002053)
    assert (await said(alice))[-3:] == [
        ["publisherStateUpdate", stream, "NO_PUBLISH", 1002053],
        ["roomStateUpdate", "DISCONNECTED", 1002053],
        ["roomStateChanged", "RECONNECT_FAILED", 1002053],
    ]
    await alice.wait_for("salon.connections.every((each) => each.connectionState === 'closed')")
    assert problems == []
