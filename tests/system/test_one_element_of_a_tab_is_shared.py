"""captureElement in a real tab: the others see the element and nothing beside it, or the app gets a code."""

from playwright.async_api import async_playwright

from tests.system.browser import ARGUMENTS, CHROMIUM
from tests.system.cloud import Cloud
from tests.system.conftest import Arrive, arrivals
from tests.system.rooms import fresh

# The fake devices' user interface would give a test picture instead of the tab.
REAL_TAB = [argument for argument in ARGUMENTS if argument != "--use-fake-ui-for-media-stream"]
# Red on blue, and something that moves: a tab that stands still is captured once.
PAGE = """() => {
    document.body.innerHTML = `<div id="shared" style="width:320px;height:240px;background:#f00"><i>0</i></div>
        <div id="hidden" style="display:none">nothing</div>`;
    document.body.style.background = '#00f';
    const counter = document.querySelector('i');
    setInterval(() => { counter.textContent = String(Number(counter.textContent) + 1); }, 100);
}"""
SHARE = """async ([streamID, id]) => {
    try {
        return await salon.publish(streamID, { screen: { video: { captureElement: document.getElementById(id) } } });
    } catch (error) {
        return error.errorCode;
    }
}"""
RED_CR = 200  # of 240; blue has 110


async def test_the_element_is_seen_or_the_app_is_told(arrive: Arrive, cloud: Cloud) -> None:
    room, stream = fresh("room"), fresh("stream")
    bob = await arrive(fresh("bob"))
    await bob.login(room)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=[*REAL_TAB, "--auto-accept-this-tab-capture"]
        )
        async with arrivals(browser, cloud) as arrive_with_a_tab:
            alice = await arrive_with_a_tab(fresh("alice"))
            await alice.call(PAGE)
            await alice.login(room)
            assert await alice.call(SHARE, [stream, "shared"]) is True
            await alice.wait_event("publisherStateUpdate", "args[0].state === 'PUBLISHING'")
            await bob.play(stream)
            await bob.sees(stream, frames=2)
            seen = await bob.call("(id) => salon.look(id, [0.5, 0.5, 0.5, 0.5])", stream)
            assert seen["cr"] > RED_CR
            assert abs(seen["width"] / seen["height"] - 4 / 3) < 0.02
            assert await alice.call(SHARE, [fresh("stream"), "hidden"]) == 1103010
        await browser.close()
