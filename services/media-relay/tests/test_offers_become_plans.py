"""Which sections become sources and sinks, which stay inactive, which are rejected, and which offers are refused."""

from collections.abc import Callable

import pytest
from salon_contracts.errors import OfferUnacceptable, StreamNotFound
from salon_contracts.ids import AppId, StreamId
from salon_media.codecs import OfferedCodec
from salon_media.offer import parse_offer
from salon_relay.peers.bindings import bind, bind_single
from salon_relay.peers.plan import (
    InactivePlan,
    Plan,
    SinkPlan,
    SourcePlan,
    plan_publisher,
    plan_viewer,
)
from salon_relay.registry import Kind, Track

ReadOffer = Callable[[str], str]

CAM, SCREEN = StreamId("cam"), StreamId("screen")
OPUS = OfferedCodec(111, "opus", 48_000, 2, "", (), None)
VP8 = OfferedCodec(96, "VP8", 90_000, None, "", (), 97)
VP9 = OfferedCodec(98, "VP9", 90_000, None, "", (), None)


def track(stream_id: StreamId, kind: Kind, codec: OfferedCodec) -> Track:
    return Track(1, AppId(1), stream_id, kind, (codec,), 1, "0", "cname")


BOTH = {(CAM, "audio"): track(CAM, "audio", OPUS), (CAM, "video"): track(CAM, "video", VP8)}
AUDIO_ONLY = {(CAM, "audio"): track(CAM, "audio", OPUS)}
UNPLAYABLE = {(CAM, "audio"): track(CAM, "audio", OPUS), (CAM, "video"): track(CAM, "video", VP9)}


def viewer(
    text: str,
    bound: dict[str, StreamId],
    tracks: dict[tuple[StreamId, str], Track],
    used_before: dict[str, StreamId | None] | None = None,
) -> list[Plan]:
    offer = parse_offer(text)
    return plan_viewer(
        offer,
        bind(offer, list(bound.items())),
        used_before or {},
        find=lambda stream_id, kind: tracks.get((stream_id, kind)),
        exists=lambda stream_id: any(known == stream_id for known, _ in tracks),
    )


def publisher(
    text: str, bound: dict[str, StreamId], used_before: dict[str, StreamId | None] | None = None
) -> list[Plan]:
    offer = parse_offer(text)
    return plan_publisher(offer, bind(offer, list(bound.items())), used_before or {})


def names(plans: list[Plan]) -> list[str]:
    return [type(plan).__name__.removesuffix("Plan") for plan in plans]


def test_publisher_with_two_sections(read_offer: ReadOffer) -> None:
    audio, video = publisher(read_offer("chromium_156_publish_vp8"), {"0": CAM, "1": CAM})
    assert isinstance(audio, SourcePlan)
    assert isinstance(video, SourcePlan)
    assert (audio.agreed.name, audio.agreed.nack, audio.agreed.transport_cc) == ("opus", False, True)
    assert (video.agreed.name, video.agreed.nack, video.agreed.transport_cc, video.agreed.remb) == (
        "VP8",
        True,
        True,
        False,
    )
    assert len(video.ssrcs) == 1


def test_simulcast_is_taken_as_one_encoding(read_offer: ReadOffer) -> None:
    _, video = publisher(read_offer("chromium_156_publish_simulcast"), {"0": CAM, "1": CAM})
    assert isinstance(video, SourcePlan)
    assert video.ssrcs == ()  # learnt from the mid header extension


def test_every_ssrc_that_a_section_names_is_known_the_one_to_follow_first(read_offer: ReadOffer) -> None:
    text = read_offer("chromium_156_publish_vp8")
    ((first, repair),) = parse_offer(text).sections[1].ssrcs
    for others in [[77], [77, 88], [88, 77, 99]]:
        more = "".join(f"a=ssrc:{ssrc} cname:x\r\n" for ssrc in others)
        _, video = publisher(text + more, {"0": CAM, "1": CAM})
        assert isinstance(video, SourcePlan)
        assert video.ssrcs == ((first, repair), *((ssrc, None) for ssrc in others))


@pytest.mark.parametrize(
    ("left_out", "expected"),
    [
        ((), (True, "pli")),
        (("nack",), (False, "pli")),
        (("nack", "nack pli"), (False, "fir")),
        (("nack pli",), (True, "fir")),
        (("nack", "nack pli", "ccm fir"), (False, None)),
    ],
)
def test_key_frames_are_asked_for_as_offered(
    read_offer: ReadOffer, left_out: tuple[str, ...], expected: tuple[bool, str | None]
) -> None:
    lines = read_offer("chromium_156_publish_vp8").split("\r\n")
    endings = tuple(f" {feedback}" for feedback in left_out)
    kept = [line for line in lines if not line.startswith("a=rtcp-fb:") or not line.partition(":")[2].endswith(endings)]
    if "nack" in left_out:
        kept = [line for line in kept if not line.endswith(" nack")]
    _, video = publisher("\r\n".join(kept), {"0": CAM, "1": CAM})
    assert isinstance(video, SourcePlan)
    assert (video.agreed.nack, video.agreed.keyframe_feedback) == expected


def test_data_channel_and_unbound_sections_are_rejected(read_offer: ReadOffer) -> None:
    text = read_offer("chromium_156_publish_datachannel")
    video = next(section.mid for section in parse_offer(text).sections if section.kind == "video")
    assert sorted(names(publisher(text, {video: CAM}))) == ["Rejected", "Rejected", "Source"]


def test_section_used_before_stays_inactive(read_offer: ReadOffer) -> None:
    text = read_offer("chromium_156_publish_vp8")
    assert names(publisher(text, {"1": CAM}, {"0": CAM, "1": CAM})) == ["Inactive", "Source"]


def test_section_offered_inactive_is_kept_for_later(read_offer: ReadOffer) -> None:
    text = read_offer("chromium_156_publish_vp8").replace("a=sendonly", "a=inactive", 1)
    assert names(publisher(text, {"1": CAM})) == ["Inactive", "Source"]


def test_section_the_client_stopped_is_rejected(read_offer: ReadOffer) -> None:
    text = read_offer("obs_whip").replace("m=audio 56712", "m=audio 0")
    assert names(publisher(text, {"1": CAM}, {"0": CAM, "1": CAM})) == ["Rejected", "Source"]


def test_whip_binds_by_kind(read_offer: ReadOffer) -> None:
    for name in ("obs_whip", "gstreamer_whip"):
        offer = parse_offer(read_offer(name))
        plans = plan_publisher(offer, bind_single(offer, CAM, client_sends=True), {})
        assert names(plans) == ["Source", "Source"]
        assert {plan.agreed.kind for plan in plans if isinstance(plan, SourcePlan)} == {"audio", "video"}


def test_whep_of_an_audio_only_stream(read_offer: ReadOffer) -> None:
    offer = parse_offer(read_offer("obs_whip").replace("a=sendonly", "a=recvonly"))
    plans = plan_viewer(
        offer,
        bind_single(offer, CAM, client_sends=False),
        {},
        find=lambda stream_id, kind: AUDIO_ONLY.get((stream_id, kind)),
        exists=lambda stream_id: True,
    )
    assert names(plans) == ["Sink", "Inactive"]


@pytest.mark.parametrize(
    ("bound", "change", "says"),
    [
        ({"7": CAM}, ("", ""), "mid '7'"),
        ({}, ("", ""), "no section"),
        ({"0": CAM, "1": CAM}, ("a=rtcp-mux\r\n", ""), "rtcp-mux"),
        ({"1": CAM}, ("VP8/90000", "VP9/90000"), ""),
        ({"0": CAM}, ("opus/48000/2", "opus/16000/2"), "audio codec"),
    ],
)
def test_publishers_that_are_refused(
    read_offer: ReadOffer, bound: dict[str, StreamId], change: tuple[str, str], says: str
) -> None:
    text = read_offer("chromium_156_publish_vp8")
    if change[0]:
        text = text.replace(*change)
    if not says:
        assert names(publisher(text, bound)) == ["Rejected", "Source"]  # the next codec it knows
        return
    with pytest.raises(OfferUnacceptable, match=says):
        publisher(text, bound)


@pytest.mark.parametrize("profile", ["RTP/SAVPF", "UDP/TLS/RTP/SAVP", "RTP/SAVP", "RTP/AVPF", "TCP/DTLS/RTP/SAVPF"])
def test_older_names_of_the_profile_mean_the_same(read_offer: ReadOffer, profile: str) -> None:
    text = read_offer("chromium_156_publish_vp8").replace("UDP/TLS/RTP/SAVPF", profile)
    assert names(publisher(text, {"0": CAM, "1": CAM})) == ["Source", "Source"]


def test_one_stream_on_two_video_sections_is_refused(read_offer: ReadOffer) -> None:
    text = read_offer("chromium_156_play_two").replace("a=recvonly", "a=sendonly")
    with pytest.raises(OfferUnacceptable, match="two video sections"):
        publisher(text, {"1": CAM, "3": CAM})


def test_viewer_gets_the_publishers_codec(read_offer: ReadOffer) -> None:
    plans = viewer(read_offer("chromium_156_play_two"), {"0": CAM, "1": CAM}, BOTH)
    assert names(plans) == ["Sink", "Sink", "Rejected", "Rejected"]
    assert isinstance(plans[1], SinkPlan)
    assert plans[1].agreed.codec.name == "VP8"
    assert plans[1].agreed.codec.rtx_payload_type is not None


def test_unknown_stream_is_named(read_offer: ReadOffer) -> None:
    with pytest.raises(StreamNotFound, match="screen"):
        viewer(read_offer("chromium_156_play_two"), {"0": CAM, "1": CAM, "2": SCREEN}, BOTH)


def test_stream_that_ended_meanwhile_leaves_its_section_inactive(read_offer: ReadOffer) -> None:
    plans = viewer(
        read_offer("chromium_156_play_two"),
        {"0": CAM, "1": CAM, "2": SCREEN},
        BOTH,
        {"0": CAM, "1": CAM, "2": SCREEN},
    )
    assert names(plans) == ["Sink", "Sink", "Inactive", "Rejected"]
    assert isinstance(plans[2], InactivePlan)
    assert plans[2].stream_id == SCREEN


def test_missing_kind_leaves_its_section_inactive(read_offer: ReadOffer) -> None:
    plans = viewer(read_offer("chromium_156_play_two"), {"0": CAM, "1": CAM}, AUDIO_ONLY)
    assert names(plans) == ["Sink", "Inactive", "Rejected", "Rejected"]


def test_stream_nothing_of_which_can_be_played_is_named(read_offer: ReadOffer) -> None:
    text = read_offer("chromium_156_play_two").replace("VP8/90000", "XYZ/90000")
    with pytest.raises(OfferUnacceptable, match="'cam' with, which is VP8"):
        viewer(text, {"1": CAM}, BOTH)
    with pytest.raises(OfferUnacceptable, match="'cam' has no video"):
        viewer(text, {"1": CAM}, AUDIO_ONLY)


def test_mid_bound_twice_is_refused(read_offer: ReadOffer) -> None:
    offer = parse_offer(read_offer("chromium_156_play_two"))
    with pytest.raises(OfferUnacceptable, match="two streams"):
        bind(offer, [("0", CAM), ("0", SCREEN)])
