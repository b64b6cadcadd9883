"""What leaves: encoded once, under the timestamps and with the orientation of what came."""

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
import pytest_asyncio
from salon_frames import I420
from salon_transcoder.counters import Counters
from salon_transcoder.outlet import Outlet
from salon_transcoder.ports import Picture

ORIGINAL = I420.allocate(32, 16)
BEAUTIFIED = I420.allocate(32, 16)


@dataclass
class Far:
    """A link that writes down what is sent."""

    sent: list[tuple[bytes, int, int | None]] = field(default_factory=list)
    reads: bool = True

    def request_keyframe(self) -> None:
        raise AssertionError("nothing here asks for one")

    def send(self, frame: bytes, timestamp: int, orientation: int | None) -> int:
        self.sent.append((frame, timestamp, orientation))
        return 1 if self.reads else 0


@dataclass
class Encoder:
    bitrates: list[int] = field(default_factory=list)

    def encode(self, picture: I420, timestamp: int, *, keyframe: bool) -> bytes:
        return (b"K" if keyframe else b"d") + (b"b" if picture is BEAUTIFIED else b"o")

    def set_bitrate(self, target_bps: int) -> None:
        self.bitrates.append(target_bps)


@dataclass
class Stage:
    far: Far
    encoder: Encoder
    counters: Counters
    outlet: Outlet

    async def send(self, timestamp: int, *, beautified: bool = False, orientation: int | None = None) -> bool:
        picture = Picture(ORIGINAL, timestamp, orientation, time.monotonic_ns())
        return await self.outlet.send(picture, BEAUTIFIED if beautified else None)

    @property
    def frames(self) -> list[bytes]:
        return [frame for frame, _, _ in self.far.sent]


@pytest_asyncio.fixture
async def stage() -> AsyncIterator[Stage]:
    far, encoder, counters = Far(), Encoder(), Counters()
    stage = Stage(far, encoder, counters, Outlet(far, encoder, counters))
    yield stage
    stage.outlet.close()


async def test_first_is_a_key_frame_and_so_is_what_was_asked_for(stage: Stage) -> None:
    await stage.send(1)
    await stage.send(2, beautified=True)
    stage.outlet.want_keyframe()
    await stage.send(3, beautified=True)
    await stage.send(4)
    assert stage.frames == [b"Ko", b"db", b"Kb", b"do"]
    assert stage.counters.bytes_out == 8


async def test_timestamp_and_orientation_are_those_of_what_came(stage: Stage) -> None:
    await stage.send(4_294_967_295, orientation=3)
    await stage.send(2, orientation=None)
    assert [(timestamp, orientation) for _, timestamp, orientation in stage.far.sent] == [(4_294_967_295, 3), (2, None)]


@pytest.mark.parametrize("older", [100_000, 99_999, 100_000 - 4 * 90_000])
async def test_what_is_not_newer_stays_behind(stage: Stage, older: int) -> None:
    assert await stage.send(100_000)
    assert not await stage.send(older % 2**32)
    assert await stage.send(100_001)
    assert len(stage.far.sent) == 2


async def test_another_clock_begins_anew(stage: Stage) -> None:
    await stage.send(3_000_000_000)
    assert await stage.send(2_000_000_000)


async def test_what_comes_after_a_gap_is_a_key_frame(stage: Stage) -> None:
    await stage.send(1)
    stage.far.reads = False
    await stage.send(2)
    stage.far.reads = True
    await stage.send(3)
    assert stage.frames == [b"Ko", b"do", b"Ko"]


async def test_bitrate_counts_from_the_next_picture(stage: Stage) -> None:
    stage.outlet.set_bitrate(500_000)
    stage.outlet.set_bitrate(600_000)
    await stage.send(1)
    await stage.send(2)
    assert stage.encoder.bitrates == [600_000]
