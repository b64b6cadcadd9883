"""The thread that encodes what leaves and cuts it into packets."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from salon_frames import I420

from salon_transcoder.counters import Counters
from salon_transcoder.picture import coloured_like
from salon_transcoder.ports import Picture, SendingLink

TARGET_MIN_BPS = 30_000
"""Less is no picture."""
TIMESTAMPS = 1 << 32
STALE_TS90K = 5 * 90_000
"""A timestamp that is older by less than this is an old frame; by more, it is of another clock."""


class PictureEncoder(Protocol):
    def encode(self, picture: I420, timestamp: int, *, keyframe: bool) -> bytes: ...
    def set_bitrate(self, target_bps: int) -> None: ...


class Outlet:
    """`send` from one task, one picture at a time; everything is on the event loop but the work itself."""

    def __init__(self, link: SendingLink, encoder: PictureEncoder, counters: Counters) -> None:
        self._link = link
        self._encoder = encoder
        self._counters = counters
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="outlet")
        self._loop = asyncio.get_running_loop()
        self._keyframe_wanted = True
        self._target_bps: int | None = None
        self._last_timestamp: int | None = None

    def want_keyframe(self) -> None:
        """The next picture that leaves is a key frame."""
        self._keyframe_wanted = True

    def set_bitrate(self, target_bps: int) -> None:
        """From the next picture on."""
        self._target_bps = max(target_bps, TARGET_MIN_BPS)

    async def send(self, picture: Picture, beautified: I420 | None) -> bool:
        """Encodes the beautified picture, else the original, and sends it. False if an even newer one has left."""
        if not self._is_newer(picture.timestamp):
            return False
        self._last_timestamp = picture.timestamp
        keyframe, self._keyframe_wanted = self._keyframe_wanted, False
        target_bps, self._target_bps = self._target_bps, None
        shown = picture.i420 if beautified is None else coloured_like(beautified, picture.i420)
        sent_ns = await self._loop.run_in_executor(self._thread, self._work, shown, picture, keyframe, target_bps)
        if sent_ns is None:
            self._keyframe_wanted = True  # what comes after a gap cannot be decoded
        else:
            self._counters.left(picture.received_ns, sent_ns)
        return True

    def close(self) -> None:
        """Waits for the picture that is being encoded."""
        self._thread.shutdown()

    def _work(self, shown: I420, picture: Picture, keyframe: bool, target_bps: int | None) -> int | None:
        """When it was sent; None if it could not be."""
        started_ns = time.thread_time_ns()
        if target_bps is not None:
            self._encoder.set_bitrate(target_bps)
        data = self._encoder.encode(shown, picture.timestamp, keyframe=keyframe)
        self._counters.encode_us += (time.thread_time_ns() - started_ns) // 1000
        if not data or not self._link.send(data, picture.timestamp, picture.orientation):
            return None
        self._counters.bytes_out += len(data)
        return time.monotonic_ns()

    def _is_newer(self, timestamp: int) -> bool:
        if self._last_timestamp is None:
            return True
        ahead = (timestamp - self._last_timestamp) % TIMESTAMPS
        return 0 < ahead <= TIMESTAMPS - STALE_TS90K
