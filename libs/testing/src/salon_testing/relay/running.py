"""A relay without the bus. The real packet path on loopback, the real router, facts kept in lists.

Fixtures `relay` and `make_relay`; import them one by one into a conftest.py.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest
import pytest_asyncio
from salon.effects.v1.effects_pb2 import Beauty
from salon_contracts.ids import AppId, RelayId, RoomId, RoomSessionId, SessionId, StreamId, TransportId, UserId
from salon_kit.trace import current_cause_id
from salon_media.offer import parse_offer
from salon_packets import Relay
from salon_relay.effects.core.phase import Phase
from salon_relay.effects.core.request import Outcome, Problem
from salon_relay.effects.pool import PoolSettings, TranscoderPool
from salon_relay.effects.streams import EffectsOfStreams, EffectsOrder
from salon_relay.effects.totals import Totals
from salon_relay.packets import Packets
from salon_relay.peers.identity import PeerIdentity
from salon_relay.peers.order import Order
from salon_relay.peers.peer import CloseReason
from salon_relay.peers.quotas import Limits
from salon_relay.peers.router import Router

if TYPE_CHECKING:
    from salon_packets._native import Stats, TransportStats


@dataclass
class Facts:
    """What the router reported, and a way to wait for it."""

    opened: list[TransportId] = field(default_factory=list)
    closed: dict[TransportId, CloseReason] = field(default_factory=dict)
    bytes_sent: dict[TransportId, int] = field(default_factory=dict)
    effects: list[tuple[StreamId, str]] = field(default_factory=list)
    """`started`, `stopped` or the problem."""
    workers: list[str] = field(default_factory=list)
    """Who beautified, for each `started`."""
    frames: list[tuple[int, int]] = field(default_factory=list)
    """Beautified and original, for each `stopped`."""
    causes: dict[str, str | None] = field(default_factory=dict)
    """Of the latest `opened`, `closed`, and what `effects` tells."""
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def transport_opened(self, identity: PeerIdentity) -> None:
        self.opened.append(identity.transport_id)
        self.causes["opened"] = current_cause_id()
        self._changed.set()

    def transport_closed(
        self, identity: PeerIdentity, reason: CloseReason, duration_ms: int, stats: "TransportStats | None"
    ) -> None:
        self.closed[identity.transport_id] = reason
        self.causes["closed"] = current_cause_id()
        self.bytes_sent[identity.transport_id] = 0 if stats is None else stats["bytes_sent"]
        self._changed.set()

    def effects_started(self, identity: PeerIdentity, stream_id: StreamId, version: int, worker_id: str) -> None:
        self.workers.append(worker_id)
        self._add(stream_id, "started")

    def effects_interrupted(self, identity: PeerIdentity, stream_id: StreamId, version: int, problem: Problem) -> None:
        self._add(stream_id, problem.value)

    def effects_stopped(self, identity: PeerIdentity, stream_id: StreamId, version: int, totals: Totals) -> None:
        self.frames.append((totals.frames_beautified, totals.frames_original))
        self._add(stream_id, "stopped")

    def _add(self, stream_id: StreamId, what: str) -> None:
        self.effects.append((stream_id, what))
        self.causes[what] = current_cause_id()
        self._changed.set()

    async def until(self, condition: Callable[[], bool], timeout_s: float = 20.0) -> None:
        async with asyncio.timeout(timeout_s):
            while not condition():
                self._changed.clear()
                await self._changed.wait()


@dataclass
class RunningRelay:
    router: Router
    packets: Packets
    path: Relay
    facts: Facts
    effects: EffectsOfStreams
    transcoders: TranscoderPool
    versions: int = 0

    async def set_effects(
        self, stream_id: str, beauty: Beauty | None, *, session_id: str = "s_1", version: int | None = None
    ) -> Outcome:
        """What viewers get; None turns effects off."""
        if version is None:
            self.versions += 1
        return await self.effects.set_effects(
            EffectsOrder(
                AppId(1),
                StreamId(stream_id),
                SessionId(session_id),
                beauty,
                self.versions if version is None else version,
            )
        )

    def phase(self, stream_id: str) -> Phase:
        return self.effects.phase(AppId(1), StreamId(stream_id))

    def negotiate(
        self,
        transport_id: str,
        offer_sdp: str,
        tracks: list[tuple[str, str]] | None = None,
        *,
        sends: bool,
        single: str | None = None,
        app_id: int = 1,
        user_id: str = "user",
        address: str = "",
        room_id: str = "room",
        playable_room_ids: frozenset[str] = frozenset(),
    ) -> tuple[str, list[tuple[str, str, str]]]:
        """The answer, and (mid, stream, codec) of what flows."""
        made = order(
            transport_id,
            offer_sdp,
            tracks,
            sends=sends,
            single=single,
            app_id=app_id,
            user_id=user_id,
            address=address,
            room_id=room_id,
            playable_room_ids=playable_room_ids,
        )
        answer, agreed = self.router.apply(made, parse_offer(offer_sdp))
        return answer, [(item.mid, item.stream_id, item.name) for item in agreed]


def order(
    transport_id: str,
    offer_sdp: str,
    tracks: list[tuple[str, str]] | None = None,
    *,
    sends: bool,
    single: str | None = None,
    app_id: int = 1,
    user_id: str = "user",
    address: str = "",
    room_id: str = "room",
    playable_room_ids: frozenset[str] = frozenset(),
) -> Order:
    return Order(
        identity=identity(transport_id, sends=sends, app_id=app_id, user_id=user_id, room_id=room_id),
        offer_sdp=offer_sdp,
        tracks=[(mid, StreamId(stream_id)) for mid, stream_id in tracks or []],
        single_stream_id=None if single is None else StreamId(single),
        client_address=address,
        playable_room_ids=playable_room_ids,
    )


def identity(
    transport_id: str, *, sends: bool, app_id: int = 1, user_id: str = "user", room_id: str = "room"
) -> PeerIdentity:
    return PeerIdentity(
        AppId(app_id),
        RoomId(room_id),
        RoomSessionId("rs_1"),
        UserId(user_id),
        SessionId("s_1"),
        TransportId(transport_id),
        client_sends=sends,
    )


ROOMY = Limits(transports=2000, half_open=2000, setup_timeout_s=15.0)
NO_TRANSCODERS = PoolSettings(
    relay_id=RelayId("relay-1"),
    used_max=0,
    spares=0,
    ring_folder=Path("/dev/shm"),
    deadline_ms=40,
)


class MakeRelay(Protocol):
    def __call__(
        self, limits: Limits = ROOMY, transcoders: PoolSettings = NO_TRANSCODERS
    ) -> "contextlib.AbstractAsyncContextManager[RunningRelay]": ...


@pytest.fixture
def make_relay() -> MakeRelay:
    @contextlib.asynccontextmanager
    async def make(limits: Limits = ROOMY, transcoders: PoolSettings = NO_TRANSCODERS) -> AsyncIterator[RunningRelay]:
        path = Relay("127.0.0.1", 0)

        def observe(stats: "Stats", seconds: float) -> None:
            router.observe(stats)
            effects.observe(stats, seconds)

        packets = Packets(path, on_stats=observe)
        facts = Facts()
        router = Router(
            packets, facts, limits=limits, addresses=lambda: (ip_address("127.0.0.1"),), port=path.local_port
        )
        pool = TranscoderPool(transcoders)
        effects = EffectsOfStreams(
            router, relay_id=transcoders.relay_id, packets=packets, ids=router.ids, transcoders=pool, record=facts
        )
        packets.start()
        running = [asyncio.create_task(work) for work in (router.run(), pool.run(), packets.run())]
        await router.started.wait()
        try:
            yield RunningRelay(router, packets, path, facts, effects, pool)
        finally:
            router.close_all()
            effects.close()
            await pool.close()
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
            packets.close()

    return make


@pytest_asyncio.fixture
async def relay(make_relay: MakeRelay) -> AsyncIterator[RunningRelay]:
    async with make_relay() as running:
        yield running
