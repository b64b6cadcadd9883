"""Each row of the call flow, written as app authors write it, one after another in two pages."""

import json

from tests.system.app_page import engine, prepare, said, wait_said
from tests.system.conftest import Arrive
from tests.system.rooms import fresh

START = """async () => {
    const result = await zg.checkSystemRequirements();
    const camera = await zg.checkSystemRequirements('camera');
    const vp8 = await zg.checkSystemRequirements('VP8');
    return { result, camera, vp8, old: zg.getVersion() < '2.17.0' };
}"""

# As the first pages of a tutorial have it: the log-in is not awaited, and the stream is published at once.
CAMERA = """async ([roomID, token, userID, streamID]) => {
    window.localStream = await zg.createZegoStream();
    localStream.playVideo(document.querySelector('#local-video'));
    const result = zg.loginRoom(roomID, token, { userID, userName: userID }, { userUpdate: true });
    const ok = zg.startPublishingStream(streamID, localStream, { extraInfo: JSON.stringify(undefined) });
    return [ok, await result];
}"""

AUDIENCE = """async ([roomID, token, userID]) => {
    window.remotes = {};
    zg.on('roomStreamUpdate', async (roomID, updateType, streamList, extendedData) => {
        if (updateType === 'ADD') {
            const streamID = streamList[0].streamID;
            window.item = streamList[0];
            const remote = await zg.startPlayingStream(streamID);
            remotes[streamID] = remote;
            const remoteView = zg.createRemoteStreamView(remote);
            remoteView.on('canPlayVideo', () => { window.canPlay = (window.canPlay ?? 0) + 1; });
            const id = streamID.includes('screen') ? 'screen-video' : 'remote-video';
            remoteView.play(id, { enableAutoplayDialog: true });
        } else if (updateType == 'DELETE') {
            window.deletedBecause = JSON.parse(extendedData).stream_delete_reason;
            for (const { streamID } of streamList) zg.stopPlayingStream(streamID);
        }
    });
    return zg.loginRoom(roomID, token, { userID, userName: userID }, { userUpdate: true });
}"""

SCREEN = """async (streamID) => {
    const screen = window.screenStream = await zg.createZegoStream({ screen: { audio: false, videoQuality: 4 } });
    return await zg.startPublishingStream(streamID, screen, {
        videoCodec: 'VP8', extraInfo: JSON.stringify({ name: 'screen' }),
    });
}"""


async def test_the_published_call_flow(arrive: Arrive) -> None:
    alice, bob = await arrive(fresh("alice")), await arrive(fresh("bob"))
    problems = await prepare(alice) + await prepare(bob)
    room, camera, screen = fresh("room"), fresh("camera"), fresh("screen")
    await engine(alice)
    await engine(bob, None)

    # Start.
    able = await alice.call(START)
    assert not able["old"]
    assert able["result"]["errInfo"] == {}
    for name in ("webRTC", "customCapture", "camera", "microphone", "screenSharing"):
        assert able["result"][name] is True
    assert set(able["result"]["videoCodec"]) == {"H264", "H265", "VP8", "VP9"}
    assert able["camera"] == {"result": True, "errInfo": {}}
    assert able["vp8"] == {"result": True, "errInfo": {}}

    # Log in, camera, publish; then somebody comes and plays.
    logged_in = [room, alice.cloud.mint(alice.user_id), alice.user_id, camera]
    assert await alice.call(CAMERA, logged_in) == [True, True]
    await alice.wait_for("playing('#local-video video')")
    assert await bob.call(AUDIENCE, [room, bob.cloud.mint(bob.user_id), bob.user_id]) is True
    await bob.wait_for("playing('#remote-video video') && canPlay")
    assert await said(alice, "roomStateChanged") == [["LOGINING", 0], ["LOGINED", 0]]
    assert await said(alice, "roomStateUpdate") == [["CONNECTING", 0], ["CONNECTED", 0]]
    await wait_said(alice, "publisherStateUpdate", camera, "PUBLISHING", 0)
    assert await said(alice, "publisherStateUpdate") == [[camera, "PUBLISH_REQUESTING", 0], [camera, "PUBLISHING", 0]]
    await wait_said(bob, "playerStateUpdate", camera, "PLAYING", 0)
    assert await said(bob, "playerStateUpdate") == [[camera, "PLAY_REQUESTING", 0], [camera, "PLAYING", 0]]
    await wait_said(alice, "roomUserUpdate", "ADD", [bob.user_id])
    assert await said(bob, "roomUserUpdate", "roomStreamUpdate") == [
        ["roomUserUpdate", "ADD", [alice.user_id]],
        ["roomStreamUpdate", "ADD", [camera]],
    ]
    item = await bob.call("item")
    assert item["user"] == {"userID": alice.user_id, "userName": alice.user_id}
    assert {key: item[key] for key in item if key.startswith("urls")} == dict.fromkeys(
        ["urlsFLV", "urlsRTMP", "urlsHLS", "urlsHttpsFLV", "urlsHttpsHLS"], ""
    )
    assert item["extraInfo"] == ""

    # The other way to show it.
    await bob.call("(id) => { document.querySelector('#plain').srcObject = remotes[id]; }", camera)
    await bob.wait_for("playing('#plain')")

    # The screen beside it.
    assert await alice.call(SCREEN, screen) is True
    await bob.wait_for("playing('#screen-video video')")
    assert json.loads(await bob.call("item.extraInfo")) == {"name": "screen"}
    stopped = "(id) => { const ok = zg.stopPublishingStream(id); zg.destroyStream(screenStream); return ok; }"
    assert await alice.call(stopped, screen) is True
    await wait_said(bob, "roomStreamUpdate", "DELETE", [screen])
    await wait_said(bob, "playerStateUpdate", screen, "NO_PLAY", 0)
    reason = {"stream_id": screen, "code": 1, "description": "stop_by_user"}
    assert await bob.call("deletedBecause") == [reason]
    assert await bob.call("document.querySelectorAll('#screen-video video').length") == 0

    # Messages.
    sends = """async ([room, to]) => [
        await zg.sendBroadcastMessage(room, JSON.stringify({ text: 'to all' })),
        await zg.sendBarrageMessage(room, 'flies by'),
        await zg.sendCustomCommand(room, 'to one', [to]),
        await zg.sendCustomCommand(room, 'to everyone', []),
    ].map((result) => result.errorCode)"""
    assert await bob.call(sends, [room, alice.user_id]) == [0, 0, 0, 0]
    await wait_said(alice, "IMRecvCustomCommand", bob.user_id, "to everyone")
    assert await said(alice, "IMRecvBroadcastMessage") == [['{"text":"to all"}']]
    assert await said(alice, "IMRecvBarrageMessage") == [["flies by"]]
    assert await said(alice, "IMRecvCustomCommand") == [[bob.user_id, "to one"], [bob.user_id, "to everyone"]]
    assert not await said(bob, "IMRecvBroadcastMessage", "IMRecvBarrageMessage", "IMRecvCustomCommand")

    # Stop playing, stop publishing, leave.
    assert await bob.call("(id) => { const ok = zg.stopPlayingStream(id); return ok; }", camera) is True
    assert (await said(bob, "playerStateUpdate"))[-1] == [camera, "NO_PLAY", 0]
    assert await bob.call("document.querySelectorAll('#remote-video video').length") == 0
    await alice.call("(id) => { zg.stopPublishingStream(id); zg.destroyStream(localStream); }", camera)
    await wait_said(bob, "roomStreamUpdate", "DELETE", [camera])
    assert (await said(alice, "publisherStateUpdate"))[-1] == [camera, "NO_PUBLISH", 0]
    assert await alice.call("captured.every((track) => track.readyState === 'ended')")
    assert await alice.call("document.querySelectorAll('#local-video video').length") == 0
    await alice.call("(room) => zg.logoutRoom(room)", room)
    assert (await said(alice, "roomStateChanged"))[-1] == ["LOGOUT", 0]
    assert (await said(alice, "roomStateUpdate"))[-1] == ["DISCONNECTED", 0]
    await wait_said(bob, "roomUserUpdate", "DELETE", [alice.user_id])
    assert problems == []
