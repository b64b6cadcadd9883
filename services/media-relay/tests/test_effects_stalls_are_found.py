"""A transcoder that hangs is found, one that has nothing to do is left alone."""

from itertools import count

from salon_relay.effects.stall import Progress, StallWatch


def seconds_until_stalled(
    *, packets_in: int = 0, packets_out: int = 0, reports: int = 0, frames_in: int = 0, at_most: int = 60
) -> int | None:
    """With so much progress in every second, after ten good ones."""
    watch = StallWatch()
    for second in range(10):
        assert not watch.observe(Progress(100 * second, 90 * second, second, 30 * second))
    for second in count(1):
        now = Progress(
            900 + packets_in * second, 810 + packets_out * second, 9 + reports * second, 270 + frames_in * second
        )
        if watch.observe(now):
            return second
        if second == at_most:
            break
    return None


def test_process_that_hangs() -> None:
    assert seconds_until_stalled(packets_in=100) == 2


def test_codec_that_hangs() -> None:
    assert seconds_until_stalled(packets_in=100, reports=1, frames_in=30) == 5


def test_publisher_that_pauses() -> None:
    assert seconds_until_stalled() is None
    assert seconds_until_stalled(reports=1) is None


def test_publisher_that_sends_packets_without_pictures() -> None:
    assert seconds_until_stalled(packets_in=20, reports=1) is None


def test_transcoder_that_works() -> None:
    assert seconds_until_stalled(packets_in=100, packets_out=1, reports=1, frames_in=30) is None
    assert seconds_until_stalled(packets_in=100, packets_out=90) is None


def test_one_late_report_is_no_stall() -> None:
    watch = StallWatch()
    watch.observe(Progress(0, 0, 0, 0))
    watch.observe(Progress(100, 90, 1, 30))
    assert not watch.observe(Progress(200, 90, 1, 30))
    assert not watch.observe(Progress(300, 90, 2, 30))
    assert not watch.observe(Progress(400, 90, 2, 30))


def test_what_was_before_a_reset_does_not_count() -> None:
    watch = StallWatch()
    for second in range(3):
        watch.observe(Progress(100 * second, 90, 0, 0))
    watch.reset()
    assert not watch.observe(Progress(400, 90, 0, 0))
    assert not watch.observe(Progress(500, 90, 0, 0))
