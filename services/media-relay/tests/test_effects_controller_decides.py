"""What the controller of one stream's effects does about what happens, with a clock that the test sets."""

import random
from typing import Literal

import pytest
from salon.effects.v1.effects_pb2 import Beauty
from salon_relay.effects.core.controller import EffectsController
from salon_relay.effects.core.inputs import (
    Beautified,
    Faded,
    Input,
    Requested,
    SignOfLife,
    StreamEnded,
    SwitchedBack,
    SwitchedTo,
    TranscoderLost,
    TranscodersFull,
    TranscoderTaken,
    Unbeautified,
    VideoEnded,
    VideoFlows,
    VideoPublished,
    Woken,
)
from salon_relay.effects.core.outputs import (
    Answer,
    Attach,
    CancelTake,
    Detach,
    Hold,
    Output,
    PauseConsumer,
    ReportInterrupted,
    ReportStarted,
    ReportStopped,
    SendBeauty,
    SendFade,
    SendRetry,
    SwitchBack,
    SwitchTo,
    TakeTranscoder,
    WakeAt,
)
from salon_relay.effects.core.phase import ALLOWED, ATTACHED, TURNED_OFF, Phase
from salon_relay.effects.core.request import EffectsRequest, Outcome, Problem
from salon_relay.effects.core.timing import FADE_NS, HEALTHY_NS, HOLD_MS, PATIENCE_NS, SECOND_NS, SILENCE_NS

SOURCE = 11
BEAUTY = Beauty(smooth=50)
MORE = Beauty(smooth=80)


def on(version: int = 1, beauty: Beauty = BEAUTY) -> Requested:
    return Requested(EffectsRequest(version, beauty))


def off(version: int = 2) -> Requested:
    return Requested(EffectsRequest(version, None))


class Stream:
    """A controller, what it has done, and the time."""

    def __init__(self, *, flows: bool = True) -> None:
        self.core = EffectsController()
        self.now_ns = 1_000 * SECOND_NS
        self.wake_at_ns: int | None = None
        self.answers: list[Outcome] = []
        self.reports: list[str] = []
        self.do(VideoPublished(SOURCE, flows=flows))

    def do(self, *inputs: Input) -> list[Output]:
        """What it does at once, apart from answers, reports and its alarm."""
        done: list[Output] = []
        for each in inputs:
            for output in self.core.apply(each, self.now_ns):
                match output:
                    case WakeAt(at_ns):
                        self.wake_at_ns = at_ns
                    case Answer(outcome):
                        self.answers.append(outcome)
                    case ReportStarted(worker_id):
                        self.reports.append(f"started by {worker_id}")
                    case ReportInterrupted(problem):
                        self.reports.append(problem.value)
                    case ReportStopped():
                        self.reports.append("stopped")
                    case _:
                        done.append(output)
        return done

    def wait(self, duration_ns: int, *, alive: bool = True) -> list[Output]:
        """What it does until then. `alive`: the transcoder counts as it should."""
        done: list[Output] = []
        until_ns = self.now_ns + duration_ns
        while self.wake_at_ns is not None and self.wake_at_ns <= until_ns:
            self.now_ns = max(self.now_ns, self.wake_at_ns)
            if alive and self.phase in ATTACHED:
                done += self.do(SignOfLife())
            done += self.do(Woken())
        self.now_ns = until_ns
        if alive and self.phase in ATTACHED:
            done += self.do(SignOfLife())
        return done

    @property
    def phase(self) -> Phase:
        return self.core.phase


UNTIL_OFF = [phase for phase in Phase if phase in ATTACHED and phase not in TURNED_OFF]
"""Where a transcoder is attached that is to stay."""


def at(phase: Phase) -> Stream:
    """A stream whose effects stand there, by the shortest way."""
    stream = Stream()
    if phase is Phase.NO_VIDEO:
        stream.do(VideoEnded(), on())
    elif phase is not Phase.OFF:
        stream.do(on())
        ways: dict[Phase, list[Input]] = {
            Phase.TAKING: [],
            Phase.STARTING: [TranscoderTaken()],
            Phase.SWITCHING: [TranscoderTaken(), Beautified("w")],
            Phase.SWITCHING_LATER: [TranscoderTaken(), Beautified("w"), SwitchedBack("late")],
            Phase.ON: [TranscoderTaken(), Beautified("w"), SwitchedTo()],
            Phase.RESTORING: [TranscoderTaken(), Beautified("w"), SwitchedTo(), Unbeautified(Problem.TOO_SLOW)],
            Phase.TRYING: [TranscoderTaken(), Unbeautified(Problem.NO_WORKER)],
            Phase.PAUSED: [TranscoderTaken(), Unbeautified(Problem.NO_WORKER)],
            Phase.BACKING_OFF: [TranscoderTaken(), TranscoderLost()],
            Phase.FADING: [TranscoderTaken(), Beautified("w"), SwitchedTo(), off()],
            Phase.LEAVING: [TranscoderTaken(), Beautified("w"), off()],
            Phase.ENDED: [StreamEnded()],
        }
        stream.do(*ways[phase])
        if phase is Phase.PAUSED:
            stream.wait(10 * SECOND_NS)
    assert stream.phase is phase
    return stream


# ---- on and off ----


def test_on_and_off_again() -> None:
    stream = Stream()
    assert stream.do(on()) == [TakeTranscoder()]
    assert stream.do(TranscoderTaken()) == [Attach(SOURCE, EffectsRequest(1, BEAUTY))]
    assert stream.do(Beautified("worker-1")) == [SwitchTo(SOURCE)]
    assert (stream.answers, stream.reports) == ([], [])
    assert stream.do(SwitchedTo()) == []
    assert (stream.answers, stream.reports) == (["on"], ["started by worker-1"])

    assert stream.do(off()) == [SendFade()]
    assert stream.do(Faded()) == [SwitchBack(SOURCE)]
    assert stream.answers == ["on"]
    assert stream.do(SwitchedBack("ordered")) == [Detach()]
    assert (stream.answers, stream.reports) == (["on", "off"], ["started by worker-1", "stopped"])
    assert stream.phase is Phase.OFF
    assert stream.wake_at_ns is None


def test_off_waits_for_a_fade_half_a_second() -> None:
    stream = at(Phase.FADING)
    assert stream.wait(FADE_NS - 1) == []
    assert stream.wait(1) == [SwitchBack(SOURCE)]


def test_off_waits_for_a_key_frame_a_second() -> None:
    stream = at(Phase.FADING)
    stream.do(Faded())
    assert stream.wait(SECOND_NS) == [Detach()]
    assert stream.answers == ["on", "off"]


@pytest.mark.parametrize(
    ("phase", "expected"),
    [
        (Phase.OFF, []),
        (Phase.NO_VIDEO, []),
        (Phase.TAKING, [SwitchBack(SOURCE), CancelTake()]),
        (Phase.STARTING, [SwitchBack(SOURCE), Detach()]),
        (Phase.SWITCHING, [SwitchBack(SOURCE)]),
        (Phase.SWITCHING_LATER, [SwitchBack(SOURCE), Detach()]),
        (Phase.RESTORING, []),
        (Phase.TRYING, [Detach()]),
        (Phase.PAUSED, [Detach()]),
        (Phase.BACKING_OFF, []),
    ],
)
def test_off_from_everywhere(phase: Phase, expected: list[Output]) -> None:
    stream = at(phase)
    stream.answers.clear()
    assert stream.do(off()) == expected
    if stream.phase is Phase.LEAVING:
        assert stream.do(SwitchedBack("ordered")) == [Detach()]
    assert (stream.phase, stream.answers) == (Phase.OFF, ["off"])
    assert stream.wake_at_ns is None


def test_on_again_while_fading_takes_another_transcoder() -> None:
    stream = at(Phase.FADING)
    assert stream.do(on(3)) == []
    assert stream.do(Faded()) == [SwitchBack(SOURCE)]
    assert stream.do(SwitchedBack("ordered")) == [Detach(), TakeTranscoder()]
    stream.do(TranscoderTaken(), Beautified("w"), SwitchedTo())
    assert stream.answers == ["on", "on"]
    assert stream.reports == ["started by w", "stopped", "started by w"]


# ---- asking ----


def test_slider_that_moves_is_answered_at_once() -> None:
    stream = at(Phase.ON)
    assert stream.do(on(2, MORE)) == [SendBeauty(EffectsRequest(2, MORE))]
    assert stream.answers == ["on", "on"]
    assert stream.reports == ["started by w"]


def test_slider_that_moves_while_it_starts_is_answered_with_the_start() -> None:
    stream = at(Phase.STARTING)
    assert stream.do(on(2, MORE)) == [SendBeauty(EffectsRequest(2, MORE))]
    assert stream.answers == []
    stream.do(Beautified("w"), SwitchedTo())
    assert stream.answers == ["on"]


def test_transcoder_is_started_with_the_last_request() -> None:
    stream = at(Phase.TAKING)
    assert stream.do(on(2, MORE)) == []
    assert stream.do(TranscoderTaken()) == [Attach(SOURCE, EffectsRequest(2, MORE))]


@pytest.mark.parametrize("version", [0, 5])
def test_request_that_is_known_or_too_old_changes_nothing_and_is_answered(version: int) -> None:
    stream = Stream()
    stream.do(on(5), TranscoderTaken(), Beautified("w"), SwitchedTo())
    assert stream.do(Requested(EffectsRequest(version, None))) == []
    assert stream.answers == ["on", "on"]
    stream.do(off(6), Faded(), SwitchedBack("ordered"))
    assert stream.do(on(version)) == []
    assert stream.answers == ["on", "on", "off", "off"]


def test_answer_comes_within_two_seconds_while_it_goes_on_trying() -> None:
    for phase, problem in (
        (Phase.TAKING, Problem.TRANSCODER),
        (Phase.STARTING, Problem.TOO_SLOW),
        (Phase.SWITCHING, Problem.TOO_SLOW),
        (Phase.SWITCHING_LATER, Problem.TOO_SLOW),
    ):
        stream = at(phase)
        stream.wait(PATIENCE_NS - 1)
        assert stream.answers == []
        stream.wait(1)
        assert stream.answers == [problem]
        assert stream.reports == [problem.value]
    assert PATIENCE_NS < 2 * SECOND_NS


def test_start_that_took_too_long_is_reported_when_it_comes() -> None:
    stream = at(Phase.STARTING)
    stream.wait(3 * SECOND_NS)
    stream.do(Beautified("w"), SwitchedTo())
    assert stream.reports == ["too-slow", "started by w"]


def test_asking_again_while_it_cannot_be_had_is_answered_at_once() -> None:
    for phase in (Phase.TRYING, Phase.PAUSED, Phase.BACKING_OFF, Phase.RESTORING):
        stream = at(phase)
        answers = len(stream.answers)
        stream.do(on(2, MORE))
        assert len(stream.answers) == answers + 1
        assert isinstance(stream.answers[-1], Problem)
        assert stream.reports[1:] in ([], ["too-slow"])


# ---- before there are frames ----


def test_stream_without_video_is_beautified_once_it_has_one() -> None:
    stream = at(Phase.NO_VIDEO)
    assert stream.answers == [Problem.NO_VIDEO]
    assert stream.do(VideoPublished(12, flows=False)) == [Hold(12, HOLD_MS), TakeTranscoder()]
    assert stream.reports == []


def test_viewers_are_kept_from_the_original_until_two_seconds_after_it_began() -> None:
    stream = Stream(flows=False)
    assert stream.do(on()) == [Hold(SOURCE, HOLD_MS), TakeTranscoder()]
    assert stream.do(TranscoderTaken()) == [Attach(SOURCE, EffectsRequest(1, BEAUTY))]
    stream.wait(2 * SECOND_NS)
    assert stream.answers == [Problem.NO_VIDEO]
    assert stream.do(SwitchedBack("late")) == [Hold(SOURCE, HOLD_MS)]
    assert stream.do(VideoFlows()) == [Hold(SOURCE, HOLD_MS)]
    assert stream.reports == []
    stream.do(Beautified("w"), SwitchedTo())
    assert stream.reports == ["started by w"]


def test_hold_ends_when_effects_cannot_be_had() -> None:
    stream = Stream(flows=False)
    stream.do(on(), TranscoderTaken(), VideoFlows())
    assert stream.do(Unbeautified(Problem.NO_WORKER)) == [SwitchBack(SOURCE)]
    assert (stream.answers, stream.reports) == ([Problem.NO_WORKER], ["no-worker"])
    assert stream.do(SwitchedBack("ordered")) == []

    stream = Stream(flows=False)
    stream.do(on(), TranscoderTaken(), VideoFlows())
    assert stream.wait(PATIENCE_NS) == [SwitchBack(SOURCE)]

    stream = Stream(flows=False)
    stream.do(on())
    assert stream.do(TranscodersFull()) == [SwitchBack(SOURCE)]

    stream = Stream(flows=False)
    stream.do(on(), TranscoderTaken())
    assert stream.do(TranscoderLost()) == [SwitchBack(SOURCE), Detach()]


def test_stream_that_flows_is_held_once_if_nobody_has_watched_it_yet() -> None:
    stream = Stream()
    stream.do(VideoPublished(12, flows=True, is_watched=False))
    assert stream.do(on()) == [Hold(12, HOLD_MS), TakeTranscoder()]
    assert stream.do(TranscoderTaken()) == [Attach(12, EffectsRequest(1, BEAUTY))]
    assert stream.do(SwitchedBack("late")) == []
    stream.do(Beautified("w"), SwitchedTo(), off(), Faded(), SwitchedBack("ordered"))
    assert stream.phase is Phase.OFF
    assert stream.do(on(3)) == [TakeTranscoder()]


def test_hold_of_what_flows_already_ends_when_effects_cannot_be_had() -> None:
    stream = Stream()
    stream.do(VideoPublished(12, flows=True, is_watched=False), on(), TranscoderTaken())
    assert stream.wait(PATIENCE_NS) == [SwitchBack(12)]
    assert stream.answers == [Problem.TOO_SLOW]


def test_stream_that_flows_is_not_held() -> None:
    stream = at(Phase.STARTING)
    assert stream.do(VideoFlows()) == []
    assert stream.do(SwitchedBack("late")) == []


# ---- interruptions ----


def test_too_slow_and_back() -> None:
    stream = at(Phase.ON)
    assert stream.do(Unbeautified(Problem.TOO_SLOW)) == [SwitchBack(SOURCE)]
    assert stream.reports[1:] == ["too-slow"]
    assert stream.do(SwitchedBack("ordered")) == []
    assert stream.phase is Phase.TRYING
    assert stream.do(Beautified("w2")) == [SwitchTo(SOURCE)]
    stream.do(SwitchedTo())
    assert stream.reports[1:] == ["too-slow", "started by w2"]
    assert stream.answers == ["on", Problem.TOO_SLOW, "on"]


def test_worker_that_is_back_before_the_publishers_packets_are() -> None:
    stream = at(Phase.RESTORING)
    assert stream.do(Beautified("w2")) == []
    assert stream.do(SwitchedBack("ordered")) == [SwitchTo(SOURCE)]


def test_restoring_ends_though_no_key_frame_comes() -> None:
    stream = at(Phase.RESTORING)
    stream.wait(5 * SECOND_NS)
    assert stream.phase is Phase.TRYING


def test_same_problem_is_reported_once() -> None:
    stream = at(Phase.TRYING)
    stream.do(Unbeautified(Problem.NO_WORKER), Unbeautified(Problem.NO_WORKER), Unbeautified(Problem.FULL))
    assert stream.reports == ["no-worker", "full"]


def test_transcoder_gets_frames_for_trials_only() -> None:
    stream = at(Phase.TRYING)
    assert stream.wait(10 * SECOND_NS) == [PauseConsumer(paused=True)]
    assert stream.wait(10 * SECOND_NS) == [PauseConsumer(paused=False), SendRetry()]
    assert stream.wait(3 * SECOND_NS) == [PauseConsumer(paused=True)]
    assert stream.do(Beautified("w")) == [PauseConsumer(paused=False), SwitchTo(SOURCE)]


def test_switch_that_comes_too_late_is_tried_again_later_and_later() -> None:
    stream = at(Phase.SWITCHING)
    for wait_ms in (250, 500, 1000, 2000):
        stream.do(SwitchedBack("late"))
        assert stream.wait(wait_ms * 1_000_000 - 1) == []
        assert stream.wait(1) == [SwitchTo(SOURCE)]
    stream.do(SwitchedTo())
    assert stream.phase is Phase.ON
    stream.do(SwitchedBack("restarted"))
    assert stream.wait(250_000_000) == [SwitchTo(SOURCE)]


def test_transcoder_to_which_viewers_cannot_be_moved_is_replaced() -> None:
    """It counts as it should, and no picture comes out of it."""
    stream = at(Phase.ON)
    assert stream.do(SwitchedBack("stalled")) == []
    for wait_ms in (250, 500, 1000):
        assert stream.wait(wait_ms * 1_000_000) == [SwitchTo(SOURCE)]
        assert stream.do(SwitchedBack("late")) == []
    assert stream.wait(2 * SECOND_NS) == [SwitchTo(SOURCE)]
    assert stream.do(SwitchedBack("late")) == [Detach()]
    assert stream.reports == ["started by w", "too-slow", "transcoder"]


def test_switch_of_which_nothing_is_heard_is_tried_again() -> None:
    stream = at(Phase.SWITCHING)
    assert stream.wait(SECOND_NS) == [SwitchBack(SOURCE)]
    assert stream.do(SwitchedBack("ordered")) == []
    assert stream.wait(250_000_000) == [SwitchTo(SOURCE)]


def test_publisher_that_begins_anew_is_switched_again_without_a_word() -> None:
    stream = at(Phase.ON)
    stream.do(SwitchedBack("restarted"))
    stream.wait(250_000_000)
    stream.do(SwitchedTo())
    assert stream.reports == ["started by w"]
    stream.do(SwitchedBack("restarted"))
    stream.wait(PATIENCE_NS)
    assert stream.reports == ["started by w", "too-slow"]


def test_switch_that_succeeds_after_all_counts() -> None:
    stream = at(Phase.SWITCHING_LATER)
    stream.do(SwitchedTo())
    assert stream.phase is Phase.ON


@pytest.mark.parametrize("reason", ["ordered", "late"])
def test_what_is_on_is_switched_again_whatever_sent_viewers_back(reason: Literal["ordered", "late"]) -> None:
    stream = at(Phase.ON)
    assert stream.do(SwitchedBack("lost")) == [], "its transcoder is lost as well, which is said next"
    assert stream.do(SwitchedBack(reason)) == []
    assert stream.wait(250_000_000) == [SwitchTo(SOURCE)]


# ---- transcoders that are lost ----


def test_transcoder_that_is_lost_is_replaced_later_and_later() -> None:
    stream = at(Phase.ON)
    for number, wait_ms in enumerate((500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000)):
        assert stream.do(TranscoderLost()) == [Detach()]
        assert stream.reports[-1] == "transcoder"
        assert stream.wait(wait_ms * 1_000_000 - 1) == []
        assert stream.wait(1) == [TakeTranscoder()]
        stream.do(TranscoderTaken(), Beautified(f"w{number}"), SwitchedTo())
        assert stream.reports[-1] == f"started by w{number}"


def test_alarm_that_rings_early_is_set_again() -> None:
    """Timers of event loops count in milliseconds."""
    stream = at(Phase.BACKING_OFF)
    due_ns, stream.wake_at_ns = stream.wake_at_ns, None
    assert due_ns is not None
    stream.now_ns = due_ns - 1
    assert stream.do(Woken()) == []
    assert stream.wake_at_ns == due_ns
    assert stream.wait(1) == [TakeTranscoder()]


def test_transcoder_that_was_well_for_a_minute_is_replaced_soon() -> None:
    stream = at(Phase.ON)
    for _ in range(5):
        stream.do(TranscoderLost())
        stream.wait(30 * SECOND_NS)
        stream.do(TranscoderTaken(), Beautified("w"), SwitchedTo())
    stream.wait(HEALTHY_NS)
    stream.do(TranscoderLost())
    assert stream.wait(500_000_000) == [TakeTranscoder()]


@pytest.mark.parametrize("phase", UNTIL_OFF)
def test_transcoder_is_lost_everywhere(phase: Phase) -> None:
    stream = at(phase)
    assert Detach() in stream.do(TranscoderLost())
    assert stream.phase is Phase.BACKING_OFF
    assert stream.answers[-1] is Problem.TRANSCODER
    assert stream.reports[-1] == "transcoder"


@pytest.mark.parametrize("phase", [Phase.FADING, Phase.LEAVING])
def test_transcoder_that_is_lost_on_the_way_out_is_off(phase: Phase) -> None:
    stream = at(phase)
    assert stream.do(TranscoderLost()) == [Detach()]
    assert (stream.phase, stream.answers[-1]) == (Phase.OFF, "off")


def test_transcoder_that_cannot_be_started_is_tried_again() -> None:
    stream = at(Phase.TAKING)
    assert stream.do(TranscoderLost()) == [SwitchBack(SOURCE), CancelTake()]
    assert stream.answers == [Problem.TRANSCODER]
    assert stream.wait(500_000_000) == [TakeTranscoder()]


def test_slow_start_of_another_transcoder_is_no_other_problem() -> None:
    stream = at(Phase.BACKING_OFF)
    stream.wait(SECOND_NS)
    stream.do(TranscoderTaken())
    stream.wait(30 * SECOND_NS)
    assert stream.reports == ["transcoder"]


def test_transcoder_that_falls_silent_is_lost() -> None:
    stream = at(Phase.ON)
    for _ in range(10):
        stream.wait(SECOND_NS)
    assert stream.wait(SILENCE_NS - 1, alive=False) == []
    assert stream.wait(1, alive=False) == [Detach()]
    assert stream.reports[-1] == "transcoder"


def test_stream_waits_for_its_turn_when_all_transcoders_are_used() -> None:
    stream = at(Phase.TAKING)
    stream.do(TranscodersFull())
    assert (stream.answers, stream.reports) == ([Problem.FULL], ["full"])
    stream.wait(60 * SECOND_NS)
    stream.do(on(2))
    assert stream.answers == [Problem.FULL, Problem.FULL]
    assert stream.do(TranscoderTaken()) == [Attach(SOURCE, EffectsRequest(2, BEAUTY))]
    stream.do(Beautified("w"), SwitchedTo())
    assert stream.reports == ["full", "started by w"]


# ---- streams that change ----


@pytest.mark.parametrize("phase", UNTIL_OFF)
def test_video_that_is_published_anew_gets_another_transcoder(phase: Phase) -> None:
    stream = at(phase)
    assert stream.do(VideoPublished(12, flows=True)) == [Detach(), TakeTranscoder()]
    assert stream.do(TranscoderTaken()) == [Attach(12, stream.core.request)]
    assert stream.do(Beautified("w")) == [SwitchTo(12)]
    stream.do(SwitchedTo())
    assert stream.answers[-1] == "on"


def test_video_that_is_published_anew_is_held_until_it_is_beautified() -> None:
    stream = at(Phase.ON)
    assert stream.do(VideoPublished(12, flows=False)) == [Detach(), Hold(12, HOLD_MS), TakeTranscoder()]
    stream.do(TranscoderTaken(), VideoFlows(), Beautified("w"), SwitchedTo())
    assert stream.reports == ["started by w"]


@pytest.mark.parametrize("phase", [Phase.FADING, Phase.LEAVING])
def test_video_that_is_published_anew_while_effects_end_has_none(phase: Phase) -> None:
    stream = at(phase)
    assert stream.do(VideoPublished(12, flows=True)) == [Detach()]
    assert (stream.phase, stream.answers[-1]) == (Phase.OFF, "off")


@pytest.mark.parametrize("phase", [Phase.OFF, Phase.BACKING_OFF])
def test_video_that_is_published_anew_is_what_the_next_transcoder_gets(phase: Phase) -> None:
    stream = at(phase)
    assert stream.do(VideoPublished(12, flows=True)) == []
    stream.do(on(7))
    stream.wait(SECOND_NS)
    assert stream.do(TranscoderTaken()) == [Attach(12, EffectsRequest(7, BEAUTY))]


def test_stream_that_loses_its_video_waits_for_another() -> None:
    stream = at(Phase.ON)
    assert stream.do(VideoEnded()) == [Detach()]
    assert stream.phase is Phase.NO_VIDEO
    assert stream.do(VideoPublished(12, flows=True)) == [TakeTranscoder()]


@pytest.mark.parametrize("phase", list(Phase))
def test_end_of_the_stream_puts_everything_back(phase: Phase) -> None:
    stream = at(phase)
    has_reported = bool(stream.reports)
    done = stream.do(StreamEnded())
    assert (Detach() in done) == (phase in ATTACHED)
    assert (CancelTake() in done) == (phase is Phase.TAKING)
    assert (stream.phase, stream.wake_at_ns) == (Phase.ENDED, None)
    assert (stream.reports[-1:] == ["stopped"]) == has_reported
    assert stream.do(on(9), Woken(), TranscoderLost(), VideoPublished(13, flows=True), off(10)) == []


# ---- all of it ----


def test_every_phase_is_in_the_table() -> None:
    assert set(ALLOWED) == set(Phase)
    assert ALLOWED[Phase.ENDED] == frozenset()
    assert all(Phase.ENDED in allowed for phase, allowed in ALLOWED.items() if phase is not Phase.ENDED)


@pytest.mark.parametrize("seed", range(200))
def test_whatever_happens_in_whatever_order_it_stays_whole(seed: int) -> None:
    """A transcoder is attached just in the phases that say so, asked for once at a time, and nobody waits for ever."""
    chance = random.Random(seed)
    stream = Stream(flows=chance.random() < 0.5)
    attached, asked, waiting_since_ns, version = False, False, None, 0
    for _ in range(300):
        version += chance.random() < 0.5
        inputs: list[Input] = [
            Requested(EffectsRequest(version, chance.choice([BEAUTY, MORE, None]))),
            VideoPublished(chance.randrange(100), flows=chance.random() < 0.5),
            VideoFlows(),
            VideoEnded(),
            TranscodersFull(),
            TranscoderLost(),
            Beautified("w"),
            Unbeautified(chance.choice(list(Problem))),
            Faded(),
            SignOfLife(),
            SwitchedTo(),
            SwitchedBack(chance.choice(["ordered", "lost", "restarted", "late", "stalled"])),
            Woken(),
        ]
        if asked:
            inputs += [TranscoderTaken()] * 4
        chosen = chance.choice(inputs)
        answers = len(stream.answers)
        done = stream.do(chosen)
        if isinstance(chosen, Requested) and waiting_since_ns is None:
            waiting_since_ns = stream.now_ns
        asked = asked and not isinstance(chosen, TranscoderTaken | TranscoderLost)
        before_wait = stream.now_ns
        if chance.random() < 0.3:
            done += stream.wait(chance.choice([1_000_000, 100_000_000, SECOND_NS]))
        for output in done:
            match output:
                case TakeTranscoder():
                    assert not asked
                    asked = True
                case CancelTake():
                    asked = False
                case Attach():
                    assert not attached
                    attached = True
                case Detach():
                    assert attached
                    attached = False
                case _:
                    pass
        assert attached == (stream.phase in ATTACHED)
        assert asked == (stream.phase is Phase.TAKING)
        if len(stream.answers) > answers:
            waiting_since_ns = None
        if waiting_since_ns is not None:
            assert before_wait - waiting_since_ns < 2 * SECOND_NS
