"""Filters that worker processes of these tests run: `SALON_EFFECTS_FILTERS=trial_filters:invert`."""

import os
import threading
import time

import numpy as np
from salon.effects.v1.effects_pb2 import Beauty
from salon_frames.i420 import I420

NOT_A_FUNCTION = 7


def copy(frame: I420, out: I420, beauty: Beauty) -> None:
    out.copy_from(frame)


def invert(frame: I420, out: I420, beauty: Beauty) -> None:
    for plane, source in zip(out.planes, frame.planes, strict=True):
        np.subtract(255, source, out=plane)


def add_whiten(frame: I420, out: I420, beauty: Beauty) -> None:
    """Adds the strength of whitening to the luma: shows which parameters a frame was made with."""
    out.copy_from(frame)
    out.y[...] = frame.y + np.uint8(beauty.whiten)


def slow_when_asked(frame: I420, out: I420, beauty: Beauty) -> None:
    """Takes `rosy` x 10 ms; none while rosy is 0."""
    if beauty.rosy:
        time.sleep(beauty.rosy / 100)
    invert(frame, out, beauty)


def burn(frame: I420, out: I420, beauty: Beauty) -> None:
    """Takes 10 ms of CPU time."""
    end = time.thread_time() + 0.01
    while time.thread_time() < end:
        pass
    out.copy_from(frame)


def fail_when_asked(frame: I420, out: I420, beauty: Beauty) -> None:
    """Raises while rosy is over 90, ends its thread, as it thinks, while sharpen is over 90."""
    if beauty.rosy > 90:
        raise ZeroDivisionError("a bug in a filter")
    if beauty.sharpen > 90:
        raise SystemExit("a filter wants to go")
    invert(frame, out, beauty)


def hang_when_asked(frame: I420, out: I420, beauty: Beauty) -> None:
    if beauty.rosy > 90:
        threading.Event().wait()
    invert(frame, out, beauty)


def wait_for_file(frame: I420, out: I420, beauty: Beauty) -> None:
    """While rosy is over 90: until the file named by TRIAL_GATE exists."""
    while beauty.rosy > 90 and not os.path.exists(os.environ["TRIAL_GATE"]):
        time.sleep(0.005)
    invert(frame, out, beauty)


def wrong_signature(frame: I420) -> None:
    raise AssertionError("never called with one argument")
