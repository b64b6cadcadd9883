import numpy as np
import pytest
from salon_frames import I420
from salon_frames.i420 import Plane, size_bytes


def noise(width: int, height: int) -> I420:
    random = np.random.default_rng(1)
    made = I420.allocate(width, height)
    for plane in made.planes:
        plane[...] = random.integers(0, 256, plane.shape, np.uint8)
    return made


@pytest.mark.parametrize(("width", "height"), [(16, 16), (18, 34), (854, 480), (180, 320), (8192, 16), (16, 8192)])
def test_any_even_size_is_packed_without_gaps(width: int, height: int) -> None:
    memory = bytearray(size_bytes(width, height))
    made = I420.of_buffer(memoryview(memory), width, height)
    made.y.fill(1)
    made.u.fill(2)
    made.v.fill(3)
    luma = width * height
    assert memory == b"\1" * luma + b"\2" * (luma // 4) + b"\3" * (luma // 4)
    assert (made.width, made.height) == (width, height)


@pytest.mark.parametrize(
    ("width", "height"), [(0, 0), (15, 16), (16, 17), (14, 16), (8194, 16), (-16, 16), (16, -16), (2**40, 16)]
)
def test_other_sizes_are_refused(width: int, height: int) -> None:
    with pytest.raises(ValueError, match="not an even size"):
        I420.allocate(width, height)
    with pytest.raises(ValueError, match="not an even size"):
        I420.of_buffer(memoryview(bytes(1000)), width, height)


def test_a_buffer_that_is_too_small_is_refused() -> None:
    with pytest.raises(ValueError, match="383 bytes do not hold"):
        I420.of_buffer(memoryview(bytes(383)), 16, 16)


def test_a_picture_on_memory_that_is_read_only_is_read_only() -> None:
    made = I420.of_buffer(memoryview(bytes(384)), 16, 16)
    with pytest.raises(ValueError, match="read-only"):
        made.y.fill(1)


def test_rows_may_be_padded_and_copies_are_exact() -> None:
    padded = I420(
        np.zeros((48, 80), np.uint8)[:, 8:72], np.zeros((24, 40), np.uint8)[:, :32], np.zeros((24, 33), np.uint8)[:, 1:]
    )
    source = noise(64, 48)
    padded.copy_from(source)
    assert padded.equals(source)
    back = I420.allocate(64, 48)
    back.copy_from(padded)
    assert back.equals(source)
    back.v[3, 5] ^= 1
    assert not back.equals(source)


def test_another_size_is_not_copied() -> None:
    with pytest.raises(ValueError, match="64x48 does not fit 48x64"):
        I420.allocate(48, 64).copy_from(noise(64, 48))


def plane(height: int, width: int) -> Plane:
    return np.zeros((height, width), np.uint8)


@pytest.mark.parametrize(
    "planes",
    [
        (plane(48, 64), plane(24, 32), plane(24, 31)),
        (plane(48, 64), plane(48, 64), plane(48, 64)),
        (plane(48, 64), plane(32, 24), plane(32, 24)),
        (plane(47, 64), plane(23, 32), plane(23, 32)),
        (plane(48, 128)[:, ::2], plane(24, 32), plane(24, 32)),
        (plane(48, 64), plane(24, 32).T, plane(24, 32).T),
        (plane(48, 64).ravel(), plane(24, 32), plane(24, 32)),
        (plane(48, 64).astype(np.int16), plane(24, 32), plane(24, 32)),
    ],
)
def test_planes_that_do_not_make_a_picture_are_refused(planes: tuple[Plane, Plane, Plane]) -> None:
    with pytest.raises(ValueError, match=r"plane|not an even size"):
        I420(*planes)
