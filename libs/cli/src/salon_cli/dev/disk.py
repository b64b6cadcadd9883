"""The disk that NATS keeps its store on: what the event stream may take of it, and when NATS has to be started again
because it does not notice that there is space once more. Pure, but for the look at the disk.
"""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

EVENTS_MAX_BYTES = 2 * 1024**3
ENOUGH_BYTES = 64 * 1024**2
ENOUGH_SHARE = 0.05
"""A disk with less than either of that free is full."""
PATIENCE_S = 5.0
"""How long appends have to fail with space there: first it is seen whether NATS goes on by itself."""


@dataclass(frozen=True, slots=True)
class Space:
    free_bytes: int
    total_bytes: int

    @classmethod
    def of(cls, folder: Path) -> "Space":
        usage = shutil.disk_usage(folder)
        return cls(usage.free, usage.total)

    @property
    def is_full(self) -> bool:
        return self.free_bytes < min(ENOUGH_BYTES, self.total_bytes * ENOUGH_SHARE)


def events_max_bytes(store: Path) -> int:
    """Half of what is free, or taken by the store already, but no more than a service takes by itself."""
    stored = sum(_bytes_of(Path(folder, name)) for folder, _, names in os.walk(store) for name in names)
    return min(EVENTS_MAX_BYTES, (Space.of(store.parent).free_bytes + stored) // 2)


def _bytes_of(file: Path) -> int:
    """0 for one that is gone again: a server may still be tidying up its store."""
    try:
        return file.lstat().st_size
    except FileNotFoundError:
        return 0


@dataclass(slots=True)
class FullDisk:
    """Looked at about once a second while it `is_concerned`."""

    _was_full: bool = False
    """Since NATS was started last."""
    _fails_with_space_since_s: float | None = None

    def is_concerned(self, space: Space) -> bool:
        """The disk is full, or was, and it is not known yet whether NATS goes on: it has to be tried."""
        return self._was_full or space.is_full

    def looked(self, space: Space, *, stores: bool, now_s: float) -> bool:
        """True: NATS is to be started again, since its disk was full, is not any more, and it stores nothing yet."""
        if space.is_full:
            self._was_full = True
        if stores or space.is_full or not self._was_full:
            self._fails_with_space_since_s = None
            if stores and not space.is_full:
                self._was_full = False
            return False
        if self._fails_with_space_since_s is None:
            self._fails_with_space_since_s = now_s
        if now_s - self._fails_with_space_since_s < PATIENCE_S:
            return False
        self._was_full, self._fails_with_space_since_s = False, None
        return True
