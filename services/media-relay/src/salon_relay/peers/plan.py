"""What becomes of each section of an offer. Pure: an offer, its bindings and what is known go in, a plan comes out.

The rules:

- A bound section that can carry its stream becomes a source or a sink.
- A section that was in use before, is offered inactive, or whose stream has no track of its kind stays in the session
  as `inactive`: rejecting it would end the client's transceiver for good.
- What nobody bound is rejected, data channels as well.
- A bound section that cannot be served is `OfferUnacceptable` with its name and the reason, and nothing has changed
  then: a session is served whole or not at all (RFC 9725 section 4.2), and nobody gets sound and a black picture.
- A stream that came back as something the viewer cannot play becomes inactive in all its sections: the offer may be
  about another stream. The viewer is refused when it asks for it again.
- A binding to a stream that does not exist is `StreamNotFound`, unless the section was bound to it before: then the
  stream has ended while the offer was under way, and the section becomes inactive.
- A stream of which not one bound section can be served is `OfferUnacceptable` as well.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from salon_contracts.errors import InvariantBroken, OfferUnacceptable, StreamNotFound
from salon_contracts.ids import StreamId
from salon_media.answer import agree_feedback
from salon_media.codecs import (
    CodecName,
    OfferedCodec,
    accept_from_publisher,
    choose_for_publisher,
    choose_for_viewer,
    served_name,
)
from salon_media.extensions import MID, agree
from salon_media.offer import HeaderExtension, Offer, OfferedSection

from salon_relay.peers.bindings import Bindings
from salon_relay.peers.sections import check_usable_or_stopped, kind_of, name_of, usable
from salon_relay.registry import Kind, Track


@dataclass(frozen=True, slots=True)
class Agreed:
    """What a source and a sink have in common: the section's side of the packet path."""

    mid: str
    stream_id: StreamId
    kind: Kind
    name: CodecName
    codecs: tuple[OfferedCodec, ...]
    """What may be sent on the section, the expected first."""
    extensions: tuple[HeaderExtension, ...]
    feedback: tuple[str, ...]
    mixed_extensions: bool = False

    @property
    def codec(self) -> OfferedCodec:
        return self.codecs[0]

    @property
    def keyframe_feedback(self) -> Literal["pli", "fir"] | None:
        if "nack pli" in self.feedback:
            return "pli"
        return "fir" if "ccm fir" in self.feedback else None

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

    @property
    def payload_types(self) -> tuple[int, ...]:
        numbers = [number for codec in self.agreed.codecs for number in (codec.payload_type, codec.rtx_payload_type)]
        return tuple(number for number in numbers if number is not None)


@dataclass(frozen=True, slots=True)
class SinkPlan:
    agreed: Agreed
    track: Track
    sent_as: tuple[tuple[int, OfferedCodec], ...]
    """By payload type of the publisher, what its packets leave as."""


@dataclass(frozen=True, slots=True)
class InactivePlan:
    codec: OfferedCodec
    stream_id: StreamId | None
    """What it is bound to all the same."""


@dataclass(frozen=True, slots=True)
class RejectedPlan:
    pass


Plan = SourcePlan | SinkPlan | InactivePlan | RejectedPlan


def plan_publisher(offer: Offer, bindings: Bindings, used_before: Mapping[str, StreamId | None]) -> list[Plan]:
    """One plan per section, for a client that sends. `used_before`: mids answered before, with their streams if any."""
    seen: set[tuple[StreamId, str]] = set()
    plans: list[Plan] = []
    indexes = usable(offer)
    for section in offer.sections:
        kind, stream_id = kind_of(section), bindings.get(section.mid)
        if kind is None or section.index not in indexes:
            if stream_id is not None and section.sends:
                check_usable_or_stopped(offer, section)
            plans.append(RejectedPlan())
            continue
        if stream_id is None or not section.sends:
            plans.append(_idle(section, stream_id, keep=stream_id is not None or section.mid in used_before))
            continue
        if (stream_id, kind) in seen:
            raise OfferUnacceptable(problem=f"stream {stream_id!r} is bound to two {kind} sections")
        seen.add((stream_id, kind))
        plans.append(_source(section, stream_id, kind))
    _check_told_apart([plan for plan in plans if isinstance(plan, SourcePlan)])
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
    indexes = usable(offer)
    changed = _changed(offer, bindings, used_before, find)
    for section in offer.sections:
        kind, stream_id = kind_of(section), bindings.get(section.mid)
        if kind is None or section.index not in indexes:
            if stream_id is not None and section.receives:
                check_usable_or_stopped(offer, section)
            plans.append(RejectedPlan())
            continue
        if stream_id is None or not section.receives:
            plans.append(_idle(section, stream_id, keep=stream_id is not None or section.mid in used_before))
            continue
        if stream_id in changed:
            plans.append(_idle(section, None, keep=True))
            continue
        track = find(stream_id, kind)
        if track is None and not exists(stream_id):
            if used_before.get(section.mid) != stream_id:
                raise StreamNotFound(stream_id=stream_id)
            plans.append(_idle(section, stream_id, keep=True))
            continue
        if track is None:
            unserved.setdefault(stream_id, f"has no {kind}")
            plans.append(_idle(section, stream_id, keep=True))
            continue
        if not _can_play(section, track):
            raise OfferUnacceptable(
                problem=f"{name_of(section)} lists nothing to play stream {stream_id!r} with,"
                f" which is {_described(track)}"
            )
        served.add(stream_id)
        plans.append(_sink(section, track))
    for stream_id, reason in unserved.items():
        if stream_id not in served:
            raise OfferUnacceptable(problem=f"stream {stream_id!r} {reason}")
    return _checked(plans)


def _source(section: OfferedSection, stream_id: StreamId, kind: Kind) -> SourcePlan:
    codecs = accept_from_publisher(section.codecs)
    name = served_name(codecs[0]) if codecs else None
    if name is None:
        carried = "opus" if kind == "audio" else "VP8 or H264"
        raise OfferUnacceptable(
            problem=f"{name_of(section)} for stream {stream_id!r} offers no {kind} codec the relay carries ({carried})"
        )
    extensions = agree(section, client_sends=True)
    # Several primaries are simulcast by SSRC or a repair scheme nobody answered; the packet path follows the first.
    ssrcs = section.ssrcs
    feedback = agree_feedback(codecs[0], extensions)
    return SourcePlan(Agreed(section.mid, stream_id, kind, name, codecs, extensions, feedback), ssrcs)


def _can_play(section: OfferedSection, track: Track) -> bool:
    """What arrives; while nothing has, any of what may."""
    possible = track.codecs if track.arrives is None else (track.arrives,)
    return any(choose_for_viewer(section.codecs, codec) for codec in possible)


def _sink(section: OfferedSection, track: Track) -> SinkPlan:
    """The same whatever arrives, so that an offer about something else changes nothing of it."""
    chosen = ((codec, choose_for_viewer(section.codecs, codec)) for codec in track.codecs)
    sent_as = tuple((codec, viewers) for codec, viewers in chosen if viewers is not None)
    codecs = tuple({viewers.payload_type: viewers for _, viewers in sent_as}.values())
    expected, name = codecs[0], served_name(codecs[0])
    if name is None:
        raise InvariantBroken(f"a viewer was to get {expected.name}")
    extensions = agree(section, client_sends=False)
    feedback = agree_feedback(expected, extensions)
    agreed = Agreed(
        section.mid, track.stream_id, track.kind, name, codecs, extensions, feedback, section.mixed_extensions
    )
    return SinkPlan(agreed, track, tuple((codec.payload_type, viewers) for codec, viewers in sent_as))


def _described(track: Track) -> str:
    """For H264 with what decides whether it can be sent."""
    h264 = track.codec.h264
    if h264 is None:
        return track.codec.name
    return f"{track.codec.name} ({h264.profile.value}, packetization-mode={h264.packetization_mode or 'not said'})"


def _changed(
    offer: Offer,
    bindings: Bindings,
    used_before: Mapping[str, StreamId | None],
    find: Callable[[StreamId, Kind], Track | None],
) -> frozenset[StreamId]:
    """Streams that a viewer has had, and that are now something which a section of it cannot play."""
    changed: set[StreamId] = set()
    for section in offer.sections:
        kind, stream_id = kind_of(section), bindings.get(section.mid)
        if kind is None or stream_id is None or used_before.get(section.mid) != stream_id:
            continue
        track = find(stream_id, kind) if section.receives and not section.rejected else None
        if track is not None and not _can_play(section, track):
            changed.add(stream_id)
    return frozenset(changed)


def _check_told_apart(sources: Sequence[SourcePlan]) -> None:
    """A packet belongs to a section by its SSRC, by its mid, or by a payload type that no other section has."""
    users: dict[int, list[str]] = {}
    for source in sources:
        for payload_type in source.payload_types:
            users.setdefault(payload_type, []).append(source.agreed.mid)
    for source in sources:
        if source.ssrcs or any(item.uri == MID for item in source.agreed.extensions):
            continue
        for payload_type in source.payload_types:
            other = next((mid for mid in users[payload_type] if mid != source.agreed.mid), None)
            if other is not None:
                raise OfferUnacceptable(
                    problem=f"section {source.agreed.mid!r} names neither its SSRC nor the mid header extension, and"
                    f" section {other!r} has its payload type {payload_type} too"
                )


def _idle(section: OfferedSection, stream_id: StreamId | None, *, keep: bool) -> Plan:
    codec = choose_for_publisher(section.codecs)
    if codec is None or not (keep or section.direction == "inactive"):
        return RejectedPlan()
    return InactivePlan(codec, stream_id)


def _checked(plans: list[Plan]) -> list[Plan]:
    if all(isinstance(plan, RejectedPlan) for plan in plans):
        raise OfferUnacceptable(problem="no section of it is bound to a stream")
    return plans
