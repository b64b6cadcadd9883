"""Playing: which streams come in over the one receiving peer connection."""

import asyncio
from collections.abc import Callable

from salon.room.v1.signal_pb2 import ClientMessage, Offer, Play, StopPlay

from salon_sdk.errors import EngineError, ErrorCode
from salon_sdk.events import PlayerStateUpdate
from salon_sdk.media import PlayedStream
from salon_sdk.negotiation import Codes, Negotiator, Order, RoomLink
from salon_sdk.peer import MediaKind, Peer, Section
from salon_sdk.states import Phase, PlayState
from salon_sdk.tasks import TaskOwner
from salon_sdk.timing import Timing

_CODES = Codes(
    set_remote_sdp=ErrorCode.PLAY_SET_REMOTE_SDP,
    connection_closed=ErrorCode.PLAY_CONNECTION_CLOSED,
    ice_failed=ErrorCode.PLAY_ICE_FAILED,
    retry_timeout=ErrorCode.PLAY_RETRY_TIMEOUT,
    stopped=ErrorCode.NOT_PLAYING,
)
_NAMES = {
    Phase.IDLE: PlayState.NO_PLAY,
    Phase.REQUESTING: PlayState.PLAY_REQUESTING,
    Phase.ACTIVE: PlayState.PLAYING,
}


class Playback(Order):
    """A stream on its way in."""

    def __init__(self, stream_id: str, kinds: tuple[MediaKind, ...]) -> None:
        super().__init__(stream_id)
        self.kinds = kinds
        self.played = PlayedStream(stream_id)
        self.pumps: list[asyncio.Task[None]] = []
        self._muted_kinds: frozenset[str] = frozenset()
        """What the app was told; a stream begins as open."""

    def learn_muted(self, muted_kinds: frozenset[str]) -> list[tuple[str, bool]]:
        """The kinds of which the app is to be told, and whether they are muted now; none while nothing is played."""
        if self.machine.state is not Phase.ACTIVE:
            return []
        changed = sorted(self._muted_kinds ^ muted_kinds)
        self._muted_kinds = muted_kinds
        return [(kind, kind in muted_kinds) for kind in changed]

    @property
    def state(self) -> PlayState:
        return _NAMES[self.machine.state]


class Player:
    def __init__(
        self, room: RoomLink, tasks: TaskOwner, timing: Timing, on_update: Callable[[PlayerStateUpdate], None]
    ) -> None:
        self._on_update = on_update
        self._tasks = tasks
        self._negotiator: Negotiator[Playback] = Negotiator("receive", room, self, _CODES, tasks, timing)

    async def start(self, playback: Playback) -> PlayedStream:
        """Waits until it plays. Raises EngineError; a caller that gives up stops it."""
        if playback.stream_id in self._negotiator.orders:
            problem = f"Stream {playback.stream_id!r} is being played already."
            raise EngineError.because(ErrorCode.PLAYING_ALREADY, problem)
        self._negotiator.add(playback)
        try:
            await playback
        except asyncio.CancelledError:
            if self._negotiator.orders.get(playback.stream_id) is playback:
                self._negotiator.remove(playback.stream_id)
            raise
        return playback.played

    def stop(self, stream_id: str) -> bool:
        if stream_id not in self._negotiator.orders:
            return False
        self._negotiator.remove(stream_id)
        return True

    def playback(self, stream_id: str) -> Playback | None:
        return self._negotiator.orders.get(stream_id)

    def stream_removed(self, stream_id: str) -> None:
        """Its publisher has stopped or was lost; should it come back while still wanted, it is played again."""
        if stream_id in self._negotiator.orders:
            problem = EngineError.because(ErrorCode.STREAM_INTERRUPTED, "The stream is not published at the moment.")
            self._negotiator.suspend(stream_id, problem)

    def stream_added(self, stream_id: str) -> None:
        if stream_id in self._negotiator.orders:
            self._negotiator.resume(stream_id)

    def peer_lost(self, peer_connection_id: str) -> None:
        self._negotiator.peer_lost(peer_connection_id)

    def session_lost(self) -> None:
        self._negotiator.session_lost()

    async def close(self, error: EngineError | None) -> None:
        await self._negotiator.close(error)

    # ---- what the negotiator asks ----

    async def bind(self, order: Playback, peer: Peer) -> list[Section]:
        return [await peer.receive(kind) for kind in order.kinds]

    def start_message(self, order: Playback, offer: Offer) -> ClientMessage:
        return ClientMessage(play=Play(stream_id=order.stream_id, offer=offer))

    def stop_message(self, stream_id: str, offer: Offer) -> ClientMessage:
        return ClientMessage(stop_play=StopPlay(stream_id=stream_id, offer=offer))

    def changed(self, order: Playback, error: EngineError | None) -> None:
        self._pump(order)
        code, extended_data = (error.error_code, error.extended_data) if error is not None else (0, "")
        self._on_update(PlayerStateUpdate(order.stream_id, order.state, code, extended_data))

    def _pump(self, order: Playback) -> None:
        """Lets the played stream follow what is received at present."""
        for pump in order.pumps:
            pump.cancel()
        order.pumps = []
        if order.machine.state is Phase.IDLE:
            order.played.stop()
        if order.machine.state is not Phase.ACTIVE:
            return
        for section in order.sections:
            if section.track is not None:
                work = order.played.pump(section.track)
                order.pumps.append(self._tasks.spawn(work, name=f"pump-{section.kind}"))
                order.played.track(section.kind)
