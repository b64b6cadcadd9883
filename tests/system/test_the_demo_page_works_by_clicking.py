"""As a person does it, with pictures of what they see in artefacts/."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.system.browser import moving_pictures
from tests.system.cloud import Cloud
from tests.system.rooms import fresh


@pytest_asyncio.fixture(loop_scope="session")
async def pages(browser: Browser) -> AsyncIterator[list[Page]]:
    contexts = [
        await browser.new_context(viewport={"width": 1280, "height": 800}),
        await browser.new_context(viewport={"width": 1280, "height": 800}),
        await browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True),
    ]
    yield [await context.new_page() for context in contexts]
    for context in contexts:
        await context.close()


async def join(page: Page, cloud: Cloud, name: str, room: str) -> None:
    await page.goto(f"{cloud.url()}/?room={room}")
    await page.get_by_test_id("name-input").fill(name)
    await expect(page.get_by_test_id("room-input")).to_have_value(room)
    await page.get_by_test_id("join-button").click()
    await expect(page.get_by_test_id("leave-button")).to_be_visible()


async def test_the_demo_page_works_by_clicking(pages: list[Page], cloud: Cloud, artefacts: Path) -> None:
    room = fresh("demo")
    problems: list[str] = []
    for page in pages:
        page.on("pageerror", lambda error: problems.append(str(error)))
    ann, ben, cleo = pages
    await ann.goto(cloud.url())
    await ann.screenshot(path=artefacts / "demo-start.png")
    for page, name in zip(pages, ("Ann", "Ben", "Cleo"), strict=True):
        await join(page, cloud, name, room)
    for page in pages:
        await expect(page.get_by_test_id("tile")).to_have_count(3)
        await moving_pictures(page, 3)
    await ann.screenshot(path=artefacts / "demo-three.png")
    await cleo.screenshot(path=artefacts / "demo-phone.png")

    if not await ann.get_by_test_id("chat-input").is_visible():
        await ann.get_by_test_id("chat-button").click()
    await ann.get_by_test_id("chat-input").fill("Hello, everybody")
    await ann.get_by_test_id("chat-send").click()
    await expect(ben.get_by_test_id("chat-log")).to_contain_text("Hello, everybody")
    await expect(ann.get_by_test_id("chat-log")).to_contain_text("Cleo")

    await ben.get_by_test_id("mic-button").click()
    await expect(ben.get_by_test_id("mic-button")).to_have_accessible_name("Unmute")
    await ben.get_by_test_id("camera-button").click()
    await ann.get_by_test_id("screen-button").click()
    await expect(ben.get_by_test_id("tile")).to_have_count(4)
    await ben.wait_for_timeout(1500)  # let the picture settle for the screenshot
    await ben.screenshot(path=artefacts / "demo-screen-share.png")

    await cleo.get_by_test_id("leave-button").click()
    await expect(cleo.get_by_test_id("join-button")).to_be_visible()
    await expect(ann.get_by_test_id("tile")).to_have_count(3)
    await expect(ann.get_by_test_id("chat-log")).to_contain_text("left")
    assert problems == []
