"""Two links, and between them a relay that loses, delays and doubles packets: whole frames come out, in order."""

import random
import socket
import struct
import threading
import time
from collections.abc import Iterator
from typing import Literal

import pytest
from salon_packets import EncodedFrame, FrameLink, KeyframeRequested, LinkClosed

CodecName = Literal["VP8", "H264"]
CODECS: tuple[CodecName, ...] = ("VP8", "H264")
ORIENTATION_ID = 4
DEADLINE_S = 20.0


def pair() -> tuple[socket.socket, socket.socket]:
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def link(end: socket.socket, codec: CodecName, ssrc: int, max_wait_ms: int = 200) -> FrameLink:
    return FrameLink(
        end.fileno(),
        codec=codec,
        payload_type=96,
        ssrc=ssrc,
        orientation_id=ORIENTATION_ID,
        max_wait_ms=max_wait_ms,
    )


def frame(codec: CodecName, keyframe: bool, size: int, draw: random.Random) -> bytes:
    body = bytes(byte | 4 for byte in draw.randbytes(size))
    if codec == "VP8":
        return (b"\x10\2\0\x9d\1\x2a\x80\2\x68\1" if keyframe else b"\x11\2\0") + body
    if keyframe:
        return b"\0\0\0\1\x67\x42\xc0\x1f\0\0\0\1\x68\xce\x3c\0\0\0\1\x65\x88" + body
    return b"\0\0\0\1\x61\x9a" + body


def pli(media_ssrc: int) -> bytes:
    return struct.pack("!BBHII", 0x81, 206, 2, 1, media_ssrc)


def fir(media_ssrc: int, number: int) -> bytes:
    return struct.pack("!BBHIIIB3x", 0x84, 206, 4, 1, 0, media_ssrc, number)


def next_frame(receiver: FrameLink) -> EncodedFrame:
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        if isinstance(event := receiver.receive(100), EncodedFrame):
            return event
    raise TimeoutError("no frame came")


@pytest.fixture(params=CODECS)
def codec(request: pytest.FixtureRequest) -> CodecName:
    name: CodecName = request.param
    return name


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = pair()
    with ours, theirs:
        yield ours, theirs


class Between:
    """Carries packets between two links on a thread of its own. Key-frame requests go through, media is harmed."""

    def __init__(self, left: socket.socket, right: socket.socket, seed: int) -> None:
        self._ends = (left, right)
        self._draw = random.Random(seed)
        self.harms = True
        self.harmed = 0
        self._thread = threading.Thread(target=self._run, name="between")

    def __enter__(self) -> "Between":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for end in self._ends:
            end.shutdown(socket.SHUT_RDWR)
        self._thread.join()

    def _run(self) -> None:
        ways = [threading.Thread(target=self._carry, args=way) for way in (self._ends, self._ends[::-1])]
        for way in ways:
            way.start()
        for way in ways:
            way.join()

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        held: list[bytes] = []
        while packet := source.recv(2048):
            out = [packet]
            if packet[1] & 0x7F == 96 and self.harms:
                match self._draw.randrange(100):
                    case 0:
                        out = []
                    case 1 | 2:
                        out = [packet, packet]
                    case 3 | 4 | 5 | 6:
                        held, out = [*held, packet], []
                self.harmed += out != [packet]
            if len(held) > 2 or (held and not self.harms):
                out, held = [*out, *reversed(held)], []
            try:
                for message in out:
                    target.send(message)
            except BrokenPipeError:
                return


class Publisher:
    """Sends frames and remembers them; makes a key frame when asked, as a transcoder's main loop would."""

    def __init__(self, codec: CodecName, seed: int) -> None:
        self._codec: CodecName = codec
        self._draw = random.Random(seed)
        self.sent: dict[int, tuple[bytes, bool, int | None]] = {}
        self.wants_keyframe = True

    def send(self, link: FrameLink) -> None:
        timestamp = (2**32 - 200_000 + 3_000 * len(self.sent)) % 2**32
        keyframe, self.wants_keyframe = self.wants_keyframe, False
        data = frame(self._codec, keyframe, self._draw.randrange(1, 9_000), self._draw)
        orientation = self._draw.choice((None, 0, 1, 2, 3))
        self.sent[timestamp] = (data, keyframe, orientation)
        assert link.send(data, timestamp, orientation) > 0


def check(received: list[EncodedFrame], sent: dict[int, tuple[bytes, bool, int | None]]) -> None:
    order = list(sent)
    expected = 0
    for frame in received:
        place = order.index(frame.timestamp)
        data, keyframe, orientation = sent[frame.timestamp]
        assert (frame.data, frame.is_keyframe, frame.orientation) == (data, keyframe, orientation)
        assert place >= expected, "in order, each once"
        assert place == expected or keyframe, "after a gap comes a key frame"
        expected = place + 1


def test_frames_pass_both_ways_through_loss_and_reordering(codec: CodecName) -> None:
    left_end, left_far = pair()
    right_end, right_far = pair()
    with left_end, left_far, right_end, right_far, Between(left_far, right_far, seed=1) as between:
        links = (link(left_end, codec, 11, max_wait_ms=30), link(right_end, codec, 22, max_wait_ms=30))
        publishers = (Publisher(codec, 1), Publisher(codec, 2))
        received: tuple[list[EncodedFrame], list[EncodedFrame]] = ([], [])
        deadline = time.monotonic() + DEADLINE_S

        def step() -> None:
            assert time.monotonic() < deadline
            for publisher, own in zip(publishers, links, strict=True):
                publisher.send(own)
            for side, own in enumerate(links):
                while (event := own.receive(3)) is not None:
                    assert not isinstance(event, LinkClosed)
                    if isinstance(event, KeyframeRequested):
                        publishers[side].wants_keyframe = True
                    else:
                        received[side].append(event)

        for _ in range(300):
            step()
        between.harms = False
        while any(
            not frames or frames[-1].timestamp != list(publishers[1 - side].sent)[-1]
            for side, frames in enumerate(received)
        ):
            step()
        for side, frames in enumerate(received):
            check(frames, publishers[1 - side].sent)
            assert {frame.is_keyframe for frame in frames} == {True, False}
            assert any(frame.orientation is not None for frame in frames)
        assert between.harmed > 50


def test_a_large_key_frame_arrives_whole_while_the_other_end_reads(codec: CodecName) -> None:
    ours, theirs = pair()
    with ours, theirs:
        sender, receiver = link(ours, codec, 1), link(theirs, codec, 2)
        data = frame(codec, True, 500_000, random.Random(3))
        count: list[int] = []
        sending = threading.Thread(target=lambda: count.append(sender.send(data, 9_000, 1)))
        sending.start()
        before_ns = time.monotonic_ns()
        seen = next_frame(receiver)
        sending.join()
        assert seen.data == data
        assert seen.orientation == 1
        assert before_ns < seen.received_ns <= time.monotonic_ns()
        assert count[0] > 400


def test_the_first_frame_is_a_key_frame_that_is_asked_for_if_it_does_not_come(
    codec: CodecName, ends: tuple[socket.socket, socket.socket]
) -> None:
    ours, theirs = ends
    sender, receiver = link(theirs, codec, 77), link(ours, codec, 88)
    draw = random.Random(4)
    sender.send(frame(codec, False, 3_000, draw), 0, None)
    assert receiver.receive(0) is None
    assert isinstance(sender.receive(1_000), KeyframeRequested)
    sender.send(keyframe := frame(codec, True, 3_000, draw), 3_000, None)
    assert next_frame(receiver).data == keyframe


def test_requests_for_our_stream_are_told_once_however_often_they_came(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = ends
    receiver = link(ours, "VP8", 77)
    for request in (pli(77), pli(77), fir(77, 5), pli(77) + fir(77, 5)):
        theirs.send(request)
    assert isinstance(receiver.receive(1_000), KeyframeRequested)
    assert receiver.receive(0) is None
    theirs.send(fir(77, 5))
    theirs.send(pli(78))
    theirs.send(fir(78, 6))
    assert receiver.receive(0) is None, "the same FIR again, and requests for others"
    theirs.send(fir(77, 6))
    assert isinstance(receiver.receive(1_000), KeyframeRequested)


def test_our_requests_name_the_stream_that_is_received(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = ends
    receiver, sender = link(ours, "VP8", 77), link(theirs, "VP8", 99)
    receiver.request_keyframe()
    sender.send(frame("VP8", True, 100, random.Random(5)), 0, None)
    assert isinstance(receiver.receive(1_000), EncodedFrame)
    receiver.request_keyframe()
    receiver.request_keyframe()
    assert theirs.recv(2048) == struct.pack("!BBHII", 0x81, 206, 2, 77, 99)
    assert sender.receive(0) is None, "once"


def test_what_is_no_packet_is_ignored(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = ends
    receiver, sender = link(ours, "VP8", 77), link(theirs, "VP8", 99)
    draw = random.Random(6)
    for size in (1, 3, 12, 40, 1_500, 5_000):
        theirs.send(draw.randbytes(size))
        theirs.send(b"\x80\xc9" + draw.randbytes(size))
        theirs.send(b"\x80\x60" + draw.randbytes(size))
    theirs.send(b"")
    deadline = time.monotonic() + DEADLINE_S
    draw_key = frame("VP8", True, 2_000, draw)
    while not isinstance(event := receiver.receive(0), EncodedFrame):
        assert not isinstance(event, LinkClosed)
        assert time.monotonic() < deadline
        sender.send(draw_key, 1, None)
    assert event.data == draw_key
