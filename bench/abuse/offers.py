"""SDP offers as text: plain ones, and ones that are dear to read."""

from collections.abc import Sequence

DIGEST = ":".join(["AB"] * 32)
SECTION_LINES = 486
OFFER_BYTES = 126 * 1024


def plain_offer(*, sends: bool = True) -> str:
    """Sound and picture of one stream, as an encoder offers them (`sends`), or as a player does."""
    direction = "sendonly" if sends else "recvonly"
    return offer([section(0, "audio", direction), section(1, "video", direction)])


def section(mid: int, kind: str, direction: str = "sendonly") -> list[str]:
    payload_type, codec = (111, "opus/48000/2") if kind == "audio" else (96, "VP8/90000")
    return [
        f"m={kind} 9 UDP/TLS/RTP/SAVPF {payload_type}",
        "c=IN IP4 0.0.0.0",
        "a=ice-ufrag:abcd",
        "a=ice-pwd:0000000000000000000000",
        f"a=fingerprint:sha-256 {DIGEST}",
        "a=setup:actpass",
        f"a=mid:{mid}",
        f"a={direction}",
        "a=rtcp-mux",
        f"a=rtpmap:{payload_type} {codec}",
        *([f"a=ssrc:{1000 + mid} cname:x"] if direction == "sendonly" else []),
    ]


def offer(sections: Sequence[Sequence[str]]) -> str:
    bundle = " ".join(str(number) for number in range(len(sections)))
    lines = ["v=0", "o=- 1 2 IN IP4 0.0.0.0", "s=-", "t=0 0", f"a=group:BUNDLE {bundle}"]
    return "\r\n".join([*lines, *(line for each in sections for line in each)]) + "\r\n"


def dear_offer() -> str:
    """96 payload types and 390 kinds of feedback for each of them in every section, as many as fit into 126 KiB."""
    sections: list[list[str]] = []
    size = 200
    while True:
        each = _dear_section(len(sections))
        size += sum(len(line) + 2 for line in each) + 3
        if size > OFFER_BYTES and sections:
            return offer(sections)
        sections.append(each)


def _dear_section(mid: int) -> list[str]:
    types = [*range(27, 72), *range(77, 128)]  # 72 to 76 would be taken for RTCP
    lines = section(mid, "video")
    lines[0] = f"m=video 9 UDP/TLS/RTP/SAVPF {' '.join(map(str, types))}"
    lines[9] = "a=rtpmap:27 VP8/90000"
    lines += [f"a=rtpmap:{payload_type} VP8/90000" for payload_type in types[1:]]
    lines += [f"a=rtcp-fb:* nack x{number}" for number in range(390)]
    return lines
