"""FFmpeg's WHIP muxer, out of PyAV. It sends H264 and Opus and nothing else, and it cannot play."""

import asyncio
import subprocess
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import av

from tests.clients.client import Client, ClientFailed, Direction, Ending, Job, Row
from tests.clients.encoding import add_video, audio_frame, video_frame
from tests.clients.reference import FPS, RATE_HZ

OWN_CERTIFICATE = (
    "FFmpeg built with GnuTLS makes a certificate on the curve P-224, which OpenSSL 4 does not have: TLS alert 47. "
    "`cert_file` and `key_file` bring another"
)
PASSIVE, PASSIVE_P256 = "as it comes (DTLS server)", "DTLS server, certificate on P-256"
ACTIVE, ACTIVE_P256 = "whip_flags=dtls_active", "whip_flags=dtls_active, certificate on P-256"
HIGH = "whip_flags=dtls_active, certificate on P-256, profile High"


class Ffmpeg(Client):
    name = "FFmpeg"
    rows = (
        Row(Direction.PUBLISHES, "H264", PASSIVE, known=OWN_CERTIFICATE),
        Row(Direction.PUBLISHES, "H264", PASSIVE_P256),
        Row(Direction.PUBLISHES, "H264", ACTIVE, known=OWN_CERTIFICATE),
        Row(Direction.PUBLISHES, "H264", ACTIVE_P256),
        Row(Direction.PUBLISHES, "H264", HIGH),
    )

    def missing(self) -> str:
        return "" if "whip" in av.formats_available else "PyAV's FFmpeg has no WHIP muxer"

    async def versions(self) -> str:
        return f"FFmpeg {av.ffmpeg_version_info} (PyAV {av.__version__})"

    @asynccontextmanager
    async def publishing(self, job: Job) -> AsyncIterator[Ending]:
        asked_to_stop = threading.Event()
        work = asyncio.create_task(asyncio.to_thread(_publish, job, asked_to_stop))
        try:
            yield work
        finally:
            asked_to_stop.set()
            await asyncio.wait({work})
            if not work.cancelled():
                work.exception()  # whoever waited for it has been told


def _publish(job: Job, asked_to_stop: threading.Event) -> None:
    options = {"authorization": job.token("publisher"), "handshake_timeout": "8000"}
    if "dtls_active" in job.row.way:
        options["whip_flags"] = "dtls_active"
    if "P-256" in job.row.way:
        options |= _certificate(job.folder)
    try:
        with av.open(job.whip, "w", format="whip", options=options) as output:
            _send(output, "high" if "High" in job.row.way else "baseline", asked_to_stop)
    except av.error.FFmpegError as error:
        raise ClientFailed(f"FFmpeg: {error.strerror or error}") from None


def _send(output: av.container.OutputContainer, profile: str, asked_to_stop: threading.Event) -> None:
    preset = {"preset": "veryfast"} if profile == "high" else {}
    video = add_video(output, "H264", profile=profile, **preset)
    audio = output.add_stream("libopus", rate=RATE_HZ, layout="stereo")
    assert isinstance(audio, av.AudioStream)
    output.start_encoding()
    began_at, pictures, samples = time.monotonic(), 0, 0
    while not asked_to_stop.wait(max(0.0, began_at + pictures / FPS - time.monotonic())):
        output.mux(video.encode(video_frame(pictures)))
        pictures += 1
        while samples < pictures * RATE_HZ // FPS:
            output.mux(audio.encode(audio_frame(samples)))
            samples += 960


def _certificate(folder: Path) -> dict[str, str]:
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-days", "2", "-subj", "/CN=encoder", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True, timeout=30)
    return {"cert_file": str(certificate), "key_file": str(key)}
