"""What the sections of one peer connection carry, and the sources and sinks of the packet path that belong to them."""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from salon_contracts.errors import InvariantBroken
from salon_contracts.ids import StreamId
from salon_media.answer import AnswerSection, Inactive, Receiving, Rejected, Sending
from salon_media.codecs import OfferedCodec
from salon_media.ids import new_cname, new_ssrc
from salon_media.offer import Offer
from salon_media.parameter_sets import parameter_sets
from salon_packets import Codec, SinkConfig, SourceConfig

from salon_relay.packets import Packets
from salon_relay.peers.identity import PeerIdentity
from salon_relay.peers.plan import Agreed, InactivePlan, Plan, RejectedPlan, SinkPlan, SourcePlan
from salon_relay.registry import Playback, Registry, Track

if TYPE_CHECKING:
    from salon_packets._native import SourceStats


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


class SectionUses:
    """`apply` the plans for every offer; `end` when the transport is removed, and its sources and sinks with it."""

    def __init__(
        self,
        transport: int,
        identity: PeerIdentity,
        packets: Packets,
        registry: Registry,
        ids: Iterator[int],
        playbacks_ended: Callable[[Iterable[Playback]], None],
    ) -> None:
        """`playbacks_ended`: their source is going; they are to be stopped, wherever they are."""
        self._transport = transport
        self._identity = identity
        self._packets = packets
        self._registry = registry
        self._ids = ids
        self._playbacks_ended = playbacks_ended
        self._uses: dict[str, Use] = {}
        """By mid."""
        self._had_media = False
        self._ssrcs_ever: set[int] = set()
        self._cname = new_cname()

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
        if self._had_media or not self._identity.client_sends:
            return False
        ours = (use.track.source for use in self._uses.values() if isinstance(use, SourceUse))
        self._had_media = any(source in sources and sources[source]["packets_received"] for source in ours)
        return not self._had_media

    def apply(self, offer: Offer, plans: Sequence[Plan]) -> tuple[list[AnswerSection], list[Agreed]]:
        """Brings the packet path in line with the plans; the sections of the answer and what flows now.

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
        return sections, [plan.agreed for plan in wanted.values()]

    def end(self) -> None:
        """Nothing is carried any more; the packet path ends it with the transport."""
        for use in self._uses.values():
            match use:
                case SourceUse(track=track):
                    self._playbacks_ended(self._registry.unpublish(track.source))
                case SinkUse(playback=playback):
                    self._registry.stop(playback)
        self._uses.clear()

    def _begin_source(self, plan: SourcePlan) -> SourceUse:
        agreed = plan.agreed
        track = Track(
            source=next(self._ids),
            app_id=self._identity.app_id,
            stream_id=agreed.stream_id,
            kind=agreed.kind,
            codecs=agreed.codecs,
            transport=self._transport,
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
        self._packets.add_source(self._transport, track.source, config)
        replaced = self._registry.publish(track)
        if replaced is not None:
            self._playbacks_ended(self._registry.unpublish(replaced.source))
            self._packets.remove_source(replaced.source)
        return SourceUse(plan, track)

    def _begin_sink(self, plan: SinkPlan) -> SinkUse:
        agreed = plan.agreed
        playback = Playback(next(self._ids), plan.track.source, self._transport, agreed.mid)
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
        self._packets.add_sink(self._transport, playback.sink, playback.source, config)
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
                self._playbacks_ended(self._registry.unpublish(track.source))
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


def _native_codec(codec: OfferedCodec) -> Codec:
    name = codec.served
    if name is None:
        raise InvariantBroken(f"{codec.name} was agreed to")
    return Codec(name, codec.payload_type, codec.clock_rate_hz, codec.rtx_payload_type)
