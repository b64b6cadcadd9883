"""Effects workers that are not there, are killed in mid-call, or are too slow: pictures go on, and people are told."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from salon.relay.v1.relay_pb2 import EffectsInterrupted, EffectsProblem, EffectsStarted

from tests.system.beauty import BRIGHT, BRIGHTER_BY, CENTRE, OVERLOAD, OnAir, keep, on_air, record
from tests.system.cloud import Cloud
from tests.system.conftest import Arrive

SLEEPER = """
import time
from salon_effects.filters.beauty import apply as beautify

def apply(frame, out, beauty):
    if beauty.sharpen == 0:
        time.sleep(0.6)
    beautify(frame, out, beauty)
"""


@pytest.fixture(scope="module")
def lonely(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """Without a worker to begin with; every test leaves it so."""
    running = Cloud(tmp_path_factory.mktemp("workers"))
    try:
        running.start(relays=0, effects=0)
        running.add_relay(SALON_RELAY_EFFECT_DEADLINE_MS="300")
        yield running
    finally:
        running.stop()


@pytest.fixture
def cloud_alone(lonely: Cloud) -> Iterator[Cloud]:
    yield lonely
    for worker in lonely.effects:
        if worker.popen.poll() is None:
            worker.kill()


def bright(original_y: float) -> str:
    return f"y > {original_y + BRIGHTER_BY}"


def plain(original_y: float) -> str:
    return f"y < {original_y + 2}"


@pytest.mark.long
async def test_without_a_worker_the_original_flows_and_the_app_knows(face_arrive: Arrive, cloud_alone: Cloud) -> None:
    show = await on_air(face_arrive, cloud_alone)
    original = await show.look(CENTRE)
    await show.gap_ms()
    outcome = await show.beauty(BRIGHT)
    assert (outcome["errorCode"], outcome["extendedData"]) == (OVERLOAD, "no-worker")
    await show.viewer.sees(show.stream, frames=30)
    gap_ms = await show.gap_ms()
    assert (await show.look(CENTRE)).y < original.y + 2
    await show.until_told(OVERLOAD)

    cloud_alone.add_effects()
    began = time.monotonic()
    await show.until_told(OVERLOAD, 0, deadline_s=30)
    await show.until(bright(original.y))
    recovered_s = time.monotonic() - began
    keep("no-worker", {"answered_ms": outcome["tookMs"], "gap_ms": gap_ms, "recovered_s": recovered_s})


@pytest.mark.long
async def test_on_before_publishing_without_a_worker_the_original_comes_all_the_same(
    face_arrive: Arrive, cloud_alone: Cloud
) -> None:
    show = await on_air(face_arrive, cloud_alone, beauty=BRIGHT)
    await show.until_told(OVERLOAD)
    frames = await show.viewer.call("(id) => salon.frames[id]", show.stream)
    first_ms = frames["firstAt"] - frames["askedAt"]
    keep("no-worker-at-first", {"first_frame_ms": first_ms})


async def test_a_worker_that_is_killed_leaves_the_picture_and_the_next_one_brings_beauty_back(
    face_arrive: Arrive, cloud_alone: Cloud
) -> None:
    worker = cloud_alone.add_effects()
    show, original_y = await beautified(face_arrive, cloud_alone)
    await show.gap_ms()
    worker.kill()
    await show.until_told(OVERLOAD)
    await show.until(plain(original_y))
    await show.viewer.sees(show.stream, frames=30)
    gap_ms = await show.gap_ms()
    cloud_alone.add_effects()
    began = time.monotonic()
    await show.until_told(OVERLOAD, 0, deadline_s=30)
    await show.until(bright(original_y))
    keep("worker-killed", {"gap_ms": gap_ms, "recovered_s": time.monotonic() - began})


@pytest.mark.long
async def test_another_worker_takes_over_at_once(face_arrive: Arrive, cloud_alone: Cloud) -> None:
    for _ in range(2):
        cloud_alone.add_effects()
    show, original_y = await beautified(face_arrive, cloud_alone)
    sticky = [event for event in await record(cloud_alone, show.room) if isinstance(event, EffectsStarted)]
    (first,) = {event.worker_id for event in sticky}
    victim = next(worker for worker in cloud_alone.effects if worker.name == first)
    await show.gap_ms()
    victim.kill()
    await show.viewer.sees(show.stream, frames=60)
    gap_ms = await show.gap_ms()
    await show.until(bright(original_y))
    said = await record(cloud_alone, show.room)
    interruptions = [event.problem for event in said if isinstance(event, EffectsInterrupted)]
    keep("worker-replaced", {"gap_ms": gap_ms, "interruptions": len(interruptions)})
    # Either nobody noticed, or it was over soon.
    assert await show.told() in ([], [OVERLOAD, 0])


@pytest.mark.long
async def test_a_worker_that_is_too_slow_costs_its_beauty_and_nothing_else(
    face_arrive: Arrive, cloud_alone: Cloud, tmp_path: Path
) -> None:
    (tmp_path / "sleeper.py").write_text(SLEEPER)
    cloud_alone.add_effects(SALON_EFFECTS_FILTERS="sleeper:apply", PYTHONPATH=str(tmp_path))
    show = await on_air(face_arrive, cloud_alone)
    original = await show.look(CENTRE)
    await show.gap_ms()
    outcome = await show.beauty(BRIGHT)
    assert (outcome["errorCode"], outcome["extendedData"]) == (OVERLOAD, "too-slow")
    await show.viewer.sees(show.stream, frames=90)
    assert (await show.look(CENTRE)).y < original.y + 2
    # It is quick from now on: tried again until it is.
    began = time.monotonic()
    await show.beauty(BRIGHT | {"sharpenIntensity": 1})
    await show.until_told(OVERLOAD, 0, deadline_s=40)
    await show.until(bright(original.y))
    recovered_s = time.monotonic() - began
    gap_ms = await show.gap_ms()
    await show.beauty(BRIGHT)
    await show.until_told(OVERLOAD, 0, OVERLOAD)
    await show.until(plain(original.y))
    gap_back_ms = await show.gap_ms()
    keep("slow-worker", {"gap_ms": gap_ms, "recovered_s": recovered_s, "gap_back_ms": gap_back_ms})
    said = await record(cloud_alone, show.room)
    problems = {event.problem for event in said if isinstance(event, EffectsInterrupted)}
    assert problems == {EffectsProblem.EFFECTS_PROBLEM_TOO_SLOW}


async def beautified(arrive: Arrive, cloud: Cloud) -> tuple[OnAir, float]:
    """Somebody who is seen beautified, and how bright the original was."""
    show = await on_air(arrive, cloud)
    original = await show.look(CENTRE)
    await show.on(BRIGHT)
    await show.until(bright(original.y))
    return show, original.y
