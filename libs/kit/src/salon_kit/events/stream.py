"""The event stream: append a fact, read the last one of an entity, a snapshot of many, what came after.

events = Events(bus)
await events.ensure()                       # once per process, creates or updates the stream
sequence = await events.append(entity, UserLoggedIn(...), expected_sequence=0)
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from google.protobuf.message import DecodeError, Message
from salon_contracts.envelope import Envelope
from salon_contracts.errors import BusUnavailable, Conflict, InvariantBroken
from salon_contracts.registry import entity_kind, event_type, message_type
from salon_contracts.subjects import EVENTS_STREAM, Entity, parse_event

from salon_kit.bus import Bus
from salon_kit.jetstream import NO_ROOM_FOR_STREAM, JetStreamError, RawMessage, WrongLastSequence
from salon_kit.jetstream.fetch import read_once
from salon_kit.jetstream.stream_config import event_stream
from salon_kit.log import get_logger
from salon_kit.metrics import EVENTS_APPEND_SECONDS, EVENTS_APPENDED, EVENTS_SNAPSHOT_SECONDS, EVENTS_UNREADABLE
from salon_kit.nats.permissions import may_update
from salon_kit.trace import current_cause_id, current_traceparent

log = get_logger()


class NoRoomForEvents(Exception):
    """JetStream cannot set aside what the event stream may take; the sentence says what to do."""


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event as it stands in the stream."""

    sequence: int
    entity: Entity
    envelope: Envelope
    message: Message | None
    """None: an event type of a newer version. Skip it, but count its sequence."""
    stored_at_unix_ns: int
    """When the server stored it."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    events: Sequence[StoredEvent]
    """The last event of every subject, by rising sequence."""
    through_sequence: int
    """Every event that matches the filters up to here is in, or superseded by one in `events`; 0 if there are none."""


class Events:
    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._jetstream = bus.jetstream
        self.identity = bus.identity

    async def ensure(self, timeout_s: float = 10.0) -> None:
        """Creates the stream SALON_EVENTS, or, if it is this service's, brings it in line with the settings.
        NoRoomForEvents."""
        settings = self._bus.settings
        try:
            await self._jetstream.ensure_stream(
                event_stream(settings), may_update=may_update(self.identity.service, EVENTS_STREAM), timeout_s=timeout_s
            )
        except JetStreamError as error:
            if error.err_code != NO_ROOM_FOR_STREAM:
                raise
            raise NoRoomForEvents(
                f"NATS has no {settings.events_max_bytes} bytes for {EVENTS_STREAM}; free some, raise its "
                "`max_file_store`, or lower SALON_NATS_EVENTS_MAX_BYTES"
            ) from None

    async def append(
        self,
        entity: Entity,
        message: Message,
        *,
        expected_sequence: int | None = None,
        cause_id: str | None = None,
        traceparent: str | None = None,
        event_id: str | None = None,
        once_as: str | None = None,
        happened_at_unix_ns: int | None = None,
        timeout_s: float = 5.0,
    ) -> int:
        """The stream sequence of the new event.

        `expected_sequence`: the sequence of the entity's last event as the caller knows it, 0 for "none yet", None for
        "whatever it is"; `Conflict` if it is another one: read again, decide again. `cause_id`, `traceparent`: of what
        this task works for, unless given; an event nobody asked for names this process as its cause. `event_id`: only
        for callers that retry by themselves (`<node>:<epoch>:<sequence>` as made by Identity); the same id is stored
        once within two minutes. An acknowledgement that was lost is asked for again inside, without storing twice.
        `once_as`: a name for what a client may ask for again, of another instance too; of all events appended under it
        within two minutes the first is stored, and its sequence returned.
        `happened_at_unix_ns`: when it happened, if not now.
        `BusUnavailable`: not acknowledged until the deadline; the event may or may not be stored.
        """
        kind = check_kind(entity, message)
        envelope = self._envelope(kind, cause_id, traceparent, event_id, happened_at_unix_ns or time.time_ns())
        started = time.perf_counter()
        try:
            sequence = await self._jetstream.publish(
                EVENTS_STREAM,
                entity.subject,
                message.SerializeToString(),
                envelope.to_headers(),
                message_id=once_as or envelope.id,
                expected_sequence=expected_sequence,
                maybe_stored=event_id is not None,
                timeout_s=timeout_s,
            )
        except WrongLastSequence:
            EVENTS_APPENDED.labels(type=kind, result="conflict").inc()
            raise Conflict(subject=entity.subject) from None
        except BusUnavailable:
            EVENTS_APPENDED.labels(type=kind, result="bus-unavailable").inc()
            raise
        except JetStreamError as error:
            EVENTS_APPENDED.labels(type=kind, result="refused").inc()
            raise BusUnavailable() from error
        EVENTS_APPENDED.labels(type=kind, result="ok").inc()
        EVENTS_APPEND_SECONDS.observe(time.perf_counter() - started)
        return sequence

    async def last(self, entity: Entity, *, from_leader: bool = False, timeout_s: float = 2.0) -> StoredEvent | None:
        """The entity's last event; None if there is none.

        In a cluster any replica answers, which may be some milliseconds behind; `from_leader` asks the leader (use it
        after a Conflict). Unknown event types come back with `message=None`.
        """
        read = self._jetstream.leader_last if from_leader else self._jetstream.last
        found = await read(EVENTS_STREAM, entity.subject, timeout_s=timeout_s)
        return None if found is None else stored_event(found)

    async def snapshot(self, filters: Sequence[str], *, at_least_sequence: int = 0, timeout_s: float = 5.0) -> Snapshot:
        """The last event of every subject under `filters` (which must not overlap).

        Give what `EventTail.follow` returned as `at_least_sequence`: then nothing falls between snapshot and tail.
        """
        started = time.perf_counter()
        deadline = time.monotonic() + timeout_s
        while True:
            left_s = deadline - time.monotonic()
            found = await read_once(self._jetstream, EVENTS_STREAM, filters, last_per_subject=True, timeout_s=left_s)
            through = max((raw.sequence for raw in found), default=0)
            if self._bus.settings.replicas == 1 or await self._is_current(
                filters, through, at_least_sequence, deadline
            ):
                break
        EVENTS_SNAPSHOT_SECONDS.observe(time.perf_counter() - started)
        events = sorted(_readable(found), key=lambda event: event.sequence)
        return Snapshot(events=events, through_sequence=through)

    async def read_after(
        self, filters: Sequence[str], sequence: int, *, max_events: int = 1000, timeout_s: float = 5.0
    ) -> list[StoredEvent]:
        """Events after `sequence`, oldest first, at most `max_events`: as many means there may be more."""
        found = await read_once(
            self._jetstream,
            EVENTS_STREAM,
            filters,
            after_sequence=sequence,
            max_messages=max_events,
            timeout_s=timeout_s,
        )
        return _readable(found)

    def _envelope(
        self, kind: str, cause_id: str | None, traceparent: str | None, event_id: str | None, time_unix_ns: int
    ) -> Envelope:
        identity = self.identity
        sequence = identity.next_sequence() if event_id is None else int(event_id.rpartition(":")[2])
        return Envelope(
            id=identity.event_id(sequence) if event_id is None else event_id,
            type=kind,
            source=identity.source,
            time_unix_ns=time_unix_ns,
            node_epoch=identity.epoch,
            node_sequence=sequence,
            cause_id=cause_id or current_cause_id() or identity.own_cause,
            traceparent=traceparent or current_traceparent(),
        )

    async def _is_current(self, filters: Sequence[str], through: int, at_least: int, deadline: float) -> bool:
        """Whether the replica that was read knew everything up to `at_least`: the leader has nothing newer."""
        if through >= at_least:
            return True
        for subject_filter in filters:
            left_s = max(0.05, deadline - time.monotonic())
            newer = await self._jetstream.leader_next(EVENTS_STREAM, subject_filter, through + 1, timeout_s=left_s)
            if newer is not None and newer.sequence <= at_least:
                return False
        return True


def check_kind(entity: Entity, message: Message) -> str:
    """The `ce-type` of an event. InvariantBroken for what is no event, or one of another kind of entity."""
    try:
        kind = event_type(type(message))
    except KeyError:
        raise InvariantBroken(f"{type(message).__name__} is not an event") from None
    if entity_kind(type(message)) != entity.kind:
        raise InvariantBroken(f"{kind} is not an event of the kind {entity.kind}")
    return kind


def stored_event(raw: RawMessage) -> StoredEvent | None:
    """The event a stored message is; None (counted) for what nobody of ours can have written."""
    try:
        entity = parse_event(raw.subject)
        envelope = Envelope.from_headers(raw.headers)
    except (KeyError, ValueError):
        EVENTS_UNREADABLE.inc()
        log.warning("event-unreadable", subject=raw.subject, sequence=raw.sequence)
        return None
    message = _decoded(envelope.type, raw)
    return StoredEvent(raw.sequence, entity, envelope, message, raw.stored_at_unix_ns)


def _decoded(kind: str, raw: RawMessage) -> Message | None:
    known = message_type(kind)
    if known is None:
        return None
    message = known()
    try:
        message.ParseFromString(raw.data)
    except DecodeError:
        EVENTS_UNREADABLE.inc()
        log.warning("event-unreadable", subject=raw.subject, sequence=raw.sequence)
        return None
    return message


def _readable(found: Sequence[RawMessage]) -> list[StoredEvent]:
    events = [stored_event(raw) for raw in found]
    return [event for event in events if event is not None]
