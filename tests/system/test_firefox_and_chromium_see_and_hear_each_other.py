"""A cloud as `make run` starts it, the demo page, a Firefox and a Chromium in one call. Then Firefox leaves."""

import asyncio
import contextlib
import time
from ipaddress import IPv6Address
from pathlib import Path
from typing import Protocol

import pytest
from playwright.async_api import Browser, expect
from salon_relay.addresses import own_addresses

from tests.system import firefox
from tests.system.browser import SCRIPT
from tests.system.rooms import fresh
from tests.system.test_salon_dev_runs_the_whole_cloud import environment, read_banner, running

pytestmark = [
    pytest.mark.skipif(not Path(firefox.FIREFOX).exists(), reason="Debian's firefox-esr is not installed"),
    pytest.mark.skipif(
        own_addresses(IPv6Address("::"))[0].is_loopback, reason="Firefox pairs with no loopback address"
    ),
]

# Of what the page receives from others: pictures that were decoded, and energy of sound that was heard.
RECEIVED = """async (kind) => {
    const reports = await Promise.all(salon.connections.map((connection) => connection.getStats()));
    const inbound = reports.flatMap((report) => [...report.values()]).filter(({ type }) => type === "inbound-rtp");
    return inbound.reduce((sum, one) => sum + (one[kind] ?? 0), 0);
}"""
ANSWER_S = 15.0
TILES = "document.querySelectorAll('[data-testid=tile]').length"


class AnyPage(Protocol):
    async def evaluate(self, expression: str, argument: object = None) -> object: ...


async def received(page: AnyPage, kind: str) -> float:
    """Asks again where an answer stays out: on a busy machine Firefox's `getStats` was seen not to settle."""
    async with asyncio.timeout(firefox.DEADLINE_S):
        while True:
            with contextlib.suppress(TimeoutError):
                return float(str(await asyncio.wait_for(page.evaluate(RECEIVED, kind), ANSWER_S)))


async def rises(page: AnyPage, kind: str) -> None:
    """More of it comes than is there already."""
    before = await received(page, kind)
    deadline = time.monotonic() + firefox.DEADLINE_S
    while await received(page, kind) <= before:
        assert time.monotonic() < deadline, f"no more {kind} than {before}"
        await asyncio.sleep(0.1)


async def sees_and_hears(page: AnyPage) -> None:
    for _ in range(3):
        await rises(page, "framesDecoded")
        await rises(page, "totalAudioEnergy")


async def test_a_call_in_both_directions_and_who_leaves_is_gone(browser: Browser, tmp_path: Path) -> None:
    settings = environment(tmp_path, SALON_RELAY_BIND_HOST="")
    url = f"http://localhost:{settings['SALON_HTTP_PORT']}/?room={fresh('room')}"
    with running(settings) as process:
        async with firefox.launch() as fox:
            await asyncio.to_thread(read_banner, process)
            context = await browser.new_context()
            await context.add_init_script(path=SCRIPT)
            ann = await context.new_page()
            await ann.goto(url)
            await ann.get_by_test_id("name-input").fill("Ann")
            await ann.get_by_test_id("join-button").click()

            page = await fox.new_page(init_script=SCRIPT)
            for leave in ("reload", "close"):
                await page.goto(url)
                await page.fill("name-input", "Fox")
                await page.click("join-button")
                await page.wait_for(f"{TILES} === 2")
                await expect(ann.get_by_test_id("tile")).to_have_count(2)
                await sees_and_hears(page)
                await sees_and_hears(ann)
                await (page.reload() if leave == "reload" else page.close())
                await expect(ann.get_by_test_id("tile")).to_have_count(1, timeout=firefox.DEADLINE_S * 1000 / 2)
            await context.close()
