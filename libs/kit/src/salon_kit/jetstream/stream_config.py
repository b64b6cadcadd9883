"""How the streams are configured, the buckets' too.

Whoever owns one (salon_contracts.access) sets this; others only make what is not there yet.
"""

from salon_contracts.access import bucket_stream
from salon_contracts.subjects import EVENTS_STREAM, EVENTS_SUBJECTS

from salon_kit.jetstream.message import nanoseconds
from salon_kit.settings import BusSettings

StreamConfig = dict[str, object]

DUPLICATE_WINDOW_S = 120


def event_stream(settings: BusSettings) -> StreamConfig:
    return {
        **_any_stream(EVENTS_STREAM, EVENTS_SUBJECTS, settings),
        "max_bytes": settings.events_max_bytes,
        "max_age": 0,  # it would eat live state too; what is old and not live is removed by the rooms
    }


def bucket(name: str, settings: BusSettings, *, history: int, marker_ttl_s: int | None) -> StreamConfig:
    """`marker_ttl_s`: how long a marker stays that stands for a value whose time ran out; None: no value has one."""
    config = {
        **_any_stream(bucket_stream(name), f"$KV.{name}.>", settings),
        "max_bytes": -1,
        "max_msgs_per_subject": history,
        "allow_rollup_hdrs": True,
        "allow_msg_ttl": True,
    }
    return config if marker_ttl_s is None else {**config, "subject_delete_marker_ttl": nanoseconds(marker_ttl_s)}


def _any_stream(name: str, subjects: str, settings: BusSettings) -> StreamConfig:
    return {
        "name": name,
        "subjects": [subjects],
        "storage": "file",
        "retention": "limits",
        # A full stream refuses what is new: dropping what is old would eat the state of what is still alive.
        "discard": "new",
        "max_msgs": -1,
        "max_msg_size": -1,
        "max_consumers": -1,
        "num_replicas": settings.replicas,
        "duplicate_window": nanoseconds(DUPLICATE_WINDOW_S),
        "allow_direct": True,
        "deny_delete": True,
    }
