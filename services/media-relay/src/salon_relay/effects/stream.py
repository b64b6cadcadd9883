"""The effects of one stream: carries out what its controller decides."""

import asyncio
import contextvars
import time
from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, Protocol, assert_never

from salon.relay.v1.relay_pb2 import FromTranscoder
from salon_contracts.errors import SalonError, StreamNotFound
from salon_contracts.ids import AppId, RelayId, StreamId, UserId
from salon_kit.log import get_logger
from salon_kit.metrics import SESSIONS_BROKEN
from salon_kit.trace import caused_by, current_cause_id, current_traceparent
from salon_packets import CommandQueueFull

from salon_relay.effects.core import inputs, outputs
from salon_relay.effects.core.controller import EffectsController
from salon_relay.effects.core.phase import Phase
from salon_relay.effects.core.request import PROBLEMS_ON_THE_WIRE, EffectsRequest, Outcome, Problem
from salon_relay.effects.metrics import INTERRUPTIONS
from salon_relay.effects.pool import TranscoderWaiter
from salon_relay.effects.process import Transcoder
from salon_relay.effects.stream_transcoder import StreamTranscoder
from salon_relay.effects.totals import Totals
from salon_relay.packets import Packets
from salon_relay.peers.identity import PeerIdentity
from salon_relay.registry import Track

if TYPE_CHECKING:
    from salon_packets._native import Stats


log = get_logger()

_PROBLEMS: Final = {wire: problem for problem, wire in PROBLEMS_ON_THE_WIRE.items()}


class EffectsRecord(Protocol):
    """Where the facts go."""

    def effects_started(self, identity: PeerIdentity, stream_id: StreamId, version: int, worker_id: str) -> None: ...
    def effects_interrupted(
        self, identity: PeerIdentity, stream_id: StreamId, version: int, problem: Problem
    ) -> None: ...
    def effects_stopped(self, identity: PeerIdentity, stream_id: StreamId, version: int, totals: Totals) -> None: ...


class Transcoders(Protocol):
    """`TranscoderPool`, as far as it is used here."""

    def take(self, waiter: TranscoderWaiter) -> None: ...
    def cancel(self, waiter: TranscoderWaiter) -> None: ...
    def end(self, transcoder: Transcoder) -> None: ...


class StreamEffects:
    """`request` effects of it, give it its inputs, let it `observe` the statistics, `end` it."""

    def __init__(
        self,
        identity: PeerIdentity,
        stream_id: StreamId,
        *,
        relay_id: RelayId,
        packets: Packets,
        ids: Iterator[int],
        transcoders: Transcoders,
        record: EffectsRecord,
    ) -> None:
        """`ids`: new ones of the packet path."""
        self.identity = identity
        self.stream_id = stream_id
        self.track: Track | None = None
        """The video."""
        self.broken = False
        """A bug has ended it."""
        self._packets = packets
        self._transcoders = transcoders
        self._record = record
        self._controller = EffectsController()
        self._inputs: deque[inputs.Input] = deque()
        self._is_busy = False
        self._transcoder = StreamTranscoder(relay_id, packets, ids, transcoders.end)
        self._answers: list[asyncio.Future[Outcome]] = []
        self._cause: tuple[str | None, str | None] = (None, None)
        """Of the newest request, until a fact names it or it is answered that all is as it asked."""
        self._alarm: asyncio.TimerHandle | None = None

    @property
    def phase(self) -> Phase:
        return self._controller.phase

    @property
    def owner(self) -> tuple[AppId, UserId]:
        """Whose transcoder it is."""
        return self.identity.app_id, self.identity.user_id

    @property
    def latency_us(self) -> tuple[int, int]:
        """Of the transcoder; median and 99th percentile of the last second."""
        return self._transcoder.latency_us

    async def request(self, request: EffectsRequest) -> Outcome:
        """What viewers get, once that is known. StreamNotFound when the stream ends before; SalonError for a bug."""
        if self.broken:
            raise SalonError
        answer: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._answers.append(answer)
        self._cause = current_cause_id(), current_traceparent()
        self.on_input(inputs.Requested(request))
        try:
            return await answer
        finally:
            if answer in self._answers:
                self._answers.remove(answer)

    def on_input(self, input_: inputs.Input) -> None:
        """Carries out what follows from it. Inputs that come meanwhile have their turn after it."""
        if self.broken:
            return
        self._inputs.append(input_)
        if self._is_busy:
            return
        self._is_busy = True
        try:
            while self._inputs:
                before = self.phase
                for output in self._controller.apply(self._inputs.popleft(), time.monotonic_ns()):
                    self._perform(output)
                if self.phase is not before:
                    log.info(
                        "effects-state",
                        stream_id=self.stream_id,
                        session_id=self.identity.session_id,
                        state_from=before.value,
                        state_to=self.phase.value,
                    )
        except Exception as error:  # the supervisor of one stream's effects: a bug here ends them alone
            log.exception("effects-broken", stream_id=self.stream_id, err_code=type(error).__name__)
            SESSIONS_BROKEN.labels(what="effects").inc()
            self._discard()
        finally:
            self._is_busy = False

    def end(self) -> None:
        """The stream is gone, or not this publisher's any more."""
        self.on_input(inputs.StreamEnded())
        self._refuse(StreamNotFound(stream_id=self.stream_id))

    def observe(self, stats: "Stats", seconds: float, sinks: list[int]) -> None:
        """Once a second. `sinks`: of the viewers of the stream's video."""
        if self.track is not None:
            self._transcoder.observe(stats, seconds, self.track, sinks, is_watched=self._controller.is_on)

    # ---- outputs of the controller ----

    def _perform(self, output: outputs.Output) -> None:
        match output:
            case outputs.TakeTranscoder():
                self._transcoders.take(self)
            case outputs.CancelTake():
                self._transcoders.cancel(self)
            case outputs.Attach(request=request):
                self._attach(request)
            case outputs.Detach():
                self._transcoder.detach()
            case outputs.SendBeauty(request):
                self._transcoder.set_beauty(request)
            case outputs.SendFade():
                self._transcoder.fade()
            case outputs.SendRetry():
                self._transcoder.retry()
            case outputs.Hold() | outputs.SwitchTo() | outputs.SwitchBack() | outputs.PauseConsumer():
                self._steer(output)
            case outputs.ReportStarted(worker_id, version):
                with caused_by(*self._take_cause()):
                    self._record.effects_started(self.identity, self.stream_id, version, worker_id)
            case outputs.ReportInterrupted(problem, version):
                INTERRUPTIONS.labels(problem=problem.value).inc()
                with caused_by(*self._take_cause()):
                    self._record.effects_interrupted(self.identity, self.stream_id, version, problem)
            case outputs.ReportStopped(version):
                is_ended = self.phase is Phase.ENDED  # by what this task works for, not by a request for effects
                cause = (current_cause_id(), current_traceparent()) if is_ended else self._cause
                with caused_by(*cause):
                    self._record.effects_stopped(self.identity, self.stream_id, version, self._transcoder.totals)
                self._transcoder.reset_totals()
            case outputs.Answer(outcome):
                if outcome in ("on", "off"):
                    self._take_cause()
                answers, self._answers = self._answers, []
                for answer in answers:
                    if not answer.done():
                        answer.set_result(outcome)
            case outputs.WakeAt(at_ns):
                self._wake_at(at_ns)
            case _:
                assert_never(output)

    def _take_cause(self) -> tuple[str | None, str | None]:
        cause, self._cause = self._cause, (None, None)
        return cause

    def _steer(self, output: outputs.Hold | outputs.SwitchTo | outputs.SwitchBack | outputs.PauseConsumer) -> None:
        """What does not fit into the packet path's queue is left out: the controller notices that nothing happens."""
        try:
            match output:
                case outputs.Hold(source, max_ms):
                    self._packets.hold(source, max_ms=max_ms)
                case outputs.SwitchTo(source):
                    self._transcoder.replace(source)
                case outputs.SwitchBack(source):
                    self._packets.switch_back(source)
                case outputs.PauseConsumer(paused):
                    self._transcoder.pause(paused=paused)
                case _:
                    assert_never(output)
        except CommandQueueFull:
            log.warning("packet-path-behind", stream_id=self.stream_id)

    def _attach(self, request: EffectsRequest) -> None:
        is_attached = False
        try:
            if self.track is not None:
                is_attached = self._transcoder.attach(
                    self.identity,
                    self.stream_id,
                    self.track,
                    request,
                    on_lost=lambda: self.on_input(inputs.TranscoderLost()),
                )
        except (CommandQueueFull, OSError) as error:
            log.error("transcoder-not-attached", stream_id=self.stream_id, detail=str(error))
        if not is_attached:
            self.on_input(inputs.TranscoderLost())

    def _wake_at(self, at_ns: int | None) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if at_ns is not None:
            delay_s = max(0, at_ns - time.monotonic_ns()) / 1e9
            # In a context of its own: it outlives the request that it was set in.
            self._alarm = asyncio.get_running_loop().call_later(
                delay_s, self.on_input, inputs.Woken(), context=contextvars.Context()
            )

    def _discard(self) -> None:
        self.broken = True
        self._inputs.clear()
        self._transcoders.cancel(self)
        if self.track is not None:
            self._packets.switch_back(self.track.source)
        self._transcoder.detach()
        self._wake_at(None)
        self._refuse(SalonError())

    def _refuse(self, error: SalonError) -> None:
        answers, self._answers = self._answers, []
        for answer in answers:
            if not answer.done():
                answer.set_exception(error)

    # ---- the transcoder ----

    def transcoder_taken(self, transcoder: Transcoder) -> None:
        self._transcoder.take(transcoder)
        self.on_input(inputs.TranscoderTaken())

    def transcoders_full(self) -> None:
        self.on_input(inputs.TranscodersFull())

    def transcoder_failed(self) -> None:
        self.on_input(inputs.TranscoderLost())

    def transcoder_lost(self) -> None:
        self.on_input(inputs.TranscoderLost())

    def on_transcoder_message(self, message: FromTranscoder) -> None:
        match message.WhichOneof("body"):
            case "beautified":
                self.on_input(inputs.Beautified(message.beautified.worker_id))
            case "original":
                self.on_input(inputs.Unbeautified(_PROBLEMS.get(message.original.problem, Problem.TRANSCODER)))
            case "faded":
                self.on_input(inputs.Faded())
            case "counters":
                self._transcoder.count(message.counters)
                self.on_input(inputs.SignOfLife())
            case _:
                log.error("transcoder-not-understood", stream_id=self.stream_id)
