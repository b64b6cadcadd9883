"""What cannot be served whole is refused whole, with the section and the reason: over WHIP, WHEP, and for the SDK."""

from collections.abc import Callable
from typing import Literal

import pytest
from salon_contracts.errors import OfferUnacceptable
from salon_media.offer import parse_offer
from salon_testing.relay.running import RunningRelay

ReadOffer = Callable[[str], str]
Way = Literal["whip", "whep", "sdk-publisher", "sdk-viewer"]

WAYS: tuple[Way, ...] = ("whip", "whep", "sdk-publisher", "sdk-viewer")


def without(text: str, start: str) -> str:
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith(start))


def as_viewer(text: str) -> str:
    return without(text, "a=ssrc").replace("a=sendonly", "a=recvonly")


def with_third_section(text: str) -> str:
    """A second picture, as of a screen."""
    video = without(text[text.index("m=video") :], "a=ssrc").replace("a=mid:1", "a=mid:2")
    return text.replace("BUNDLE 0 1", "BUNDLE 0 1 2") + video


def negotiate(relay: RunningRelay, way: Way, text: str) -> tuple[str, list[tuple[str, str, str]]]:
    match way:
        case "whip":
            return relay.negotiate("p", text, sends=True, single="cam")
        case "whep":
            return relay.negotiate("v", as_viewer(text), sends=False, single="cam")
        case "sdk-publisher" | "sdk-viewer":
            sends = way == "sdk-publisher"
            mids = [section.mid for section in parse_offer(text).sections if section.mid]
            bound = [(mid, "cam") for mid in mids]
            return relay.negotiate("s", text if sends else as_viewer(text), bound, sends=sends)


HALVES: dict[str, tuple[Callable[[str], str], str]] = {
    "no bundle": (
        lambda text: without(text, "a=group:BUNDLE"),
        "section '1' needs a transport of its own, since there is no a=group:BUNDLE",
    ),
    "outside the bundle": (
        lambda text: text.replace("BUNDLE 0 1", "BUNDLE 0"),
        "section '1' is not in a=group:BUNDLE",
    ),
    "first section outside the bundle": (
        lambda text: text.replace("BUNDLE 0 1", "BUNDLE 1"),
        "section '0' is not in a=group:BUNDLE",
    ),
    "without keys of DTLS": (
        lambda text: text.replace("m=video 56712 UDP/TLS/RTP/SAVPF", "m=video 56712 RTP/QUIC"),
        "section '1' is 'RTP/QUIC' in its m-line",
    ),
    "without rtcp-mux": (
        lambda text: text[: text.index("m=video")] + without(text[text.index("m=video") :], "a=rtcp-mux"),
        "section '1' does not offer rtcp-mux",
    ),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("half", HALVES)
async def test_half_of_an_offer_is_not_served(relay: RunningRelay, read_offer: ReadOffer, half: str, way: Way) -> None:
    change, says = HALVES[half]
    text = read_offer("obs_whip")
    if way in ("whep", "sdk-viewer"):
        relay.negotiate("source", text, sends=True, single="cam")
    before = relay.router.transports, relay.router.registry.sources
    with pytest.raises(OfferUnacceptable, match=says):
        negotiate(relay, way, change(text))
    assert (relay.router.transports, relay.router.registry.sources) == before
    _, flowing = negotiate(relay, way, text)
    assert len(flowing) == 2


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (with_third_section, "section '2' is a second m=video"),
        (lambda text: without(text, "a=mid:1"), r"section 1 \(without mid\) is not in a=group:BUNDLE"),
        (
            lambda text: without(without(text, "a=mid"), "a=group:BUNDLE"),
            r"section 1 \(without mid\) needs a transport",
        ),
    ],
)
@pytest.mark.parametrize("way", ["whip", "whep"])
async def test_endpoint_refuses_more_than_it_takes(
    relay: RunningRelay, read_offer: ReadOffer, way: Way, change: Callable[[str], str], says: str
) -> None:
    relay.negotiate("source", read_offer("obs_whip"), sends=True, single="cam")
    with pytest.raises(OfferUnacceptable, match=says):
        negotiate(relay, way, change(read_offer("obs_whip")))


@pytest.mark.parametrize("way", ["sdk-publisher"])
async def test_sdk_is_refused_more_than_a_stream_has(relay: RunningRelay, read_offer: ReadOffer, way: Way) -> None:
    with pytest.raises(OfferUnacceptable, match="two video sections"):
        negotiate(relay, way, with_third_section(read_offer("obs_whip")))


async def test_sections_of_the_wrong_way_are_named(relay: RunningRelay, read_offer: ReadOffer) -> None:
    text = read_offer("obs_whip")
    video = text.index("m=video")
    with pytest.raises(OfferUnacceptable, match="section '1' says a=recvonly, but the client sends at this endpoint"):
        relay.negotiate("p", text[:video] + as_viewer(text[video:]), sends=True, single="cam")
    with pytest.raises(OfferUnacceptable, match="section '0' says a=sendonly, but the client receives"):
        relay.negotiate("v", text[:video] + as_viewer(text[video:]), sends=False, single="cam")


@pytest.mark.parametrize(
    "change",
    [
        lambda text: without(text, "a=ssrc"),  # payload types tell the sections apart
        lambda text: text.replace("UDP/TLS/RTP/SAVPF", "RTP/AVPF"),
        lambda text: text + "m=video 0 UDP/TLS/RTP/SAVPF 120\r\n",
        lambda text: text + "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:2\r\na=inactive\r\n",
    ],
)
async def test_oddities_that_leave_an_offer_whole(
    relay: RunningRelay, read_offer: ReadOffer, change: Callable[[str], str]
) -> None:
    _, flowing = relay.negotiate("p", change(read_offer("obs_whip")), sends=True, single="cam")
    assert flowing == [("0", "cam", "opus"), ("1", "cam", "H264")]


async def test_only_section_needs_neither_mid_nor_bundle(relay: RunningRelay, read_offer: ReadOffer) -> None:
    text = read_offer("obs_whip")
    text = without(without(text[: text.index("m=video")], "a=mid"), "a=group:BUNDLE")
    answer, flowing = relay.negotiate("p", text, sends=True, single="cam")
    assert flowing == [("", "cam", "opus")]
    assert "a=mid" not in answer
    assert "BUNDLE" not in answer


@pytest.mark.parametrize("shared", [96, 111])
async def test_sections_that_nothing_tells_apart_are_refused(
    relay: RunningRelay, read_offer: ReadOffer, shared: int
) -> None:
    text = without(read_offer("obs_whip"), "a=ssrc").replace("SAVPF 111", f"SAVPF {shared}")
    text = text.replace("SAVPF 96", f"SAVPF {shared}").replace(":111 ", f":{shared} ").replace(":96 ", f":{shared} ")
    with pytest.raises(OfferUnacceptable, match=f"section '1' has its payload type {shared} too"):
        relay.negotiate("p", text, sends=True, single="cam")


# ---- never sound and a black picture ----


def of_profile(text: str, profile_level_id: str, mode: str) -> str:
    return text.replace("profile-level-id=42e01f;packetization-mode=1", f"profile-level-id={profile_level_id};{mode}")


@pytest.mark.parametrize("profile", ["64001f", "640c1f", "4d001f", "42001f", "64003e", "640834"])
@pytest.mark.parametrize("way", ["whep", "sdk-viewer"])
async def test_h264_is_sent_under_a_profile_that_the_viewer_lists(
    relay: RunningRelay, read_offer: ReadOffer, way: Way, profile: str
) -> None:
    text = read_offer("obs_whip")
    relay.negotiate("source", of_profile(text, profile, "packetization-mode=1"), sends=True, single="cam")
    answer, flowing = negotiate(relay, way, text)
    assert flowing == [("0", "cam", "opus"), ("1", "cam", "H264")]
    assert "a=fmtp:96 profile-level-id=42e01f;packetization-mode=1" in answer


@pytest.mark.parametrize(
    ("published", "listed", "says"),
    [
        (("f4001f", "packetization-mode=1"), ("42e01f", "packetization-mode=1"), "high-444-predictive"),
        (("42e01f", "packetization-mode=1"), ("42e01f", "packetization-mode=0"), "packetization-mode=1"),
        (("64001f", "packetization-mode=1"), ("42e01f", "packetization-mode=2"), "H264"),
    ],
)
@pytest.mark.parametrize("way", ["whep", "sdk-viewer"])
async def test_viewer_that_would_get_no_picture_gets_no_sound_either(
    relay: RunningRelay,
    read_offer: ReadOffer,
    way: Way,
    published: tuple[str, str],
    listed: tuple[str, str],
    says: str,
) -> None:
    text = read_offer("obs_whip")
    relay.negotiate("source", of_profile(text, *published), sends=True, single="cam")
    with pytest.raises(OfferUnacceptable, match=f"section '1' lists nothing to play stream 'cam' with.*{says}"):
        negotiate(relay, way, of_profile(text, *listed))
    assert relay.router.registry.sinks == 0


def as_vp8(text: str) -> str:
    """Nothing but that."""
    return without(text, "a=fmtp:96 ").replace(" H264/", " VP8/")


async def test_viewer_of_another_codec_is_told(relay: RunningRelay, read_offer: ReadOffer) -> None:
    relay.negotiate("source", as_vp8(read_offer("obs_whip")), sends=True, single="cam")
    with pytest.raises(OfferUnacceptable, match="section '1' lists nothing to play stream 'cam' with, which is VP8"):
        negotiate(relay, "sdk-viewer", read_offer("obs_whip"))


async def test_stream_that_comes_back_unplayable_is_silent_then_refused(
    relay: RunningRelay, read_offer: ReadOffer
) -> None:
    text = read_offer("obs_whip")
    relay.negotiate("source", text, sends=True, single="cam")
    negotiate(relay, "sdk-viewer", text)
    relay.negotiate("again", as_vp8(text), sends=True, single="cam")
    answer, flowing = negotiate(relay, "sdk-viewer", text)  # it may be about another stream
    assert flowing == []
    assert answer.count("a=inactive") == 2
    with pytest.raises(OfferUnacceptable, match="which is VP8"):
        negotiate(relay, "sdk-viewer", text)
