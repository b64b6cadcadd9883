"""Whether a transcoder that viewers watch hangs: they would see a still picture.

A publisher may send packets and no pictures for long (a still screen, probes of the bandwidth), so that nothing comes
out says little. It counts together with a transcoder that does not count aloud any more, which is a process that hangs,
or with one that says that pictures came in, which is a codec that hangs.
"""

from dataclasses import dataclass
from typing import Final

SILENT: Final = 2
"""Snapshots, one a second, with packets in, none out, and not a word."""
STUCK: Final = 5
"""Snapshots with none out ..."""
STUCK_FRAMES: Final = 10
"""... and so many frames in."""


@dataclass(frozen=True, slots=True)
class Progress:
    """What has come so far: packets of the publisher, packets of the transcoder, its reports, frames it says it got."""

    packets_in: int
    packets_out: int
    reports: int
    frames_in: int


@dataclass(slots=True)
class StallWatch:
    """`observe` every snapshot while viewers watch the transcoder, `reset` when they begin to."""

    _last: Progress | None = None
    _last_out: Progress | None = None
    """When a packet came out last."""
    _silent: int = 0
    _idle: int = 0

    def reset(self) -> None:
        self._last, self._last_out, self._silent, self._idle = None, None, 0, 0

    def observe(self, now: Progress) -> bool:
        """Whether it hangs."""
        last, self._last = self._last, now
        if last is None or self._last_out is None or now.packets_out > last.packets_out:
            self._last_out, self._silent, self._idle = now, 0, 0
            return False
        self._idle += 1
        is_silent = now.packets_in > last.packets_in and now.reports == last.reports
        self._silent = self._silent + 1 if is_silent else 0
        is_stuck = self._idle >= STUCK and now.frames_in - self._last_out.frames_in >= STUCK_FRAMES
        return self._silent >= SILENT or is_stuck
