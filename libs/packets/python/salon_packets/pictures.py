"""Whole H.264 pictures of frames that end at a marker bit. Pure: frames and time in, frames out.

The marker stands on the last packet of a picture (RFC 6184 section 5.1), and senders are in the field that set it on
the last packet of every NAL unit: then each slice comes as a frame of its own. Slices of one picture have one
timestamp, and nothing in a slice says that it is the last. So:

- A picture is over when another timestamp comes, or nothing more of it for `HOLD_NS`.
- It is over at once when it has come in the same parts as the `ALIKE_MIN` pictures before it; a part is known by the
  macroblock it begins with. With a sender that sets the marker as it should, that is one part that begins with
  macroblock 0, and from the third picture on nothing waits.
- With a sender of slices a picture of one part may lack the others, so it waits. When more comes of a picture that was
  taken for whole, that picture is lost, and every picture waits from then on.
"""

from dataclasses import replace

from salon_packets.encoded_frame import EncodedFrame

HOLD_NS = 50_000_000
"""Longer than a sender spreads the packets of one picture."""
ALIKE_MIN = 2
PART_MIN_BYTES = 256
"""What a part counts for at least: many small ones cost memory too."""
_START_CODE = b"\0\0\0\1"
_SLICES = frozenset({1, 2, 5})
_PARAMETER_SETS = frozenset({7, 8})


class PictureGatherer:
    """`take` every frame, `on_time` when `due_ns` is over, `finish` at the end: they give whole pictures, in order."""

    def __init__(self, max_bytes: int) -> None:
        """A larger picture is left out, with all that follows up to the next key frame."""
        self.due_ns: int | None = None
        """When to call `on_time`; None while nothing waits."""
        self.wants_keyframe = False
        """Something was left out: whoever asks for a key frame resets this."""
        self._max_bytes = max_bytes
        self._parts: list[EncodedFrame] = []
        self._bytes = 0
        self._begins: list[int] = []
        """The macroblocks that the parts begin with; the same of the picture before."""
        self._begins_before: list[int] = []
        self._alike = 0
        """So many pictures in a row came in the same parts."""
        self._sends_slices = False
        self._was_wrong = False
        self._over: int | None = None
        """Timestamp of the picture before."""
        self._awaits_keyframe = False

    def take(self, part: EncodedFrame, now_ns: int) -> list[EncodedFrame]:
        pictures: list[EncodedFrame] = []
        if self._parts and part.timestamp != self._parts[0].timestamp:
            pictures = self.finish()
        if not self._parts and part.timestamp == self._over:
            self._was_wrong = True
            self._lose()  # the picture has gone without it
            return pictures
        if self._parts:
            part = replace(part, data=_without_parameter_sets(part.data))
        self._parts.append(part)
        self._begins.append(_first_macroblock(part.data))
        self._bytes += max(len(part.data), PART_MIN_BYTES)
        self.due_ns = now_ns + HOLD_NS
        if self._bytes > self._max_bytes:
            self._begin_next(part.timestamp)
            self._lose()
        elif self._is_whole():
            pictures += self.finish()
        return pictures

    def on_time(self, now_ns: int) -> list[EncodedFrame]:
        return self.finish() if self.due_ns is not None and now_ns >= self.due_ns else []

    def finish(self) -> list[EncodedFrame]:
        """What waits, if anything does: no more comes of it."""
        if not self._parts:
            return []
        parts = self._parts
        self._alike = self._alike + 1 if self._begins == self._begins_before else 1
        self._begins_before = self._begins
        self._sends_slices = self._sends_slices or len(parts) > 1
        self._begin_next(parts[0].timestamp)
        self._awaits_keyframe = self._awaits_keyframe and not parts[0].is_keyframe
        return [] if self._awaits_keyframe else [_joined(parts)]

    def _is_whole(self) -> bool:
        is_usual = self._alike >= ALIKE_MIN and self._begins == self._begins_before
        return is_usual and not self._was_wrong and (len(self._parts) > 1 or not self._sends_slices)

    def _lose(self) -> None:
        """Nothing can be decoded until the next key frame."""
        self._awaits_keyframe = self.wants_keyframe = True

    def _begin_next(self, over: int) -> None:
        self._parts, self._begins, self._bytes = [], [], 0
        self._over, self.due_ns = over, None


def _joined(parts: list[EncodedFrame]) -> EncodedFrame:
    if len(parts) == 1:
        return parts[0]
    orientations = [part.orientation for part in parts if part.orientation is not None]
    return replace(
        parts[0],
        data=b"".join(part.data for part in parts),
        orientation=orientations[-1] if orientations else None,
        received_ns=max(part.received_ns for part in parts),
    )


def _kind(data: bytes, start: int) -> int:
    """nal_unit_type of the unit whose start code is at `start`; 0 if there is none."""
    header = start + len(_START_CODE)
    return data[header] & 31 if start >= 0 and header < len(data) else 0


def _without_parameter_sets(data: bytes) -> bytes:
    """Parameter sets stand in front of the first slice of a picture, never between two."""
    start = 0
    while _kind(data, start) in _PARAMETER_SETS:
        start = data.find(_START_CODE, start + len(_START_CODE))
    return data[start:] if start > 0 else data


def _first_macroblock(data: bytes) -> int:
    """first_mb_in_slice of the first slice (ITU-T H.264 section 7.3.3); -1 without a slice."""
    start = 0
    while (kind := _kind(data, start)) not in _SLICES:
        if kind == 0:
            return -1
        start = data.find(_START_CODE, start + len(_START_CODE))
    header = start + len(_START_CODE)
    bits = int.from_bytes(data[header + 1 : header + 6].ljust(5, b"\0"), "big")
    zeros = 40 - bits.bit_length()
    return (bits >> (39 - 2 * zeros)) - 1 if zeros < 20 else -1
