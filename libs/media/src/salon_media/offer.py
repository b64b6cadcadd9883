"""Reads an SDP offer from the network into frozen dataclasses.

`parse_offer` raises `OfferMalformed` for what breaks the grammar or a bound, `OfferUnacceptable` for what is well
formed but needs a role or hash the relay does not take, and nothing else. aiortc's parser does payload types, feedback,
SSRCs and transport attributes; it drops rid, simulcast and header-extension directions and rejects some legal lines, so
it is given only the lines it understands and the rest is read here.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from aiortc.sdp import MediaDescription, SessionDescription
from salon_contracts.errors import OfferMalformed, OfferUnacceptable

from salon_media.codecs import OfferedCodec

# Chromium 156 offers 32 audio and 32 video sections in 190 kB and 6,219 lines.
OFFER_MAX_BYTES: Final = 256 * 1024
OFFER_MAX_LINES: Final = 10_000
OFFER_MAX_SECTIONS: Final = 64
SECTION_MAX_LINES: Final = 512
SECTION_MAX_SSRCS: Final = 32

Direction = Literal["sendrecv", "sendonly", "recvonly", "inactive"]
DIRECTIONS: Final[tuple[Direction, ...]] = ("sendrecv", "sendonly", "recvonly", "inactive")


@dataclass(frozen=True, slots=True)
class Fingerprint:
    algorithm: str
    """"sha-256", "sha-384" or "sha-512"."""
    value: str
    """Upper-case hex pairs with colons."""


@dataclass(frozen=True, slots=True)
class TransportParameters:
    """ICE and DTLS of the offering side."""

    ufrag: str
    pwd: str
    fingerprints: tuple[Fingerprint, ...]
    """At least one; all must match the peer's certificate."""


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
    direction: Direction
    rejected: bool
    """Port 0 and not bundle-only: the client has stopped it."""
    bundled: bool
    rtcp_mux: bool
    rtcp_rsize: bool
    codecs: tuple[OfferedCodec, ...]
    """In the client's order of preference, without rtx."""
    extensions: tuple[HeaderExtension, ...]
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
    """Mids of the BUNDLE group in its order; empty without one."""
    transport: TransportParameters
    """Of the first usable section of the bundle."""
    ice_options: tuple[str, ...]
    extmap_allow_mixed: bool

    def section(self, mid: str) -> OfferedSection | None:
        return next((section for section in self.sections if section.mid == mid), None)


def parse_offer(text: str) -> Offer:
    """The offer as data. Raises OfferMalformed and OfferUnacceptable; the text is never part of the error."""
    session, groups = _split(text)
    described = _describe(session, groups)
    bundle = _bundle(described)
    sections = tuple(
        _section(index, lines, media, bundle)
        for index, (lines, media) in enumerate(zip(groups, described.media, strict=True))
    )
    _check_unique(sections)
    return Offer(
        sections=sections,
        bundle=bundle,
        transport=_offered_transport(sections, bundle),
        ice_options=tuple(" ".join(dict.fromkeys(_values(session + groups[0], "ice-options"))).split()),
        extmap_allow_mixed="a=extmap-allow-mixed" in session,
    )


# ---- lines ----

_LINE = re.compile(r"[a-z]=.*")
_M_LINE = re.compile(
    r"m=(?P<kind>[A-Za-z0-9-]{1,32}) (?P<port>\d{1,5}) (?P<protocol>[A-Z/]{1,32})(?: [!-~]{1,64}){1,256}"
)
_TOKEN = re.compile(r"[!-~]{1,256}")


def _split(text: str) -> tuple[list[str], list[list[str]]]:
    """Session lines and the lines of each section, all printable ASCII and within bounds."""
    if len(text) > OFFER_MAX_BYTES or len(text.encode("utf-8", "surrogatepass")) > OFFER_MAX_BYTES:
        raise OfferMalformed(problem=f"longer than {OFFER_MAX_BYTES} bytes")
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    if len(lines) > OFFER_MAX_LINES:
        raise OfferMalformed(problem=f"more than {OFFER_MAX_LINES} lines")
    session: list[str] = []
    groups: list[list[str]] = []
    for number, line in enumerate(lines, 1):
        if not line:
            continue
        if not _LINE.fullmatch(line):
            raise OfferMalformed(problem=f"line {number} is not of the form <letter>=<text>")
        if line[0] not in "am":
            continue  # origin, name, times, connection, bandwidth: may hold any UTF-8, decide nothing here
        if not line.isascii() or not line.isprintable():
            raise OfferMalformed(problem=f"line {number} has characters outside printable ASCII")
        if line[0] == "m":
            groups.append([line])
        elif groups:
            groups[-1].append(line)
        else:
            session.append(line)
    if not groups:
        raise OfferMalformed(problem="it has no media section")
    if len(groups) > OFFER_MAX_SECTIONS:
        raise OfferMalformed(problem=f"more than {OFFER_MAX_SECTIONS} media sections")
    for index, group in enumerate([session, *groups]):
        if len(group) > SECTION_MAX_LINES:
            raise OfferMalformed(problem=f"section {index - 1} has more than {SECTION_MAX_LINES} lines")
    return session, groups


def _values(lines: Sequence[str], attribute: str) -> Iterator[str]:
    """What stands after `a=<attribute>:`, in order."""
    prefix = f"a={attribute}:"
    return (line[len(prefix) :].strip() for line in lines if line.startswith(prefix))


# ---- what aiortc reads ----

_UNDERSTOOD = re.compile(
    r"a=(?:(?:mid|fingerprint|ice-ufrag|ice-pwd|msid|rtcp-fb|group|ssrc-group|rtpmap):.+"
    r"|setup:(?:active|passive|actpass)|sendrecv|sendonly|recvonly|inactive|rtcp-mux|ssrc:\d+ [^ :]+:.*)"
)


def _describe(session: list[str], groups: list[list[str]]) -> SessionDescription:
    cleaned = [line for line in session if _UNDERSTOOD.fullmatch(line)]
    for index, group in enumerate(groups):
        matched = _M_LINE.fullmatch(group[0])
        if matched is None or int(matched["port"]) > 65535:
            raise OfferMalformed(problem=f"the m-line of section {index} cannot be read")
        if sum(line.startswith("a=ssrc:") for line in group) > 4 * SECTION_MAX_SSRCS:
            raise OfferMalformed(problem=f"section {index} names more than {SECTION_MAX_SSRCS} SSRCs")
        cleaned.append(group[0])
        cleaned.extend(line for line in group[1:] if _UNDERSTOOD.fullmatch(line))
    try:
        return SessionDescription.parse("\r\n".join(cleaned) + "\r\n")
    except Exception:  # noqa: BLE001  # aiortc raises AssertionError, StopIteration, KeyError, ValueError, … on bad input
        raise OfferMalformed(problem="an attribute is not as its RFC says") from None


def _bundle(described: SessionDescription) -> tuple[str, ...]:
    groups = [group for group in described.group if group.semantic == "BUNDLE"]
    if len(groups) > 1:
        raise OfferUnacceptable(problem="it has more than one BUNDLE group")
    return tuple(dict.fromkeys(str(item) for item in groups[0].items)) if groups else ()


# ---- one section ----


def _section(index: int, lines: list[str], media: MediaDescription, bundle: tuple[str, ...]) -> OfferedSection:
    mid = media.rtp.muxId
    if not mid or not _TOKEN.fullmatch(mid):
        raise OfferMalformed(problem=f"section {index} has no usable mid")
    if len(mid) > 16:
        # The identifier travels in a one-byte header extension, whose elements hold at most 16 bytes.
        raise OfferMalformed(problem=f"the mid of section {index} is longer than 16 characters")
    is_rtp = media.kind in ("audio", "video")
    return OfferedSection(
        index=index,
        kind=media.kind,
        protocol=media.profile,
        formats=tuple(lines[0].split(" ")[3:]),
        mid=mid,
        direction=_direction(media.direction),
        rejected=media.port == 0 and "a=bundle-only" not in lines,
        bundled=mid in bundle,
        rtcp_mux=media.rtcp_mux,
        rtcp_rsize="a=rtcp-rsize" in lines,
        codecs=_codecs(index, lines, media) if is_rtp else (),
        extensions=_extensions(index, lines) if is_rtp else (),
        ssrcs=_ssrcs(index, media),
        rids=tuple(value.split(" ")[0] for value in _values(lines, "rid") if value.split(" ")[1:2] == ["send"]),
        simulcast=any(value.startswith("send ") for value in _values(lines, "simulcast")),
        msid=media.msid,
        cname=next((info.cname for info in media.ssrc if info.cname), None),
        transport=_transport(index, media),
    )


def _direction(written: str | None) -> Direction:
    for direction in DIRECTIONS:
        if direction == written:
            return direction
    return "sendrecv"


_FMTP = re.compile(r"(?P<payload_type>\d{1,3}) +(?P<parameters>.+)")


def _codecs(index: int, lines: list[str], media: MediaDescription) -> tuple[OfferedCodec, ...]:
    fmtp: dict[int, str] = {}
    for value in _values(lines, "fmtp"):
        matched = _FMTP.fullmatch(value)
        if matched is None:
            raise OfferMalformed(problem=f"an fmtp of section {index} cannot be read")
        fmtp.setdefault(int(matched["payload_type"]), matched["parameters"].strip())
    mapped = {codec.payloadType: codec for codec in media.rtp.codecs if codec.payloadType is not None}
    if len(mapped) != len(media.rtp.codecs):
        raise OfferMalformed(problem=f"section {index} maps a payload type twice")
    order = [int(payload_type) for payload_type in media.fmt]
    if len(set(order)) != len(order) or not all(0 <= item <= 127 for item in [*order, *mapped]):
        raise OfferMalformed(problem=f"a payload type of section {index} is repeated or out of range")
    rtx: dict[int, int] = {}
    for payload_type in order:
        if payload_type in mapped and mapped[payload_type].name.lower() == "rtx":
            apt = re.search(r"(?:^|;) *apt *= *(\d{1,3}) *(?:;|$)", fmtp.get(payload_type, ""))
            if apt is None:
                raise OfferMalformed(problem=f"payload type {payload_type} of section {index} is rtx without apt")
            rtx.setdefault(int(apt[1]), payload_type)
    return tuple(
        OfferedCodec(
            payload_type=payload_type,
            name=codec.name,
            clock_rate_hz=codec.clockRate,
            channels=codec.channels,
            fmtp=fmtp.get(payload_type, ""),
            feedback=tuple(
                dict.fromkeys(
                    f"{item.type} {item.parameter}" if item.parameter else item.type for item in codec.rtcpFeedback
                )
            ),
            rtx_payload_type=rtx.get(payload_type),
        )
        for payload_type in order
        if (codec := mapped.get(payload_type)) is not None and codec.name.lower() != "rtx"
    )


_EXTMAP = re.compile(
    r"(?P<id>\d{1,4})(?:/(?P<direction>sendrecv|sendonly|recvonly|inactive))? +(?P<uri>[!-~]{1,256})(?: .*)?"
)


def _extensions(index: int, lines: list[str]) -> tuple[HeaderExtension, ...]:
    found: dict[int, HeaderExtension] = {}
    for value in _values(lines, "extmap"):
        matched = _EXTMAP.fullmatch(value)
        if matched is None:
            raise OfferMalformed(problem=f"an extmap of section {index} cannot be read")
        extension = HeaderExtension(int(matched["id"]), matched["uri"], _direction(matched["direction"]))
        if found.setdefault(extension.id, extension) != extension:
            raise OfferMalformed(problem=f"section {index} uses header extension id {extension.id} twice")
    return tuple(found.values())


def _ssrcs(index: int, media: MediaDescription) -> tuple[tuple[int, int | None], ...]:
    known = [info.ssrc for info in media.ssrc]
    pairs = [group.items for group in media.ssrc_group if group.semantic == "FID" and len(group.items) == 2]
    named = [*known, *(int(ssrc) for pair in pairs for ssrc in pair)]
    if not all(0 < ssrc < 2**32 for ssrc in named):
        raise OfferMalformed(problem=f"an SSRC of section {index} is out of range")
    if len(set(named)) > SECTION_MAX_SSRCS:
        raise OfferMalformed(problem=f"section {index} names more than {SECTION_MAX_SSRCS} SSRCs")
    rtx = {int(pair[0]): int(pair[1]) for pair in pairs}
    repairs = set(rtx.values())
    return tuple((ssrc, rtx.get(ssrc)) for ssrc in dict.fromkeys([*known, *rtx]) if ssrc not in repairs)


# ---- transport ----

_UFRAG = re.compile(r"[A-Za-z0-9+/]{4,256}")
_PWD = re.compile(r"[A-Za-z0-9+/]{22,256}")
_HEX_PAIRS = re.compile(r"[0-9A-F]{2}(?::[0-9A-F]{2})*")
_DIGEST_BYTES: Final = {"sha-256": 32, "sha-384": 48, "sha-512": 64}


def _transport(index: int, media: MediaDescription) -> TransportParameters | None:
    """None when the section leaves it to the bundle."""
    ice, dtls = media.ice, media.dtls
    if ice is None or dtls is None or not dtls.fingerprints:
        return None
    ufrag, pwd = ice.usernameFragment, ice.password
    if ufrag is None or pwd is None:
        return None
    if not _UFRAG.fullmatch(ufrag) or not _PWD.fullmatch(pwd):
        raise OfferMalformed(problem=f"the ICE credentials of section {index} are not as RFC 8839 says")
    if dtls.role == "server":
        raise OfferUnacceptable(
            problem="it leaves only the DTLS client's role (setup:passive); offer actpass or active"
        )
    fingerprints = []
    for offered in dtls.fingerprints:
        algorithm, value = offered.algorithm.lower(), offered.value.upper()
        if algorithm not in _DIGEST_BYTES:
            continue
        if not _HEX_PAIRS.fullmatch(value) or len(value) != 3 * _DIGEST_BYTES[algorithm] - 1:
            raise OfferMalformed(problem=f"a fingerprint of section {index} is not a digest")
        fingerprints.append(Fingerprint(algorithm, value))
    if not fingerprints:
        raise OfferUnacceptable(problem="it has no fingerprint with sha-256, sha-384 or sha-512")
    return TransportParameters(ufrag, pwd, tuple(dict.fromkeys(fingerprints)))


def _offered_transport(sections: Sequence[OfferedSection], bundle: tuple[str, ...]) -> TransportParameters:
    order = {mid: position for position, mid in enumerate(bundle)}
    ranked = sorted(sections, key=lambda item: (not item.bundled, order.get(item.mid, item.index)))
    for section in ranked:
        if section.transport is not None and not section.rejected:
            return section.transport
    raise OfferMalformed(problem="no media section has ICE credentials, a DTLS fingerprint and a setup role")


def _check_unique(sections: Sequence[OfferedSection]) -> None:
    mids = [section.mid for section in sections]
    if len(set(mids)) != len(mids):
        raise OfferMalformed(problem="two sections have the same mid")
    ssrcs = [ssrc for section in sections if not section.rejected for pair in section.ssrcs for ssrc in pair if ssrc]
    if len(set(ssrcs)) != len(ssrcs):
        raise OfferMalformed(problem="an SSRC stands for two things")
