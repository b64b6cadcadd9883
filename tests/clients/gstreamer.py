"""GStreamer's four elements for WHIP and WHEP, in pipelines as gst-launch-1.0 takes them.

`whipsink` and `whepsrc` take and give RTP; `whipclientsink` and `whepclientsrc` code by themselves. libnice, which all
of them have, uses no loopback: they need a network namespace with an address.
"""

import asyncio
import shutil
import tempfile
import time
import tomllib
from pathlib import Path

import numpy as np

from tests.clients import namespace
from tests.clients.client import Client, ClientFailed, Direction, Job, Publishing, Row
from tests.clients.encoding import write_clip
from tests.clients.program import output_of, publishing, running
from tests.clients.reference import FPS, HEIGHT, RATE_HZ, WIDTH, Samples
from tests.clients.seen import Seen

PLUGINS = Path(__file__).parents[2] / ".tools" / "clients" / "gstreamer" / "debug"
LOCK = Path(__file__).parent / "gstreamer" / "Cargo.lock"
CLIP_S = 60
"""Longer than a row lasts: a pipeline cannot begin a file again without an end in between."""
PLAYED_S = 6
RGB_BYTES = WIDTH * HEIGHT * 3
PAY = {"VP8": "rtpvp8pay pt=96", "H264": "h264parse config-interval=-1 ! rtph264pay pt=96"}
DECODE = {"VP8": "vp8dec", "H264": "h264parse ! avdec_h264"}
RTP = {"video": "application/x-rtp,media=video,clock-rate=90000,payload=96", "audio": "application/x-rtp,media=audio"}
CODECS = ("VP8", "H264")
NO_STUN = "stun-server=NULL"
"""They have a public one by default, which nobody reaches from here."""
ALL_CODECS = ", default codecs"
"""It offers all that it has, VP8 first; otherwise the row's codec alone."""
RTP["audio"] += ",clock-rate=48000,payload=97,encoding-name=OPUS,encoding-params=(string)2"


class Gstreamer(Client):
    name = "GStreamer"
    rows = (
        *(Row(Direction.PUBLISHES, codec, way) for way in ("whipsink", "whipclientsink") for codec in CODECS),
        Row(Direction.PUBLISHES, "VP8", f"whipclientsink{ALL_CODECS}"),
        *(
            Row(Direction.PLAYS, codec, way)
            for way in ("whepsrc", "whepclientsrc", f"whepclientsrc{ALL_CODECS}")
            for codec in CODECS
        ),
    )
    _folder: Path | None = None

    def missing(self) -> str:
        if shutil.which("gst-launch-1.0") is None:
            return "GStreamer is not on this machine"
        if not all((PLUGINS / f"lib{name}.so").exists() for name in ("gstwebrtchttp", "gstrswebrtc")):
            return "tests/clients/gstreamer is not built"
        return "" if namespace.is_inside() else "libnice needs a network namespace with an address"

    async def versions(self) -> str:
        own = await output_of(["gst-inspect-1.0", "--version"])
        locked = {each["name"]: each["version"] for each in tomllib.loads(LOCK.read_text())["package"]}
        plugins = " and ".join(f"{name} {locked[name]}" for name in ("gst-plugin-webrtchttp", "gst-plugin-webrtc"))
        return f"GStreamer {own.split()[-1]}, {plugins}"

    async def open(self) -> None:
        self._folder = Path(tempfile.mkdtemp())
        for codec in CODECS:
            await asyncio.to_thread(write_clip, self._folder / f"{codec}.mkv", codec, CLIP_S)

    async def close(self) -> None:
        if self._folder is not None:
            shutil.rmtree(self._folder)

    def publishing(self, job: Job) -> Publishing:
        assert self._folder is not None, "open() comes first"
        file = f"filesrc location={self._folder / job.row.codec}.mkv ! matroskademux name=file"
        endpoint = [f"whip-endpoint={job.whip}", f"auth-token={job.token('publisher')}"]
        if job.row.way == "whipsink":
            pipeline = [*f"whipsink name=out {' '.join(endpoint)} {file}".split(), *_rtp(job.row.codec)]
        else:
            one_codec = f"video-caps=video/x-{job.row.codec.lower()} audio-caps=audio/x-opus"
            caps = "" if ALL_CODECS in job.row.way else one_codec
            out = f"whipclientsink name=out {NO_STUN} congestion-control=disabled {caps}"
            properties = " ".join(f"signaller::{each}" for each in endpoint)
            pipeline = [*f"{out} {properties} {file}".split(), *_raw(job.row.codec)]
        return publishing(self.name, ["gst-launch-1.0", *pipeline], self._environment)

    async def play(self, job: Job) -> Seen:
        files = {kind: job.folder / kind for kind in ("video", "audio")}
        end = time.monotonic() + job.deadline_s
        seen = Seen()
        command = ["gst-launch-1.0", *_player(job, files)]
        while not seen.pictures and time.monotonic() < end:  # a stream that is not there yet ends the pipeline
            async with running(self.name, command, self._environment) as program:
                filled = asyncio.create_task(_fill(files))
                ended = asyncio.create_task(program.ended())
                timeout = end - time.monotonic()
                await asyncio.wait({filled, ended}, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
                filled.cancel()
                said = program.said
            _read(files, seen)
        if not seen.pictures and not seen.tone_s:
            raise ClientFailed(f"neither picture nor sound; {self.name} said: {said}")
        return seen

    @property
    def _environment(self) -> dict[str, str]:
        assert self._folder is not None, "open() comes first"
        return {"GST_PLUGIN_PATH": str(PLUGINS), "GST_REGISTRY": str(self._folder / "registry.bin")}


def _rtp(codec: str) -> list[str]:
    video = f"file.video_0 ! queue ! {PAY[codec]} ! identity sync=true ! {RTP['video']}"
    audio = f"file.audio_0 ! queue ! rtpopuspay pt=97 ! identity sync=true ! {RTP['audio']}"
    return f"{video},encoding-name={codec} ! out.sink_0 {audio} ! out.sink_1".split()


def _raw(codec: str) -> list[str]:
    video = f"file.video_0 ! queue ! {DECODE[codec]} ! videoconvert ! identity sync=true ! queue ! out.video_0"
    audio = "file.audio_0 ! queue ! opusdec ! audioconvert ! identity sync=true ! queue ! out.audio_0"
    return f"{video} {audio}".split()


def _player(job: Job, files: dict[str, Path]) -> list[str]:
    """Decodes in GStreamer and writes RGB pictures of the reference's size, and one channel."""
    codec, endpoint = job.row.codec, [f"whep-endpoint={job.whep}", f"auth-token={job.token('viewer')}"]
    picture = f"videoconvert ! videoscale ! video/x-raw,format=RGB,width={WIDTH},height={HEIGHT} ! filesink async=false"
    sound = f"audioconvert ! audioresample ! audio/x-raw,format=S16LE,channels=1,rate={RATE_HZ} ! filesink async=false"
    pictures, sounds = (
        f"{picture} sync=false location={files['video']}",
        f"{sound} sync=false location={files['audio']}",
    )
    if job.row.way.startswith("whepclientsrc"):
        properties = " ".join(f"signaller::{each}" for each in endpoint)
        codecs = "" if ALL_CODECS in job.row.way else f"video-codecs=<{codec}> audio-codecs=<OPUS>"
        source = f"whepclientsrc name=in {NO_STUN} {codecs} {properties}"
        return f"{source} in.video_0 ! queue ! {pictures} in.audio_0 ! queue ! {sounds}".split()
    caps = f"video-caps={RTP['video']},encoding-name={codec} audio-caps={RTP['audio']}"
    source = f"whepsrc name=in {' '.join(endpoint)} {caps}"
    depay = {"VP8": "rtpvp8depay ! vp8dec", "H264": "rtph264depay ! h264parse ! avdec_h264"}[codec]
    # Sound is the first section of its offer. A pad without a name would go to whatever comes first.
    audio = f"in.src_0 ! queue ! rtpopusdepay ! opusdec ! {sounds}"
    return f"{source} {audio} in.src_1 ! queue ! {depay} ! {pictures}".split()


async def _fill(files: dict[str, Path]) -> None:
    """Until enough is written."""
    for kind, size in {"video": PLAYED_S * FPS * RGB_BYTES, "audio": PLAYED_S * RATE_HZ * 2}.items():
        while not files[kind].exists() or files[kind].stat().st_size < size:  # noqa: ASYNC110  # a file tells nobody
            await asyncio.sleep(0.2)


def _read(files: dict[str, Path], seen: Seen) -> None:
    if files["video"].exists():
        data = files["video"].read_bytes()
        for at in range(0, len(data) - RGB_BYTES + 1, RGB_BYTES):
            seen.picture(np.frombuffer(data, np.uint8, RGB_BYTES, at).reshape(HEIGHT, WIDTH, 3))
    if files["audio"].exists():
        sound: Samples = np.fromfile(files["audio"], np.int16)
        for at in range(0, len(sound) - RATE_HZ // 10 + 1, RATE_HZ // 10):
            seen.sound(sound[at : at + RATE_HZ // 10], RATE_HZ)
