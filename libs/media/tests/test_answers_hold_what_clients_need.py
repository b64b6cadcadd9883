"""Each line of an answer that some client was found to depend on."""

import re
from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_address
from typing import Literal

import pytest
from salon_contracts.errors import InvariantBroken
from salon_media.answer import (
    AnswerSection,
    AnswerTransport,
    Inactive,
    Receiving,
    Rejected,
    Sending,
    agree_feedback,
    write_answer,
)
from salon_media.codecs import choose_for_publisher
from salon_media.extensions import ABS_SEND_TIME, COLOR_SPACE, MID, TRANSPORT_CC, agree
from salon_media.offer import Fingerprint, Offer, OfferedSection, parse_offer

ReadOffer = Callable[[str], str]

TRANSPORT = AnswerTransport(
    "relayfrag",
    "relaypasswordrelaypassword",
    Fingerprint("sha-256", ":".join(["0F"] * 32)),
    (ip_address("192.0.2.1"), ip_address("2001:db8::1")),
    7882,
)


def receiving(section: OfferedSection) -> Receiving:
    codec = choose_for_publisher(section.codecs)
    assert codec is not None
    return Receiving((codec,), agree(section, client_sends=True))


def sending(section: OfferedSection) -> Sending:
    codec = choose_for_publisher(section.codecs)
    assert codec is not None
    return Sending((codec,), agree(section, client_sends=False), "cam-1", 11, 12, "cname")


def answer(offer: Offer, sections: list[AnswerSection]) -> list[list[str]]:
    """Lines of the session, then of each section."""
    text = write_answer(offer, sections, TRANSPORT, session_id=5, version=2)
    assert text.endswith("\r\n")
    assert "\n" not in text.replace("\r\n", "")
    groups: list[list[str]] = [[]]
    for line in text.removesuffix("\r\n").split("\r\n"):
        if line.startswith("m="):
            groups.append([])
        groups[-1].append(line)
    return groups


def test_publisher_of_chromium(read_offer: ReadOffer) -> None:
    offer = parse_offer(read_offer("chromium_156_publish_vp8"))
    session, audio, video = answer(offer, [receiving(section) for section in offer.sections])
    assert "o=- 5 2 IN IP4 0.0.0.0" in session
    assert {"a=ice-lite", "a=group:BUNDLE 0 1", "a=msid-semantic:WMS *"} <= set(session)

    assert audio[0] == "m=audio 7882 UDP/TLS/RTP/SAVPF 111"
    assert video[0] == "m=video 7882 UDP/TLS/RTP/SAVPF 96 97"
    for mid, section in enumerate((audio, video)):
        assert {
            "c=IN IP4 192.0.2.1",
            f"a=mid:{mid}",
            "a=recvonly",
            "a=setup:passive",
            "a=rtcp-mux",
            "a=rtcp-rsize",
            "a=ice-ufrag:relayfrag",
            "a=ice-pwd:relaypasswordrelaypassword",
            f"a=fingerprint:sha-256 {TRANSPORT.fingerprint.value}",
            "a=candidate:1 1 udp 2130706431 192.0.2.1 7882 typ host",
            "a=candidate:2 1 udp 2130706175 2001:db8::1 7882 typ host",
            "a=end-of-candidates",
        } <= set(section)
    assert {"a=rtpmap:111 opus/48000/2", "a=fmtp:111 minptime=10;useinbandfec=1", "a=rtcp-fb:111 transport-cc"} <= set(
        audio
    )
    assert {"a=rtpmap:96 VP8/90000", "a=rtpmap:97 rtx/90000", "a=fmtp:97 apt=96"} <= set(video)
    assert [line for line in video if line.startswith("a=rtcp-fb")] == [
        f"a=rtcp-fb:96 {item}" for item in ("nack", "nack pli", "ccm fir", "transport-cc")
    ]
    assert f"a=extmap:3 {TRANSPORT_CC}" in video
    assert not any(word in line for line in video for word in ("rtp-stream-id", "simulcast", "toffset", "ssrc"))


def test_viewer_of_chromium(read_offer: ReadOffer) -> None:
    offer = parse_offer(read_offer("chromium_156_play_two"))
    groups = answer(offer, [sending(section) for section in offer.sections])
    video = groups[2]
    assert {
        "a=sendonly",
        "a=msid:cam-1 video",
        "a=ssrc-group:FID 11 12",
        "a=ssrc:11 cname:cname",
        "a=ssrc:12 cname:cname",
    } <= set(video)
    assert "a=msid:cam-1 audio" in groups[1]


@pytest.mark.parametrize("stream_id", ["team#1_ann.b@x_main", "a/b", "<b>&'’`;", "~", "s" * 65, "a,b c=d"])
def test_the_media_stream_is_a_token_whatever_the_stream_is_called(read_offer: ReadOffer, stream_id: str) -> None:
    offer = parse_offer(read_offer("chromium_156_play_two"))
    given: list[AnswerSection] = [replace(sending(section), stream_id=stream_id) for section in offer.sections]
    lines = [line for group in answer(offer, given) for line in group if line.startswith("a=msid:")]
    names = {line.removeprefix("a=msid:").rpartition(" ")[0] for line in lines}
    assert len(lines) == len(offer.sections)
    assert len(names) == 1
    # RFC 8830: msid-id = 1*64token-char (RFC 8866 section 9)
    assert re.fullmatch(r"[!#-'*+.0-9A-Z^-~-]{1,64}", names.pop())


def test_streams_with_such_names_are_told_apart(read_offer: ReadOffer) -> None:
    offer = parse_offer(read_offer("chromium_156_play_two"))
    names = set()
    for stream_id in ("a/b", "a.b", "a_b", "s" * 65, "s" * 66):
        groups = answer(offer, [replace(sending(section), stream_id=stream_id) for section in offer.sections])
        names |= {line for group in groups for line in group if line.startswith("a=msid:") and line.endswith("video")}
    assert len(names) == 5


def test_unused_sections_keep_their_place(read_offer: ReadOffer) -> None:
    offer = parse_offer(read_offer("chromium_156_publish_datachannel"))
    given: list[AnswerSection] = [
        Rejected() if section.kind == "application" else receiving(section) for section in offer.sections
    ]
    session, *groups = answer(offer, given)
    assert [group[0].split(" ")[0] for group in groups] == [f"m={section.kind}" for section in offer.sections]
    [rejected] = [group for group in groups if group[0].startswith("m=application")]
    assert rejected[0] == "m=application 0 UDP/DTLS/SCTP webrtc-datachannel"
    [bundle] = [line for line in session if line.startswith("a=group")]
    mid = next(section.mid for section in offer.sections if section.kind == "application")
    assert mid not in bundle.split(" ")
    assert transport_of(rejected) == transport_of(groups[1])
    assert f"a=mid:{mid}" in rejected


@pytest.mark.parametrize("setup", ["active", "passive"])
def test_every_section_says_which_role_the_relay_has(
    read_offer: ReadOffer, setup: Literal["active", "passive"]
) -> None:
    offer = parse_offer(read_offer("obs_whip"))
    text = write_answer(
        offer,
        [receiving(offer.sections[0]), Rejected()],
        replace(TRANSPORT, setup=setup),
        session_id=1,
        version=1,
    )
    assert text.count("a=setup:") == text.count(f"a=setup:{setup}\r\n") == 2


def transport_of(section: list[str]) -> list[str]:
    """What it says of the one transport."""
    return [line for line in section if line.startswith(("a=ice-ufrag", "a=ice-pwd", "a=fingerprint", "a=setup"))]


def test_inactive_section_stays_in_the_bundle(read_offer: ReadOffer) -> None:
    offer = parse_offer(read_offer("chromium_156_publish_vp8"))
    codec = choose_for_publisher(offer.sections[0].codecs)
    assert codec is not None
    session, audio, _ = answer(offer, [Inactive(codec), receiving(offer.sections[1])])
    assert "a=group:BUNDLE 0 1" in session
    assert "a=inactive" in audio
    assert audio[0].startswith("m=audio 7882 ")


def test_offer_without_bundle_gets_none(read_offer: ReadOffer) -> None:
    text = read_offer("obs_whip").replace("a=group:BUNDLE 0 1\r\n", "")
    offer = parse_offer(text)
    session, *_ = answer(offer, [receiving(offer.sections[0]), Rejected()])
    assert not any(line.startswith("a=group") for line in session)


def test_encoder_without_extensions_and_rtx(read_offer: ReadOffer) -> None:
    offer = parse_offer(read_offer("obs_whip"))
    _, audio, video = answer(offer, [receiving(section) for section in offer.sections])
    assert video[0] == "m=video 7882 UDP/TLS/RTP/SAVPF 96"
    assert "a=rtcp-fb:96 goog-remb" in video
    assert not any(line.startswith("a=extmap") for line in audio + video)
    assert "a=rtcp-rsize" not in audio


def test_one_bandwidth_estimator_only(read_offer: ReadOffer) -> None:
    video = parse_offer(read_offer("chromium_156_publish_vp8")).sections[1]
    extensions = agree(video, client_sends=True)
    assert "goog-remb" not in agree_feedback(video.codecs[0], extensions)
    without = [item for item in extensions if item.uri != TRANSPORT_CC]
    assert "transport-cc" not in agree_feedback(video.codecs[0], without)
    assert "goog-remb" in agree_feedback(video.codecs[0], without)


def test_extensions_are_agreed_for_the_way_media_goes(read_offer: ReadOffer) -> None:
    text = read_offer("chromium_156_publish_vp8")
    text = text.replace("a=extmap:4 urn", "a=extmap:4/sendonly urn").replace(
        "a=extmap:2 http", "a=extmap:2/recvonly http"
    )
    video = parse_offer(text).sections[1]
    uris = {item.uri: item.direction for item in agree(video, client_sends=True)}
    assert uris[MID] == "recvonly"
    assert ABS_SEND_TIME not in uris
    assert MID not in {item.uri for item in agree(video, client_sends=False)}


def test_extension_ids_beyond_one_byte_headers_need_a_client_that_mixes_both_forms(read_offer: ReadOffer) -> None:
    text = read_offer("chromium_156_publish_vp8").replace("a=extmap:4 ", "a=extmap:15 ")
    mixed = "a=extmap-allow-mixed\r\n"
    for written, is_agreed in [
        (text, True),
        (text.replace(mixed, ""), False),
        (text.replace(mixed, "").replace("a=rtcp-mux\r\n", f"a=rtcp-mux\r\n{mixed}"), True),
    ]:
        offer = parse_offer(written)
        assert (MID in {item.uri for item in agree(offer.sections[1], client_sends=True)}) is is_agreed
        session, audio, video = answer(offer, [receiving(section) for section in offer.sections])
        assert (mixed.strip() in session) is offer.extmap_allow_mixed
        assert (mixed.strip() in audio, mixed.strip() in video) == (is_agreed, is_agreed)


@pytest.mark.parametrize(
    "uri",
    [
        COLOR_SPACE,
        "urn:3gpp:video-orientation",
        "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay",
        "http://www.webrtc.org/experiments/rtp-hdrext/video-content-type",
        "http://www.webrtc.org/experiments/rtp-hdrext/video-timing",
        "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time",
    ],
)
@pytest.mark.parametrize("client_sends", [True, False])
def test_what_is_passed_on_is_agreed_with_publishers_and_viewers_under_their_ids(
    read_offer: ReadOffer, uri: str, client_sends: bool
) -> None:
    text = read_offer("chromium_156_publish_vp8").replace("a=extmap:4 ", "a=extmap:99 ")
    kept = [line for line in text.split("\r\n") if not line.startswith("a=extmap:") or "99" in line]
    text = "\r\n".join(kept).replace("a=extmap:99 ", f"a=extmap:6 {uri}\r\na=extmap:7 ")
    if not client_sends:
        text = text.replace("a=sendonly", "a=recvonly").replace("a=sendrecv", "a=recvonly")
    offer = parse_offer(text)
    write = receiving if client_sends else sending
    video = answer(offer, [write(section) for section in offer.sections])[2]
    assert f"a=extmap:6 {uri}" in video


@pytest.mark.parametrize(
    "uri",
    [
        "urn:ietf:params:rtp-hdrext:toffset",
        "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
        "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id",
        "urn:ietf:params:rtp-hdrext:framemarking",
        "urn:ietf:params:rtp-hdrext:encrypt",
        "http://www.webrtc.org/experiments/rtp-hdrext/video-layers-allocation00",
        "http://www.webrtc.org/experiments/rtp-hdrext/transport-wide-cc-02",
        "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension",
        "urn:x-nobody:knows",
    ],
)
def test_what_would_have_to_be_rewritten_or_is_for_one_hop_is_not_agreed(read_offer: ReadOffer, uri: str) -> None:
    text = read_offer("chromium_156_publish_vp8").replace("a=extmap:4 urn", f"a=extmap:77 {uri}\r\na=extmap:4 urn")
    for section in parse_offer(text).sections:
        assert uri not in {item.uri for item in agree(section, client_sends=True)}


def test_every_section_needs_an_answer(read_offer: ReadOffer) -> None:
    offer = parse_offer(read_offer("obs_whip"))
    with pytest.raises(InvariantBroken):
        write_answer(offer, [Rejected()], TRANSPORT, session_id=1, version=1)
