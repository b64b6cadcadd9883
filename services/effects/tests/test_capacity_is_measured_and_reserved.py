"""Pure, with a clock by hand."""

import pytest
from salon_effects.core.capacity import FIRST_GUESS_S_PER_PIXEL, Capacity

HD = (1280, 720, 30)
HD_PIXELS = 1280 * 720
RESERVED = HD_PIXELS * 30 * FIRST_GUESS_S_PER_PIXEL


def run(capacity: Capacity, token: str, cpu_s: float, start_s: int, end_s: int) -> None:
    """30 frames a second that cost so much each."""
    for second in range(start_s, end_s):
        for number in range(30):
            capacity.worked(token, HD_PIXELS, cpu_s, second + number / 30)


def test_an_opened_stream_counts_as_expected_until_it_is_measured() -> None:
    capacity = Capacity(threads=2, max_load=0.7, max_streams=64)
    capacity.opened("a", HD, 0.0)
    assert capacity.load(0.1) == pytest.approx(RESERVED)
    run(capacity, "a", 0.001, 0, 10)
    assert capacity.load(10.0) == pytest.approx(0.030)


def test_a_young_stream_that_costs_more_than_expected_counts_as_measured() -> None:
    capacity = Capacity(threads=2, max_load=0.7, max_streams=64)
    capacity.opened("a", HD, 0.0)
    run(capacity, "a", 0.010, 0, 2)
    assert capacity.load(2.0) == pytest.approx(0.300)


def test_a_paused_stream_costs_nothing_after_a_while() -> None:
    capacity = Capacity(threads=1, max_load=0.7, max_streams=64)
    capacity.opened("a", HD, 0.0)
    run(capacity, "a", 0.001, 0, 10)
    assert capacity.load(16.0) == 0.0


def test_it_is_full_before_the_share_of_the_threads_is_exceeded() -> None:
    capacity = Capacity(threads=2, max_load=0.5, max_streams=64)
    count = 0
    while capacity.has_room(0.0):
        capacity.opened(f"stream-{count}", HD, 0.0)
        count += 1
    assert count == int(2 * 0.5 / RESERVED)
    assert capacity.load(0.0) <= 1.0
    capacity.closed("stream-0")
    assert capacity.has_room(0.0)


def test_what_filters_really_cost_is_expected_of_the_next_stream() -> None:
    capacity = Capacity(threads=1, max_load=0.7, max_streams=64)
    capacity.opened("a", HD, 0.0)
    run(capacity, "a", 0.012, 0, 20)
    assert capacity.load(20.0) == pytest.approx(0.36)
    assert not capacity.has_room(20.0)
    assert capacity.has_room(20.0, (320, 180, 30))


def test_streams_are_limited_in_number() -> None:
    capacity = Capacity(threads=64, max_load=1.0, max_streams=2)
    capacity.opened("a", HD, 0.0)
    assert capacity.has_room(0.0)
    capacity.opened("b", HD, 0.0)
    assert not capacity.has_room(0.0)


def test_a_worker_without_streams_takes_any() -> None:
    capacity = Capacity(threads=1, max_load=0.1, max_streams=1)
    assert capacity.has_room(0.0, (8192, 8192, 240))
