"""Smoother skin that keeps its moles, brighter, warmer, crisper: the native kernel."""

import threading

from salon.effects.v1.effects_pb2 import Beauty
from salon_frames.i420 import I420
from salon_packets import Beautifier

_thread = threading.local()


def apply(frame: I420, out: I420, beauty: Beauty) -> None:
    """The four effects at the strengths of `beauty`; all four 0 copies."""
    _beautifier().apply(
        frame.planes,
        out.planes,
        smooth=beauty.smooth,
        whiten=beauty.whiten,
        rosy=beauty.rosy,
        sharpen=beauty.sharpen,
        full_range=frame.full_range,
    )


def _beautifier() -> Beautifier:
    """This thread's own: it keeps scratch memory."""
    beautifier: Beautifier | None = getattr(_thread, "beautifier", None)
    if beautifier is None:
        beautifier = _thread.beautifier = Beautifier()
    return beautifier
