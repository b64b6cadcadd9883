"""Which stream each section of an offer belongs to."""

from collections.abc import Mapping, Sequence

from salon_contracts.errors import OfferUnacceptable
from salon_contracts.ids import StreamId
from salon_media.offer import Offer, OfferedSection

from salon_relay.peers.sections import kind_of, name_of, outside

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
    """WHIP and WHEP: at most one section of each kind belongs to the one stream. Raises OfferUnacceptable."""
    bindings: dict[str, StreamId] = {}
    kinds: dict[str, OfferedSection] = {}
    for section in offer.sections:
        if kind_of(section) is None or section.rejected or section.direction == "inactive":
            continue
        if not (section.sends if client_sends else section.receives):
            way = "sends" if client_sends else "receives"
            raise OfferUnacceptable(
                problem=f"{name_of(section)} says a={section.direction}, but the client {way} at this endpoint"
            )
        before = kinds.setdefault(section.kind, section)
        if before is not section:
            raise OfferUnacceptable(
                problem=f"{name_of(section)} is a second m={section.kind}; a stream has one audio and one video track"
            )
        if section.mid in bindings:
            raise OfferUnacceptable(problem=outside(offer, section))
        bindings[section.mid] = stream_id
    return bindings
