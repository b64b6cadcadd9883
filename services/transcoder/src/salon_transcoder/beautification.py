"""Frames to a worker and back: performs what the controller decides.

One task offers frames, one at a time: `offer`, then send what there is to send, then `release`. Orders and timers come
in between, on the same event loop.
"""

import asyncio
import time
from collections.abc import Callable

from salon.effects.v1.effects_pb2 import Beauty
from salon.relay.v1.relay_pb2 import (
    EffectsProblem,
    FromTranscoder,
    TranscoderBeautified,
    TranscoderFaded,
    TranscoderOriginal,
)
from salon_contracts.beauty import is_nothing
from salon_contracts.errors import EffectsFull, SalonError
from salon_contracts.ids import WorkerId
from salon_frames import I420, FrameLate, FrameRefused, WorkerGone
from salon_kit.log import get_logger

from salon_transcoder.core.controller import Controller, State
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
    ReportBeautified,
    ReportFaded,
    ReportOriginal,
    Retry,
    Tick,
    WakeAt,
    WorkerLost,
)
from salon_transcoder.core.ramp import Ramp
from salon_transcoder.counters import Counters
from salon_transcoder.ports import WorkerClient

OPEN_TIMEOUT_S = 1.5
CLOSE_TIMEOUT_S = 1.0

log = get_logger()


class Beautification:
    """Made and used on the event loop; `group` holds what it does besides."""

    def __init__(
        self,
        ramp: Ramp,
        new_client: Callable[[], WorkerClient],
        report: Callable[[FromTranscoder], None],
        counters: Counters,
        group: asyncio.TaskGroup,
    ) -> None:
        self._controller = Controller()
        self._ramp = ramp
        self._new_client = new_client
        self._report = report
        self._counters = counters
        self._group = group
        self._loop = asyncio.get_running_loop()
        self._wake: asyncio.TimerHandle | None = None
        self._opening: asyncio.Task[None] | None = None
        self._attempts: set[asyncio.Task[None]] = set()
        self._client: WorkerClient | None = None
        self._leaving: list[WorkerClient] = []
        self._in_flight = False
        self._returned: tuple[WorkerClient, bool] | None = None
        self._size = (0, 0)
        self._closed = False

    @property
    def state(self) -> State:
        return self._controller.state

    # ---- orders ----

    def aim(self, beauty: Beauty, version: int) -> None:
        if self._ramp.aim(beauty, version):
            self._apply(BeautyRequested())

    def fade(self) -> None:
        self._ramp.fade()
        self._apply(FadeRequested())

    def retry(self) -> None:
        self._apply(Retry())

    # ---- frames ----

    async def offer(self, picture: I420) -> I420 | None:
        """The beautified picture, valid until `release`; None if the original is to go out. Never raises for a worker.

        Takes as long as the client waits for an answer at most.
        """
        self._size = (picture.width, picture.height)
        if self._controller.state is State.IDLE:
            self._apply(PictureCame())
        client = self._client
        if client is None or not self._controller.uses_worker:
            return None
        beauty = self._ramp.next()
        at_nothing = is_nothing(beauty)
        started_ns = time.monotonic_ns()
        self._in_flight = True
        try:
            beautified = await client.beautify(picture, beauty)
        except (FrameLate, FrameRefused) as error:
            self._counters.deadlines_missed += isinstance(error, FrameLate)
            self._take(client, FrameMissed(at_nothing))
            return None
        except (WorkerGone, SalonError, OSError) as error:
            log.warning("effects-worker-lost", err_code=type(error).__name__)
            self._take(client, WorkerLost())
            return None
        finally:
            self._counters.effect_us += (time.monotonic_ns() - started_ns) // 1000
        self._returned = (client, at_nothing)
        return beautified

    def release(self) -> None:
        """What `offer` gave has left, or will not."""
        self._in_flight = False
        returned, self._returned = self._returned, None
        if returned is not None:
            self._take(returned[0], FrameInTime(returned[1]))
        self._close_leaving()

    async def close(self) -> None:
        """Lets go of the worker; says so to it, if that can be done at once."""
        self._set_wake(None)
        self._closed = True
        for attempt in self._attempts:
            attempt.cancel()
        await asyncio.gather(*self._attempts, return_exceptions=True)
        clients = [*self._leaving, *([] if self._client is None else [self._client])]
        await asyncio.gather(*(_close(client) for client in clients))

    # ---- what the controller decides ----

    def _take(self, client: WorkerClient, input_: Input) -> None:
        """What one worker did counts only while it is the one in use."""
        if client is self._client:
            self._apply(input_)

    def _apply(self, input_: Input) -> None:
        if self._closed:
            return
        before = self._controller.state
        outputs = self._controller.apply(input_, time.monotonic_ns())
        if self._controller.state is not before:
            log.info("transcoder-state", state_from=before.value, state_to=self._controller.state.value)
        for output in outputs:
            self._perform(output)

    def _perform(self, output: Output) -> None:
        match output:
            case OpenWorker():
                self._ramp.restart()
                client = self._new_client()
                self._opening = self._group.create_task(self._open(client), name="open-worker")
                self._attempts.add(self._opening)
                self._opening.add_done_callback(self._attempts.discard)
            case CloseWorker():
                if self._opening is not None:
                    self._opening.cancel()
                    self._opening = None
                if self._client is not None:
                    self._leaving.append(self._client)
                    self._client = None
                if not self._in_flight:
                    self._close_leaving()
            case WakeAt(at_ns):
                self._set_wake(at_ns)
            case ReportBeautified(worker_id):
                log.info("stream-beautified", worker_id=worker_id, version=self._ramp.version)
                self._report(
                    FromTranscoder(beautified=TranscoderBeautified(worker_id=worker_id, version=self._ramp.version))
                )
            case ReportOriginal(problem):
                log.warning("stream-original", problem=EffectsProblem.Name(problem))
                self._report(FromTranscoder(original=TranscoderOriginal(problem=problem)))
            case ReportFaded():
                self._report(FromTranscoder(faded=TranscoderFaded()))

    def _set_wake(self, at_ns: int | None) -> None:
        if self._wake is not None:
            self._wake.cancel()
            self._wake = None
        if at_ns is not None:
            delay_s = max(0, at_ns - time.monotonic_ns()) / 1e9
            self._wake = self._loop.call_later(delay_s, self._apply, Tick())

    async def _open(self, client: WorkerClient) -> None:
        worker_id: WorkerId | None = None
        problem = EffectsProblem.EFFECTS_PROBLEM_NO_WORKER
        try:
            async with asyncio.timeout(OPEN_TIMEOUT_S):
                worker_id = await client.open(*self._size, self._counters.frames_per_s)
        except EffectsFull:
            problem = EffectsProblem.EFFECTS_PROBLEM_FULL
        except (SalonError, TimeoutError) as error:
            log.info("no-effects-worker", err_code=type(error).__name__, detail=str(error))
        except OSError as error:
            log.error("frame-ring-not-made", err_code=type(error).__name__, detail=str(error))
            problem = EffectsProblem.EFFECTS_PROBLEM_TRANSCODER
        finally:
            if worker_id is None:
                self._leaving.append(client)
                self._close_leaving()
        self._opening = None
        if worker_id is None:
            self._apply(OpenFailed(problem))
        else:
            self._client = client
            self._apply(Opened(worker_id))

    def _close_leaving(self) -> None:
        if self._closed:
            return
        leaving, self._leaving = self._leaving, []
        for client in leaving:
            self._group.create_task(_close(client), name="close-worker")


async def _close(client: WorkerClient) -> None:
    try:
        async with asyncio.timeout(CLOSE_TIMEOUT_S):
            await client.close()
    except (SalonError, OSError, TimeoutError) as error:
        log.info("worker-not-told", err_code=type(error).__name__)
