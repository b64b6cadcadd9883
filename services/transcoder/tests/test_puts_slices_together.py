"""Senders that set the marker bit on every NAL unit: the slices of one timestamp are one picture."""

import random
import re
import socket
import struct
from collections.abc import Iterator

import pytest
from salon_packets import EncodedFrame, FrameLink
from salon_testing.transcoder import GROUP, Encoded, encoded, number_of
from salon_transcoder.codec import DecodeFailed, Decoder

PAYLOAD_BYTES = 300
TS90K = 3_000
MAX_WAIT_MS = 30

SENDERS = {
    "one slice": "slices=1",
    "2 slices": "slices=2",
    "4 slices": "slices=4",
    "8 slices": "slices=8",
    "as many slices as it takes": "slice-max-size=250",
    "two slices and B pictures": "slices=2:bframes=2",
}


@pytest.fixture(params=SENDERS)
def frames(request: pytest.FixtureRequest) -> list[Encoded]:
    x264 = SENDERS[request.param]
    return encoded(45, x264=x264 if "bframes" in x264 else f"{x264}:bframes=0")


class Sender:
    """Packets of a sender, and the transcoder's end of the link they go through."""

    def __init__(self, ours: socket.socket, theirs: socket.socket, *, marks_units: bool) -> None:
        self._socket = ours
        self._marks_units = marks_units
        self._sequence = 65_500
        self.link = FrameLink(
            theirs.fileno(), codec="H264", payload_type=96, ssrc=7, orientation_id=0, max_wait_ms=MAX_WAIT_MS
        )

    def send(self, frame: Encoded, lost: int | None = None) -> None:
        """All packets of it but one."""
        packets = list(_payloads(frame.data, marks_units=self._marks_units))
        for index, (marker, payload) in enumerate(packets):
            sequence, self._sequence = self._sequence, (self._sequence + 1) % 2**16
            if lost is not None and index == lost % len(packets):
                continue
            header = struct.pack("!BBHII", 0x80, 96 | marker << 7, sequence, 1_000 + frame.number * TS90K, 1234)
            self._socket.send(header + payload)

    def received(self) -> Iterator[EncodedFrame]:
        while (event := self.link.receive(5)) is not None:
            if isinstance(event, EncodedFrame):
                yield event


def _payloads(data: bytes, *, marks_units: bool) -> Iterator[tuple[bool, bytes]]:
    units = re.split(b"\0\0\0\1|\0\0\1", data)[1:]
    for index, unit in enumerate(units):
        marker = marks_units or index == len(units) - 1
        if len(unit) <= PAYLOAD_BYTES:
            yield marker, unit
            continue
        parts = [unit[at : at + PAYLOAD_BYTES] for at in range(1, len(unit), PAYLOAD_BYTES)]
        for at, part in enumerate(parts):
            flags = (0x80 if at == 0 else 0) | (0x40 if at == len(parts) - 1 else 0)
            yield marker and at == len(parts) - 1, bytes([unit[0] & 0xE0 | 28, flags | unit[0] & 31]) + part


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        yield ours, theirs


@pytest.mark.parametrize("marks_units", [True, False])
def test_one_frame_comes_of_each_picture_and_it_is_whole(
    marks_units: bool, frames: list[Encoded], ends: tuple[socket.socket, socket.socket]
) -> None:
    sender, decoder = Sender(*ends, marks_units=marks_units), Decoder("H264")
    received: list[EncodedFrame] = []
    for frame in frames:
        sender.send(frame)
        received += sender.received()
    sender.link.close()
    assert [frame.timestamp for frame in received] == [
        1_000 + frame.number * TS90K for frame in frames[: len(received)]
    ]
    assert len(received) >= len(frames) - 1, "the last one may wait for more of it"
    shown = [number_of(picture.y) for frame in received if (picture := decoder.decode(frame.data)) is not None]
    assert shown == list(range(len(shown)))
    assert len(shown) >= len(received) - 2
    assert sum(frame.is_keyframe for frame in received) == -(-len(frames) // GROUP)


@pytest.mark.parametrize("seed", range(4))
def test_a_picture_that_lacks_a_packet_is_never_shown_and_the_next_key_frame_heals(
    seed: int, frames: list[Encoded], ends: tuple[socket.socket, socket.socket]
) -> None:
    draw = random.Random(seed)
    sender, decoder = Sender(*ends, marks_units=True), Decoder("H264")
    lossy = {draw.randrange(2, 12), draw.randrange(17, 26)}
    shown: list[int] = []
    for index, frame in enumerate(frames):
        sender.send(frame, lost=draw.randrange(100) if index in lossy else None)
        for received in sender.received():
            try:
                picture = decoder.decode(received.data)
            except DecodeFailed:
                continue
            if picture is not None:
                shown.append(number_of(picture.y))
    sender.link.close()
    assert shown == sorted(set(shown)), "in order, each once"
    assert not {frames[index].number for index in lossy} & set(shown)
    assert set(range(2 * GROUP + 3, 42)) <= set(shown), "all that follows the last key frame"
