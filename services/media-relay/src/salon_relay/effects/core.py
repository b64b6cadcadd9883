"""The controller of one stream's effects: what was asked for and what happens go in, what is to be done comes out.

Viewers get the publisher's own packets unless the packet path has said that it substituted the transcoder's; nothing
here can stop the picture. Who asked for effects is answered as soon as it is known what viewers get, and within
`PATIENCE_NS` in any case; the controller goes on trying whatever the answer was.

While no worker beautifies, the transcoder still needs frames to try one with, and they cost decoding. So it gets them
for `TRY_FIRST_NS` after an interruption, and then for `TRY_AGAIN_NS` after every `PAUSE_NS`.

A transcoder that was told to fade is never used again: when effects are asked for meanwhile, another one is taken after
it has left.

More than 400 lines, because a machine with thirteen phases is checked more easily in one place.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, assert_never

from salon_contracts.errors import InvariantBroken
from salon_packets import RestoreReason

from salon_relay.effects.messages import (
    Answer,
    Attach,
    Beautified,
    Detach,
    Effect,
    Faded,
    Heard,
    Hold,
    Input,
    Outcome,
    PauseTap,
    Problem,
    ReportInterrupted,
    ReportStarted,
    ReportStopped,
    Restore,
    Restored,
    SendBeauty,
    SendFade,
    SendRetry,
    StreamEnded,
    Substitute,
    Substituted,
    TakeTranscoder,
    TranscoderLost,
    TranscodersFull,
    TranscoderTaken,
    Unbeautified,
    Untake,
    VideoEnded,
    VideoFlows,
    VideoPublished,
    WakeAt,
    Wish,
    Wished,
    Woken,
)
from salon_relay.effects.phase import ALLOWED, ATTACHED, TURNED_OFF, Phase
from salon_relay.effects.timing import (
    FADE_NS,
    HEALTHY_NS,
    HOLD_MS,
    LEAVE_NS,
    PATIENCE_NS,
    PAUSE_NS,
    RESPAWN_NS,
    RESTORE_NS,
    SILENCE_NS,
    SWITCH_AGAIN_NS,
    SWITCH_NS,
    SWITCHES_MAX,
    TRY_AGAIN_NS,
    TRY_FIRST_NS,
    back_off_ns,
)

NOTHING_WISHED: Final = Wish(version=-1, beauty=None)


@dataclass(frozen=True, slots=True)
class Video:
    source: int
    flows: bool
    is_seen: bool
    """Somebody may have got a picture of it: it is not held any more."""


@dataclass(slots=True)
class EffectsCore:
    """`apply` every input; carry out what it gives, in order."""

    phase: Phase = Phase.OFF
    wish: Wish = NOTHING_WISHED
    _video: Video | None = None
    _worker_id: str | None = None
    """Who beautifies what leaves the transcoder; None while that is the original."""
    _told: Literal["started"] | Problem | None = None
    """The last report."""
    _answer_by_ns: int | None = None
    """When whoever asked is told that it cannot be had for now, ..."""
    _report_by_ns: int | None = None
    """... and when everybody is, if frames have come only since then."""
    _phase_ends_ns: int | None = None
    _silent_at_ns: int | None = None
    _healthy_since_ns: int | None = None
    _losses: int = 0
    _late_switches: int = 0
    _wake_at_ns: int | None = None
    _now_ns: int = 0
    _out: list[Effect] = field(default_factory=list)

    @property
    def is_on(self) -> bool:
        """Viewers get the beautified picture."""
        return self.phase in (Phase.ON, Phase.FADING)

    def apply(self, happened: Input, now_ns: int) -> Sequence[Effect]:
        """Inputs that have been overtaken by others are ignored."""
        self._out, self._now_ns = [], now_ns
        match happened:
            case Wished(wish):
                self._wished(wish)
            case VideoPublished(source, flows, is_watched):
                self._video_published(Video(source, flows, is_seen=flows and is_watched))
            case VideoFlows():
                self._video_flows()
            case VideoEnded():
                self._video_ended()
            case StreamEnded():
                self._stream_ended()
            case TranscoderTaken():
                self._taken()
            case TranscodersFull():
                if self.phase is Phase.TAKING:
                    self._give_up_waiting(Problem.FULL)
            case TranscoderLost():
                self._lost()
            case Beautified(worker_id):
                self._beautified(worker_id)
            case Unbeautified(problem):
                self._unbeautified(problem)
            case Faded():
                if self.phase is Phase.FADING:
                    self._leave()
            case Heard():
                if self.phase in ATTACHED:
                    self._silent_at_ns = now_ns + SILENCE_NS
            case Substituted():
                if self.phase in (Phase.SWITCHING, Phase.SWITCHING_LATER):
                    self._on()
            case Restored(reason):
                self._restored(reason)
            case Woken():
                if self._wake_at_ns is not None and self._wake_at_ns > now_ns:
                    self._wake_at_ns = None  # it rang a little early: set it again
                self._woken()
            case _:
                assert_never(happened)
        self._set_alarm()
        return self._out

    # ---- what the publisher does ----

    def _wished(self, wish: Wish) -> None:
        """Ends in an answer, or in a phase from which one comes."""
        is_new = wish.version > self.wish.version
        if is_new:
            self.wish = wish
        if self.wish.beauty is None:
            self._unwanted()
            return
        if is_new and self.phase in ATTACHED and self.phase not in TURNED_OFF:
            self._out.append(SendBeauty(self.wish))
        match self.phase:
            case Phase.OFF:
                self._begin()
            case Phase.ON:
                self._out.append(Answer("on"))
            case Phase.NO_VIDEO:
                self._out.append(Answer(Problem.NO_VIDEO))
            case Phase.SWITCHING | Phase.FADING | Phase.LEAVING:
                self._be_patient()
            case _ if isinstance(self._told, Problem):
                self._out.append(Answer(self._told))
            case _:
                self._be_patient()

    def _unwanted(self) -> None:
        match self.phase:
            case Phase.ON:
                self._out.append(SendFade())
                self._become(Phase.FADING, FADE_NS)
            case Phase.SWITCHING:
                self._leave()
            case Phase.RESTORING:
                self._become(Phase.LEAVING, LEAVE_NS)
            case Phase.FADING | Phase.LEAVING | Phase.ENDED:
                pass
            case _:
                self._off()

    def _video_published(self, video: Video) -> None:
        self._video = video
        if self.phase in TURNED_OFF:
            self._off()
        elif self.phase is Phase.NO_VIDEO or self.phase in ATTACHED:
            self._take()
        elif self.phase is Phase.TAKING:
            self._wait_for_frames()

    def _video_flows(self) -> None:
        if self._video is None or self._video.flows:
            return
        self._video = Video(self._video.source, flows=True, is_seen=True)
        if self.phase in (Phase.TAKING, Phase.STARTING) and not isinstance(self._told, Problem):
            # The time until it is a problem begins with the first packet, and so does that of the hold.
            self._out.append(Hold(self._video.source, HOLD_MS))
            self._report_by_ns = self._now_ns + PATIENCE_NS

    def _video_ended(self) -> None:
        self._video = None
        if self.phase in TURNED_OFF:
            self._off()
        elif self.phase not in (Phase.OFF, Phase.NO_VIDEO, Phase.ENDED):
            self._become(Phase.NO_VIDEO)
            self._answer(Problem.NO_VIDEO)

    def _stream_ended(self) -> None:
        if self.phase is Phase.ENDED:
            return
        self._become(Phase.ENDED)
        self._report_stopped()
        self._answer_by_ns = None

    # ---- turning on ----

    def _begin(self) -> None:
        if self._video is None:
            self._become(Phase.NO_VIDEO)
            self._answer(Problem.NO_VIDEO)
        else:
            self._take()

    def _take(self) -> None:
        self._become(Phase.TAKING)
        self._wait_for_frames()
        self._out.append(TakeTranscoder())

    def _wait_for_frames(self) -> None:
        video = self._video
        if video is not None and not video.is_seen and not isinstance(self._told, Problem):
            self._out.append(Hold(video.source, HOLD_MS))
            self._video = Video(video.source, video.flows, is_seen=video.flows)
        self._be_patient()

    def _taken(self) -> None:
        if self.phase is not Phase.TAKING or self._video is None:
            return
        self._become(Phase.STARTING)
        self._silent_at_ns = self._now_ns + SILENCE_NS
        self._out.append(Attach(self._video.source, self.wish))

    def _beautified(self, worker_id: str) -> None:
        if self.phase not in ATTACHED:
            return
        self._worker_id = worker_id
        if self.phase in (Phase.STARTING, Phase.TRYING, Phase.PAUSED):
            self._switch()

    def _switch(self) -> None:
        if self.phase is Phase.PAUSED:
            self._out.append(PauseTap(paused=False))
        self._become(Phase.SWITCHING, SWITCH_NS)
        self._out.append(Substitute(self._source()))

    def _on(self) -> None:
        self._become(Phase.ON)
        self._late_switches = 0
        if self._healthy_since_ns is None:
            self._healthy_since_ns = self._now_ns
        if self._told != "started":
            self._told = "started"
            self._out.append(ReportStarted(self._worker_id or "", self.wish.version))
        self._answer("on")

    # ---- turning off ----

    def _leave(self) -> None:
        self._out.append(Restore(self._source()))
        self._become(Phase.LEAVING, LEAVE_NS)

    def _off(self) -> None:
        """Everything is put back; begins anew when effects have been asked for again meanwhile."""
        if self.phase in (Phase.TAKING, Phase.STARTING, Phase.SWITCHING_LATER):
            self._end_hold()
        if self.phase is not Phase.OFF:
            self._become(Phase.OFF)
        self._report_stopped()
        if self.wish.beauty is None:
            self._answer("off")
        else:
            self._begin()

    # ---- what goes wrong ----

    def _give_up_waiting(self, problem: Problem) -> None:
        """Viewers get the original from now on, if they were kept from it."""
        self._end_hold()
        self._tell(problem)

    def _unbeautified(self, problem: Problem) -> None:
        self._worker_id = None
        match self.phase:
            case Phase.STARTING:
                self._give_up_waiting(problem)
                self._become(Phase.TRYING, TRY_FIRST_NS)
            case Phase.SWITCHING | Phase.ON:
                self._out.append(Restore(self._source()))
                self._tell(problem)
                self._become(Phase.RESTORING, RESTORE_NS)
            case Phase.SWITCHING_LATER:
                self._tell(problem)
                self._become(Phase.TRYING, TRY_FIRST_NS)
            case Phase.RESTORING | Phase.TRYING | Phase.PAUSED:
                self._tell(problem)
            case _:
                pass

    def _lost(self) -> None:
        if self.phase in TURNED_OFF:
            self._off()
        elif self.phase is Phase.TAKING or self.phase in ATTACHED:
            if self._healthy_since_ns is not None and self._now_ns - self._healthy_since_ns >= HEALTHY_NS:
                self._losses = 0
            if self.phase in (Phase.TAKING, Phase.STARTING):
                self._end_hold()
            self._become(Phase.BACKING_OFF, back_off_ns(RESPAWN_NS, self._losses))
            self._losses += 1
            self._tell(Problem.TRANSCODER)

    def _restored(self, reason: RestoreReason) -> None:
        match self.phase:
            case Phase.RESTORING:
                self._try_on()
            case Phase.LEAVING:
                self._off()
            case Phase.FADING if reason in ("lost", "restarted", "stalled"):
                self._off()
            case Phase.SWITCHING if reason in ("late", "restarted"):
                self._switch_later()
            case Phase.ON if reason != "lost":
                self._be_patient()
                self._switch_later()
            case Phase.TAKING | Phase.STARTING if reason == "late":
                self._hold_is_over()
            case _:
                pass  # "lost" comes with the loss of the transcoder; the others have been overtaken

    def _try_on(self) -> None:
        if self._worker_id is None:
            self._become(Phase.TRYING, TRY_FIRST_NS)
        else:
            self._switch()

    def _switch_later(self) -> None:
        """A transcoder to which viewers cannot be moved again and again hangs."""
        if self._late_switches == SWITCHES_MAX:
            self._lost()
            return
        self._become(Phase.SWITCHING_LATER, back_off_ns(SWITCH_AGAIN_NS, self._late_switches))
        self._late_switches += 1
        if isinstance(self._told, Problem):
            self._answer(self._told)

    def _hold_is_over(self) -> None:
        """Only while nothing of the video has come: nobody has seen anything of it."""
        if self._video is not None and not self._video.flows and not isinstance(self._told, Problem):
            self._out.append(Hold(self._video.source, HOLD_MS))

    # ---- time ----

    def _woken(self) -> None:
        if _is_over(self._answer_by_ns, self._now_ns) or _is_over(self._report_by_ns, self._now_ns):
            self._out_of_patience()
        if self.phase in ATTACHED and _is_over(self._silent_at_ns, self._now_ns):
            self._lost()
        elif _is_over(self._phase_ends_ns, self._now_ns):
            self._phase_over()

    def _out_of_patience(self) -> None:
        has_just_begun = self._report_by_ns is not None and self._report_by_ns > self._now_ns
        if has_just_begun or (self._video is not None and not self._video.flows):
            self._answer(Problem.NO_VIDEO)
        elif isinstance(self._told, Problem):
            self._answer(self._told)
        elif self.phase is Phase.TAKING:
            self._give_up_waiting(Problem.TRANSCODER)
        elif self.phase is Phase.STARTING:
            self._give_up_waiting(Problem.TOO_SLOW)
        else:
            self._tell(Problem.TOO_SLOW)

    def _phase_over(self) -> None:
        match self.phase:
            case Phase.SWITCHING:
                self._out.append(Restore(self._source()))  # whatever has become of it: from the start
                self._switch_later()
            case Phase.SWITCHING_LATER:
                self._switch()
            case Phase.RESTORING:
                self._try_on()
            case Phase.TRYING:
                self._out.append(PauseTap(paused=True))
                self._become(Phase.PAUSED, PAUSE_NS)
            case Phase.PAUSED:
                self._out += [PauseTap(paused=False), SendRetry()]
                self._become(Phase.TRYING, TRY_AGAIN_NS)
            case Phase.BACKING_OFF:
                self._begin()
            case Phase.FADING:
                self._leave()
            case Phase.LEAVING:
                self._off()
            case _:
                raise InvariantBroken(f"effects have no time limit while {self.phase.value}")

    def _be_patient(self) -> None:
        if self._answer_by_ns is None:
            self._answer_by_ns = self._now_ns + PATIENCE_NS

    def _set_alarm(self) -> None:
        """The next thing to wake up for, if it is another than before."""
        alarms = (self._answer_by_ns, self._report_by_ns, self._phase_ends_ns, self._silent_at_ns)
        at_ns = min((at_ns for at_ns in alarms if at_ns is not None), default=None)
        if at_ns != self._wake_at_ns:
            self._wake_at_ns = at_ns
            self._out.append(WakeAt(at_ns))

    # ---- parts ----

    def _become(self, phase: Phase, for_ns: int | None = None) -> None:
        """Also ends what the phase that is left needs and the new one does not."""
        if phase not in ALLOWED[self.phase]:
            raise InvariantBroken(f"effects went from {self.phase.value} to {phase.value}")
        if self.phase is Phase.TAKING and phase is not Phase.STARTING:
            self._out.append(Untake())
        if self.phase in ATTACHED and phase not in ATTACHED:
            self._out.append(Detach())
            self._silent_at_ns = self._worker_id = self._healthy_since_ns = None
            self._late_switches = 0
        if phase in (Phase.OFF, Phase.NO_VIDEO, Phase.ON, Phase.ENDED):
            self._report_by_ns = None
        self.phase = phase
        self._phase_ends_ns = None if for_ns is None else self._now_ns + for_ns

    def _tell(self, problem: Problem) -> None:
        self._report_by_ns = None
        if self._told is not problem:
            self._told = problem
            self._out.append(ReportInterrupted(problem, self.wish.version))
        self._answer(problem)

    def _report_stopped(self) -> None:
        if self._told is not None:
            self._told = None
            self._out.append(ReportStopped(self.wish.version))

    def _answer(self, outcome: Outcome) -> None:
        self._answer_by_ns = None
        self._out.append(Answer(outcome))

    def _end_hold(self) -> None:
        if self._video is not None:
            self._out.append(Restore(self._video.source))

    def _source(self) -> int:
        if self._video is None:
            raise InvariantBroken(f"effects without a video while {self.phase.value}")
        return self._video.source


def _is_over(at_ns: int | None, now_ns: int) -> bool:
    return at_ns is not None and at_ns <= now_ns
