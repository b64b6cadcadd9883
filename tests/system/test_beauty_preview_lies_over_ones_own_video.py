"""People see of themselves what the others see; a machine that cannot keep up with the drawing shows the video."""

import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

from tests.system.preview_page import open_page

PREPARE = """async () => {
    await new Promise((resolve) => {
        const script = Object.assign(document.createElement('script'), { src: '/sdk/ZegoExpressWebRTC.js' });
        script.onload = resolve;
        document.head.append(script);
    });
    document.body.innerHTML = '<p>Above</p><div id="own" style="width:320px; height:240px"></div>' +
        '<div id="capture"></div>';
    window.zg = new ZegoExpressEngine(1, 'ws://localhost:1');
    window.local = await zg.createZegoStream({ camera: { video: { quality: 1 }, audio: false } });
    window.own = document.getElementById('own');
    window.video = () => own.querySelector('video');
    window.preview = () => own.querySelector('canvas');
    window.brightness = (element) => {
        const canvas = Object.assign(document.createElement('canvas'), { width: 32, height: 24 });
        const context = canvas.getContext('2d');
        context.drawImage(element, 0, 0, 32, 24);
        return context.getImageData(0, 0, 32, 24).data.reduce((sum, each) => sum + each) / (32 * 24 * 4);
    };
    local.playVideo(own, { mirror: true, objectFit: 'cover' });
}"""
# How long the graphics processor takes for each frame, whatever this machine takes.
PRETEND = """(tookMs) => {
    const begun = new WeakMap();
    const { fenceSync } = WebGL2RenderingContext.prototype;
    WebGL2RenderingContext.prototype.fenceSync = function (...args) {
        const fence = fenceSync.apply(this, args);
        begun.set(fence, performance.now());
        return fence;
    };
    WebGL2RenderingContext.prototype.getSyncParameter = function (fence) {
        return performance.now() - begun.get(fence) < tookMs ? this.UNSIGNALED : this.SIGNALED;
    };
}"""
WHITEN = """(on) => zg.setEffectsBeauty(local, on,
    { smoothIntensity: 20, whitenIntensity: 100, rosyIntensity: 0, sharpenIntensity: 0 })"""
# The drawing is only there until the page shows it: it is looked at when a frame has just been drawn.
BRIGHTER = """async () => {
    await new Promise((resolve) => video().requestVideoFrameCallback(resolve));
    return preview() !== null && brightness(preview()) > brightness(video()) + 5;
}"""


async def until(page: Page, expression: str, deadline_s: float = 15.0) -> None:
    end = time.monotonic() + deadline_s
    while not await page.evaluate(expression):
        assert time.monotonic() < end, f"not within {deadline_s} s: {expression}"
        await page.wait_for_timeout(50)


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser: Browser) -> AsyncIterator[Page]:
    context = await browser.new_context()
    page = await open_page(context)
    await page.evaluate(PREPARE)
    await until(page, "video().videoWidth > 0")
    yield page
    await context.close()


async def test_on_lays_it_over_the_video_and_off_takes_it_away(page: Page) -> None:
    await page.evaluate(PRETEND, 0)
    tracks = await page.evaluate("local.getTracks().map((track) => track.id)")
    assert await page.evaluate("preview()") is None
    assert await page.evaluate(WHITEN, True) == {"errorCode": 0, "extendedData": ""}
    await until(page, BRIGHTER)
    boxes = """[video(), preview()].map((each) => {
        const { x, y, width, height } = each.getBoundingClientRect();
        return [x, y, width, height, getComputedStyle(each).transform, getComputedStyle(each).objectFit];
    })"""
    of_video, of_preview = await page.evaluate(boxes)
    assert of_video == of_preview
    # What is sent is the original: the cloud beautifies it.
    assert await page.evaluate("local.getTracks().map((track) => track.id)") == tracks
    await page.evaluate("own.style.width = '200px'; own.style.marginLeft = '30px'")
    await until(page, "preview().getBoundingClientRect().width === 200 && preview().getBoundingClientRect().x === 38")
    await page.evaluate(WHITEN, False)
    assert await page.evaluate("preview()") is None
    await page.evaluate(WHITEN, True)
    await until(page, "preview() !== null")
    await page.evaluate("local.stopVideo()")
    assert await page.evaluate("own.childElementCount") == 0


async def test_the_capture_is_played_without_it_and_a_local_view_with_it(page: Page) -> None:
    await page.evaluate(PRETEND, 0)
    await page.evaluate(WHITEN, True)
    await page.evaluate("local.stopVideo(); local.playCaptureVideo(document.getElementById('capture'))")
    await until(page, "document.querySelector('#capture video').videoWidth > 0")
    await page.evaluate("zg.createLocalStreamView(local).play(own)")
    await until(page, "preview() !== null")
    assert await page.evaluate("document.querySelector('#capture canvas')") is None
    await page.evaluate("zg.destroyStream(local)")
    assert await page.evaluate("document.querySelector('canvas')") is None


async def test_a_snapshot_is_of_what_is_seen(page: Page) -> None:
    await page.evaluate(PRETEND, 0)
    await page.evaluate(
        """async () => {
        const read = async (address) => {
            const picture = Object.assign(new Image(), { src: address });
            await picture.decode();
            return [picture.width, picture.height, brightness(picture)];
        };
        window.snap = () => read(local.takeStreamSnapshot());
    }"""
    )
    width, height, plain = await page.evaluate("snap()")
    await page.evaluate(WHITEN, True)
    await until(page, "preview() !== null")
    assert (await page.evaluate("snap()"))[:2] == [width, height] == [320, 240]
    assert (await page.evaluate("snap()"))[2] > plain + 5


async def test_a_machine_that_takes_too_long_shows_the_video_and_says_so_once(page: Page) -> None:
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if "beauty-preview" in message.text else None)
    await page.evaluate(PRETEND, 45)
    for _ in range(2):
        await page.evaluate(WHITEN, True)
        await until(page, "preview() !== null")
        await until(page, "preview() === null")
        await page.evaluate(WHITEN, False)
    assert len(said) == 1
    assert "ms a frame" in said[0]
    assert await page.evaluate("!video().paused && video().currentTime > 0")


@pytest.mark.parametrize("how", ["none", "lost"])
async def test_without_webgl_the_video_stays(page: Page, how: str) -> None:
    if how == "none":
        await page.evaluate("HTMLCanvasElement.prototype.getContext = () => null")
        await page.evaluate(WHITEN, True)
    else:
        await page.evaluate(PRETEND, 0)
        await page.evaluate(WHITEN, True)
        await until(page, "preview() !== null")
        await page.evaluate("preview().getContext('webgl2').getExtension('WEBGL_lose_context').loseContext()")
        await until(page, "preview() === null")
    assert await page.evaluate("preview()") is None
    assert await page.evaluate("!video().paused && video().currentTime > 0")
