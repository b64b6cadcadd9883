"""One room session as this instance sees it: a snapshot with the tail on top, by stream sequence.

Every event is folded and becomes notices for the log-ins of here; what is decided from the fold is appended and shows
in it before the decision counts as carried out.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from salon.relay.v1.relay_pb2 import TransportClosed
from salon.room.v1.events_pb2 import MessageSent, UserLoggedOut
from salon_contracts.errors import Conflict
from salon_contracts.ids import AppId, RoomId, RoomSessionId
from salon_contracts.subjects import Entity, room_entity, room_session_effects_states, room_session_state
from salon_kit.events import Events, StoredEvent

from salon_room.background import Spawn
from salon_room.core.facts import Append, Fact, Reject
from salon_room.core.limits import MessageLimits
from salon_room.core.notices import notices
from salon_room.core.placement import RelayLost
from salon_room.core.room_state import RoomState
from salon_room.views.listeners import Listeners
from salon_room.views.position import Position
from salon_room.views.present import Present
from salon_room.views.reconciler import Reconciler, StreamReleased, may_need_repair

CONFLICTS_MAX = 50
"""Decisions in a row that others were faster with, before whoever asked is told to try again."""


@dataclass(frozen=True, slots=True)
class RoomKey:
    app_id: AppId
    room_id: RoomId
    room_session_id: RoomSessionId


class RoomView:
    def __init__(
        self,
        key: RoomKey,
        events: Events,
        spawn: Spawn,
        random: Random,
        relay_lost: RelayLost,
        stream_removed: StreamReleased,
    ) -> None:
        self.key = key
        self.state = RoomState(key.app_id, key.room_id, key.room_session_id)
        self.users = 0
        """How many need it; at 0 it lingers, then goes."""
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.limits = MessageLimits()
        self.listeners = Listeners()
        self.present = Present()
        """For newcomers: `state`, as text."""
        self.viewer_ended: dict[str, Callable[[], None]] = {}
        """By transport id of a viewer without a log-in: called once when its relay says that it is closed."""
        self.reconciler = Reconciler(
            self.state, self._append_and_wait, self.listeners.any_of, spawn, random, relay_lost, stream_removed
        )
        self._events = events
        self._position = Position()
        self._early: list[StoredEvent] = []

    # ---- reading ----

    @property
    def position(self) -> int:
        """Every event of the room up to here is applied."""
        return self._position.sequence

    def on_event(self, event: StoredEvent) -> None:
        """One event of the tail."""
        if not self.ready.done():
            self._early.append(event)
            return
        self._apply(event)
        self._position.advance(event.sequence)

    async def load(self, position: int) -> None:
        key = self.key
        filters = [
            *room_session_state(key.app_id, key.room_id, key.room_session_id),
            room_session_effects_states(key.app_id, key.room_id, key.room_session_id),
            room_entity(key.app_id, key.room_id).subject,
        ]
        snapshot = await self._events.snapshot(filters, at_least_sequence=position)
        for event in snapshot.events:
            self._fold(event)
        # A snapshot has no transports: the dead ones would be most of it. Only those that should carry a stream count.
        carriers = sorted({stream.event.transport_id for stream in self.state.streams.values()})
        if carriers:
            subjects = [self.state.entity("transport", transport_id).subject for transport_id in carriers]
            for event in (await self._events.snapshot(subjects)).events:
                if isinstance(event.message, TransportClosed) and event.entity.key is not None:
                    self.state.transport_closed(event.entity.key)
        self._position.advance(max(position, snapshot.through_sequence))
        for event in self._early:
            self._fold(event)
            self._position.advance(event.sequence)
        self._early.clear()
        self.ready.set_result(None)
        self.reconciler.look()

    def _fold(self, event: StoredEvent) -> Fact | None:
        if event.message is None:
            return None
        fact = Fact(event.sequence, event.entity, event.message)
        if not self.state.apply(fact):
            return None
        self.present.apply(fact)
        return fact

    def _apply(self, event: StoredEvent) -> None:
        if event.sequence <= self.position and event.entity.kind == "message":
            return  # from before the view began
        fact = self._fold(event)
        if fact is None:
            return
        if isinstance(fact.body, MessageSent) and fact.body.from_session_id not in self.listeners:
            self.limits.of(fact.body.kind, len(fact.body.to_user_ids)).drain(time.monotonic_ns())
        found = notices(fact)
        for notice in found:
            if not notice.message.HasField("users_changed"):
                self.listeners.send(notice)
        if isinstance(fact.body, UserLoggedOut):
            self.listeners.end(fact.body.session_id)
        elif isinstance(fact.body, TransportClosed) and fact.entity.key is not None:
            self._transport_closed(fact.entity.key, fact.body.session_id)
        for notice in found:  # after whoever left has ceased to listen: nobody is told of itself
            if notice.message.HasField("users_changed"):
                self.listeners.user_changed(notice.message)
        if may_need_repair(fact.body):
            self.reconciler.look()

    def _transport_closed(self, transport_id: str, session_id: str) -> None:
        listener = self.listeners.get(session_id)
        if listener is not None:
            listener.transport_closed(transport_id)
        ended = self.viewer_ended.pop(transport_id, None)
        if ended is not None:
            ended()

    async def wait_through(self, sequence: int) -> None:
        """Returns once every event of the room up to `sequence` is applied; BusUnavailable if the tail stays silent."""
        await self._position.wait_through(sequence)

    async def catch_up(self, entity: Entity) -> None:
        """The view is through the last event of `entity`: what to do after a conflict."""
        last = await self._events.last(entity, from_leader=True)
        if last is None:
            self.state.forget(entity)  # it was over for so long that its last event was removed
        else:
            await self.wait_through(last.sequence)

    # ---- writing ----

    async def append(self, appends: Sequence[Append]) -> int:
        """Appends in order; the last sequence. Conflict: the view has caught up, decide again."""
        sequence = 0
        for append in appends:
            try:
                sequence = await self._events.append(
                    append.entity, append.event, expected_sequence=append.expected_sequence
                )
            except Conflict:
                await self.catch_up(append.entity)
                raise
        return sequence

    async def _append_and_wait(self, appends: Sequence[Append]) -> int:
        sequence = await self.append(appends)
        await self.wait_through(sequence)
        return sequence

    async def carry_out(self, decide: Callable[[], Sequence[Append] | Append | Reject]) -> int:
        """Appends what `decide` says, as often as others are faster, until the view shows it; 0 if there was nothing to
        do. Raises the error of a Reject."""
        for _ in range(CONFLICTS_MAX):
            decision = decide()
            if isinstance(decision, Reject):
                raise decision.error
            appends = [decision] if isinstance(decision, Append) else decision
            if not appends:
                return 0
            try:
                return await self._append_and_wait(appends)
            except Conflict:
                continue
        raise Conflict(subject=self.state.entity("user", None).subject)
