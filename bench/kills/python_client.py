"""A client of the call with the Python SDK, in this process."""

import asyncio
import contextlib
import itertools
from collections.abc import Coroutine
from typing import Any, Self

from salon_sdk import EngineError, LocalStream, PatternVideo, PlayedStream, SalonEngine, StreamInfo, ToneAudio, User

from bench.kills.record import Record, now_ms
from tests.system.cloud import Cloud

SEND_EVERY_S = 0.1
"""What waits for the connection goes out as soon as that is back, so this does not blur what is measured."""


class PythonClient:
    def __init__(self, cloud: Cloud, room_id: str, user_id: str) -> None:
        self.record = Record(user_id)
        self._cloud = cloud
        self._room_id = room_id
        self._engine = SalonEngine(cloud.app_id, cloud.ws_url())
        self._tasks: set[asyncio.Task[None]] = set()

    async def enter(self) -> Self:
        record, engine = self.record, self._engine
        engine.on("room_user_update", self._users_changed)
        engine.on("room_stream_update", self._streams_changed)
        engine.on("im_recv_custom_command", lambda _room, _user, text: record.received.append((int(text), now_ms())))
        await engine.login_room(self._room_id, self._cloud.mint(record.name), record.name, user_update=True)
        await engine.start_publishing_stream(
            f"{record.name}-camera", LocalStream(ToneAudio(), PatternVideo(320, 180, 15))
        )
        return self

    async def face(self, other: str) -> None:
        """Plays the other one's stream and begins to send."""
        played = await self._engine.start_playing_stream(f"{other}-camera")
        self._spawn(self._watch(played))
        self._spawn(self._send(other))

    async def update(self) -> None:
        """The record is always up to date."""

    async def leave(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._engine.close()

    async def _send(self, other: str) -> None:
        for number in itertools.count(1):
            self._spawn(self._send_one(other, number))
            await asyncio.sleep(SEND_EVERY_S)

    async def _send_one(self, other: str, number: int) -> None:
        self.record.sent[number] = now_ms()
        try:
            await self._engine.send_custom_command(self._room_id, str(number), [other])
            self.record.acknowledged.add(number)
        except EngineError as error:
            self.record.refused[error.error_code] += 1

    async def _watch(self, played: PlayedStream) -> None:
        assert played.video is not None  # the other one publishes a picture
        while True:
            await played.video.recv()
            self.record.frames.append(now_ms())

    def _users_changed(self, _room_id: str, update: str, users: list[User]) -> None:
        self.record.changed("user", update, [user.user_id for user in users])

    def _streams_changed(self, _room_id: str, update: str, streams: list[StreamInfo], _: str) -> None:
        self.record.changed("stream", update, [stream.stream_id for stream in streams])

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def log_in_anew(cloud: Cloud, room_id: str, user_id: str) -> float:
    """When somebody who comes while the service is away was let in. Leaves again."""
    while True:
        async with SalonEngine(cloud.app_id, cloud.ws_url()) as engine:
            with contextlib.suppress(EngineError):
                await engine.login_room(room_id, cloud.mint(user_id), user_id)
                return now_ms()
