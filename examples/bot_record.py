"""A bot that joins a room, plays every stream it finds and records each to a Matroska file of its own.

python examples/bot_record.py --app-id 1234567890 --token "$TOKEN" --user-id record-bot --room-id lobby
"""

import asyncio
import threading
import time
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

import av
import click
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame, VideoFrame
from av.audio import AudioStream
from av.video import VideoStream
from salon_sdk import EngineError, PlayedStream, PlayedTrack, SalonEngine, StreamInfo

QUOTED_MAX_CHARS = 200
"""Of a stream id in a file name; file systems take 255 bytes with the time and the suffix."""


class Recording:
    """One stream to one file, encoded outside the event loop. Sound before the first picture is left out."""

    def __init__(self, path: Path, played: PlayedStream) -> None:
        self.path = path
        self._played = played
        self._lock = threading.Lock()
        self._container = av.open(str(path), "w")
        self._audio: AudioStream | None = None
        self._video: VideoStream | None = None
        if played.audio is not None:
            self._audio = self._container.add_stream("libopus", rate=48_000, layout="stereo")
        if played.video is not None:
            options = {"preset": "ultrafast", "tune": "zerolatency"}
            self._video = self._container.add_stream("libx264", rate=30, options=options)
            self._video.pix_fmt = "yuv420p"
        self._begun = self._video is None

    async def run(self) -> None:
        """Until the stream is no longer played; the file is complete then."""
        try:
            await asyncio.gather(*(self._copy(track) for track in self._played.tracks))
        finally:
            await asyncio.to_thread(self._finish)

    async def _copy(self, track: PlayedTrack) -> None:
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                return
            await asyncio.to_thread(self._write, frame)

    def _write(self, frame: object) -> None:
        with self._lock:
            if isinstance(frame, VideoFrame) and self._video is not None:
                if not self._begun:
                    self._begun = True
                    self._video.width, self._video.height = frame.width, frame.height
                    if frame.time_base is not None:
                        self._video.codec_context.time_base = frame.time_base
                self._container.mux(self._video.encode(frame))
            elif isinstance(frame, AudioFrame) and self._audio is not None and self._begun:
                self._container.mux(self._audio.encode(frame))

    def _finish(self) -> None:
        with self._lock:
            if self._begun:
                for stream in (self._audio, self._video):
                    if stream is not None:
                        self._container.mux(stream.encode(None))
            self._container.close()


class RecordBot:
    def __init__(self, engine: SalonEngine, folder: Path) -> None:
        self._engine = engine
        self._folder = folder
        self._ended: asyncio.Future[EngineError] = asyncio.get_running_loop().create_future()
        self._recordings = asyncio.TaskGroup()

    async def run(self, *, room_id: str, user_id: str, token: str, seconds: float) -> None:
        """Until that time has passed (0: until cancelled), or until the server ends it, which raises EngineError."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._engine.on("room_stream_update", self._on_streams)
        self._engine.on("room_state_changed", self._on_room)
        error: EngineError | None = None
        async with self._recordings:
            try:
                await self._engine.login_room(room_id, token, user_id)
                async with asyncio.timeout(seconds or None):
                    error = await self._ended
            except TimeoutError:
                await self._engine.logout_room()  # ends the streams, and so the recordings
            except EngineError as refused:
                error = refused
        if error is not None:
            raise error

    def _on_streams(self, _room_id: str, update: str, streams: list[StreamInfo], _extended_data: str) -> None:
        for stream in streams:
            if update == "ADD":
                self._recordings.create_task(self._record(stream.stream_id), name=f"record-{stream.stream_id}")
            else:
                self._engine.stop_playing_stream(stream.stream_id)

    def _on_room(self, _room_id: str, reason: str, error_code: int, extended_data: str) -> None:
        click.echo(f"room: {reason} {error_code or ''}")
        if reason in ("KICKOUT", "RECONNECT_FAILED") and not self._ended.done():
            self._ended.set_result(EngineError(error_code, extended_data))

    async def _record(self, stream_id: str) -> None:
        try:
            played = await self._engine.start_playing_stream(stream_id)
        except EngineError as error:
            click.echo(f"{stream_id}: {error}")
            return
        path = self._folder / f"{time.strftime('%Y%m%d-%H%M%S')}-{file_name(stream_id)}.mkv"
        click.echo(f"{stream_id}: recording to {path}")
        await Recording(path, played).run()
        click.echo(f"{stream_id}: {path.stat().st_size} bytes")


def file_name(stream_id: str) -> str:
    """A part of a file name that is another one for each stream: stream ids may have slashes and other marks, and be
    longer than file names may."""
    quoted = quote(stream_id, safe="")
    if len(quoted) <= QUOTED_MAX_CHARS:
        return quoted
    return f"{quoted[: QUOTED_MAX_CHARS - 17]}-{sha256(stream_id.encode()).hexdigest()[:16]}"


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--server", default="http://localhost:8080", show_default=True, help="Where the cloud is.")
@click.option("--app-id", type=int, required=True)
@click.option("--token", envvar="SALON_TOKEN", required=True, help="From `salon token mint`, for this user.")
@click.option("--room-id", required=True)
@click.option("--user-id", default="record-bot", show_default=True)
@click.option(
    "--folder", type=click.Path(file_okay=False, path_type=Path), default=Path("recordings"), show_default=True
)
@click.option("--seconds", type=float, default=0.0, help="How long; 0: until Ctrl-C.")
def main(server: str, app_id: int, token: str, room_id: str, user_id: str, folder: Path, seconds: float) -> None:
    """Record every stream of a room, each to its own file."""

    async def run() -> None:
        async with SalonEngine(app_id, server) as engine:
            await RecordBot(engine, folder).run(room_id=room_id, user_id=user_id, token=token, seconds=seconds)

    try:
        asyncio.run(run())
    except KeyboardInterrupt:
        pass
    except EngineError as error:
        raise click.ClickException(str(error)) from error


if __name__ == "__main__":
    main()
