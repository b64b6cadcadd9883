"""Frames of every kind are counted in the bytes as they come, whatever pieces they come in."""

import random

import pytest
from salon_kit.http.frame_meter import (
    CONTROL_FRAMES_AT_ONCE,
    MESSAGE_MAX_FRAMES,
    UNLIMITED,
    Allowance,
    FrameMeter,
    TooMuch,
)

from .peers import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, frame

SECOND = 1_000_000_000
FRAMES_MAX = 10**9


def cut_in_pieces(meter: FrameMeter, pieces: list[bytes]) -> int:
    """How many frames the meter counts; it takes everything."""
    frames = 0
    for piece in pieces:
        end, begun = meter.cut(piece, 0, FRAMES_MAX, len(piece), 0)
        assert end == len(piece)
        frames += begun
    return frames


def test_frames_are_counted_however_they_are_cut() -> None:
    rng = random.Random(7)
    for _ in range(300):
        sent = [
            frame(rng.choice([TEXT, BINARY, PING, PONG, CLOSE]), bytes(rng.choice([0, 1, 125, 126, 300, 65535, 65536])))
            for _ in range(rng.randint(1, 6))
        ]
        data = b"".join(sent)
        places = sorted(rng.randint(0, len(data)) for _ in range(rng.randint(0, 40)))
        pieces = [data[begin:end] for begin, end in zip([0, *places], [*places, len(data)], strict=True)]
        assert cut_in_pieces(FrameMeter(UNLIMITED, 0), pieces) == len(sent)
        single = [data[at : at + 1] for at in range(min(len(data), 2000))]
        assert cut_in_pieces(FrameMeter(UNLIMITED, 0), [*single, data[2000:]]) == len(sent)


@pytest.mark.parametrize(
    "kind",
    [frame(PONG), frame(TEXT), frame(TEXT, b"{}"), frame(TEXT, final=False) + frame(CONTINUATION)],
    ids=["pongs", "empty messages", "tiny messages", "fragments"],
)
def test_only_so_many_frames_are_read_in_a_second(kind: bytes) -> None:
    meter = FrameMeter(Allowance(20, 60, 1e9, 1e9, 1000), 0)
    data, at, read = kind * 100, 0, 0
    while not meter.wait_s(0):
        at, frames = meter.cut(data, at, 8, 10_000, 0)
        read += frames
    assert 60 < read <= 68
    assert meter.wait_s(0) == pytest.approx((read - 60) / 20)
    assert meter.wait_s(SECOND) == 0


def test_a_piece_has_so_many_frames_and_bytes() -> None:
    meter = FrameMeter(UNLIMITED, 0)
    data = frame(TEXT, b"xx") * 20
    assert meter.cut(data, 0, 8, 10_000, 0) == (8 * len(frame(TEXT, b"xx")), 8)
    long = frame(BINARY, bytes(100_000))
    meter = FrameMeter(UNLIMITED, 0)
    assert meter.cut(long, 0, 8, 4096, 0) == (4096, 1)
    assert meter.cut(long, 4096, 8, 4096, 0) == (8192, 0)


def test_bytes_are_paced_as_well() -> None:
    meter = FrameMeter(Allowance(1e9, 1e9, 1000, 5000, 10**6), 0)
    long = frame(BINARY, bytes(6000 - 8))
    meter.cut(long, 0, 8, 10_000, 0)
    assert meter.wait_s(0) == pytest.approx(1.0)
    assert meter.wait_s(SECOND) == 0


@pytest.mark.parametrize(
    "message",
    [frame(TEXT, bytes(1001)), frame(TEXT, bytes(600), final=False) + frame(CONTINUATION, bytes(401), final=False)],
    ids=["one frame", "fragments"],
)
def test_a_message_that_is_too_long_now_is_read_when_it_may_be(message: bytes) -> None:
    meter = FrameMeter(Allowance(1e9, 1e9, 1e9, 1e9, message_max_bytes=1000), 0)
    data = frame(TEXT, bytes(1000)) + frame(PING) + message
    end, _ = meter.cut(data, 0, 100, 100_000, 0)
    assert meter.is_blocked
    assert end < len(data)
    assert meter.cut(data, end, 100, 100_000, 0) == (end, 0)
    meter.allow(UNLIMITED, 0)
    assert meter.cut(data, end, 100, 100_000, 0)[0] == len(data)


@pytest.mark.parametrize("kind", [PING, PONG])
def test_more_control_frames_than_anybody_sends_are_too_much(kind: int) -> None:
    meter = FrameMeter(UNLIMITED, 0)
    cut_in_pieces(meter, [frame(kind, b"x")] * CONTROL_FRAMES_AT_ONCE)
    with pytest.raises(TooMuch):
        cut_in_pieces(meter, [frame(kind)] * 2)
    patient = FrameMeter(UNLIMITED, 0)
    for second in range(1000):
        patient.cut(frame(kind), 0, 1, 100, second * SECOND)


def test_a_message_of_more_frames_than_anybody_sends_is_too_much() -> None:
    first, others = frame(TEXT, b"x", final=False), frame(CONTINUATION, final=False)
    meter = FrameMeter(UNLIMITED, 0)
    for _ in range(3):
        cut_in_pieces(meter, [first, *[others] * (MESSAGE_MAX_FRAMES - 2), frame(CONTINUATION)])
    with pytest.raises(TooMuch):
        cut_in_pieces(meter, [first, *[others] * MESSAGE_MAX_FRAMES])
