"""Debian's Firefox with this project's SDK, in the demo page as `make run` serves it."""

import asyncio
import json
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from enum import StrEnum
from pathlib import Path

from tests.clients import namespace, screen
from tests.clients.client import Client, ClientFailed, Direction, Ending, Job, Row
from tests.clients.reference import BITS, COLOURS, FPS, HEIGHT, TONE_HZ, TONE_LEVEL, WIDTH
from tests.clients.seen import Seen
from tests.system import firefox
from tests.system.browser import SCRIPT
from tests.system.firefox import FirefoxPage

HERE = Path(__file__).parent
WATCH, REFERENCE = HERE.joinpath("watch.js").read_text(), HERE.joinpath("reference.js").read_text()
WHAT = {
    "width": WIDTH, "height": HEIGHT, "fps": FPS, "bits": BITS, "colours": COLOURS, "toneHz": TONE_HZ,
    "level": TONE_LEVEL / 32767,
}  # fmt: skip
SENT = """async () => {
    const reports = await Promise.all(salon.connections.map((connection) => connection.getStats()));
    const all = reports.flatMap((report) => [...report.values()]);
    const codecId = all.find(({ type, kind }) => type === "outbound-rtp" && kind === "video")?.codecId;
    return all.find(({ id }) => id === codecId)?.mimeType;
}"""
"""The codec of the video that the page sends."""
SHARE = """(source) => {
    const { canvas } = source.custom.video.source;
    Object.assign(canvas.style, { position: "fixed", inset: 0, width: "100%", height: "100%", zIndex: 9999 });
    document.body.append(canvas);
    const screen = { video: { quality: 4, frameRate: 15, bitrate: 1500 }, audio: false };
    canvas.addEventListener("click", () => { salon.sharing = salon.engine.createZegoStream({ screen }); });
}"""
"""The reference all over the page, and a click on it shares the screen."""
OUTAGE_S = 12.0
PLATFORM = {
    "media.webrtc.encoder_creation_strategy": 1,
    "media.webrtc.hw.h264.enabled": True,
    "gfx.blacklist.webrtc.hw.acceleration.h264": 1,
}
"""Makes it offer H264 without the plugin, as where the graphics card has it; libavcodec decodes in the card's place."""
PLUGIN = "Debian's Firefox has no H264 of its own and would fetch Cisco's OpenH264 plugin while it runs"


class Way(StrEnum):
    PLAIN = "Salon's SDK"
    BEAUTY = "Salon's SDK, with beauty"
    RELOAD = "Salon's SDK, after a reload of the page"
    PLATFORM = "Salon's SDK, Firefox set to decode with libavcodec"
    SCREEN = "Salon's SDK, shares a screen"
    OUTAGE = f"Salon's SDK, after {OUTAGE_S:.0f} s without network"


class Firefox(Client):
    """One process for each row. It publishes the reference from a canvas and an oscillator."""

    name = "Firefox"
    rows: Sequence[Row] = (
        Row(Direction.PUBLISHES, "VP8", Way.PLAIN),
        Row(Direction.PUBLISHES, "VP8", Way.BEAUTY),
        Row(Direction.PUBLISHES, "VP8", Way.RELOAD),
        Row(Direction.PUBLISHES, "VP8", Way.SCREEN, has_sound=False),
        Row(Direction.PLAYS, "VP8", Way.PLAIN),
        Row(Direction.PLAYS, "VP8", Way.RELOAD),
        Row(Direction.PLAYS, "VP8", Way.OUTAGE),
        Row(Direction.PUBLISHES, "H264", Way.PLAIN, known=PLUGIN),
        Row(Direction.PLAYS, "H264", Way.PLAIN, known=PLUGIN),
        Row(Direction.PLAYS, "H264", Way.PLATFORM),
    )

    def missing(self) -> str:
        if not Path(firefox.FIREFOX).exists():
            return f"{firefox.FIREFOX} is not there"
        if namespace.is_inside() and shutil.which("nft") is None:
            return "nft (Debian's nftables) is not there, which cuts the network for one row"
        if shutil.which(screen.XVFB) is None:
            return f"{screen.XVFB} (Debian's xvfb) is not there, whose screen one row shares"
        if not any(Path("/usr/lib").glob("**/libavcodec.so.*")):
            return "libavcodec (Debian's libavcodec59) is not there, which one row decodes with"
        return ""

    async def versions(self) -> str:
        done = await asyncio.to_thread(subprocess.run, [firefox.FIREFOX, "--version"], capture_output=True, text=True)
        return done.stdout.strip()

    async def open(self) -> None:
        if namespace.is_inside():
            # Without a way to the Internet Firefox takes the machine for one without network, and gathers nothing.
            command = ["ip", "route", "replace", "default", "dev", "salon0"]
            await asyncio.to_thread(subprocess.run, command, check=True, capture_output=True)

    @asynccontextmanager
    async def publishing(self, job: Job) -> AsyncIterator[Ending]:
        async with self._page(job) as page:
            await _enter(page, job, "publisher")
            if job.row.way == Way.RELOAD:
                await _publish(page, job)
                await page.reload()
                await _enter(page, job, "publisher")
            await _publish(page, job)
            yield asyncio.get_running_loop().create_future()

    async def play(self, job: Job) -> Seen:
        end = time.monotonic() + job.deadline_s
        async with self._page(job) as page:
            await _play(page, job)
            if job.row.way == Way.RELOAD:
                await page.reload()
                await _play(page, job)
            elif job.row.way == Way.OUTAGE:
                await _shows_more(page, job)
                await _without_network(job)
                end = time.monotonic() + job.deadline_s
            await _shows_more(page, job)
            await page.evaluate(f"(id) => ({WATCH})(id) ?? null", job.stream_id)
            seen = Seen()
            while not seen.enough.is_set() and time.monotonic() < end:
                await asyncio.sleep(0.5)
                seen.of_page(await page.evaluate("salon.takeKept()"))
        return seen

    @asynccontextmanager
    async def _page(self, job: Job) -> AsyncIterator[FirefoxPage]:
        preferences = PLATFORM if job.row.way == Way.PLATFORM else {}
        async with AsyncExitStack() as stack:
            display = await stack.enter_async_context(screen.screen()) if job.row.way == Way.SCREEN else ""
            launched = await stack.enter_async_context(firefox.launch(preferences, display=display))
            try:
                page = await launched.new_page(init_script=SCRIPT)
                await page.goto(job.cloud.url())
                yield page
            except firefox.FirefoxError as problem:
                raise ClientFailed(str(problem).splitlines()[0]) from None


async def _enter(page: FirefoxPage, job: Job, role: str) -> None:
    user_id = f"{role}-{job.stream_id}"
    user = {"userID": user_id, "userName": user_id}
    # The demo page may connect to its own origin alone.
    await page.evaluate("([app, server]) => salon.start(app, server)", [job.cloud.app_id, f"{job.cloud.url()}/ws"])
    answer = await page.evaluate("(a) => salon.login(...a)", [job.room_id, job.cloud.mint(user_id), user, {}])
    if "ok" not in answer:
        raise ClientFailed(f"cannot log in: {answer}")


async def _publish(page: FirefoxPage, job: Job) -> None:
    option = {"videoCodec": job.row.codec}
    beauty = {"smoothIntensity": 50} if job.row.way == Way.BEAUTY else None
    reference = f"({REFERENCE})({json.dumps(WHAT)})"
    if job.row.way == Way.SCREEN:
        await page.evaluate(f"({SHARE})({reference})")
        await page.press()
        made = "salon.sharing"
    else:
        made = f"salon.engine.createZegoStream({reference})"
    await page.evaluate(
        f"""async ([id, option, beauty]) => {{
            salon.local[id] = await {made};
            const asked = beauty && await salon.beauty(id, true, beauty);
            salon.engine.startPublishingStream(id, salon.local[id], option);
            return asked;
        }}""",
        [job.stream_id, option, beauty],
    )
    state = "salon.events.filter(({name}) => name === 'publisherStateUpdate').at(-1)?.args[0]"
    await page.wait_for(f"{state}?.state === 'PUBLISHING'", deadline_s=job.deadline_s)
    if (sent := await page.wait_for(SENT, deadline_s=job.deadline_s)) != f"video/{job.row.codec}":
        raise ClientFailed(f"it sends {sent}")


async def _play(page: FirefoxPage, job: Job) -> None:
    await _enter(page, job, "viewer")
    added = "(id) => salon.events.some(({ name, args }) => name === 'roomStreamUpdate' && args[2][0].streamID === id)"
    await page.wait_for(added, job.stream_id, deadline_s=job.deadline_s)
    await page.evaluate("(id) => salon.play(id)", job.stream_id)


async def _shows_more(page: FirefoxPage, job: Job) -> None:
    """A second of pictures, or so."""
    count = "(id) => salon.frames[id].count"
    before = await page.evaluate(count, job.stream_id)
    await page.wait_for(f"(id) => ({count})(id) > {before + FPS}", job.stream_id, deadline_s=job.deadline_s)


async def _without_network(job: Job) -> None:
    """What goes to the cloud's public ports or comes from them is lost, without a word to either end."""
    if not namespace.is_inside():
        raise ClientFailed("the network of a machine in use is not cut")
    http_port, media_port = job.cloud.public_ports
    rules = "".join(
        f"add rule inet outage input {kind} {end} {port} drop\n"
        for kind, port in (("tcp", http_port), ("udp", media_port))
        for end in ("sport", "dport")
    )
    table = "add table inet outage\nadd chain inet outage input { type filter hook input priority 0; }\n"
    await _nft(table + rules)
    try:
        await asyncio.sleep(OUTAGE_S)
    finally:
        await _nft("delete table inet outage\n")


async def _nft(script: str) -> None:
    command = ["nft", "-f", "-"]
    await asyncio.to_thread(subprocess.run, command, input=script, check=True, capture_output=True, text=True)
