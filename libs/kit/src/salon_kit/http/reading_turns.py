"""Whose input is looked at next: everybody's in turn, and so much of it in one turn of the event loop.

A connection that sends a thousand frames at once must not keep the others waiting, and neither must a thousand
connections of one address with one frame each.
"""

import asyncio
from collections import deque
from typing import Protocol

TURN_FRAMES = 32
"""All together in one turn of the event loop, some milliseconds; what is ready elsewhere goes on in between."""
READER_FRAMES = 8
"""Of one connection before it is another one's turn."""
BYTES_PER_FRAME = 4096
"""A frame's bytes weigh as much as a frame each so many."""


class Reader(Protocol):
    """One connection that has input."""

    @property
    def group(self) -> str | None:
        """Whom it takes turns with: those of one address share one turn; None: it has turns of its own."""

    def read_some(self, frames_max: int, bytes_max: int) -> int:
        """Reads up to so much; returns what it weighed, in frames."""


class ReadingTurns:
    def __init__(self) -> None:
        self._known: deque[Reader] = deque()
        self._groups: deque[str] = deque()
        self._strangers: dict[str, deque[Reader]] = {}
        self._waiting: set[Reader] = set()
        self._known_are_next = True
        self._is_scheduled = False
        self._left = TURN_FRAMES
        """Of the present turn of the loop, or a later one."""

    def read(self, reader: Reader) -> None:
        """Calls its `read_some` now if nobody waits and the turn has something left, else when it is its turn."""
        if self._waiting or self._left <= 0:
            self.wait_for(reader)
        else:
            self._let_read(reader)
            if self._left <= 0:
                self._schedule()

    def wait_for(self, reader: Reader) -> None:
        """Its `read_some` will be called once, soon."""
        if reader in self._waiting:
            return
        self._waiting.add(reader)
        group = reader.group
        if group is None:
            self._known.append(reader)
        else:
            if group not in self._strangers:
                self._strangers[group] = deque()
                self._groups.append(group)
            self._strangers[group].append(reader)
        self._schedule()

    def _schedule(self) -> None:
        if not self._is_scheduled:
            self._is_scheduled = True
            asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        self._is_scheduled = False
        self._left = TURN_FRAMES
        while self._left > 0 and self._waiting:
            reader = self._next()
            self._waiting.discard(reader)
            self._let_read(reader)
        if self._waiting or self._left <= 0:
            self._schedule()

    def _let_read(self, reader: Reader) -> None:
        frames = min(self._left, READER_FRAMES)
        self._left -= max(1, reader.read_some(frames, frames * BYTES_PER_FRAME))

    def _next(self) -> Reader:
        """By turns one that is known and one of the strangers."""
        take_known = bool(self._known) and (self._known_are_next or not self._groups)
        self._known_are_next = not take_known
        if take_known:
            return self._known.popleft()
        group = self._groups.popleft()
        readers = self._strangers[group]
        reader = readers.popleft()
        if readers:
            self._groups.append(group)
        else:
            del self._strangers[group]
        return reader
