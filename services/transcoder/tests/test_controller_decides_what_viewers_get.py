"""The controller of a transcoder: when frames go to a worker, and when the relay hears of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from salon.relay.v1.relay_pb2 import EffectsProblem
from salon_contracts.ids import WorkerId
from salon_transcoder.core.controller import (
    BACK_OFF_NS,
    FADE_PATIENCE_NS,
    FIRST_OPEN_PATIENCE_NS,
    REPLACE_PATIENCE_NS,
    STEADY_FRAMES,
    Controller,
    State,
)
from salon_transcoder.core.messages import (
    BeautyRequested,
    CloseWorker,
    FadeRequested,
    FrameInTime,
    FrameMissed,
    Input,
    Opened,
    OpenFailed,
    OpenWorker,
    Output,
    PictureCame,
    Problem,
    ReportBeautified,
    ReportFaded,
    ReportOriginal,
    Retry,
    Tick,
    WakeAt,
    WorkerLost,
)

NO_WORKER = EffectsProblem.EFFECTS_PROBLEM_NO_WORKER
FULL = EffectsProblem.EFFECTS_PROBLEM_FULL
TOO_SLOW = EffectsProblem.EFFECTS_PROBLEM_TOO_SLOW
A, B = WorkerId("worker-a"), WorkerId("worker-b")
MS = 1_000_000


class Driver:
    """A controller with a clock that only moves when told, and its outputs so far."""

    def __init__(self) -> None:
        self.controller = Controller()
        self.now_ns = 0
        self.wake_ns: int | None = None
        self.outputs: list[Output] = []

    def give(self, *inputs: Input) -> list[Output]:
        """The outputs but the wake-ups, which `pass_time` obeys."""
        given: list[Output] = []
        for input_ in inputs:
            for output in self.controller.apply(input_, self.now_ns):
                if isinstance(output, WakeAt):
                    self.wake_ns = output.at_ns
                else:
                    given.append(output)
        self.outputs += given
        return given

    def pass_time(self, span_ns: int) -> list[Output]:
        end_ns, given = self.now_ns + span_ns, list[Output]()
        while self.wake_ns is not None and self.wake_ns <= end_ns:
            self.now_ns, self.wake_ns = self.wake_ns, None
            given += self.give(Tick())
        self.now_ns = end_ns
        return given

    @property
    def reports(self) -> list[Output]:
        return [item for item in self.outputs if isinstance(item, ReportBeautified | ReportOriginal | ReportFaded)]


@pytest.fixture
def driver() -> Driver:
    return Driver()


@pytest.fixture
def beautifying(driver: Driver) -> Driver:
    driver.give(PictureCame(), Opened(A), FrameInTime(), FrameInTime(), FrameInTime())
    driver.now_ns += 10_000 * MS
    driver.outputs.clear()
    return driver


def test_no_worker_is_looked_for_before_a_picture_came(driver: Driver) -> None:
    assert not driver.controller.uses_worker
    assert driver.give(PictureCame()) == [OpenWorker()]
    assert driver.give(PictureCame()) == []


def test_beautified_is_said_after_three_frames_in_time(driver: Driver) -> None:
    driver.give(PictureCame(), Opened(A))
    assert driver.controller.uses_worker
    assert driver.give(FrameInTime(), FrameInTime()) == []
    assert driver.give(FrameInTime()) == [ReportBeautified(A)]
    assert driver.give(FrameInTime()) == []


def test_a_miss_begins_the_count_of_frames_in_time_again(driver: Driver) -> None:
    driver.give(PictureCame(), Opened(A), FrameInTime(), FrameInTime(), FrameMissed())
    assert driver.give(FrameInTime(), FrameInTime()) == []
    assert driver.give(FrameInTime()) == [ReportBeautified(A)]


@pytest.mark.parametrize("problem", [NO_WORKER, FULL])
def test_failing_to_open_is_said_at_once_and_only_once(driver: Driver, problem: Problem) -> None:
    driver.give(PictureCame())
    assert driver.give(OpenFailed(problem)) == [CloseWorker(), ReportOriginal(problem)]
    assert driver.pass_time(BACK_OFF_NS[0]) == [OpenWorker()]
    assert driver.give(OpenFailed(problem)) == [CloseWorker()]


def test_waits_between_attempts_grow_to_the_longest(driver: Driver) -> None:
    driver.give(PictureCame(), OpenFailed(NO_WORKER))
    for wait_ns in (*BACK_OFF_NS, BACK_OFF_NS[-1]):
        assert driver.pass_time(wait_ns - 1) == []
        assert driver.pass_time(1) == [OpenWorker()]
        driver.give(OpenFailed(NO_WORKER))


def test_an_answer_that_does_not_come_is_said_before_the_relay_must_answer(driver: Driver) -> None:
    driver.give(PictureCame())
    assert driver.pass_time(FIRST_OPEN_PATIENCE_NS) == [ReportOriginal(NO_WORKER)]
    driver.give(Opened(A), FrameInTime(), FrameInTime())
    assert driver.give(FrameInTime()) == [ReportBeautified(A)]


def test_three_misses_in_a_row_are_too_slow(beautifying: Driver) -> None:
    assert beautifying.give(FrameMissed(), FrameMissed()) == []
    assert beautifying.give(FrameMissed()) == [CloseWorker(), ReportOriginal(TOO_SLOW)]
    assert not beautifying.controller.uses_worker


def test_single_misses_now_and_then_are_forgiven(beautifying: Driver) -> None:
    for _ in range(100):
        assert beautifying.give(FrameMissed(), *[FrameInTime()] * 4) == []


def test_missing_every_second_frame_for_long_is_too_slow(beautifying: Driver) -> None:
    for _ in range(10):
        beautifying.give(FrameInTime(), FrameMissed())
    assert beautifying.reports == [ReportOriginal(TOO_SLOW)]


def test_a_worker_that_is_slow_again_and_again_is_asked_less_and_less(driver: Driver) -> None:
    driver.give(PictureCame())
    for wait_ns in BACK_OFF_NS:
        driver.give(Opened(A), *[FrameInTime()] * 3, *[FrameMissed()] * 3)
        assert driver.pass_time(wait_ns - 1) == []
        assert driver.pass_time(1) == [OpenWorker()]


def test_waits_are_short_again_after_a_steady_while(driver: Driver) -> None:
    driver.give(PictureCame(), OpenFailed(NO_WORKER))
    driver.pass_time(BACK_OFF_NS[0])
    driver.give(Opened(A), *[FrameInTime()] * (STEADY_FRAMES + 3), *[FrameMissed()] * 3)
    assert driver.controller.state is State.BACKING_OFF
    assert driver.pass_time(BACK_OFF_NS[0]) == [OpenWorker()]


def test_a_worker_that_goes_is_replaced_without_a_word(beautifying: Driver) -> None:
    assert beautifying.give(WorkerLost()) == [CloseWorker(), OpenWorker()]
    assert not beautifying.controller.uses_worker
    beautifying.now_ns += 100 * MS
    beautifying.give(Opened(B), FrameInTime())
    assert beautifying.controller.state is State.BEAUTIFYING
    assert beautifying.reports == []


def test_a_worker_that_cannot_be_replaced_is_said_at_once(beautifying: Driver) -> None:
    beautifying.give(WorkerLost())
    assert beautifying.give(OpenFailed(NO_WORKER)) == [CloseWorker(), ReportOriginal(NO_WORKER)]


def test_a_replacement_that_takes_long_is_said_and_used_when_it_comes(beautifying: Driver) -> None:
    beautifying.give(WorkerLost())
    assert beautifying.pass_time(REPLACE_PATIENCE_NS) == [ReportOriginal(NO_WORKER)]
    assert beautifying.give(Opened(B), FrameInTime(), FrameInTime()) == []
    assert beautifying.give(FrameInTime()) == [ReportBeautified(B)]


def test_a_replacement_that_goes_too_is_not_replaced_at_once(beautifying: Driver) -> None:
    beautifying.give(WorkerLost(), Opened(B))
    assert beautifying.give(WorkerLost()) == [CloseWorker(), ReportOriginal(NO_WORKER)]


def test_a_worker_that_went_while_no_frames_came_is_replaced_at_once(driver: Driver) -> None:
    driver.give(PictureCame(), OpenFailed(NO_WORKER), Retry(), Opened(A))
    driver.pass_time(20_000 * MS)
    assert driver.give(WorkerLost()) == [CloseWorker(), OpenWorker()]


def test_retry_ends_the_wait(driver: Driver) -> None:
    driver.give(PictureCame(), OpenFailed(NO_WORKER))
    assert driver.give(Retry()) == [OpenWorker()]
    assert driver.give(Retry()) == []


def test_fade_ends_with_the_frame_that_shows_nothing_any_more(beautifying: Driver) -> None:
    assert beautifying.give(FadeRequested(), FrameInTime()) == []
    assert beautifying.controller.uses_worker
    assert beautifying.give(FrameInTime(at_nothing=True)) == [CloseWorker(), ReportFaded()]
    assert beautifying.pass_time(60_000 * MS) == []


@pytest.mark.parametrize("input_", [WorkerLost(), FrameMissed(at_nothing=True)])
def test_fade_is_over_when_originals_go_out_anyway(beautifying: Driver, input_: Input) -> None:
    beautifying.give(FadeRequested())
    assert beautifying.give(input_) == [CloseWorker(), ReportFaded()]


def test_fade_ends_though_no_frames_come(beautifying: Driver) -> None:
    beautifying.give(FadeRequested())
    assert beautifying.pass_time(FADE_PATIENCE_NS) == [CloseWorker(), ReportFaded()]


def test_fade_without_a_worker_is_over_at_once(driver: Driver) -> None:
    driver.give(PictureCame(), OpenFailed(NO_WORKER))
    assert driver.give(FadeRequested()) == [CloseWorker(), ReportFaded()]
    assert driver.pass_time(60_000 * MS) == []


def test_other_strengths_end_a_fade_and_are_confirmed(beautifying: Driver) -> None:
    beautifying.give(FadeRequested(), BeautyRequested())
    assert beautifying.give(FrameInTime()) == [ReportBeautified(A)]
    assert beautifying.pass_time(FADE_PATIENCE_NS) == []


def test_other_strengths_after_a_fade_look_for_a_worker_again(beautifying: Driver) -> None:
    beautifying.give(FadeRequested(), FrameInTime(at_nothing=True))
    assert beautifying.give(BeautyRequested()) == [OpenWorker()]
    beautifying.give(Opened(B), FrameInTime(), FrameInTime())
    assert beautifying.give(FrameInTime()) == [ReportBeautified(B)]


def test_fade_before_any_picture_is_undone_like_any_other(driver: Driver) -> None:
    assert driver.give(FadeRequested()) == [CloseWorker(), ReportFaded()]
    assert driver.give(BeautyRequested()) == []
    assert driver.give(PictureCame()) == [OpenWorker()]


def test_answers_to_an_attempt_that_was_given_up_change_nothing(driver: Driver) -> None:
    driver.give(PictureCame(), FadeRequested())
    assert driver.give(Opened(A), OpenFailed(NO_WORKER), FrameMissed(), WorkerLost()) == []
    assert driver.controller.state is State.FADED


INPUTS = st.one_of(
    st.sampled_from(
        [
            PictureCame(),
            Opened(A),
            OpenFailed(NO_WORKER),
            FrameMissed(),
            WorkerLost(),
            BeautyRequested(),
            FadeRequested(),
        ]
    ),
    st.sampled_from([FrameInTime(), FrameInTime(at_nothing=True), FrameMissed(at_nothing=True), Retry(), Tick()]),
)


@given(st.lists(st.tuples(INPUTS, st.integers(0, 2_000 * MS)), max_size=60))
def test_no_order_of_events_breaks_it_or_tells_the_relay_the_same_twice(events: list[tuple[Input, int]]) -> None:
    driver = Driver()
    for input_, span_ns in events:
        driver.give(input_)
        driver.pass_time(span_ns)
    for before, after in zip(driver.reports, driver.reports[1:], strict=False):
        assert not (isinstance(before, ReportOriginal) and isinstance(after, ReportOriginal))
        assert not (isinstance(before, ReportFaded) and isinstance(after, ReportFaded)) or BeautyRequested() in {
            input_ for input_, _ in events
        }
    opened = closed = 0
    for output in driver.outputs:
        opened += isinstance(output, OpenWorker)
        closed += isinstance(output, CloseWorker)
    assert opened <= closed + 1
