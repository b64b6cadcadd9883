"""From the call of loginRoom to the first decoded frame of somebody else's camera, in real Chromium on this machine.

Twice: newcomers who come alone, and a rush of them, each right behind the one before. In a rush they wait for key
frames, since a publisher is asked for one every 350 ms at most (Chromium ignores requests within 300 ms).
"""

import asyncio
import secrets

from playwright.async_api import Browser, async_playwright

from bench.report import Report, summary
from tests.system.browser import Person, launch
from tests.system.cloud import Cloud

ROUNDS = 30
WARM_UP_ROUNDS = 2
ALONE_S = 1.0

JOIN = """async ([room, token, user, stream]) => {
    const begin = performance.now();
    const engine = salon.engine;
    const first = new Promise((resolve) => {
        engine.on('roomStreamUpdate', async (roomID, type, list) => {
            if (type !== 'ADD' || !list.some((item) => item.streamID === stream)) return;
            const told = performance.now();
            const video = document.createElement('video');
            Object.assign(video, { autoplay: true, muted: true, playsInline: true });
            document.body.append(video);
            video.requestVideoFrameCallback(() => resolve({ told: told - begin, frame: performance.now() - begin }));
            video.srcObject = await engine.startPlayingStream(stream);
        });
    });
    await engine.loginRoom(room, token, user);
    const loggedIn = performance.now() - begin;
    return { loggedIn, ...(await first) };
}"""


async def run(cloud: Cloud, report: Report) -> None:
    async with async_playwright() as playwright:
        browser = await launch(playwright)
        for codec in ("VP8", "H264"):
            await _measure(browser, cloud, report, codec, ALONE_S)
        await _measure(browser, cloud, report, "VP8", 0)
        await browser.close()


async def _measure(browser: Browser, cloud: Cloud, report: Report, codec: str, pause_s: float) -> None:
    room, stream = f"join-{secrets.token_hex(4)}", f"camera-{secrets.token_hex(4)}"
    context = await browser.new_context()
    publisher = await Person.arrive(context, cloud, f"publisher-{secrets.token_hex(4)}")
    await publisher.login(room)
    await publisher.publish(stream, None, {"videoCodec": codec})
    await publisher.wait_event("publisherStateUpdate", "args[0].state === 'PUBLISHING'")
    rounds: list[dict[str, float]] = []
    for _ in range(WARM_UP_ROUNDS + ROUNDS):
        viewer = await Person.arrive(context, cloud, f"viewer-{secrets.token_hex(4)}")
        user = {"userID": viewer.user_id, "userName": viewer.user_id}
        rounds.append(await viewer.call(JOIN, [room, cloud.mint(viewer.user_id), user, stream]))
        await viewer.call("salon.engine.logoutRoom()")
        await viewer.page.close()
        await asyncio.sleep(pause_s)
    rounds = rounds[WARM_UP_ROUNDS:]
    report.add(
        "join-to-first-frame" if pause_s else "join-in-a-rush",
        bar="p50 at most 300 ms, p95 at most 600 ms",
        codec=codec,
        rounds=len(rounds),
        **summary([each["frame"] for each in rounds], "ms"),
        login_p50_ms=summary([each["loggedIn"] for each in rounds], "ms")["p50_ms"],
    )
    await context.close()
