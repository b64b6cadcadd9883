"""What becomes of each section of an offer. Pure: an offer, its bindings and what is known go in, a plan comes out.

The rules:

- A bound section that can carry its stream becomes a source or a sink.
- A section that was in use before, is offered inactive, or whose stream has no track of its kind stays in the session
  as `inactive`: rejecting it would end the client's transceiver for good.
- Everything else is rejected: never bound, data channels, outside the bundle, without a codec the relay carries.
- A binding to a stream that does not exist is `StreamNotFound`, unless the section was bound to it before: then the
  stream has ended while the offer was under way, and the section becomes inactive.
- A stream of which not one bound section can be served is `OfferUnacceptable`. Nothing has changed then.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from salon_contracts.errors import OfferUnacceptable, StreamNotFound
from salon_contracts.ids import StreamId
from salon_media.answer import agree_feedback
from salon_media.codecs import CodecName, OfferedCodec, choose_for_publisher, choose_for_viewer, served_name
from salon_media.extensions import MID, agree
from salon_media.offer import HeaderExtension, Offer, OfferedSection

from salon_relay.registry import Kind, Track

PROFILES: Final = frozenset({"UDP/TLS/RTP/SAVPF", "UDP/TLS/RTP/SAVP", "RTP/SAVPF", "RTP/SAVP"})
"""All mean SRTP with DTLS keys in an offer with fingerprints (RFC 9429 section 5.1.2)."""


@dataclass(frozen=True, slots=True)
class Agreed:
    """What a source and a sink have in common: the section's side of the packet path."""

    mid: str
    stream_id: StreamId
    kind: Kind
    name: CodecName
    codec: OfferedCodec
    extensions: tuple[HeaderExtension, ...]
    feedback: tuple[str, ...]

    @property
    def nack(self) -> bool:
        return "nack" in self.feedback

    @property
    def transport_cc(self) -> bool:
        return "transport-cc" in self.feedback

    @property
    def remb(self) -> bool:
        return "goog-remb" in self.feedback


@dataclass(frozen=True, slots=True)
class SourcePlan:
    agreed: Agreed
    ssrcs: tuple[tuple[int, int | None], ...]


@dataclass(frozen=True, slots=True)
class SinkPlan:
    agreed: Agreed
    track: Track


@dataclass(frozen=True, slots=True)
class InactivePlan:
    codec: OfferedCodec
    stream_id: StreamId | None
    """What it is bound to all the same."""


@dataclass(frozen=True, slots=True)
class RejectedPlan:
    pass


Plan = SourcePlan | SinkPlan | InactivePlan | RejectedPlan
Bindings = Mapping[str, StreamId]
"""Stream by mid."""


def bind(offer: Offer, tracks: Sequence[tuple[str, StreamId]]) -> Bindings:
    """Checks (mid, stream id) pairs against the offer. Raises OfferUnacceptable."""
    bindings: dict[str, StreamId] = {}
    mids = {section.mid for section in offer.sections if section.mid}
    for mid, stream_id in tracks:
        if mid not in mids:
            raise OfferUnacceptable(problem=f"stream {stream_id!r} is bound to mid {mid!r}, which it does not have")
        if bindings.setdefault(mid, stream_id) != stream_id:
            raise OfferUnacceptable(problem=f"mid {mid!r} is bound to two streams")
    return bindings


def bind_single(offer: Offer, stream_id: StreamId, *, client_sends: bool) -> Bindings:
    """WHIP and WHEP: the first section of each kind belongs to the one stream."""
    bindings: dict[str, StreamId] = {}
    kinds: set[str] = set()
    for section in offer.sections:
        active = section.sends if client_sends else section.receives
        if section.kind in ("audio", "video") and section.kind not in kinds and active and not section.rejected:
            kinds.add(section.kind)
            bindings[section.mid] = stream_id
    return bindings


def plan_publisher(offer: Offer, bindings: Bindings, used_before: Mapping[str, StreamId | None]) -> list[Plan]:
    """One plan per section, for a client that sends. `used_before`: mids answered before, with their streams if any."""
    seen: set[tuple[StreamId, str]] = set()
    plans: list[Plan] = []
    usable = _usable(offer)
    for section in offer.sections:
        kind, stream_id = _kind(section), bindings.get(section.mid)
        if kind is None or section.mid not in usable:
            plans.append(RejectedPlan())
            continue
        if stream_id is None or not section.sends:
            plans.append(_idle(section, stream_id, keep=stream_id is not None or section.mid in used_before))
            continue
        if (stream_id, kind) in seen:
            raise OfferUnacceptable(problem=f"stream {stream_id!r} is bound to two {kind} sections")
        seen.add((stream_id, kind))
        plans.append(_source(section, stream_id, kind))
    return _checked(plans)


def plan_viewer(
    offer: Offer,
    bindings: Bindings,
    used_before: Mapping[str, StreamId | None],
    *,
    find: Callable[[StreamId, Kind], Track | None],
    exists: Callable[[StreamId], bool],
) -> list[Plan]:
    """One plan per section, for a client that receives."""
    plans: list[Plan] = []
    served: set[StreamId] = set()
    unserved: dict[StreamId, str] = {}
    usable = _usable(offer)
    for section in offer.sections:
        kind, stream_id = _kind(section), bindings.get(section.mid)
        if kind is None or section.mid not in usable:
            plans.append(RejectedPlan())
            continue
        if stream_id is None or not section.receives:
            plans.append(_idle(section, stream_id, keep=stream_id is not None or section.mid in used_before))
            continue
        track = find(stream_id, kind)
        if track is None and not exists(stream_id):
            if used_before.get(section.mid) != stream_id:
                raise StreamNotFound(stream_id=stream_id)
            plans.append(_idle(section, stream_id, keep=True))
            continue
        codec = None if track is None else choose_for_viewer(section.codecs, track.codec)
        if track is None or codec is None:
            reason = (
                f"has no {kind}" if track is None else f"is {track.name}, which section {section.mid!r} cannot play"
            )
            unserved.setdefault(stream_id, reason)
            plans.append(_idle(section, stream_id, keep=True))
            continue
        served.add(stream_id)
        extensions = agree(section, client_sends=False)
        agreed = Agreed(section.mid, stream_id, kind, track.name, codec, extensions, agree_feedback(codec, extensions))
        plans.append(SinkPlan(agreed, track))
    for stream_id, reason in unserved.items():
        if stream_id not in served:
            raise OfferUnacceptable(problem=f"stream {stream_id!r} {reason}")
    return _checked(plans)


def _source(section: OfferedSection, stream_id: StreamId, kind: Kind) -> SourcePlan:
    codec = choose_for_publisher(section.codecs)
    name = None if codec is None else served_name(codec)
    if codec is None or name is None:
        carried = "opus" if kind == "audio" else "VP8 or H264"
        raise OfferUnacceptable(problem=f"stream {stream_id!r} offers no {kind} codec the relay carries ({carried})")
    extensions = agree(section, client_sends=True)
    # Several primaries are simulcast by SSRC or a repair scheme nobody answered; the first is the plain stream.
    ssrcs = section.ssrcs[:1]
    if not ssrcs and not any(item.uri == MID for item in extensions):
        raise OfferUnacceptable(problem=f"section {section.mid!r} names neither its SSRC nor the mid header extension")
    feedback = agree_feedback(codec, extensions)
    return SourcePlan(Agreed(section.mid, stream_id, kind, name, codec, extensions, feedback), ssrcs)


def _kind(section: OfferedSection) -> Kind | None:
    match section.kind:
        case "audio":
            return "audio"
        case "video":
            return "video"
        case _:
            return None


def _usable(offer: Offer) -> frozenset[str]:
    """Mids of the sections that can share the one transport."""
    live = [
        section
        for section in offer.sections
        if not section.rejected and section.protocol in PROFILES and _kind(section) is not None
    ]
    together = [section for section in live if section.bundled] or live[:1]
    for section in together:
        if not section.rtcp_mux:
            raise OfferUnacceptable(problem=f"section {section.mid!r} does not offer rtcp-mux")
    return frozenset(section.mid for section in together)


def _idle(section: OfferedSection, stream_id: StreamId | None, *, keep: bool) -> Plan:
    codec = choose_for_publisher(section.codecs)
    if codec is None or not (keep or section.direction == "inactive"):
        return RejectedPlan()
    return InactivePlan(codec, stream_id)


def _checked(plans: list[Plan]) -> list[Plan]:
    if all(isinstance(plan, RejectedPlan) for plan in plans):
        raise OfferUnacceptable(problem="no section of it is bound to a stream")
    return plans
