"""Version 2 calls, views of every kind, handlers, and the server argument in all the forms found in public code."""

import pytest
from salon_kit.testing import free_port

from tests.system.app_page import engine, login, prepare, said, wait_said
from tests.system.conftest import Arrive
from tests.system.rooms import fresh

CREATE_STREAM = """async (streamID) => {
    const localStream = window.media = await zg.createStream({ camera: { audio: true, video: true, videoQuality: 2 } });
    document.querySelector('#plain').srcObject = localStream;
    const first = zg.createLocalStreamView(localStream);
    first.play('local-video');
    return [localStream instanceof MediaStream, zg.startPublishingStream(streamID, localStream)];
}"""

CREATE_STREAM_SILENTLY = """async () => {
    window.media = await zg.createStream({ camera: { audio: false, video: true, videoQuality: 1 } });
}"""

LOCAL_VIEW_OF_A_V3_STREAM = """async () => {
    const stream = window.second = await zg.createZegoStream({ camera: { video: { quality: 1 }, audio: true } });
    const view = window.view = zg.createLocalStreamView(stream);
    view.play(document.querySelector('#play-view'), { mirror: true, objectFit: 'cover' });
    return document.querySelector('#play-view video').muted;
}"""

HANDLERS = """() => {
    const zg = new ZegoExpressEngine(1, 'ws://localhost:1');
    const order = [];
    const one = () => order.push('one');
    const two = () => order.push('two');
    const results = [zg.on('roomStateChanged', one), zg.on('roomStateChanged', two)];
    zg.logoutRoom('nowhere');
    results.push(zg.off('roomStateChanged', one), zg.off('roomStateChanged', one));
    zg.logoutRoom('nowhere');
    results.push(zg.off('roomStateChanged'));
    zg.logoutRoom('nowhere');
    return [results, order];
}"""


async def test_version_2_calls_and_views(arrive: Arrive) -> None:
    alice = await arrive(fresh("alice"))
    problems = await prepare(alice)
    await engine(alice, [])
    room, stream = fresh("room"), fresh("stream")
    assert await login(alice, room)
    assert await alice.call(CREATE_STREAM, stream) == [True, True]
    await wait_said(alice, "publisherStateUpdate", stream, "PUBLISHING", 0)
    await alice.wait_for("playing('#local-video video') && playing('#plain')")

    # A local view is silent unless it is asked to sound.
    assert await alice.call(LOCAL_VIEW_OF_A_V3_STREAM) is True
    await alice.wait_for("playing('#play-view video') && view.getVideoWidth() === 320 && view.getVideoHeight() === 240")
    snapshot = await alice.call("view.takeStreamSnapshot()")
    assert snapshot.startswith("data:image/png;base64,")

    # One's own stream may be played too, and a second time is refused.
    play = "async (id) => { window.own = await zg.startPlayingStream(id); return own instanceof MediaStream; }"
    assert await alice.call(play, stream) is True
    await alice.call("() => zg.createRemoteStreamView(own).play('remote-video', { muted: true })")
    await alice.wait_for("playing('#remote-video video')")
    assert await alice.call("(id) => failure(zg.startPlayingStream(id))", stream) == 1104032

    # Places that are not there, or are themselves a player, break nothing.
    await alice.call("() => { zg.createRemoteStreamView(own).play('no-such-element'); second.playVideo(null); }")
    await alice.call("() => second.playVideo(document.querySelector('#plain'))")
    await alice.wait_for("document.querySelector('#plain').srcObject === second.stream && playing('#plain')")
    await alice.call("() => second.stopVideo()")
    assert await alice.call("[document.contains(document.querySelector('#plain')), plain.srcObject]") == [True, None]

    await alice.call("() => { zg.destroyStream(media); zg.destroyStream(second); zg.destroyEngine(); }")
    assert await alice.call("captured.every((track) => track.readyState === 'ended')")
    assert problems == []


async def test_handlers_run_in_order_and_are_taken_off(arrive: Arrive) -> None:
    alice = await arrive(fresh("alice"))
    problems = await prepare(alice)
    results, order = await alice.call(HANDLERS)
    assert results == [True, True, True, False, True]
    assert order == ["one", "two", "two"]
    thrower = """() => {
        const zg = new ZegoExpressEngine(1, 'ws://localhost:1');
        let reached = false;
        zg.on('roomStateChanged', () => { throw new Error('of the app'); });
        zg.on('roomStateChanged', () => { reached = true; });
        zg.logoutRoom();
        return reached;
    }"""
    assert await alice.call(thrower) is True
    assert problems == ["uncaught: of the app"]


@pytest.mark.parametrize("form", ["empty", "null", "address", "array", "dead-first"])
async def test_every_form_of_the_server_argument(arrive: Arrive, form: str) -> None:
    alice = await arrive(fresh("alice"))
    problems = await prepare(alice)
    own = alice.cloud.url().replace("http", "ws") + "/ws"
    dead = f"ws://localhost:{free_port()}/ws"
    forms = {"empty": "", "null": None, "address": own, "array": [own, dead], "dead-first": [dead, own]}
    await engine(alice, forms[form])
    assert await login(alice, fresh("room"))
    assert await said(alice, "roomStateChanged") == [["LOGINING", 0], ["LOGINED", 0]]
    assert problems == []


async def test_the_module_has_the_same_exports(arrive: Arrive) -> None:
    alice = await arrive(fresh("alice"))
    problems = await prepare(alice)
    imported = """async () => {
        const { ZegoExpressEngine, WebRTCUtil } = await import('/sdk/ZegoExpressWebRTC.mjs');
        const zg = window.zg = record(new ZegoExpressEngine(%d, ''));
        return [typeof WebRTCUtil, zg.getVersion() === ZegoExpressEngine.version];
    }"""
    assert await alice.call(imported % alice.cloud.app_id) == ["object", True]
    assert await login(alice, fresh("room"))
    assert problems == []


async def test_playing_may_begin_before_the_log_in_is_done(arrive: Arrive) -> None:
    alice, bob = await arrive(fresh("alice")), await arrive(fresh("bob"))
    problems = await prepare(alice) + await prepare(bob)
    room, stream = fresh("room"), fresh("stream")
    await engine(alice)
    await engine(bob)
    await alice.call(CREATE_STREAM_SILENTLY, stream)
    assert await login(alice, room)
    assert await alice.call("(id) => zg.startPublishingStream(id, media)", stream) is True
    await wait_said(alice, "publisherStateUpdate", stream, "PUBLISHING", 0)
    at_once = """async ([roomID, token, userID, id]) => {
        zg.loginRoom(roomID, token, { userID, userName: '' });
        const remote = await zg.startPlayingStream(id);
        zg.createRemoteStreamView(remote).play('remote-video');
        return [remote.getAudioTracks().length, remote.getVideoTracks().length];
    }"""
    assert await bob.call(at_once, [room, bob.cloud.mint(bob.user_id), bob.user_id, stream]) == [0, 1]
    await bob.wait_for("playing('#remote-video video')")
    await wait_said(bob, "roomStreamUpdate", "ADD", [stream])
    assert problems == []
