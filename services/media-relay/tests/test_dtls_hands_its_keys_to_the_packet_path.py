"""Against aiortc's own DTLS client: same keys on both sides, good-byes are heard, wrong certificates are refused."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
import pytest_asyncio
from aiortc import RTCCertificate, RTCDtlsTransport
from aiortc.rtcdtlstransport import (
    SRTP_AEAD_AES_128_GCM,
    SRTP_AES128_CM_SHA1_80,
    RTCDtlsFingerprint,
    RTCDtlsParameters,
)
from OpenSSL import SSL
from salon_media.offer import Fingerprint
from salon_relay.peers import dtls
from salon_relay.peers.dtls import (
    AiortcMismatch,
    Certificates,
    DtlsEnd,
    DtlsSession,
    check_aiortc,
    fingerprint,
)
from salon_relay.srtp_keys import SrtpKeys


class Wire:
    """The client's transport: what it sends goes straight into the session."""

    role = "controlling"

    def __init__(self) -> None:
        self.to_client: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.session: DtlsSession | None = None
        self.largest = 0

    async def _recv(self) -> bytes:
        data = await self.to_client.get()
        if data is None:
            raise ConnectionError
        return data

    async def _send(self, data: bytes) -> None:
        if self.session is not None:
            self.session.feed([data])

    def deliver(self, datagrams: list[bytes]) -> None:
        for datagram in datagrams:
            self.largest = max(self.largest, len(datagram))
            self.to_client.put_nowait(datagram)


@dataclass
class Pair:
    wire: Wire
    session: DtlsSession
    client: RTCDtlsTransport
    server_certificate: RTCCertificate
    keys: list[SrtpKeys] = field(default_factory=list)

    async def connect_client(self) -> None:
        expected = fingerprint(self.server_certificate)
        parameters = RTCDtlsParameters([RTCDtlsFingerprint(expected.algorithm, expected.value)], role="server")
        async with asyncio.timeout(20):
            await self.client.start(parameters)


def make_pair(expected: Fingerprint | None = None) -> Pair:
    wire, server_certificate, client_certificate = (
        Wire(),
        Certificates().current(),
        RTCCertificate.generateCertificate(),
    )
    client = RTCDtlsTransport(wire, [client_certificate])  # type: ignore[arg-type]
    client._set_role("client")
    keys: list[SrtpKeys] = []
    session = DtlsSession(
        server_certificate, [expected or fingerprint(client_certificate)], send=wire.deliver, on_keys=keys.append
    )
    wire.session = session
    return Pair(wire, session, client, server_certificate, keys)


@pytest_asyncio.fixture
async def pair() -> AsyncIterator[Pair]:
    made = make_pair()
    yield made
    made.wire.to_client.put_nowait(None)
    await made.client.stop()


async def test_both_sides_have_the_same_keys(pair: Pair) -> None:
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(pair.session.run())
        await pair.connect_client()
        assert pair.client.state == "connected"
        [keys] = pair.keys
        assert keys.profile == 7  # the client prefers 256 bits; the server's order wins
        assert pair.client._ssl is not None
        material = pair.client._ssl.export_keying_material(b"EXTRACTOR-dtls_srtp", 2 * 28)
        assert keys.remote == SRTP_AEAD_AES_128_GCM.get_key_and_salt(material, 0)
        assert keys.local == SRTP_AEAD_AES_128_GCM.get_key_and_salt(material, 1)
        assert pair.wire.largest <= dtls.DATAGRAM_MAX_BYTES
        running.cancel()


async def test_client_that_knows_only_aes_cm(pair: Pair) -> None:
    pair.client._srtp_profiles = [SRTP_AES128_CM_SHA1_80]
    running = asyncio.create_task(pair.session.run())
    await pair.connect_client()
    assert (pair.keys[0].profile, len(pair.keys[0].local)) == (1, 30)
    running.cancel()


async def test_good_bye_of_the_client_is_heard(pair: Pair) -> None:
    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        running = tasks.create_task(pair.session.run())
        await pair.connect_client()
        await pair.client.stop()
        assert await running is DtlsEnd.PEER_CLOSED


async def test_client_hears_the_good_bye_of_the_relay(pair: Pair) -> None:
    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        running = tasks.create_task(pair.session.run())
        await pair.connect_client()
        closed = asyncio.Event()
        pair.client.on("statechange", closed.set)
        pair.session.close()
        await closed.wait()
        assert pair.client.state == "closed"
        running.cancel()


async def test_certificate_that_the_offer_did_not_name_is_refused() -> None:
    pair = make_pair(Fingerprint("sha-256", ":".join(["00"] * 32)))
    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        running = tasks.create_task(pair.session.run())
        connecting = tasks.create_task(pair.connect_client())
        assert await running is DtlsEnd.FAILED
        assert pair.keys == []
        pair.wire.to_client.put_nowait(None)
        await connecting
        await pair.client.stop()


async def test_junk_does_not_stop_the_handshake(pair: Pair) -> None:
    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        running = tasks.create_task(pair.session.run())
        pair.session.feed([b"", bytes([22]), bytes([22, 254, 253]) + bytes(200), bytes([63]) * 1400])
        await pair.connect_client()
        pair.session.feed([bytes([22]) * 50, bytes([20, 254, 253]) + bytes(40)])
        assert len(pair.keys) == 1
        running.cancel()


async def test_inbox_is_bounded(pair: Pair) -> None:
    pair.session.feed([bytes([22]) * 100] * 10_000)
    assert pair.session._inbox.qsize() == dtls.INBOX_MAX_DATAGRAMS


async def test_closing_before_anything_is_fine(pair: Pair) -> None:
    pair.session.close()
    assert pair.wire.to_client.empty()


def test_flight_is_split_at_records() -> None:
    records = [
        bytes([22, 254, 253]) + bytes(8) + size.to_bytes(2, "big") + bytes(size) for size in (700, 600, 20, 1100)
    ]
    pieces = list(dtls._datagrams(b"".join(records)))
    assert pieces == [records[0], records[1] + records[2], records[3]]
    assert list(dtls._datagrams(b"short")) == [b"short"]


def test_certificate_is_rotated_before_it_expires(monkeypatch: pytest.MonkeyPatch) -> None:
    certificates = Certificates()
    first = certificates.current()
    assert certificates.current() is first
    monkeypatch.setattr(dtls, "ROTATE_BEFORE_EXPIRY", timedelta(days=40))
    assert certificates.current() is not first


async def test_installed_aiortc_fits() -> None:
    check_aiortc()


@pytest.mark.parametrize("name", ["_setup_srtp", "_write_ssl", "_set_role", "_recv_next"])
async def test_aiortc_without_a_private_method_is_named(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.delattr(RTCDtlsTransport, name)
    with pytest.raises(AiortcMismatch, match=name):
        check_aiortc()


async def test_aiortc_with_another_certificate_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(RTCCertificate, "_create_ssl_context")
    with pytest.raises(AiortcMismatch, match="_create_ssl_context"):
        check_aiortc()


async def test_aiortc_with_another_signature_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def set_role(self: object, role: str, why: str) -> None: ...

    monkeypatch.setattr(RTCDtlsTransport, "_set_role", set_role)
    with pytest.raises(AiortcMismatch, match="_set_role"):
        check_aiortc()


async def test_context_errors_do_not_hide(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug below surfaces in `run` instead of looking like a failed handshake."""
    pair = make_pair()

    def broken(*_: object, **__: object) -> SSL.Context:
        raise RuntimeError("no context")

    monkeypatch.setattr(RTCCertificate, "_create_ssl_context", broken)
    with pytest.raises(RuntimeError, match="no context"):
        await pair.session.run()
