import asyncio
import random
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

from salon.room.v1.events_pb2 import UserLoggedIn
from salon_contracts.errors import BusUnavailable
from salon_contracts.ids import AppId, RoomId, RoomSessionId
from salon_kit.bus import Bus
from salon_kit.events import Events, Snapshot
from salon_room.views.room_view import RoomKey
from salon_room.views.rooms import Rooms

from .responders import APP


class Failing(Events):
    """Its first snapshot fails, when told to."""

    def __init__(self, bus: Bus) -> None:
        super().__init__(bus)
        self.asked, self.fail, self.done = asyncio.Event(), asyncio.Event(), False

    async def snapshot(self, *args: Any, **more: Any) -> Snapshot:
        if self.done:
            return await super().snapshot(*args, **more)
        self.done = True
        self.asked.set()
        await self.fail.wait()
        raise BusUnavailable


async def test_whoever_gave_up_waiting_leaves_nothing_behind(bus: Bus, events: Events) -> None:
    """The only one who needs a room goes while the room is being loaded, and the room lingers for no time at all."""
    tasks: list[asyncio.Task[None]] = []

    def spawn(name: str, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        tasks.append(asyncio.create_task(work, name=name))
        return tasks[-1]

    async def removed(*_: object) -> None: ...

    failing = Failing(bus)
    rooms = Rooms(bus, failing, spawn, random.Random(1), lambda *_: False, removed, linger_s=0.0)
    await rooms.start()
    first, second = (RoomKey(AppId(APP), RoomId("r"), RoomSessionId(session)) for session in ("rs_1", "rs_2"))
    waiting = asyncio.create_task(rooms.acquire(first))
    await failing.asked.wait()
    view = await rooms.acquire(second)
    waiting.cancel()
    with suppress(asyncio.CancelledError):
        await waiting
    await asyncio.sleep(0.01)  # longer than the room lingers
    failing.fail.set()
    await asyncio.wait(tasks, timeout=10.0)
    assert [task.exception() for task in tasks] == [None] * len(tasks)
    # Another session of the same room is followed still.
    sequence = await events.append(view.state.entity("user", "u"), UserLoggedIn(user_id="u", session_id="s"))
    await view.wait_through(sequence)
    rooms.release(view)
    await rooms.close()
