"""Writes the relay's SDP answers (RFC 8829 section 5.3, RFC 8843, RFC 8839 for ICE-lite).

The relay is ICE-lite on one UDP port, and DTLS server unless the client insists on that role. Transport attributes and
candidates stand in every section, because some clients read them from the last section only, others from the first;
rejected sections have the attributes too, because webrtcbin 1.22 looks for them in each.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from ipaddress import IPv4Address, IPv6Address
from typing import Final, Literal, assert_never

from salon_contracts.errors import InvariantBroken

from salon_media.codecs import CARRIED_FEEDBACK, OfferedCodec
from salon_media.extensions import TRANSPORT_CC
from salon_media.offer import Fingerprint, HeaderExtension, Offer, OfferedSection

_MSID: Final = re.compile(r"[0-9A-Za-z_-]{1,64}")


@dataclass(frozen=True, slots=True)
class AnswerTransport:
    """The relay's side of one peer connection."""

    ufrag: str
    pwd: str
    fingerprint: Fingerprint
    addresses: tuple[IPv4Address | IPv6Address, ...]
    """Where clients reach the relay, the preferred one first; at least one."""
    port: int
    setup: Literal["active", "passive"] = "passive"
    """`active`: the relay begins the DTLS handshake."""


@dataclass(frozen=True, slots=True)
class Receiving:
    """The client sends, the relay receives."""

    codecs: tuple[OfferedCodec, ...]
    """What the client may send, the preferred first."""
    extensions: tuple[HeaderExtension, ...]


@dataclass(frozen=True, slots=True)
class Sending:
    """The relay sends one track of a stream."""

    codecs: tuple[OfferedCodec, ...]
    """What the relay may send."""
    extensions: tuple[HeaderExtension, ...]
    stream_id: str
    ssrc: int
    rtx_ssrc: int | None
    cname: str


@dataclass(frozen=True, slots=True)
class Inactive:
    """Nothing flows for now; a later offer may use the section again."""

    codec: OfferedCodec


@dataclass(frozen=True, slots=True)
class Rejected:
    """Port 0: the section is not used."""


AnswerSection = Receiving | Sending | Inactive | Rejected


def agree_feedback(codec: OfferedCodec, extensions: Sequence[HeaderExtension]) -> tuple[str, ...]:
    """The RTCP feedback to answer: one bandwidth estimator, transport-cc if its extension is agreed too, else REMB."""
    has_transport_cc = "transport-cc" in codec.feedback and any(item.uri == TRANSPORT_CC for item in extensions)
    unused = "goog-remb" if has_transport_cc else "transport-cc"
    return tuple(item for item in CARRIED_FEEDBACK if item in codec.feedback and item != unused)


def write_answer(
    offer: Offer, sections: Sequence[AnswerSection], transport: AnswerTransport, *, session_id: int, version: int
) -> str:
    """The answer, one section for each of the offer's in the same order.

    `session_id` stays the same for a peer connection, `version` grows with every answer (RFC 8866 section 5.2).
    """
    if len(sections) != len(offer.sections):
        raise InvariantBroken(f"{len(sections)} answers for {len(offer.sections)} sections")
    used = {asked.mid for asked, given in zip(offer.sections, sections, strict=True) if not isinstance(given, Rejected)}
    bundle = [mid for mid in offer.bundle if mid in used]
    lines = [
        "v=0",
        f"o=- {session_id} {version} IN IP4 0.0.0.0",
        "s=-",
        "t=0 0",
        "a=ice-lite",
        "a=msid-semantic:WMS *",
    ]
    if offer.extmap_allow_mixed:
        lines.append("a=extmap-allow-mixed")
    if bundle:
        lines.append(f"a=group:BUNDLE {' '.join(bundle)}")
    for asked, given in zip(offer.sections, sections, strict=True):
        lines.extend(_section(asked, given, transport))
    return "\r\n".join(lines) + "\r\n"


def _section(asked: OfferedSection, given: AnswerSection, transport: AnswerTransport) -> Iterator[str]:
    match given:
        case Rejected():
            yield f"m={asked.kind} 0 {asked.protocol} {' '.join(asked.formats)}"
            yield "c=IN IP4 0.0.0.0"
            yield "a=inactive"
            yield from _shared(asked, transport)
        case Inactive(codec=codec):
            yield from _transport(asked, (codec,), "inactive", transport)
            yield from _codecs((codec,), ())
        case Receiving(codecs=codecs, extensions=extensions):
            yield from _transport(asked, codecs, "recvonly", transport)
            yield from _extensions(asked, extensions)
            yield from _codecs(codecs, extensions)
        case Sending(codecs=codecs, extensions=extensions):
            yield from _transport(asked, codecs, "sendonly", transport)
            yield from _extensions(asked, extensions)
            yield from _codecs(codecs, extensions)
            yield f"a=msid:{_msid(given.stream_id)} {asked.kind}"
            if given.rtx_ssrc is not None:
                yield f"a=ssrc-group:FID {given.ssrc} {given.rtx_ssrc}"
            for ssrc in (given.ssrc, given.rtx_ssrc):
                if ssrc is not None:
                    yield f"a=ssrc:{ssrc} cname:{given.cname}"
        case _:
            assert_never(given)


def _msid(stream_id: str) -> str:
    """The stream's id where RFC 8830 allows it: 1 to 64 characters of a token. Otherwise one that is made of it and
    that no stream has here as it is, the same for its sound and its picture and in every answer."""
    if _MSID.fullmatch(stream_id):
        return stream_id
    return f"~{sha256(stream_id.encode()).hexdigest()[:40]}"


def _transport(
    asked: OfferedSection, codecs: Sequence[OfferedCodec], direction: str, transport: AnswerTransport
) -> Iterator[str]:
    offered = [number for codec in codecs for number in (codec.payload_type, codec.rtx_payload_type)]
    formats = " ".join(str(number) for number in offered if number is not None)
    first = transport.addresses[0]
    yield f"m={asked.kind} {transport.port} {asked.protocol} {formats}"
    yield f"c=IN IP{first.version} {first}"
    yield f"a=rtcp:{transport.port} IN IP{first.version} {first}"
    yield f"a={direction}"
    yield from _shared(asked, transport)
    yield "a=rtcp-mux"
    if asked.rtcp_rsize:
        yield "a=rtcp-rsize"
    for position, address in enumerate(transport.addresses):
        # RFC 8445 section 5.1.2.1: type preference of host candidates, then the given order, component 1.
        priority = (126 << 24) | ((65535 - position) << 8) | 255
        yield f"a=candidate:{position + 1} 1 udp {priority} {address} {transport.port} typ host"
    yield "a=end-of-candidates"


def _shared(asked: OfferedSection, transport: AnswerTransport) -> Iterator[str]:
    """What every section of the bundle says of the one transport."""
    if asked.mid:
        yield f"a=mid:{asked.mid}"
    yield f"a=ice-ufrag:{transport.ufrag}"
    yield f"a=ice-pwd:{transport.pwd}"
    yield f"a=fingerprint:{transport.fingerprint.algorithm} {transport.fingerprint.value}"
    yield f"a=setup:{transport.setup}"


def _extensions(asked: OfferedSection, extensions: Sequence[HeaderExtension]) -> Iterator[str]:
    if asked.mixed_extensions:
        yield "a=extmap-allow-mixed"
    for item in extensions:
        direction = "" if item.direction == "sendrecv" else f"/{item.direction}"
        yield f"a=extmap:{item.id}{direction} {item.uri}"


def _codecs(codecs: Sequence[OfferedCodec], extensions: Sequence[HeaderExtension]) -> Iterator[str]:
    for codec in codecs:
        yield from _codec(codec, extensions)


def _codec(codec: OfferedCodec, extensions: Sequence[HeaderExtension]) -> Iterator[str]:
    channels = "" if codec.channels is None or codec.channels == 1 else f"/{codec.channels}"
    yield f"a=rtpmap:{codec.payload_type} {codec.name}/{codec.clock_rate_hz}{channels}"
    for feedback in agree_feedback(codec, extensions):
        yield f"a=rtcp-fb:{codec.payload_type} {feedback}"
    if codec.fmtp:
        yield f"a=fmtp:{codec.payload_type} {codec.fmtp}"
    if codec.rtx_payload_type is not None:
        yield f"a=rtpmap:{codec.rtx_payload_type} rtx/{codec.clock_rate_hz}"
        yield f"a=fmtp:{codec.rtx_payload_type} apt={codec.payload_type}"
