"""Frames go to a worker and back, or do not: with workers that answer, fail, are slow and go."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from salon.effects.v1.effects_pb2 import FRAME_RESULT_FAILED, Beauty
from salon.relay.v1.relay_pb2 import EffectsProblem, FromTranscoder
from salon_contracts.errors import BusUnavailable, EffectsFull, NobodyServes
from salon_contracts.ids import WorkerId
from salon_frames import I420, FrameLate, FrameRefused, WorkerGone
from salon_transcoder.beautification import Beautification
from salon_transcoder.core.controller import State
from salon_transcoder.core.messages import Problem
from salon_transcoder.core.ramp import RAMP_FRAMES, Ramp
from salon_transcoder.counters import Counters

ORIGINAL = I420.allocate(32, 16)
BEAUTIFIED = I420.allocate(32, 16)
NOBODY = NobodyServes(subject="salon.cmd.v1.effects.open")
LATE = FrameLate(40)


@dataclass
class Workers:
    """What the clients meet, one after the other: an answer to `open`, then answers to frames."""

    to_open: list[Exception | asyncio.Event | None] = field(default_factory=list)
    to_frames: list[Exception | None] = field(default_factory=list)
    opened: int = 0
    closed: int = 0
    seen: list[Beauty] = field(default_factory=list)
    sizes: list[tuple[int, int]] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def client(self) -> "Client":
        return Client(self)


class Client:
    def __init__(self, workers: Workers) -> None:
        self._workers = workers

    async def open(self, width: int, height: int, frames_per_s: int) -> WorkerId:
        workers = self._workers
        workers.sizes.append((width, height))
        answer = workers.to_open.pop(0) if workers.to_open else None
        if isinstance(answer, asyncio.Event):
            await answer.wait()
        elif answer is not None:
            raise answer
        workers.opened += 1
        return WorkerId(f"worker-{workers.opened}")

    async def beautify(self, frame: I420, beauty: Beauty) -> I420:
        workers = self._workers
        workers.seen.append(beauty)
        answer = workers.to_frames.pop(0) if workers.to_frames else None
        if answer is not None:
            raise answer
        return BEAUTIFIED

    async def close(self) -> None:
        self._workers.closed += 1


@dataclass
class Stage:
    workers: Workers
    beautification: Beautification
    counters: Counters
    reports: list[FromTranscoder]
    reported: asyncio.Event

    async def frame(self) -> bool:
        """Whether it left beautified."""
        shown = await self.beautification.offer(ORIGINAL)
        self.beautification.release()
        await asyncio.sleep(0)
        return shown is BEAUTIFIED

    async def frames(self, count: int) -> list[bool]:
        return [await self.frame() for _ in range(count)]

    async def reports_until(self, count: int) -> list[str]:
        async with asyncio.timeout(10):
            while len(self.reports) < count:
                self.reported.clear()
                await self.reported.wait()
        return [str(report.WhichOneof("body")) for report in self.reports]

    async def opens(self) -> None:
        """Frames until one could be given to a worker."""
        async with asyncio.timeout(10):
            while self.beautification.state is not State.TRYING:
                await self.frame()


@asynccontextmanager
async def staged(workers: Workers | None = None, beauty: Beauty | None = None) -> AsyncIterator[Stage]:
    async with asyncio.TaskGroup() as group:
        counters, reports, reported = Counters(), list[FromTranscoder](), asyncio.Event()

        def report(message: FromTranscoder) -> None:
            reports.append(message)
            reported.set()

        workers = workers or Workers()
        beautification = Beautification(Ramp(beauty or Beauty(whiten=80), 7), workers.client, report, counters, group)
        yield Stage(workers, beautification, counters, reports, reported)
        await beautification.close()


async def test_first_pictures_leave_as_they_are_and_then_beautified_ones_are_announced() -> None:
    async with staged() as stage:
        assert not await stage.frame()
        await stage.opens()
        assert await stage.frames(2) == [True, True]
        assert stage.reports == []
        assert await stage.frame()
        [report] = stage.reports
        assert (report.beautified.worker_id, report.beautified.version) == ("worker-1", 7)
        assert stage.workers.sizes == [(32, 16)]


async def test_strengths_rise_from_nothing_and_follow_the_slider() -> None:
    async with staged() as stage:
        await stage.opens()
        await stage.frames(RAMP_FRAMES + 1)
        assert [beauty.whiten for beauty in stage.workers.seen] == [10, 20, 30, 40, 50, 60, 70, 80, 80]
        stage.beautification.aim(Beauty(whiten=0), 8)
        await stage.frames(RAMP_FRAMES)
        assert [beauty.whiten for beauty in stage.workers.seen[-3:]] == [20, 10, 0]


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        (NOBODY, EffectsProblem.EFFECTS_PROBLEM_NO_WORKER),
        (BusUnavailable(), EffectsProblem.EFFECTS_PROBLEM_NO_WORKER),
        (EffectsFull(worker_id="w"), EffectsProblem.EFFECTS_PROBLEM_FULL),
        (OSError(28, "No space left on device"), EffectsProblem.EFFECTS_PROBLEM_TRANSCODER),
    ],
)
async def test_why_there_is_no_worker_is_said(error: Exception, problem: Problem) -> None:
    async with staged(Workers(to_open=[error])) as stage:
        assert not await stage.frame()
        assert await stage.reports_until(1) == ["original"]
        assert stage.reports[0].original.problem == problem


async def test_retry_finds_the_worker_that_came() -> None:
    async with staged(Workers(to_open=[NOBODY])) as stage:
        await stage.frame()
        await stage.reports_until(1)
        stage.beautification.retry()
        await stage.opens()
        await stage.frames(3)
        assert await stage.reports_until(2) == ["original", "beautified"]


async def test_late_frames_leave_as_they_came_and_the_third_ends_it() -> None:
    async with staged() as stage:
        await stage.opens()
        await stage.frames(3)
        stage.workers.to_frames = [LATE, None, LATE, LATE, FrameRefused(FRAME_RESULT_FAILED)]
        assert await stage.frames(6) == [False, True, False, False, False, False]
        assert await stage.reports_until(2) == ["beautified", "original"]
        assert stage.reports[1].original.problem == EffectsProblem.EFFECTS_PROBLEM_TOO_SLOW
        assert stage.counters.deadlines_missed == 3
        assert (stage.workers.opened, stage.workers.closed) == (1, 1)


async def test_another_worker_takes_over_from_one_that_went_without_a_report() -> None:
    async with staged() as stage:
        await stage.opens()
        await stage.frames(RAMP_FRAMES)
        stage.workers.to_frames = [WorkerGone("nobody-listens")]
        assert not await stage.frame()
        await stage.opens()
        assert await stage.frames(2) == [True, True]
        assert [str(report.WhichOneof("body")) for report in stage.reports] == ["beautified"]
        assert (stage.workers.opened, stage.workers.closed) == (2, 1)
        assert [beauty.whiten for beauty in stage.workers.seen[-2:]] == [10, 20], "not from the original at one blow"


async def test_fade_ends_at_nothing_with_the_worker_let_go() -> None:
    async with staged() as stage:
        await stage.opens()
        await stage.frames(RAMP_FRAMES)
        stage.beautification.fade()
        await stage.frames(RAMP_FRAMES)
        assert [beauty.whiten for beauty in stage.workers.seen[-3:]] == [20, 10, 0]
        assert await stage.reports_until(2) == ["beautified", "faded"]
        assert not await stage.frame()
        assert stage.workers.closed == 1


async def test_a_worker_is_let_go_only_when_its_picture_has_left() -> None:
    async with staged() as stage:
        await stage.opens()
        assert await stage.beautification.offer(ORIGINAL) is BEAUTIFIED
        stage.beautification.fade()
        await asyncio.sleep(0)
        assert stage.workers.closed == 0
        stage.beautification.release()
        await asyncio.sleep(0)
        assert stage.workers.closed == 1


async def test_an_attempt_that_is_given_up_is_closed() -> None:
    workers = Workers(to_open=[asyncio.Event()])
    async with staged(workers) as stage:
        await stage.frame()
        await asyncio.sleep(0)
        stage.beautification.fade()
        assert await stage.reports_until(1) == ["faded"]
    assert (workers.opened, workers.closed) == (0, 1)


async def test_stopping_lets_go_of_the_worker_and_of_attempts() -> None:
    workers = Workers()
    async with staged(workers) as stage:
        await stage.opens()
    assert (workers.opened, workers.closed) == (1, 1)
    workers = Workers(to_open=[asyncio.Event()])
    async with staged(workers) as stage:
        await stage.frame()
    assert (workers.opened, workers.closed) == (0, 1)
