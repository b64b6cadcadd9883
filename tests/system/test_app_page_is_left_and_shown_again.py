"""Another address, a reload, a closed tab, and the browser's cache of pages switched on, as it is for people."""

from playwright.async_api import async_playwright

from tests.system.app_page import engine, login, prepare, said, wait_said
from tests.system.browser import ARGUMENTS, CHROMIUM, Person
from tests.system.cloud import Cloud
from tests.system.conftest import Arrive
from tests.system.rooms import fresh

PUBLISH = """async (id) => {
    window.media = await zg.createStream({ camera: { audio: false, video: true, videoQuality: 1 } });
    return zg.startPublishingStream(id, media, { videoCodec: 'VP8' });
}"""


async def test_a_page_that_is_left_is_gone_for_the_others_at_once(arrive: Arrive, cloud: Cloud) -> None:
    bob = await arrive(fresh("bob"))
    problems = await prepare(bob)
    room = fresh("room")
    await engine(bob)
    assert await login(bob, room, userUpdate=True)
    async with async_playwright() as playwright:
        # The automation switches the cache off, people do not.
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=ARGUMENTS, ignore_default_args=["--disable-back-forward-cache"]
        )
        context = await browser.new_context()
        for leave in ("goto", "reload", "close"):
            alice, stream = await Person.arrive(context, cloud, fresh("alice")), fresh("stream")
            await prepare(alice)
            await engine(alice)
            assert await login(alice, room)
            assert await alice.call(PUBLISH, stream) is True
            await wait_said(bob, "roomStreamUpdate", "ADD", [stream])
            await wait_said(alice, "publisherStateUpdate", stream, "PUBLISHING", 0)
            if leave == "goto":
                await alice.page.goto(f"{cloud.url()}/healthz?elsewhere")
            elif leave == "reload":
                await alice.page.reload()
            else:
                await alice.page.close()
            await wait_said(bob, "roomStreamUpdate", "DELETE", [stream])
            await wait_said(bob, "roomUserUpdate", "DELETE", [alice.user_id])
        await browser.close()
    assert problems == []


async def test_a_page_shown_again_from_the_cache_is_back_with_its_streams(arrive: Arrive) -> None:
    alice, bob = await arrive(fresh("alice")), await arrive(fresh("bob"))
    problems = await prepare(alice) + await prepare(bob)
    room, stream, other = fresh("room"), fresh("stream"), fresh("other")
    await engine(alice)
    await engine(bob)
    assert await login(alice, room)
    assert await login(bob, room, userUpdate=True)
    assert await alice.call(PUBLISH, stream) is True
    assert await bob.call(PUBLISH, other) is True
    await wait_said(bob, "roomStreamUpdate", "ADD", [stream])
    await wait_said(alice, "roomStreamUpdate", "ADD", [other])
    play = "async (id) => { zg.createRemoteStreamView(await zg.startPlayingStream(id)).play('remote-video'); }"
    await alice.call(play, other)
    await alice.wait_for("playing('#remote-video video')")
    for page in (alice, bob):
        await page.call("said.length = 0")

    await alice.call("dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true })) && 0")
    await wait_said(bob, "roomUserUpdate", "DELETE", [alice.user_id])
    assert await said(alice, "roomStateChanged") == []
    await alice.call("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true })) && 0")
    await wait_said(alice, "roomStateChanged", "RECONNECTED", 0)
    await wait_said(bob, "roomStreamUpdate", "ADD", [stream])
    await wait_said(alice, "publisherStateUpdate", stream, "PUBLISHING", 0)
    await wait_said(alice, "playerStateUpdate", other, "PLAYING", 0)
    assert await said(alice, "roomStateChanged") == [["RECONNECTING", 1000017], ["RECONNECTED", 0]]
    assert await said(bob, "roomStreamUpdate") == [["DELETE", [stream]], ["ADD", [stream]]]
    moved = "document.querySelector('#remote-video video').currentTime"
    before = await alice.call(moved)
    await alice.wait_for(f"(before) => {moved} > before + 0.2", before)
    assert problems == []
