"""Page, SDK, token and WebSocket are all found below the path that a proxy puts before them."""

from playwright.async_api import Browser, Page, expect

from tests.system.browser import moving_pictures
from tests.system.cloud import Cloud
from tests.system.path_proxy import path_proxy
from tests.system.rooms import fresh


async def join(page: Page, address: str, name: str) -> None:
    await page.goto(address)
    await page.get_by_test_id("name-input").fill(name)
    await page.get_by_test_id("join-button").click()
    await expect(page.get_by_test_id("leave-button")).to_be_visible()


async def test_two_people_meet_below_a_path(browser: Browser, cloud: Cloud) -> None:
    room = fresh("demo")
    async with path_proxy("/tools/video", cloud.rooms[0].port) as below:
        contexts = [await browser.new_context() for _ in range(2)]
        ann, ben = [await context.new_page() for context in contexts]
        sockets: list[str] = []
        ann.on("websocket", lambda socket: sockets.append(socket.url))
        await join(ann, f"{below}/?room={room}", "Ann")
        await join(ben, f"{cloud.url()}/?room={room}", "Ben")
        for page in (ann, ben):
            await expect(page.get_by_test_id("tile")).to_have_count(2)
            await moving_pictures(page, 2)
        assert sockets == [below.replace("http:", "ws:") + "/ws"]
        assert ann.url == f"{below}/?room={room}"
        for context in contexts:
            await context.close()
