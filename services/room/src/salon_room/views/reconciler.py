"""Puts right what the fold says is wrong with a room: at once if this instance caused it, a moment later if another."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from random import Random

from google.protobuf.message import Message
from salon.relay.v1.relay_pb2 import TransportClosed
from salon.room.v1.events_pb2 import RelayAssigned, RoomClosed, RoomOpened, StreamAdded, StreamRemoved, UserLoggedOut
from salon_contracts.errors import Conflict, SalonError
from salon_contracts.ids import AppId
from salon_contracts.registry import event_type
from salon_kit.log import get_logger

from salon_room import metrics
from salon_room.background import Spawn
from salon_room.core import decisions
from salon_room.core.facts import Append
from salon_room.core.placement import RelayLost
from salon_room.core.room_state import RoomState

log = get_logger()

ATTEMPTS = 50
"""Repairs in a row that others were faster with; what is left then is found with the next event."""
DELAY_S = 0.3
"""How long other instances leave a repair to the one that is closest to it."""
BUS_PAUSE_S = 1.0
"""After a repair that the bus was away for."""
MAY_NEED_REPAIR = (UserLoggedOut, StreamAdded, TransportClosed, RoomOpened, RoomClosed)
"""Events after which something may be wrong with a room. A log-in is not one: in a full room that would be looked for
a thousand times."""

StreamReleased = Callable[[AppId, StreamRemoved], Awaitable[None]]
"""Called after this instance has removed a stream in a repair."""


def may_need_repair(event: Message) -> bool:
    return isinstance(event, MAY_NEED_REPAIR) or (isinstance(event, RelayAssigned) and bool(event.replaces_relay_id))


class Reconciler:
    """Of one room session. `append` writes, shows it in `state`, and raises Conflict when others were faster."""

    def __init__(
        self,
        state: RoomState,
        append: Callable[[Sequence[Append]], Awaitable[int]],
        concerns_here: Callable[[set[str]], bool],
        spawn: Spawn,
        random: Random,
        relay_lost: RelayLost,
        stream_removed: StreamReleased,
    ) -> None:
        """`concerns_here`: whether a log-in of this instance is among these sessions."""
        self._state = state
        self._append = append
        self._concerns_here = concerns_here
        self._spawn = spawn
        self._random = random
        self._relay_lost = relay_lost
        self._stream_removed = stream_removed
        self._reconciling = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    @property
    def is_under_way(self) -> bool:
        return self._task is not None

    async def reconcile(self) -> None:
        """Carries out what is to be repaired, until nothing is."""
        async with self._reconciling:
            for _ in range(ATTEMPTS):
                appends = decisions.repairs(self._state, self._relay_lost)
                if not appends:
                    return
                try:
                    await self._append(appends)
                except Conflict:
                    continue
                for append in appends:
                    metrics.REPAIRS.labels(type=event_type(type(append.event))).inc()
                    if isinstance(append.event, StreamRemoved):
                        await self._stream_removed(self._state.app_id, append.event)

    def look(self) -> None:
        """Whether something is to be repaired: it is done soon, first of all if it concerns a log-in of here."""
        if self._task is not None:
            return
        appends = decisions.repairs(self._state, self._relay_lost)
        if not appends:
            return
        concerned = {append.event.session_id for append in appends if isinstance(append.event, StreamRemoved)}
        here = self._concerns_here(concerned) or decisions.close_is_void(self._state)
        delay_s = 0.0 if here else DELAY_S * (1 + self._random.random())
        self._task = self._spawn("reconcile-room", self._reconcile_after(delay_s))

    async def _reconcile_after(self, delay_s: float) -> None:
        try:
            await asyncio.sleep(delay_s)
            await self.reconcile()
        except SalonError as error:
            log.warning("repair-failed", room_id=self._state.room_id, err_code=error.code)
            await asyncio.sleep(BUS_PAUSE_S)
        finally:
            self._task = None
        self.look()
