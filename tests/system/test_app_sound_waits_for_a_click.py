"""A browser that wants a gesture before it plays sound."""

from tests.system.app_page import engine, login, prepare
from tests.system.conftest import Arrive
from tests.system.rooms import fresh

# Scripts that a test runs count as gestures, so the browser's refusal is made here.
STRICT = """() => {
    let gesture = false;
    addEventListener('pointerdown', () => { gesture = true; }, true);
    const native = HTMLMediaElement.prototype.play;
    HTMLMediaElement.prototype.play = function () {
        return gesture ? native.call(this) : Promise.reject(new DOMException('No gesture yet.', 'NotAllowedError'));
    };
}"""
PLAY_ONES_OWN = """async (id) => {
    const local = await zg.createZegoStream({ camera: { video: { quality: 1 } } });
    zg.startPublishingStream(id, local, { videoCodec: 'VP8' });
    const view = zg.createRemoteStreamView(await new Promise((resolve) => {
        zg.on('publisherStateUpdate', ({ state }) => state === 'PUBLISHING' && resolve(zg.startPlayingStream(id)));
    }));
    window.failed = window.played = 0;
    view.on('autoplayFailed', () => { failed += 1; });
    view.on('canPlayVideo', () => { played += 1; });
    view.play('remote-video');
}"""


async def test_a_refused_player_says_so_and_begins_with_the_next_click(arrive: Arrive) -> None:
    alice = await arrive(fresh("alice"))
    problems = await prepare(alice)
    await alice.call(STRICT)
    await engine(alice)
    assert await login(alice, fresh("room"))
    await alice.call(PLAY_ONES_OWN, fresh("stream"))
    await alice.wait_for("failed === 1")
    note = alice.page.get_by_role("status")
    assert "Click" in await note.inner_text()
    assert await alice.call("played") == 0
    await alice.page.mouse.click(5, 5)
    await alice.wait_for("played === 1 && playing('#remote-video video')")
    assert await note.count() == 0
    assert await alice.call("document.querySelector('#remote-video video').muted") is False
    assert problems == []
