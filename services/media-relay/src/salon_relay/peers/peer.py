"""One peer connection: its ICE and DTLS side, and which sections carry what.

A peer is CONNECTING until SRTP has its keys, then OPEN until it is CLOSED, which it never leaves. All of it runs on the
event loop and nothing in it waits while changing state, so one offer is applied as a whole or (by closing) not at all.
"""

import asyncio
import contextvars
import itertools
import secrets
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Final, Protocol, assert_never

from aiortc import RTCCertificate
from salon_contracts.errors import InvariantBroken, OfferUnacceptable
from salon_kit.log import bound, get_logger
from salon_kit.trace import context_of_cause, set_cause
from salon_media.answer import AnswerTransport, write_answer
from salon_media.ids import new_pwd, new_ufrag
from salon_media.offer import Offer, TransportParameters
from salon_packets import (
    DtlsReceived,
    SourceStarted,
    SourceStopped,
    SwitchedBack,
    SwitchedTo,
    TransportClosed,
    TransportConnected,
    TransportEvent,
)

from salon_relay.interfaces import Address
from salon_relay.packets import Packets
from salon_relay.peers.dtls import DtlsEnd, DtlsSession, fingerprint
from salon_relay.peers.identity import PeerIdentity
from salon_relay.peers.plan import Agreed, Plan
from salon_relay.peers.section_uses import SectionUses
from salon_relay.registry import Playback, Registry
from salon_relay.srtp_keys import SrtpKeys

if TYPE_CHECKING:
    from salon_packets._native import TransportStats


log = get_logger()


class CloseReason(Enum):
    ORDERED = "ordered"
    PEER_CLOSED = "peer-closed"
    CONSENT_EXPIRED = "consent-expired"
    NEVER_CONNECTED = "never-connected"
    RELAY_STOPPED = "relay-stopped"
    NO_MEDIA = "no-media"
    """The client was to send, and not one packet of media has ever come."""
    STREAM_ENDED = "stream-ended"
    """The one stream it was there to play."""
    CODEC_MISMATCH = "codec-mismatch"
    """What arrives is of a codec that the client was not answered, since it does not list it."""
    INTERNAL_ERROR = "internal-error"


class PeerState(Enum):
    CONNECTING = "connecting"
    OPEN = "open"
    CLOSED = "closed"


ALLOWED: Final[Mapping[PeerState, frozenset[PeerState]]] = {
    PeerState.CONNECTING: frozenset({PeerState.OPEN, PeerState.CLOSED}),
    PeerState.OPEN: frozenset({PeerState.CLOSED}),
    PeerState.CLOSED: frozenset(),
}


class PeerListener(Protocol):
    """Who owns the peers."""

    def opened(self, peer: "Peer") -> None: ...
    def closed(self, peer: "Peer", reason: CloseReason, last_stats: "TransportStats | None") -> None: ...
    def playbacks_ended(self, playbacks: Iterable[Playback]) -> None:
        """Their source is going: stop them, wherever they are."""


class Peer:
    """Made from the first offer; `negotiate` it (again with every offer), run `run` as a task, `close` it."""

    def __init__(
        self,
        number: int,
        identity: PeerIdentity,
        remote: TransportParameters,
        *,
        packets: Packets,
        registry: Registry,
        certificate: RTCCertificate,
        addresses: tuple[Address, ...],
        port: int,
        ids: Iterator[int],
        listener: PeerListener,
        setup_timeout_s: float,
    ) -> None:
        self.number = number
        self.identity = identity
        self.state = PeerState.CONNECTING
        self.created_ns = time.monotonic_ns()
        self.opened_ns: int | None = None
        self._remote = remote
        self._registry = registry
        self._packets = packets
        self._listener = listener
        self.uses = SectionUses(number, identity, packets, registry, ids, listener.playbacks_ended)
        self._sdp_session_id = secrets.randbits(62)
        self._sdp_versions = itertools.count(1)
        self._local = AnswerTransport(
            new_ufrag(),
            new_pwd(),
            fingerprint(certificate),
            addresses,
            port,
            # RFC 8842 section 5.3; for life, whatever later offers leave to the relay.
            setup="active" if remote.role == "passive" else "passive",
        )
        self._reachable = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._dtls = DtlsSession(
            certificate,
            remote.fingerprints,
            role="client" if self._local.setup == "active" else "server",
            send=lambda datagrams: packets.send_dtls(number, datagrams),
            on_keys=self._start_srtp,
        )
        packets.add_transport(
            number,
            self.on_event,
            local_ufrag=self._local.ufrag,
            local_pwd=self._local.pwd,
            remote_ufrag=remote.ufrag,
        )
        self._deadline = asyncio.get_running_loop().call_later(
            setup_timeout_s, self.close, CloseReason.NEVER_CONNECTED, context=contextvars.Context()
        )

    def check_same_transport(self, remote: TransportParameters) -> None:
        """Raises OfferUnacceptable for an ICE restart or another DTLS certificate."""
        if (remote.ufrag, remote.pwd) != (self._remote.ufrag, self._remote.pwd):
            raise OfferUnacceptable(problem="it restarts ICE; open a new peer connection instead")
        if set(remote.fingerprints) != set(self._remote.fingerprints):
            raise OfferUnacceptable(problem="its DTLS fingerprint has changed; open a new peer connection instead")
        if remote.role == self._local.setup:
            raise OfferUnacceptable(problem=f"it takes the relay's DTLS role (a=setup:{remote.role}); offer actpass")

    # ---- offers ----

    def negotiate(self, offer: Offer, plans: Sequence[Plan]) -> tuple[str, list[Agreed]]:
        """Brings the packet path in line with the plans; the answer and what flows now.

        CommandQueueFull leaves it half done: close the peer then.
        """
        sections, flowing = self.uses.apply(offer, plans)
        answer = write_answer(
            offer, sections, self._local, session_id=self._sdp_session_id, version=next(self._sdp_versions)
        )
        return answer, flowing

    # ---- connection ----

    def start(self, tasks: asyncio.TaskGroup) -> None:
        # It outlives the request that it was created in by far: none of that one's context but the cause of its events.
        self._task = tasks.create_task(
            self._run(), name=f"peer-{self.identity.transport_id}", context=context_of_cause()
        )

    def on_event(self, event: TransportEvent) -> None:
        """Of the packet path."""
        match event:
            case TransportConnected():
                self._reachable.set()
            case DtlsReceived():
                self._reachable.set()
                self._dtls.feed(event.datagrams)
            case TransportClosed(reason="internal-error"):
                self.close(CloseReason.INTERNAL_ERROR)
            case TransportClosed():
                is_open = self.state is PeerState.OPEN
                self.close(CloseReason.CONSENT_EXPIRED if is_open else CloseReason.NEVER_CONNECTED)
            case SourceStarted() | SourceStopped() | SwitchedTo() | SwitchedBack():
                self._registry.on_source_event(event)
            case _:
                assert_never(event)

    async def _run(self) -> None:
        """Ends by closing the peer; cancelled only by `close`."""
        identity = self.identity
        with bound(app_id=identity.app_id, room_id=identity.room_id, session_id=identity.session_id):
            try:
                await self._reachable.wait()
                end = await self._dtls.run()
                reason = CloseReason.PEER_CLOSED if end is DtlsEnd.PEER_CLOSED else CloseReason.NEVER_CONNECTED
                if end is DtlsEnd.FAILED:
                    log.warning(
                        "dtls-failed",
                        transport_id=identity.transport_id,
                        setup=self._local.setup,
                        problem=self._dtls.failure,
                    )
            except Exception:  # the supervisor of one peer: a bug here ends this peer alone
                log.exception("peer-failed", transport_id=identity.transport_id)
                reason = CloseReason.INTERNAL_ERROR
            self._task = None
            set_cause(None, None)  # the offer that it began with may be hours old
            self.close(reason)

    def _start_srtp(self, keys: SrtpKeys) -> None:
        if self.state is not PeerState.CONNECTING:
            return
        self._packets.set_srtp(self.number, keys)
        self._become(PeerState.OPEN)
        self.opened_ns = time.monotonic_ns()
        self._deadline.cancel()
        self._listener.opened(self)

    def close(self, reason: CloseReason) -> None:
        """Ends everything of this peer and tells the listener; closing again does nothing."""
        if self.state is PeerState.CLOSED:
            return
        self._become(PeerState.CLOSED)
        self._deadline.cancel()
        last_stats = self._packets.transport_stats(self.number)
        self.uses.end()
        if reason != CloseReason.PEER_CLOSED:
            self._dtls.close()
        self._packets.remove_transport(self.number)
        if self._task is not None:
            self._task.cancel()
        self._listener.closed(self, reason, last_stats)

    def _become(self, state: PeerState) -> None:
        if state not in ALLOWED[self.state]:
            raise InvariantBroken(f"a peer went from {self.state.value} to {state.value}")
        self.state = state
