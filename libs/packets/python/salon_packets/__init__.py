"""The native packet path: one UDP socket served off the GIL, told what to do and heard from in events."""

from typing import Literal

from salon_packets._native import (
    Beautifier,
    Codec,
    CommandQueueFull,
    DtlsReceived,
    EventsLost,
    KeyframeRequested,
    LinkClosed,
    Relay,
    SinkConfig,
    SourceConfig,
    SourceRestored,
    SourceStarted,
    SourceStopped,
    SourceSubstituted,
    TransportClosed,
    TransportConnected,
)
from salon_packets.encoded_frame import EncodedFrame
from salon_packets.frame_link import FrameLink

RestoreReason = Literal["ordered", "lost", "restarted", "late", "stalled"]
"""Of `SourceRestored`."""

Event = (
    TransportConnected
    | DtlsReceived
    | TransportClosed
    | SourceStarted
    | SourceStopped
    | SourceSubstituted
    | SourceRestored
    | EventsLost
)

__all__ = [
    "Beautifier",
    "Codec",
    "CommandQueueFull",
    "DtlsReceived",
    "EncodedFrame",
    "Event",
    "EventsLost",
    "FrameLink",
    "KeyframeRequested",
    "LinkClosed",
    "Relay",
    "SinkConfig",
    "SourceConfig",
    "SourceRestored",
    "SourceStarted",
    "SourceStopped",
    "SourceSubstituted",
    "TransportClosed",
    "TransportConnected",
]
