"""What JetStream stores and delivers, over the kit's own connection."""

from salon_kit.jetstream.api import (
    CONSUMER_NOT_FOUND,
    NO_ROOM_FOR_STREAM,
    Delivery,
    JetStream,
    JetStreamError,
    RawMessage,
    WrongLastSequence,
    delivery,
    nanoseconds,
    raw_message,
    status_of,
)

__all__ = [
    "CONSUMER_NOT_FOUND",
    "NO_ROOM_FOR_STREAM",
    "Delivery",
    "JetStream",
    "JetStreamError",
    "RawMessage",
    "WrongLastSequence",
    "delivery",
    "nanoseconds",
    "raw_message",
    "status_of",
]
