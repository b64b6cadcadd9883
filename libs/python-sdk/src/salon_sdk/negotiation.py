"""What publishing and playing have in common: one peer connection, one offer at a time, everything tried again.

One task (`Negotiator._run`) owns the peer connection. The app's wishes are `Order`s; the task compares them with what
is negotiated and works off the difference: first what is no longer wanted, then what is wanted and due. A lost peer
connection simply leaves all orders without sections.
"""

import asyncio
import logging
import math
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from salon.room.v1.signal_pb2 import ClientMessage, ClosePeerConnection, Offer, OfferedTrack, Reply

from salon_sdk.errors import RATE_LIMITED, EngineError, ErrorCode
from salon_sdk.peer import Peer, Section
from salon_sdk.states import PHASE_ALLOWED, Machine, Phase
from salon_sdk.tasks import TaskOwner
from salon_sdk.timing import Timing

log = logging.getLogger(__name__)

_TRANSPORT_NOT_FOUND = "transport-not-found"


class Order:
    """One stream the app wants published or played. Awaiting it waits until that is so, or raises why not."""

    def __init__(self, stream_id: str) -> None:
        self.stream_id = stream_id
        self.machine = Machine(Phase.IDLE, PHASE_ALLOWED)
        self.sections: list[Section] = []
        self.established = False
        """Was active once: from then on it is worth more patience."""
        self.failures = 0
        """In a row, without a success that lasted."""
        self.active_since_s = 0.0
        self.retry_at_s = 0.0
        self.give_up_at_s = math.inf
        self.last_error: EngineError | None = None
        self._settled = asyncio.Event()

    def __await__(self) -> Generator[Any, None, None]:
        return self._wait().__await__()

    def settle(self, error: EngineError | None) -> None:
        self.last_error = error
        self._settled.set()

    def unsettle(self) -> None:
        self._settled.clear()

    async def _wait(self) -> None:
        await self._settled.wait()
        if self.machine.state is not Phase.ACTIVE and self.last_error is not None:
            raise self.last_error.copy()


O = TypeVar("O", bound=Order, contravariant=True)  # noqa: E741
N = TypeVar("N", bound=Order)


@dataclass(frozen=True, slots=True)
class Codes:
    """The error codes of one direction."""

    set_remote_sdp: int
    connection_closed: int
    ice_failed: int
    retry_timeout: int
    stopped: int


class Side(Protocol[O]):
    """What publishing and playing do not have in common."""

    async def bind(self, order: O, peer: Peer) -> list[Section]: ...

    def start_message(self, order: O, offer: Offer) -> ClientMessage: ...

    def stop_message(self, stream_id: str, offer: Offer) -> ClientMessage: ...

    def changed(self, order: O, error: EngineError | None) -> None:
        """The order has a new phase, or the old one for a new reason."""


class RoomLink(Protocol):
    """The part of a RoomConnection that is needed here."""

    async def wait_online(self) -> None: ...

    async def request(self, message: ClientMessage) -> Reply: ...


class Negotiator(Generic[N]):
    def __init__(
        self, name: str, room: RoomLink, side: Side[N], codes: Codes, tasks: TaskOwner, timing: Timing
    ) -> None:
        self._name = name
        self._room = room
        self._side = side
        self._codes = codes
        self._timing = timing
        self._orders: dict[str, N] = {}
        self._leaving: list[tuple[str, list[Section]]] = []
        self._peer: Peer | None = None
        self._peer_count = 0
        self._peer_unknown = False
        self._wake = asyncio.Event()
        self._task = tasks.spawn(self._run(), name=name)

    @property
    def orders(self) -> dict[str, N]:
        return self._orders

    def add(self, order: N) -> None:
        order.give_up_at_s = _now_s() + self._timing.start_timeout_s
        self._orders[order.stream_id] = order
        self._to(order, Phase.REQUESTING, None)
        self._wake.set()

    def remove(self, stream_id: str, error: EngineError | None = None) -> None:
        """Ends an order; the server is told as soon as its turn comes."""
        order = self._orders.pop(stream_id)
        self._leave(order)
        self._to(order, Phase.IDLE, error)

    def suspend(self, stream_id: str, error: EngineError) -> None:
        """What the order needs is gone for now: waits for `resume`, within the usual window."""
        order = self._orders[stream_id]
        self._leave(order)
        self._postpone(order, error)
        order.retry_at_s = math.inf

    def resume(self, stream_id: str) -> None:
        self._orders[stream_id].retry_at_s = 0.0
        self._wake.set()

    def peer_lost(self, peer_connection_id: str) -> None:
        """The relay has lost it."""
        if self._peer is not None and self._peer.id == peer_connection_id:
            self._peer.mark_lost()

    def session_lost(self) -> None:
        """A new log-in knows nothing of the old one's peer connection."""
        self._peer_unknown = True
        if self._peer is not None:
            self._peer.mark_lost()
        self._wake.set()

    async def close(self, error: EngineError | None) -> None:
        """Ends all orders, with the error if there is one, and the peer connection."""
        for stream_id in list(self._orders):
            self.remove(stream_id, error)
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        if self._peer is not None:
            await self._peer.close()
            self._peer = None

    # ---- the task ----

    async def _run(self) -> None:
        while True:
            await self._room.wait_online()
            self._wake.clear()
            if self._peer is not None and self._peer.lost:
                await self._discard(self._peer)
            elif self._leaving:
                await self._stop(*self._leaving.pop(0))
            elif (order := self._due()) is not None:
                await self._start(order)
            else:
                await self._idle()

    async def _idle(self) -> None:
        pending = (order for order in self._orders.values() if not order.sections)
        until_s = min((min(order.retry_at_s, order.give_up_at_s) for order in pending), default=math.inf)
        try:
            async with asyncio.timeout(None if until_s == math.inf else max(0.0, until_s - _now_s())):
                await self._wake.wait()
        except TimeoutError:
            pass

    def _due(self) -> N | None:
        now_s = _now_s()
        for order in self._orders.values():
            if not order.sections and (order.retry_at_s <= now_s or order.give_up_at_s <= now_s):
                return order
        return None

    async def _start(self, order: N) -> None:
        if order.give_up_at_s <= _now_s():
            self._give_up(order)
            return
        peer = self._peer or self._new_peer()
        order.sections = await self._side.bind(order, peer)
        try:
            await self._negotiate(peer, lambda offer: self._side.start_message(order, offer))
            await self._connect(peer)
        except EngineError as error:
            await self._failed(order, peer, error)
            return
        if self._orders.get(order.stream_id) is not order or not order.sections:
            return  # the app has changed its mind; the sections are among the leaving
        order.established = True
        order.active_since_s = _now_s()
        self._to(order, Phase.ACTIVE, None)

    async def _stop(self, stream_id: str, sections: list[Section]) -> None:
        peer = self._peer
        if peer is None:
            return
        # All that leave at once: no offer may have an active section that belongs to no stream.
        for leaving in (sections, *(others for _, others in self._leaving)):
            await peer.release(leaving)
        try:
            await self._negotiate(peer, lambda offer: self._side.stop_message(stream_id, offer))
        except EngineError as error:
            log.info("stop-refused", extra={"peer": self._name, "err_code": error.error_code})

    async def _negotiate(self, peer: Peer, message: Callable[[Offer], ClientMessage]) -> None:
        """One offer and its answer. After a lost socket the same offer is sent again: it may have been carried out."""
        bound = [(order.stream_id, section) for order in self._orders.values() for section in order.sections]
        sdp = await peer.offer()
        tracks = [OfferedTrack(mid=section.mid, stream_id=stream_id) for stream_id, section in bound]
        offer = Offer(peer_connection_id=peer.id, sdp=sdp, tracks=tracks)
        while True:
            try:
                reply = await self._room.request(message(offer))
                break
            except EngineError as error:
                if error.error_code != ErrorCode.SOCKET_CLOSED:
                    raise
            await self._room.wait_online()
            if peer.lost:
                raise self._closed()
        if peer.lost:
            raise self._closed()
        try:
            await peer.accept(reply.answer.sdp)
        except ValueError as error:
            peer.mark_lost()
            problem = f"The answer cannot be used: {error}."
            raise EngineError.because(self._codes.set_remote_sdp, problem, retryable=True) from error

    async def _connect(self, peer: Peer) -> None:
        try:
            async with asyncio.timeout(self._timing.media_timeout_s):
                connected = await peer.wait_connected()
        except TimeoutError:
            peer.mark_lost()
            connected = False
        if connected:
            return
        if peer.ever_connected:
            raise self._closed()
        problem = "No media connection came about; is the relay's UDP port reachable?"
        raise EngineError.because(self._codes.ice_failed, problem, retryable=True)

    async def _failed(self, order: N, peer: Peer, error: EngineError) -> None:
        sections, order.sections = order.sections, []
        if error.error_code == ErrorCode.REQUEST_TIMEOUT:
            peer.mark_lost()  # perhaps carried out all the same; closing it makes sure that it is not
        elif error.reason == _TRANSPORT_NOT_FOUND:
            peer.mark_lost()
            error = self._closed()
        if not peer.lost:
            await peer.release(sections)
            if not peer.connected:
                await peer.close()
                self._peer = None
                self._leaving.clear()
        if self._orders.get(order.stream_id) is not order:
            return
        if error.retryable or order.established:
            self._postpone(order, error)
        else:
            self.remove(order.stream_id, error)

    async def _discard(self, peer: Peer) -> None:
        """A lost peer connection: everything on it has to be negotiated again."""
        self._peer = None
        self._leaving.clear()
        for order in list(self._orders.values()):
            if order.sections:
                order.sections = []
                self._postpone(order, self._closed())
        await peer.close()
        if self._peer_unknown:
            self._peer_unknown = False
            return
        try:
            close = ClosePeerConnection(peer_connection_id=peer.id)
            await self._room.request(ClientMessage(close_peer_connection=close))
        except EngineError as error:
            log.info("close-refused", extra={"peer": self._name, "err_code": error.error_code})

    def _new_peer(self) -> Peer:
        self._peer_count += 1
        self._peer_unknown = False
        self._peer = Peer(f"{self._name}-{self._peer_count}", on_lost=self._wake.set)
        return self._peer

    def _leave(self, order: N) -> None:
        if order.sections:
            self._leaving.append((order.stream_id, order.sections))
            order.sections = []
        self._wake.set()

    def _postpone(self, order: N, error: EngineError) -> None:
        now_s = _now_s()
        if order.machine.state is Phase.ACTIVE:
            order.give_up_at_s = now_s + self._timing.retry_window_s
            if now_s - order.active_since_s > self._timing.stable_s:
                order.failures = 0
        order.retry_at_s = now_s + self._pause_s(order, error)
        order.failures += 1
        self._to(order, Phase.REQUESTING, error)

    def _pause_s(self, order: N, error: EngineError) -> float:
        """None the first time a peer connection was lost: a new one may well come about at once."""
        if order.failures == 0 and error.error_code == self._codes.connection_closed:
            return 0.0
        if error.reason == RATE_LIMITED:
            return self._timing.overload_s(order.failures)
        return self._timing.backoff_s(order.failures)

    def _give_up(self, order: N) -> None:
        last_error = order.last_error or self._closed()
        self.remove(order.stream_id, EngineError(self._codes.retry_timeout, last_error.extended_data))

    def _to(self, order: N, phase: Phase, error: EngineError | None) -> None:
        order.machine.to(phase)
        if phase is Phase.REQUESTING:
            order.last_error = error
            order.unsettle()
        elif phase is Phase.IDLE:
            order.settle(error or EngineError.because(self._codes.stopped, "Stopped."))
        else:
            order.settle(None)
        self._side.changed(order, error)

    def _closed(self) -> EngineError:
        problem = "The media connection was lost."
        return EngineError.because(self._codes.connection_closed, problem, retryable=True)


def _now_s() -> float:
    return asyncio.get_running_loop().time()
