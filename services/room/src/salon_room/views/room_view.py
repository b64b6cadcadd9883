"""One room session as this instance sees it: a snapshot with the tail on top, by stream sequence.

Every event becomes notices for the local listeners (log-ins of this instance), each encoded once; who came and went is
told together, before anything that happened later. What the fold says is wrong with a room is put right by `settle`: at
once by whoever caused it, a moment later by any other instance.
"""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Protocol

from salon.relay.v1.relay_pb2 import TransportClosed
from salon.room.v1.events_pb2 import (
    MessageKind,
    MessageSent,
    RelayAssigned,
    RoomClosed,
    RoomOpened,
    StreamAdded,
    StreamRemoved,
    UserLoggedOut,
)
from salon.room.v1.signal_pb2 import ServerMessage
from salon_contracts.errors import BusUnavailable, Conflict, SalonError
from salon_contracts.ids import AppId, RoomId, RoomSessionId
from salon_contracts.registry import event_type
from salon_contracts.subjects import Entity, room_entity, room_session_effects_states, room_session_state
from salon_kit.events import Events, StoredEvent
from salon_kit.log import get_logger

from salon_room import metrics
from salon_room.core import decisions
from salon_room.core.facts import Append, Fact, Reject
from salon_room.core.limits import MessageLimits
from salon_room.core.notices import Notice, OneSession, Others, Receiver, includes, notices
from salon_room.core.placement import RelayLost
from salon_room.core.room_state import RoomState
from salon_room.core.signal_json import encode
from salon_room.views.present import Present
from salon_room.views.user_changes import Run, UserChanges, interval_s

log = get_logger()

WAIT_S = 5.0
"""How long an own event may take to come back through the tail."""
CONFLICTS_MAX = 50
"""Decisions in a row that others were faster with, before whoever asked is told to try again."""
REPAIR_DELAY_S = 0.3
"""How long other instances leave a repair to the one that is closest to it."""
MAY_NEED_REPAIR = (UserLoggedOut, StreamAdded, TransportClosed, RoomOpened, RoomClosed)
"""Events after which something may be wrong with a room. A log-in is not one: in a full room that would be looked for
a thousand times."""


@dataclass(frozen=True, slots=True)
class RoomKey:
    app_id: AppId
    room_id: RoomId
    room_session_id: RoomSessionId


class Listener(Protocol):
    """A log-in of this instance that is in the room."""

    @property
    def receiver(self) -> Receiver: ...

    @property
    def after_sequence(self) -> int:
        """What came up to here was told already."""

    def tell(self, notice: Notice, frame: str) -> None: ...

    def tell_users(self, frame: str, through_sequence: int) -> None:
        """Who came and went; 0: the frame has no sequence, and more follows."""

    def transport_closed(self, transport_id: str) -> None: ...

    def ended(self) -> None:
        """The log-in is over by an event; the view has let go of the listener."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a view needs of its process."""

    events: Events
    spawn: Callable[[str, Coroutine[Any, Any, None]], "asyncio.Task[None]"]
    random: Random
    relay_lost: RelayLost
    stream_removed: Callable[[RoomKey, StreamRemoved], Awaitable[None]]
    """Called after this instance has removed a stream in a repair."""


@dataclass(slots=True)
class RoomView:
    key: RoomKey
    state: RoomState
    around: Surroundings
    users: int = 0
    """How many need it; at 0 it lingers, then goes."""
    ready: "asyncio.Future[None]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    limits: MessageLimits = field(default_factory=MessageLimits)
    position: int = 0
    """Every event of the room up to here is applied."""
    listeners: dict[str, Listener] = field(default_factory=dict)
    """By session id."""
    present: Present = field(default_factory=Present)
    """For newcomers: `state`, as text."""
    viewer_ended: dict[str, Callable[[], None]] = field(default_factory=dict)
    """By transport id of a viewer without a log-in: called once when its relay says that it is closed."""
    _user_changes: UserChanges = field(default_factory=UserChanges)
    _users_told_at_s: float = -math.inf
    """On the loop's clock."""
    _users_due: asyncio.TimerHandle | None = None
    _early: list[StoredEvent] = field(default_factory=list)
    _waiters: list[tuple[int, "asyncio.Future[None]"]] = field(default_factory=list)
    _settling: asyncio.Lock = field(default_factory=asyncio.Lock)
    _repair: "asyncio.Task[None] | None" = None

    @property
    def is_repairing(self) -> bool:
        return self._repair is not None

    # ---- reading ----

    def hear(self, event: StoredEvent) -> None:
        """One event of the tail."""
        if not self.ready.done():
            self._early.append(event)
            return
        self._apply(event)
        self.position = max(self.position, event.sequence)
        if self._waiters:
            self._wake()

    async def load(self, events: Events, position: int) -> None:
        key = self.key
        filters = [
            *room_session_state(key.app_id, key.room_id, key.room_session_id),
            room_session_effects_states(key.app_id, key.room_id, key.room_session_id),
            room_entity(key.app_id, key.room_id).subject,
        ]
        snapshot = await events.snapshot(filters, at_least_sequence=position)
        for event in snapshot.events:
            self._fold(event)
        # A snapshot has no transports: the dead ones would be most of it. Only those that should carry a stream count.
        carriers = sorted({stream.event.transport_id for stream in self.state.streams.values()})
        if carriers:
            subjects = [self.state.entity("transport", transport_id).subject for transport_id in carriers]
            for event in (await events.snapshot(subjects)).events:
                if isinstance(event.message, TransportClosed) and event.entity.key is not None:
                    self.state.transport_closed(event.entity.key)
        self.position = max(position, snapshot.through_sequence)
        for event in self._early:
            self._fold(event)
            self.position = max(self.position, event.sequence)
        self._early.clear()
        self.ready.set_result(None)
        self.repair_later()

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
            self._count_message(fact.body)
        told = notices(fact)
        for notice in told:
            if not notice.message.HasField("users_changed"):
                self._tell(notice)
        if isinstance(fact.body, UserLoggedOut):
            listener = self.listeners.pop(fact.body.session_id, None)
            if listener is not None:
                listener.ended()
        elif isinstance(fact.body, TransportClosed) and fact.entity.key is not None:
            listener = self.listeners.get(fact.body.session_id)
            if listener is not None:
                listener.transport_closed(fact.entity.key)
            ended = self.viewer_ended.pop(fact.entity.key, None)
            if ended is not None:
                ended()
        for notice in told:  # after whoever left has ceased to listen: nobody is told of itself
            if notice.message.HasField("users_changed"):
                self._user_changed(notice.message)
        relay_replaced = isinstance(fact.body, RelayAssigned) and fact.body.replaces_relay_id
        if relay_replaced or isinstance(fact.body, MAY_NEED_REPAIR):
            self.repair_later()

    def _tell(self, notice: Notice) -> None:
        if isinstance(notice.audience, OneSession):
            listener = self.listeners.get(notice.audience.session_id)
            told = [] if listener is None else [listener]
        else:
            told = [each for each in self.listeners.values() if includes(notice.audience, each.receiver)]
        if not told:
            return
        frame = encode(notice.message)
        metrics.NOTICES.inc(len(told))
        if isinstance(notice.audience, Others):
            self._tell_all_users()
        for listener in told:
            self._tell_users_to(listener)
            listener.tell(notice, frame)

    def _user_changed(self, message: ServerMessage) -> None:
        """Told at once after a pause, else together with what comes until then."""
        if not self.listeners:
            return
        if not self._user_changes.add(message.sequence, message.users_changed):
            self._tell_all_users()
            self._user_changes.add(message.sequence, message.users_changed)
        if self._users_due is None:
            self._tell_users_in_time()

    def _tell_users_in_time(self) -> None:
        loop = asyncio.get_running_loop()
        due_s = self._users_told_at_s + interval_s(len(self.listeners))
        if due_s <= loop.time():
            self._tell_users()
        else:
            self._users_due = loop.call_at(due_s, self._tell_users)

    def _tell_users(self) -> None:
        """One frame to everybody."""
        self._users_due = None
        self._tell_run(*self._user_changes.take())
        self._users_told_at_s = asyncio.get_running_loop().time()
        if not self._user_changes.is_empty:
            self._tell_users_in_time()

    def _tell_all_users(self) -> None:
        """Because something is told next that came later."""
        if self._users_due is not None:
            self._users_due.cancel()
            self._users_due = None
        while not self._user_changes.is_empty:
            self._tell_run(*self._user_changes.take())
            self._users_told_at_s = asyncio.get_running_loop().time()

    def _tell_run(self, run: Run, sequence: int) -> None:
        """Who logged in meanwhile gets what came after that."""
        told = 0
        for listener in list(self.listeners.values()):
            if listener.receiver.wants_user_updates:
                frame = run.frame_after(listener.after_sequence, sequence)
                if frame is not None:
                    listener.tell_users(frame, sequence)
                    told += 1
        metrics.NOTICES.inc(told)

    def _tell_users_to(self, listener: Listener) -> None:
        """All that is left to one, because it is told something of its own next."""
        if listener.receiver.wants_user_updates:
            frames = self._user_changes.frames_after(listener.after_sequence)
            metrics.NOTICES.inc(len(frames))
            for frame in frames:
                listener.tell_users(frame, self._user_changes.last_sequence)

    def _count_message(self, message: MessageSent) -> None:
        """What another instance let through counts here as well."""
        now_ns = time.monotonic_ns()
        match message.kind:
            case MessageKind.MESSAGE_KIND_BROADCAST:
                self.limits.broadcasts.drain(now_ns)
            case MessageKind.MESSAGE_KIND_BARRAGE:
                self.limits.barrages.drain(now_ns)
            case _:
                self.limits.commands(len(message.to_user_ids)).drain(now_ns)

    async def wait_through(self, sequence: int, timeout_s: float = WAIT_S) -> None:
        """Returns once every event of the room up to `sequence` is applied; BusUnavailable if the tail stays silent."""
        if sequence <= self.position:
            return
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.append((sequence, waiter))
        try:
            async with asyncio.timeout(timeout_s):
                await waiter
        except TimeoutError:
            raise BusUnavailable from None
        finally:
            self._waiters = [each for each in self._waiters if each[1] is not waiter]

    def _wake(self) -> None:
        for sequence, waiter in self._waiters:
            if sequence <= self.position and not waiter.done():
                waiter.set_result(None)

    async def catch_up(self, entity: Entity) -> None:
        """The view is through the last event of `entity`: what to do after a conflict."""
        last = await self.around.events.last(entity, from_leader=True)
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
                sequence = await self.around.events.append(
                    append.entity, append.event, expected_sequence=append.expected_sequence
                )
            except Conflict:
                await self.catch_up(append.entity)
                raise
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
                sequence = await self.append(appends)
            except Conflict:
                continue
            await self.wait_through(sequence)
            return sequence
        raise Conflict(subject=self.state.entity("user", None).subject)

    async def settle(self) -> None:
        """Carries out what is to be repaired, until nothing is."""
        async with self._settling:
            for _ in range(CONFLICTS_MAX):
                appends = decisions.repairs(self.state, self.around.relay_lost)
                if not appends:
                    return
                try:
                    sequence = await self.append(appends)
                except Conflict:
                    continue
                await self.wait_through(sequence)
                for append in appends:
                    metrics.REPAIRS.labels(type=event_type(type(append.event))).inc()
                    if isinstance(append.event, StreamRemoved):
                        await self.around.stream_removed(self.key, append.event)

    def repair_later(self) -> None:
        """Looks whether something is to be repaired and does it soon, first of all if it concerns a log-in of here."""
        if self._repair is not None or not self.ready.done():
            return
        appends = decisions.repairs(self.state, self.around.relay_lost)
        if not appends:
            return
        concerned = {append.event.session_id for append in appends if isinstance(append.event, StreamRemoved)}
        here = not concerned.isdisjoint(self.listeners) or decisions.close_is_void(self.state)
        delay_s = 0.0 if here else REPAIR_DELAY_S * (1 + self.around.random.random())
        self._repair = self.around.spawn("repair-room", self._repair_after(delay_s))

    async def _repair_after(self, delay_s: float) -> None:
        try:
            await asyncio.sleep(delay_s)
            await self.settle()
        except SalonError as error:
            log.warning("repair-failed", room_id=self.key.room_id, err_code=error.code)
            await asyncio.sleep(1)  # the bus is away: try again when it may be back
        finally:
            self._repair = None
        self.repair_later()
