"""Removes from the event stream what is old and not alive, a small batch at a time, oldest first.

Every instance does it; what one has removed the others do not meet. The walk is by sequence, so that its cost is that
of what is old, however many subjects there are.
"""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from salon.room.v1.events_pb2 import RoomClosed, RoomOpened
from salon_contracts.errors import BusUnavailable
from salon_contracts.ids import RoomSessionId
from salon_contracts.subjects import EVENTS_STREAM, EVENTS_SUBJECTS, PROBES, parse_event, room_entity
from salon_kit.bus import Bus
from salon_kit.events import stored_event
from salon_kit.jetstream import JetStreamError, RawMessage
from salon_kit.jetstream.fetch import read_once
from salon_kit.log import get_logger

from salon_room import metrics
from salon_room.core.retention import AnyRoom, OldEvent, RoomNow, purges, rooms_of

log = get_logger()

BATCH: Final = 500
TURN_PAUSE_S: Final = 0.5
PASS_PAUSE_S: Final = 60.0
PRESSED_PAUSE_S: Final = 0.02
PRESSED_PASS_PAUSE_S: Final = 5.0
"""Pauses between batches, and when everything that is old has been looked at; shorter while the stream is too full."""
FULL_SHARE: Final = 0.8
ENOUGH_SHARE: Final = 0.6
"""From there on things go sooner, until the stream is down to here."""
KEPT_AT_LEAST_S: Final = 600
"""However full the stream is."""
PROBES_KEPT: Final = 100
TIMEOUT_S: Final = 5.0
NANOSECONDS: Final = 1_000_000_000


def kept_at_least_s(presence_ttl_s: int) -> int:
    """Clients that resume read what they have missed. Who has been away for longer than his lease does not resume."""
    return max(KEPT_AT_LEAST_S, 2 * presence_ttl_s)


class Retention:
    """`kept_at_least_s`: nothing younger is removed, however full the stream is."""

    def __init__(self, bus: Bus, kept_at_least_s: int) -> None:
        self._bus = bus
        self._jetstream = bus.jetstream
        self._kept_at_least_s = kept_at_least_s
        self._max_age_s = bus.settings.events_max_age_s
        self._cursor = 0
        """Everything up to there has been looked at in this pass."""
        self._seen: set[str] = set()
        self._pressed = False
        self._failing = False

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            pause_s = PASS_PAUSE_S
            try:
                pause_s = await self.turn()
                self._failing = False
            except (BusUnavailable, JetStreamError) as error:
                if not self._failing:
                    log.warning("retention-interrupted", err_code=type(error).__name__, detail=str(error))
                self._failing = True
                pause_s = PRESSED_PASS_PAUSE_S
            await asyncio.sleep(pause_s)

    async def turn(self) -> float:
        """Looks at one batch. Seconds until the next turn; BusUnavailable or JetStreamError."""
        info = await self._jetstream.api(f"STREAM.INFO.{EVENTS_STREAM}", timeout_s=TIMEOUT_S)
        self._notice_pressure(info)
        age_s = self._kept_at_least_s if self._pressed else max(self._max_age_s, self._kept_at_least_s)
        if not self._pressed and not self._max_age_s:
            return self._end_pass()
        found = await read_once(
            self._jetstream,
            EVENTS_STREAM,
            [EVENTS_SUBJECTS],
            after_sequence=self._cursor,
            max_messages=BATCH,
            timeout_s=TIMEOUT_S,
        )
        before_ns = _now_ns(info) - age_s * NANOSECONDS
        old = [raw for raw in found if raw.stored_at_unix_ns < before_ns]
        await self._purge(old, before_ns)
        if len(old) < BATCH:
            question = {"filter": PROBES, "keep": PROBES_KEPT}
            await self._jetstream.api(f"STREAM.PURGE.{EVENTS_STREAM}", question, timeout_s=TIMEOUT_S)
            return self._end_pass()
        self._cursor = old[-1].sequence
        return PRESSED_PAUSE_S if self._pressed else TURN_PAUSE_S

    def _end_pass(self) -> float:
        self._cursor = 0
        self._seen.clear()
        return PRESSED_PASS_PAUSE_S if self._pressed else PASS_PAUSE_S

    def _notice_pressure(self, info: Mapping[str, Any]) -> None:
        limit, used = int(info["config"].get("max_bytes", -1)), int(info["state"]["bytes"])
        share = used / limit if limit > 0 else 0.0
        full = share > (ENOUGH_SHARE if self._pressed else FULL_SHARE)
        pressed = full or self._jetstream.storage.problem is not None
        if pressed != self._pressed:
            log.warning("events-removed-sooner" if pressed else "events-kept-longer", size_bytes=used)
            self._cursor = 0
            self._seen.clear()
        self._pressed = pressed

    async def _purge(self, old: list[RawMessage], before_ns: int) -> None:
        batch = [event for event in map(_old_event, old) if event is not None]
        rooms: dict[AnyRoom, RoomNow | None] = {}
        for room in rooms_of(batch):
            last = await self._jetstream.leader_last(EVENTS_STREAM, room_entity(*room).subject, timeout_s=TIMEOUT_S)
            if last is None:
                rooms[room] = None
            elif (now := _room_now(last, before_ns)) is not None:
                rooms[room] = now
        count = 0
        for purge in purges(batch, rooms, self._seen):
            count += await self._jetstream.purge(
                EVENTS_STREAM, purge.subject_filter, below=purge.below, timeout_s=TIMEOUT_S
            )
        if count:
            metrics.EVENTS_REMOVED.inc(count)
            log.info("events-removed", count=count)


def _old_event(raw: RawMessage) -> OldEvent | None:
    """None: not an event of ours, which is left alone."""
    try:
        return OldEvent(raw.sequence, parse_event(raw.subject), raw.headers.get("ce-type", ""))
    except ValueError:
        return None


def _room_now(last: RawMessage, before_ns: int) -> RoomNow | None:
    event = stored_event(last)
    match None if event is None else event.message:
        case RoomOpened() | RoomClosed() as said:
            return RoomNow(
                session_id=RoomSessionId(said.room_session_id),
                is_open=isinstance(said, RoomOpened),
                sequence=last.sequence,
                is_old=last.stored_at_unix_ns < before_ns,
            )
    return None


def _now_ns(info: Mapping[str, Any]) -> int:
    """By the clock that the events were stored by."""
    text = str(info.get("ts", ""))
    try:
        now = datetime.fromisoformat(f"{text[:19]}+00:00")
    except ValueError:
        now = datetime.now(UTC)
    return int(now.timestamp()) * NANOSECONDS
