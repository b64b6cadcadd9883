"""Hostile bitstreams end in DecodeFailed or in some picture, never in anything else, and a key frame heals."""

import random
from fractions import Fraction

import av
import numpy as np
import pytest
from salon_frames import I420
from salon_transcoder.codec import DecodeFailed, Decoder, Encoder

CODECS = ("VP8", "H264")


def stream(codec: str, count: int) -> list[bytes]:
    """A key frame and what follows it: noise that moves."""
    encoder = Encoder(codec, 500_000)
    noise = np.random.default_rng(3).integers(16, 235, (240, 320), np.uint8)
    frames = []
    for index in range(count):
        picture = I420.allocate(160, 120)
        picture.y[:] = noise[index : index + 120, index : index + 160] // 2 + 60
        picture.u[:], picture.v[:] = 110, 140
        frames.append(encoder.encode(picture, index * 3_000, keyframe=False))
    return frames


@pytest.mark.parametrize("codec", CODECS)
def test_garbage_is_refused(codec: str) -> None:
    decoder = Decoder(codec)
    for garbage in (
        b"",
        b"\0",
        b"\x10",
        b"\0\0\0\1",
        b"\0\0\0\1\x65",
        b"hello, world" * 50,
        bytes(5_000),
        b"\xff" * 99,
    ):
        with pytest.raises(DecodeFailed):
            decoder.decode(garbage)


@pytest.mark.parametrize("codec", CODECS)
def test_nothing_is_shown_before_a_key_frame_nor_after_a_failure_until_the_next(codec: str) -> None:
    frames = stream(codec, 5)
    decoder = Decoder(codec)
    with pytest.raises(DecodeFailed):
        decoder.decode(frames[1])
    assert decoder.decode(frames[0])
    assert decoder.decode(frames[1])
    with pytest.raises(DecodeFailed):
        decoder.decode(b"")
    with pytest.raises(DecodeFailed):
        decoder.decode(frames[2])
    assert decoder.decode(frames[0])
    assert decoder.decode(frames[1])


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("seed", [2, 5])  # with 2, an H.264 decoder that is only flushed holds pictures back for good
def test_a_thousand_mutated_frames_do_no_harm(codec: str, seed: int) -> None:
    draw = random.Random(seed)
    frames = stream(codec, 20)
    decoder = Decoder(codec)
    failed = 0
    for _ in range(1_000):
        data = bytearray(draw.choice(frames) if draw.random() < 0.7 else frames[0])
        for _ in range(draw.choice((1, 1, 3, 30))):
            match draw.randrange(4):
                case 0:
                    data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
                case 1:
                    data[draw.randrange(min(40, len(data)))] = draw.randrange(256)
                case 2:
                    del data[draw.randrange(1, len(data) + 1) :]
                case _:
                    at = draw.randrange(len(data))
                    data[at:at] = draw.randbytes(draw.randrange(9))
            data = data or bytearray(1)
        try:
            decoder.decode(bytes(data))
        except DecodeFailed:
            failed += 1
    assert failed > 100
    assert decoder.decode(frames[0])
    assert decoder.decode(frames[1])


def test_pictures_above_the_bound_are_refused_before_memory_is_taken() -> None:
    keyframe = bytearray(stream("VP8", 1)[0])
    keyframe[6:10] = (4_000).to_bytes(2, "little") + (4_000).to_bytes(2, "little")
    with pytest.raises(DecodeFailed):
        Decoder("VP8").decode(bytes(keyframe))


@pytest.mark.parametrize(("pixel_format", "profile"), [("yuv444p", "high444"), ("yuv422p", "high422")])
def test_other_pixel_formats_are_refused(pixel_format: str, profile: str) -> None:
    context = av.CodecContext.create("libx264", "w")
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height, context.pix_fmt = 160, 120, pixel_format
    context.framerate = Fraction(30)
    context.options = {"preset": "ultrafast", "tune": "zerolatency", "profile": profile}
    packets = context.encode(av.VideoFrame(160, 120, pixel_format))
    with pytest.raises(DecodeFailed, match=pixel_format):
        Decoder("H264").decode(bytes(packets[0]))
