"""A bot that joins a room and publishes a media file, over and over. Without a file it makes a clip of its own.

python examples/bot_publish_file.py --app-id 1234567890 --token "$TOKEN" --user-id bot --room-id lobby
"""

import asyncio
import tempfile
from fractions import Fraction
from pathlib import Path

import av
import click
import numpy as np
from salon_sdk import EngineError, PublisherStateUpdate, SalonEngine, VideoCodec

CLIP_WIDTH_PX = 640
CLIP_HEIGHT_PX = 360
CLIP_FPS = 25
CLIP_S = 8
CLIP_RATE_HZ = 48_000


def make_clip(path: Path, seconds: int = CLIP_S) -> None:
    """Writes a moving picture (VP8) with a tone (Opus) to a WebM or Matroska file."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("libvpx", rate=CLIP_FPS, options={"deadline": "realtime", "cpu-used": "8"})
        video.width, video.height, video.pix_fmt, video.bit_rate = CLIP_WIDTH_PX, CLIP_HEIGHT_PX, "yuv420p", 800_000
        audio = container.add_stream("libopus", rate=CLIP_RATE_HZ, layout="stereo")
        for number in range(seconds * CLIP_FPS):
            picture = av.VideoFrame.from_ndarray(_picture(number), format="rgb24")
            picture.pts, picture.time_base = number, Fraction(1, CLIP_FPS)
            container.mux(video.encode(picture))
            sound = av.AudioFrame.from_ndarray(_sound(number), format="s16", layout="stereo")
            sound.sample_rate, sound.time_base = CLIP_RATE_HZ, Fraction(1, CLIP_RATE_HZ)
            sound.pts = number * CLIP_RATE_HZ // CLIP_FPS
            container.mux(audio.encode(sound))
        container.mux(video.encode(None))
        container.mux(audio.encode(None))


async def publish(
    engine: SalonEngine,
    *,
    room_id: str,
    user_id: str,
    token: str,
    stream_id: str,
    file: Path,
    codec: VideoCodec,
    seconds: float,
) -> None:
    """Until that time has passed (0: until cancelled), or until the server ends it, which raises EngineError."""
    ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def on_update(update: PublisherStateUpdate) -> None:
        click.echo(f"{update.stream_id}: {update.state.value} {update.error_code or ''}")

    def on_room(_room_id: str, reason: str, error_code: int, extended_data: str) -> None:
        click.echo(f"room: {reason} {error_code or ''}")
        if reason in ("KICKOUT", "RECONNECT_FAILED") and not ended.done():
            ended.set_exception(EngineError(error_code, extended_data))

    engine.on("publisher_state_update", on_update)
    engine.on("room_state_changed", on_room)
    stream = engine.create_stream(file=file)
    try:
        await engine.login_room(room_id, token, user_id)
        await engine.start_publishing_stream(stream_id, stream, video_codec=codec)
        async with asyncio.timeout(seconds or None):
            await ended
    except TimeoutError:
        pass
    finally:
        engine.destroy_stream(stream)


def _picture(number: int) -> np.ndarray:
    """A colour field that turns, with a bar that wanders."""
    phase = number * 2 * np.pi / CLIP_FPS / 4
    across = 128 + 90 * np.sin(np.arange(CLIP_WIDTH_PX) / 97 + phase)
    down = 128 + 90 * np.sin(np.arange(CLIP_HEIGHT_PX) / 61 - phase)
    picture = np.empty((CLIP_HEIGHT_PX, CLIP_WIDTH_PX, 3), dtype=np.uint8)
    picture[:, :, 0] = across[None, :]
    picture[:, :, 1] = down[:, None]
    picture[:, :, 2] = 128 + 90 * np.sin(phase * 2)
    left = number * 8 % (CLIP_WIDTH_PX - 24)
    picture[:, left : left + 24] = 240
    return picture


def _sound(number: int) -> np.ndarray:
    samples = CLIP_RATE_HZ // CLIP_FPS
    time_s = (number * samples + np.arange(samples)) / CLIP_RATE_HZ
    tone = (np.sin(2 * np.pi * 330 * time_s) * 6_000).astype(np.int16)
    return np.repeat(tone, 2)[None, :]


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--server", default="http://localhost:8080", show_default=True, help="Where the cloud is.")
@click.option("--app-id", type=int, required=True)
@click.option("--token", envvar="SALON_TOKEN", required=True, help="From `salon token mint`, for this user.")
@click.option("--room-id", required=True)
@click.option("--user-id", default="file-bot", show_default=True)
@click.option("--stream-id", default="file-bot-stream", show_default=True)
@click.option("--file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Anything FFmpeg reads.")
@click.option("--codec", type=click.Choice(["VP8", "H264"]), default="VP8", show_default=True)
@click.option("--seconds", type=float, default=0.0, help="How long; 0: until Ctrl-C.")
def main(
    server: str,
    app_id: int,
    token: str,
    room_id: str,
    user_id: str,
    stream_id: str,
    file: Path | None,
    codec: VideoCodec,
    seconds: float,
) -> None:
    """Publish a media file in a room, looping."""

    async def run(media: Path) -> None:
        async with SalonEngine(app_id, server) as engine:
            await publish(
                engine,
                room_id=room_id,
                user_id=user_id,
                token=token,
                stream_id=stream_id,
                file=media,
                codec=codec,
                seconds=seconds,
            )

    with tempfile.TemporaryDirectory() as folder:
        if file is None:
            file = Path(folder) / "clip.webm"
            make_clip(file)
        try:
            asyncio.run(run(file))
        except KeyboardInterrupt:
            pass
        except EngineError as error:
            raise click.ClickException(str(error)) from error


if __name__ == "__main__":
    main()
