"""Asks a media relay for a transport as a publisher would, and knocks at its UDP port.

A relay answers only STUN checks that know the password of one of its transports, so the check has to negotiate one
first. It is closed again at once; the record shows it, in the room `salon-doctor` of an app that nobody has.
"""

import asyncio
import re
import secrets
import time
from typing import Final

from salon.relay.v1.relay_pb2 import (
    DIRECTION_SEND,
    CloseTransport,
    Negotiate,
    Negotiated,
    TrackBinding,
    TransportClosedReply,
)
from salon_contracts.errors import SalonError
from salon_contracts.ids import APP_ID_MAX, RelayId, new_id
from salon_contracts.subjects import command
from salon_kit.bus import Bus

from salon_cli.stun import IceCredentials, binding_request, is_success

ROOM: Final = "salon-doctor"
_ATTEMPTS: Final = 4
_ATTEMPT_S: Final = 0.5


class RelayProbe:
    """One transport on one relay: `open`, `knock` at its addresses, `close`."""

    def __init__(self, bus: Bus, relay_id: RelayId) -> None:
        self._bus = bus
        self._relay_id = relay_id
        self._session_id = new_id("doctor")
        self._ours = IceCredentials.new()
        self._theirs: IceCredentials | None = None

    async def open(self) -> None:
        """Raises SalonError, or ValueError for an answer without ICE credentials."""
        offer = Negotiate(
            app_id=APP_ID_MAX,
            room_id=ROOM,
            room_session_id=self._session_id,
            user_id="doctor",
            session_id=self._session_id,
            transport_id=self._transport_id,
            direction=DIRECTION_SEND,
            offer_sdp=_offer(self._ours),
            tracks=[TrackBinding(mid="0", stream_id=self._session_id)],
        )
        answer = await self._bus.request(command("relay", "negotiate", self._relay_id), offer, Negotiated, 5.0)
        self._theirs = _credentials(answer.answer_sdp)

    async def knock(self, address: str, port: int) -> float | None:
        """Milliseconds until the port answered a STUN binding; None: it did not. Raises OSError for a bad address."""
        assert self._theirs is not None, "open() comes first"  # noqa: S101
        answers: asyncio.Queue[bytes] = asyncio.Queue()
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: _Inbox(answers), remote_addr=(address, port)
        )
        try:
            for _ in range(_ATTEMPTS):
                transaction_id = secrets.token_bytes(12)
                began_s = time.monotonic()
                transport.sendto(binding_request(self._ours, self._theirs, transaction_id))
                if await _answered(answers, transaction_id):
                    return (time.monotonic() - began_s) * 1000
        finally:
            transport.close()
        return None

    async def close(self) -> None:
        """Never raises: the relay forgets a transport that nobody uses by itself."""
        order = CloseTransport(transport_id=self._transport_id, reason="doctor")
        try:
            await self._bus.request(
                command("relay", "close-transport", self._relay_id), order, TransportClosedReply, 2.0
            )
        except SalonError:
            return

    @property
    def _transport_id(self) -> str:
        return f"{self._session_id}.probe"


class _Inbox(asyncio.DatagramProtocol):
    def __init__(self, answers: "asyncio.Queue[bytes]") -> None:
        self._answers = answers

    def datagram_received(self, data: bytes, addr: object) -> None:
        self._answers.put_nowait(data)

    def error_received(self, exc: Exception) -> None:
        """Port unreachable: the same as silence."""


async def _answered(answers: "asyncio.Queue[bytes]", transaction_id: bytes) -> bool:
    try:
        async with asyncio.timeout(_ATTEMPT_S):
            while not is_success(await answers.get(), transaction_id):
                pass
    except TimeoutError:
        return False
    return True


def _offer(ours: IceCredentials) -> str:
    """The least a publisher of sound can offer. No DTLS follows, so any fingerprint will do."""
    fingerprint = ":".join(["00"] * 32)
    lines = (
        "v=0",
        "o=- 1 1 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        "a=group:BUNDLE 0",
        "m=audio 9 UDP/TLS/RTP/SAVPF 111",
        "c=IN IP4 0.0.0.0",
        "a=rtcp:9 IN IP4 0.0.0.0",
        f"a=ice-ufrag:{ours.ufrag}",
        f"a=ice-pwd:{ours.pwd}",
        f"a=fingerprint:sha-256 {fingerprint}",
        "a=setup:actpass",
        "a=mid:0",
        "a=sendonly",
        "a=rtcp-mux",
        "a=rtpmap:111 opus/48000/2",
        "a=ssrc:1 cname:salon-doctor",
    )
    return "".join(f"{line}\r\n" for line in lines)


def _credentials(sdp: str) -> IceCredentials:
    ufrag = re.search(r"^a=ice-ufrag:(\S+)", sdp, re.MULTILINE)
    pwd = re.search(r"^a=ice-pwd:(\S+)", sdp, re.MULTILINE)
    if ufrag is None or pwd is None:
        raise ValueError("its answer has no ICE credentials")
    return IceCredentials(ufrag[1], pwd[1])
