"""What browsers and WHIP encoders send comes out as typed data, nothing lost that the relay needs."""

from collections.abc import Callable

import pytest
from salon_media.offer import parse_offer

ReadOffer = Callable[[str], str]


def test_chromium_publisher(read_offer: ReadOffer) -> None:
    offer = parse_offer(read_offer("chromium_156_publish_vp8"))
    audio, video = offer.sections
    assert offer.bundle == ("0", "1")
    assert offer.extmap_allow_mixed
    assert offer.ice_options == ("trickle",)
    assert len(offer.transport.ufrag) == 4
    assert [item.algorithm for item in offer.transport.fingerprints] == ["sha-256"]

    assert (audio.kind, audio.mid, audio.direction, audio.sends, audio.receives) == (
        "audio",
        "0",
        "sendonly",
        True,
        False,
    )
    assert [codec.name for codec in audio.codecs][:2] == ["opus", "red"]
    assert audio.codecs[0].channels == 2
    assert audio.codecs[0].fmtp == "minptime=10;useinbandfec=1"
    assert audio.codecs[0].feedback == ("transport-cc",)
    assert len(audio.ssrcs) == 1
    assert audio.ssrcs[0][1] is None

    assert video.codecs[0].name == "VP8"
    assert (video.codecs[0].payload_type, video.codecs[0].rtx_payload_type) == (96, 97)
    assert video.codecs[0].feedback == ("goog-remb", "transport-cc", "ccm fir", "nack", "nack pli")
    assert all(codec.name != "rtx" for codec in video.codecs)
    assert [(primary > 0, rtx is not None) for primary, rtx in video.ssrcs] == [(True, True)]
    assert {item.id: item.uri for item in video.extensions}[4] == "urn:ietf:params:rtp-hdrext:sdes:mid"
    assert video.msid is not None
    assert video.cname is not None
    assert video.rtcp_mux
    assert video.rtcp_rsize


def test_preference_order_of_the_client_is_kept(read_offer: ReadOffer) -> None:
    video = parse_offer(read_offer("chromium_156_publish_h264")).sections[1]
    assert video.codecs[0].name == "H264"
    assert video.codecs[0].parameters["profile-level-id"] == "42001f"


def test_simulcast_is_seen(read_offer: ReadOffer) -> None:
    video = parse_offer(read_offer("chromium_156_publish_simulcast")).sections[1]
    assert video.simulcast
    assert video.rids == ("l", "m", "h")
    assert video.ssrcs == ()


def test_data_channel_section_is_kept_in_its_place(read_offer: ReadOffer) -> None:
    kinds = [section.kind for section in parse_offer(read_offer("chromium_156_publish_datachannel")).sections]
    assert sorted(kinds) == ["application", "audio", "video"]


def test_transport_attributes_on_session_level(read_offer: ReadOffer) -> None:
    offer = parse_offer(read_offer("obs_whip"))
    assert offer.transport.ufrag == "Yx0D"
    assert offer.sections[1].codecs[0].parameters["packetization-mode"] == "1"
    assert offer.sections[1].codecs[0].rtx_payload_type is None
    assert offer.sections[1].extensions == ()


def test_bundle_only_section_is_not_a_rejected_one(read_offer: ReadOffer) -> None:
    video, audio = parse_offer(read_offer("gstreamer_whip")).sections
    assert not audio.rejected
    assert (video.mid, audio.mid) == ("video0", "audio1")


def test_extension_attributes_after_the_uri_are_legal(read_offer: ReadOffer) -> None:
    audio = parse_offer(read_offer("gstreamer_whip")).sections[1]
    assert [(item.id, item.uri) for item in audio.extensions] == [(1, "urn:ietf:params:rtp-hdrext:ssrc-audio-level")]


@pytest.mark.parametrize("written", ["sendonly", "recvonly", "inactive"])
def test_extension_directions(read_offer: ReadOffer, written: str) -> None:
    text = read_offer("obs_whip").replace(
        "a=rtcp-mux\r\n", f"a=rtcp-mux\r\na=extmap:7/{written} urn:3gpp:video-orientation\r\n"
    )
    assert parse_offer(text).sections[1].extensions[0].direction == written


def test_line_ends_without_carriage_return(recorded_offer: str) -> None:
    assert parse_offer(recorded_offer.replace("\r\n", "\n")) == parse_offer(recorded_offer)
