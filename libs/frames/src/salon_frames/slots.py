"""Where the frames of one stream lie: numbered pairs of room for a picture and for what becomes of it."""

from salon_frames.i420 import I420, size_bytes

SLOTS_MAX = 16
CONNECTION_SLOTS = 3
"""Of a stream over TCP, on both sides. One in work, one waiting, one on its way: a worker that answers has no more."""
PAGE_BYTES = 4096


def slot_size_bytes(width: int, height: int) -> int:
    """Bytes of one half of a slot for pictures up to this size: whole pages."""
    return -(-size_bytes(width, height) // PAGE_BYTES) * PAGE_BYTES


class Slots:
    """`count` slots in one buffer, slot after slot, in each the input before the output.

    ValueError for a slot that does not exist or a picture that does not fit. What is handed out are views: valid as
    long as the buffer, and the same ones as long as the picture's size stays.
    """

    def __init__(self, buffer: memoryview, count: int, slot_bytes: int) -> None:
        if not 1 <= count <= SLOTS_MAX or slot_bytes < 1 or buffer.nbytes < 2 * count * slot_bytes:
            raise ValueError("the buffer does not hold the slots")
        self._buffer = buffer
        self.count = count
        self.slot_bytes = slot_bytes
        self._views: dict[tuple[int, int, int, bool], I420] = {}

    @classmethod
    def allocate(cls, count: int, width: int, height: int) -> "Slots":
        """In memory of this process."""
        slot_bytes = slot_size_bytes(width, height)
        return cls(memoryview(bytearray(2 * count * slot_bytes)), count, slot_bytes)

    def fits(self, width: int, height: int) -> bool:
        return size_bytes(width, height) <= self.slot_bytes

    def input(self, slot: int, width: int, height: int, *, full_range: bool = False) -> I420:
        return self._view(2 * slot, slot, width, height, full_range)

    def output(self, slot: int, width: int, height: int, *, full_range: bool = False) -> I420:
        return self._view(2 * slot + 1, slot, width, height, full_range)

    def input_bytes(self, slot: int, width: int, height: int) -> memoryview:
        """The same, as the bytes that a connection carries."""
        return self._bytes(2 * slot, slot, width, height)

    def output_bytes(self, slot: int, width: int, height: int) -> memoryview:
        return self._bytes(2 * slot + 1, slot, width, height)

    def _bytes(self, half: int, slot: int, width: int, height: int) -> memoryview:
        if not 0 <= slot < self.count:
            raise ValueError(f"there is no slot {slot}")
        if not self.fits(width, height):
            raise ValueError(f"{width}x{height} is too large for a slot of {self.slot_bytes} bytes")
        start = half * self.slot_bytes
        return self._buffer[start : start + size_bytes(width, height)]

    def _view(self, half: int, slot: int, width: int, height: int, full_range: bool) -> I420:
        key = (half, width, height, full_range)
        view = self._views.get(key)
        if view is None:
            view = I420.of_buffer(self._bytes(half, slot, width, height), width, height, full_range=full_range)
            if len(self._views) >= 4 * self.count:  # sizes that are no more
                self._views.clear()
            self._views[key] = view
        return view
