"""People in a call: pages of a real Chromium that use the public browser SDK."""

import json
import time
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, BrowserContext, Page, Playwright

from tests.system.cloud import Cloud
from tests.system.older_browsers import WITHOUT, removal

SCRIPT = Path(__file__).with_name("participant.js")
CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--mute-audio", "--autoplay-policy=no-user-gesture-required",
    "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
    "--disable-background-timer-throttling", "--disable-renderer-backgrounding",
    "--disable-backgrounding-occluded-windows",
]  # fmt: skip
DEADLINE_S = 20.0


async def launch(playwright: Playwright, *extra: str) -> Browser:
    return await playwright.chromium.launch(executable_path=CHROMIUM, args=[*ARGUMENTS, *extra])


async def moving_pictures(page: Page, count: int) -> None:
    """Waits until so many videos of the page play. (The page's CSP forbids Playwright's own waiting.)"""
    playing = "[...document.querySelectorAll('video')].filter((v) => v.videoWidth > 0 && v.currentTime > 0).length"
    deadline = time.monotonic() + 20
    while (seen := await page.evaluate(playing)) < count:
        assert time.monotonic() < deadline, f"{seen} of {count} videos play"
        await page.wait_for_timeout(100)


class Person:
    """One page, one engine."""

    def __init__(self, page: Page, cloud: Cloud, user_id: str) -> None:
        self.page = page
        self.cloud = cloud
        self.user_id = user_id

    @classmethod
    async def arrive(
        cls, context: BrowserContext, cloud: Cloud, user_id: str, *, room: int = 0, without: str = WITHOUT
    ) -> "Person":
        """Opens a page with the SDK and makes the engine; not logged in yet. `without`: what the browser lacks."""
        page = await context.new_page()
        if without:
            await page.add_init_script(removal(without))
        await page.add_init_script(path=SCRIPT)
        await page.goto(f"{cloud.url(room)}/healthz")
        await page.add_script_tag(url=f"{cloud.url(room)}/sdk/ZegoExpressWebRTC.js")
        servers = [f"ws://localhost:{process.port}/ws" for process in cloud.rooms]
        servers = servers[room:] + servers[:room]
        await page.evaluate("([app, server]) => salon.start(app, server)", [cloud.app_id, servers])
        return cls(page, cloud, user_id)

    async def login(self, room_id: str, token: str | None = None, **config: Any) -> dict[str, Any]:
        """`{"ok": true}`, or the error the SDK rejected with."""
        user = {"userID": self.user_id, "userName": self.user_id.title()}
        arguments = [room_id, token or self.cloud.mint(self.user_id), user, config]
        result: dict[str, Any] = await self.page.evaluate("(a) => salon.login(...a)", arguments)
        return result

    async def publish(self, stream_id: str, create: Any = None, option: Any = None) -> bool:
        """Creates the local stream and publishes it. Without `create`: camera and microphone as they come."""
        arguments = [stream_id, create if create is not None else {}, option]
        return bool(await self.page.evaluate("(a) => salon.publish(a[0], a[1], a[2] ?? undefined)", arguments))

    async def unpublish(self, stream_id: str) -> None:
        await self.page.evaluate("(id) => salon.unpublish(id)", stream_id)

    async def play(self, stream_id: str) -> None:
        await self.page.evaluate("(id) => salon.play(id)", stream_id)

    async def auto_play(self) -> None:
        """From now on plays what is added and stops what is removed, as apps do."""
        await self.page.evaluate("salon.autoPlay()")

    async def call(self, expression: str, argument: Any = None) -> Any:
        return await self.page.evaluate(expression, argument)

    async def events(self, name: str | None = None) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = await self.page.evaluate("salon.events")
        return [event for event in found if name is None or event["name"] == name]

    async def wait_for(self, expression: str, argument: Any = None, *, deadline_s: float = DEADLINE_S) -> Any:
        """Waits until the JavaScript gives something true, and returns it; on failure says what happened instead."""
        end = time.monotonic() + deadline_s
        while True:
            value = await self.page.evaluate(expression, argument)
            if value:
                return value
            if time.monotonic() > end:
                told = json.dumps((await self.events())[-15:], indent=1)
                raise AssertionError(f"{self.user_id}: not within {deadline_s} s: {expression}\nlast events: {told}")
            await self.page.wait_for_timeout(50)

    async def wait_event(self, name: str, condition: str = "true", *, deadline_s: float = DEADLINE_S) -> list[Any]:
        """Arguments of the first event of that name for which the condition over `args` holds."""
        expression = f"salon.events.find(({{name, args}}) => name === {name!r} && ({condition}))?.args"
        args: list[Any] = await self.wait_for(expression, deadline_s=deadline_s)
        return args

    async def sees(self, stream_id: str, *, frames: int = 10) -> dict[str, Any]:
        """Waits until so many more frames of that stream were shown; returns the frame record."""
        count = "(salon.frames[id]?.count ?? 0)"
        before = await self.call(f"(id) => {count}", stream_id)
        await self.wait_for(f"([id, n]) => {count} >= n", [stream_id, before + frames])
        record: dict[str, Any] = await self.call("(id) => salon.frames[id]", stream_id)
        return record

    async def hears(self, stream_id: str) -> None:
        """Waits until sound energy of that stream rises."""
        before = await self.call("(id) => salon.energy(id)", stream_id)
        await self.wait_for("async ([id, e]) => (await salon.energy(id)) > e + 1e-6", [stream_id, before])

    async def codecs_received(self) -> set[str]:
        return {item["mimeType"] for item in await self.call("salon.inbound()") if item.get("framesDecoded", 1)}
