"""For tests: a relay without the bus. The real packet path on loopback, the real exchange, facts kept in lists.

Fixtures `relay` and `make_relay`; import them one by one into a conftest.py.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from salon_contracts.ids import AppId, RoomId, RoomSessionId, SessionId, StreamId, TransportId, UserId
from salon_packets import Relay

from salon_relay.exchange import Exchange, Limits, Order
from salon_relay.packets import Packets
from salon_relay.peer import CloseReason, PeerIdentity

if TYPE_CHECKING:
    from salon_packets._native import TransportStats


@dataclass
class Facts:
    """What the exchange reported, and a way to wait for it."""

    opened: list[TransportId] = field(default_factory=list)
    closed: dict[TransportId, CloseReason] = field(default_factory=dict)
    bytes_sent: dict[TransportId, int] = field(default_factory=dict)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def transport_opened(self, identity: PeerIdentity) -> None:
        self.opened.append(identity.transport_id)
        self._changed.set()

    def transport_closed(
        self, identity: PeerIdentity, reason: CloseReason, duration_ms: int, stats: "TransportStats | None"
    ) -> None:
        self.closed[identity.transport_id] = reason
        self.bytes_sent[identity.transport_id] = 0 if stats is None else stats["bytes_sent"]
        self._changed.set()

    async def until(self, condition: Callable[[], bool], timeout_s: float = 20.0) -> None:
        async with asyncio.timeout(timeout_s):
            while not condition():
                self._changed.clear()
                await self._changed.wait()


@dataclass
class RunningRelay:
    exchange: Exchange
    packets: Packets
    path: Relay
    facts: Facts

    def negotiate(
        self,
        transport_id: str,
        offer_sdp: str,
        tracks: list[tuple[str, str]] | None = None,
        *,
        sends: bool,
        single: str | None = None,
        app_id: int = 1,
    ) -> tuple[str, list[tuple[str, str, str]]]:
        """The answer, and (mid, stream, codec) of what flows."""
        answer, agreed = self.exchange.negotiate(
            Order(
                identity=identity(transport_id, sends=sends, app_id=app_id),
                offer_sdp=offer_sdp,
                tracks=[(mid, StreamId(stream_id)) for mid, stream_id in tracks or []],
                single_stream_id=None if single is None else StreamId(single),
            )
        )
        return answer, [(item.mid, item.stream_id, item.name) for item in agreed]


def identity(transport_id: str, *, sends: bool, app_id: int = 1) -> PeerIdentity:
    return PeerIdentity(
        AppId(app_id),
        RoomId("room"),
        RoomSessionId("rs_1"),
        UserId("user"),
        SessionId("s_1"),
        TransportId(transport_id),
        client_sends=sends,
    )


MakeRelay = Callable[[Limits], "contextlib.AbstractAsyncContextManager[RunningRelay]"]


@pytest.fixture
def make_relay() -> MakeRelay:
    @contextlib.asynccontextmanager
    async def make(limits: Limits) -> AsyncIterator[RunningRelay]:
        path = Relay("127.0.0.1", 0)
        packets = Packets(path)
        facts = Facts()
        exchange = Exchange(packets, facts, limits=limits, addresses=(ip_address("127.0.0.1"),), port=path.local_port)
        packets.start(exchange)
        running = asyncio.create_task(exchange.run())
        await exchange.started.wait()
        try:
            yield RunningRelay(exchange, packets, path, facts)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            packets.close()

    return make


@pytest_asyncio.fixture
async def relay(make_relay: MakeRelay) -> AsyncIterator[RunningRelay]:
    async with make_relay(Limits(transports=2000, half_open=2000, setup_timeout_s=15.0)) as running:
        yield running
