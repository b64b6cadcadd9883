"""The rooms this instance follows: found, opened, kept while somebody here needs them.

async with rooms.following(key) as view:
    await view.carry_out(lambda: decisions.log_out(view.state, ...))
    await view.reconciler.reconcile()
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

from salon.room.v1.events_pb2 import RoomClosed, RoomOpened
from salon_contracts.errors import SalonError
from salon_contracts.ids import AppId, RoomId, RoomSessionId, UserId, new_id
from salon_contracts.subjects import room_entity, room_events, room_session_state
from salon_kit.bus import Bus
from salon_kit.events import Events, EventTail, StoredEvent

from salon_room import metrics
from salon_room.background import Spawn
from salon_room.core import decisions
from salon_room.core.facts import Fact
from salon_room.core.placement import RelayLost
from salon_room.core.room_state import RoomState
from salon_room.views.reconciler import StreamReleased
from salon_room.views.room_view import RoomKey, RoomView


class Rooms:
    def __init__(
        self,
        bus: Bus,
        events: Events,
        spawn: Spawn,
        random: Random,
        relay_lost: RelayLost,
        stream_removed: StreamReleased,
        *,
        linger_s: float,
    ) -> None:
        self._events = events
        self._spawn = spawn
        self._random = random
        self._relay_lost = relay_lost
        self._stream_removed = stream_removed
        self._linger_s = linger_s
        self._tail = EventTail(bus, self._on_event)
        self._known_through = 0
        self._views: dict[RoomKey, RoomView] = {}
        self._by_room: dict[tuple[AppId, RoomId], list[RoomView]] = {}

    async def start(self) -> None:
        await self._tail.start()

    async def close(self) -> None:
        await self._tail.close()

    def views(self) -> list[RoomView]:
        return [view for view in self._views.values() if view.ready.done()]

    def others_of(self, app_id: AppId, user_id: UserId) -> int:
        """Other users of the app in the rooms that are followed, whichever instance they are at."""
        views = (view for view in self._views.values() if view.key.app_id == app_id)
        return sum(len(view.state.members) - (user_id in view.state.members) for view in views)

    def streams_of(self, app_id: AppId) -> int:
        """In the rooms that are followed."""
        return sum(len(view.state.streams) for view in self._views.values() if view.key.app_id == app_id)

    # ---- following ----

    async def acquire(self, key: RoomKey) -> RoomView:
        """The view, to be given back with `release`. A new one is as fresh as the stream; one that is followed already
        may be a moment behind: use its `catch_up` or `wait_through`."""
        view = self._views.get(key)
        if view is None:
            view = RoomView(key, self._events, self._spawn, self._random, self._relay_lost, self._stream_removed)
            self._views[key] = view
            self._by_room.setdefault((key.app_id, key.room_id), []).append(view)
            metrics.VIEWS.set(len(self._views))
            self._spawn("load-room", self._load(view))
        view.users += 1
        try:
            await asyncio.shield(view.ready)
        except BaseException:
            self.release(view)
            raise
        return view

    async def _load(self, view: RoomView) -> None:
        """On its own, so that a client that goes away does not stop it for others."""
        # One filter for all sessions of a room and the room itself: a session that follows another needs no new one.
        subject = room_events(view.key.app_id, view.key.room_id)
        followed = False
        try:
            position = await self._tail.follow(subject)
            followed = True
            # What was handed over before this view was there to take it has to be in its snapshot.
            await view.load(max(position, self._known_through))
        except BaseException as error:
            self._forget(view)
            if followed:
                self._tail.unfollow(subject)
            view.ready.set_exception(error if isinstance(error, SalonError) else SalonError())
            view.ready.exception()  # whoever waited may be gone
            if not isinstance(error, SalonError):
                raise

    def release(self, view: RoomView) -> None:
        view.users -= 1
        if view.users == 0 and self._views.get(view.key) is view:
            asyncio.get_running_loop().call_later(self._linger_s, self._drop_if_unused, view)

    @asynccontextmanager
    async def following(self, key: RoomKey) -> AsyncIterator[RoomView]:
        view = await self.acquire(key)
        try:
            yield view
        finally:
            self.release(view)

    def _drop_if_unused(self, view: RoomView) -> None:
        if view.users > 0 or self._views.get(view.key) is not view:
            return
        if not view.ready.done():
            # Whoever waited has given up; what is being loaded has not, and cleans up after itself if it fails.
            view.ready.add_done_callback(lambda _: self._drop_if_unused(view))
            return
        if view.reconciler.is_under_way:
            asyncio.get_running_loop().call_later(self._linger_s, self._drop_if_unused, view)
            return
        self._forget(view)
        self._tail.unfollow(room_events(view.key.app_id, view.key.room_id))

    def _forget(self, view: RoomView) -> None:
        del self._views[view.key]
        same_room = self._by_room[view.key.app_id, view.key.room_id]
        same_room.remove(view)
        if not same_room:
            del self._by_room[view.key.app_id, view.key.room_id]
        metrics.VIEWS.set(len(self._views))

    async def _on_event(self, event: StoredEvent) -> None:
        entity = event.entity
        self._known_through = max(self._known_through, event.sequence)
        if entity.room_id is None:
            return
        for view in list(self._by_room.get((entity.app_id, entity.room_id), ())):
            if entity.room_session_id is None or entity.room_session_id == view.key.room_session_id:
                view.on_event(event)

    # ---- which session of a room is the present one ----

    async def present_session(self, app_id: AppId, room_id: RoomId, *, fresh: bool = False) -> RoomKey | None:
        """None: the room is not open."""
        last = await self._events.last(room_entity(app_id, room_id), from_leader=fresh)
        if last is None or not isinstance(last.message, RoomOpened):
            return None
        return RoomKey(app_id, room_id, RoomSessionId(last.message.room_session_id))

    async def find_or_open(
        self, app_id: AppId, room_id: RoomId, user_id: UserId, max_member_count: int, *, fresh: bool
    ) -> RoomKey:
        """The present session; a new one if the room is closed, unless it was closed over somebody's head. Conflict:
        somebody else was faster, ask again with `fresh`. What is followed already is not asked for, unless `fresh`."""
        followed = None if fresh else self._followed_session(app_id, room_id)
        if followed is not None:
            return followed
        entity = room_entity(app_id, room_id)
        last = await self._events.last(entity, from_leader=fresh)
        if last is not None and isinstance(last.message, RoomOpened):
            return RoomKey(app_id, room_id, RoomSessionId(last.message.room_session_id))
        state = RoomState(app_id, room_id, RoomSessionId(""))
        if last is not None and isinstance(last.message, RoomClosed):
            state = RoomState(app_id, room_id, RoomSessionId(last.message.room_session_id))
            state.apply(Fact(last.sequence, last.entity, last.message))
            await self._fold_members(state)
        appends = decisions.reopen(state)
        if not appends:
            now_ms = time.time_ns() // 1_000_000
            new_session = RoomSessionId(new_id("rs"))
            appends = decisions.open_room(state, new_session, max_member_count, user_id, now_ms)
        for append in appends:
            await self._events.append(append.entity, append.event, expected_sequence=append.expected_sequence)
        opened = appends[-1].event
        if not isinstance(opened, RoomOpened):
            raise TypeError("a room is opened by RoomOpened")
        return RoomKey(app_id, room_id, RoomSessionId(opened.room_session_id))

    def _followed_session(self, app_id: AppId, room_id: RoomId) -> RoomKey | None:
        """The session that is open as far as this instance knows; the order of the stream says whether it still is."""
        views = self._by_room.get((app_id, room_id), ())
        return next((view.key for view in views if view.ready.done() and view.state.is_open), None)

    async def _fold_members(self, state: RoomState) -> None:
        filters = room_session_state(state.app_id, state.room_id, state.room_session_id)
        for event in (await self._events.snapshot(filters)).events:
            if event.message is not None:
                state.apply(Fact(event.sequence, event.entity, event.message))
