"""Two views on one container: the newest picture is the one that is seen."""

from tests.system.app_page import engine, login, prepare, wait_said
from tests.system.conftest import Arrive
from tests.system.rooms import fresh

SHOW_BOTH = """async () => {
    window.first = await zg.createZegoStream({ camera: { audio: true, video: { quality: 2 } } });
    window.second = await zg.createZegoStream({ camera: { audio: true, video: { quality: 1 } } });
    window.views = [zg.createLocalStreamView(first), zg.createLocalStreamView(second)];
    views[0].play('play-view', { muted: true });
    views[1].play('play-view', { muted: true });
}"""
PICTURES = "[...document.querySelectorAll('#play-view video')].map((video) => video.videoWidth).join()"


async def test_two_views_on_one_container_show_one_picture(arrive: Arrive) -> None:
    alice = await arrive(fresh("alice"))
    problems = await prepare(alice)
    await engine(alice, [])
    await alice.call(SHOW_BOTH)
    await alice.wait_for(f"{PICTURES} === '320'")

    # The view that gave way has nothing to take with it when it stops.
    await alice.call("() => views[0].stop()")
    assert await alice.call(PICTURES) == "320"
    await alice.call("() => views[0].playVideo('play-view')")
    await alice.wait_for(f"{PICTURES} === '640'")
    await alice.call("() => second.playVideo(document.querySelector('#play-view'))")
    await alice.wait_for(f"{PICTURES} === '320'")
    await alice.call("() => second.stopVideo()")
    assert await alice.call(PICTURES) == ""

    # The same for a player of the app's own.
    await alice.call(
        "() => { views[0].play(plain, { muted: true }); views[1].play(plain, { muted: true }); views[0].stop(); }"
    )
    await alice.wait_for("playing('#plain') && plain.videoWidth === 320")
    assert problems == []


async def test_ones_own_stream_is_played_as_it_is_published(arrive: Arrive) -> None:
    alice = await arrive(fresh("alice"))
    problems = await prepare(alice)
    await engine(alice, [])
    room, stream = fresh("room"), fresh("stream")
    assert await login(alice, room)
    await alice.call(
        """async (id) => {
            const local = await zg.createZegoStream();
            zg.startPublishingStream(id, local);
            const remote = await zg.startPlayingStream(id);
            zg.createRemoteStreamView(remote).play('remote-video', { muted: true });
        }""",
        stream,
    )
    await wait_said(alice, "playerStateUpdate", stream, "PLAYING", 0)
    await alice.wait_for("playing('#remote-video video')")
    assert problems == []
