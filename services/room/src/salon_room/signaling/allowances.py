"""How much is read from a WebSocket before and after its log-in."""

from salon_kit.http.frame_meter import Allowance

from salon_room.core.signal_json import FRAME_MAX_BYTES

STRANGER = Allowance(
    frames_per_s=20, frames_at_once=60, bytes_per_s=16 * 1024, bytes_at_once=128 * 1024, message_max_bytes=32 * 1024
)
"""Reading takes time of everybody: before a log-in a client sends a token or two. What it sends after its Login without
waiting for the reply, such as an offer, is read when the reply is there."""
MEMBER = Allowance(
    frames_per_s=100,
    frames_at_once=800,
    bytes_per_s=512 * 1024,
    bytes_at_once=4 * 1024 * 1024,
    message_max_bytes=FRAME_MAX_BYTES,
)
"""Many large offers in a row; twice the requests that are answered (REQUESTS_PER_CONNECTION), so that who sends too
many is told so. A fragment, a ping and an empty message count as a frame like any other."""
