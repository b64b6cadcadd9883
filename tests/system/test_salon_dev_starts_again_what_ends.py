"""Kill -9 of every process that `salon dev` has started, in turn, in the middle of a call with the Python SDK."""

import asyncio
import contextlib
import os
import re
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from subprocess import Popen

import pytest
from salon_sdk import EngineError, LocalStream, PatternVideo, RoomMessage, SalonEngine, ToneAudio

from tests.system.cloud import Cloud
from tests.system.test_salon_dev_runs_the_whole_cloud import children, command_line, environment, read_banner, running

PROCESSES = {
    "effects": b"salon_effects",
    "token": b"salon_token",
    "room": b"salon_room",
    "relay": b"salon_relay",
    "nats": b"nats-server",
}
BACK_S = 60.0
"""On a machine that is busy with something else."""


class Call:
    """Alice publishes and sends a number again and again; bob counts pictures and takes the numbers."""

    def __init__(self, app: Cloud, url: str) -> None:
        self._alice, self._bob = SalonEngine(app.app_id, url), SalonEngine(app.app_id, url)
        self._app = app
        self._tasks: list[asyncio.Task[None]] = []
        self._number = 0
        self._taken = 0
        self._pictures = 0
        self._changed = asyncio.Condition()

    async def begin(self) -> None:
        self._bob.on("im_recv_broadcast_message", self._take)
        for engine, name in ((self._alice, "alice"), (self._bob, "bob")):
            await engine.login_room("r", self._app.mint(name), name)
        await self._alice.start_publishing_stream("cam", LocalStream(ToneAudio(), PatternVideo(320, 180, 15)))
        played = await self._bob.start_playing_stream("cam")
        video = played.video
        assert video is not None

        async def watch() -> None:
            while True:
                await video.recv()
                self._pictures += 1
                await self._tell()

        self._tasks = [asyncio.create_task(watch()), asyncio.create_task(self._send())]
        await self.goes_on()

    async def goes_on(self) -> None:
        """A message that was sent after now arrives, and pictures do."""
        number, pictures = self._number, self._pictures
        async with asyncio.timeout(BACK_S), self._changed:
            await self._changed.wait_for(lambda: self._taken > number + 1 and self._pictures > pictures + 10)

    async def end(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for engine in (self._alice, self._bob):
            await engine.close()

    async def _send(self) -> None:
        while True:
            self._number += 1
            with contextlib.suppress(EngineError):  # refused while the cloud is not whole
                await self._alice.send_broadcast_message("r", str(self._number))
            await asyncio.sleep(0.6)  # what a user may send, and a little less

    async def _take(self, _room_id: str, messages: list[RoomMessage]) -> None:
        self._taken = max(self._taken, *(int(each.message) for each in messages))
        await self._tell()

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()


@asynccontextmanager
async def call_on_salon_dev(tmp_path: Path) -> AsyncIterator[tuple[Popen[str], Call]]:
    settings = environment(tmp_path)
    with running(settings) as process:
        told = await asyncio.to_thread(read_banner, process)
        app_id, secret = re.search(r"AppID +(\d+)", told), re.search(r"ServerSecret +(\S{32})\n", told)
        assert app_id is not None
        assert secret is not None
        app = Cloud(tmp_path, app_id=int(app_id[1]), server_secret=secret[1])
        call = Call(app, f"ws://127.0.0.1:{settings['SALON_HTTP_PORT']}/ws")
        await call.begin()
        yield process, call
        await call.end()


def pid_of(process: Popen[str], name: str) -> int:
    return next(pid for pid in children(process.pid) if PROCESSES[name] in command_line(pid))


@pytest.mark.timeout(400)
async def test_each_process_is_started_again_and_the_call_goes_on(tmp_path: Path) -> None:
    async with call_on_salon_dev(tmp_path) as (dev, call):
        for name in PROCESSES:
            before = pid_of(dev, name)
            os.kill(before, signal.SIGKILL)
            assert dev.stdout is not None
            while f"{name} ended with code -9; started again (1)" not in await asyncio.to_thread(dev.stdout.readline):
                assert dev.poll() is None
            await call.goes_on()
            assert pid_of(dev, name) != before
        dev.send_signal(signal.SIGINT)
        assert await asyncio.to_thread(dev.wait, 30) == 0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    directory = tmp_path / "disk"
    directory.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", str(directory)]
    try:
        mounted = subprocess.run(mounting, capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no mount: a disk that fills needs one of its own")
    if mounted.returncode:
        pytest.skip(f"a disk that fills needs the right to mount one: {mounted.stderr.decode().strip()}")
    yield directory
    subprocess.run(["umount", "--lazy", str(directory)], check=True)


async def keep_full(file: Path) -> None:
    """What NATS gives back meanwhile is taken, too."""
    with file.open("ab", buffering=0) as stream:
        while True:
            with contextlib.suppress(OSError):
                while True:
                    stream.write(b"0" * 4096)
            await asyncio.sleep(0.1)


@pytest.mark.timeout(300)
async def test_nats_is_started_again_when_its_disk_has_space_again(small_disk: Path) -> None:
    async with call_on_salon_dev(small_disk) as (dev, call):
        assert dev.stdout is not None
        filling = asyncio.create_task(keep_full(small_disk / "filler"))
        while "storage-refuses" not in await asyncio.to_thread(dev.stdout.readline):
            assert dev.poll() is None
        await asyncio.sleep(3)  # longer than the disk is looked at, and than a relay's lease
        filling.cancel()
        await asyncio.gather(filling, return_exceptions=True)
        (small_disk / "filler").unlink()
        while "nats stores nothing although there is space again" not in await asyncio.to_thread(dev.stdout.readline):
            assert dev.poll() is None
        await call.goes_on()
        assert dev.poll() is None
