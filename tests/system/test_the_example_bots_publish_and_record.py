"""The two bots of examples/, run as the README says: what one publishes the other has in a file."""

import asyncio
import os
import sys
from pathlib import Path
from urllib.parse import unquote

import av

from tests.system.cloud import Cloud
from tests.system.rooms import fresh

EXAMPLES = Path(__file__).parents[2] / "examples"


async def bot(cloud: Cloud, script: str, user: str, room: str, *more: str) -> asyncio.subprocess.Process:
    command = [sys.executable, str(EXAMPLES / script), "--server", cloud.url(), "--app-id", str(cloud.app_id)]
    command += ["--room-id", room, "--user-id", user, *more]
    environment = {**os.environ, "SALON_TOKEN": cloud.mint(user)}
    return await asyncio.create_subprocess_exec(
        *command, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )


async def said(process: asyncio.subprocess.Process) -> str:
    output, _ = await asyncio.wait_for(process.communicate(), 60)
    return output.decode()


def the_only_file(folder: Path) -> tuple[str, int, int]:
    """Its name without the suffix, decoded frames of video and of audio."""
    (file,) = folder.iterdir()
    with av.open(str(file)) as recording:
        frames = list(recording.decode())
    video, audio = (sum(isinstance(frame, kind) for frame in frames) for kind in (av.VideoFrame, av.AudioFrame))
    return file.stem, video, audio


async def test_the_example_bots_publish_and_record(cloud: Cloud, tmp_path: Path) -> None:
    room = fresh("room")
    stream = fresh("../team#1/ann.b@x_")  # a legal stream id is no path of the recorder's machine
    named = ("--stream-id", stream)
    publisher = await bot(cloud, "bot_publish_file.py", fresh("file-bot"), room, *named, "--seconds", "18")
    assert publisher.stdout is not None
    async with asyncio.timeout(60):  # it draws what it publishes first, which takes its time on a busy machine
        while not (line := await publisher.stdout.readline()).rstrip().endswith(b" PUBLISHING"):
            assert line, "it ended before it published"
    recorder = await bot(cloud, "bot_record.py", fresh("record-bot"), room, "--seconds", "8", "--folder", str(tmp_path))
    told = await said(recorder)
    assert recorder.returncode == 0, told
    told = await said(publisher)
    assert publisher.returncode == 0, told

    name, video, audio = the_only_file(tmp_path)
    assert unquote(name).endswith(f"-{stream}")
    assert video > 50
    assert audio > 150
