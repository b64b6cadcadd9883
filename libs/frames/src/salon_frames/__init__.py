"""How raw frames travel between a relay and an effects worker: shared memory, or one TCP connection."""

from salon_frames.client import EffectsClient, StreamIdentity
from salon_frames.errors import FrameLate, FrameRefused, FramesError, WorkerGone
from salon_frames.i420 import I420
from salon_frames.ring import Ring, RingUnavailable

__all__ = [
    "I420",
    "EffectsClient",
    "FrameLate",
    "FrameRefused",
    "FramesError",
    "Ring",
    "RingUnavailable",
    "StreamIdentity",
    "WorkerGone",
]
