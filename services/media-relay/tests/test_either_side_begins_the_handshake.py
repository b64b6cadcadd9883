"""A client that insists on the DTLS server's role is served: the relay begins the handshake, with the right keys."""

import asyncio
import re
from collections.abc import Callable

import pytest
from aiortc import RTCCertificate, RTCDtlsTransport, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack, VideoStreamTrack
from aiortc.rtcdtlstransport import (
    SRTP_AEAD_AES_128_GCM,
    SRTP_AEAD_AES_256_GCM,
    SRTP_AES128_CM_SHA1_80,
    RTCDtlsFingerprint,
    RTCDtlsParameters,
    SRTPProtectionProfile,
    generate_certificate,
)
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from OpenSSL import SSL
from salon_contracts.errors import OfferUnacceptable
from salon_relay.peers.dtls import DATAGRAM_MAX_BYTES, Certificates, DtlsEnd, DtlsSession, fingerprint
from salon_relay.peers.peer import CloseReason
from salon_relay.srtp_keys import SrtpKeys
from salon_testing.relay.running import RunningRelay
from structlog.testing import capture_logs

ReadOffer = Callable[[str], str]
DEADLINE_S = 20.0


class Client:
    """aiortc's transport in the DTLS server's role; what it sends goes straight into the relay's session."""

    role = "controlling"

    def __init__(self, certificate: RTCCertificate, profiles: list[SRTPProtectionProfile]) -> None:
        self.keys: list[SrtpKeys] = []
        self.largest = 0
        self._inbox: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._own = Certificates().current()
        self.session = DtlsSession(
            self._own, [fingerprint(certificate)], role="client", send=self._deliver, on_keys=self.keys.append
        )
        self.transport = RTCDtlsTransport(self, [certificate])  # type: ignore[arg-type]
        self.transport._srtp_profiles = profiles
        self.transport._set_role("server")

    async def connect(self) -> DtlsEnd:
        """Handshake, then the client says good-bye; how the relay's side ended."""
        expected = fingerprint(self._own)
        parameters = RTCDtlsParameters([RTCDtlsFingerprint(expected.algorithm, expected.value)], role="client")
        async with asyncio.timeout(DEADLINE_S):
            running = asyncio.create_task(self.session.run())
            await self.transport.start(parameters)
            await self.transport.stop()
            return await running

    async def _recv(self) -> bytes:
        data = await self._inbox.get()
        if data is None:
            raise ConnectionError
        return data

    async def _send(self, data: bytes) -> None:
        self.session.feed([data])

    def _deliver(self, datagrams: list[bytes]) -> None:
        for datagram in datagrams:
            self.largest = max(self.largest, len(datagram))
            self._inbox.put_nowait(datagram)


def certificate_on(curve: ec.EllipticCurve) -> RTCCertificate:
    key = ec.generate_private_key(curve)
    return RTCCertificate(key, generate_certificate(key))


@pytest.mark.parametrize(
    ("profiles", "number"),
    [
        ([SRTP_AES128_CM_SHA1_80], 1),
        ([SRTP_AEAD_AES_128_GCM, SRTP_AES128_CM_SHA1_80], 7),
        ([SRTP_AEAD_AES_256_GCM], 8),
    ],
)
async def test_relay_begins_and_has_the_clients_keys(profiles: list[SRTPProtectionProfile], number: int) -> None:
    client = Client(RTCCertificate.generateCertificate(), profiles)
    assert await client.connect() is DtlsEnd.PEER_CLOSED
    [keys] = client.keys
    assert keys.profile == number
    assert client.transport._ssl is not None
    profile = profiles[0]
    material = client.transport._ssl.export_keying_material(
        b"EXTRACTOR-dtls_srtp", 2 * (profile.key_length + profile.salt_length)
    )
    assert keys.local == profile.get_key_and_salt(material, 0)
    assert keys.remote == profile.get_key_and_salt(material, 1)
    assert client.largest <= DATAGRAM_MAX_BYTES


@pytest.mark.parametrize("curve", [ec.SECP384R1(), ec.SECP521R1()])
async def test_certificates_on_other_curves_are_taken(curve: ec.EllipticCurve) -> None:
    client = Client(certificate_on(curve), [SRTP_AEAD_AES_128_GCM])
    assert await client.connect() is DtlsEnd.PEER_CLOSED
    assert len(client.keys) == 1


async def test_rsa_certificate_is_taken() -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    certificate = RsaCertificate(key, generate_certificate(key))  # type: ignore[arg-type]
    client = Client(certificate, [SRTP_AEAD_AES_128_GCM])
    assert await client.connect() is DtlsEnd.PEER_CLOSED
    assert len(client.keys) == 1


class RsaCertificate(RTCCertificate):
    """What aiortc has no cipher suites for."""

    def _create_ssl_context(self, srtp_profiles: list[SRTPProtectionProfile]) -> SSL.Context:
        context = super()._create_ssl_context(srtp_profiles)
        context.set_cipher_list(b"ECDHE-RSA-AES128-GCM-SHA256")
        return context


@pytest.mark.parametrize("curve", [ec.SECP224R1(), ec.BrainpoolP256R1()])
async def test_curve_that_the_library_lacks_is_said(curve: ec.EllipticCurve) -> None:
    client = Client(certificate_on(curve), [SRTP_AEAD_AES_128_GCM])
    assert await client.connect() is DtlsEnd.FAILED
    assert client.keys == []
    assert "curve" in client.session.failure


@pytest.mark.parametrize(
    ("roles", "answered"),
    [
        (("actpass", "actpass"), "passive"),
        (("active", "active"), "passive"),
        (("passive", "passive"), "active"),
        (("passive", "actpass"), "active"),
        (("actpass", "passive"), "active"),
        ((None, None), "passive"),
        ((None, "passive"), "active"),
    ],
)
async def test_answer_takes_the_role_that_the_client_leaves(
    relay: RunningRelay, read_offer: ReadOffer, roles: tuple[str | None, str | None], answered: str
) -> None:
    text = offer_with_roles(read_offer("chromium_156_publish_vp8"), *roles)
    answer, flowing = relay.negotiate("p", text, [("0", "cam"), ("1", "cam")], sends=True)
    assert len(flowing) == 2
    assert answer.count("a=setup:") == answer.count(f"a=setup:{answered}\r\n") == 2


async def test_sections_that_insist_on_different_roles_are_refused(relay: RunningRelay, read_offer: ReadOffer) -> None:
    text = offer_with_roles(read_offer("chromium_156_publish_vp8"), "active", "passive")
    with pytest.raises(OfferUnacceptable, match="section 0 says a=setup:active and section 1 a=setup:passive"):
        relay.negotiate("p", text, [("0", "cam"), ("1", "cam")], sends=True)


async def test_later_offers_leave_the_roles_as_they_are(relay: RunningRelay, read_offer: ReadOffer) -> None:
    plain = read_offer("chromium_156_publish_vp8")
    bound = [("0", "cam"), ("1", "cam")]
    relay.negotiate("p", offer_with_roles(plain, "passive", "passive"), bound, sends=True)
    answer, _ = relay.negotiate("p", plain, bound, sends=True)
    assert answer.count("a=setup:active\r\n") == 2
    with pytest.raises(OfferUnacceptable, match="DTLS role"):
        relay.negotiate("p", offer_with_roles(plain, "active", "active"), bound, sends=True)


def offer_with_roles(text: str, *roles: str | None) -> str:
    """The offer, with another DTLS role in each of its sections in turn."""
    pieces = text.split("a=setup:actpass\r\n")
    assert len(pieces) == len(roles) + 1
    lines = [*("" if role is None else f"a=setup:{role}\r\n" for role in roles), ""]
    return "".join(piece + line for piece, line in zip(pieces, lines, strict=True))


@pytest.mark.parametrize("passive", ["publisher", "viewer"])
async def test_media_flows_when_the_relay_begins(relay: RunningRelay, passive: str) -> None:
    publisher, viewer = RTCPeerConnection(), RTCPeerConnection()
    try:
        publisher.addTrack(AudioStreamTrack())
        publisher.addTrack(VideoStreamTrack())
        await connect(relay, publisher, sends=True, is_passive=passive == "publisher")
        asked = [viewer.addTransceiver(kind, direction="recvonly") for kind in ("audio", "video")]
        await connect(relay, viewer, sends=False, is_passive=passive == "viewer")
        async with asyncio.timeout(DEADLINE_S):
            for transceiver in asked:
                await transceiver.receiver.track.recv()
        assert relay.facts.opened == ["publisher", "viewer"]
    finally:
        await publisher.close()
        await viewer.close()


def forged(offer: str) -> str:
    """With a digest of another certificate."""
    return re.sub(r"(a=fingerprint:sha-256 )(..)", lambda found: found[1] + ("00" if found[2] != "00" else "11"), offer)


@pytest.mark.parametrize(
    ("curve", "change", "says"),
    [
        (ec.SECP224R1(), str, "curve"),
        (ec.BrainpoolP256R1(), str, "curve"),
        (ec.SECP256R1(), forged, "another certificate"),
    ],
)
async def test_log_says_why_a_handshake_failed(
    relay: RunningRelay, curve: ec.EllipticCurve, change: Callable[[str], str], says: str
) -> None:
    client = RTCPeerConnection()
    vars(client)["_RTCPeerConnection__certificates"] = [certificate_on(curve)]
    try:
        client.addTrack(AudioStreamTrack())
        await client.setLocalDescription(await client.createOffer())
        offer = change(client.localDescription.sdp.replace("actpass", "passive"))
        with capture_logs() as lines:
            answer, _ = relay.negotiate("p", offer, sends=True, single="cam")
            await client.setRemoteDescription(RTCSessionDescription(answer, "answer"))
            await relay.facts.until(lambda: "p" in relay.facts.closed)
        assert relay.facts.closed == {"p": CloseReason.NEVER_CONNECTED}
        [line] = [line for line in lines if line["event"] == "dtls-failed"]
        assert line["setup"] == "active"
        assert says in line["problem"]
    finally:
        await client.close()


async def connect(relay: RunningRelay, client: RTCPeerConnection, *, sends: bool, is_passive: bool) -> None:
    await client.setLocalDescription(await client.createOffer())
    offer = client.localDescription.sdp.replace("actpass", "passive" if is_passive else "active")
    answer, _ = relay.negotiate("publisher" if sends else "viewer", offer, sends=sends, single="cam")
    assert ("a=setup:active" in answer) is is_passive
    await client.setRemoteDescription(RTCSessionDescription(answer, "answer"))
