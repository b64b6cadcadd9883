"""The event stream: append, read back, follow, and keep what cannot be appended yet."""

from salon_kit.events.outbox import Outbox
from salon_kit.events.probe import probe_storage, try_to_store
from salon_kit.events.stream import Events, NoRoomForEvents, Snapshot, StoredEvent, check_kind, stored_event
from salon_kit.events.tail import EventTail

__all__ = [
    "EventTail",
    "Events",
    "NoRoomForEvents",
    "Outbox",
    "Snapshot",
    "StoredEvent",
    "check_kind",
    "probe_storage",
    "stored_event",
    "try_to_store",
]
