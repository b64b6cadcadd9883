"""Reads an SDP offer from the network into frozen dataclasses.

`parse_offer` raises `OfferMalformed` for what breaks the grammar or a bound, `OfferUnacceptable` for what is well
formed but needs a role or hash the relay does not take, and nothing else. It reads what the relay needs and ignores the
rest. Its work is linear in the text: lines are looked at once, what hangs on a payload type, an extension or an SSRC is
found by its number, and no expression backtracks.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from salon_contracts.errors import OfferMalformed, OfferUnacceptable

from salon_media.codecs import OfferedCodec
from salon_media.description import (
    DIRECTIONS,
    OFFER_MAX_BYTES,
    OFFER_MAX_LINES,
    OFFER_MAX_SECTIONS,
    SECTION_MAX_LINES,
    Attributes,
    Direction,
    MediaDescription,
    number_of,
    split_description,
)
from salon_media.offered_transport import Fingerprint, Said, SetupRole, TransportParameters, read_transport
from salon_media.payload_types import payload_types, read_codecs

__all__ = [
    "DIRECTIONS",
    "OFFER_MAX_BYTES",
    "OFFER_MAX_LINES",
    "OFFER_MAX_SECTIONS",
    "SECTION_MAX_EXTENSIONS",
    "SECTION_MAX_LINES",
    "SECTION_MAX_SSRCS",
    "Direction",
    "Fingerprint",
    "HeaderExtension",
    "Offer",
    "OfferedSection",
    "TransportParameters",
    "parse_offer",
]

SECTION_MAX_SSRCS: Final = 32
SECTION_MAX_EXTENSIONS: Final = 32
"""Chromium 156 offers at most 20."""
MID_MAX_CHARS: Final = 16
"""The identifier travels in a one-byte header extension, whose elements hold no more."""

_EXTENSION_ID_MAX: Final = 9999
_URI_MAX_CHARS: Final = 256
_SSRC_MAX_DIGITS: Final = 10


@dataclass(frozen=True, slots=True)
class HeaderExtension:
    """One `a=extmap` (RFC 8285); `direction` as the offering side sees it."""

    id: int
    uri: str
    direction: Direction


@dataclass(frozen=True, slots=True)
class OfferedSection:
    """One `m=` section."""

    index: int
    kind: str
    """"audio", "video", "application", …"""
    protocol: str
    formats: tuple[str, ...]
    """As in the m-line; a rejection repeats them."""
    mid: str
    """Empty for a section that has none; it is outside the bundle."""
    direction: Direction
    rejected: bool
    """Port 0 and not bundle-only: the client has stopped it."""
    bundled: bool
    rtcp_mux: bool
    rtcp_rsize: bool
    codecs: tuple[OfferedCodec, ...]
    """In the client's order of preference, without rtx."""
    extensions: tuple[HeaderExtension, ...]
    mixed_extensions: bool
    """Header extensions may have either form in one stream (RFC 8285 section 6)."""
    ssrcs: tuple[tuple[int, int | None], ...]
    """(primary, rtx) by `a=ssrc` and `a=ssrc-group:FID`."""
    rids: tuple[str, ...]
    """`a=rid` with direction send."""
    simulcast: bool
    msid: str | None
    cname: str | None
    transport: TransportParameters | None

    @property
    def sends(self) -> bool:
        return self.direction in ("sendrecv", "sendonly")

    @property
    def receives(self) -> bool:
        return self.direction in ("sendrecv", "recvonly")


@dataclass(frozen=True, slots=True)
class Offer:
    sections: tuple[OfferedSection, ...]
    bundle: tuple[str, ...]
    """Mids of the BUNDLE group's sections in its order; empty without one."""
    transport: TransportParameters
    """Of the first usable section of the bundle."""
    ice_options: tuple[str, ...]
    extmap_allow_mixed: bool

    def section(self, mid: str) -> OfferedSection | None:
        return next((section for section in self.sections if mid and section.mid == mid), None)


def parse_offer(text: str) -> Offer:
    """The offer as data. Raises OfferMalformed and OfferUnacceptable; the text is never part of the error."""
    description = split_description(text)
    session, media = description.session, description.media
    if session.has("ice-lite"):
        raise OfferUnacceptable(problem="both sides are ICE-lite (a=ice-lite), so that neither would begin")
    bundle = _bundle(session)
    common = Said.of(session, "the session")
    mixed = session.has("extmap-allow-mixed")
    sections = tuple(_section(index, item, common, bundle, mixed) for index, item in enumerate(media))
    _check_unique(sections)
    mids = {section.mid for section in sections if section.mid}
    bundled = tuple(mid for mid in bundle if mid in mids)
    options = [*session.all("ice-options"), *media[0].attributes.all("ice-options")]
    return Offer(
        sections=sections,
        bundle=bundled,
        transport=_offered_transport(sections, bundled),
        ice_options=tuple(dict.fromkeys(" ".join(options).split())),
        extmap_allow_mixed=mixed,
    )


def _bundle(session: Attributes) -> dict[str, None]:
    groups = [words[1:] for words in map(str.split, session.all("group")) if words[:1] == ["BUNDLE"]]
    if len(groups) > 1:
        raise OfferUnacceptable(problem="it has more than one BUNDLE group")
    return dict.fromkeys(groups[0]) if groups else {}


# ---- one section ----


def _section(index: int, media: MediaDescription, common: Said, bundle: dict[str, None], mixed: bool) -> OfferedSection:
    attributes = media.attributes
    is_rejected = media.port == 0 and not attributes.has("bundle-only")
    if is_rejected:
        # Nothing of it is used: whatever it says, it says to nobody.
        attributes = Attributes()
    mid = _mid(index, media)
    is_rtp = media.kind in ("audio", "video") and not is_rejected
    codecs: tuple[OfferedCodec, ...] = ()
    if is_rtp:
        order = payload_types(media.formats)
        codecs = tuple(read_codecs(index, order, attributes, is_audio=media.kind == "audio"))
    return OfferedSection(
        index=index,
        kind=media.kind,
        protocol=media.protocol,
        formats=media.formats,
        mid=mid,
        direction=_direction(attributes.last("direction")),
        rejected=is_rejected,
        bundled=mid in bundle,
        rtcp_mux=attributes.has("rtcp-mux"),
        rtcp_rsize=attributes.has("rtcp-rsize"),
        codecs=codecs,
        extensions=_extensions(index, attributes) if is_rtp else (),
        mixed_extensions=mixed or attributes.has("extmap-allow-mixed"),
        ssrcs=_ssrcs(index, attributes),
        rids=tuple(words[0] for words in map(str.split, attributes.all("rid")) if words[1:2] == ["send"]),
        simulcast=any(value.startswith("send ") for value in attributes.all("simulcast")),
        msid=attributes.last("msid"),
        cname=_cname(attributes),
        transport=None
        if is_rejected
        else read_transport(index, Said.of(attributes, f"section {index}").within(common)),
    )


def _mid(index: int, media: MediaDescription) -> str:
    mid = media.attributes.last("mid") or ""
    if " " in mid or not mid.isascii():
        raise OfferMalformed(problem=f"section {index} has no usable mid")
    if len(mid) > MID_MAX_CHARS:
        raise OfferMalformed(problem=f"the mid of section {index} is longer than {MID_MAX_CHARS} characters")
    return mid


def _direction(written: str | None) -> Direction:
    for direction in DIRECTIONS:
        if direction == written:
            return direction
    return "sendrecv"


def _extensions(index: int, attributes: Attributes) -> tuple[HeaderExtension, ...]:
    found: dict[int, HeaderExtension] = {}
    for value in filter(None, attributes.all("extmap")):
        extension = _extension(value)
        if extension is None:
            continue
        if found.setdefault(extension.id, extension) != extension:
            raise OfferMalformed(problem=f"section {index} uses header extension id {extension.id} twice")
    if len(found) > SECTION_MAX_EXTENSIONS:
        raise OfferMalformed(problem=f"section {index} names more than {SECTION_MAX_EXTENSIONS} header extensions")
    return tuple(found.values())


def _extension(value: str) -> HeaderExtension | None:
    """`<id>[/<direction>] <uri>[ <attributes>]` (RFC 8285 section 8)."""
    numbered, _, described = value.partition(" ")
    text, slash, direction = numbered.partition("/")
    extension_id = number_of(text, _EXTENSION_ID_MAX)
    uri = described.strip(" ").partition(" ")[0]
    if extension_id is None or (slash and direction not in DIRECTIONS):
        return None
    if not 0 < len(uri) <= _URI_MAX_CHARS or not uri.isascii():
        return None
    return HeaderExtension(extension_id, uri, _direction(direction))


# ---- SSRCs ----


def _ssrcs(index: int, attributes: Attributes) -> tuple[tuple[int, int | None], ...]:
    """(primary, rtx), in the order they are named in."""
    too_many = OfferMalformed(problem=f"section {index} names more than {SECTION_MAX_SSRCS} SSRCs")
    if len(attributes.all("ssrc")) > 4 * SECTION_MAX_SSRCS:
        raise too_many
    known: dict[int, None] = {}
    for value in attributes.all("ssrc"):
        _add_ssrc(known, value.partition(" ")[0])
    rtx: dict[int, int] = {}
    named = dict(known)
    for words in map(str.split, attributes.all("ssrc-group")):
        if words[:1] != ["FID"] or len(words) != 3:
            continue
        pair: dict[int, None] = {}
        for text in words[1:]:
            _add_ssrc(pair, text)
        if len(pair) == 2:
            primary, repair = pair
            rtx.setdefault(primary, repair)
            named |= pair
        if len(named) > SECTION_MAX_SSRCS:
            raise too_many
    if len(named) > SECTION_MAX_SSRCS:
        raise too_many
    if not all(0 < ssrc < 2**32 for ssrc in named):
        raise OfferMalformed(problem=f"an SSRC of section {index} is out of range")
    repairs = set(rtx.values())
    return tuple((ssrc, rtx.get(ssrc)) for ssrc in dict.fromkeys([*known, *rtx]) if ssrc not in repairs)


def _add_ssrc(found: dict[int, None], text: str) -> None:
    """What is no number names nothing."""
    if text.isascii() and text.isdecimal():
        # More digits than any SSRC has are out of range, whatever they are.
        found[int(text[: _SSRC_MAX_DIGITS + 1])] = None


def _cname(attributes: Attributes) -> str | None:
    for value in attributes.all("ssrc"):
        name, _, text = value.partition(" ")[2].partition(":")
        if name == "cname" and text:
            return text
    return None


# ---- transport ----


def _offered_transport(sections: Sequence[OfferedSection], bundle: tuple[str, ...]) -> TransportParameters:
    order = {mid: position for position, mid in enumerate(bundle)}
    ranked = sorted(sections, key=lambda item: (not item.bundled, order.get(item.mid, item.index)))
    described = [(section, section.transport) for section in ranked if section.transport is not None]
    if not described:
        raise OfferMalformed(problem="no media section has ICE credentials and a DTLS fingerprint")
    # Without BUNDLE the first section alone is the transport.
    shared = [pair for pair in described if pair[0].bundled] or described[:1]
    return replace(shared[0][1], role=_shared_role(shared))


def _shared_role(described: Sequence[tuple[OfferedSection, TransportParameters]]) -> SetupRole:
    """One association has one role: what any section insists on holds for all. Raises OfferUnacceptable."""
    insisting: dict[SetupRole, int] = {}
    for section, transport in described:
        if transport.role != "actpass":
            insisting.setdefault(transport.role, section.index)
    if len(insisting) > 1:
        active, passive = insisting["active"], insisting["passive"]
        raise OfferUnacceptable(
            problem=f"section {active} says a=setup:active and section {passive} a=setup:passive, over one transport"
        )
    return next(iter(insisting), "actpass")


def _check_unique(sections: Sequence[OfferedSection]) -> None:
    mids = [section.mid for section in sections if section.mid]
    if len(set(mids)) != len(mids):
        raise OfferMalformed(problem="two sections have the same mid")
    ssrcs = [ssrc for section in sections if not section.rejected for pair in section.ssrcs for ssrc in pair if ssrc]
    if len(set(ssrcs)) != len(ssrcs):
        raise OfferMalformed(problem="an SSRC stands for two things")
