"""A stream by hand: says anything to a worker over NATS, and gathers what it answers."""

import secrets
from pathlib import Path
from typing import Self

from nats.aio.msg import Msg
from salon.effects.v1.effects_pb2 import Beauty, FramesOpened, FrameSubmitted, FromWorker, OpenFrames, ToWorker
from salon_contracts.ids import WorkerId
from salon_contracts.subjects import command, frames_to_relay, frames_to_worker
from salon_frames import I420, Ring
from salon_kit.bus import Bus
from salon_kit.testing import Gathered

NO_DEADLINE_MS = 1000


class RawStream:
    def __init__(self, bus: Bus, ring: Ring) -> None:
        self.bus = bus
        self.ring = ring
        self.token = secrets.token_hex(16)
        self.answers: Gathered[FromWorker] = Gathered()
        self.worker = WorkerId("")

    @classmethod
    async def open(cls, bus: Bus, folder: Path, width: int = 64, height: int = 48, slots: int = 4) -> Self:
        """Somebody serves already."""
        stream = cls(bus, Ring.create(folder, "raw", width, height, slots))
        await bus.subscribe(frames_to_relay(stream.token), stream._take)
        opened = await stream.ask(width, height)
        stream.worker = WorkerId(opened.worker_id)
        stream.ring.unlink()
        return stream

    async def ask(self, width: int, height: int) -> FramesOpened:
        asked = OpenFrames(
            stream_token=self.token, width=width, height=height, frames_per_s=30, ring=self.ring.spec, stream_id="raw"
        )
        return await self.bus.request(command("effects", "open"), asked, FramesOpened)

    async def send(self, data: bytes) -> None:
        await self.bus.publish(frames_to_worker(self.worker, self.token), data)

    async def submit(self, sequence: int, slot: int, width: int = 64, height: int = 48, **beauty: float) -> None:
        frame = FrameSubmitted(
            sequence=sequence,
            slot=slot,
            width=width,
            height=height,
            beauty=Beauty(**beauty),
            deadline_ms=NO_DEADLINE_MS,
        )
        await self.send(ToWorker(frame=frame).SerializeToString())

    async def results(self, count: int) -> dict[int, int]:
        """Sequence -> result, once there are so many answers."""
        answers = await self.answers.until(lambda items: len(items) >= count)
        return {answer.frame.sequence: answer.frame.result for answer in answers}

    async def works(self, sequence: int, frame: I420, expected: I420) -> None:
        """A frame goes round."""
        self.ring.input(0, frame.width, frame.height).copy_from(frame)
        await self.submit(sequence, 0, frame.width, frame.height)
        answers = await self.answers.until(lambda items: items[-1:] != [] and items[-1].frame.sequence == sequence)
        assert answers[-1].frame.result == 1, answers[-1]
        assert self.ring.output(0, frame.width, frame.height).equals(expected)

    async def _take(self, message: Msg) -> None:
        self.answers.add(FromWorker.FromString(message.data))
