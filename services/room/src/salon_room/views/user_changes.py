"""Who came and went and was not told yet: everybody who asked for it gets one frame for many of them, made once.

In a room of thousands whom thousands enter at a time, a frame for each of them to each of them would be millions.
"""

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Literal

from salon.room.v1.signal_pb2 import UpdateType, UsersChanged

from salon_room.core.pages import PAGE_MAX_BYTES, size_of
from salon_room.core.signal_json import user_text, users_changed

MERGED_FOR_S = 0.05
"""At least, between two frames. What comes after a pause of that is told at once."""
FRAMES_PER_S = 6000
"""To all listeners of a room together, about a tenth of a core: in a room of 3000, changes are told every 0.5 s."""

Kind = Literal["ADD", "DELETE"]


def interval_s(listeners: int) -> float:
    """How long to merge for."""
    return max(MERGED_FOR_S, listeners / FRAMES_PER_S)


@dataclass(slots=True)
class Run:
    """Users that came, or users that went: one frame."""

    kind: Kind
    sequences: list[int] = field(default_factory=list)
    users: list[str] = field(default_factory=list)
    size_bytes: int = 0
    _frames: dict[tuple[int, int], str] = field(default_factory=dict)

    def frame_after(self, after_sequence: int, sequence: int) -> str | None:
        """Of what is above a sequence, made once for all who are told the same; None if nothing is. `sequence` is the
        frame's own."""
        begin = bisect_right(self.sequences, after_sequence)
        if begin == len(self.users):
            return None
        frame = self._frames.get((begin, sequence))
        if frame is None:
            frame = users_changed(sequence, self.kind, ",".join(self.users[begin:]))
            self._frames[begin, sequence] = frame
        return frame

    def add(self, sequence: int, user: str) -> None:
        self.sequences.append(sequence)
        self.users.append(user)
        self.size_bytes += size_of(user)
        self._frames.clear()


class UserChanges:
    """Runs to be told one after the other. What one user does keeps its order; of different users those that came are
    told together, and those that went, so that a room whose users come and go all the time has two runs, not hundreds.

    Only a frame after which nothing is left has a sequence: up to there everything was told.
    """

    def __init__(self) -> None:
        self._runs: list[Run] = []
        self._taken = 0
        """Runs that are told."""
        self._runs_of: dict[str, int] = {}
        """By user: the number of the last run that mentions it."""
        self.last_sequence = 0

    @property
    def is_empty(self) -> bool:
        return not self._runs

    def add(self, sequence: int, changed: UsersChanged) -> bool:
        """False: the frame has no room for it, and what is here has to be told first."""
        kind: Kind = "ADD" if changed.update_type == UpdateType.UPDATE_TYPE_ADD else "DELETE"
        for user in changed.users:
            text = user_text(user.user_id, user.user_name)
            index = max(0, self._runs_of.get(user.user_id, 0) - self._taken)
            if index < len(self._runs) and self._runs[index].kind != kind:
                index += 1
            if index == len(self._runs):
                self._runs.append(Run(kind))
            run = self._runs[index]
            if run.users and run.size_bytes + size_of(text) > PAGE_MAX_BYTES:
                return False
            run.add(sequence, text)
            self._runs_of[user.user_id] = self._taken + index
            self.last_sequence = sequence
        return True

    def take(self) -> tuple[Run, int]:
        """The first run, told now, and the sequence for its frame."""
        run = self._runs.pop(0)
        self._taken += 1
        if self._runs:
            return run, 0
        self._runs_of.clear()
        return run, self.last_sequence

    def frames_after(self, after_sequence: int) -> list[str]:
        """All that is left for somebody who was told everything up to a sequence."""
        runs = [run for run in self._runs if run.sequences[-1] > after_sequence]
        frames = [run.frame_after(after_sequence, self.last_sequence if run is runs[-1] else 0) for run in runs]
        return [frame for frame in frames if frame is not None]
