"""What JetStream stores and delivers, over the kit's own connection."""

from salon_kit.jetstream.api import CONSUMER_NOT_FOUND, NO_ROOM_FOR_STREAM, JetStream, JetStreamError, WrongLastSequence
from salon_kit.jetstream.durable_consumer import DurableConsumer, HeldMessage
from salon_kit.jetstream.message import Delivery, RawMessage, delivery, nanoseconds, raw_message, status_of

__all__ = [
    "CONSUMER_NOT_FOUND",
    "NO_ROOM_FOR_STREAM",
    "Delivery",
    "DurableConsumer",
    "HeldMessage",
    "JetStream",
    "JetStreamError",
    "RawMessage",
    "WrongLastSequence",
    "delivery",
    "nanoseconds",
    "raw_message",
    "status_of",
]
