"""The thread that reads frames off the link and decodes every one of them; only the newest goes on."""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Protocol, TypeAlias

from salon_kit.log import get_logger
from salon_packets import EncodedFrame, KeyframeRequested, LinkClosed

from salon_transcoder.codec import REORDER_MAX, DecodeFailed
from salon_transcoder.counters import Counters
from salon_transcoder.handover import Handover
from salon_transcoder.picture import DecodedPicture
from salon_transcoder.ports import Picture, ReceivingLink

RECEIVE_MS = 100
"""How long a stop may go unnoticed."""
FAILURES_MAX = 30
"""A second of nothing that can be decoded: perhaps a decoder of another process can."""

log = get_logger()

Labels: TypeAlias = tuple[int, int | None, int]
"""What stays with a frame while its picture is held back: timestamp, orientation, when it was received."""


class PictureDecoder(Protocol):
    def decode(self, data: bytes) -> DecodedPicture | None: ...


class Undecodable(Exception):
    """Too many frames in a row could not be decoded."""


class LinkGone(Exception):
    """The relay has closed the link: there is nothing left to do."""


class Listener(Protocol):
    """Called on the event loop."""

    def keyframe_wanted(self) -> None:
        """The relay wants the next frame that leaves to be a key frame."""

    def keyframe_missing(self) -> None:
        """What comes cannot be decoded without a key frame."""

    def intake_ended(self, error: Exception) -> None:
        """LinkGone, Undecodable, or a bug. Nothing comes any more."""


class Intake:
    """`start`, then pictures come through `pictures` until `stop`."""

    def __init__(self, link: ReceivingLink, decoder: PictureDecoder, listener: Listener, counters: Counters) -> None:
        self.pictures: Handover[Picture] = Handover()
        self._link = link
        self._decoder = decoder
        self._listener = listener
        self._counters = counters
        self._loop = asyncio.get_running_loop()
        self._stopping = threading.Event()
        self._failures = 0
        self._frames: deque[Labels] = deque(maxlen=2 * REORDER_MAX)
        self._thread = threading.Thread(target=self._run, name="intake", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Returns within about 100 ms, or when the decoder has finished the frame it has."""
        self._stopping.set()
        self.pictures.close()
        if self._thread.is_alive():
            self._thread.join(1.0)

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                self._take()
        except Exception as error:  # noqa: BLE001  # whatever it is, the loop must know that nothing comes any more
            self._call(self._listener.intake_ended, error)

    def _take(self) -> None:
        event = self._link.receive(RECEIVE_MS)
        match event:
            case EncodedFrame():
                self._decode(event)
            case KeyframeRequested():
                self._call(self._listener.keyframe_wanted)
            case LinkClosed():
                raise LinkGone
            case None:
                return

    def _decode(self, frame: EncodedFrame) -> None:
        self._counters.frames_in += 1
        self._frames.append((frame.timestamp, frame.orientation, frame.received_ns))
        started_ns = time.thread_time_ns()
        try:
            picture = self._decoder.decode(frame.data)
        except DecodeFailed as error:
            self._failed(error)
            return
        finally:
            self._counters.decode_us += (time.thread_time_ns() - started_ns) // 1000
        if picture is None:
            return
        self._failures = 0
        if picture.frames_ago < len(self._frames):
            self.pictures.put(Picture(picture, *self._frames[-1 - picture.frames_ago]))

    def _failed(self, error: DecodeFailed) -> None:
        self._failures += 1
        if self._failures == 1:
            log.warning("frame-undecodable", detail=str(error))
        if self._failures >= FAILURES_MAX:
            raise Undecodable
        self._call(self._listener.keyframe_missing)

    def _call(self, callback: Callable[..., None], *arguments: object) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(callback, *arguments)
