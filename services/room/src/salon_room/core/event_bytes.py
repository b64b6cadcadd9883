"""What requests take in the event stream, before they are carried out: for the quotas of bytes.

Each includes how it ends: a log-out, a removed stream or a closed peer connection must not fail for want of a quota.
"""

from salon_contracts.ids import RoomId
from salon_contracts.subjects import encoded_size

EVENT_BYTES = 640
"""Of one event beside the texts counted below: record, headers, subject, ids and numbers."""


def of_log_in(room_id: RoomId, user_id: str, user_name: str) -> int:
    """`room-opened`, `user-logged-in`, `relay-assigned`, `relay-released`, `user-logged-out`, `room-closed`."""
    return 6 * EVENT_BYTES + 6 * (_size(room_id) + _size(user_id)) + 2 * _size(user_name)


def of_peer_connection() -> int:
    """`transport-opened`, `transport-closed`."""
    return 2 * EVENT_BYTES


def of_publish(stream_id: str, user_name: str, extra_info: str) -> int:
    """`stream-added` or `publish-refused`, `stream-removed`."""
    return 2 * (EVENT_BYTES + encoded_size(stream_id) + _size(user_name)) + _size(extra_info)


def of_mute(stream_id: str, user_name: str, extra_info: str) -> int:
    """`stream-added` once more."""
    return EVENT_BYTES + encoded_size(stream_id) + _size(user_name) + _size(extra_info)


def of_effects(*, has_effects: bool) -> int:
    """`effects-changed`; else `effects-turned-on`, `effects-turned-off`, and what the relay says to either."""
    return EVENT_BYTES if has_effects else 4 * EVENT_BYTES


def of_message(user_name: str, text: str, to_user_ids: list[str]) -> int:
    return EVENT_BYTES + _size(user_name) + _size(text) + sum(_size(user_id) + 2 for user_id in to_user_ids)


def _size(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))
