"""The two bots of examples/, run as the README says: what one publishes the other has in a file."""

import asyncio
import os
import sys
from pathlib import Path

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


def frames_in_the_only_file(folder: Path) -> tuple[int, int]:
    """Decoded frames: video, audio."""
    (file,) = folder.iterdir()
    with av.open(str(file)) as recording:
        frames = list(recording.decode())
    return sum(isinstance(f, av.VideoFrame) for f in frames), sum(isinstance(f, av.AudioFrame) for f in frames)


async def test_the_example_bots_publish_and_record(cloud: Cloud, tmp_path: Path) -> None:
    room = fresh("room")
    publisher = await bot(cloud, "bot_publish_file.py", fresh("file-bot"), room, "--seconds", "14")
    recorder = await bot(
        cloud, "bot_record.py", fresh("record-bot"), room, "--seconds", "10", "--folder", str(tmp_path)
    )
    told = await said(recorder)
    assert recorder.returncode == 0, told
    told = await said(publisher)
    assert publisher.returncode == 0, told

    video, audio = frames_in_the_only_file(tmp_path)
    assert video > 50
    assert audio > 150
