"""All peer connections of this relay, and the orders that change them.

An offer is read on a thread (`OfferReader`), in turns with those of others; what follows from it waits for nothing and
is carried out between two turns of the event loop. A user's offers are read in the order they came, so orders for one
peer connection are carried out one after the other, without a lock. A close does not wait for an offer: what was closed
while its offer was read is not found any more.
"""

import asyncio
import itertools
import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Protocol

from salon_contracts.errors import NoRelayAvailable, OfferUnacceptable, QuotaExceeded, RateLimited, TransportNotFound
from salon_contracts.ids import AppId, StreamId, TransportId
from salon_kit.log import get_logger
from salon_media.offer import Offer
from salon_packets import CommandQueueFull

from salon_relay.interfaces import Address
from salon_relay.packets import Packets
from salon_relay.peers.bindings import Bindings, bind, bind_single
from salon_relay.peers.dtls import Certificates
from salon_relay.peers.identity import PeerIdentity
from salon_relay.peers.media_watch import MediaWatch
from salon_relay.peers.offer_reader import OfferReader
from salon_relay.peers.order import Order
from salon_relay.peers.peer import CloseReason, Peer
from salon_relay.peers.peer_table import PeerTable
from salon_relay.peers.plan import Agreed, Plan, SourcePlan, plan_publisher, plan_viewer
from salon_relay.peers.quotas import Limits, Quotas
from salon_relay.registry import KINDS, Kind, Playback, Registry, Track

if TYPE_CHECKING:
    from salon_packets._native import Stats, TransportStats


log = get_logger()


class Record(Protocol):
    """Where the facts go."""

    def transport_opened(self, identity: PeerIdentity) -> None: ...
    def transport_closed(
        self, identity: PeerIdentity, reason: CloseReason, duration_ms: int, stats: "TransportStats | None"
    ) -> None: ...


class Router:
    """`run` it as a task, and wait for `started` before the first order."""

    def __init__(
        self,
        packets: Packets,
        record: Record,
        *,
        limits: Limits,
        addresses: Callable[[], tuple[Address, ...]],
        port: int,
    ) -> None:
        """`addresses`: where clients reach the relay, at the time."""
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
        self._peers = PeerTable()
        self._quotas = Quotas(limits)
        self._reader = OfferReader()
        self._tasks: asyncio.TaskGroup | None = None
        self._media_watch = MediaWatch(
            self._peers, self.registry, self.publisher, media_timeout_s=limits.media_timeout_s
        )

    @property
    def transports(self) -> int:
        return self._quotas.transports

    @property
    def half_open(self) -> int:
        return self._quotas.half_open

    def publisher(self, app_id: AppId, stream_id: StreamId) -> PeerIdentity | None:
        """Who sends a stream, over which peer connection; None if nobody does."""
        track = self.registry.track(app_id, stream_id, "video") or self.registry.track(app_id, stream_id, "audio")
        peer = None if track is None else self._peers.of_number(track.transport)
        return None if peer is None else peer.identity

    async def run(self) -> None:
        """Carries the peers' tasks until cancelled, which closes them all."""
        async with asyncio.TaskGroup() as self._tasks:
            self._tasks.create_task(self._reader.run(), name="offers")
            self.started.set()
            try:
                await asyncio.Event().wait()
            finally:
                self.close_all()

    # ---- orders ----

    async def negotiate(self, order: Order) -> tuple[str, list[Agreed]]:
        """The answer and the tracks that flow.

        Raises OfferMalformed, OfferUnacceptable and StreamNotFound with nothing changed; TransportNotFound for a peer
        connection that has ended; NoRelayAvailable, RateLimited and QuotaExceeded when there is no room for a new one.
        """
        self._existing(order)  # what would be refused anyway is not read
        return self.apply(order, await self._reader.read(order.turn, order.offer_sdp))

    def apply(self, order: Order, offer: Offer) -> tuple[str, list[Agreed]]:
        """The same for an offer that has been read."""
        peer = self._existing(order)
        if peer is not None:
            peer.check_same_transport(offer.transport)
        plans = self._plan(order, offer, peer)
        self._check_sources(order, plans, peer)
        try:
            if peer is None:
                peer = self._open(order, offer)
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
            self._peers.remember_closed(transport_id)

    def close_all(self) -> None:
        """The relay stops; no new peer connection from now on."""
        self.draining = True
        for peer in self._peers:
            peer.close(CloseReason.RELAY_STOPPED)

    def _existing(self, order: Order) -> Peer | None:
        """The peer the order is about; None when there is room for a new one."""
        peer = self._peers.get(order.identity.transport_id)
        if peer is None:
            if self._peers.was_closed(order.identity.transport_id):
                raise TransportNotFound(transport_id=order.identity.transport_id)
            if self.draining or self._tasks is None:
                raise NoRelayAvailable
            self._quotas.check(order.owner)
        elif peer.identity != order.identity:
            raise OfferUnacceptable(problem="the peer connection belongs to another log-in or direction")
        return peer

    def _check_sources(self, order: Order, plans: Sequence[Plan], peer: Peer | None) -> None:
        """Raises QuotaExceeded when the user would send too many tracks over all peer connections."""
        limit = self._limits.sources_per_user
        wanted = sum(isinstance(plan, SourcePlan) for plan in plans)
        app_id, user_id = order.identity.app_id, order.identity.user_id
        if not limit or not wanted or not user_id:
            return
        others = (each for each in self._peers.of_user(app_id, user_id) if each is not peer)
        if wanted + sum(each.uses.sources for each in others) > limit:
            raise QuotaExceeded(limit=f"{limit} tracks of this user on one relay")

    def _plan(self, order: Order, offer: Offer, peer: Peer | None) -> list[Plan]:
        identity = order.identity
        bindings: Bindings
        if order.single_stream_id is None:
            bindings = bind(offer, order.tracks)
        else:
            bindings = bind_single(offer, order.single_stream_id, client_sends=identity.client_sends)
        used_before = {} if peer is None else peer.uses.streams_by_mid
        if identity.client_sends:
            return plan_publisher(offer, bindings, used_before)
        return plan_viewer(
            offer,
            bindings,
            used_before,
            find=lambda stream_id, kind: self._playable(order, stream_id, kind),
            exists=lambda stream_id: any(self._playable(order, stream_id, kind) for kind in KINDS),
        )

    def _playable(self, order: Order, stream_id: StreamId, kind: Kind) -> Track | None:
        """None also for a track of a room that the viewer may not play: nobody learns that it is there."""
        track = self.registry.track(order.identity.app_id, stream_id, kind)
        publisher = None if track is None else self._peers.of_number(track.transport)
        if track is None or publisher is None or not order.may_play_in(publisher.identity.room_id):
            return None
        if track.arrives is None and len(track.codecs) > 1:
            payload_type = self._packets.arriving_payload_type(track.source)
            return track if payload_type is None else self.registry.arrives(track, payload_type)
        return track

    def _open(self, order: Order, offer: Offer) -> Peer:
        identity = order.identity
        peer = Peer(
            next(self.ids),
            identity,
            offer.transport,
            packets=self._packets,
            registry=self.registry,
            certificate=self._certificates.current(),
            addresses=self._addresses(),
            port=self._port,
            ids=self.ids,
            listener=self,
            setup_timeout_s=self._limits.setup_timeout_s,
        )
        plays_one_stream = order.single_stream_id is not None and not identity.client_sends
        self._peers.add(peer, order.owner, plays_one_stream=plays_one_stream)
        self._quotas.begin(order.owner)
        if self._tasks is not None:
            peer.start(self._tasks)
        return peer

    # ---- peers ----

    def opened(self, peer: Peer) -> None:
        self._quotas.connected(self._peers.owner(peer))
        log.info("transport-opened", transport_id=peer.identity.transport_id, dur_ms=_ms_since(peer.created_ns))
        self._record.transport_opened(peer.identity)

    def closed(self, peer: Peer, reason: CloseReason, last_stats: "TransportStats | None") -> None:
        transport_id = peer.identity.transport_id
        self._quotas.end(self._peers.remove(peer), was_connected=peer.opened_ns is not None)
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
            viewer = self._peers.of_number(playback.transport)
            if viewer is not None:
                viewer.uses.stop_playback(playback)
                if self._peers.plays_one_stream(viewer) and not viewer.uses.played_streams:
                    viewer.close(CloseReason.STREAM_ENDED)

    def observe(self, stats: "Stats") -> None:
        """Once a second."""
        self._media_watch.look(stats)


def _ms_since(start_ns: int) -> int:
    return (time.monotonic_ns() - start_ns) // 1_000_000
