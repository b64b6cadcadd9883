"""Whoever looks at what leaves a transcoder."""

import asyncio
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import av
from salon_kit.testing import Gathered
from salon_packets import EncodedFrame, FrameLink, KeyframeRequested, LinkClosed

from salon_testing.transcoder.camera import BASE_LUMA, Codec, rows_of


@dataclass(frozen=True, slots=True)
class Seen:
    """One frame that came back, as a viewer sees it."""

    timestamp: int
    at_s: float
    is_keyframe: bool
    orientation: int | None
    size: tuple[int, int]
    luma: float
    """Mean of the Y plane."""


def is_bright(seen: Seen) -> bool:
    """As with whitening at 100."""
    return seen.luma > BASE_LUMA + 18


def is_original(seen: Seen) -> bool:
    return abs(seen.luma - BASE_LUMA) < 5


class Viewer(threading.Thread):
    """Reads the relay's end of the link and decodes what comes."""

    def __init__(self, link: FrameLink, codec: Codec, want_keyframe: Callable[[], None]) -> None:
        super().__init__(name="viewer", daemon=True)
        self.seen: Gathered[Seen] = Gathered()
        self.undecodable = 0
        self.decodes = True
        """False: frames are taken and thrown away, for whoever measures the others."""
        self._link = link
        self._want_keyframe = want_keyframe
        self._context = av.CodecContext.create("vp8" if codec == "VP8" else "h264", "r")
        self._context.thread_count = 1
        self._loop = asyncio.get_running_loop()
        self._stopping = threading.Event()

    def stop(self) -> None:
        self._stopping.set()
        self.join(5)

    def run(self) -> None:
        while not self._stopping.is_set():
            match self._link.receive(50):
                case EncodedFrame() as frame:
                    self._look(frame)
                case KeyframeRequested():
                    self._want_keyframe()
                case LinkClosed():
                    return

    def _look(self, frame: EncodedFrame) -> None:
        if not self.decodes:
            return
        at_s = time.monotonic()
        try:
            pictures = self._context.decode(av.Packet(frame.data))
        except av.FFmpegError:
            self.undecodable += 1
            return
        for picture in pictures:
            luma = float(rows_of(picture.planes[0])[: picture.height, : picture.width].mean())
            size = (picture.width, picture.height)
            seen = Seen(frame.timestamp, at_s, frame.is_keyframe, frame.orientation, size, luma)
            self._loop.call_soon_threadsafe(self.seen.add, seen)
