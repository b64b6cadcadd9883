"""An independent implementation takes the answers: offer, answer and, for a viewer, what it makes of them."""

from ipaddress import ip_address

import pytest
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack, VideoStreamTrack
from aiortc.rtcconfiguration import RTCBundlePolicy
from salon_media.answer import AnswerSection, AnswerTransport, Receiving, Sending, write_answer
from salon_media.codecs import choose_for_publisher
from salon_media.extensions import agree
from salon_media.ids import new_cname, new_pwd, new_ssrc, new_ufrag
from salon_media.offer import Fingerprint, Offer, parse_offer


def answer(offer: Offer, *, sends: bool) -> str:
    sections: list[AnswerSection] = []
    ssrcs: set[int] = set()
    for section in offer.sections:
        codec = choose_for_publisher(section.codecs)
        assert codec is not None
        if sends:
            ssrcs.add(ssrc := new_ssrc(ssrcs))
            ssrcs.add(rtx_ssrc := new_ssrc(ssrcs))
            rtx = None if codec.rtx_payload_type is None else rtx_ssrc
            sections.append(Sending((codec,), agree(section, client_sends=False), "cam", ssrc, rtx, new_cname()))
        else:
            sections.append(Receiving((codec,), agree(section, client_sends=True)))
    transport = AnswerTransport(
        new_ufrag(), new_pwd(), Fingerprint("sha-256", ":".join(["0F"] * 32)), (ip_address("127.0.0.1"),), 9
    )
    return write_answer(offer, sections, transport, session_id=1, version=1)


@pytest.mark.parametrize("policy", list(RTCBundlePolicy))
async def test_publisher(policy: RTCBundlePolicy) -> None:
    client = RTCPeerConnection(RTCConfiguration(bundlePolicy=policy))
    try:
        client.addTransceiver(AudioStreamTrack(), direction="sendonly")
        client.addTransceiver(VideoStreamTrack(), direction="sendonly")
        await client.setLocalDescription(await client.createOffer())
        offer = parse_offer(client.localDescription.sdp)
        await client.setRemoteDescription(RTCSessionDescription(answer(offer, sends=False), "answer"))
        assert [item.currentDirection for item in client.getTransceivers()] == ["sendonly", "sendonly"]
        assert client.signalingState == "stable"
    finally:
        await client.close()


@pytest.mark.parametrize("policy", list(RTCBundlePolicy))
async def test_viewer(policy: RTCBundlePolicy) -> None:
    client = RTCPeerConnection(RTCConfiguration(bundlePolicy=policy))
    tracks: list[str] = []
    client.on("track", lambda track: tracks.append(track.kind))
    try:
        client.addTransceiver("audio", direction="recvonly")
        client.addTransceiver("video", direction="recvonly")
        await client.setLocalDescription(await client.createOffer())
        offer = parse_offer(client.localDescription.sdp)
        await client.setRemoteDescription(RTCSessionDescription(answer(offer, sends=True), "answer"))
        assert tracks == ["audio", "video"]
    finally:
        await client.close()
