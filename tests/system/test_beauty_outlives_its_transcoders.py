"""Transcoders that are killed, fed with garbage or orphaned: one stream's trouble is its own, and nothing is left."""

import asyncio
import os
import random
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from aiortc.codecs.vpx import Vp8Encoder, VpxPayloadDescriptor
from av import VideoFrame
from salon.relay.v1.relay_pb2 import EffectsInterrupted, EffectsProblem
from salon_sdk import PatternVideo, SalonEngine
from salon_testing.eventually import eventually

from tests.system.beauty import (
    BRIGHT,
    BRIGHTER_BY,
    CENTRE,
    HALF,
    OVERLOAD,
    at_work,
    exists,
    has_a_ring,
    keep,
    on_air,
    record,
    sees,
    transcoders,
)
from tests.system.browser import Person
from tests.system.cloud import Cloud
from tests.system.conftest import Arrive
from tests.system.rooms import fresh


@pytest.fixture(scope="module")
def rings() -> Iterator[Path]:
    """A folder in shared memory for these tests alone."""
    folder = Path(tempfile.mkdtemp(prefix="salon-tests-", dir="/dev/shm"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def own_cloud(tmp_path_factory: pytest.TempPathFactory, rings: Path) -> Iterator[Cloud]:
    running = Cloud(tmp_path_factory.mktemp("transcoders"))
    try:
        running.start(relays=0, effects=0)
        running.add_effects(wait=False, SALON_EFFECTS_RING_FOLDER=str(rings))
        running.add_relay(SALON_RELAY_EFFECT_DEADLINE_MS="1000", SALON_RELAY_RING_FOLDER=str(rings))
        running.effects[0].wait_ready()
        yield running
    finally:
        running.stop()


def files(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def test_a_killed_transcoder_is_replaced_others_notice_nothing_and_nothing_is_left_at_the_end(
    face_arrive: Arrive, own_cloud: Cloud, rings: Path
) -> None:
    relay = own_cloud.relays[0]
    await eventually(lambda: not at_work(relay))  # the test before has left nothing
    show = await on_air(face_arrive, own_cloud)
    original = await show.look(CENTRE)
    await show.on(BRIGHT)
    (victim,) = at_work(relay)
    # Two other streams of the same relay: one beautified, one not.
    other = await on_air(face_arrive, own_cloud)
    plain = await on_air(face_arrive, own_cloud)
    await other.on(HALF)
    before = [await one.video() for one in (other, plain)]
    for one in (show, other, plain):
        await one.gap_ms()
    os.kill(victim, signal.SIGKILL)
    await show.until_told(OVERLOAD)
    await show.until(f"y < {original.y + 2}")
    await show.viewer.sees(show.stream, frames=15)
    gap_ms = await show.gap_ms()
    began = time.monotonic()
    await show.until_told(OVERLOAD, 0)
    await show.until(f"y > {original.y + BRIGHTER_BY}")
    back_s = time.monotonic() - began
    gap_back_ms = await show.gap_ms()
    others_ms = [await one.gap_ms() for one in (other, plain)]
    keep("transcoder-killed", {"gap_ms": gap_ms, "gap_back_ms": gap_back_ms, "back_s": back_s, "others_ms": others_ms})
    after = [await one.video() for one in (other, plain)]
    for was, is_ in zip(before, after, strict=True):
        assert is_["ssrc"] == was["ssrc"]
        assert is_["packetsLost"] == was["packetsLost"]
        assert is_["keyFramesDecoded"] - was["keyFramesDecoded"] <= 2
    assert await other.told() == await plain.told() == []
    (interrupted,) = [e for e in await record(own_cloud, show.room) if isinstance(e, EffectsInterrupted)]
    assert interrupted.problem == EffectsProblem.EFFECTS_PROBLEM_TRANSCODER

    await show.off()
    await other.off()
    await eventually(lambda: len(transcoders(relay)) == 1)
    (spare,) = transcoders(relay)
    assert not has_a_ring(spare)
    assert files(rings) == []


Encode = Callable[[Vp8Encoder, VideoFrame, bool], tuple[list[bytes], int]]


class Hostile:
    """In place of an encoder's `encode`: honest until `begin`, then flaws in its frames and made-up ones between them,
    and at last only what no decoder takes."""

    FLAWED = 180

    def __init__(self, honest: Encode) -> None:
        self.frames: int | None = None
        """How many since `begin`: before it, all are honest."""
        self._honest = honest
        self._dice = random.Random(23)

    def begin(self) -> None:
        self.frames = 0

    def encode(self, encoder: Vp8Encoder, frame: VideoFrame, force_keyframe: bool = False) -> tuple[list[bytes], int]:
        payloads, timestamp = self._honest(encoder, frame, force_keyframe)
        if self.frames is None:
            return payloads, timestamp
        self.frames += 1
        if self.frames % 2 and self.frames <= self.FLAWED:
            return [self._flawed(payload) for payload in payloads], timestamp
        return self._made_up(self.frames), timestamp

    def _flawed(self, payload: bytes) -> bytes:
        raw = bytearray(payload)
        for _ in range(self._dice.randrange(20)):
            raw[self._dice.randrange(4, len(raw))] = self._dice.randrange(256)
        return bytes(raw)

    def _made_up(self, number: int) -> list[bytes]:
        dice = self._dice
        is_key = number % 3 == 1
        partition = dice.choice((0, 5, 200)) if number <= self.FLAWED else 0x7FFFF
        tag = (0 if is_key else 1) | dice.randrange(4) << 1 | 1 << 4 | partition << 5
        data = tag.to_bytes(3, "little")
        if is_key:
            width, height = dice.choice(((320, 180), (16383, 16383), (1, 1), (0, 0), (640, 360)))
            data += b"\x9d\x01\x2a" + width.to_bytes(2, "little") + height.to_bytes(2, "little")
        data += dice.randbytes(dice.randrange(2000))
        payloads = []
        for at in range(0, len(data), 1100):
            descriptor = VpxPayloadDescriptor(int(at == 0), 0, picture_id=number % 32768)
            payloads.append(bytes(descriptor) + data[at : at + 1100])
        return payloads


@pytest.mark.long
async def test_hostile_frames_harm_only_the_effects_of_their_own_stream(
    face_arrive: Arrive, own_cloud: Cloud, rings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    relay = own_cloud.relays[0]
    await eventually(lambda: not at_work(relay))  # the test before has left nothing
    show = await on_air(face_arrive, own_cloud)
    original = await show.look(CENTRE)
    await show.on(BRIGHT)
    await show.until(f"y > {original.y + BRIGHTER_BY}")
    before = await show.video()
    hostile = Hostile(Vp8Encoder.encode)
    monkeypatch.setattr(Vp8Encoder, "encode", lambda *arguments: hostile.encode(*arguments))
    room, stream, robot = fresh("room"), fresh("hostile"), fresh("robot")
    watcher: Person = await face_arrive(fresh("carl"), at=own_cloud)
    await watcher.auto_play()
    await watcher.login(room)
    await show.gap_ms()
    async with SalonEngine(own_cloud.app_id, own_cloud.ws_url()) as engine:
        await engine.login_room(room, own_cloud.mint(robot), robot, "Robot")
        local = engine.create_stream(video=PatternVideo())
        await engine.start_publishing_stream(stream, local, video_codec="VP8")
        async with asyncio.timeout(60):  # a busy machine may miss deadlines at first
            while not await engine.set_effects_beauty(local, enable=True):  # noqa: ASYNC110  # free machines tell nobody
                await asyncio.sleep(1)
        hostile.begin()
        await eventually(lambda: (hostile.frames or 0) > hostile.FLAWED + 120, deadline_s=60)
        memory_bytes = relay.resident_bytes()
        # The pair beside it has not noticed anything.
        assert (await show.look(CENTRE)).y > original.y + BRIGHTER_BY
    gap_ms = await show.gap_ms()
    after = await show.video()
    said = await record(own_cloud, room)
    keep("hostile", {"frames": hostile.frames, "gap_ms": gap_ms, "relay_mib": memory_bytes / 2**20})
    assert relay.popen.poll() is None
    assert own_cloud.effects[0].popen.poll() is None
    assert await show.told() == []
    assert after["packetsLost"] == before["packetsLost"]
    problems = {event.problem for event in said if isinstance(event, EffectsInterrupted)}
    assert EffectsProblem.EFFECTS_PROBLEM_TRANSCODER in problems
    await show.off()
    await eventually(lambda: len(transcoders(relay)) == 1)
    assert files(rings) == []


async def test_a_killed_relay_leaves_no_process_and_no_memory_and_beauty_returns_with_the_next_one(
    face_arrive: Arrive, own_cloud: Cloud, rings: Path
) -> None:
    relay = own_cloud.relays[0]
    await eventually(lambda: not at_work(relay))  # the test before has left nothing
    show = await on_air(face_arrive, own_cloud)
    original = await show.look(CENTRE)
    await show.on(BRIGHT)
    await show.until(f"y > {original.y + BRIGHTER_BY}")
    started = transcoders(relay)
    assert at_work(relay)
    own_cloud.add_relay(SALON_RELAY_EFFECT_DEADLINE_MS="1000", SALON_RELAY_RING_FOLDER=str(rings))
    relay.kill()
    await eventually(lambda: not any(exists(pid) for pid in started))
    began = time.monotonic()
    await sees(show.viewer, show.stream)
    await show.until(f"y > {original.y + BRIGHTER_BY}", deadline_s=40)
    keep("relay-killed", {"beautified_again_s": time.monotonic() - began, "told": await show.told()})
    await show.off()
    await eventually(lambda: files(rings) == [])
