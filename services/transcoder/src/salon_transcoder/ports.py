"""What the threads and tasks of a transcoder need of each other, of the codec and of the packet path."""

from dataclasses import dataclass
from typing import Protocol

from salon.effects.v1.effects_pb2 import Beauty
from salon_contracts.ids import WorkerId
from salon_frames import I420
from salon_packets import EncodedFrame, KeyframeRequested, LinkClosed


@dataclass(frozen=True, slots=True)
class Picture:
    """One decoded frame and what its packets said about it."""

    i420: I420
    timestamp: int
    """RTP, 90 kHz, 0 to 2**32 - 1."""
    orientation: int | None
    received_ns: int
    """CLOCK_MONOTONIC when its last packet was read."""


class ReceivingLink(Protocol):
    """The half of a FrameLink that one thread has for itself."""

    def receive(self, timeout_ms: int) -> EncodedFrame | KeyframeRequested | LinkClosed | None: ...


class SendingLink(Protocol):
    """The other half: for another thread."""

    def request_keyframe(self) -> None: ...
    def send(self, frame: bytes, timestamp: int, orientation: int | None) -> int: ...


class WorkerClient(Protocol):
    """What `salon_frames.EffectsClient` gives: one attempt to have one worker."""

    async def open(self, width: int, height: int, frames_per_s: int) -> WorkerId: ...
    async def beautify(self, frame: I420, beauty: Beauty) -> I420: ...
    async def close(self) -> None: ...
