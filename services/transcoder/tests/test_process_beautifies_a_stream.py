"""A real transcoder and a real effects worker: what goes in comes out beautified, in order, at its own time."""

import asyncio
import shutil
import signal
import statistics
import tempfile
from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest
from salon.effects.v1.effects_pb2 import Beauty
from salon.relay.v1.relay_pb2 import ToTranscoder, TranscoderBitrate
from salon_kit.testing import NatsServer
from salon_testing.transcoder import BASE_LUMA, Codec, Seen, filming, is_bright, is_original, staged

pytestmark = pytest.mark.timeout(120)

BRIGHT = Beauty(whiten=100)


@pytest.fixture
def ring_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(dir="/dev/shm"))
    yield folder
    shutil.rmtree(folder)


def turned_by(orientation: int | None, seen: Seen) -> bool:
    return seen.orientation == orientation


def of_size(size: tuple[int, int], seen: Seen) -> bool:
    return seen.size == size


def in_order(seen: list[Seen]) -> bool:
    return all(0 < (after.timestamp - before.timestamp) % 2**32 < 2**31 for before, after in pairwise(seen))


@pytest.mark.parametrize("codec", ["VP8", "H264"])
async def test_frames_come_back_brighter_in_order_with_their_timestamps(
    nats_server: NatsServer, ring_folder: Path, codec: Codec
) -> None:
    async with staged(nats_server, ring_folder, codec=codec) as stage:
        await stage.add_worker()
        await stage.start(BRIGHT, version=7)
        async with filming(stage):
            report = (await stage.reported("beautified")).beautified
            assert report.version == 7
            assert report.worker_id
            assert stage.ring_files == [], "the ring has no name any more"
            await stage.seen_until(is_bright)
            steady = await stage.seen(60)
        seen = stage.viewer.seen.items
        assert in_order(seen)
        assert {item.timestamp for item in seen} <= set(stage.sent)
        assert sum(map(is_bright, steady)) >= 50, "all but those that were late"
        assert seen[0].is_keyframe
        assert stage.viewer.undecodable == 0
        assert stage.report_kinds == ["ready", "beautified"]


async def test_brightness_rises_and_follows_the_slider_without_a_jump(
    nats_server: NatsServer, ring_folder: Path
) -> None:
    async with staged(nats_server, ring_folder) as stage:
        await stage.add_worker()
        await stage.start(BRIGHT)
        async with filming(stage):
            await stage.reported("beautified")
            await stage.seen_until(is_bright)
            bright = (await stage.seen(30))[-1].luma
            stage.set_beauty(Beauty(), 2)
            await stage.seen_until(is_original)
            stage.set_beauty(BRIGHT, 1)
            assert all(is_original(item) for item in await stage.seen(20)), "an older version is ignored"
            stage.set_beauty(BRIGHT, 3)
            await stage.seen_until(is_bright)
        jumps = [abs(after.luma - before.luma) for before, after in pairwise(stage.viewer.seen.items)]
        print(f"bright {bright:.1f}, largest jumps {sorted(jumps)[-5:]}")
        missed = stage.counters[-1].deadlines_missed
        allowed = 0.45 * (bright - BASE_LUMA)  # the curve of brightness is steepest at its beginning
        assert sum(jump > allowed for jump in jumps) <= 2 * missed, "a frame that is late is as bright as it came"


async def test_orientation_goes_with_its_frame(nats_server: NatsServer, ring_folder: Path) -> None:
    async with staged(nats_server, ring_folder) as stage:
        await stage.start(BRIGHT)
        turned: dict[int, int | None] = {}
        async with filming(stage):
            await stage.seen(3)
            for orientation in (0, 1, 3, None):
                stage.orientation = orientation
                await stage.seen_until(partial(turned_by, orientation))
                turned |= {item.timestamp: item.orientation for item in await stage.seen(3)}
        assert set(turned.values()) == {0, 1, 3, None}


async def test_a_picture_of_another_size_comes_back_in_that_size(nats_server: NatsServer, ring_folder: Path) -> None:
    async with staged(nats_server, ring_folder) as stage:
        await stage.add_worker()
        await stage.start(BRIGHT)
        async with filming(stage):
            await stage.beautified()
            for width, height in ((640, 360), (180, 320)):
                stage.camera.resize(width, height)
                first = await stage.seen_until(partial(of_size, (width, height)))
                assert first.is_keyframe
                await stage.seen_until(is_bright)
        assert stage.report_kinds == ["ready", "beautified"]
        assert in_order(stage.viewer.seen.items)
        assert stage.ring_files == []


async def test_a_key_frame_that_is_asked_for_comes(nats_server: NatsServer, ring_folder: Path) -> None:
    async with staged(nats_server, ring_folder) as stage:
        await stage.start(BRIGHT)
        async with filming(stage):
            await stage.seen(10)
            assert not any(item.is_keyframe for item in await stage.seen(10))
            stage.link.request_keyframe()
            await stage.seen_until(lambda item: item.is_keyframe)
            stage.link.request_keyframe()
            await stage.seen_until(lambda item: item.is_keyframe)


async def test_fade_goes_down_to_the_original_and_then_the_process_can_be_ended(
    nats_server: NatsServer, ring_folder: Path
) -> None:
    async with staged(nats_server, ring_folder) as stage:
        await stage.add_worker()
        await stage.start(BRIGHT)
        async with filming(stage):
            await stage.beautified()
            stage.fade()
            await stage.reported("faded")
            assert all(is_original(item) for item in (await stage.seen(20))[5:]), "originals go on"
            assert stage.report_kinds == ["ready", "beautified", "faded"]
            stage.set_beauty(BRIGHT, 9)
            assert (await stage.reported("beautified", times=2)).beautified.version == 9
            await stage.seen_until(is_bright)
            stage.process.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(stage.process.wait(), 10) == 0


async def test_bitrate_is_what_the_relay_says(nats_server: NatsServer, ring_folder: Path) -> None:
    async with staged(nats_server, ring_folder, width=640, height=360) as stage:
        await stage.start(Beauty(smooth=50), target_bps=1_500_000)
        async with filming(stage):
            await stage.seen(10)
            stage.order(ToTranscoder(bitrate=TranscoderBitrate(target_bps=150_000)))
            assert len(await stage.seen(60)) >= 60


async def test_what_it_did_is_counted_every_second(nats_server: NatsServer, ring_folder: Path) -> None:
    async with staged(nats_server, ring_folder) as stage:
        await stage.add_worker()
        await stage.start(BRIGHT)
        async with filming(stage):
            await stage.beautified()
            await stage.seen(60)
        last = stage.counters[-1]
        assert last.frames_in >= 30
        assert last.frames_beautified >= 30
        assert last.frames_in - last.frames_beautified - last.frames_original - last.frames_dropped <= 3
        assert last.decode_us > 0
        assert last.effect_us > 0
        assert last.encode_us > 0
        assert last.bytes_out > 0
        assert last.cpu_us > last.decode_us
        print("latency of each second, us:", [(item.latency_p50_us, item.latency_p99_us) for item in stage.counters])
        assert statistics.median(item.latency_p50_us for item in stage.counters) > 0
