"""A relay that is gone, does not read, or a link that is closed: told, never waited for."""

import contextlib
import itertools
import os
import random
import socket
import struct
import threading
from collections.abc import Iterator

import pytest
from salon_packets import EncodedFrame, FrameLink, KeyframeRequested, LinkClosed

KEYFRAME = b"\x10\2\0\x9d\1\x2a\x80\2\x68\1" + random.Random(1).randbytes(3_000)
DELTA = b"\x11\2\0" + random.Random(2).randbytes(3_000)


def link(end: socket.socket) -> FrameLink:
    return FrameLink(end.fileno(), codec="VP8", payload_type=96, ssrc=77, orientation_id=4)


def drained(end: socket.socket) -> Iterator[bytes]:
    with contextlib.suppress(BlockingIOError):
        while True:
            yield end.recv(2048)


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        yield ours, theirs


def test_the_end_is_told_after_what_came_before_it_and_ever_again(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = ends
    receiver, sender = link(ours), link(theirs)
    assert sender.send(KEYFRAME, 0, None) == 3
    sender.close()
    assert isinstance(receiver.receive(1_000), EncodedFrame)
    for _ in range(3):
        assert isinstance(receiver.receive(1_000), LinkClosed)
    assert receiver.send(KEYFRAME, 0, None) == 0
    receiver.request_keyframe()


def test_an_end_with_unread_packets_is_an_end_too(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = ends
    receiver = link(ours)
    assert receiver.send(KEYFRAME, 0, None) == 3
    theirs.close()
    assert isinstance(receiver.receive(1_000), LinkClosed | KeyframeRequested)
    assert isinstance(receiver.receive(1_000), LinkClosed)


def test_the_link_has_its_own_descriptor(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = ends
    receiver, sender = link(ours), link(theirs)
    ours.close()
    sender.send(KEYFRAME, 0, None)
    assert isinstance(receiver.receive(1_000), EncodedFrame)


def test_a_closed_link_refuses_calls_and_closes_again(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = ends
    closed, other = link(ours), link(theirs)
    closed.close()
    closed.close()
    for call in (lambda: closed.receive(0), closed.request_keyframe, lambda: closed.send(KEYFRAME, 0, None)):
        with pytest.raises(RuntimeError, match="closed"):
            call()
    assert isinstance(other.receive(1_000), LinkClosed)


def test_closing_wakes_whoever_receives(ends: tuple[socket.socket, socket.socket]) -> None:
    receiver = link(ends[0])
    entered, raised = threading.Event(), threading.Event()

    def receive() -> None:
        entered.set()
        with pytest.raises(RuntimeError, match="closed"):
            receiver.receive(60_000)
        raised.set()

    thread = threading.Thread(target=receive)
    thread.start()
    entered.wait(10)
    receiver.close()
    thread.join(10)
    assert raised.is_set()


def test_a_relay_that_does_not_read_costs_frames_and_then_gets_a_key_frame(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = ends
    sender = link(ours)
    sent = [sender.send(KEYFRAME, 0, None)]
    for index in range(1, 50_000):
        sent.append(sender.send(DELTA, index, None))
        if sent[-1] < 3:
            break
    assert sent[-1] < 3, "full at last"
    assert isinstance(sender.receive(0), KeyframeRequested)
    assert sender.receive(0) is None
    assert sender.send(DELTA, 99, None) == 0, "nobody could show it"
    assert sender.receive(0) is None, "told already"
    sent.append(sender.send(KEYFRAME, 100, None))
    assert sent[-1] < 3
    assert isinstance(sender.receive(0), KeyframeRequested), "the key frame was lost too"

    theirs.setblocking(False)
    numbers = [struct.unpack_from("!H", packet, 2)[0] for packet in drained(theirs)]
    assert len(numbers) == sum(sent)
    assert sender.send(KEYFRAME, 101, None) == 3
    assert sender.send(DELTA, 102, None) == 3
    numbers += [struct.unpack_from("!H", packet, 2)[0] for packet in drained(theirs)]
    steps = [(after - before) % 2**16 for before, after in itertools.pairwise(numbers)]
    cut_frames = sum(0 < count < 3 for count in sent)
    assert sorted(steps, reverse=True)[: cut_frames + 1] == [2] * cut_frames + [1], (
        "one number for a frame that was cut"
    )


def test_wrong_arguments_are_refused(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, _ = ends
    with pytest.raises(ValueError, match="AV1"):
        FrameLink(ours.fileno(), codec="AV1", payload_type=96, ssrc=1, orientation_id=0)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="payload_type"):
        FrameLink(ours.fileno(), codec="VP8", payload_type=128, ssrc=1, orientation_id=0)
    with pytest.raises(ValueError, match="orientation_id"):
        FrameLink(ours.fileno(), codec="VP8", payload_type=96, ssrc=1, orientation_id=15)
    with pytest.raises(ValueError, match="empty"):
        link(ours).send(b"", 0, None)
    read_end, write_end = os.pipe()
    with open(read_end, "rb"), open(write_end, "wb"), pytest.raises(OSError, match="socket"):
        FrameLink(read_end, codec="VP8", payload_type=96, ssrc=1, orientation_id=0)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as datagram, pytest.raises(OSError, match="type"):
        link(datagram)
