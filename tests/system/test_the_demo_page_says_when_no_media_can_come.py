"""A browser that has no address to reach a relay from: the page says why there is no picture, and what helps."""

from playwright.async_api import async_playwright, expect

from tests.system.browser import launch
from tests.system.cloud import Cloud
from tests.system.rooms import fresh

NO_ADDRESSES = "--webrtc-ip-handling-policy=disable_non_proxied_udp"
"""As for a machine without network, for Chromium."""


async def test_a_browser_without_an_address_is_told(cloud: Cloud) -> None:
    async with async_playwright() as playwright:
        browser = await launch(playwright, NO_ADDRESSES)
        page = await browser.new_page()
        await page.goto(f"{cloud.url()}/?room={fresh('room')}")
        await page.get_by_test_id("name-input").fill("Ann")
        await page.get_by_test_id("join-button").click()
        banner = page.get_by_test_id("status-banner")
        await expect(banner).to_contain_text("no network address", timeout=60_000)
        await expect(banner).to_contain_text("SALON_PUBLIC_HOST")
        await browser.close()
