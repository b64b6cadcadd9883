"""The picture pair of the docs: what a viewer sees of NASA's portrait of Eileen Collins, before and with all at 50.

`python -m scripts.picture_a_call` leaves it in artefacts/.
"""

import asyncio
import tempfile
from pathlib import Path

from playwright.async_api import async_playwright

from tests.quality.pictures import astronaut
from tests.system.beauty import BRIGHTER_BY, CENTRE, HALF, SHARP, OnAir, on_air
from tests.system.browser import launch
from tests.system.cloud import Cloud
from tests.system.conftest import ARTEFACTS, arrivals
from tests.system.fake_camera import film

SHOW = """(id) => {
    const video = salon.videos[id];
    document.body.replaceChildren(video);
    document.body.style = 'margin:0;background:#111;display:grid;place-items:center;height:100vh';
    video.style = 'width:640px;height:480px;border-radius:12px';
}"""


def main() -> None:
    ARTEFACTS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        cloud = Cloud(Path(folder) / "cloud")
        try:
            asyncio.run(picture(cloud.start(), Path(folder)))
        finally:
            cloud.stop()


async def picture(cloud: Cloud, folder: Path) -> None:
    camera = film(astronaut(), (276, 20, 592, 444), folder / "astronaut.y4m")
    async with async_playwright() as playwright:
        browser = await launch(playwright, camera.argument)
        async with arrivals(browser, cloud) as arrive:
            show = await on_air(arrive, cloud, create=SHARP)
            await show.viewer.page.set_viewport_size({"width": 704, "height": 544})
            await show.viewer.call(SHOW, show.stream)
            await show.viewer.sees(show.stream, frames=60)
            original = await show.look(CENTRE)
            await keep_picture(show, ARTEFACTS / "beauty-before.png")
            await show.on(HALF)
            await show.until(f"y > {original.y + BRIGHTER_BY / 2}")
            await show.viewer.sees(show.stream, frames=60)
            await keep_picture(show, ARTEFACTS / "beauty-after.png")
        await browser.close()


async def keep_picture(show: OnAir, path: Path) -> None:
    await show.viewer.page.screenshot(path=path)


if __name__ == "__main__":
    main()
