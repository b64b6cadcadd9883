"""Beauty: what an app asks for a stream, and what becomes of it."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from salon.effects.v1.effects_pb2 import Beauty
from salon.room.v1 import signal_pb2 as pb
from salon_contracts.beauty import check_beauty

from salon_sdk.errors import EngineError, ErrorCode


@dataclass(frozen=True, slots=True)
class BeautyEffectError:
    stream_id: str
    error_code: int
    """1103075: the viewers get the original although beauty is on; 0: they get the beautified picture again."""
    extended_data: str
    """JSON: `{"reason": …}` with no-worker, full, too-slow, transcoder or no-video."""


class RoomRequests(Protocol):
    async def request(self, message: pb.ClientMessage) -> pb.Reply: ...


def stream_effects(*, enable: bool, smooth: float, whiten: float, rosy: float, sharpen: float) -> pb.StreamEffects:
    """What the room is told. Raises InvalidField."""
    check_beauty(Beauty(smooth=smooth, whiten=whiten, rosy=rosy, sharpen=sharpen))
    return pb.StreamEffects(
        enabled=enable,
        smooth_intensity=smooth,
        whiten_intensity=whiten,
        rosy_intensity=rosy,
        sharpen_intensity=sharpen,
    )


class PublishedBeauty:
    """The beauty of one stream that is being published. What is wanted goes along whenever it is published."""

    def __init__(self, stream_id: str, wanted: pb.StreamEffects | None) -> None:
        self.stream_id = stream_id
        self.wanted = wanted
        self._sending = asyncio.Lock()
        self._sent: pb.StreamEffects | None = None
        self._request: asyncio.Task[pb.Reply] | None = None
        self._has_ended = False
        self._problem = ""
        self._version = 0
        """Of the newest wish that something is known of."""

    async def send(self, room: RoomRequests, tell: Callable[[BeautyEffectError], None]) -> bool:
        """False: the viewers get the original for now. Of several at once only the first and the newest are sent.
        Raises EngineError."""
        async with self._sending:
            while self.wanted is not None and self._sent is not self.wanted:
                sent = self.wanted
                try:
                    reply = await self._ask(room, sent)
                except EngineError as error:
                    if self._has_ended:
                        raise
                    if error.error_code == ErrorCode.SOCKET_CLOSED:
                        continue  # on the next connection: asking twice is asking once
                    if error.error_code == ErrorCode.NOT_PUBLISHING:
                        return True  # not yet, or not at this moment: it goes along when its turn comes
                    raise
                self._sent = sent
                self.changed(reply.effects_set, tell)
            return not self._problem

    def publishing(self) -> None:
        """It is published, perhaps in another session of the room, where wishes are counted anew."""
        self._version = 0

    def changed(self, said: pb.EffectsSet | pb.EffectsStateChanged, tell: Callable[[BeautyEffectError], None]) -> None:
        """What the viewers get. Told are problems that are new, and that they are over."""
        if 0 < said.version < self._version:
            return
        self._version = said.version or self._version
        before, self._problem = self._problem, ""
        if said.state == pb.STREAM_EFFECTS_STATE_UNAVAILABLE:
            self._problem = said.problem or "unknown"
            if self._problem != before:
                data = json.dumps({"reason": self._problem})
                tell(BeautyEffectError(self.stream_id, int(ErrorCode.BEAUTY_OVERLOAD), data))
        elif said.state == pb.STREAM_EFFECTS_STATE_ON and before:
            tell(BeautyEffectError(self.stream_id, int(ErrorCode.OK), ""))

    def end(self) -> None:
        """The stream is not published any more: whoever waits is told so."""
        self._has_ended = True
        if self._request is not None:
            self._request.cancel()

    async def _ask(self, room: RoomRequests, effects: pb.StreamEffects) -> pb.Reply:
        message = pb.ClientMessage(set_effects=pb.SetEffects(stream_id=self.stream_id, effects=effects))
        if self._has_ended:
            raise self._not_published()
        self._request = asyncio.create_task(room.request(message), name="salon-set-effects")
        try:
            return await self._request
        except asyncio.CancelledError:
            if self._has_ended and self._request.cancelled():
                raise self._not_published() from None
            raise
        finally:
            self._request = None

    def _not_published(self) -> EngineError:
        problem = f"Stream {self.stream_id!r} is not being published any more."
        return EngineError.because(ErrorCode.NOT_PUBLISHING, problem)
