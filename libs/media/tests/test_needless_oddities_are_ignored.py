"""A line that nobody needs, or that is odd in a way that leaves no doubt, does not refuse an offer."""

from collections.abc import Callable

import pytest
from salon_contracts.errors import OfferMalformed
from salon_media.answer import AnswerTransport, Rejected, write_answer
from salon_media.codecs import choose_for_publisher, served_name
from salon_media.offer import Fingerprint, parse_offer

ReadOffer = Callable[[str], str]

ODDITIES = {
    "fmtp without parameters": ("a=fmtp:96", "a=fmtp:111\r\na=fmtp:96"),
    "fmtp that ends after the space": ("a=fmtp:96", "a=fmtp:111 \r\na=fmtp:96"),
    "fmtp of a payload type that is not there": ("a=fmtp:96", "a=fmtp:77 x=y\r\na=fmtp:96"),
    "rtpmap stated twice": ("a=rtpmap:96", "a=rtpmap:96 H264/90000\r\na=rtpmap:96"),
    "rtpmap without a clock": ("a=rtpmap:96", "a=rtpmap:96 H264\r\na=rtpmap:96"),
    "rtpmap with a clock of many digits": ("a=rtpmap:96", f"a=rtpmap:96 H264/{'9' * 5000}\r\na=rtpmap:96"),
    "rtpmap of a payload type that is not there": ("a=rtpmap:96", "a=rtpmap:300 H264/90000\r\na=rtpmap:96"),
    "flag that ends with a space": ("a=rtcp-mux", "a=rtcp-mux "),
    "m-line that ends with a space": ("SAVPF 96", "SAVPF 96 "),
    "payload type stated twice": ("SAVPF 96", "SAVPF 96 96"),
    "payload types that are none": ("SAVPF 96", "SAVPF 96 200 x 72"),
    "m-line with two spaces": ("SAVPF 96", "SAVPF  96"),
    "text in an attribute nobody reads": ("a=rtpmap:96", "a=label:Übertragung 🎥\r\na=rtpmap:96"),
    "control characters in an attribute nobody reads": ("a=rtpmap:96", "a=label:\x0b\r\na=rtpmap:96"),
    "text in a CNAME": ("cname:", "cname:ü"),
    "credentials that are opaque": ("a=ice-ufrag:", "a=ice-ufrag:~a_b-c=."),
    "feedback without a value": ("a=rtpmap:96", "a=rtcp-fb:*\r\na=rtcp-fb:96\r\na=rtcp-fb\r\na=rtpmap:96"),
    "extension without anything": ("a=rtpmap:96", "a=extmap\r\na=rtpmap:96"),
    "extensions that cannot be read": ("a=rtpmap:96", "a=extmap:x urn:y\r\na=extmap:3/up urn:y\r\na=rtpmap:96"),
    "no DTLS role": ("a=setup:actpass\r\n", ""),
    "DTLS role that is none": ("a=setup:actpass", "a=setup:holdconn"),
    "group of SSRCs that is no pair": ("a=rtpmap:96", "a=ssrc-group:FID 5\r\na=ssrc-group:SIM a b\r\na=rtpmap:96"),
}


@pytest.mark.parametrize("oddity", ODDITIES)
def test_both_sections_are_read_all_the_same(read_offer: ReadOffer, oddity: str) -> None:
    old, new = ODDITIES[oddity]
    text = read_offer("obs_whip")
    assert old in text
    plain, odd = parse_offer(text), parse_offer(text.replace(old, new))
    assert odd.transport.role == plain.transport.role == "actpass"
    for before, after in zip(plain.sections, odd.sections, strict=True):
        assert (after.codecs, after.ssrcs, after.direction, after.rtcp_mux) == (
            before.codecs,
            before.ssrcs,
            before.direction,
            before.rtcp_mux,
        )


@pytest.mark.parametrize("written", ["opus/48000", "OPUS/48000/1", "opus/48000/2"])
def test_opus_is_two_channels_whatever_is_said(read_offer: ReadOffer, written: str) -> None:
    audio = parse_offer(read_offer("obs_whip").replace("opus/48000/2", written)).sections[0]
    assert [served_name(codec) for codec in audio.codecs] == ["opus"]


@pytest.mark.parametrize("repairs", ["", "a=fmtp:112 apt=\r\n", "a=fmtp:112 apt=x\r\n", "a=fmtp:112 apt=300\r\n"])
def test_rtx_that_repairs_nothing_is_left_out(read_offer: ReadOffer, repairs: str) -> None:
    text = read_offer("obs_whip").replace("SAVPF 96", "SAVPF 96 112")
    video = parse_offer(text.replace("a=rtpmap:96", f"a=rtpmap:112 rtx/90000\r\n{repairs}a=rtpmap:96")).sections[1]
    assert [(codec.name, codec.rtx_payload_type) for codec in video.codecs] == [("H264", None)]


@pytest.mark.parametrize(
    "profile_level_id",
    ["64003e", "640834", "42e009", "42001f", "640c1f", "4d001f", "4d401f", "64003E"],
)
def test_levels_and_unknown_constraint_bits_are_not_looked_at(read_offer: ReadOffer, profile_level_id: str) -> None:
    text = read_offer("obs_whip")
    start = text.index("profile-level-id=") + len("profile-level-id=")
    video = parse_offer(text[:start] + profile_level_id + text[start + 6 :]).sections[1]
    assert choose_for_publisher(video.codecs) is not None


@pytest.mark.parametrize(
    "stopped",
    [
        "m=video 0 UDP/TLS/RTP/SAVPF 0\r\n",
        "m=video 0 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96\r\na=extmap:x\r\na=ssrc:99999999999\r\n",
        "m=image 0 udptl t38\r\nc=IN IP4 0.0.0.0\r\na=T38FaxVersion:0\r\n",
        "m=audio 0 RTP/AVP 72 72\r\na=mid:fax\r\n",
    ],
)
def test_stopped_section_may_say_anything(read_offer: ReadOffer, stopped: str) -> None:
    offer = parse_offer(read_offer("obs_whip") + stopped)
    assert [section.rejected for section in offer.sections] == [False, False, True]
    local = AnswerTransport("ufrag", "p" * 24, Fingerprint("sha-256", "AB"), (), 9)
    answer = write_answer(offer, [Rejected()] * 3, local, session_id=1, version=1)
    last = answer.split("m=")[-1]
    assert last.startswith(stopped.partition("\r\n")[0].removeprefix("m="))
    assert ("a=mid" in last) is ("a=mid" in stopped)


def test_section_without_mid_is_outside_the_bundle(read_offer: ReadOffer) -> None:
    offer = parse_offer(read_offer("obs_whip").replace("a=mid:0\r\n", ""))
    assert [(section.mid, section.bundled) for section in offer.sections] == [("", False), ("1", True)]
    assert offer.bundle == ("1",)


@pytest.mark.parametrize("mid", ["a=mid:a b\r\n", "a=mid:ü\r\n", f"a=mid:{'x' * 17}\r\n"])
def test_mid_that_cannot_travel_is_refused(read_offer: ReadOffer, mid: str) -> None:
    with pytest.raises(OfferMalformed, match="mid"):
        parse_offer(read_offer("obs_whip").replace("a=mid:0\r\n", mid))


@pytest.mark.parametrize(
    ("roles", "role"),
    [
        (("actpass", "actpass"), "actpass"),
        (("passive", "passive"), "passive"),
        (("actpass", "passive"), "passive"),
        (("passive", "actpass"), "passive"),
        (("active", "actpass"), "active"),
    ],
)
def test_role_that_one_section_insists_on_is_that_of_all(
    read_offer: ReadOffer, roles: tuple[str, str], role: str
) -> None:
    text = read_offer("obs_whip").replace("a=setup:actpass\r\n", "")
    for mid, written in enumerate(roles):
        text = text.replace(f"a=mid:{mid}\r\n", f"a=mid:{mid}\r\na=setup:{written}\r\n")
    assert parse_offer(text).transport.role == role
