"""Whatever comes over NATS: the worker answers or drops it, and goes on working."""

import math
import random
import secrets
from pathlib import Path

import pytest
from nats.aio.msg import Msg
from salon.effects.v1.effects_pb2 import (
    FRAME_RESULT_DONE,
    FRAME_RESULT_FAILED,
    GONE_REASON_UNKNOWN,
    Beauty,
    FrameSubmitted,
    FromWorker,
    SharedRing,
    ToWorker,
)
from salon_contracts.errors import FramesUnreachable, InvalidField, SalonError
from salon_contracts.ids import WorkerId
from salon_contracts.subjects import frames_to_relay, frames_to_worker
from salon_frames import Ring
from salon_kit.bus import Bus
from salon_kit.testing import Gathered

from .conftest import Start
from .processes import Process, client_of, inverted, open_when_there, picture
from .raw import RawStream

FRAME = picture(64, 48)


@pytest.fixture
async def worker(bus: Bus, start: Start, ring_folder: Path) -> Process:
    process = start(SALON_EFFECTS_ID="effects-1")
    client = client_of(bus, ring_folder)
    await open_when_there(client)
    await client.close()
    return process


async def still_works(stream: RawStream, worker: Process, sequence: int = 1000) -> None:
    await stream.works(sequence, FRAME, inverted(FRAME))
    assert worker.process.poll() is None
    assert "Traceback" not in worker.log
    assert '"level": "error"' not in worker.log


async def test_slots_and_sizes_that_are_not_in_the_ring_fail(bus: Bus, worker: Process, ring_folder: Path) -> None:
    stream = await RawStream.open(bus, ring_folder)
    bad = [(4, 64, 48), (2**32 - 1, 64, 48), (0, 128, 48), (0, 8192, 8192), (0, 2**32 - 2, 2**32 - 2)]
    bad += [(0, 0, 0), (0, 15, 48), (0, 64, 47), (0, 8, 8), (0, 16, 8194)]
    for sequence, (slot, width, height) in enumerate(bad, 1):
        await stream.submit(sequence, slot, width, height)
    assert set((await stream.results(len(bad))).values()) == {FRAME_RESULT_FAILED}
    await still_works(stream, worker)


async def test_strengths_that_are_none_fail(bus: Bus, worker: Process, ring_folder: Path) -> None:
    stream = await RawStream.open(bus, ring_folder)
    bad = [{"smooth": math.nan}, {"rosy": math.inf}, {"whiten": -0.1}, {"sharpen": 100.1}]
    for sequence, beauty in enumerate(bad, 1):
        await stream.submit(sequence, 0, 64, 48, **beauty)
    assert set((await stream.results(len(bad))).values()) == {FRAME_RESULT_FAILED}
    await still_works(stream, worker)


async def test_sequences_that_do_not_rise_fail(bus: Bus, worker: Process, ring_folder: Path) -> None:
    stream = await RawStream.open(bus, ring_folder)
    await stream.submit(5, 0)
    await stream.results(1)
    for sequence in (0, 4, 5):
        await stream.submit(sequence, 1)
    answers = await stream.answers.until(lambda items: len(items) == 4)
    assert [answer.frame.result for answer in answers] == [FRAME_RESULT_DONE] + [FRAME_RESULT_FAILED] * 3
    await still_works(stream, worker)


async def test_random_and_truncated_bytes_are_dropped(bus: Bus, worker: Process, ring_folder: Path) -> None:
    stream = await RawStream.open(bus, ring_folder)
    whole = ToWorker(
        frame=FrameSubmitted(sequence=1, slot=0, width=64, height=48, beauty=Beauty(smooth=1), deadline_ms=40)
    ).SerializeToString()
    dice = random.Random(4)
    for length in range(len(whole)):
        await stream.send(whole[:length])
    for _ in range(300):
        await stream.send(dice.randbytes(dice.randrange(200)))
        await stream.send(bytes(byte ^ (dice.random() < 0.1) * dice.randrange(256) for byte in whole))
    await stream.send(dice.randbytes(900_000))
    fresh = await RawStream.open(bus, ring_folder)
    await still_works(fresh, worker)


async def test_a_stream_that_was_never_opened_is_said_to_be_gone(bus: Bus, worker: Process, ring_folder: Path) -> None:
    got: Gathered[FromWorker] = Gathered()

    async def take(message: Msg) -> None:
        got.add(FromWorker.FromString(message.data))

    token = secrets.token_hex(16)
    await bus.subscribe(frames_to_relay(token), take)
    frame = ToWorker(frame=FrameSubmitted(sequence=1, width=64, height=48)).SerializeToString()
    await bus.publish(frames_to_worker(WorkerId("effects-1"), token), frame)
    await bus.publish("salon.frm.v1.effects.effects-1.NOT-A-TOKEN", frame)
    (gone,) = await got.until(lambda items: len(items) == 1)
    assert gone.gone.reason == GONE_REASON_UNKNOWN
    await still_works(await RawStream.open(bus, ring_folder), worker)


async def test_rings_that_are_none_are_refused(bus: Bus, worker: Process, ring_folder: Path, tmp_path: Path) -> None:
    def spec(**changes: object) -> SharedRing:
        changed = SharedRing()
        changed.CopyFrom(good.spec)
        for name, value in changes.items():
            setattr(changed, name, value)
        return changed

    good = Ring.create(ring_folder, "raw", 64, 48, 4)
    outside = tmp_path / "raw.77"
    outside.write_bytes((ring_folder / good.spec.name).read_bytes())
    (ring_folder / "raw.78").symlink_to(outside)
    stream = RawStream(bus, good)
    bad = [
        spec(name="../raw.77"),
        spec(name="/etc/passwd"),
        spec(name="raw.78"),
        spec(name="raw.999"),
        spec(name=""),
        spec(nonce=bytes(16)),
        spec(nonce=b""),
        spec(slots=0),
        spec(slots=2**32 - 1),
        spec(slots=5),
        spec(slot_bytes=0),
        spec(slot_bytes=8191),
        spec(slot_bytes=2**63),
        spec(size_bytes=0),
        spec(size_bytes=2**64 - 1),
    ]
    for ring in bad:
        stream.ring.spec = ring
        with pytest.raises((FramesUnreachable, InvalidField)):
            await stream.ask(64, 48)
    stream.ring.spec = spec()
    for width, height in ((0, 0), (63, 48), (2**31, 48), (9000, 48)):
        with pytest.raises(SalonError):
            await stream.ask(width, height)
    stream.token = "not a token"
    with pytest.raises(InvalidField, match="stream_token"):
        await stream.ask(64, 48)
    await still_works(await RawStream.open(bus, ring_folder), worker)


async def test_a_token_in_use_cannot_be_opened_again(bus: Bus, worker: Process, ring_folder: Path) -> None:
    stream = await RawStream.open(bus, ring_folder)
    with pytest.raises(InvalidField, match="not in use"):
        await stream.ask(64, 48)
    await still_works(stream, worker)
