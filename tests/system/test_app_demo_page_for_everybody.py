"""The demo page by keyboard alone, on a small phone, with many people, without a camera, and with a bad network."""

import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, WebSocketRoute, expect

from tests.system.browser import Person
from tests.system.cloud import Cloud
from tests.system.conftest import Arrive
from tests.system.rooms import fresh

PHONE = {"width": 360, "height": 640}
LONG = "Wolfeschlegelsteinhausenbergerdorff-Maximiliana Theodora"
HTML = '<img src=x onerror="window.hacked = 1"><b>bold</b>'

Open = Callable[..., Awaitable[Page]]

# Somebody else's page: several people of one browser, some of them with a picture.
COMPANY = """async ([app, room, people]) => {
    window.company = await Promise.all(people.map(async ({ userID, userName, token, video }) => {
        const zg = new ZegoExpressEngine(app, '');
        zg.setDebugVerbose(false);
        await zg.loginRoom(room, token, { userID, userName }, { userUpdate: true });
        if (video) {
            const stream = await zg.createZegoStream({ camera: { video: { quality: 1 }, audio: true } });
            zg.startPublishingStream(`${userID}-camera`, stream, { videoCodec: 'VP8' });
        }
        return zg;
    }));
}"""
# Tiles that leave the window or lie on one another, and controls that are too small or cut off.
BAD_BOXES = """() => {
    const box = (element) => element.getBoundingClientRect();
    const inside = ({ left, top, right, bottom }) =>
        left >= 0 && top >= 0 && right <= innerWidth + 0.5 && bottom <= innerHeight + 0.5;
    const tiles = [...document.querySelectorAll('.tile')].map(box);
    const apart = (a, b) => a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top;
    const bad = [];
    tiles.forEach((tile, i) => {
        if (!inside(tile) || tile.width < 100 || tile.height < 60) bad.push(`tile ${i}`);
        tiles.slice(0, i).forEach((other, j) => { if (!apart(tile, other)) bad.push(`tiles ${i} and ${j}`); });
    });
    for (const button of document.querySelectorAll('#call button, .chat-form input')) {
        const size = box(button);
        if (size.width > 0 && (!inside(size) || size.width < 40 || size.height < 40)) bad.push(button.id);
    }
    if (document.documentElement.scrollWidth > innerWidth) bad.push('page scrolls sideways');
    return bad;
}"""
PLAYING = "[...document.querySelectorAll('.tile video')].filter((v) => v.videoWidth > 0 && v.currentTime > 0).length"


@pytest_asyncio.fixture(loop_scope="session")
async def open_page(browser: Browser) -> AsyncIterator[Open]:
    """A page of its own context, watched: nothing may be thrown on it."""
    contexts = []
    problems: list[str] = []

    async def _open(viewport: dict[str, int] | None = None, script: str | None = None) -> Page:
        size = viewport or PHONE
        context = await browser.new_context(viewport={"width": size["width"], "height": size["height"]})
        contexts.append(context)
        if script is not None:
            await context.add_init_script(script)
        page = await context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        return page

    yield _open
    for context in contexts:
        await context.close()
    assert problems == []


async def until(page: Page, expression: str, expected: object) -> None:
    """The page's own policy forbids Playwright's waiting in it."""
    deadline = time.monotonic() + 20
    while (value := await page.evaluate(expression)) != expected:
        assert time.monotonic() < deadline, f"{expression} is {value!r}"
        await page.wait_for_timeout(50)


async def join(page: Page, cloud: Cloud, name: str, room: str) -> None:
    await page.goto(f"{cloud.url()}/?room={room}")
    await page.get_by_test_id("name-input").fill(name)
    await page.get_by_test_id("join-button").click()
    await expect(page.get_by_test_id("leave-button")).to_be_visible()


async def invite(arrive: Arrive, cloud: Cloud, room: str, names: list[str], videos: int = 0) -> Person:
    host = await arrive(fresh("host"))
    people = []
    for index, name in enumerate(names):
        user_id = fresh("guest")
        token = cloud.mint(user_id)
        people.append({"userID": user_id, "userName": name, "token": token, "video": index < videos})
    await host.call(COMPANY, [cloud.app_id, room, people])
    return host


async def test_a_whole_call_by_keyboard(open_page: Open, arrive: Arrive, cloud: Cloud) -> None:
    page, room = await open_page(), fresh("keys")
    host = await invite(arrive, cloud, room, ["Ben"])
    await host.call("company[0].on('IMRecvBroadcastMessage', (_, list) => { window.heard = list[0].message; })")
    await page.goto(f"{cloud.url()}/?room={room}")
    await expect(page.get_by_test_id("name-input")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_have_text("Please enter your name.")
    await expect(page.get_by_test_id("name-input")).to_be_focused()
    await page.keyboard.type("Ann")
    await page.keyboard.press("Tab")
    await expect(page.get_by_test_id("room-input")).to_be_focused()
    await page.keyboard.press("Enter")
    mic = page.get_by_test_id("mic-button")
    await expect(mic).to_be_enabled()
    await expect(mic).to_be_focused()
    await page.keyboard.press("Space")
    await expect(mic).to_have_accessible_name("Unmute")
    await page.keyboard.press("Space")
    await expect(mic).to_have_accessible_name("Mute")

    for _ in range(4):  # camera, beauty, screen, chat
        await page.keyboard.press("Tab")
    await expect(page.get_by_test_id("chat-button")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("chat-input")).to_be_focused()
    await page.keyboard.type("typed")
    await page.keyboard.press("Enter")
    await host.wait_for("window.heard === 'typed'")
    await page.keyboard.press("Escape")
    await expect(page.locator("#chat")).to_be_hidden()
    await expect(page.get_by_test_id("chat-button")).to_be_focused()
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("join-button")).to_be_focused()


@pytest.mark.long
async def test_nine_people_fit_a_phone_and_a_desk(
    open_page: Open, arrive: Arrive, cloud: Cloud, artefacts: Path
) -> None:
    room = fresh("nine")
    phone = await open_page()
    desk = await open_page({"width": 1280, "height": 800})
    await join(phone, cloud, LONG, room)
    await join(desk, cloud, "Dora", room)
    names = [LONG, HTML, "Фёдор", "Bo", "Cy Young", "x" * 200, "Eve"]
    host = await invite(arrive, cloud, room, names, videos=2)
    for page in (phone, desk):
        await expect(page.get_by_test_id("tile")).to_have_count(9)
        await until(page, PLAYING, 4)
        await until(page, f"({BAD_BOXES})()", [])
    send = "([room, text]) => company[1].sendBroadcastMessage(room, text).then((result) => result.errorCode)"
    assert await host.call(send, [room, HTML + "y" * 300]) == 0
    await expect(phone.locator("#unread")).to_have_text("1")
    await phone.screenshot(path=artefacts / "demo-nine-phone.png")
    await phone.get_by_test_id("chat-button").click()
    for page in (phone, desk):
        await expect(page.get_by_test_id("chat-log")).to_contain_text(HTML)
        await expect(page.get_by_test_id("tile").filter(has_text=HTML)).to_have_count(1)
        assert (
            await page.evaluate("document.querySelectorAll('#chat-log img, #chat-log b, .tile img, .tile b').length")
            == 0
        )
        assert await page.evaluate("window.hacked === undefined")
    await until(phone, f"({BAD_BOXES})().filter((each) => !each.startsWith('tile'))", [])
    await desk.screenshot(path=artefacts / "demo-nine-desk.png")


DENY = """navigator.mediaDevices.getUserMedia = async () => {
    throw new DOMException('Permission denied', 'NotAllowedError');
};"""


async def test_without_a_camera_one_watches(open_page: Open, arrive: Arrive, cloud: Cloud) -> None:
    room = fresh("denied")
    page = await open_page(script=DENY)
    await join(page, cloud, "Ann", room)
    banner = page.get_by_test_id("status-banner")
    await expect(banner).to_contain_text("as a viewer")
    await expect(banner).to_contain_text("not allowed")
    await expect(page.get_by_test_id("mic-button")).to_be_disabled()
    await expect(page.get_by_test_id("camera-button")).to_be_disabled()
    await invite(arrive, cloud, room, ["Ben"], videos=1)
    await until(page, PLAYING, 1)
    await until(page, f"({BAD_BOXES})()", [])


async def test_a_reload_and_a_second_tab(open_page: Open, cloud: Cloud) -> None:
    room = fresh("tabs")
    ben, ann = await open_page(), await open_page()
    await join(ben, cloud, "Ben", room)
    await join(ann, cloud, "Ann", room)
    await expect(ben.get_by_test_id("tile")).to_have_count(2)
    for page in (ben, ann):
        await until(page, PLAYING, 2)
    await ann.reload()
    # Gone at once, and the form remembers who and where.
    await expect(ben.get_by_test_id("tile")).to_have_count(1)
    await expect(ann.get_by_test_id("name-input")).to_have_value("Ann")
    await expect(ann.get_by_test_id("room-input")).to_have_value(room)
    await ann.keyboard.press("Enter")
    await expect(ben.get_by_test_id("tile")).to_have_count(2)
    second = await ann.context.new_page()
    await join(second, cloud, "Ann", room)
    for page in (ben, ann, second):
        await expect(page.get_by_test_id("tile")).to_have_count(3)
        await until(page, PLAYING, 3)
    await second.close()
    await expect(ben.get_by_test_id("tile")).to_have_count(2)
    await expect(ann.get_by_test_id("status-banner")).to_be_hidden()


async def test_the_page_says_that_the_network_is_gone_and_back(
    open_page: Open, arrive: Arrive, cloud: Cloud, artefacts: Path
) -> None:
    room = fresh("offline")
    page = await open_page()
    routes: list[WebSocketRoute] = []

    def route(socket: WebSocketRoute) -> None:
        routes.append(socket)
        socket.connect_to_server()

    await page.route_web_socket("**/ws", route)
    await join(page, cloud, "Ann", room)
    host = await invite(arrive, cloud, room, ["Ben"], videos=1)
    await until(page, PLAYING, 2)
    await page.context.set_offline(True)
    await routes[-1].close(code=1011, reason=json.dumps("test"))
    banner = page.get_by_test_id("status-banner")
    await expect(banner).to_have_text("The connection was lost. Reconnecting …")
    await until(page, f"({BAD_BOXES})()", [])
    await page.screenshot(path=artefacts / "demo-offline.png")
    await host.call("(room) => company[0].sendBroadcastMessage(room, 'hello again')", room)
    await page.context.set_offline(False)
    await expect(banner).to_be_hidden()
    await expect(page.get_by_test_id("chat-log")).to_contain_text("hello again")
    await expect(page.get_by_test_id("tile")).to_have_count(2)
