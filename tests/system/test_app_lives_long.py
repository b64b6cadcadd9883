"""A page that stays open: many streams come and go, and nothing piles up; at the end everything is given back."""

from collections.abc import Mapping

import pytest

from tests.system.app_page import engine, login, prepare, said, wait_said
from tests.system.conftest import Arrive
from tests.system.rooms import fresh

CYCLES = 30

# Each turn waits for what the app would wait for, on both pages.
PUBLISH_ONCE = """async ([id, turn]) => {
    const stream = await zg.createZegoStream({ camera: { video: { quality: 1 }, audio: true } });
    stream.playVideo(document.querySelector('#local-video'));
    window.current = stream;
    return zg.startPublishingStream(id, stream, { videoCodec: 'VP8' });
}"""
STOP_ONCE = """(id) => {
    const ok = zg.stopPublishingStream(id);
    zg.destroyStream(current);
    return ok;
}"""
PLAY_EVERYTHING = """() => zg.on('roomStreamUpdate', async (room, type, list) => {
    for (const { streamID } of list) {
        if (type === 'DELETE') { zg.stopPlayingStream(streamID); continue; }
        const remote = await zg.startPlayingStream(streamID).catch(() => null);
        if (remote !== null) zg.createRemoteStreamView(remote).play('remote-video');
    }
})"""
SIZE = """() => {
    const open = salon.connections.filter((each) => each.connectionState !== 'closed');
    return {
        connections: salon.connections.length,
        transceivers: Math.max(...open.map((each) => each.getTransceivers().length)),
        sdp: Math.max(...open.map((each) => each.localDescription.sdp.length)),
        videos: document.querySelectorAll('video').length,
        sockets: sockets.length,
    };
}"""
RELEASED = """() => ({
    connections: salon.connections.every((each) => each.connectionState === 'closed'),
    sockets: sockets.every((each) => each.readyState === WebSocket.CLOSED),
    devices: captured.every((track) => track.readyState === 'ended'),
    elements: document.querySelectorAll('#local-video *, #remote-video *, #screen-video *').length,
})"""
GIVEN_BACK = {"connections": True, "sockets": True, "devices": True, "elements": 0}


@pytest.mark.long
async def test_thirty_streams_come_and_go(arrive: Arrive) -> None:
    alice, bob = await arrive(fresh("alice")), await arrive(fresh("bob"))
    problems = await prepare(alice) + await prepare(bob)
    room = fresh("room")
    await engine(alice)
    await engine(bob)
    await bob.call(PLAY_EVERYTHING)
    assert await login(alice, room)
    assert await login(bob, room)
    sizes = []
    for turn in range(CYCLES):
        stream = fresh("stream") if turn % 2 else "again-" + room
        await alice.call("said.length = 0")
        await bob.call("said.length = 0")
        assert await alice.call(PUBLISH_ONCE, [stream, turn]) is True
        await wait_said(bob, "playerStateUpdate", stream, "PLAYING", 0)
        assert await alice.call(STOP_ONCE, stream) is True
        await wait_said(bob, "playerStateUpdate", stream, "NO_PLAY", 0)
        sizes.append((await alice.call(SIZE), await bob.call(SIZE)))
    # As after the second turn, so after the last: nothing grows.
    for early, late in zip(sizes[1], sizes[-1], strict=True):
        assert late["connections"] == early["connections"] == 1
        assert late["transceivers"] == early["transceivers"] == 2
        assert late["sdp"] < early["sdp"] * 1.2
        assert late["sockets"] == 1
        assert late["videos"] == early["videos"]
    for person in (alice, bob):
        await person.call("zg.destroyEngine()")
        await person.wait_for(f"JSON.stringify(({RELEASED})()) === '{_json(GIVEN_BACK)}'")
    assert problems == []


CAMERA_AND_SCREEN = """async ([camera, screen]) => {
    window.cam = await zg.createZegoStream({ camera: { video: { quality: 1 }, audio: true } });
    cam.playVideo(document.querySelector('#local-video'));
    zg.mutePublishStreamVideo(cam, true, true);
    window.scr = await zg.createZegoStream({ screen: { video: { quality: 1 }, audio: false } });
    scr.playVideo(document.querySelector('#screen-video'));
    return [zg.startPublishingStream(camera, cam), zg.startPublishingStream(screen, scr, { videoCodec: 'VP8' })];
}"""
PLAY_BOTH = """async ([camera, screen]) => {
    window.remote = await zg.startPlayingStream(camera);
    zg.createRemoteStreamView(remote).play('remote-video');
    zg.createRemoteStreamView(await zg.startPlayingStream(screen)).play('screen-video');
}"""
# The picture's brightness, as a viewer sees it: 0 when it is black.
BRIGHTNESS = """() => {
    const video = document.querySelector('#remote-video video');
    const canvas = document.createElement('canvas');
    canvas.width = canvas.height = 16;
    const context = canvas.getContext('2d');
    context.drawImage(video, 0, 0, 16, 16);
    return Math.max(...context.getImageData(0, 0, 16, 16).data.filter((_, i) => i % 4 !== 3));
}"""


async def test_camera_and_screen_mute_and_the_browsers_own_stop_button(arrive: Arrive) -> None:
    alice, bob = await arrive(fresh("alice")), await arrive(fresh("bob"))
    problems = await prepare(alice) + await prepare(bob)
    room, camera, screen = fresh("room"), fresh("camera"), fresh("screen")
    await engine(alice)
    await engine(bob)
    assert await login(alice, room)
    assert await login(bob, room)
    # Muted before it is published, with and without a preview: nobody sees a moment of it.
    assert await alice.call(CAMERA_AND_SCREEN, [camera, screen]) == [True, True]
    await wait_said(alice, "publisherStateUpdate", camera, "PUBLISHING", 0)
    await wait_said(alice, "publisherStateUpdate", screen, "PUBLISHING", 0)
    await bob.call(PLAY_BOTH, [camera, screen])
    await bob.wait_for("playing('#remote-video video') && playing('#screen-video video')")
    assert await bob.call(f"({BRIGHTNESS})()") < 30
    assert await alice.call("zg.mutePublishStreamVideo(cam, false)") is True
    await bob.wait_for(f"({BRIGHTNESS})() > 60")

    for retain in (False, True):
        assert await alice.call("(retain) => zg.mutePublishStreamVideo(cam, true, retain)", retain) is True
        await bob.wait_for(f"({BRIGHTNESS})() < 30")
        assert await alice.call("cam.getVideoTracks()[0].enabled") is retain
        assert await alice.call("(retain) => zg.mutePublishStreamVideo(cam, false, retain)", retain) is True
        await bob.wait_for(f"({BRIGHTNESS})() > 60")
    muted = "[zg.muteMicrophone(true), zg.isMicrophoneMuted(), cam.getAudioTracks()[0].enabled]"
    assert await alice.call(muted) == [True, True, False]
    assert (
        await alice.call("[zg.mutePublishStreamAudio(cam, true), zg.mutePublishStreamAudio(cam, false)]") == [True] * 2
    )
    assert await alice.call("cam.getAudioTracks()[0].enabled") is False  # the microphone still is
    assert await alice.call("zg.muteMicrophone(false) && cam.getAudioTracks()[0].enabled") is True

    # The handler does what the samples do, although the SDK would do it as well.
    handler = "(id) => zg.on('screenSharingEnded', () => { zg.stopPublishingStream(id); zg.destroyStream(scr); })"
    await alice.call(handler, screen)
    warnings: list[str] = []
    alice.page.on("console", lambda message: warnings.append(message.text) if message.type == "warning" else None)
    ended = "() => { const t = scr.getVideoTracks()[0]; t.stop(); t.dispatchEvent(new Event('ended')); }"
    await alice.call(ended)
    assert await said(alice, "screenSharingEnded") == [[True]]
    await wait_said(bob, "roomStreamUpdate", "DELETE", [screen])
    await alice.wait_for("document.querySelectorAll('#screen-video *').length === 0 && scr.stream === null")
    await bob.wait_for("playing('#remote-video video')")
    assert warnings == []

    # Destroyed while a device is still being opened: the camera must not stay on.
    opening = """async () => {
        const opening = failure(zg.createZegoStream());
        zg.destroyEngine();
        return opening;
    }"""
    assert await alice.call(opening) == 1103061
    await alice.wait_for(f"JSON.stringify(({RELEASED})()) === '{_json(GIVEN_BACK)}'")
    assert (await said(alice))[-1] == ["roomStateChanged", "LOGOUT", 0]
    await bob.call("zg.destroyEngine()")
    await bob.wait_for(f"JSON.stringify(({RELEASED})()) === '{_json(GIVEN_BACK)}'")
    assert problems == []


# Everything at once, nothing awaited, as impatient people click.
IMPATIENT = """async ([id, other]) => {
    const states = [];
    zg.on('publisherStateUpdate', ({ streamID, state }) => { if (streamID === id) states.push(state); });
    const stream = await zg.createZegoStream({ camera: { video: { quality: 1 }, audio: true } });
    const plays = [];
    for (let turn = 0; turn < 8; turn += 1) {
        if (!zg.startPublishingStream(id, stream, { videoCodec: 'VP8' })) return 'refused';
        plays.push(failure(zg.startPlayingStream(other)));
        if (turn % 2) await Promise.resolve();
        if (turn % 3 === 2) await new Promise((resolve) => setTimeout(resolve, 20 * turn));
        if (!zg.stopPublishingStream(id) || !zg.stopPlayingStream(other)) return 'not stopped';
    }
    zg.startPublishingStream(id, stream, { videoCodec: 'VP8' });
    zg.createRemoteStreamView(await zg.startPlayingStream(other)).play('remote-video');
    return [(await Promise.all(plays)).filter((code) => code !== 0 && code !== 1104039), states.slice(0, 2)];
}"""


async def test_starting_and_stopping_without_waiting_ends_in_the_last_wish(arrive: Arrive) -> None:
    alice, bob = await arrive(fresh("alice")), await arrive(fresh("bob"))
    problems = await prepare(alice) + await prepare(bob)
    room, stream, other = fresh("room"), fresh("stream"), fresh("other")
    await engine(alice)
    await engine(bob)
    await bob.call(PLAY_EVERYTHING)
    assert await login(alice, room)
    assert await login(bob, room)
    await bob.call(PUBLISH_ONCE, [other, 0])
    await wait_said(alice, "roomStreamUpdate", "ADD", [other])
    failures, states = await alice.call(IMPATIENT, [stream, other])
    assert failures == []
    assert states == ["PUBLISH_REQUESTING", "NO_PUBLISH"]
    await wait_said(alice, "publisherStateUpdate", stream, "PUBLISHING", 0)
    await alice.wait_for("playing('#remote-video video')")
    await bob.wait_for("playing('#remote-video video')")
    for person in (alice, bob):
        sizes = await person.call(SIZE)
        assert sizes["connections"] <= 2
        assert sizes["transceivers"] <= 4
    assert (await said(alice, "publisherStateUpdate"))[-1] == [stream, "PUBLISHING", 0]
    assert (await said(alice, "playerStateUpdate"))[-1] == [other, "PLAYING", 0]
    assert problems == []


def _json(value: Mapping[str, object]) -> str:
    return "{" + ",".join(f'"{key}":{str(item).lower()}' for key, item in value.items()) + "}"
