"""The native packet path: one UDP socket served off the GIL, told what to do and heard from in events."""

from salon_packets._native import (
    Codec,
    CommandQueueFull,
    DtlsReceived,
    EventsLost,
    Relay,
    SinkConfig,
    SourceConfig,
    SourceStarted,
    SourceStopped,
    TransportClosed,
    TransportConnected,
)

Event = TransportConnected | DtlsReceived | TransportClosed | SourceStarted | SourceStopped | EventsLost

__all__ = [
    "Codec",
    "CommandQueueFull",
    "DtlsReceived",
    "Event",
    "EventsLost",
    "Relay",
    "SinkConfig",
    "SourceConfig",
    "SourceStarted",
    "SourceStopped",
    "TransportClosed",
    "TransportConnected",
]
