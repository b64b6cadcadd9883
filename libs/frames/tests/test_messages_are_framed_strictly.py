import random
import struct

import pytest
from salon.effects.v1.effects_pb2 import FrameSubmitted, StreamClosed, ToWorker
from salon_frames.framing import MESSAGE_BYTES_MAX, FramingBroken, Reader, encode

PLANES = bytes(range(256)) * 6


def frame(sequence: int) -> ToWorker:
    return ToWorker(frame=FrameSubmitted(sequence=sequence, width=32, height=32, deadline_ms=40))


class Side:
    """A reader and what it has read."""

    def __init__(self) -> None:
        self.planes = bytearray(len(PLANES))
        self.read: list[ToWorker] = []
        self.reader = Reader(ToWorker, self._planes_of)

    def _planes_of(self, message: ToWorker) -> memoryview | None:
        if message.frame.width > 32:
            raise FramingBroken("too large")
        return memoryview(self.planes) if message.WhichOneof("body") == "frame" else None

    def feed(self, data: bytes, most: int = 1 << 30) -> None:
        while data:
            room = self.reader.buffer()
            assert room.nbytes
            count = min(room.nbytes, len(data), most)
            room[:count] = data[:count]
            data = data[count:]
            message = self.reader.advance(count)
            if message is not None:
                self.read.append(message)


@pytest.mark.parametrize("most", [1, 3, 7, 1000, 1 << 30])
def test_messages_and_planes_are_read_in_any_pieces(most: int) -> None:
    side = Side()
    closed = ToWorker(closed=StreamClosed())
    side.feed(encode(frame(1)) + PLANES + encode(frame(2)) + PLANES[::-1] + encode(closed) + encode(frame(3)), most)
    assert side.read == [frame(1), frame(2), closed]
    assert side.planes == PLANES[::-1]
    side.feed(PLANES, most)
    assert side.read[-1] == frame(3)


@pytest.mark.parametrize(
    "bad",
    [
        struct.pack(">I", 0),
        struct.pack(">I", MESSAGE_BYTES_MAX + 1),
        struct.pack(">I", 2**32 - 1),
        struct.pack(">I", 3) + b"\xff\xff\xff",
        struct.pack(">I", 2) + b"\x22\x00",
        encode(ToWorker(frame=FrameSubmitted(sequence=1, width=34))),
    ],
)
def test_what_breaks_the_protocol_is_refused_after_good_messages_too(bad: bytes) -> None:
    side = Side()
    side.feed(encode(frame(1)) + PLANES)
    with pytest.raises(FramingBroken):
        side.feed(bad)


def test_no_bytes_break_the_reader() -> None:
    dice = random.Random(3)
    good = encode(frame(1)) + PLANES + encode(ToWorker(closed=StreamClosed()))
    for _ in range(500):
        data = bytearray(good * 2)
        for _ in range(dice.randrange(1, 6)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        try:
            Side().feed(bytes(data), dice.choice([1, 50, 5000]))
        except FramingBroken:
            continue


def test_every_message_of_a_frame_is_small_enough() -> None:
    largest = FrameSubmitted(
        sequence=2**64 - 1, slot=2**32 - 1, width=2**32 - 1, height=2**32 - 1, full_range=True, deadline_ms=2**32 - 1
    )
    for field in ("smooth", "whiten", "rosy", "sharpen"):
        setattr(largest.beauty, field, 99.9)
    assert len(encode(ToWorker(frame=largest))) <= 4 + MESSAGE_BYTES_MAX
