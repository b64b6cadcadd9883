"""What the publisher's packets say of colours is said of the frames that come back, until it says something else."""

import socket
import struct

import pytest
from salon_packets import EncodedFrame, FrameLink

PAYLOAD_TYPE, ID = 96, 2
KEY_FRAME = bytes([0x10, 2, 0, 0x9D, 0x01, 0x2A, 0x80, 2, 0x68, 1]) + bytes(30)
FRAME = bytes([0x11, 2, 0]) + bytes(30)
FULL_RANGE = bytes([1, 1, 1, 0x20])
HIGH_DYNAMIC_RANGE = bytes([9, 16, 9, 0x10]) + bytes(range(24))


def rtp(number: int, frame: bytes, color_space: bytes | None) -> bytes:
    """One VP8 frame in one packet, with the extension in the two-byte form."""
    block = b"" if color_space is None else bytes([ID, len(color_space)]) + color_space
    block += bytes(-len(block) % 4)
    head = struct.pack("!BBHII", 0x90 if block else 0x80, 0x80 | PAYLOAD_TYPE, number, 3000 * number, 5)
    extension = struct.pack("!HH", 0x1000, len(block) // 4) + block if block else b""
    return head + extension + b"\x10" + frame


def said(packet: bytes) -> bytes | None:
    """The extension's value, whichever form it has."""
    if not packet[0] & 0x10:
        return None
    profile, words = struct.unpack_from("!HH", packet, 12)
    block = packet[16 : 16 + 4 * words]
    if profile == 0x1000:
        assert block[0] == ID
        return block[2 : 2 + block[1]]
    assert block[0] >> 4 == ID
    return block[1 : 2 + (block[0] & 15)]


@pytest.mark.parametrize("first", [FULL_RANGE, HIGH_DYNAMIC_RANGE, FULL_RANGE[::-1]])
def test_of_frames_both_ways(first: bytes) -> None:
    relay, ours = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    relay.settimeout(20)
    link = FrameLink(ours.fileno(), codec="VP8", payload_type=PAYLOAD_TYPE, ssrc=7, orientation_id=1, color_space_id=ID)
    sequence = [
        (KEY_FRAME, None, None),
        (KEY_FRAME, first, first),
        (FRAME, None, first),
        (FRAME, bytes(7), first),
        (FRAME, HIGH_DYNAMIC_RANGE, HIGH_DYNAMIC_RANGE),
        (FRAME, None, HIGH_DYNAMIC_RANGE),
        (KEY_FRAME, None, None),
    ]
    for number, (frame, color_space, expected) in enumerate(sequence):
        relay.send(rtp(number, frame, color_space))
        received = link.receive(20_000)
        assert isinstance(received, EncodedFrame)
        assert received.data == frame
        for is_key in (True, False):
            assert link.send(KEY_FRAME if is_key else FRAME, 90 * number, None) == 1
            assert said(relay.recv(2000)) == expected
    link.close()
    relay.close()
    ours.close()
