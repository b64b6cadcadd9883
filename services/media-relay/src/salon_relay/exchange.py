"""All peer connections of this relay, and the orders that change them.

Nothing here waits: an order is carried out between two turns of the event loop. Orders for one peer connection are
therefore carried out one after the other, in the order they came, without a lock.
"""

import asyncio
import itertools
import time
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from salon_contracts.errors import NoRelayAvailable, OfferUnacceptable, RateLimited, TransportNotFound
from salon_contracts.ids import AppId, StreamId, TransportId
from salon_kit.log import get_logger
from salon_media.offer import Offer, parse_offer
from salon_packets import CommandQueueFull

from salon_relay.config import Address
from salon_relay.dtls import Certificates
from salon_relay.packets import LossReason, Packets
from salon_relay.peer import CloseReason, Peer, PeerIdentity, PeerState
from salon_relay.plan import Agreed, Bindings, Plan, bind, bind_single, plan_publisher, plan_viewer
from salon_relay.registry import Playback, Registry

if TYPE_CHECKING:
    from salon_packets._native import TransportStats


log = get_logger()

_CLOSED_IDS_KEPT: Final = 20_000


@dataclass(frozen=True, slots=True)
class Limits:
    transports: int
    half_open: int
    setup_timeout_s: float


@dataclass(frozen=True, slots=True)
class Order:
    """An offer with what it is for: `tracks` as (mid, stream), or `single_stream_id` for WHIP and WHEP."""

    identity: PeerIdentity
    offer_sdp: str
    tracks: Sequence[tuple[str, StreamId]]
    single_stream_id: StreamId | None


class Record(Protocol):
    """Where the facts go."""

    def transport_opened(self, identity: PeerIdentity) -> None: ...
    def transport_closed(
        self, identity: PeerIdentity, reason: CloseReason, duration_ms: int, stats: "TransportStats | None"
    ) -> None: ...


class Exchange:
    """Give it to `Packets.start` as listener, `run` it as a task, and wait for `started` before the first order."""

    def __init__(
        self,
        packets: Packets,
        record: Record,
        *,
        limits: Limits,
        addresses: tuple[Address, ...],
        port: int,
    ) -> None:
        self.registry = Registry()
        self.started = asyncio.Event()
        self.draining = False
        self.ids = itertools.count(1)
        """Of transports, sources and sinks of the packet path, whoever makes them."""
        self._packets = packets
        self._record = record
        self._limits = limits
        self._addresses = addresses
        self._port = port
        self._certificates = Certificates()
        self._peers: dict[TransportId, Peer] = {}
        self._by_number: dict[int, Peer] = {}
        self._half_open = 0
        self._closed_ids: OrderedDict[TransportId, None] = OrderedDict()
        self._tasks: asyncio.TaskGroup | None = None

    @property
    def transports(self) -> int:
        return len(self._peers)

    @property
    def half_open(self) -> int:
        return self._half_open

    def publisher(self, app_id: AppId, stream_id: StreamId) -> PeerIdentity | None:
        """Who sends a stream, over which peer connection; None if nobody does."""
        track = self.registry.track(app_id, stream_id, "video") or self.registry.track(app_id, stream_id, "audio")
        peer = None if track is None else self._by_number.get(track.transport)
        return None if peer is None else peer.identity

    async def run(self) -> None:
        """Carries the peers' tasks until cancelled, which closes them all."""
        async with asyncio.TaskGroup() as self._tasks:
            self.started.set()
            try:
                await asyncio.Event().wait()
            finally:
                self.close_all()

    # ---- orders ----

    def negotiate(self, order: Order) -> tuple[str, list[Agreed]]:
        """The answer and the tracks that flow.

        Raises OfferMalformed, OfferUnacceptable and StreamNotFound with nothing changed; TransportNotFound for a peer
        connection that has ended; NoRelayAvailable and RateLimited when there is no room for a new one.
        """
        identity = order.identity
        peer = self._peers.get(identity.transport_id)
        if peer is None:
            self._check_room(identity.transport_id)
        elif peer.identity != identity:
            raise OfferUnacceptable(problem="the peer connection belongs to another log-in or direction")
        offer = parse_offer(order.offer_sdp)
        if peer is not None:
            peer.check_same_transport(offer.transport)
        plans = self._plan(order, offer, peer)
        try:
            if peer is None:
                peer = self._open(identity, offer)
            return peer.negotiate(offer, plans)
        except CommandQueueFull:
            if peer is not None:
                peer.close(CloseReason.INTERNAL_ERROR)
            raise RateLimited(limit="the relay is behind with its work") from None

    def close(self, transport_id: TransportId) -> None:
        """Closing what is closed already is fine."""
        peer = self._peers.get(transport_id)
        if peer is not None:
            peer.close(CloseReason.ORDERED)
        else:
            self._remember_closed(transport_id)

    def close_all(self) -> None:
        """The relay stops; no new peer connection from now on."""
        self.draining = True
        for peer in list(self._peers.values()):
            peer.close(CloseReason.RELAY_STOPPED)

    def _check_room(self, transport_id: TransportId) -> None:
        if transport_id in self._closed_ids:
            raise TransportNotFound(transport_id=transport_id)
        if self.draining or self._tasks is None or len(self._peers) >= self._limits.transports:
            raise NoRelayAvailable
        if self._half_open >= self._limits.half_open:
            raise RateLimited(limit=f"{self._limits.half_open} peer connections that are not connected yet")

    def _plan(self, order: Order, offer: Offer, peer: Peer | None) -> list[Plan]:
        identity = order.identity
        bindings: Bindings
        if order.single_stream_id is None:
            bindings = bind(offer, order.tracks)
        else:
            bindings = bind_single(offer, order.single_stream_id, client_sends=identity.client_sends)
        used_before = {} if peer is None else peer.streams_by_mid
        if identity.client_sends:
            return plan_publisher(offer, bindings, used_before)
        return plan_viewer(
            offer,
            bindings,
            used_before,
            find=lambda stream_id, kind: self.registry.track(identity.app_id, stream_id, kind),
            exists=lambda stream_id: self.registry.exists(identity.app_id, stream_id),
        )

    def _open(self, identity: PeerIdentity, offer: Offer) -> Peer:
        peer = Peer(
            next(self.ids),
            identity,
            offer.transport,
            packets=self._packets,
            registry=self.registry,
            certificate=self._certificates.current(),
            addresses=self._addresses,
            port=self._port,
            ids=self.ids,
            listener=self,
            setup_timeout_s=self._limits.setup_timeout_s,
        )
        self._peers[identity.transport_id] = peer
        self._by_number[peer.number] = peer
        self._half_open += 1
        if self._tasks is not None:
            peer.start(self._tasks)
        return peer

    # ---- peers ----

    def opened(self, peer: Peer) -> None:
        self._half_open -= 1
        log.info("transport-opened", transport_id=peer.identity.transport_id, dur_ms=_ms_since(peer.created_ns))
        self._record.transport_opened(peer.identity)

    def closed(self, peer: Peer, reason: CloseReason, last_stats: "TransportStats | None") -> None:
        transport_id = peer.identity.transport_id
        if peer.opened_ns is None:
            self._half_open -= 1
        del self._peers[transport_id], self._by_number[peer.number]
        self._remember_closed(transport_id)
        duration_ms = 0 if peer.opened_ns is None else _ms_since(peer.opened_ns)
        log.info(
            "transport-closed",
            transport_id=transport_id,
            err_code=reason.value,
            dur_ms=duration_ms,
        )
        self._record.transport_closed(peer.identity, reason, duration_ms, last_stats)

    def playbacks_ended(self, playbacks: Iterable[Playback]) -> None:
        for playback in playbacks:
            viewer = self._by_number.get(playback.transport)
            if viewer is not None:
                viewer.stop_playback(playback)

    # ---- packet path ----

    def connected(self, transport: int) -> None:
        peer = self._by_number.get(transport)
        if peer is not None:
            peer.reachable()

    def dtls_received(self, transport: int, datagrams: list[bytes]) -> None:
        peer = self._by_number.get(transport)
        if peer is not None:
            peer.feed_dtls(datagrams)

    def lost(self, transport: int, reason: LossReason) -> None:
        peer = self._by_number.get(transport)
        if peer is None:
            return
        if reason == "internal-error":
            peer.close(CloseReason.INTERNAL_ERROR)
        elif peer.state is PeerState.OPEN:
            peer.close(CloseReason.CONSENT_EXPIRED)
        else:
            peer.close(CloseReason.NEVER_CONNECTED)

    def _remember_closed(self, transport_id: TransportId) -> None:
        self._closed_ids[transport_id] = None
        if len(self._closed_ids) > _CLOSED_IDS_KEPT:
            self._closed_ids.popitem(last=False)


def _ms_since(start_ns: int) -> int:
    return (time.monotonic_ns() - start_ns) // 1_000_000
