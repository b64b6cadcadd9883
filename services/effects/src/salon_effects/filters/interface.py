"""What a filter is, and a chain of them."""

import threading
from collections.abc import Sequence
from typing import Protocol

from salon.effects.v1.effects_pb2 import Beauty
from salon_frames.i420 import I420


class Filter(Protocol):
    """Makes `out` of `frame`.

    Both have the same size, any even one from 16 to 8192, and may have any row stride. `out` holds garbage before:
    every sample is to be written. `frame` is not to be written to. `beauty` holds the four strengths, each from 0 to
    100, as the publisher has set them; they are ramped, so that a change does not jump.

    Called from several threads at once, each frame of a stream maybe on another worker: a filter keeps nothing from
    one frame to the next. What it raises ends with the original picture, never the worker. It is to be quick, about
    1 ms for 1280x720: a frame that is not back after 40 ms is shown as it was.
    """

    def __call__(self, frame: I420, out: I420, beauty: Beauty) -> None: ...


class Chain:
    """Several filters as one. Pictures between them lie in memory of the thread."""

    def __init__(self, filters: Sequence[Filter]) -> None:
        """At least one."""
        self._filters = tuple(filters)
        self._scratch = threading.local()

    def __call__(self, frame: I420, out: I420, beauty: Beauty) -> None:
        *others, last = self._filters
        source = frame
        for number, filter_ in enumerate(others):
            between = self._between(number % 2, frame)
            filter_(source, between, beauty)
            source = between
        last(source, out, beauty)

    def _between(self, which: int, like: I420) -> I420:
        """One of two pictures of the right size."""
        pictures = self._pictures()
        picture = pictures.get(which)
        if picture is None or picture.y.shape != like.y.shape or picture.full_range != like.full_range:
            picture = I420.allocate(like.width, like.height, full_range=like.full_range)
            pictures[which] = picture
        return picture

    def _pictures(self) -> dict[int, I420]:
        try:
            pictures: dict[int, I420] = self._scratch.pictures
        except AttributeError:
            pictures = self._scratch.pictures = {}
        return pictures
