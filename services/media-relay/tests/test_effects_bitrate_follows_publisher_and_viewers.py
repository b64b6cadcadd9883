"""The beautified stream gets what the publisher sends, and less when viewers cannot take it."""

from salon_relay.effects.core.bitrate import FLOOR_BPS, START_BPS, Bitrate, Viewer

GOOD = Viewer(fraction_lost=0.0, estimate_bps=None, sent_bps=1_000_000)
BAD = Viewer(fraction_lost=0.25, estimate_bps=None, sent_bps=1_000_000)


def at(source_bps: int) -> Bitrate:
    bitrate = Bitrate()
    bitrate.start(source_bps)
    return bitrate


def seconds(bitrate: Bitrate, count: int, source_bps: int, viewers: dict[int, Viewer]) -> int:
    for _ in range(count):
        bitrate.observe(source_bps, viewers)
    return bitrate.target_bps


def test_start_is_what_the_publisher_sends_and_a_little_more() -> None:
    assert Bitrate().start(1_000_000) == 1_100_000
    assert Bitrate().start(0) == START_BPS
    assert Bitrate().start(20_000) == FLOOR_BPS


def test_target_follows_the_publisher_smoothly() -> None:
    bitrate = at(1_000_000)
    first = bitrate.observe(2_000_000, {1: GOOD})
    assert first is not None
    assert 1_400_000 < first < 1_600_000
    assert seconds(bitrate, 20, 2_000_000, {1: GOOD}) > 2_000_000
    assert seconds(bitrate, 40, 500_000, {1: GOOD}) < 620_000


def test_only_what_differs_by_a_tenth_is_told() -> None:
    bitrate = at(1_000_000)
    assert bitrate.observe(1_050_000, {}) is None
    assert bitrate.target_bps == 1_100_000
    assert bitrate.observe(2_000_000, {}) is not None


def test_publisher_that_sends_nothing_says_nothing() -> None:
    bitrate = at(1_000_000)
    assert seconds(bitrate, 30, 0, {1: GOOD}) == 1_100_000
    assert Bitrate().observe(0, {}) is None


def test_loss_brings_it_down_and_its_end_up_again() -> None:
    bitrate = at(1_000_000)
    assert 600_000 < seconds(bitrate, 3, 1_000_000, {1: BAD}) < 750_000
    assert seconds(bitrate, 20, 1_000_000, {1: GOOD}) > 1_000_000


def test_viewer_without_loss_does_not_slow_the_publishers_rise() -> None:
    bitrate = at(100_000)
    assert seconds(bitrate, 8, 2_000_000, {1: GOOD}) > 1_900_000


def test_a_little_loss_changes_nothing() -> None:
    bitrate = at(1_000_000)
    some = Viewer(fraction_lost=0.05, estimate_bps=None, sent_bps=1_000_000)
    assert seconds(bitrate, 30, 1_000_000, {1: some}) == 1_100_000


def test_worst_viewer_decides_down_to_a_quarter() -> None:
    bitrate = at(1_000_000)
    assert seconds(bitrate, 60, 1_000_000, {1: GOOD, 2: BAD, 3: GOOD}) < 310_000
    assert bitrate.target_bps >= 0.25 * 1_100_000
    assert seconds(at(200_000), 60, 200_000, {1: BAD}) <= FLOOR_BPS * 1.2


def test_viewer_that_leaves_is_forgotten() -> None:
    bitrate = at(1_000_000)
    seconds(bitrate, 60, 1_000_000, {1: BAD})
    assert bitrate.observe(1_000_000, {2: GOOD}) == 1_100_000


def test_estimate_counts_only_with_loss_and_below_what_is_sent() -> None:
    idle = Viewer(fraction_lost=0.0, estimate_bps=400_000, sent_bps=1_000_000)
    lossy = Viewer(fraction_lost=0.04, estimate_bps=400_000, sent_bps=1_000_000)
    above = Viewer(fraction_lost=0.04, estimate_bps=1_400_000, sent_bps=1_000_000)
    assert seconds(at(1_000_000), 10, 1_000_000, {1: idle}) == 1_100_000
    assert seconds(at(1_000_000), 10, 1_000_000, {1: lossy}) == 400_000
    assert seconds(at(1_000_000), 10, 1_000_000, {1: above}) == 1_100_000
