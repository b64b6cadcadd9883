"""The effects of one stream: carries out what its controller decides."""

import asyncio
import contextvars
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol, assert_never

from salon.relay.v1 import relay_pb2
from salon.relay.v1.relay_pb2 import FromTranscoder, ToTranscoder
from salon_contracts.errors import SalonError, StreamNotFound
from salon_contracts.ids import AppId, RelayId, StreamId, UserId
from salon_kit.log import get_logger
from salon_kit.metrics import SESSIONS_BROKEN
from salon_packets import CommandQueueFull

from salon_relay.effects.attachment import Attachment
from salon_relay.effects.bitrate import Bitrate, Viewer
from salon_relay.effects.core import EffectsCore
from salon_relay.effects.inputs import (
    Beautified,
    Faded,
    Input,
    Requested,
    SignOfLife,
    StreamEnded,
    TranscoderLost,
    TranscodersFull,
    TranscoderTaken,
    Unbeautified,
    Woken,
)
from salon_relay.effects.outputs import (
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
from salon_relay.effects.phase import Phase
from salon_relay.effects.pool import TranscoderWaiter
from salon_relay.effects.process import Transcoder
from salon_relay.effects.request import EffectsRequest, Outcome, Problem
from salon_relay.effects.totals import Totals
from salon_relay.metrics import EFFECTS_FRAMES, EFFECTS_INTERRUPTIONS
from salon_relay.packets import Packets
from salon_relay.peers.identity import PeerIdentity
from salon_relay.registry import Track

if TYPE_CHECKING:
    from salon_packets._native import Stats


log = get_logger()

PROBLEMS: Final = {
    relay_pb2.EFFECTS_PROBLEM_NO_WORKER: Problem.NO_WORKER,
    relay_pb2.EFFECTS_PROBLEM_FULL: Problem.FULL,
    relay_pb2.EFFECTS_PROBLEM_TOO_SLOW: Problem.TOO_SLOW,
    relay_pb2.EFFECTS_PROBLEM_TRANSCODER: Problem.TRANSCODER,
    relay_pb2.EFFECTS_PROBLEM_NO_VIDEO: Problem.NO_VIDEO,
}


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
    def untake(self, waiter: TranscoderWaiter) -> None: ...
    def end(self, transcoder: Transcoder) -> None: ...


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the streams of one relay share."""

    relay_id: RelayId
    packets: Packets
    ids: Iterator[int]
    transcoders: Transcoders
    record: EffectsRecord


class StreamEffects:
    """`ask` it for effects, tell it what `happened` to the stream, let it `observe` the statistics, `end` it."""

    def __init__(self, identity: PeerIdentity, stream_id: StreamId, surroundings: Surroundings) -> None:
        self.identity = identity
        self.stream_id = stream_id
        self.track: Track | None = None
        """The video."""
        self.attachment: Attachment | None = None
        self.broken = False
        """A bug has ended it."""
        self._around = surroundings
        self._core = EffectsCore()
        self._inputs: deque[Input] = deque()
        self._is_busy = False
        self._transcoder: Transcoder | None = None
        self._askers: list[asyncio.Future[Outcome]] = []
        self._alarm: asyncio.TimerHandle | None = None
        self._totals = Totals()
        self._bitrate = Bitrate()
        self._bytes_sent: dict[int, int] = {}
        self.latency_us = (0, 0)
        """Median and 99th percentile of the last second."""

    @property
    def phase(self) -> Phase:
        return self._core.phase

    @property
    def owner(self) -> tuple[AppId, UserId]:
        """Whose transcoder it is."""
        return self.identity.app_id, self.identity.user_id

    async def ask(self, wish: EffectsRequest) -> Outcome:
        """What viewers get, once that is known. StreamNotFound when the stream ends before; SalonError for a bug."""
        if self.broken:
            raise SalonError
        answer: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._askers.append(answer)
        self.happened(Requested(wish))
        try:
            return await answer
        finally:
            if answer in self._askers:
                self._askers.remove(answer)

    def happened(self, what: Input) -> None:
        """Carries out what follows from it. Inputs that come meanwhile have their turn after it."""
        if self.broken:
            return
        self._inputs.append(what)
        if self._is_busy:
            return
        self._is_busy = True
        try:
            while self._inputs:
                before = self.phase
                for effect in self._core.apply(self._inputs.popleft(), time.monotonic_ns()):
                    self._perform(effect)
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
        self.happened(StreamEnded())
        self._refuse(StreamNotFound(stream_id=self.stream_id))

    # ---- effects ----

    def _perform(self, effect: Output) -> None:
        match effect:
            case TakeTranscoder():
                self._around.transcoders.take(self)
            case CancelTake():
                self._around.transcoders.untake(self)
            case Attach(wish=wish):
                self._attach(wish)
            case Detach():
                self._detach()
            case SendBeauty(wish):
                self._send(
                    ToTranscoder(beauty=relay_pb2.TranscoderBeauty(beauty=wish.beauty, version=max(0, wish.version)))
                )
            case SendFade():
                self._send(ToTranscoder(fade=relay_pb2.TranscoderFade()))
            case SendRetry():
                self._send(ToTranscoder(retry=relay_pb2.TranscoderRetry()))
            case Hold() | SwitchTo() | SwitchBack() | PauseConsumer():
                self._steer(effect)
            case ReportStarted(worker_id, version):
                self._around.record.effects_started(self.identity, self.stream_id, version, worker_id)
            case ReportInterrupted(problem, version):
                EFFECTS_INTERRUPTIONS.labels(problem=problem.value).inc()
                self._around.record.effects_interrupted(self.identity, self.stream_id, version, problem)
            case ReportStopped(version):
                self._around.record.effects_stopped(self.identity, self.stream_id, version, self._totals)
                self._totals = Totals()
            case Answer(outcome):
                askers, self._askers = self._askers, []
                for asker in askers:
                    if not asker.done():
                        asker.set_result(outcome)
            case WakeAt(at_ns):
                self._wake_at(at_ns)
            case _:
                assert_never(effect)

    def _steer(self, effect: Hold | SwitchTo | SwitchBack | PauseConsumer) -> None:
        """What does not fit into the packet path's queue is left out: the controller notices that nothing happens."""
        packets = self._around.packets
        try:
            match effect:
                case Hold(source, max_ms):
                    packets.hold(source, max_ms=max_ms)
                case SwitchTo(source):
                    if self.attachment is not None:
                        packets.substitute(source, self.attachment.source)
                case SwitchBack(source):
                    packets.restore(source)
                case PauseConsumer(paused):
                    if self.attachment is not None:
                        packets.pause_sink(self.attachment.tap, paused=paused)
                case _:
                    assert_never(effect)
        except CommandQueueFull:
            log.warning("packet-path-behind", stream_id=self.stream_id)

    def _attach(self, wish: EffectsRequest) -> None:
        transcoder, track = self._transcoder, self.track
        if transcoder is None or track is None:
            self.happened(TranscoderLost())
            return
        try:
            self.attachment = Attachment(self._around.packets, self._around.ids, track, transcoder.link_fd)
        except (CommandQueueFull, OSError) as error:
            log.error("transcoder-not-attached", stream_id=self.stream_id, detail=str(error))
            self.happened(TranscoderLost())
            return
        transcoder.release_link()
        transcoder.send(
            ToTranscoder(
                start=relay_pb2.TranscoderStart(
                    relay_id=self._around.relay_id,
                    app_id=self.identity.app_id,
                    room_id=self.identity.room_id,
                    stream_id=self.stream_id,
                    codec=track.name,
                    ring_prefix=transcoder.ring_prefix,
                    beauty=wish.beauty,
                    version=max(0, wish.version),
                    target_bps=self._bitrate.start(self._around.packets.source_bps(track.source)),
                )
            )
        )

    def _detach(self) -> None:
        if self.attachment is not None:
            self.attachment.remove()
            self.attachment = None
        if self._transcoder is not None:
            self._around.transcoders.end(self._transcoder)
            self._transcoder = None
        self._totals.next_transcoder()

    def _send(self, order: ToTranscoder) -> None:
        if self._transcoder is not None:
            self._transcoder.send(order)

    def _wake_at(self, at_ns: int | None) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if at_ns is not None:
            delay_s = max(0, at_ns - time.monotonic_ns()) / 1e9
            # In a context of its own: it outlives the request that it was set in.
            self._alarm = asyncio.get_running_loop().call_later(
                delay_s, self.happened, Woken(), context=contextvars.Context()
            )

    def _discard(self) -> None:
        self.broken = True
        self._inputs.clear()
        self._around.transcoders.untake(self)
        if self.track is not None:
            self._around.packets.restore(self.track.source)
        self._detach()
        self._wake_at(None)
        self._refuse(SalonError())

    def _refuse(self, error: SalonError) -> None:
        askers, self._askers = self._askers, []
        for asker in askers:
            if not asker.done():
                asker.set_exception(error)

    # ---- the transcoder ----

    def transcoder_taken(self, transcoder: Transcoder) -> None:
        self._transcoder = transcoder
        self.happened(TranscoderTaken())

    def transcoders_full(self) -> None:
        self.happened(TranscodersFull())

    def transcoder_failed(self) -> None:
        self.happened(TranscoderLost())

    def transcoder_lost(self) -> None:
        self.happened(TranscoderLost())

    def transcoder_said(self, message: FromTranscoder) -> None:
        match message.WhichOneof("body"):
            case "beautified":
                self.happened(Beautified(message.beautified.worker_id))
            case "original":
                self.happened(Unbeautified(PROBLEMS.get(message.original.problem, Problem.TRANSCODER)))
            case "faded":
                self.happened(Faded())
            case "counters":
                added = self._totals.count(message.counters)
                for result in ("beautified", "original", "dropped"):
                    EFFECTS_FRAMES.labels(result=result).inc(getattr(added, f"frames_{result}"))
                self.latency_us = (added.latency_p50_us, added.latency_p99_us)
                self.happened(SignOfLife())
            case _:
                log.error("transcoder-not-understood", stream_id=self.stream_id)

    # ---- once a second ----

    def observe(self, stats: "Stats", seconds: float, sinks: list[int]) -> None:
        """`sinks`: of the viewers of the stream's video."""
        if self.attachment is None or self.track is None:
            return
        source = stats["sources"].get(self.track.source)
        if source is None:
            return
        viewers = {}
        for sink in sinks if self._core.is_on else ():
            numbers = stats["sinks"].get(sink)
            if numbers is not None:
                sent = numbers["bytes_sent"] - self._bytes_sent.get(sink, numbers["bytes_sent"])
                viewers[sink] = Viewer(numbers["fraction_lost"], numbers["estimate_bps"], 8 * sent / seconds)
        self._bytes_sent = {sink: stats["sinks"][sink]["bytes_sent"] for sink in sinks if sink in stats["sinks"]}
        target_bps = self._bitrate.observe(source["bitrate_bps"], viewers)
        if target_bps is not None:
            self._send(ToTranscoder(bitrate=relay_pb2.TranscoderBitrate(target_bps=target_bps)))
