"""The native kernel behind the filter interface; what it does to faces is tested beside it."""

import threading
from pathlib import Path

import numpy as np
import pytest
from salon.effects.v1.effects_pb2 import Beauty
from salon_effects.config import EffectsSettings
from salon_effects.filters.beauty import apply
from salon_effects.filters.interface import Chain
from salon_effects.filters.loading import load_filters
from salon_frames import I420
from salon_kit.bus import Bus
from salon_packets import Beautifier

from .conftest import Start
from .processes import client_of, open_when_there, picture

DEFAULT = EffectsSettings.model_fields["filters"].default
BEAUTY = Beauty(smooth=80, whiten=60, rosy=40, sharpen=20)


def kernel(frame: I420, beauty: Beauty) -> I420:
    out = I420.allocate(frame.width, frame.height)
    Beautifier().apply(
        frame.planes,
        out.planes,
        smooth=beauty.smooth,
        whiten=beauty.whiten,
        rosy=beauty.rosy,
        sharpen=beauty.sharpen,
        full_range=frame.full_range,
    )
    return out


@pytest.mark.parametrize(("width", "height"), [(640, 360), (360, 640), (16, 16), (854, 480)])
@pytest.mark.parametrize("full_range", [False, True])
def test_it_is_the_kernel_with_these_strengths_and_this_range(width: int, height: int, full_range: bool) -> None:
    frame, out = I420(*picture(width, height).planes, full_range), I420.allocate(width, height)
    load_filters(DEFAULT)(frame, out, BEAUTY)
    assert out.equals(kernel(frame, BEAUTY))


def test_each_strength_reaches_its_own_effect() -> None:
    frame, out = picture(320, 180), I420.allocate(320, 180)
    apply(frame, out, Beauty())
    assert out.equals(frame)
    apply(frame, out, Beauty(whiten=100))
    assert np.mean(out.y) > np.mean(frame.y) + 5
    assert np.array_equal(out.u, frame.u)
    apply(frame, out, Beauty(rosy=100))
    assert np.mean(out.v) > np.mean(frame.v)
    assert np.array_equal(out.y, frame.y)


def test_threads_do_not_disturb_each_other() -> None:
    chain = Chain([apply, apply])
    sizes = [(320, 180), (180, 320), (640, 360)]
    wrong: list[str] = []

    def run(width: int, height: int) -> None:
        frame, out = picture(width, height), I420.allocate(width, height)
        expected = kernel(kernel(frame, BEAUTY), BEAUTY)
        for _ in range(20):
            chain(frame, out, BEAUTY)
            if not out.equals(expected):
                wrong.append(f"{width}x{height}")

    threads = [threading.Thread(target=run, args=size) for size in sizes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


async def test_a_worker_without_settings_beautifies(bus: Bus, start: Start, ring_folder: Path) -> None:
    start(SALON_EFFECTS_FILTERS=",".join(DEFAULT))
    client = client_of(bus, ring_folder)
    await open_when_there(client, 640, 360)
    frame = picture(640, 360)
    assert (await client.beautify(frame, BEAUTY)).equals(kernel(frame, BEAUTY))
    await client.close()
