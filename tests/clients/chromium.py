"""Debian's Chromium with this project's SDK, which is what most people in a call have."""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, async_playwright

from tests.clients.client import Client, ClientFailed, Direction, Ending, Job, Row
from tests.clients.encoding import write_audio, write_video
from tests.clients.seen import Seen
from tests.system.browser import CHROMIUM, Person, launch

CAMERA_S = 12
WATCH = Path(__file__).with_name("watch.js").read_text()
AS_IT_IS = {"AEC": False, "ANS": False, "AGC": False}
"""Sound processing takes a steady tone for noise."""


class Chromium(Client):
    """Its camera and microphone are the reference."""

    name = "Chromium"
    rows = tuple(Row(direction, codec, "Salon's SDK") for direction in Direction for codec in ("VP8", "H264"))

    def __init__(self) -> None:
        self._stack = AsyncExitStack()
        self._browser: Browser | None = None

    def missing(self) -> str:
        return "" if Path(CHROMIUM).exists() else f"{CHROMIUM} is not there"

    async def versions(self) -> str:
        return f"Chromium {self.browser.version}"

    @property
    def browser(self) -> Browser:
        assert self._browser is not None, "open() comes first"
        return self._browser

    async def open(self) -> None:
        folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory()))
        camera = await asyncio.to_thread(write_video, folder / "camera.y4m", "", CAMERA_S)
        microphone = await asyncio.to_thread(write_audio, folder / "microphone.wav", CAMERA_S)
        playwright = await self._stack.enter_async_context(async_playwright())
        devices = [f"--use-file-for-fake-video-capture={camera}", f"--use-file-for-fake-audio-capture={microphone}"]
        self._browser = await launch(playwright, *devices)

    async def close(self) -> None:
        if self._browser is not None:
            await self._browser.close()
        await self._stack.aclose()

    @asynccontextmanager
    async def publishing(self, job: Job) -> AsyncIterator[Ending]:
        async with self._person(job, "publisher") as person:
            await person.publish(job.stream_id, {"camera": AS_IT_IS}, {"videoCodec": job.row.codec})
            yield asyncio.get_running_loop().create_future()

    async def play(self, job: Job) -> Seen:
        end = time.monotonic() + job.deadline_s
        seen = Seen()
        async with self._person(job, "viewer") as person:
            try:
                await person.wait_event("roomStreamUpdate", "args[1] === 'ADD'", deadline_s=job.deadline_s)
                await person.play(job.stream_id)
                await person.call(f"(id) => ({WATCH})(id)", job.stream_id)
            except AssertionError as problem:
                raise ClientFailed(str(problem).splitlines()[0]) from None
            while not seen.enough.is_set() and time.monotonic() < end:
                await asyncio.sleep(0.5)
                seen.of_page(await person.call("salon.takeKept()"))
        return seen

    @asynccontextmanager
    async def _person(self, job: Job, role: str) -> AsyncIterator[Person]:
        context = await self.browser.new_context()
        try:
            person = await Person.arrive(context, job.cloud, f"{role}-{job.stream_id}")
            answer = await person.login(job.room_id)
            if "ok" not in answer:
                raise ClientFailed(f"cannot log in: {answer}")
            yield person
        finally:
            await context.close()
