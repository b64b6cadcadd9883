"""The native beautifier reads and writes planes with any row stride, and refuses everything else before it writes."""

import threading
from typing import Literal, TypedDict

import numpy as np
import pytest
from numpy.typing import NDArray
from salon_packets import Beautifier

Plane = NDArray[np.uint8]
Planes = tuple[Plane, Plane, Plane]


class Strengths(TypedDict):
    smooth: float
    whiten: float
    rosy: float
    sharpen: float


NOTHING = Strengths(smooth=0.0, whiten=0.0, rosy=0.0, sharpen=0.0)
HALF = Strengths(smooth=50.0, whiten=50.0, rosy=50.0, sharpen=50.0)


def empty(width: int, height: int, padding: int = 0) -> Planes:
    """Planes cut from wider ones full of 90."""

    def plane(width: int, height: int) -> Plane:
        return np.full((height, width + padding), 90, np.uint8)[:, :width]

    return plane(width, height), plane(width // 2, height // 2), plane(width // 2, height // 2)


def skin(width: int, height: int, padding: int = 0) -> Planes:
    """Noisy skin: the same samples whatever the padding."""
    planes = empty(width, height, padding)
    noise = np.random.default_rng(7).normal(0, 4, (height, width))
    planes[0][:] = np.clip(150 + noise, 16, 235).round()
    planes[1][:], planes[2][:] = 110, 150
    return planes


def same(one: Planes, other: Planes) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_all_at_zero_copies() -> None:
    planes, out = skin(64, 48), empty(64, 48)
    Beautifier().apply(planes, out, **NOTHING)
    assert same(planes, out)


def test_effects_change_the_picture_and_leave_the_input() -> None:
    planes, out = skin(640, 360), empty(640, 360)
    Beautifier().apply(planes, out, **HALF)
    assert same(planes, skin(640, 360))
    assert out[0].mean() > planes[0].mean() + 10
    assert out[0].std() < 0.8 * planes[0].std()
    assert out[1].mean() < planes[1].mean()
    assert out[2].mean() > planes[2].mean()


@pytest.mark.parametrize("padding", [1, 32, 100])
def test_row_strides_do_not_matter(padding: int) -> None:
    tight, padded = empty(98, 66), empty(98, 66, padding)
    Beautifier().apply(skin(98, 66), tight, **HALF)
    Beautifier().apply(skin(98, 66, padding), padded, **HALF)
    assert same(tight, padded)
    for plane in padded:
        whole = plane.base
        assert isinstance(whole, np.ndarray)
        assert np.all(whole[:, plane.shape[1] :] == 90)


def test_one_object_serves_sizes_in_turn_like_a_new_one() -> None:
    beautifier = Beautifier()
    for width, height in ((640, 360), (16, 16), (360, 640), (854, 480), (18, 16)):
        out, fresh = empty(width, height), empty(width, height)
        beautifier.apply(skin(width, height), out, **HALF)
        Beautifier().apply(skin(width, height), fresh, **HALF)
        assert same(out, fresh)


def test_read_only_input_is_enough() -> None:
    planes, out = skin(32, 32), empty(32, 32)
    for plane in planes:
        plane.flags.writeable = False
    Beautifier().apply(planes, out, **NOTHING)
    assert same(planes, out)


def test_any_buffer_will_do() -> None:
    planes, out = skin(32, 16), bytearray(32 * 16 * 3 // 2)
    view = memoryview(out)
    Beautifier().apply(
        planes,
        (
            view[:512].cast("B", (16, 32)),
            view[512:640].cast("B", (8, 16)),
            view[640:].cast("B", (8, 16)),
        ),
        **NOTHING,
    )
    assert bytes(out) == b"".join(plane.tobytes() for plane in planes)


def shared() -> tuple[Planes, Planes]:
    planes = skin(32, 32)
    return planes, (planes[0], *empty(32, 32)[1:])


def side_by_side() -> tuple[Planes, Planes]:
    y, _, _ = empty(32, 32)
    both = np.zeros((16, 32), np.uint8)
    return skin(32, 32), (y, both[:, :16], both[:, 16:])


def read_only() -> tuple[Planes, Planes]:
    out = empty(32, 32)
    out[2].flags.writeable = False
    return skin(32, 32), out


@pytest.mark.parametrize(
    ("pair", "says"),
    [
        (shared(), "out Y shares memory with planes Y"),
        (side_by_side(), "out V shares memory with out U"),
        (read_only(), "out V: read-only"),
        ((skin(32, 32), empty(32, 34)), "does not fit"),
        ((skin(14, 32), empty(14, 32)), "14x32"),
        ((skin(32, 33), empty(32, 33)), "32x33"),
        ((skin(8194, 16), empty(8194, 16)), "8194x16"),
    ],
)
def test_pictures_that_cannot_be_are_refused(pair: tuple[Planes, Planes], says: str) -> None:
    planes, out = pair
    before = [plane.copy() for plane in out]
    with pytest.raises(ValueError, match=says):
        Beautifier().apply(planes, out, **HALF)
    assert all(np.array_equal(a, b) for a, b in zip(before, out, strict=True))


@pytest.mark.parametrize(
    ("plane", "says"),
    [
        (np.zeros((16, 16), np.int8), "not a buffer of unsigned bytes"),
        (np.zeros((16, 16), np.float32), "not a buffer of unsigned bytes"),
        ("text", "not a buffer of unsigned bytes"),
        (np.zeros(256, np.uint8), "not two-dimensional"),
        (np.zeros((16, 32), np.uint8)[:, ::2], "not two-dimensional with adjacent columns"),
        (np.zeros((16, 16), np.uint8)[::-1], "row stride is below the width"),
        (np.broadcast_to(np.zeros(16, np.uint8), (16, 16)), "row stride is below the width"),
        (np.zeros((0, 16), np.uint8), "empty|not two-dimensional"),
    ],
)
def test_planes_that_are_no_rows_of_bytes_are_refused(plane: object, says: str) -> None:
    y, _, v = skin(32, 32)
    with pytest.raises(ValueError, match=f"planes U: .*({says})"):
        Beautifier().apply((y, plane, v), empty(32, 32), **HALF)


@pytest.mark.parametrize("name", ["smooth", "whiten", "rosy", "sharpen"])
@pytest.mark.parametrize("value", [-1.0, 100.5, float("nan"), float("inf")])
def test_strengths_out_of_range_are_refused_by_name(
    name: Literal["smooth", "whiten", "rosy", "sharpen"], value: float
) -> None:
    strengths = HALF.copy()
    strengths[name] = value
    with pytest.raises(ValueError, match=name):
        Beautifier().apply(skin(32, 32), empty(32, 32), **strengths)


@pytest.mark.parametrize("name", ["avx512", "avx2", "baseline"])
def test_every_instruction_set_gives_the_same_picture(name: Literal["avx512", "avx2", "baseline"]) -> None:
    try:
        beautifier = Beautifier(name)
    except ValueError:
        pytest.skip(f"this processor does not have {name}")
    assert beautifier.instruction_set == name
    ours, best = empty(854, 480), empty(854, 480)
    beautifier.apply(skin(854, 480), ours, **HALF)
    Beautifier().apply(skin(854, 480), best, **HALF)
    assert same(ours, best)


def test_an_unknown_instruction_set_is_refused() -> None:
    with pytest.raises(ValueError, match="sse9"):
        Beautifier("sse9")  # type: ignore[arg-type]


def test_full_range_reaches_codes_that_limited_range_leaves() -> None:
    planes = skin(32, 32)
    planes[0][:] = 250
    limited, full = empty(32, 32), empty(32, 32)
    whiten = Strengths(smooth=0.0, whiten=100.0, rosy=0.0, sharpen=0.0)
    Beautifier().apply(planes, limited, **whiten)
    Beautifier().apply(planes, full, **whiten, full_range=True)
    assert np.all(limited[0] == 250)
    assert np.all(full[0] > 250)


def test_one_object_may_be_used_by_several_threads() -> None:
    beautifier, right = Beautifier(), empty(320, 180)
    beautifier.apply(skin(320, 180), right, **HALF)
    wrong: list[int] = []

    def run(number: int) -> None:
        for _ in range(20):
            out = empty(320, 180)
            beautifier.apply(skin(320, 180), out, **HALF)
            if not same(out, right):
                wrong.append(number)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
