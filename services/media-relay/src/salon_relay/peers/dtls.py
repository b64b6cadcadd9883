"""The one place that touches what is private in aiortc: DTLS for a transport whose packets live elsewhere.

aiortc's `RTCDtlsTransport` runs the handshake and checks the peer's certificate; the SRTP keys it agrees on go to the
packet path instead of to libsrtp. Written against aiortc 1.16; `check_aiortc` says at start-up whether what is used
here still has the shape it had.
"""

import asyncio
import contextlib
import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any, Final, Literal

from aiortc import RTCCertificate, RTCDtlsTransport, rtcdtlstransport
from aiortc.rtcdtlstransport import (
    SRTP_AEAD_AES_128_GCM,
    SRTP_AEAD_AES_256_GCM,
    SRTP_AES128_CM_SHA1_80,
    RTCDtlsFingerprint,
    RTCDtlsParameters,
    SRTPProtectionProfile,
)
from OpenSSL import SSL
from salon_media.offer import Fingerprint

from salon_relay.peers.dtls_alerts import fatal_alert
from salon_relay.srtp_keys import SrtpKeys

DATAGRAM_MAX_BYTES: Final = 1200
INBOX_MAX_DATAGRAMS: Final = 64
ROTATE_BEFORE_EXPIRY: Final = timedelta(days=7)

# The order of the DTLS server wins, so ours where the client begins: AES-128-GCM is the cheapest per packet, AES-CM
# what every client has.
_PROFILES: Final = (SRTP_AEAD_AES_128_GCM, SRTP_AEAD_AES_256_GCM, SRTP_AES128_CM_SHA1_80)
_PROFILE_NUMBERS: Final = {
    b"SRTP_AES128_CM_SHA1_80": 1,  # RFC 5764 section 4.1.2
    b"SRTP_AEAD_AES_128_GCM": 7,  # RFC 7714 section 14.2
    b"SRTP_AEAD_AES_256_GCM": 8,
}

# What a DTLS server may have that a client with a certificate of its own would not: an RSA key.
_CIPHERS_AS_CLIENT: Final = (
    b"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305:"
    b"ECDHE-RSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA:ECDHE-RSA-AES256-SHA"
)

DtlsRole = Literal["client", "server"]


class AiortcMismatch(RuntimeError):
    """The installed aiortc is not the one this file was written against."""


class DtlsEnd(Enum):
    """How a session ended by itself."""

    FAILED = "failed"
    """The handshake failed, or the peer's certificate is not the one its offer named."""
    PEER_CLOSED = "peer-closed"


class Certificates:
    """The certificate of this process, replaced a week before it expires; transports keep the one they began with."""

    def __init__(self) -> None:
        self._current = RTCCertificate.generateCertificate()

    def current(self) -> RTCCertificate:
        if self._current.expires - datetime.now(UTC) < ROTATE_BEFORE_EXPIRY:
            self._current = RTCCertificate.generateCertificate()
        return self._current


def fingerprint(certificate: RTCCertificate) -> Fingerprint:
    """The SHA-256 fingerprint, for the answer."""
    found = next(item for item in certificate.getFingerprints() if item.algorithm == "sha-256")
    return Fingerprint("sha-256", found.value)


class DtlsSession:
    """One side of one DTLS association; the client begins.

    `feed` it what came in, `await run()` once; `on_keys` is called when SRTP may start, then `run` goes on until the
    peer says good-bye. `close` at any time, from any task; cancel `run` then.
    """

    def __init__(
        self,
        certificate: RTCCertificate,
        fingerprints: Sequence[Fingerprint],
        *,
        role: DtlsRole = "server",
        send: Callable[[list[bytes]], None],
        on_keys: Callable[[SrtpKeys], None],
    ) -> None:
        self._inbox: asyncio.Queue[bytes] = asyncio.Queue(INBOX_MAX_DATAGRAMS)
        self._remote = RTCDtlsParameters(
            fingerprints=[RTCDtlsFingerprint(item.algorithm, item.value) for item in fingerprints]
        )
        self._transport = _Association(self._inbox, certificate, role, send, on_keys)

    @property
    def failure(self) -> str:
        """Why the handshake failed, as far as it is known, for the log; a fixed text, whatever the peer sends."""
        return self._transport.failure

    def feed(self, datagrams: Sequence[bytes]) -> None:
        """Hands over received datagrams in order. What does not fit is dropped: DTLS repeats itself."""
        for datagram in datagrams:
            if datagram and not self._inbox.full():
                self._inbox.put_nowait(datagram)

    async def run(self) -> DtlsEnd:
        """Handshake, `on_keys`, then until the peer closes. Without a deadline of its own."""
        try:
            await self._transport.start(self._remote)
            if self._transport.state != "connected":
                return DtlsEnd.FAILED
            await self._transport.until_closed()
            return DtlsEnd.PEER_CLOSED
        finally:
            self._transport.stop_reading()

    def close(self) -> None:
        """Sends close_notify if there is somebody to send it to."""
        self._transport.say_goodbye()


class _Inbox:
    """What `RTCDtlsTransport` calls its ICE transport."""

    role = "controlled"

    def __init__(self, inbox: asyncio.Queue[bytes]) -> None:
        self._inbox = inbox

    async def _recv(self) -> bytes:
        return await self._inbox.get()

    async def _send(self, data: bytes) -> None:
        raise AiortcMismatch("RTCDtlsTransport sends past _write_ssl")


@dataclass(slots=True)
class _Failure:
    reason: str = "the peer has another certificate than its offer names, or no SRTP profile in common"


class _Certificate(RTCCertificate):
    """The same certificate with a TLS context that knows its role and tells of alerts."""

    def __init__(self, plain: RTCCertificate, role: DtlsRole, failure: _Failure) -> None:
        super().__init__(plain._key, plain._cert)
        self._role: Final = role
        self._failure = failure

    def _create_ssl_context(self, srtp_profiles: list[SRTPProtectionProfile]) -> SSL.Context:
        context = super()._create_ssl_context(srtp_profiles)
        if self._role == "client":
            context.set_cipher_list(_CIPHERS_AS_CLIENT)
        failure = self._failure  # not `self`, whose owner holds the context

        def observe(connection: SSL.Connection, where: int, value: int) -> None:
            failure.reason = fatal_alert(where, value) or failure.reason

        context.set_info_callback(observe)
        return context


class _Association(RTCDtlsTransport):
    def __init__(
        self,
        inbox: asyncio.Queue[bytes],
        certificate: RTCCertificate,
        role: DtlsRole,
        send: Callable[[list[bytes]], None],
        on_keys: Callable[[SrtpKeys], None],
    ) -> None:
        failure = _Failure()
        super().__init__(_Inbox(inbox), [_Certificate(certificate, role, failure)])  # type: ignore[arg-type]
        self._failure = failure
        self._srtp_profiles = list(_PROFILES)
        self._set_role(role)
        self._send_datagrams = send
        self._on_keys = on_keys

    @property
    def failure(self) -> str:
        return self._failure.reason

    async def until_closed(self) -> None:
        if self._task is not None:
            await asyncio.wait({self._task})

    def stop_reading(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def say_goodbye(self) -> None:
        if self._ssl is None or self.state not in ("connecting", "connected"):
            return
        with contextlib.suppress(SSL.Error):  # not connected yet
            self._ssl.shutdown()
        self._flush()

    def _setup_srtp(self) -> None:
        name = self._ssl.get_selected_srtp_profile() if self._ssl is not None else b""
        profile = next((item for item in _PROFILES if item.openssl_profile == name), None)
        if self._ssl is None or profile is None:
            self._set_state(rtcdtlstransport.State.FAILED)
            return
        material = self._ssl.export_keying_material(
            b"EXTRACTOR-dtls_srtp", 2 * (profile.key_length + profile.salt_length)
        )
        # RFC 5764 section 4.2: client's key, server's key, client's salt, server's salt.
        of_client, of_server = (profile.get_key_and_salt(material, index) for index in (0, 1))
        local, remote = (of_client, of_server) if self._role == "client" else (of_server, of_client)
        self._on_keys(SrtpKeys(_PROFILE_NUMBERS[name], local, remote))

    async def _write_ssl(self) -> None:
        self._flush()

    def _flush(self) -> None:
        """Everything OpenSSL has to say, whole records per datagram; aiortc would send the first 1,500 bytes only."""
        pending = bytearray()
        while self._ssl is not None:
            try:
                pending += self._ssl.bio_read(16384)
            except SSL.Error:
                break
        if pending:
            self._send_datagrams(list(_datagrams(bytes(pending))))


def _datagrams(flight: bytes) -> Iterator[bytes]:
    """Splits a flight at record boundaries (RFC 6347 section 4.1) so that no datagram is longer than need be."""
    start = end = 0
    while end + 13 <= len(flight):
        next_end = end + 13 + int.from_bytes(flight[end + 11 : end + 13], "big")
        if next_end - start > DATAGRAM_MAX_BYTES and end > start:
            yield flight[start:end]
            start = end
        end = next_end
    if start < len(flight):
        yield flight[start:]


_PARAMETERS: Final[dict[str, tuple[str, ...]]] = {
    "__init__": ("self", "transport", "certificates"),
    "start": ("self", "remoteParameters"),
    "_set_role": ("self", "role"),
    "_set_state": ("self", "state"),
    "_setup_srtp": ("self",),
    "_write_ssl": ("self",),
    "_recv_next": ("self",),
}


def check_aiortc() -> None:
    """Raises AiortcMismatch, naming what is different, unless aiortc's private parts are as this file needs them."""
    for name, expected in _PARAMETERS.items():
        method = getattr(RTCDtlsTransport, name, None)
        if method is None or tuple(inspect.signature(method).parameters) != expected:
            raise AiortcMismatch(f"RTCDtlsTransport.{name} is not {name}({', '.join(expected)})")
    for name in ("start", "_write_ssl", "_recv_next"):
        if not inspect.iscoroutinefunction(getattr(RTCDtlsTransport, name)):
            raise AiortcMismatch(f"RTCDtlsTransport.{name} is not a coroutine function")
    inbox: asyncio.Queue[bytes] = asyncio.Queue(1)
    certificate: Any = RTCCertificate.generateCertificate()
    for name in ("_key", "_cert", "_create_ssl_context"):
        if not hasattr(certificate, name):
            raise AiortcMismatch(f"RTCCertificate.{name} is gone")
    probe: Any = RTCDtlsTransport(_Inbox(inbox), [certificate])  # type: ignore[arg-type]
    expected_values: dict[str, type] = {
        "_srtp_profiles": list,
        "_role": str,
        "_ssl": type(None),
        "_task": type(None),
        "state": str,
    }
    for name, kind in expected_values.items():
        if not isinstance(getattr(probe, name, inspect), kind):
            raise AiortcMismatch(f"RTCDtlsTransport.{name} is not {kind.__name__} in a new transport")
    if not isinstance(getattr(rtcdtlstransport, "State", None), type) or not hasattr(rtcdtlstransport.State, "FAILED"):
        raise AiortcMismatch("aiortc.rtcdtlstransport.State.FAILED is gone")
    for profile in _PROFILES:
        key = profile.get_key_and_salt(bytes(range(2 * (profile.key_length + profile.salt_length))), 0)
        if profile.openssl_profile not in _PROFILE_NUMBERS or len(key) != profile.key_length + profile.salt_length:
            raise AiortcMismatch(f"the SRTP profile {profile.openssl_profile!r} is not as expected")
