"""`examples/custom-filter`, as its README says to run it."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from salon.effects.v1.effects_pb2 import Beauty
from salon_effects.filters.interface import Filter
from salon_frames import I420
from salon_kit.bus import Bus

from .conftest import Start
from .processes import ROOT, client_of, open_when_there, picture

FOLDER = ROOT / "examples" / "custom-filter"


@pytest.fixture
def vignette() -> Filter:
    spec = importlib.util.spec_from_file_location("vignette", FOLDER / "vignette.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    filter_: Filter = module.apply
    return filter_


def grey(width: int, height: int, level: int = 128, *, full_range: bool = False) -> I420:
    made = I420.allocate(width, height, full_range=full_range)
    for plane in made.planes:
        plane.fill(level)
    return made


def test_corners_get_darker_and_the_middle_stays(vignette: Filter) -> None:
    frame, out = grey(640, 360), I420.allocate(640, 360)
    vignette(frame, out, Beauty(smooth=100))
    assert out.y[180, 320] == pytest.approx(128, abs=1)
    assert out.y[0, 0] == pytest.approx(16 + 112 * 0.45, abs=2)
    assert (out.u == 128).all()
    assert (out.v == 128).all()


@pytest.mark.parametrize("full_range", [False, True])
@pytest.mark.parametrize("level", [16, 128, 235])
def test_nothing_is_changed_at_0_and_nothing_overflows_at_100(vignette: Filter, level: int, full_range: bool) -> None:
    frame, out = grey(18, 34, level, full_range=full_range), I420.allocate(18, 34)
    vignette(frame, out, Beauty())
    assert out.equals(frame)
    vignette(frame, out, Beauty(smooth=100))
    assert int(out.y.max()) <= level
    assert int(out.y.min()) >= (0 if full_range else 16)


async def test_a_worker_runs_it_after_others(bus: Bus, start: Start, ring_folder: Path, vignette: Filter) -> None:
    start(SALON_EFFECTS_FILTERS="salon_effects.filters.beauty:apply,vignette:apply", PYTHONPATH=str(FOLDER))
    client = client_of(bus, ring_folder)
    await open_when_there(client, 320, 180)
    frame = picture(320, 180)
    returned = await client.beautify(frame, Beauty(smooth=100))
    corner, middle = returned.y[:20, :20], returned.y[80:100, 150:170]
    assert np.mean(corner) < 0.75 * np.mean(middle)
    await client.close()
