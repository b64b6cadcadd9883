"""Which sections of an offer can be used at all, and what to say of one that cannot."""

from typing import Final

from salon_contracts.errors import OfferUnacceptable
from salon_media.offer import Offer, OfferedSection

from salon_relay.registry import Kind

PROFILES: Final = frozenset(
    {
        "UDP/TLS/RTP/SAVPF",
        "UDP/TLS/RTP/SAVP",
        "TCP/DTLS/RTP/SAVPF",
        "TCP/DTLS/RTP/SAVP",
        "RTP/SAVPF",
        "RTP/SAVP",
        "RTP/AVPF",
        "RTP/AVP",
    }
)
"""All mean SRTP with DTLS keys in an offer with fingerprints (RFC 9429 section 5.1.2)."""


def kind_of(section: OfferedSection) -> Kind | None:
    match section.kind:
        case "audio":
            return "audio"
        case "video":
            return "video"
        case _:
            return None


def name_of(section: OfferedSection) -> str:
    return f"section {section.mid!r}" if section.mid else f"section {section.index} (without mid)"


def usable(offer: Offer) -> frozenset[int]:
    """Indexes of the sections that can share the one transport."""
    live = [
        section
        for section in offer.sections
        if not section.rejected and section.protocol in PROFILES and kind_of(section) is not None
    ]
    together = [section for section in live if section.bundled] or live[:1]
    for section in together:
        if not section.rtcp_mux:
            raise OfferUnacceptable(problem=f"{name_of(section)} does not offer rtcp-mux")
    return frozenset(section.index for section in together)


def check_usable_or_stopped(offer: Offer, section: OfferedSection) -> None:
    """For a bound section that is not usable: raises OfferUnacceptable unless the client itself has stopped it."""
    if section.rejected:
        return
    if kind_of(section) is None:
        raise OfferUnacceptable(problem=f"{name_of(section)} is m={section.kind}, which is no track of a stream")
    if section.protocol not in PROFILES:
        raise OfferUnacceptable(
            problem=f"{name_of(section)} is {section.protocol!r} in its m-line, which is not SRTP with keys of DTLS"
        )
    raise OfferUnacceptable(problem=outside(offer, section))


def outside(offer: Offer, section: OfferedSection) -> str:
    if not offer.bundle:
        return f"{name_of(section)} needs a transport of its own, since there is no a=group:BUNDLE for all sections"
    return f"{name_of(section)} is not in a=group:BUNDLE; all sections go over one transport"
