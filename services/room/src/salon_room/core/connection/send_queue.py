"""The bounded queue in front of one reader, and what it has to catch up with before it is told what happens now."""

from collections import deque
from collections.abc import Iterable

HELD_MAX = 20_000
"""Notices held back for one client that is catching up."""


class SendQueue:
    def __init__(self, max_frames: int, max_bytes: int) -> None:
        self._max_frames = max_frames
        self._max_bytes = max_bytes
        self._frames: deque[str] = deque()
        self._bytes = 0
        """Counted in characters: frames are nearly all ASCII, and encoding each for every reader is not free."""
        self._held: deque[str] | None = None
        """What happens while a log-in begins and the client catches up; None: it is sent at once."""
        self._missed: deque[str] | None = None
        """What comes before it; None: that is not known yet, or all of it is sent."""
        self._is_closed = False

    @property
    def is_catching_up(self) -> bool:
        return self._held is not None

    def hold(self) -> None:
        """A log-in begins: notices wait until `catch_up` or `release`."""
        self._held = deque()

    def catch_up(self, missed: Iterable[str]) -> None:
        """These first, as fast as the client reads, then what is held."""
        if self._is_closed:
            return
        self._missed = deque(missed)
        self._top_up()

    def release(self) -> None:
        """The log-in failed: nothing was missed."""
        self._held = None

    def put_notice(self, frame: str) -> bool:
        """False: no room; nothing was queued."""
        if self._held is None:
            return self.put(frame)
        if len(self._held) >= HELD_MAX:
            return False
        self._held.append(frame)
        return True

    def put(self, frame: str) -> bool:
        """A reply, which waits for no notice. False: no room; nothing was queued."""
        if self._is_closed:
            return True
        is_full = self._bytes + len(frame) > self._max_bytes and bool(self._frames)  # one frame always fits
        if len(self._frames) >= self._max_frames or is_full:
            return False
        self._append(frame)
        return True

    def take(self) -> str | None:
        """What to send next."""
        if not self._frames:
            return None
        frame = self._frames.popleft()
        self._bytes -= len(frame)
        self._top_up()
        return frame

    def close(self, *, discard: bool) -> None:
        """Nothing more is taken; what waits is sent, or discarded. What was missed is not caught up with any more."""
        self._is_closed = True
        self._missed = self._held = None
        if discard:
            self._frames.clear()
            self._bytes = 0

    def _top_up(self) -> None:
        """As long as the reader has caught up half-way: what is live keeps the other half."""
        while self._missed is not None and not self._is_half_full():
            if self._missed:
                self._append(self._missed.popleft())
            elif self._held:
                self._append(self._held.popleft())
            else:
                self._missed = self._held = None

    def _append(self, frame: str) -> None:
        self._frames.append(frame)
        self._bytes += len(frame)

    def _is_half_full(self) -> bool:
        return len(self._frames) * 2 >= self._max_frames or self._bytes * 2 >= self._max_bytes
