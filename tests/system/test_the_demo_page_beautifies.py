"""The beauty panel of the demo page, by clicking and by keys, with a picture of it in artefacts/."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, expect

from tests.system.browser import moving_pictures
from tests.system.cloud import Cloud
from tests.system.rooms import fresh

STRENGTHS = ("beauty-smooth", "beauty-whiten", "beauty-rosy", "beauty-sharpen")


@pytest_asyncio.fixture(loop_scope="session")
async def context(browser: Browser) -> AsyncIterator[BrowserContext]:
    context = await browser.new_context(viewport={"width": 1280, "height": 800})
    yield context
    await context.close()


async def join(context: BrowserContext, cloud: Cloud, room: str) -> Page:
    page = await context.new_page()
    await page.goto(f"{cloud.url()}/?room={room}")
    await page.get_by_test_id("name-input").fill("Ann")
    await page.get_by_test_id("join-button").click()
    await moving_pictures(page, 1)
    await page.get_by_test_id("beauty-button").click()
    return page


async def test_the_panel_is_worked_with_mouse_and_keys_and_remembers(
    context: BrowserContext, cloud: Cloud, artefacts: Path
) -> None:
    room = fresh("demo")
    page = await join(context, cloud, room)
    switch = page.get_by_role("switch", name="Beauty")
    await expect(switch).to_be_focused()
    await expect(switch).not_to_be_checked()
    for slider in STRENGTHS:
        await expect(page.get_by_test_id(slider)).to_have_value("50")
        await expect(page.get_by_test_id(slider)).to_be_disabled()
    await page.keyboard.press("Space")
    await expect(switch).to_be_checked()
    await page.keyboard.press("Tab")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("slider", name="Smooth skin")).to_be_focused()
    for _ in range(5):
        await page.keyboard.press("ArrowRight")
    await page.get_by_role("slider", name="Rosy").fill("20")
    # Whether or not this cloud has somebody to do the work, people are told.
    state = page.get_by_test_id("beauty-state")
    await expect(state).not_to_have_attribute("data-state", "asking")
    assert await state.get_attribute("data-state") in ("on", "unavailable", "recovered")
    await expect(state).to_be_visible()
    await page.screenshot(path=artefacts / "demo-beauty.png")

    again = await join(context, cloud, room)
    await expect(again.get_by_role("switch", name="Beauty")).to_be_checked()
    for slider, value in zip(STRENGTHS, ("55", "50", "20", "50"), strict=True):
        await expect(again.get_by_test_id(slider)).to_have_value(value)
    await again.get_by_test_id("beauty-reset").click()
    await expect(again.get_by_test_id("beauty-rosy")).to_have_value("50")
    await again.keyboard.press("Escape")
    await expect(again.get_by_test_id("beauty")).to_be_hidden()
    await expect(again.get_by_test_id("beauty-button")).to_be_focused()


async def test_the_original_is_shown_while_the_button_is_held(context: BrowserContext, cloud: Cloud) -> None:
    page = await join(context, cloud, fresh("demo"))
    hold = page.get_by_test_id("beauty-compare")
    await expect(hold).to_be_disabled()
    await page.get_by_test_id("beauty-switch").check()
    original = page.locator(".tile .original video")
    await expect(original).to_have_count(0)

    await hold.hover()
    await page.mouse.down()
    await expect(original).to_be_visible()
    await page.mouse.up()
    await expect(original).to_have_count(0)

    await hold.focus()
    await page.keyboard.down("Space")
    await expect(original).to_be_visible()
    await page.keyboard.up("Space")
    await expect(original).to_have_count(0)

    await page.keyboard.down("Enter")
    await expect(original).to_be_visible()
    await page.get_by_test_id("beauty-close").focus()
    await expect(original).to_have_count(0)
