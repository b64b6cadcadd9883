"""The strengths that go with each frame."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from salon.effects.v1.effects_pb2 import Beauty
from salon_transcoder.core.ramp import RAMP_FRAMES, Ramp


def whiten(ramp: Ramp, frames: int) -> list[float]:
    return [ramp.next().whiten for _ in range(frames)]


def test_rises_in_equal_steps_and_stays() -> None:
    ramp = Ramp(Beauty(whiten=80), 1)
    assert whiten(ramp, 10) == [10, 20, 30, 40, 50, 60, 70, 80, 80, 80]


def test_every_strength_moves_from_where_it_is() -> None:
    ramp = Ramp(Beauty(smooth=40, whiten=80), 1)
    whiten(ramp, 4)
    assert ramp.aim(Beauty(rosy=16), 2)
    assert ramp.version == 2
    steps = [ramp.next() for _ in range(8)]
    assert [round(step.whiten, 3) for step in steps] == [35, 30, 25, 20, 15, 10, 5, 0]
    assert steps[-1] == Beauty(rosy=16)


def test_an_older_version_is_ignored() -> None:
    ramp = Ramp(Beauty(whiten=80), 5)
    assert not ramp.aim(Beauty(whiten=10), 4)
    assert (ramp.version, whiten(ramp, 8)[-1]) == (5, 80)


def test_fade_reaches_exactly_nothing() -> None:
    ramp = Ramp(Beauty(smooth=33.3, whiten=77.7, rosy=0.1, sharpen=99.9), 1)
    whiten(ramp, 3)
    ramp.fade()
    assert [ramp.next() for _ in range(RAMP_FRAMES)][-1] == Beauty()


def test_restart_begins_at_nothing_towards_the_same() -> None:
    ramp = Ramp(Beauty(whiten=80), 1)
    whiten(ramp, 8)
    ramp.restart()
    assert whiten(ramp, 8) == [10, 20, 30, 40, 50, 60, 70, 80]


@given(st.lists(st.tuples(st.floats(0, 100), st.integers(0, 12)), min_size=1, max_size=20))
def test_no_step_is_larger_than_an_eighth_of_the_scale(moves: list[tuple[float, int]]) -> None:
    ramp = Ramp(Beauty(), 0)
    seen = [0.0]
    for version, (target, frames) in enumerate(moves):
        ramp.aim(Beauty(whiten=target), version)
        seen += whiten(ramp, frames)
    assert all(0 <= value <= 100 for value in seen)
    assert max(abs(after - before) for before, after in pairwise([*seen, seen[-1]])) <= 100 / RAMP_FRAMES + 0.01
