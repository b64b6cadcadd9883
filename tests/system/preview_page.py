"""A page with the SDK and a camera, but no cloud: for what the SDK does in the browser alone."""

from pathlib import Path

import salon_web_sdk
from playwright.async_api import BrowserContext, Page, Route

DIST = Path(salon_web_sdk.DIST)
ADDRESS = "http://localhost/preview"
HTML = "<!doctype html><html><body></body></html>"


async def open_page(context: BrowserContext) -> Page:
    """Served from memory under a name that browsers trust with a camera; `/sdk/` is the built SDK."""

    async def answer(route: Route) -> None:
        name = route.request.url.rpartition("/sdk/")[2] if "/sdk/" in route.request.url else None
        if name is None:
            await route.fulfill(body=HTML, content_type="text/html")
        else:
            await route.fulfill(body=(DIST / name).read_text(), content_type="text/javascript")

    page = await context.new_page()
    await page.route("**/*", answer)
    await page.goto(ADDRESS)
    return page
