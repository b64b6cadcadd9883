"""One peer connection: its ICE and DTLS side, and which sections carry what.

A peer is CONNECTING until SRTP has its keys, then OPEN until it is CLOSED, which it never leaves. All of it runs on the
event loop and nothing in it waits while changing state, so one offer is applied as a whole or (by closing) not at all.
"""

import asyncio
import contextvars
import itertools
import secrets
import time
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final, Protocol

from aiortc import RTCCertificate
from salon_contracts.errors import InvariantBroken, OfferUnacceptable
from salon_contracts.ids import AppId, RoomId, RoomSessionId, SessionId, StreamId, TransportId, UserId
from salon_kit.log import bound, get_logger
from salon_media.answer import AnswerSection, AnswerTransport, Inactive, Receiving, Rejected, Sending, write_answer
from salon_media.codecs import OfferedCodec
from salon_media.ids import new_cname, new_pwd, new_ssrc, new_ufrag
from salon_media.offer import Offer, TransportParameters
from salon_media.parameter_sets import parameter_sets
from salon_packets import Codec, SinkConfig, SourceConfig

from salon_relay.interfaces import Address
from salon_relay.packets import Packets
from salon_relay.peers.dtls import DtlsEnd, DtlsSession, SrtpKeys, fingerprint
from salon_relay.peers.plan import Agreed, InactivePlan, Plan, RejectedPlan, SinkPlan, SourcePlan
from salon_relay.registry import Playback, Registry, Track

if TYPE_CHECKING:
    from salon_packets._native import SourceStats, TransportStats


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


@dataclass(frozen=True, slots=True)
class PeerIdentity:
    """Whose peer connection it is; the same in every offer on it."""

    app_id: AppId
    room_id: RoomId
    room_session_id: RoomSessionId
    user_id: UserId
    session_id: SessionId
    transport_id: TransportId
    client_sends: bool


class PeerListener(Protocol):
    """Who owns the peers."""

    def opened(self, peer: "Peer") -> None: ...
    def closed(self, peer: "Peer", reason: CloseReason, last_stats: "TransportStats | None") -> None: ...
    def playbacks_ended(self, playbacks: Iterable[Playback]) -> None:
        """Their source is going: stop them, wherever they are."""


@dataclass(frozen=True, slots=True)
class SourceUse:
    plan: SourcePlan
    track: Track


@dataclass(frozen=True, slots=True)
class SinkUse:
    plan: SinkPlan
    playback: Playback
    ssrc: int
    rtx_ssrc: int | None


@dataclass(frozen=True, slots=True)
class Idle:
    """The section is inactive. `stream_id`: what it is bound to all the same, or what it carried until that ended."""

    stream_id: StreamId | None


Use = SourceUse | SinkUse | Idle
"""What a section carries."""


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
        self._packets = packets
        self._registry = registry
        self._ids = ids
        self._listener = listener
        self._uses: dict[str, Use] = {}
        self._had_media = False
        self._ssrcs_ever: set[int] = set()
        self._cname = new_cname()
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
            number, local_ufrag=self._local.ufrag, local_pwd=self._local.pwd, remote_ufrag=remote.ufrag
        )
        self._deadline = asyncio.get_running_loop().call_later(
            setup_timeout_s, self.close, CloseReason.NEVER_CONNECTED, context=contextvars.Context()
        )

    @property
    def streams_by_mid(self) -> dict[str, StreamId | None]:
        """Sections answered before (and not rejected), with the stream each is or was bound to."""
        return {
            mid: use.stream_id if isinstance(use, Idle) else use.plan.agreed.stream_id
            for mid, use in self._uses.items()
        }

    @property
    def sources(self) -> int:
        """Tracks that are sent over it."""
        return sum(isinstance(use, SourceUse) for use in self._uses.values())

    @property
    def played_streams(self) -> set[StreamId]:
        """To its client."""
        return {use.plan.agreed.stream_id for use in self._uses.values() if isinstance(use, SinkUse)}

    def streams_of(self, sinks: Container[int]) -> set[StreamId]:
        """What it plays over any of these."""
        return {
            use.plan.agreed.stream_id
            for use in self._uses.values()
            if isinstance(use, SinkUse) and use.playback.sink in sinks
        }

    def awaits_media(self, sources: "Mapping[int, SourceStats]") -> bool:
        """Whether the client is to send and has not sent anything so far. Later silence is another matter."""
        if self._had_media or not self.identity.client_sends:
            return False
        ours = (use.track.source for use in self._uses.values() if isinstance(use, SourceUse))
        self._had_media = any(source in sources and sources[source]["packets_received"] for source in ours)
        return not self._had_media

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
        wanted = {plan.agreed.mid: plan for plan in plans if isinstance(plan, SourcePlan | SinkPlan)}
        for mid, use in list(self._uses.items()):
            if not isinstance(use, Idle) and use.plan != wanted.get(mid):
                self._end(use)
                self._uses[mid] = Idle(None)
        previous, self._uses = self._uses, {}
        sections: list[AnswerSection] = []
        for section, plan in zip(offer.sections, plans, strict=True):
            match plan:
                case SourcePlan():
                    kept = previous.get(section.mid)
                    self._uses[section.mid] = kept if isinstance(kept, SourceUse) else self._begin_source(plan)
                    sections.append(Receiving(plan.agreed.codecs, plan.agreed.extensions))
                case SinkPlan():
                    kept = previous.get(section.mid)
                    sink = kept if isinstance(kept, SinkUse) else self._begin_sink(plan)
                    self._uses[section.mid] = sink
                    sections.append(
                        Sending(
                            plan.agreed.codecs,
                            plan.agreed.extensions,
                            stream_id=plan.agreed.stream_id,
                            ssrc=sink.ssrc,
                            rtx_ssrc=sink.rtx_ssrc,
                            cname=plan.track.cname,
                        )
                    )
                case InactivePlan():
                    self._uses[section.mid] = Idle(plan.stream_id)
                    sections.append(Inactive(plan.codec))
                case RejectedPlan():
                    sections.append(Rejected())
        answer = write_answer(
            offer, sections, self._local, session_id=self._sdp_session_id, version=next(self._sdp_versions)
        )
        return answer, [plan.agreed for plan in wanted.values()]

    def _begin_source(self, plan: SourcePlan) -> SourceUse:
        agreed = plan.agreed
        track = Track(
            source=next(self._ids),
            app_id=self.identity.app_id,
            stream_id=agreed.stream_id,
            kind=agreed.kind,
            codecs=agreed.codecs,
            transport=self.number,
            mid=agreed.mid,
            cname=self._cname,
        )
        config = SourceConfig(
            kind=agreed.kind,
            mid=agreed.mid,
            codecs=[_native_codec(codec) for codec in agreed.codecs],
            ssrcs=plan.ssrcs,
            extensions={item.uri: item.id for item in agreed.extensions},
            nack=agreed.nack,
            keyframe_feedback=agreed.keyframe_feedback,
            transport_cc=agreed.transport_cc,
            remb=agreed.remb,
            parameter_sets=[(codec.payload_type, unit) for codec in agreed.codecs for unit in parameter_sets(codec)],
        )
        self._packets.add_source(self.number, track.source, config)
        replaced = self._registry.publish(track)
        if replaced is not None:
            self._listener.playbacks_ended(self._registry.unpublish(replaced.source))
            self._packets.remove_source(replaced.source)
        return SourceUse(plan, track)

    def _begin_sink(self, plan: SinkPlan) -> SinkUse:
        agreed = plan.agreed
        playback = Playback(next(self._ids), plan.track.source, self.number, agreed.mid)
        ssrc = self._new_ssrc()
        has_rtx = any(codec.rtx_payload_type is not None for codec in agreed.codecs)
        rtx_ssrc = self._new_ssrc() if has_rtx else None
        config = SinkConfig(
            kind=agreed.kind,
            mid=agreed.mid,
            codec=_native_codec(agreed.codec),
            alternatives=[(payload_type, _native_codec(codec)) for payload_type, codec in plan.sent_as],
            ssrc=ssrc,
            rtx_ssrc=rtx_ssrc,
            cname=plan.track.cname,
            extensions={item.uri: item.id for item in agreed.extensions},
            nack=agreed.nack,
            transport_cc=agreed.transport_cc,
            mixed_extensions=agreed.mixed_extensions,
        )
        self._packets.add_sink(self.number, playback.sink, playback.source, config)
        self._registry.play(playback)
        return SinkUse(plan, playback, ssrc, rtx_ssrc)

    def _new_ssrc(self) -> int:
        """Never one this peer connection has had: its SRTP keys would see the same packet index twice."""
        ssrc = new_ssrc(self._ssrcs_ever)
        self._ssrcs_ever.add(ssrc)
        return ssrc

    def _end(self, use: SourceUse | SinkUse) -> None:
        match use:
            case SourceUse(track=track):
                self._listener.playbacks_ended(self._registry.unpublish(track.source))
                self._packets.remove_source(track.source)
            case SinkUse(playback=playback):
                self._registry.stop(playback)
                self._packets.remove_sink(playback.sink)

    def stop_stream(self, stream_id: StreamId) -> None:
        """Picture and sound; their sections stay, inactive, until the client offers again."""
        for mid, use in self._uses.items():
            if isinstance(use, SinkUse) and use.plan.agreed.stream_id == stream_id:
                self._end(use)
                self._uses[mid] = Idle(stream_id)

    def stop_playback(self, playback: Playback) -> None:
        """Its source is gone; the section stays, inactive, until the client offers again."""
        use = self._uses.get(playback.mid)
        if isinstance(use, SinkUse) and use.playback == playback:
            self._packets.remove_sink(playback.sink)
            self._uses[playback.mid] = Idle(use.plan.agreed.stream_id)

    # ---- connection ----

    def start(self, tasks: asyncio.TaskGroup) -> None:
        # In a context of its own: it outlives the request that it was made in by far.
        self._task = tasks.create_task(
            self._run(), name=f"peer-{self.identity.transport_id}", context=contextvars.Context()
        )

    def reachable(self) -> None:
        """ICE has an address of the client."""
        self._reachable.set()

    def feed_dtls(self, datagrams: Sequence[bytes]) -> None:
        self._reachable.set()
        self._dtls.feed(datagrams)

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
        for use in self._uses.values():
            match use:
                case SourceUse(track=track):
                    self._listener.playbacks_ended(self._registry.unpublish(track.source))
                case SinkUse(playback=playback):
                    self._registry.stop(playback)
        self._uses.clear()
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


def _native_codec(codec: OfferedCodec) -> Codec:
    name = codec.served
    if name is None:
        raise InvariantBroken(f"{codec.name} was agreed to")
    return Codec(name, codec.payload_type, codec.clock_rate_hz, codec.rtx_payload_type)
