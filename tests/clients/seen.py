"""What came out at a player's end, and whether it is the reference."""

import asyncio
from base64 import b64decode
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
import numpy as np

from tests.clients.reference import FPS, Pixels, Samples, is_tone, number_of

ENOUGH_PICTURES = 3 * FPS
ENOUGH_TONE_S = 2.0


@dataclass
class Seen:
    """What came out at a player's end."""

    wants_sound: bool = True
    pictures: int = 0
    wrong_pictures: int = 0
    numbers: set[int] = field(default_factory=set)
    tone_s: float = 0.0
    other_s: float = 0.0
    enough: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once there is enough to judge by."""

    def picture(self, pixels: Pixels) -> None:
        self.pictures += 1
        number = number_of(pixels)
        if number is None:
            self.wrong_pictures += 1
        else:
            self.numbers.add(number)
            self._look()

    def sound(self, one_channel: Samples, rate_hz: int) -> None:
        """In stretches of 20 ms or more."""
        duration_s = len(one_channel) / rate_hz
        if is_tone(one_channel, rate_hz):
            self.tone_s += duration_s
            self._look()
        else:
            self.other_s += duration_s

    def of_page(self, kept: dict[str, Any]) -> None:
        """What watch.js has kept since it was last asked."""
        for data in kept["pictures"]:
            self.picture(np.frombuffer(b64decode(data), np.uint8).reshape(48, 64, 4)[:, :, :3])
        for samples in kept["sounds"]:
            self.sound(np.frombuffer(b64decode(samples), np.int16), int(kept["rate"]))

    @property
    def problem(self) -> str:
        """Why this is not the reference, in words; empty when it is."""
        if not self.pictures:
            return "no picture" if self.tone_s else "neither picture nor sound"
        if self.wrong_pictures > self.pictures // 10:
            return f"{self.wrong_pictures} of {self.pictures} pictures are not what was published"
        if len(self.numbers) < ENOUGH_PICTURES:
            return f"only {len(self.numbers)} different pictures"
        if not self._has_sound:
            return f"only {self.tone_s:.1f} s of the tone ({self.other_s:.1f} s of something else)"
        return ""

    @property
    def _has_sound(self) -> bool:
        return self.tone_s >= ENOUGH_TONE_S or not self.wants_sound

    def _look(self) -> None:
        if len(self.numbers) >= ENOUGH_PICTURES and self._has_sound:
            self.enough.set()

    def read_file(self, path: Path) -> None:
        """Decodes everything in it. What the end of a cut-off file lacks is nobody's fault."""
        try:
            with av.open(str(path)) as container:
                for frame in container.decode(container.streams[0]):
                    if isinstance(frame, av.VideoFrame):
                        self.picture(rgb(frame))
                    elif isinstance(frame, av.AudioFrame):
                        self.sound(first_channel(frame), frame.sample_rate)
        except av.error.InvalidDataError:
            return


def rgb(frame: av.VideoFrame) -> Pixels:
    return np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)


def first_channel(frame: av.AudioFrame) -> Samples:
    """Of a frame of any sample format."""
    samples = frame.to_ndarray()
    if not frame.format.is_planar:
        samples = samples.reshape(-1, len(frame.layout.channels)).T
    first = samples[0]
    return np.asarray(first * 32767 if first.dtype.kind == "f" else first, np.int16)
