"""The controller of one stream's effects: what was asked for and what happens go in, what is to be done comes out.

Viewers get the publisher's own packets unless the packet path has said that it switched to the transcoder's; nothing
here can stop the picture. Who asked for effects is answered as soon as it is known what viewers get, and within
`PATIENCE_NS` in any case; the controller goes on trying whatever the answer was.

While no worker beautifies, the transcoder still needs frames to try one with, and they cost decoding. So it gets them
for `TRY_FIRST_NS` after an interruption, and then for `TRY_AGAIN_NS` after every `PAUSE_NS`.

A transcoder that was told to fade is never used again: when effects are asked for meanwhile, another one is taken after
it has left.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, assert_never

from salon_contracts.errors import InvariantBroken
from salon_packets import SwitchBackReason

from salon_relay.effects.core import inputs, outputs, timing
from salon_relay.effects.core.alarm import Alarm, is_over
from salon_relay.effects.core.phase import ALLOWED, ATTACHED, TURNED_OFF, Phase
from salon_relay.effects.core.reports import Reports
from salon_relay.effects.core.request import EffectsRequest, Outcome, Problem
from salon_relay.effects.core.retries import Retries
from salon_relay.effects.core.video import Video

NOTHING_REQUESTED: Final = EffectsRequest(version=-1, beauty=None)


@dataclass(slots=True)
class EffectsController:
    """`apply` every input; carry out what it gives, in order."""

    phase: Phase = Phase.OFF
    request: EffectsRequest = NOTHING_REQUESTED
    _video: Video | None = None
    _worker_id: str | None = None
    """Who beautifies what leaves the transcoder; None while that is the original."""
    _reports: Reports = field(default_factory=Reports)
    _retries: Retries = field(default_factory=Retries)
    _phase_ends_ns: int | None = None
    _silent_at_ns: int | None = None
    _alarm: Alarm = field(default_factory=Alarm)
    _now_ns: int = 0
    _out: list[outputs.Output] = field(default_factory=list)

    @property
    def is_on(self) -> bool:
        """Viewers get the beautified picture."""
        return self.phase in (Phase.ON, Phase.FADING)

    def apply(self, input_: inputs.Input, now_ns: int) -> Sequence[outputs.Output]:
        """Inputs that have been overtaken by others are ignored."""
        self._out, self._now_ns = [], now_ns
        match input_:
            case inputs.Requested(request):
                self._requested(request)
            case inputs.VideoPublished(source, flows, is_watched):
                self._video_published(Video(source, flows, is_seen=flows and is_watched))
            case inputs.VideoFlows():
                self._video_flows()
            case inputs.VideoEnded():
                self._video_ended()
            case inputs.StreamEnded():
                self._stream_ended()
            case inputs.TranscoderTaken():
                self._transcoder_taken()
            case inputs.TranscodersFull():
                if self.phase is Phase.TAKING:
                    self._give_up_waiting(Problem.FULL)
            case inputs.TranscoderLost():
                self._transcoder_lost()
            case inputs.Beautified(worker_id):
                self._beautified(worker_id)
            case inputs.Unbeautified(problem):
                self._unbeautified(problem)
            case inputs.Faded():
                if self.phase is Phase.FADING:
                    self._leave()
            case inputs.SignOfLife():
                if self.phase in ATTACHED:
                    self._silent_at_ns = now_ns + timing.SILENCE_NS
            case inputs.SwitchedTo():
                if self.phase in (Phase.SWITCHING, Phase.SWITCHING_LATER):
                    self._on()
            case inputs.SwitchedBack(reason):
                self._switched_back(reason)
            case inputs.Woken():
                self._alarm.rang(now_ns)
                self._woken()
            case _:
                assert_never(input_)
        deadlines_ns = (self._reports.answer_by_ns, self._reports.report_by_ns, self._phase_ends_ns, self._silent_at_ns)
        self._out += self._alarm.set(*deadlines_ns)
        return self._out

    # ---- what the publisher does ----

    def _requested(self, request: EffectsRequest) -> None:
        """Ends in an answer, or in a phase from which one comes."""
        is_new = request.version > self.request.version
        if is_new:
            self.request = request
        if self.request.beauty is None:
            self._withdrawn()
            return
        if is_new and self.phase in ATTACHED and self.phase not in TURNED_OFF:
            self._out.append(outputs.SendBeauty(self.request))
        match self.phase:
            case Phase.OFF:
                self._begin()
            case Phase.ON:
                self._out.append(outputs.Answer("on"))
            case Phase.NO_VIDEO:
                self._out.append(outputs.Answer(Problem.NO_VIDEO))
            case Phase.SWITCHING | Phase.FADING | Phase.LEAVING:
                self._be_patient()
            case _ if self._reports.problem is not None:
                self._out.append(outputs.Answer(self._reports.problem))
            case _:
                self._be_patient()

    def _withdrawn(self) -> None:
        match self.phase:
            case Phase.ON:
                self._out.append(outputs.SendFade())
                self._become(Phase.FADING, timing.FADE_NS)
            case Phase.SWITCHING:
                self._leave()
            case Phase.RESTORING:
                self._become(Phase.LEAVING, timing.LEAVE_NS)
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
        self._video = self._video.begun()
        if self.phase in (Phase.TAKING, Phase.STARTING) and self._reports.problem is None:
            # The time until it is a problem begins with the first packet, and so does that of the hold.
            self._out.append(self._video.hold())
            self._reports.expect_report(self._now_ns)

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
        self._reports.answer_by_ns = None

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
        self._out.append(outputs.TakeTranscoder())

    def _wait_for_frames(self) -> None:
        video = self._video
        if video is not None and not video.is_seen and self._reports.problem is None:
            self._out.append(video.hold())
            self._video = video.held()
        self._be_patient()

    def _transcoder_taken(self) -> None:
        if self.phase is not Phase.TAKING or self._video is None:
            return
        self._become(Phase.STARTING)
        self._silent_at_ns = self._now_ns + timing.SILENCE_NS
        self._out.append(outputs.Attach(self._video.source, self.request))

    def _beautified(self, worker_id: str) -> None:
        if self.phase not in ATTACHED:
            return
        self._worker_id = worker_id
        if self.phase in (Phase.STARTING, Phase.TRYING, Phase.PAUSED):
            self._switch()

    def _switch(self) -> None:
        if self.phase is Phase.PAUSED:
            self._out.append(outputs.PauseConsumer(paused=False))
        self._become(Phase.SWITCHING, timing.SWITCH_NS)
        self._out.append(outputs.SwitchTo(self._source()))

    def _on(self) -> None:
        self._become(Phase.ON)
        self._retries.beautified(self._now_ns)
        self._out += self._reports.started(self._worker_id or "", self.request.version)

    # ---- turning off ----

    def _leave(self) -> None:
        self._out.append(outputs.SwitchBack(self._source()))
        self._become(Phase.LEAVING, timing.LEAVE_NS)

    def _off(self) -> None:
        """Everything is put back; begins anew when effects have been asked for again meanwhile."""
        if self.phase in (Phase.TAKING, Phase.STARTING, Phase.SWITCHING_LATER):
            self._end_hold()
        if self.phase is not Phase.OFF:
            self._become(Phase.OFF)
        self._report_stopped()
        if self.request.beauty is None:
            self._answer("off")
        else:
            self._begin()

    # ---- what goes wrong ----

    def _give_up_waiting(self, problem: Problem) -> None:
        """Viewers get the original from now on, if they were kept from it."""
        self._end_hold()
        self._report(problem)

    def _unbeautified(self, problem: Problem) -> None:
        self._worker_id = None
        match self.phase:
            case Phase.STARTING:
                self._give_up_waiting(problem)
                self._become(Phase.TRYING, timing.TRY_FIRST_NS)
            case Phase.SWITCHING | Phase.ON:
                self._out.append(outputs.SwitchBack(self._source()))
                self._report(problem)
                self._become(Phase.RESTORING, timing.RESTORE_NS)
            case Phase.SWITCHING_LATER:
                self._report(problem)
                self._become(Phase.TRYING, timing.TRY_FIRST_NS)
            case Phase.RESTORING | Phase.TRYING | Phase.PAUSED:
                self._report(problem)
            case _:
                pass

    def _transcoder_lost(self) -> None:
        if self.phase in TURNED_OFF:
            self._off()
        elif self.phase is Phase.TAKING or self.phase in ATTACHED:
            wait_ns = self._retries.after_loss_ns(self._now_ns)
            if self.phase in (Phase.TAKING, Phase.STARTING):
                self._end_hold()
            self._become(Phase.BACKING_OFF, wait_ns)
            self._report(Problem.TRANSCODER)

    def _switched_back(self, reason: SwitchBackReason) -> None:
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
            self._become(Phase.TRYING, timing.TRY_FIRST_NS)
        else:
            self._switch()

    def _switch_later(self) -> None:
        """A transcoder to which viewers cannot be moved again and again hangs."""
        wait_ns = self._retries.after_late_switch_ns()
        if wait_ns is None:
            self._transcoder_lost()
            return
        self._become(Phase.SWITCHING_LATER, wait_ns)
        if self._reports.problem is not None:
            self._answer(self._reports.problem)

    def _hold_is_over(self) -> None:
        """Only while nothing of the video has come: nobody has seen anything of it."""
        if self._video is not None and not self._video.flows and self._reports.problem is None:
            self._out.append(self._video.hold())

    # ---- time ----

    def _woken(self) -> None:
        if self._reports.is_due(self._now_ns):
            self._out_of_patience()
        if self.phase in ATTACHED and is_over(self._silent_at_ns, self._now_ns):
            self._transcoder_lost()
        elif is_over(self._phase_ends_ns, self._now_ns):
            self._phase_over()

    def _out_of_patience(self) -> None:
        report_by_ns = self._reports.report_by_ns
        has_just_begun = report_by_ns is not None and report_by_ns > self._now_ns
        if has_just_begun or (self._video is not None and not self._video.flows):
            self._answer(Problem.NO_VIDEO)
        elif self._reports.problem is not None:
            self._answer(self._reports.problem)
        elif self.phase is Phase.TAKING:
            self._give_up_waiting(Problem.TRANSCODER)
        elif self.phase is Phase.STARTING:
            self._give_up_waiting(Problem.TOO_SLOW)
        else:
            self._report(Problem.TOO_SLOW)

    def _phase_over(self) -> None:
        match self.phase:
            case Phase.SWITCHING:
                self._out.append(outputs.SwitchBack(self._source()))  # whatever has become of it: from the start
                self._switch_later()
            case Phase.SWITCHING_LATER:
                self._switch()
            case Phase.RESTORING:
                self._try_on()
            case Phase.TRYING:
                self._out.append(outputs.PauseConsumer(paused=True))
                self._become(Phase.PAUSED, timing.PAUSE_NS)
            case Phase.PAUSED:
                self._out += [outputs.PauseConsumer(paused=False), outputs.SendRetry()]
                self._become(Phase.TRYING, timing.TRY_AGAIN_NS)
            case Phase.BACKING_OFF:
                self._begin()
            case Phase.FADING:
                self._leave()
            case Phase.LEAVING:
                self._off()
            case _:
                raise InvariantBroken(f"effects have no time limit while {self.phase.value}")

    def _be_patient(self) -> None:
        self._reports.expect_answer(self._now_ns)

    # ---- parts ----

    def _become(self, phase: Phase, for_ns: int | None = None) -> None:
        """Also ends what the phase that is left needs and the new one does not."""
        if phase not in ALLOWED[self.phase]:
            raise InvariantBroken(f"effects went from {self.phase.value} to {phase.value}")
        if self.phase is Phase.TAKING and phase is not Phase.STARTING:
            self._out.append(outputs.CancelTake())
        if self.phase in ATTACHED and phase not in ATTACHED:
            self._out.append(outputs.Detach())
            self._silent_at_ns = self._worker_id = None
            self._retries.detached()
        if phase in (Phase.OFF, Phase.NO_VIDEO, Phase.ON, Phase.ENDED):
            self._reports.report_by_ns = None
        self.phase = phase
        self._phase_ends_ns = None if for_ns is None else self._now_ns + for_ns

    def _report(self, problem: Problem) -> None:
        self._out += self._reports.interrupted(problem, self.request.version)

    def _report_stopped(self) -> None:
        self._out += self._reports.stopped(self.request.version)

    def _answer(self, outcome: Outcome) -> None:
        self._out.append(self._reports.answered(outcome))

    def _end_hold(self) -> None:
        if self._video is not None:
            self._out.append(outputs.SwitchBack(self._video.source))

    def _source(self) -> int:
        if self._video is None:
            raise InvariantBroken(f"effects without a video while {self.phase.value}")
        return self._video.source
