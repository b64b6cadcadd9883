"""How much of what one WebSocket sends is read: frames of every kind and bytes, counted before anything looks at them.

Pure. Where a frame begins is seen from the heads alone (RFC 6455, 5.2); a payload is skipped.
"""

from dataclasses import dataclass

NANOSECONDS = 1_000_000_000
CONTROL_BIT = 0x08
CONTINUATION = 0x00
MASKED_BIT = 0x80
MASK_BYTES = 4

MESSAGE_MAX_FRAMES = 128
"""A message of the longest kind in frames of 2 KiB."""
CONTROL_FRAMES_PER_S = 4
CONTROL_FRAMES_AT_ONCE = 120
"""A client that pings every second has so many on the way after a network that stood still for two minutes."""


class TooMuch(Exception):
    """Nobody sends this in earnest: the connection is closed (1008). The message is the close frame's reason."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What one connection may send. More is read later, which the sender feels as a slow network."""

    frames_per_s: float
    frames_at_once: float
    bytes_per_s: float
    bytes_at_once: float
    message_max_bytes: int
    """A longer message is not read any further until the allowance is raised."""


UNLIMITED = Allowance(1e9, 1e9, 1e12, 1e12, 2**62)


@dataclass(slots=True)
class _Level:
    """What is left of something that comes back with time; in debt when less than nothing."""

    per_s: float
    at_once: float
    left: float
    refilled_at_ns: int

    def wait_s(self, now_ns: int) -> float:
        elapsed_s = max(0, now_ns - self.refilled_at_ns) / NANOSECONDS
        self.refilled_at_ns = now_ns
        self.left = min(self.at_once, self.left + elapsed_s * self.per_s)
        return 0.0 if self.left >= 0 else -self.left / self.per_s


class FrameMeter:
    def __init__(self, allowance: Allowance, now_ns: int) -> None:
        self._message_max_bytes = 0
        self.allow(allowance, now_ns)
        self._control = _Level(CONTROL_FRAMES_PER_S, CONTROL_FRAMES_AT_ONCE, CONTROL_FRAMES_AT_ONCE, now_ns)
        self._head = bytearray()
        self._payload_left = 0
        self._message_bytes = 0
        self._message_frames = 0

    def allow(self, allowance: Allowance, now_ns: int) -> None:
        """From now on this much, with all of what it gives at once."""
        self._frames = _Level(allowance.frames_per_s, allowance.frames_at_once, allowance.frames_at_once, now_ns)
        self._bytes = _Level(allowance.bytes_per_s, allowance.bytes_at_once, allowance.bytes_at_once, now_ns)
        self._message_max_bytes = allowance.message_max_bytes

    def wait_s(self, now_ns: int) -> float:
        """How long to read nothing."""
        return max(self._frames.wait_s(now_ns), self._bytes.wait_s(now_ns))

    @property
    def is_blocked(self) -> bool:
        """The message that comes is longer than this connection may send now."""
        return self._payload_left > 0 and self._message_bytes > self._message_max_bytes

    def cut(self, data: bytes, at: int, frames_max: int, bytes_max: int, now_ns: int) -> tuple[int, int]:
        """What may be read of `data` from `at` on, and is counted: where that ends, and how many frames begin in it. At
        most that many, and about that many bytes. Raises TooMuch."""
        begin, frames, stop = at, 0, min(len(data), at + bytes_max)
        while at < stop:
            if self._payload_left:
                if self._message_bytes > self._message_max_bytes:  # is_blocked
                    break
                step = min(self._payload_left, stop - at)
                self._payload_left -= step
                at += step
            elif frames == frames_max:
                break
            else:
                at = self._read_head(data, at)
                if not self._head:
                    frames += 1
                    if self._control.left < 0 and self._control.wait_s(now_ns) > 0:
                        raise TooMuch("too many control frames")
        self._frames.left -= frames
        self._bytes.left -= at - begin
        return at, frames

    def _read_head(self, data: bytes, at: int) -> int:
        """Where the head ends; `_head` is not empty as long as there is more to come of it."""
        head = self._head
        if not head and at + 6 <= len(data) and MASKED_BIT < data[at + 1] < MASKED_BIT + 126:  # nearly every one
            self._begin_frame(data[at], data[at + 1] & 0x7F)
            return at + 6
        while True:
            missing = _head_bytes(head) - len(head)
            if not missing:
                break
            if at == len(data):
                return at
            head += data[at : at + missing]
            at += min(missing, len(data) - at)
        length = head[1] & 0x7F
        if length == 126:
            length = int.from_bytes(head[2:4])
        elif length == 127:
            length = int.from_bytes(head[2:10])
        self._begin_frame(head[0], length)
        head.clear()
        return at

    def _begin_frame(self, first: int, length: int) -> None:
        self._payload_left = length
        if first & CONTROL_BIT:
            self._control.left -= 1
            return
        if first & 0x0F != CONTINUATION:
            self._message_bytes = self._message_frames = 0
        self._message_bytes += length
        self._message_frames += 1
        if self._message_frames > MESSAGE_MAX_FRAMES:
            raise TooMuch("a message of too many frames")


def _head_bytes(head: bytearray) -> int:
    """How long the head is, as far as that can be told from what there is of it."""
    if len(head) < 2:
        return 2
    length = head[1] & 0x7F
    extended = 2 if length == 126 else 8 if length == 127 else 0
    return 2 + extended + (MASK_BYTES if head[1] & MASKED_BIT else 0)
