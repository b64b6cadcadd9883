"""A call of two: one speaks and shows a small picture, the other counts packets and the pauses between them."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

from aiortc.jitterbuffer import JitterBuffer
from aiortc.rtp import RtpPacket
from salon_sdk import SalonEngine
from salon_sdk.media import LocalStream, PatternVideo, ToneAudio

from bench.abuse.observer import Config, main, serve

FIRST_PACKETS_S = 20.0


@dataclass
class Received:
    """RTP of one SSRC, as it comes: what was lost for good is a hole between the lowest and the highest number."""

    last_s: float = 0.0
    longest_s: float = 0.0
    first: int = -1
    highest: int = -1
    numbers: set[int] = field(default_factory=set)

    def add(self, sequence_number: int, now_s: float) -> None:
        if self.last_s:
            self.longest_s = max(self.longest_s, now_s - self.last_s)
        self.last_s = now_s
        number = self._extended(sequence_number)
        if self.first < 0:
            self.first = number
        self.highest = max(self.highest, number)
        self.numbers.add(number)

    def mark(self) -> None:
        self.longest_s, self.first, self.numbers = 0.0, self.highest + 1, set()

    def gap_s(self) -> float:
        return max(self.longest_s, time.monotonic() - self.last_s)

    @property
    def lost(self) -> int:
        wanted = self.highest - self.first + 1
        return max(0, wanted - sum(1 for number in self.numbers if number >= self.first))

    def _extended(self, sequence_number: int) -> int:
        if self.highest < 0:
            return sequence_number
        distance = (sequence_number - self.highest) & 0xFFFF
        return self.highest + (distance if distance < 0x8000 else distance - 0x10000)


class Call:
    def __init__(self) -> None:
        self.received: dict[str, dict[int, Received]] = {"audio": {}, "video": {}}
        self.states: list[str] = []
        self.removed = 0

    def watch_packets(self) -> None:
        """aiortc shows no packets to an app; its jitter buffer sees each, repaired ones included."""
        add, known = JitterBuffer.add, self.received

        def counted(buffer: JitterBuffer, packet: RtpPacket) -> Any:
            kind = "video" if buffer._is_video else "audio"
            known[kind].setdefault(packet.ssrc, Received()).add(packet.sequence_number, time.monotonic())
            return add(buffer, packet)

        setattr(JitterBuffer, "add", counted)  # noqa: B010  # a method, to mypy

    async def first_packets(self) -> None:
        async with asyncio.timeout(FIRST_PACKETS_S):
            while not all(self.received.values()):  # noqa: ASYNC110  # the jitter buffer tells nobody
                await asyncio.sleep(0.05)

    def mark(self) -> None:
        self.states.clear()
        self.removed = 0
        for each in self._all():
            each.mark()

    def streams_changed(self, _room_id: str, how: str, *_: object) -> None:
        if how == "DELETE":
            self.removed += 1

    def report(self) -> dict[str, float]:
        gaps = {
            kind: min((each.gap_s() for each in found.values()), default=99.0) for kind, found in self.received.items()
        }
        return {
            "sound_gap_ms": round(gaps["audio"] * 1000),
            "picture_gap_ms": round(gaps["video"] * 1000),
            "packets_lost": sum(each.lost for each in self._all()),
            "call_interrupted": len(self.states),
            "streams_removed": self.removed,
        }

    def _all(self) -> list[Received]:
        return [each for found in self.received.values() for each in found.values()]


async def run(config: Config) -> None:
    call = Call()
    call.watch_packets()
    server, app_id = config["server"], config["app_id"]
    async with SalonEngine(app_id, server) as speaker, SalonEngine(app_id, server) as listener:
        for engine in (speaker, listener):
            engine.on("room_state_changed", lambda _room, state, *_: call.states.append(str(state)))
        listener.on("room_stream_update", call.streams_changed)
        await speaker.login_room(config["room"], config["tokens"][0], config["users"][0])
        await listener.login_room(config["room"], config["tokens"][1], config["users"][1])
        stream = LocalStream(ToneAudio(), PatternVideo(320, 180, 15))
        await speaker.start_publishing_stream(config["stream"], stream)
        await listener.start_playing_stream(config["stream"])
        await call.first_packets()
        call.mark()
        await serve(call)


if __name__ == "__main__":
    main(run)
