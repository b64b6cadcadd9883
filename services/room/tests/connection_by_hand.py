"""A connection's core with a manual clock: no socket, no process, no bus."""

import json
from typing import Any

from google.protobuf.message import Message
from salon.room.v1.signal_pb2 import Answer, Done, MessageAccepted
from salon_contracts.errors import SalonError
from salon_room.core.connection.connection import Bounds, Connection
from salon_room.core.connection.inputs import Entry, Finished, FrameReceived, Input, Ticked
from salon_room.core.connection.outputs import Answered, Job, LetGo, Output, Start, Work
from salon_room.core.connection.serial_queue import QueueName
from salon_room.core.connection.verb import LOGOUT, Verb
from salon_room.core.limits import EFFECTS_PER_CONNECTION, OFFERS_PER_CONNECTION
from salon_room.error_codes import Asked

Json = dict[str, Any]
SECOND = 1_000_000_000
HELLO_TIMEOUT_S = 10
PRESENCE_TTL_S = 60


async def _never(log_in: str, request: Message) -> Message:
    raise AssertionError("a core calls no handler")


VERBS: dict[str, Verb[str]] = {
    "publish": Verb(_never, Asked.PUBLISH, rate=OFFERS_PER_CONNECTION),
    "play": Verb(_never, Asked.PLAY, rate=OFFERS_PER_CONNECTION),
    "send_message": Verb(_never, Asked.MESSAGE, queue=QueueName.MESSAGES),
    "set_effects": Verb(_never, Asked.EFFECTS, queue=QueueName.EFFECTS, rate=EFFECTS_PER_CONNECTION),
    LOGOUT: Verb(_never),
}
RESULTS: dict[str, Message] = {
    "publish": Answer(sdp="v=0"), "play": Answer(sdp="v=0"), "send_message": MessageAccepted(), LOGOUT: Done()
}  # fmt: skip
BODIES: dict[str, Json] = {
    "login": {"login": {"appId": 7, "roomId": "r", "userId": "u"}},
    "resume": {"resume": {"appId": 7, "userId": "u"}},
    "publish": {"publish": {"streamId": "cam"}},
    "play": {"play": {"streamId": "cam"}},
    "message": {"sendMessage": {"text": "hi"}},
    "effects": {"setEffects": {"streamId": "cam"}},
    "heartbeat": {"heartbeat": {}},
    "logout": {"logout": {}},
    "hello": {"hello": {"protocolVersions": [1]}},
}


class ByHand:
    """What came out, kept apart: jobs that were started, log-ins let go, everything, and the frames of the socket."""

    def __init__(self, *, queue_max_frames: int = 1000, reads: bool = True) -> None:
        bounds = Bounds(HELLO_TIMEOUT_S, PRESENCE_TTL_S, queue_max_frames, 1_000_000)
        self.now_ns = 0
        self.core = Connection(VERBS, bounds, 0)
        self.reads = reads
        self.jobs: list[Job[str]] = []
        self.let_go: list[LetGo[str]] = []
        self.outputs: list[Output[str]] = []
        self.frames: list[str] = []
        self._request_id = 0

    def apply(self, happened: Input[str]) -> None:
        for output in self.core.apply(happened, self.now_ns):
            if isinstance(output, Start):
                self.jobs.append(output.job)
            elif isinstance(output, LetGo):
                self.let_go.append(output)
            if not isinstance(output, Answered):
                self.outputs.append(output)
        if self.reads:
            self.read()

    def read(self, frames: int | None = None) -> None:
        while frames is None or frames > 0:
            frame = self.core.next_frame()
            if frame is None:
                return
            self.frames.append(frame)
            frames = None if frames is None else frames - 1

    def ask(self, *kinds: str) -> None:
        for kind in kinds:
            self._request_id += 1
            self.apply(FrameReceived(json.dumps({"requestId": self._request_id, **BODIES[kind]})))

    def finish(self, outcome: Message | Entry[str] | SalonError | None = None, kind: str | None = None) -> Job[str]:
        """The oldest job that is under way, or that of a kind, with what such a job gives."""
        job = next(each for each in self.jobs if kind is None or each.kind == kind)
        self.jobs.remove(job)
        self.apply(Finished(job, outcome or (RESULTS[job.kind] if job.work is Work.REQUEST else None)))
        return job

    def enter(self, *missed: str, kind: str = "login") -> None:
        """To a log-in named `me`."""
        self.ask("hello", kind)
        self.finish(Entry("me", '{"entered":1}', missed))
        self.frames.clear()

    def tick(self, now_ns: int) -> None:
        self.now_ns = now_ns
        self.apply(Ticked())

    @property
    def under_way(self) -> list[str]:
        return [job.kind or job.work.value for job in self.jobs]

    @property
    def replies(self) -> list[str]:
        """Of each reply the reason of its failure, or the name of its result."""
        found = []
        for frame in self.frames:
            reply = json.loads(frame).get("reply") if frame.startswith("{") else None
            if reply is not None:
                name = next(name for name in reply if name != "requestId")
                found.append(reply[name].get("reason", name))
        return found
