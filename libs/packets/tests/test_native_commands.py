"""The native relay starts, takes commands, answers STUN, tells events through its descriptor, and closes."""

import asyncio
import socket
import struct
from collections.abc import Iterator
from hashlib import sha1
from hmac import new as hmac
from zlib import crc32

import pytest
import salon_packets
from salon_packets import (
    Codec,
    DtlsReceived,
    Event,
    Relay,
    SinkConfig,
    SourceConfig,
    SourceStarted,
    SwitchedBack,
    SwitchedTo,
    TransportClosed,
    TransportConnected,
)

PASSWORD = "a-password-of-24-letters"
MID = "urn:ietf:params:rtp-hdrext:sdes:mid"
VP8 = Codec("VP8", 96, 90_000, 97)


@pytest.fixture
def relay() -> Iterator[Relay]:
    relay = Relay("127.0.0.1", 0)
    yield relay
    relay.close()


def binding_request(username: bytes, password: str) -> bytes:
    """A nominating connectivity check (RFC 8489, RFC 8445)."""

    def attribute(kind: int, value: bytes) -> bytes:
        return struct.pack("!HH", kind, len(value)) + value + b"\0" * (-len(value) % 4)

    def header(length: int) -> bytes:
        return struct.pack("!HHI", 1, length, 0x2112A442) + b"transaction!"

    body = attribute(0x0006, username) + attribute(0x0025, b"") + attribute(0x802A, b"\0" * 8)
    body += attribute(0x0008, hmac(password.encode(), header(len(body) + 24) + body, sha1).digest())
    return (
        header(len(body) + 8)
        + body
        + attribute(0x8028, struct.pack("!I", crc32(header(len(body) + 8) + body) ^ 0x5354554E))
    )


def video_source() -> SourceConfig:
    return SourceConfig(
        kind="video",
        mid="0",
        codecs=[VP8],
        ssrcs=[(1, 2)],
        extensions={MID: 4},
        nack=True,
        transport_cc=True,
        remb=False,
    )


def video_sink() -> SinkConfig:
    return SinkConfig(
        kind="video",
        mid="1",
        codec=VP8,
        ssrc=3,
        rtx_ssrc=4,
        cname="c",
        extensions={MID: 9},
        nack=True,
        transport_cc=False,
    )


class Inbox:
    """Events as asyncio sees them: the descriptor is readable, `drain` gives them."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self._queue: asyncio.Queue[Event] = asyncio.Queue()
        asyncio.get_running_loop().add_reader(relay.fileno(), self._on_readable)

    def _on_readable(self) -> None:
        for event in self._relay.drain():
            self._queue.put_nowait(event)

    async def next(self) -> Event:
        async with asyncio.timeout(5):
            return await self._queue.get()


def test_what_init_exports_is_what_the_native_module_has() -> None:
    for name in salon_packets.__all__:
        if name not in ("EncodedFrame", "FrameLink"):  # of Python, with the native ones inside
            assert getattr(salon_packets, name) == getattr(salon_packets._native, name)


async def test_a_check_connects_and_dtls_goes_both_ways(relay: Relay) -> None:
    inbox = Inbox(relay)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.connect(("127.0.0.1", relay.local_port))
        peer.settimeout(5)
        relay.add_transport(7, "ours", PASSWORD, "theirs")
        check = binding_request(b"ours:theirs", PASSWORD)
        answer = await asyncio.to_thread(lambda: (peer.send(check), peer.recv(2048))[1])
        assert answer[:2] == b"\x01\x01"
        assert answer[8:20] == b"transaction!"

        connected = await inbox.next()
        assert isinstance(connected, TransportConnected)
        assert connected.transport == 7
        assert connected.address == f"127.0.0.1:{peer.getsockname()[1]}"

        peer.send(b"\x16hello")
        received = await inbox.next()
        assert isinstance(received, DtlsReceived)
        assert (received.transport, received.datagrams) == (7, [b"\x16hello"])

        relay.send_dtls(7, [b"\x16one", b"\x16two"])
        assert await asyncio.to_thread(lambda: [peer.recv(2048), peer.recv(2048)]) == [b"\x16one", b"\x16two"]


def test_a_wrong_password_is_not_answered(relay: Relay) -> None:
    relay.add_transport(7, "ours", PASSWORD, "theirs")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.connect(("127.0.0.1", relay.local_port))
        peer.settimeout(5)
        peer.send(binding_request(b"ours:theirs", "another-password-0000000"))
        peer.send(binding_request(b"ours:theirs", PASSWORD))
        peer.recv(2048)
    assert relay.stats()["stun_failures"] == 1
    assert len(relay.drain()) == 1


def test_commands_build_and_remove_what_stats_show(relay: Relay) -> None:
    relay.add_transport(1, "a", PASSWORD, "b")
    relay.add_transport(2, "c", PASSWORD, "d")
    relay.set_srtp(1, 7, b"k" * 28, b"r" * 28)
    relay.set_srtp(2, 1, b"k" * 30, b"r" * 30)
    relay.add_source(1, 10, video_source())
    relay.add_sink(2, 20, 10, video_sink())
    relay.pause_sink(20, True)
    relay.request_keyframe(10)
    stats = relay.stats()
    assert set(stats["transports"]) == {1, 2}
    assert stats["sources"][10]["sinks"] == 1
    assert stats["sinks"][20]["estimate_bps"] is None
    assert (stats["stale_commands"], stats["panics"]) == (0, 0)
    relay.remove_transport(1)
    stats = relay.stats()
    assert (set(stats["transports"]), stats["sources"], stats["sinks"]) == ({2}, {}, {})
    relay.remove_sink(20)
    assert relay.stats()["stale_commands"] == 1


def rtp(ssrc: int, sequence: int, timestamp: int, *, key: bool) -> bytes:
    """A one-packet VP8 frame."""
    return struct.pack("!BBHII", 0x80, 0x80 | 96, sequence, timestamp, ssrc) + bytes([0x10, 0 if key else 1, 9, 9])


async def test_a_process_of_this_machine_consumes_a_source_and_replaces_it(relay: Relay) -> None:
    inbox = Inbox(relay)
    camera, transcoder = (socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET) for _ in range(2))
    with camera[0], camera[1], transcoder[0], transcoder[1]:
        camera[0].settimeout(5)
        transcoder[0].settimeout(5)
        relay.add_local_transport(1, camera[1].fileno())
        relay.add_local_transport(2, transcoder[1].fileno())
        # The relay has its own copies: the end of ours is not theirs.
        camera[1].close()
        transcoder[1].close()
        relay.add_source(1, 10, video_source())
        relay.add_source(2, 20, video_source())
        relay.add_sink(2, 21, 10, video_sink())
        relay.hold(10, 60_000)
        relay.switch_to(10, 20)

        camera[0].send(rtp(1, 7, 90_000, key=True))
        assert await inbox.next() == Like(SourceStarted, transport=1, source=10)
        local = await asyncio.to_thread(transcoder[0].recv, 2048)
        assert struct.unpack("!II", local[4:12]) == (90_000, 3), "the publisher's timestamp, an SSRC of its own"

        transcoder[0].send(rtp(1, 50, 90_000, key=True))
        assert await inbox.next() == Like(SourceStarted, transport=2, source=20)
        assert await inbox.next() == Like(SwitchedTo, transport=1, source=10, replacement=20)

        transcoder[0].close()
        assert await inbox.next() == Like(SwitchedBack, transport=1, source=10, reason="lost")
        assert await inbox.next() == Like(TransportClosed, transport=2, reason="link-closed")
        relay.hold(10, 1)
        assert await inbox.next() == Like(SwitchedBack, transport=1, source=10, reason="late")
        relay.hold(10, 60_000)
        relay.switch_back(10)
        assert await inbox.next() == Like(SwitchedBack, transport=1, source=10, reason="ordered")
        assert relay.stats()["stale_commands"] == 0


class Like:
    """Equal to an object of this type with these attributes."""

    def __init__(self, kind: type, **attributes: object) -> None:
        self._kind, self._attributes = kind, attributes

    def __eq__(self, other: object) -> bool:
        return type(other) is self._kind and all(
            getattr(other, name) == value for name, value in self._attributes.items()
        )

    def __hash__(self) -> int:
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"{self._kind.__name__}({self._attributes})"


def test_only_a_local_socket_of_messages_becomes_a_link(relay: Relay) -> None:
    with pytest.raises(OSError, match=r"[Bb]ad file"):
        relay.add_local_transport(1, -1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, pytest.raises(OSError, match=r"[Pp]rotocol"):
        relay.add_local_transport(1, udp.fileno())
    with pytest.raises(OverflowError):
        relay.hold(1, -1)
    for command in (relay.switch_back, relay.request_keyframe):
        command(99)
    relay.switch_to(99, 98)
    assert relay.stats()["stale_commands"] == 3


def test_wrong_values_fail_on_the_spot(relay: Relay) -> None:
    relay.add_transport(1, "a", PASSWORD, "b")
    with pytest.raises(ValueError, match="profile 2"):
        relay.set_srtp(1, 2, b"k" * 30, b"r" * 30)
    with pytest.raises(ValueError, match="key-length"):
        relay.set_srtp(1, 7, b"k" * 30, b"r" * 28)
    with pytest.raises(ValueError, match="payload type"):
        Codec("VP8", 128, 90_000)
    with pytest.raises(ValueError, match="host"):
        Relay("localhost", 0)
    with pytest.raises(OSError, match=r"[Aa]ddress"):
        Relay("127.0.0.1", relay.local_port)


def test_after_close_commands_raise_and_the_port_is_free() -> None:
    relay = Relay("127.0.0.1", 0)
    port = relay.local_port
    relay.close()
    relay.close()
    with pytest.raises(RuntimeError, match="closed"):
        relay.add_transport(1, "a", PASSWORD, "b")
    with pytest.raises(RuntimeError, match="closed"):
        relay.stats()
    Relay("127.0.0.1", port).close()
