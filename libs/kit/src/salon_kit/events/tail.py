"""Follows what happens under a changing list of filters.

    tail = EventTail(bus, on_event)
    await tail.start()
    position = await tail.follow(room_session_events(app, room, session))
    snapshot = await events.snapshot(room_session_state(app, room, session), at_least_sequence=position)
    # apply the snapshot, then every event handed to on_event with a sequence above snapshot.through_sequence

Behind it are a few consumers ("shards") with many filters each. All filters of a room are in one shard, which keeps a
room's events in order; a new room goes to the emptiest shard, and a new shard is opened when all are full. Filters of
different rooms have no subject in common, so that what contains what is only asked within a room.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable, Sequence

from salon_contracts.errors import BusUnavailable
from salon_contracts.subjects import EVENTS_STREAM

from salon_kit.bus import Bus
from salon_kit.events.filters import RoomFilters, crosses, room_of
from salon_kit.events.stream import StoredEvent, stored_event
from salon_kit.jetstream import JetStream, RawMessage
from salon_kit.jetstream.ordered_consumer import Deliver, OrderedConsumer
from salon_kit.log import get_logger
from salon_kit.metrics import TAIL_EVENTS
from salon_kit.trace import caused_by

log = get_logger()

EventCallback = Callable[[StoredEvent], Awaitable[None]]

FILTERS_PER_SHARD = 50
"""The server compares each filter of a consumer with each other at every change: 0.5 ms with 50, 3.6 ms with 200."""
MAX_SHARDS = 64
UNFOLLOW_DELAY_S = 0.05
"""A filter less is not urgent: it waits for the next change, or so long, and delays nobody who follows."""
RETRY_S = 0.1


class EventTail:
    """Hands events to one callback, one at a time, in stream order within a room, none lost and none twice.

    Unknown event types come with `message=None`. Just after `follow`, events older than the call may come as well: take
    only those above the sequence already applied. Just after `unfollow`, some more may come.
    The callback should only hand over: while it runs nothing else is delivered. What it raises is logged and counted.
    It works for the event: what it appends, and the tasks it creates, name that one as their cause.
    """

    def __init__(self, bus: Bus, on_event: EventCallback, *, heartbeat_s: float = 1.0) -> None:
        self._jetstream = bus.jetstream
        self._on_event = on_event
        self._heartbeat_s = heartbeat_s
        self._one_at_a_time = asyncio.Lock()
        self._shards: list[_Shard] = []
        self._homes: dict[str, _Shard] = {}
        """Which shard a room is in, by the beginning of its filters."""
        self._started = False

    async def start(self) -> None:
        """From now on `follow` may be called."""
        self._started = True

    async def follow(self, *filters: str, timeout_s: float = 5.0) -> int:
        """Returns once every later event under `filters` is certain to be delivered: the stream sequence above which.

        Following a filter n times needs n unfollows. Calls that come while an update is on its way share the next one.
        ValueError: a filter does not name its app and room (`salon.evt.v1.<app>.<room>.…`), or crosses another one
        (subjects in common, and neither contains the other). BusUnavailable: not followed.
        """
        if not self._started:
            raise RuntimeError("the tail is not started, or closed")
        self._check(filters)
        waiting = [self._home(subject_filter).add(subject_filter) for subject_filter in filters]
        try:
            async with asyncio.timeout(timeout_s):
                return max(await asyncio.gather(*waiting), default=0)
        except TimeoutError:
            self.unfollow(*filters)
            raise BusUnavailable() from None
        except BaseException:
            self.unfollow(*filters)
            raise

    def unfollow(self, *filters: str) -> None:
        """The opposite; takes effect soon."""
        for subject_filter in filters:
            room = room_of(subject_filter)
            shard = self._homes.get(room)
            if shard is None:
                continue
            shard.remove(subject_filter)
            if not shard.follows(room):
                del self._homes[room]

    async def close(self) -> None:
        """Stops and forgets everything. Idempotent."""
        self._started = False
        shards, self._shards = self._shards, []
        self._homes.clear()
        await asyncio.gather(*(shard.close() for shard in shards))

    def _home(self, subject_filter: str) -> "_Shard":
        room = room_of(subject_filter)
        home = self._homes.get(room)
        if home is None:
            home = min(self._shards, key=lambda shard: shard.filter_count, default=None)
            if home is None or (home.filter_count >= FILTERS_PER_SHARD and len(self._shards) < MAX_SHARDS):
                home = _Shard(self._jetstream, self._deliver, self._heartbeat_s)
                self._shards.append(home)
            self._homes[room] = home
        return home

    def _check(self, filters: Sequence[str]) -> None:
        for subject_filter in filters:
            parts = subject_filter.split(".")
            if len(parts) < 6 or "*" in parts[:5] or ">" in parts[:5]:
                raise ValueError(f"not a filter within one room: {subject_filter!r}")
            room = room_of(subject_filter)
            shard = self._homes.get(room)
            for other in (*filters, *(() if shard is None else shard.followed(room))):
                if crosses(subject_filter, other):
                    raise ValueError(f"filters cross: {subject_filter} and {other}")

    async def _deliver(self, raw: RawMessage) -> None:
        event = stored_event(raw)
        if event is None:
            return
        async with self._one_at_a_time:
            try:
                with caused_by(event.envelope.id, event.envelope.traceparent):
                    await self._on_event(event)
            except Exception as error:
                TAIL_EVENTS.labels(result="failed").inc()
                log.exception("event-callback-failed", sequence=event.sequence, err_code=type(error).__name__)
            else:
                TAIL_EVENTS.labels(result="ok").inc()


class _Shard:
    """One consumer and the filters it is for."""

    def __init__(self, jetstream: JetStream, deliver: Deliver, heartbeat_s: float) -> None:
        self.filter_count = 0
        self._rooms: dict[str, RoomFilters] = {}
        self._jetstream = jetstream
        self._deliver = deliver
        self._heartbeat_s = heartbeat_s
        self._reader: OrderedConsumer | None = None
        self._confirmed: dict[str, int] = {}
        """Filters the consumer is known to have, and the position above which each is complete."""
        self._waiting: dict[str, list[asyncio.Future[int]]] = {}
        self._changed = asyncio.Event()
        self._task = asyncio.create_task(self._apply_changes(), name="tail filters")

    def follows(self, room: str) -> bool:
        return room in self._rooms

    def followed(self, room: str) -> Iterable[str]:
        filters = self._rooms.get(room)
        return () if filters is None else filters.counts

    def add(self, subject_filter: str) -> "asyncio.Future[int]":
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        if self._rooms.setdefault(room_of(subject_filter), RoomFilters()).add(subject_filter):
            self.filter_count += 1
        position = self._confirmed.get(subject_filter)
        if position is not None:
            future.set_result(position)
        else:
            self._waiting.setdefault(subject_filter, []).append(future)
            self._changed.set()
        return future

    def remove(self, subject_filter: str) -> None:
        room = room_of(subject_filter)
        filters = self._rooms[room]
        if filters.remove(subject_filter):
            self.filter_count -= 1
            if not filters.counts:
                del self._rooms[room]
            # Followed again before the change is made, it must be confirmed again: the change may be on its way.
            self._confirmed.pop(subject_filter, None)
            asyncio.get_running_loop().call_later(UNFOLLOW_DELAY_S, self._changed.set)

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        for futures in self._waiting.values():
            for future in futures:
                future.cancel()
        if self._reader is not None:
            await self._reader.close()

    async def _apply_changes(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            try:
                await self._apply()
            except BusUnavailable:
                self._changed.set()
                await asyncio.sleep(RETRY_S)

    async def _apply(self) -> None:
        wire = [outer for filters in self._rooms.values() for outer in filters.outermost]
        if not wire:
            reader, self._reader = self._reader, None
            self._confirmed.clear()
            self._waiting.clear()  # of callers who have given up
            if reader is not None:
                await reader.close()
            return
        if self._reader is None:
            self._reader = OrderedConsumer(self._jetstream, EVENTS_STREAM, self._deliver, heartbeat_s=self._heartbeat_s)
        asked, self._waiting = self._waiting, {}
        if not asked and wire == list(self._reader.filters):
            return
        try:
            position = await self._reader.set_filters(wire)
        except BaseException:
            for name, futures in asked.items():
                self._waiting.setdefault(name, []).extend(futures)
            raise
        for name, futures in asked.items():
            if name in self.followed(room_of(name)):
                self._confirmed.setdefault(name, position)
            for future in futures:
                with contextlib.suppress(asyncio.InvalidStateError):
                    future.set_result(position)
