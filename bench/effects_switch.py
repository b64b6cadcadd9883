"""What a viewer notices when beauty is switched on and off, in real Chromium: times without a new picture, lip sync."""

import statistics
import tempfile
from pathlib import Path

from playwright.async_api import async_playwright

from bench.report import Report
from tests.quality.pictures import drawn_face
from tests.system.beauty import BRIGHT, BRIGHTER_BY, CENTRE, HALF, OnAir, on_air
from tests.system.browser import Person, launch
from tests.system.cloud import Cloud
from tests.system.conftest import Arrive, arrivals
from tests.system.fake_camera import film
from tests.system.rooms import fresh

SWITCHES = 4
PAIRS = 6
GAP_BAR = "the median at a switch at most 300 ms above the longest without one"
SYNC_BAR = "medians at most 80 ms from the one before (ITU-R BT.1359: 45 early or 125 late is seen by somebody)"


async def run(report: Report) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        face = film(drawn_face(5), (160, 0, 960, 720), folder / "face.y4m")
        cloud = Cloud(folder / "cloud")
        try:
            cloud.start()
            async with async_playwright() as playwright:
                browser = await launch(playwright, face.argument)
                for codec in ("VP8", "H264"):
                    async with arrivals(browser, cloud) as arrive:
                        await _gaps(arrive, cloud, report, codec)
                async with arrivals(browser, cloud) as arrive:
                    await _lip_sync(arrive, report)
                await browser.close()
        finally:
            cloud.stop()


async def _gaps(arrive: Arrive, cloud: Cloud, report: Report, codec: str) -> None:
    """Each switch beside a time without any: a machine that has pauses by itself has them at switches as well."""
    show = await on_air(arrive, cloud, codec=codec)
    original = await show.look(CENTRE)
    on, off, control = [], [], []
    for _ in range(SWITCHES):
        await show.gap_ms()
        await show.viewer.sees(show.stream, frames=30)
        control.append(await show.gap_ms())
        await show.on(BRIGHT)
        await show.until(f"y > {original.y + BRIGHTER_BY}")
        on.append(await show.gap_ms())
        await show.viewer.sees(show.stream, frames=30)
        await show.gap_ms()
        await show.off()
        await show.until(f"y < {original.y + 2}")
        off.append(await show.gap_ms())
    report.add(
        "effects-switch-gap",
        bar=GAP_BAR,
        codec=codec,
        switches=2 * SWITCHES,
        on_p50_ms=round(statistics.median(on), 1),
        off_p50_ms=round(statistics.median(off), 1),
        max_ms=round(max(*on, *off), 1),
        max_without_ms=round(max(control), 1),
    )


async def _lip_sync(arrive: Arrive, report: Report) -> None:
    """A flash and a beep at once, every second: by how much the picture is later than the sound at the other side."""
    room, stream = fresh("room"), fresh("metronome")
    ann, bob = await arrive(fresh("ann")), await arrive(fresh("bob"))
    await bob.auto_play()
    for person in (ann, bob):
        await person.login(room)
    await ann.call("(id) => salon.publishMetronome(id, { videoCodec: 'VP8' })", stream)
    await bob.wait_for("(id) => salon.frames[id]", stream)
    await bob.sees(stream, frames=60)  # until the receiver has settled
    await bob.call("(id) => salon.listen(id)", stream)
    show = OnAir(room, stream, ann, [bob])
    before = await _late_by_ms(bob, stream)
    await show.on(HALF)
    during = await _late_by_ms(bob, stream)
    await show.off()
    after = await _late_by_ms(bob, stream)
    report.add("effects-lip-sync", bar=SYNC_BAR, pairs=PAIRS, before_ms=before, during_ms=during, after_ms=after)


async def _late_by_ms(person: Person, stream: str) -> float:
    """The median of the next pairs."""
    count = len(await person.call("(id) => salon.lipSyncMs(id)", stream))
    enough = "([id, n]) => salon.lipSyncMs(id).length >= n"
    await person.wait_for(enough, [stream, count + PAIRS + 1], deadline_s=30)
    found: list[float] = await person.call("(id) => salon.lipSyncMs(id)", stream)
    # The one at the switch belongs to neither side.
    return round(statistics.median(found[count + 1 :]), 1)
