"""Twice the offer is at most about twice the work, whatever it repeats, and the largest one is bounded work."""

from collections.abc import Callable
from ipaddress import ip_address

import pytest
from salon_contracts.errors import OfferMalformed, OfferUnacceptable
from salon_media.answer import AnswerSection, AnswerTransport, Receiving, Rejected, write_answer
from salon_media.codecs import choose_for_publisher, choose_for_viewer
from salon_media.description import OFFER_MAX_FORMATS
from salon_media.extensions import agree
from salon_media.offer import OFFER_MAX_BYTES, Fingerprint, Offer, parse_offer
from salon_testing.instructions import instructions

DIGEST = ":".join(["AB"] * 32)
SESSION = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"
TRANSPORT = (
    f"a=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuv\r\na=setup:actpass\r\na=fingerprint:sha-256 {DIGEST}\r\n"
)
LOCAL = AnswerTransport("ufrag", "p" * 24, Fingerprint("sha-256", DIGEST), (ip_address("192.0.2.1"),), 7882)

GROWTH_MAX = 2.2


def section(mid: int, payload_types: int, attributes: str) -> str:
    listed = [*range(96, 128), *range(64)][:payload_types]
    return (
        f"m=video 9 UDP/TLS/RTP/SAVPF {' '.join(map(str, listed))}\r\na=mid:{mid}\r\na=sendonly\r\na=rtcp-mux\r\n"
        + "".join(f"a=rtpmap:{number} H264/90000\r\n" for number in listed)
        + attributes
    )


def offer(*sections: str, session: str = "") -> str:
    bundle = " ".join(str(mid) for mid in range(len(sections)))
    return SESSION + f"a=group:BUNDLE {bundle}\r\n" + TRANSPORT + session + "".join(sections)


def repeated(line: str) -> Callable[[int], str]:
    """`line` n times in one section of 16 payload types; `#` becomes the number of the repetition."""
    return lambda n: offer(section(0, 16, "".join(f"{line.replace('#', str(k))}\r\n" for k in range(1, n + 1))))


def long(start: str, part: str) -> Callable[[int], str]:
    """One line of 400 parts for each n."""
    return lambda n: offer(section(0, 16, start + part * (400 * n) + "\r\n"))


SHAPES: dict[str, tuple[int, Callable[[int], str]]] = {
    "payload types": (30, lambda n: offer(section(0, n, ""))),
    "payload types and wildcards": (30, lambda n: offer(section(0, n, "a=rtcp-fb:* nack pli\r\n" * (6 * n)))),
    "payload types with feedback each": (
        30,
        lambda n: offer(section(0, n, "".join(f"a=rtcp-fb:{96 + k % 32} nack\r\n" for k in range(6 * n)))),
    ),
    "payload types with parameters each": (
        30,
        lambda n: offer(section(0, n, "".join(f"a=fmtp:{k} a=1;b;apt={k}\r\n" for k in range(n)))),
    ),
    "wildcards": (200, repeated("a=rtcp-fb:* ccm fir")),
    "unknown feedback": (200, repeated("a=rtcp-fb:* x-#")),
    "header extensions": (16, repeated("a=extmap:# urn:x-#")),
    "one header extension": (200, repeated("a=extmap:1 urn:x")),
    "SSRCs": (16, repeated("a=ssrc:# cname:x")),
    "attributes of one SSRC": (60, repeated("a=ssrc:1 cname:x")),
    "SSRC groups": (8, repeated("a=ssrc-group:FID # #000")),
    "other SSRC groups": (200, repeated("a=ssrc-group:SIM # 7 8")),
    "parameters of one payload type": (200, repeated("a=fmtp:96 apt=#")),
    "one rtpmap": (200, repeated("a=rtpmap:96 H264/90000")),
    "rids": (200, repeated("a=rid:# send")),
    "mids": (200, repeated("a=mid:0")),
    "directions": (200, repeated("a=recvonly")),
    "roles": (200, repeated("a=setup:active")),
    "candidates": (200, repeated("a=candidate:# 1 udp 1 192.0.2.1 9 typ host")),
    "unknown attributes": (200, repeated("a=x-#:#")),
    "a long fmtp": (2, long("a=fmtp:96 ", "a")),
    "an fmtp of many parts": (1, long("a=fmtp:96 ", ";;")),
    "a long feedback": (20, long("a=rtcp-fb:96 ", " nack")),
    "a long rtpmap": (20, long("a=rtpmap:96 ", "/ ")),
    "a long extension": (20, long("a=extmap:1 urn:x ", "a b")),
    "a long group of SSRCs": (20, long("a=ssrc-group:FID", " 1")),
    "a long unknown attribute": (20, long("a=x:", "a:")),
    "spaces": (20, long("a=rtcp-mux", " ")),
    "a long BUNDLE": (20, lambda n: offer(section(0, 4, ""), session=f"a=x\r\na=group:LS{' 0' * (400 * n)}\r\n")),
    "sections": (30, lambda n: offer(*(section(mid, 8, "") for mid in range(n)))),
    "sections and options": (
        30,
        lambda n: offer(*(section(mid, 8, "") for mid in range(n)), session="a=ice-options:a b\r\n" * n),
    ),
    "sections and fingerprints": (
        30,
        lambda n: offer(
            *(section(mid, 8, f"a=fingerprint:sha-256 {DIGEST}\r\n" * 8) for mid in range(n)),
            session=f"a=fingerprint:sha-256 {DIGEST}\r\n" * 7,
        ),
    ),
    "empty lines": (4000, lambda n: offer(section(0, 4, "\r\n" * n))),
}


def answered(text: str) -> Offer:
    """Read, codecs chosen for either way, and an answer written."""
    described = parse_offer(text)
    sections: list[AnswerSection] = []
    for asked in described.sections:
        codec = choose_for_publisher(asked.codecs)
        if codec is not None:
            choose_for_viewer(asked.codecs, codec)
        sections.append(Rejected() if codec is None else Receiving((codec,), agree(asked, client_sends=True)))
    write_answer(described, sections, LOCAL, session_id=1, version=1)
    return described


@pytest.mark.parametrize("shape", SHAPES)
def test_twice_as_much_is_twice_the_work(shape: str) -> None:
    n, text_of = SHAPES[shape]
    single, double = text_of(n), text_of(2 * n)
    steps_single = instructions(lambda: answered(single))
    steps_double = instructions(lambda: answered(double))
    assert steps_double <= GROWTH_MAX * steps_single


def crafted() -> str:
    """96 payload types and 390 wildcards in each section, 126 kB in all."""
    payload_types = [*range(64), *range(96, 128)]
    sections: list[str] = []
    while sum(map(len, sections)) < 126_000:
        sections.append(
            f"m=audio 9 UDP/TLS/RTP/SAVPF {' '.join(map(str, payload_types))}\r\na=mid:{len(sections)}\r\n"
            "a=sendonly\r\na=rtcp-mux\r\n"
            + "".join(f"a=rtpmap:{number} opus/48000/2\r\n" for number in payload_types)
            + "a=rtcp-fb:* nack pli\r\n" * 390
        )
    return offer(*sections)


def fullest(line: str) -> str:
    """As many sections of 64 payload types as fit, with a mapping and `line` for each of them."""
    sections: list[str] = []
    length = 0
    while len(sections) < OFFER_MAX_FORMATS // 64:
        attributes = "".join(f"{line.replace('#', str(number))}\r\n" for number in [*range(96, 128), *range(32)])
        filled = section(len(sections), 64, attributes)
        length += len(filled)
        if length > OFFER_MAX_BYTES - 2000:
            break
        sections.append(filled)
    return offer(*sections)


LARGEST = {
    "crafted": crafted(),
    "feedback": fullest("a=rtcp-fb:# nack pli"),
    "parameters": fullest("a=fmtp:# profile-level-id=42e01f;packetization-mode=1"),
    "retransmissions": fullest("a=fmtp:# apt=#").replace("H264/90000", "rtx/90000"),
    "header extensions": offer(
        *(section(mid, 1, "".join(f"a=extmap:{k} urn:{k}\r\n" for k in range(1, 33)) * 4) for mid in range(64))
    ),
    "SSRCs": offer(
        *(section(mid, 1, "".join(f"a=ssrc:{mid * 32 + k} cname:x\r\n" for k in range(1, 33)) * 4) for mid in range(64))
    ),
}

LARGEST_INSTRUCTIONS = 3_500_000
"""Some 30 ms of a slow core."""


@pytest.mark.parametrize("what", LARGEST)
def test_the_largest_offers_are_bounded_work(what: str) -> None:
    assert len(LARGEST[what]) <= OFFER_MAX_BYTES

    def attempt() -> None:
        try:
            answered(LARGEST[what])
        except (OfferMalformed, OfferUnacceptable):
            assert what == "crafted"

    assert instructions(attempt) <= LARGEST_INSTRUCTIONS
