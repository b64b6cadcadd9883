"""Appends that outlive a NATS outage, kept in memory.

For processes that cannot wait (the relay): `put` returns at once, appending goes on in the background until it is
acknowledged, in order per entity. What has not been acknowledged when the process dies is lost: the record then shows a
gap in the node sequence, and whoever notices the dead node says the rest.
"""

import asyncio
import time
from collections import deque
from dataclasses import dataclass

from google.protobuf.message import Message
from salon_contracts.errors import BusUnavailable
from salon_contracts.subjects import Entity

from salon_kit.events.stream import Events, check_kind
from salon_kit.log import get_logger
from salon_kit.metrics import OUTBOX_LOST, OUTBOX_WAITING
from salon_kit.trace import current_cause_id, current_traceparent

log = get_logger()

TRY_S = 10.0
RETRY_S = 0.2


@dataclass(frozen=True, slots=True)
class _Waiting:
    event_id: str
    entity: Entity
    message: Message
    cause_id: str | None
    traceparent: str | None
    happened_at_unix_ns: int


class Outbox:
    def __init__(self, events: Events, *, max_events: int = 10_000, max_in_flight: int = 64) -> None:
        self._identity = events.identity
        self._events = events
        self._max_events = max_events
        self._slots = asyncio.Semaphore(max_in_flight)
        self._lanes: dict[str, deque[_Waiting]] = {}
        """What waits, by entity; the first of a lane is in flight once `run` has begun."""
        self._started: set[str] = set()
        self._count = 0
        self._new = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()

    def put(self, entity: Entity, message: Message, *, cause_id: str | None = None) -> None:
        """Takes the event, whose cause is what this task works for unless given.

        BusUnavailable when `max_events` are waiting already: it is not taken, and counted.
        """
        if self._count >= self._max_events:
            OUTBOX_LOST.labels(reason="full").inc()
            log.error("outbox-full", subject=entity.subject, count=self._count)
            raise BusUnavailable()
        check_kind(entity, message)
        copy = type(message)()
        copy.CopyFrom(message)
        event_id = self._identity.event_id(self._identity.next_sequence())
        cause_id = cause_id or current_cause_id()
        item = _Waiting(event_id, entity, copy, cause_id, current_traceparent(), time.time_ns())
        self._lanes.setdefault(entity.subject, deque()).append(item)
        self._counted(1)
        self._new.set()

    @property
    def waiting(self) -> int:
        """Events not acknowledged yet."""
        return self._count

    async def flush(self, timeout_s: float = 5.0) -> int:
        """Waits until everything is acknowledged or the time is up; how many are left."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._empty.wait()
        except TimeoutError:
            log.error("outbox-not-empty", count=self._count)
        return self._count

    async def run(self) -> None:
        """Sends until cancelled; start it as a task of the service."""
        try:
            async with asyncio.TaskGroup() as lanes:
                while True:
                    await self._new.wait()
                    self._new.clear()
                    for subject in self._lanes.keys() - self._started:
                        self._started.add(subject)
                        lanes.create_task(self._send_lane(subject), name=f"outbox {subject}")
        finally:
            self._started.clear()
            self._new.set()  # what is left is sent by the next run

    async def _send_lane(self, subject: str) -> None:
        lane = self._lanes[subject]
        while lane:
            async with self._slots:
                await self._send(lane[0])
            lane.popleft()
            self._counted(-1)
        del self._lanes[subject]
        self._started.discard(subject)

    async def _send(self, item: _Waiting) -> None:
        while True:
            try:
                await self._events.append(
                    item.entity,
                    item.message,
                    cause_id=item.cause_id,
                    traceparent=item.traceparent,
                    event_id=item.event_id,
                    happened_at_unix_ns=item.happened_at_unix_ns,
                    timeout_s=TRY_S,
                )
            except BusUnavailable:
                await asyncio.sleep(RETRY_S)
            else:
                return

    def _counted(self, change: int) -> None:
        self._count += change
        OUTBOX_WAITING.set(self._count)
        if self._count:
            self._empty.clear()
        else:
            self._empty.set()
