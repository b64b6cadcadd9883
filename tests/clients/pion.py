"""pion: the program of tests/clients/pion reads and writes coded media; FFmpeg decodes what it wrote."""

import asyncio
import shutil
import tempfile
from pathlib import Path

from tests.clients.client import Client, Direction, Job, Publishing, Row
from tests.clients.encoding import write_audio, write_video
from tests.clients.program import output_of, publishing, run_to_end
from tests.clients.seen import Seen

PROGRAM = Path(__file__).parents[2] / ".tools" / "clients" / "pion" / "pion"
MEDIA_S = 17
"""256 pictures, nearly: numbers come again only after all of them."""
PLAYED_S = 7
ALONE = "offers H264 alone"
ENDINGS = {"VP8": "ivf", "H264": "h264"}


class Pion(Client):
    name = "pion"
    rows = (
        Row(Direction.PUBLISHES, "VP8", "default codecs"),
        Row(Direction.PUBLISHES, "H264", ALONE),
        Row(Direction.PUBLISHES, "H264", "default codecs: offers VP8 first, sends H264"),
        Row(Direction.PLAYS, "VP8", "default codecs"),
        Row(Direction.PLAYS, "H264", "default codecs"),
    )
    _folder: Path | None = None

    def missing(self) -> str:
        if PROGRAM.exists():
            return ""
        return "tests/clients/pion is not built" if shutil.which("go") else "there is no Go on this machine"

    async def versions(self) -> str:
        return await output_of([str(PROGRAM), "version"])

    async def open(self) -> None:
        self._folder = Path(tempfile.mkdtemp())
        for codec, ending in ENDINGS.items():
            await asyncio.to_thread(write_video, self._folder / f"video.{ending}", codec, MEDIA_S)
        await asyncio.to_thread(write_audio, self._folder / "audio.ogg", MEDIA_S)

    async def close(self) -> None:
        if self._folder is not None:
            shutil.rmtree(self._folder)

    def publishing(self, job: Job) -> Publishing:
        assert self._folder is not None, "open() comes first"
        video, audio = self._folder / f"video.{ENDINGS[job.row.codec]}", self._folder / "audio.ogg"
        verb = "publish-alone" if job.row.way == ALONE else "publish"
        command = [str(PROGRAM), verb, job.whip, job.token("publisher"), str(video), str(audio)]
        return publishing(self.name, command)

    async def play(self, job: Job) -> Seen:
        command = [str(PROGRAM), "play", job.whep, job.token("viewer"), str(job.folder), str(PLAYED_S)]
        await run_to_end(self.name, command, job.deadline_s + PLAYED_S)
        return await asyncio.to_thread(_read, job)


def _read(job: Job) -> Seen:
    seen = Seen()
    for path in (job.folder / f"video.{ENDINGS[job.row.codec]}", job.folder / "audio.ogg"):
        if path.exists():
            seen.read_file(path)
    return seen
