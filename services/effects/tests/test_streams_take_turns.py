"""The frame scheduler alone: pure, with a clock by hand."""

import random
from collections.abc import Sequence

from salon.effects.v1.effects_pb2 import Beauty
from salon_effects.core.frame_scheduler import (
    SILENCE_NS,
    Answer,
    Closed,
    Delivered,
    Forget,
    Frame,
    FrameScheduler,
    Gone,
    Opened,
    Output,
    Reason,
    Result,
    Start,
    Stopped,
    Submitted,
    Ticked,
    Worked,
)

MS = 1_000_000


def frame(sequence: int, slot: int = 0, at_ms: int = 0, deadline_ms: int = 40) -> Frame:
    return Frame(sequence, slot, 64, 48, False, Beauty(), at_ms * MS, (at_ms + deadline_ms) * MS)


def scheduler_with(threads: int, *tokens: str) -> FrameScheduler:
    scheduler = FrameScheduler(threads)
    for token in tokens:
        scheduler.apply(Opened(token), 0)
    return scheduler


def finish(scheduler: FrameScheduler, token: str, done: Frame, now_ms: int = 0) -> list[Output]:
    """The filters are through, the answer is delivered."""
    outputs: list[Output] = [*scheduler.apply(Worked(token, done, Result.DONE, 5), now_ms * MS)]
    return [*outputs, *scheduler.apply(Delivered(token, done), now_ms * MS)]


def test_a_free_thread_takes_a_frame_at_once() -> None:
    scheduler = scheduler_with(1, "a")
    one = frame(1)
    assert scheduler.apply(Submitted("a", one), 0) == [Start("a", one)]
    assert finish(scheduler, "a", one) == [Answer("a", one, Result.DONE, 5)]


def test_only_the_newest_waits_while_one_is_in_work() -> None:
    scheduler = scheduler_with(2, "a")
    one, two, three = frame(1, 0), frame(2, 1), frame(3, 2)
    scheduler.apply(Submitted("a", one), 0)
    assert scheduler.apply(Submitted("a", two), 0) == []
    assert scheduler.apply(Submitted("a", three), 0) == [Answer("a", two, Result.SUPERSEDED)]
    assert finish(scheduler, "a", one) == [Answer("a", one, Result.DONE, 5), Start("a", three)]


def test_a_frame_that_waits_for_a_thread_is_overtaken_too() -> None:
    scheduler = scheduler_with(1, "a", "b")
    other, one, two = frame(1), frame(1, 0), frame(2, 1)
    scheduler.apply(Submitted("a", other), 0)
    assert scheduler.apply(Submitted("b", one), 0) == []
    assert scheduler.apply(Submitted("b", two), 0) == [Answer("b", one, Result.SUPERSEDED)]
    assert scheduler.apply(Worked("a", other, Result.DONE, 5), 0) == [
        Answer("a", other, Result.DONE, 5),
        Start("b", two),
    ]


def test_the_stream_that_has_waited_longest_is_next() -> None:
    scheduler = scheduler_with(1, "a", "b", "c")
    first = {token: frame(1) for token in "abc"}
    for token, one in first.items():
        scheduler.apply(Submitted(token, one), 0)
    scheduler.apply(Submitted("a", frame(2, 1)), 0)
    started: list[str] = ["a"]
    for _ in range(3):
        token = started[-1]
        outputs = finish(scheduler, token, first[token])
        started += [output.token for output in outputs if isinstance(output, Start)]
    assert started == ["a", "b", "c", "a"]


def test_the_next_frame_of_a_stream_waits_until_the_answer_is_delivered() -> None:
    scheduler = scheduler_with(2, "a")
    one, two = frame(1, 0), frame(2, 1)
    scheduler.apply(Submitted("a", one), 0)
    scheduler.apply(Submitted("a", two), 0)
    assert scheduler.apply(Worked("a", one, Result.DONE, 5), 0) == [Answer("a", one, Result.DONE, 5)]
    assert scheduler.apply(Delivered("a", one), 0) == [Start("a", two)]


def test_a_frame_past_its_deadline_is_not_begun() -> None:
    scheduler = scheduler_with(1, "a", "b")
    busy, late = frame(1), frame(1)
    scheduler.apply(Submitted("a", busy), 0)
    scheduler.apply(Submitted("b", late), 0)
    outputs = scheduler.apply(Worked("a", busy, Result.DONE, 5), 41 * MS)
    assert outputs == [Answer("a", busy, Result.DONE, 5), Answer("b", late, Result.EXPIRED)]


def test_stale_sequences_and_slots_in_use_are_invalid() -> None:
    scheduler = scheduler_with(1, "a")
    scheduler.apply(Submitted("a", frame(5, 0)), 0)
    for bad in (frame(5, 1), frame(4, 1), frame(6, 0)):
        assert scheduler.apply(Submitted("a", bad), 0) == [Answer("a", bad, Result.INVALID)]


def test_a_closed_stream_gets_no_answer_and_its_thread_is_free_again() -> None:
    scheduler = scheduler_with(1, "a", "b")
    one, other = frame(1), frame(1)
    scheduler.apply(Submitted("a", one), 0)
    scheduler.apply(Submitted("b", other), 0)
    assert scheduler.apply(Closed("a"), 0) == [Forget("a")]
    assert scheduler.apply(Closed("a"), 0) == ()
    assert scheduler.apply(Worked("a", one, Result.DONE, 5), 0) == [Start("b", other)]


def test_a_token_opened_again_does_not_get_the_answer_of_its_former_life() -> None:
    scheduler = scheduler_with(2, "a")
    one = frame(1)
    scheduler.apply(Submitted("a", one), 0)
    scheduler.apply(Closed("a"), 0)
    scheduler.apply(Opened("a"), 0)
    assert finish(scheduler, "a", one) == []


def test_an_unknown_stream_is_told_so() -> None:
    assert scheduler_with(1).apply(Submitted("a", frame(1)), 0) == [Gone("a", Reason.UNKNOWN)]


def test_a_stream_silent_for_10_s_is_closed() -> None:
    scheduler = scheduler_with(1, "a", "b")
    later = SILENCE_NS - 1
    scheduler.apply(Submitted("b", frame(1)), later)
    assert scheduler.apply(Ticked(), later) == []
    assert scheduler.apply(Ticked(), SILENCE_NS) == [Gone("a", Reason.UNKNOWN)]
    assert scheduler.streams == 1


def test_stopping_finishes_what_is_in_work_and_begins_nothing() -> None:
    scheduler = scheduler_with(1, "working", "waiting", "idle")
    one, other = frame(1), frame(1)
    scheduler.apply(Submitted("working", one), 0)
    scheduler.apply(Submitted("working", frame(2, 1)), 0)
    scheduler.apply(Submitted("waiting", other), 0)
    gone = scheduler.apply(Stopped(), 0)
    assert gone == [Gone("waiting", Reason.STOPPING), Gone("idle", Reason.STOPPING)]
    assert not scheduler.accepts
    assert not scheduler.is_idle()
    late = frame(3, 2)
    assert scheduler.apply(Submitted("working", late), 0) == [Answer("working", late, Result.SUPERSEDED)]
    assert scheduler.apply(Submitted("idle", frame(9)), 0) == [Gone("idle", Reason.STOPPING)]
    done = finish(scheduler, "working", one)
    assert done == [Answer("working", one, Result.DONE, 5), Gone("working", Reason.STOPPING)]
    assert scheduler.is_idle()


def test_the_age_of_the_oldest_frame_in_work_is_known() -> None:
    scheduler = scheduler_with(2, "a", "b")
    one = frame(1, at_ms=5)
    assert scheduler.longest_work_ns(7 * MS) == 0
    scheduler.apply(Submitted("a", one), 5 * MS)
    scheduler.apply(Submitted("b", frame(1, at_ms=6)), 6 * MS)
    assert scheduler.longest_work_ns(8 * MS) == 3 * MS
    finish(scheduler, "a", one)
    assert scheduler.longest_work_ns(8 * MS) == 2 * MS


def test_never_more_in_work_than_threads_nor_more_than_two_of_a_stream() -> None:
    """Any order of submissions and ends: the invariants hold and every frame has exactly one fate."""
    dice = random.Random(7)
    scheduler = scheduler_with(3, *"abcde")
    in_work: list[Start] = []
    sequences = dict.fromkeys("abcde", 0)
    open_frames: set[tuple[str, int]] = set()

    def perform(outputs: Sequence[Output]) -> None:
        for output in outputs:
            if isinstance(output, Start):
                in_work.append(output)
            elif isinstance(output, Answer):
                open_frames.remove((output.token, output.frame.sequence))

    for now in range(2000):
        if in_work and dice.random() < 0.4:
            done = in_work.pop(dice.randrange(len(in_work)))
            perform(finish(scheduler, done.token, done.frame, now))
        else:
            token = dice.choice("abcde")
            sequences[token] += 1
            sequence = sequences[token]
            open_frames.add((token, sequence))
            perform(scheduler.apply(Submitted(token, frame(sequence, sequence, now, 10)), now * MS))
        assert len(in_work) <= 3
        assert all(sum(owner == token for owner, _ in open_frames) <= 2 for token in "abcde")
    while in_work:
        done = in_work.pop()
        perform(finish(scheduler, done.token, done.frame, 2000))
    assert open_frames == set()
