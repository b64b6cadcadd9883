"""libdatachannel, which OBS has, through its bindings for Node: the program is tests/clients/node_datachannel."""

import asyncio
import shutil
import tempfile
from pathlib import Path

from tests.clients.client import Client, Direction, Job, Publishing, Row
from tests.clients.coded import read_packets, write_audio_frames, write_video_frames
from tests.clients.program import output_of, publishing, run_to_end
from tests.clients.seen import Seen

FOLDER = Path(__file__).parent / "node_datachannel"
COMMAND = ["node", str(FOLDER / "main.mjs")]
MEDIA_S = 17
PLAYED_S = 7


class NodeDatachannel(Client):
    name = "libdatachannel"
    rows = (
        Row(Direction.PUBLISHES, "VP8", "packets of its own"),
        Row(Direction.PUBLISHES, "H264", "H264RtpPacketizer, RtcpNackResponder"),
        Row(Direction.PLAYS, "VP8", "RtcpReceivingSession"),
        Row(Direction.PLAYS, "H264", "RtcpReceivingSession"),
    )
    _media: Path | None = None

    def missing(self) -> str:
        if shutil.which("node") is None:
            return "there is no Node on this machine"
        installed = FOLDER / "node_modules" / "node-datachannel"
        return "" if installed.exists() else "tests/clients/node_datachannel is not installed"

    async def versions(self) -> str:
        return f"{await output_of([*COMMAND, 'version'])}, {await output_of(['node', '--version'])} of Node"

    async def open(self) -> None:
        self._media = Path(tempfile.mkdtemp())
        for codec in ("VP8", "H264"):
            await asyncio.to_thread(write_video_frames, self._media / codec, codec, MEDIA_S)
        await asyncio.to_thread(write_audio_frames, self._media / "opus", MEDIA_S)

    async def close(self) -> None:
        if self._media is not None:
            shutil.rmtree(self._media)

    def publishing(self, job: Job) -> Publishing:
        assert self._media is not None, "open() comes first"
        files = [str(self._media / job.row.codec), str(self._media / "opus")]
        return publishing(self.name, [*COMMAND, "publish", job.whip, job.token("publisher"), job.row.codec, *files])

    async def play(self, job: Job) -> Seen:
        arguments = ["play", job.whep, job.token("viewer"), job.row.codec, str(job.folder), str(PLAYED_S)]
        await run_to_end(self.name, [*COMMAND, *arguments], job.deadline_s + PLAYED_S)
        return await asyncio.to_thread(_read, job)


def _read(job: Job) -> Seen:
    seen = Seen()
    read_packets(job.folder / "video", job.row.codec, seen)
    read_packets(job.folder / "audio", "opus", seen)
    return seen
