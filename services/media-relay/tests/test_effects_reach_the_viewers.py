"""Beauty in a call: the real packet path, real transcoders, real effects workers, viewers that decode what they get."""

import asyncio
import os
import signal

import pytest
from salon.effects.v1.effects_pb2 import Beauty
from salon_kit.testing import NatsServer
from salon_kit.trace import caused_by
from salon_relay.effects.core.phase import Phase
from salon_relay.effects.core.request import Outcome, Problem
from salon_relay.effects.process import ProcessPhase
from salon_testing.relay.running import MakeRelay
from salon_testing.relay.scene import BRIGHT, Scene, Viewer, children, is_bright, is_original, scene

pytestmark = pytest.mark.timeout(180)
CYCLES = 6


def transcoder_pid(stage: Scene) -> int:
    [pid] = stage.relay.transcoders.pids(ProcessPhase.USED)
    return pid


async def until_reported(stage: Scene, *what: str) -> None:
    """Exactly this, about the stream `cam`."""
    await stage.relay.facts.until(lambda: [report for _, report in stage.relay.facts.effects] == list(what), 60)


def check_steps(viewer: Viewer) -> None:
    """Every frame is later than the one before, and by what a busy machine may skip."""
    assert min(viewer.steps) > 0
    assert max(viewer.steps) < 10 * 90_000


@pytest.mark.parametrize("codec", ["video/VP8", "video/H264"])
async def test_on_and_off_in_the_middle_of_a_call(make_relay: MakeRelay, nats_server: NatsServer, codec: str) -> None:
    async with scene(make_relay, nats_server) as stage:
        await stage.add_worker()
        await stage.publish("p", "cam", codec=codec)
        viewer, second = await stage.play("v1", "cam"), await stage.play("v2", "cam")
        await viewer.until(is_original)
        await stage.warm()
        with caused_by("turn on"):
            assert await stage.relay.set_effects("cam", BRIGHT) == "on"
        await viewer.until(is_bright)
        await second.until(is_bright)
        assert stage.relay.facts.effects == [("cam", "started")]
        late = await stage.play("v3", "cam")
        await late.until(is_bright)

        assert await stage.relay.set_effects("cam", Beauty(whiten=1)) == "on"
        await viewer.until(is_original)
        with caused_by("turn off"):
            assert await stage.relay.set_effects("cam", None) == "off"
        await viewer.frames(30)
        assert stage.relay.facts.effects == [("cam", "started"), ("cam", "stopped")]
        assert (stage.relay.facts.causes["started"], stage.relay.facts.causes["stopped"]) == ("turn on", "turn off")
        [(beautified, _)] = stage.relay.facts.frames
        assert beautified > 10
        for each in (viewer, second, late):
            await each.until(is_original)
            check_steps(each)
        assert stage.relay.path.stats()["stale_commands"] == 0
        await stage.settled()


async def test_beauty_that_was_asked_for_before_the_first_frame(make_relay: MakeRelay, nats_server: NatsServer) -> None:
    async with scene(make_relay, nats_server) as stage:
        await stage.add_worker()
        await stage.warm()
        asked: list[asyncio.Task[Outcome]] = []
        await stage.publish(
            "p",
            "cam",
            before_media=lambda: asked.append(asyncio.create_task(stage.relay.set_effects("cam", BRIGHT))),
        )
        viewer = await stage.play("v", "cam")
        await viewer.frames(40)
        assert stage.relay.facts.effects == [("cam", "started")]
        assert await asked[0] in ("on", Problem.NO_VIDEO)
        lumas = [round(seen.luma) for seen in viewer.seen.items]
        assert all(map(is_bright, viewer.seen.items[12:])), f"after those of the ramp: {lumas}"
        check_steps(viewer)


async def test_original_is_seen_when_nobody_beautifies_what_begins(
    make_relay: MakeRelay, nats_server: NatsServer
) -> None:
    async with scene(make_relay, nats_server) as stage:
        await stage.warm()
        asked: list[asyncio.Task[Outcome]] = []
        await stage.publish(
            "p",
            "cam",
            before_media=lambda: asked.append(asyncio.create_task(stage.relay.set_effects("cam", BRIGHT))),
        )
        viewer = await stage.play("v", "cam")
        await viewer.until(is_original)
        assert await asked[0] in (Problem.NO_WORKER, Problem.NO_VIDEO)
        assert stage.relay.facts.effects == [("cam", "no-worker")]
        check_steps(viewer)


async def test_without_a_worker_the_original_goes_on_until_there_is_one(
    make_relay: MakeRelay, nats_server: NatsServer
) -> None:
    async with scene(make_relay, nats_server) as stage:
        await stage.publish("p", "cam")
        viewer = await stage.play("v", "cam")
        await viewer.until(is_original)
        await stage.warm()
        assert await stage.relay.set_effects("cam", BRIGHT) is Problem.NO_WORKER
        assert stage.relay.facts.effects == [("cam", "no-worker")]
        assert all(map(is_original, await viewer.frames(30)))
        await stage.add_worker()
        await until_reported(stage, "no-worker", "started")
        await viewer.until(is_bright)
        check_steps(viewer)


async def test_worker_that_dies_is_followed_by_another(make_relay: MakeRelay, nats_server: NatsServer) -> None:
    async with scene(make_relay, nats_server) as stage:
        first = await stage.add_worker()
        await stage.publish("p", "cam")
        viewer = await stage.play("v", "cam")
        await viewer.until(is_original)
        await stage.warm()
        assert await stage.relay.set_effects("cam", BRIGHT) == "on"
        await viewer.until(is_bright)
        first.kill()
        await viewer.until(is_original)
        await stage.relay.facts.until(lambda: len(stage.relay.facts.effects) == 2)
        assert stage.relay.facts.effects[1][1] in ("no-worker", "too-slow")
        await stage.add_worker()
        await stage.relay.facts.until(lambda: stage.relay.facts.effects[-1] == ("cam", "started"), 60)
        await viewer.until(is_bright)
        check_steps(viewer)
        assert len(set(stage.relay.facts.workers)) == 2


@pytest.mark.parametrize(
    ("how", "reports"),
    [
        (signal.SIGKILL, ("started", "transcoder", "started")),
        (signal.SIGSTOP, ("started", "too-slow", "transcoder", "started")),
    ],
)
async def test_transcoder_that_dies_or_hangs_is_replaced(
    make_relay: MakeRelay, nats_server: NatsServer, how: signal.Signals, reports: tuple[str, ...]
) -> None:
    async with scene(make_relay, nats_server) as stage:
        await stage.add_worker()
        await stage.publish("p", "cam")
        viewer = await stage.play("v", "cam")
        await viewer.until(is_original)
        await stage.warm()
        assert await stage.relay.set_effects("cam", BRIGHT) == "on"
        await viewer.until(is_bright)
        pid = transcoder_pid(stage)
        os.kill(pid, how)
        await viewer.until(is_original)
        await until_reported(stage, *reports)
        await viewer.until(is_bright)
        assert transcoder_pid(stage) != pid
        assert os.listdir(stage.ring_folder) == []
        assert await stage.relay.set_effects("cam", None) == "off"
        await stage.settled()
        assert [(transport, source) for transport, source in objects(stage)] == [(2, 1)]


def objects(stage: Scene) -> list[tuple[int, int]]:
    """Transports and sources of the packet path: of one publisher and one viewer, 2 and 1."""
    stats = stage.relay.path.stats()
    return [(len(stats["transports"]), len(stats["sources"]))]


async def test_video_that_is_published_again_keeps_its_beauty(make_relay: MakeRelay, nats_server: NatsServer) -> None:
    async with scene(make_relay, nats_server) as stage:
        await stage.add_worker()
        await stage.publish("p1", "cam")
        viewer = await stage.play("v1", "cam")
        await viewer.until(is_original)
        await stage.warm()
        assert await stage.relay.set_effects("cam", BRIGHT) == "on"
        await viewer.until(is_bright)
        await stage.warm()
        await stage.publish("p2", "cam")
        again = await stage.play("v2", "cam")
        await again.until(is_bright)
        assert not any(map(is_original, again.seen.items[12:]))
        check_steps(again)
        assert stage.relay.facts.effects == [("cam", "started")]


async def test_end_of_the_stream_ends_its_effects(make_relay: MakeRelay, nats_server: NatsServer) -> None:
    async with scene(make_relay, nats_server) as stage:
        await stage.add_worker()
        publisher = await stage.publish("p", "cam")
        await stage.warm()
        assert await stage.relay.set_effects("cam", BRIGHT) == "on"
        await publisher.close()
        await until_reported(stage, "started", "stopped")
        assert stage.relay.phase("cam") is Phase.OFF
        await stage.settled()
        assert objects(stage) == [(0, 0)]


async def test_stream_waits_until_another_gives_its_transcoder_up(
    make_relay: MakeRelay, nats_server: NatsServer
) -> None:
    async with scene(make_relay, nats_server, transcoders_max=1) as stage:
        await stage.add_worker()
        await stage.publish("p1", "cam")
        await stage.publish("p2", "screen")
        viewer = await stage.play("v", "screen")
        await viewer.until(is_original)
        await stage.warm()
        assert await stage.relay.set_effects("cam", BRIGHT) == "on"
        assert await stage.relay.set_effects("screen", BRIGHT) is Problem.FULL
        assert await stage.relay.set_effects("cam", None) == "off"
        await viewer.until(is_bright)
        assert stage.relay.facts.effects[-1] == ("screen", "started")


@pytest.mark.timeout(480)
async def test_on_and_off_again_and_again_leaves_nothing(make_relay: MakeRelay, nats_server: NatsServer) -> None:
    async with scene(make_relay, nats_server) as stage:
        await stage.add_worker()
        await stage.publish("p", "cam")
        viewer = await stage.play("v", "cam")
        await viewer.until(is_original)

        async def cycle() -> None:
            await stage.warm()
            assert await stage.relay.set_effects("cam", BRIGHT) == "on"
            assert await stage.relay.set_effects("cam", None) == "off"

        async def settle() -> tuple[int, int, list[tuple[int, int]], list[str]]:
            await stage.settled()
            return len(os.listdir("/proc/self/fd")), len(children()), objects(stage), os.listdir(stage.ring_folder)

        await cycle()
        before = await settle()
        for _ in range(CYCLES):
            await cycle()
        assert await settle() == before
        assert stage.relay.facts.effects == [("cam", "started"), ("cam", "stopped")] * (1 + CYCLES)
        await viewer.until(is_original)
        check_steps(viewer)
