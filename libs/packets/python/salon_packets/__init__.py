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
    SourceStarted,
    SourceStopped,
    SwitchedBack,
    SwitchedTo,
    TransportClosed,
    TransportConnected,
)
from salon_packets.encoded_frame import EncodedFrame
from salon_packets.frame_link import FrameLink

SwitchBackReason = Literal["ordered", "lost", "restarted", "late", "stalled"]
"""Of `SwitchedBack`."""

SourceEvent = SourceStarted | SourceStopped | SwitchedTo | SwitchedBack
TransportEvent = TransportConnected | DtlsReceived | TransportClosed | SourceEvent
"""`transport` says which one, also of the events of its sources."""
Event = TransportEvent | EventsLost

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
    "SourceStarted",
    "SourceStopped",
    "SwitchedBack",
    "SwitchedTo",
    "TransportClosed",
    "TransportConnected",
]
