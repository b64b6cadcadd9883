"""A stream's encoder and decoder: the same picture comes out, key frames only when asked for, the bitrate as told."""

from fractions import Fraction
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest
from salon_frames import I420
from salon_frames.i420 import Plane
from salon_transcoder.codec import Decoder, Encoder

CODECS = ("VP8", "H264")
WIDTH, HEIGHT = 320, 180
TS90K = 3_000


def pictures(count: int, width: int = WIDTH, height: int = HEIGHT, *, full_range: bool = False) -> list[I420]:
    """A camera that pans over something detailed, with noise: enough to need whatever bitrate there is."""
    random = np.random.default_rng(7)
    rows, columns = np.mgrid[0 : height + 80, 0 : width + 80]
    scene = 120 + 50 * np.sin(columns / 9) * np.cos(rows / 7) + random.normal(0, 6, rows.shape)
    taken = []
    for index in range(count):
        x, y = int(40 + 39 * np.sin(index / 12)), int(40 + 39 * np.cos(index / 9))
        luma = scene[y : y + height, x : x + width] + random.normal(0, 2, (height, width))
        picture = I420.allocate(width, height, full_range=full_range)
        picture.y[:] = np.clip(luma, 16, 235)
        picture.u[:] = np.clip(luma[::2, ::2] / 2 + 60, 16, 240)
        picture.v[:] = np.clip(190 - luma[::2, ::2] / 2, 16, 240)
        taken.append(picture)
    return taken


def psnr_db(one: npt.NDArray[Any], other: npt.NDArray[Any]) -> float:
    return float(10 * np.log10(255**2 / np.mean((one.astype(np.float64) - other) ** 2)))


def is_keyframe(codec: str, data: bytes) -> bool:
    if codec == "VP8":
        return not data[0] & 1
    return any(unit[0] & 31 == 5 for unit in data.split(b"\0\0\1")[1:])


def shown(decoder: Decoder, data: bytes) -> I420:
    picture = decoder.decode(data)
    assert picture is not None
    return picture


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize(("width", "height"), [(320, 180), (180, 320), (642, 362), (16, 16)])
def test_what_is_decoded_is_what_was_encoded(codec: str, width: int, height: int) -> None:
    encoder, decoder = Encoder(codec, 2_000_000), Decoder(codec)
    for index, picture in enumerate(pictures(20, width, height)):
        seen = shown(decoder, encoder.encode(picture, index * TS90K, keyframe=False))
        assert (seen.width, seen.height, seen.full_range) == (width, height, False)
        for plane, original in zip(seen.planes, picture.planes, strict=True):
            assert psnr_db(plane, original) > 27


@pytest.mark.parametrize("codec", CODECS)
def test_every_picture_gives_one_frame_at_once_and_key_frames_come_only_when_asked_for(codec: str) -> None:
    encoder = Encoder(codec, 400_000)
    scenes = pictures(60)
    for index in range(400):
        picture = scenes[index % 60]
        if index % 50 >= 25:  # a cut to another scene is no reason either
            picture = I420(255 - picture.y, picture.u, picture.v)
        if index == 200:
            encoder.set_bitrate(900_000)
        asked = index in (0, 70, 71, 250)
        data = encoder.encode(picture, index * TS90K, keyframe=asked)
        assert data
        assert is_keyframe(codec, data) == asked, index


@pytest.mark.parametrize("codec", CODECS)
def test_key_frames_can_be_decoded_by_themselves(codec: str) -> None:
    encoder = Encoder(codec, 800_000)
    scenes = pictures(10)
    for index, picture in enumerate(scenes):
        data = encoder.encode(picture, index * TS90K, keyframe=index == 6)
        if index == 6:
            assert psnr_db(shown(Decoder(codec), data).y, picture.y) > 24


@pytest.mark.parametrize("codec", CODECS)
def test_a_new_size_begins_with_a_key_frame(codec: str) -> None:
    encoder, decoder = Encoder(codec, 800_000), Decoder(codec)
    for width, height in [(320, 180), (640, 360), (180, 320), (320, 180)]:
        for index, picture in enumerate(pictures(4, width, height)):
            data = encoder.encode(picture, 0, keyframe=False)
            assert is_keyframe(codec, data) == (index == 0)
            seen = shown(decoder, data)
            assert (seen.width, seen.height) == (width, height)


def test_full_range_survives_where_the_format_can_say_it() -> None:
    for codec, expected in (("H264", True), ("VP8", False)):
        encoder, decoder = Encoder(codec, 800_000), Decoder(codec)
        for picture in pictures(3, full_range=True):
            assert shown(decoder, encoder.encode(picture, 0, keyframe=False)).full_range is expected
        limited = encoder.encode(pictures(1)[0], 0, keyframe=False)
        assert is_keyframe(codec, limited)
        assert shown(Decoder(codec), limited).full_range is False


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("frames_per_s", [30, 15])
@pytest.mark.parametrize("targets_bps", [(500_000, 150_000, 1_000_000), (200_000, 1_200_000, 300_000)])
def test_the_bitrate_follows_the_target_without_a_key_frame_at_any_frame_rate(
    codec: str, frames_per_s: int, targets_bps: tuple[int, ...]
) -> None:
    encoder = Encoder(codec, targets_bps[0])
    scenes = pictures(90)
    timestamp = 2**32 - 100_000
    settling, measured = 2 * frames_per_s, 4 * frames_per_s
    is_first = True
    for target_bps in targets_bps:
        encoder.set_bitrate(target_bps)
        spent_bytes = 0
        for index in range(settling + measured):
            data = encoder.encode(scenes[index % 90], timestamp % 2**32, keyframe=False)
            timestamp += 90_000 // frames_per_s
            assert is_keyframe(codec, data) == is_first
            is_first = False
            spent_bytes += len(data) * (index >= settling)
        spent_bps = spent_bytes * 8 * frames_per_s / measured
        assert 0.75 < spent_bps / target_bps < 1.25, (target_bps, spent_bps)


@pytest.mark.parametrize("codec", CODECS)
def test_planes_with_padded_rows_and_read_only_ones_are_taken(codec: str) -> None:
    picture = pictures(1)[0]

    def padded(plane: Plane) -> Plane:
        wide = np.pad(plane, ((0, 0), (0, 13)))
        wide.flags.writeable = False
        return wide[:, : plane.shape[1]]

    y, u, v = map(padded, picture.planes)
    given = I420(y, u, v)
    tight = Encoder(codec, 500_000).encode(picture, 0, keyframe=False)
    assert Encoder(codec, 500_000).encode(given, 0, keyframe=False) == tight


@pytest.mark.parametrize("codec", CODECS)
def test_a_decoded_picture_stays_what_it_is_while_decoding_goes_on(codec: str) -> None:
    encoder, decoder = Encoder(codec, 800_000), Decoder(codec)
    seen = []
    for index, picture in enumerate(pictures(40)):
        decoded = shown(decoder, encoder.encode(picture, index * TS90K, keyframe=False))
        seen.append((decoded, [plane.copy() for plane in decoded.planes]))
    del decoder
    for decoded, copies in seen:
        for plane, copy in zip(decoded.planes, copies, strict=True):
            assert np.array_equal(plane, copy)
            with pytest.raises(ValueError, match="read-only"):
                plane[0, 0] = 1


def test_a_side_without_partner_is_left_out() -> None:
    context = av.CodecContext.create("libvpx", "w")
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height, context.pix_fmt = 427, 241, "yuv420p"
    context.framerate = Fraction(30)
    context.options = {"lag-in-frames": "0"}
    packets = context.encode(av.VideoFrame(427, 241, "yuv420p"))
    picture = shown(Decoder("VP8"), bytes(packets[0]))
    assert (picture.width, picture.height) == (426, 240)


def test_what_cannot_be_is_refused_in_the_caller() -> None:
    with pytest.raises(ValueError, match="AV1"):
        Encoder("AV1", 100_000)
    with pytest.raises(ValueError, match="AV1"):
        Decoder("AV1")
    with pytest.raises(ValueError, match="bitrate"):
        Encoder("VP8", 0)
    with pytest.raises(ValueError, match="bitrate"):
        Encoder("VP8", 1).set_bitrate(-1)
