"""EffectsClient against a worker that the test plays by hand; services/effects has the tests with real ones."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from nats.aio.msg import Msg
from salon.effects.v1.effects_pb2 import (
    FRAME_RESULT_DONE,
    FRAME_RESULT_FAILED,
    FRAME_RESULT_SUPERSEDED,
    FRAME_RESULT_UNSPECIFIED,
    GONE_REASON_STOPPING,
    GONE_REASON_UNKNOWN,
    Beauty,
    FrameResult,
    FrameReturned,
    FramesOpened,
    FrameSubmitted,
    FromWorker,
    GoneReason,
    OpenFrames,
    SharedMemory,
    StreamGone,
    ToWorker,
)
from salon_contracts.errors import BusUnavailable, EffectsFull, FramesUnreachable, NobodyServes, RequestTimedOut
from salon_contracts.ids import WorkerId
from salon_contracts.subjects import command, frames_of_worker, frames_to_relay
from salon_frames import I420, EffectsClient, FrameLate, FrameRefused, Ring, StreamIdentity, WorkerGone
from salon_kit.bus import Bus, RequestContext
from salon_kit.identity import Identity
from salon_kit.testing import Gathered, MakeBus, NatsServer

IDENTITY = StreamIdentity(relay_id="relay-a", app_id=7, room_id="lobby", stream_id="camera")
BEAUTY = Beauty(smooth=10, whiten=20, rosy=30, sharpen=40)


class Played:
    """A worker whose answers the test gives."""

    def __init__(self, bus: Bus, folder: Path) -> None:
        self.bus = bus
        self.folder = folder
        self.asked: list[OpenFrames] = []
        self.told: Gathered[ToWorker] = Gathered()
        self.refuse: list[Exception] = []
        self.rings: list[Ring] = []

    async def start(self) -> None:
        await self.bus.subscribe(frames_of_worker(WorkerId("played")), self._take)
        await self.bus.serve(command("effects", "open"), OpenFrames, self._open, queue="effects")

    async def submitted(self, count: int) -> FrameSubmitted:
        """The latest frame, once there are so many."""
        told = await self.told.until(lambda items: sum(item.HasField("frame") for item in items) >= count)
        return [item.frame for item in told if item.HasField("frame")][-1]

    async def answer(self, frame: FrameSubmitted, result: "FrameResult.ValueType", token: str = "") -> None:
        returned = FrameReturned(sequence=frame.sequence, slot=frame.slot, result=result, work_us=1)
        await self._say(FromWorker(frame=returned), token)

    async def gone(self, reason: "GoneReason.ValueType") -> None:
        await self._say(FromWorker(gone=StreamGone(reason=reason)))

    async def raw(self, data: bytes) -> None:
        await self.bus.publish(frames_to_relay(self.asked[-1].stream_token), data)

    async def _say(self, message: FromWorker, token: str = "") -> None:
        await self.bus.publish(frames_to_relay(token or self.asked[-1].stream_token), message.SerializeToString())

    async def _take(self, message: Msg) -> None:
        self.told.add(ToWorker.FromString(message.data))

    async def _open(self, request: OpenFrames, context: RequestContext) -> FramesOpened:
        self.asked.append(request)
        if self.refuse:
            raise self.refuse.pop(0)
        if request.HasField("ring"):
            self.rings.append(Ring.attach(self.folder, request.ring))
        return FramesOpened(worker_id="played", shared_memory=SharedMemory())


@pytest.fixture
async def worker(bus: Bus, make_bus: MakeBus, tmp_path: Path) -> Played:
    played = Played(await make_bus(), tmp_path)
    await played.start()
    return played


@pytest.fixture
async def client(bus: Bus, tmp_path: Path) -> AsyncIterator[EffectsClient]:
    made = EffectsClient(bus, IDENTITY, tmp_path, "relay-a-1", deadline_ms=5000)
    yield made
    await made.close()


def picture(value: int, width: int = 64, height: int = 48) -> I420:
    made = I420.allocate(width, height)
    for plane in made.planes:
        plane.fill(value)
    return made


def is_empty(folder: Path) -> bool:
    return not any(folder.iterdir())


async def test_a_frame_goes_out_with_everything_and_comes_back(
    worker: Played, client: EffectsClient, tmp_path: Path
) -> None:
    assert await client.open(64, 48, 25) == "played"
    (asked,) = worker.asked
    assert (asked.width, asked.height, asked.frames_per_s) == (64, 48, 25)
    assert (asked.relay_id, asked.app_id, asked.room_id, asked.stream_id) == ("relay-a", 7, "lobby", "camera")
    assert is_empty(tmp_path)
    full_range = I420(*picture(9).planes, full_range=True)
    waiting = asyncio.create_task(client.beautify(full_range, BEAUTY))
    frame = await worker.submitted(1)
    assert (frame.sequence, frame.width, frame.height, frame.full_range) == (1, 64, 48, True)
    assert (frame.beauty, frame.deadline_ms) == (BEAUTY, 5000)
    assert worker.rings[0].input(frame.slot, 64, 48).equals(full_range)
    worker.rings[0].output(frame.slot, 64, 48).copy_from(picture(99))
    await worker.answer(frame, FRAME_RESULT_DONE)
    returned = await waiting
    assert returned.equals(picture(99))
    assert returned.full_range
    await client.close()
    told = await worker.told.until(lambda items: len(items) == 2)
    assert told[-1].HasField("closed")


@pytest.mark.parametrize("result", [FRAME_RESULT_SUPERSEDED, FRAME_RESULT_FAILED])
async def test_a_refused_frame_is_said_to_be(
    worker: Played, client: EffectsClient, result: "FrameResult.ValueType"
) -> None:
    await client.open(64, 48, 30)
    waiting = asyncio.create_task(client.beautify(picture(1), BEAUTY))
    await worker.answer(await worker.submitted(1), result)
    with pytest.raises(FrameRefused) as caught:
        await waiting
    assert caught.value.result == result


async def test_answers_that_nobody_asked_for_change_nothing(worker: Played, client: EffectsClient) -> None:
    await client.open(64, 48, 30)
    waiting = asyncio.create_task(client.beautify(picture(1), BEAUTY))
    frame = await worker.submitted(1)
    for sequence, slot in ((0, 0), (2, frame.slot), (1, frame.slot + 1), (1, 2**32 - 1), (2**64 - 1, 0)):
        await worker.answer(FrameSubmitted(sequence=sequence, slot=slot), FRAME_RESULT_DONE)
    await worker.answer(frame, FRAME_RESULT_UNSPECIFIED)
    await worker.raw(b"\xff\xff")
    await worker.raw(b"")
    await worker.answer(frame, FRAME_RESULT_SUPERSEDED)
    with pytest.raises(FrameRefused):
        await waiting


async def test_slots_are_not_used_again_before_their_answer(bus: Bus, worker: Played, tmp_path: Path) -> None:
    client = EffectsClient(bus, IDENTITY, tmp_path, "relay-a-1", deadline_ms=20)
    await client.open(64, 48, 30)
    for _ in range(3):
        with pytest.raises(FrameLate):
            await client.beautify(picture(1), BEAUTY)
    await worker.submitted(3)
    frames = [item.frame for item in worker.told.items]
    assert sorted(frame.slot for frame in frames) == [0, 1, 2]
    await worker.answer(frames[1], FRAME_RESULT_DONE)
    await worker.bus.flush()
    await bus.flush()  # what comes back to the client comes after the answer
    with pytest.raises(FrameLate):
        await client.beautify(picture(1), BEAUTY)
    assert (await worker.submitted(4)).slot == frames[1].slot
    with pytest.raises(WorkerGone, match="silent"):
        await client.beautify(picture(1), BEAUTY)
    with pytest.raises(WorkerGone, match="silent"):
        await client.beautify(picture(1), BEAUTY)
    await client.open(64, 48, 30)
    with pytest.raises(FrameLate):
        await client.beautify(picture(1), BEAUTY)
    await client.close()


async def test_answers_of_a_former_opening_reach_nobody(worker: Played, client: EffectsClient) -> None:
    await client.open(64, 48, 30)
    former = worker.asked[-1].stream_token
    await client.open(64, 48, 30)
    waiting = asyncio.create_task(client.beautify(picture(1), BEAUTY))
    frame = await worker.submitted(1)
    await worker.answer(frame, FRAME_RESULT_FAILED, former)
    await worker.bus.flush()
    await worker.answer(frame, FRAME_RESULT_DONE)
    await waiting


@pytest.mark.parametrize(("reason", "problem"), [(GONE_REASON_UNKNOWN, "unknown"), (GONE_REASON_STOPPING, "stopping")])
async def test_a_worker_that_sends_it_away_is_gone_in_the_middle_of_a_frame(
    worker: Played, client: EffectsClient, reason: "GoneReason.ValueType", problem: str
) -> None:
    await client.open(64, 48, 30)
    waiting = asyncio.create_task(client.beautify(picture(1), BEAUTY))
    await worker.submitted(1)
    await worker.gone(reason)
    with pytest.raises(WorkerGone, match=problem):
        await waiting
    with pytest.raises(WorkerGone, match=problem):
        await client.beautify(picture(1), BEAUTY)
    await client.open(64, 48, 30)


async def test_closing_ends_a_frame_under_way(worker: Played, client: EffectsClient) -> None:
    await client.open(64, 48, 30)
    waiting = asyncio.create_task(client.beautify(picture(1), BEAUTY))
    await worker.submitted(1)
    await client.close()
    with pytest.raises(WorkerGone, match="closed"):
        await waiting
    with pytest.raises(WorkerGone, match="closed"):
        await client.beautify(picture(1), BEAUTY)


async def test_without_a_worker_it_is_told_at_once_and_nothing_is_left(client: EffectsClient, tmp_path: Path) -> None:
    with pytest.raises(NobodyServes):
        await client.open(64, 48, 30)
    assert is_empty(tmp_path)


async def test_a_full_worker_is_asked_three_times_more(worker: Played, client: EffectsClient, tmp_path: Path) -> None:
    worker.refuse = [EffectsFull(worker_id="played")] * 3
    assert await client.open(64, 48, 30) == "played"
    assert len(worker.asked) == 4
    worker.refuse = [EffectsFull(worker_id="played")] * 5
    with pytest.raises(EffectsFull):
        await client.open(64, 48, 30)
    assert len(worker.asked) == 8
    assert is_empty(tmp_path)


async def test_a_worker_out_of_reach_is_told(worker: Played, client: EffectsClient, tmp_path: Path) -> None:
    worker.refuse = [FramesUnreachable(worker_id="played")]
    with pytest.raises(FramesUnreachable):
        await client.open(64, 48, 30)
    assert is_empty(tmp_path)


async def test_a_worker_that_does_not_answer_costs_one_second(
    bus: Bus, make_bus: MakeBus, client: EffectsClient, tmp_path: Path
) -> None:
    async def hang(request: OpenFrames, context: RequestContext) -> FramesOpened:
        await asyncio.Event().wait()
        raise AssertionError

    await (await make_bus()).serve(command("effects", "open"), OpenFrames, hang, queue="effects")
    with pytest.raises(RequestTimedOut):
        await client.open(64, 48, 30)
    assert is_empty(tmp_path)


async def test_without_room_for_a_ring_a_connection_is_asked_for(bus: Bus, worker: Played, tmp_path: Path) -> None:
    client = EffectsClient(bus, IDENTITY, tmp_path / "none", "relay-a-1")
    worker.refuse = [FramesUnreachable(worker_id="played")]
    with pytest.raises(FramesUnreachable):
        await client.open(64, 48, 30)
    assert not worker.asked[0].HasField("ring")
    with pytest.raises(FramesUnreachable):  # it answers as if there were a ring
        await client.open(64, 48, 30)


async def test_a_larger_picture_is_late_until_it_is_opened_anew(worker: Played, client: EffectsClient) -> None:
    await client.open(64, 48, 30)
    waiting = asyncio.create_task(client.beautify(picture(1, 128, 96), BEAUTY))
    frame = await worker.submitted(1)
    assert (frame.width, frame.height) == (128, 96)
    assert [(asked.width, asked.height) for asked in worker.asked] == [(64, 48), (128, 96)]
    await worker.answer(frame, FRAME_RESULT_DONE)
    assert (await waiting).width == 128


async def test_a_larger_picture_that_nobody_takes_is_a_worker_gone(worker: Played, client: EffectsClient) -> None:
    await client.open(64, 48, 30)
    worker.refuse = [FramesUnreachable(worker_id="played")]
    with pytest.raises(WorkerGone, match="reopen-failed"):
        await client.beautify(picture(1, 128, 96), BEAUTY)
    with pytest.raises(WorkerGone, match="closed"):
        await client.beautify(picture(1, 128, 96), BEAUTY)


async def test_losing_nats_is_a_worker_gone(own_nats_server: NatsServer, tmp_path: Path) -> None:
    folder = tmp_path / "rings"
    folder.mkdir()
    bus = await Bus.connect(own_nats_server.settings, Identity.start("relay", "a"))
    played = Played(await Bus.connect(own_nats_server.settings, Identity.start("effects", "b")), folder)
    await played.start()
    client = EffectsClient(bus, IDENTITY, folder, "relay-a-1", deadline_ms=5000)
    await client.open(64, 48, 30)
    lost = asyncio.Event()
    bus.on_connection(lambda up: None if up else lost.set())
    own_nats_server.kill()
    await asyncio.wait_for(lost.wait(), 10)
    with pytest.raises(WorkerGone, match="bus-lost"):
        await client.beautify(picture(1), BEAUTY)
    with pytest.raises(BusUnavailable):
        await client.open(64, 48, 30)
    assert is_empty(folder)
    await client.close()
    await bus.close(0.2)
    await played.bus.close(0.2)
