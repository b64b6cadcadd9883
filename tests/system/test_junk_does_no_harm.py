"""While a call goes on, everything that can be sent from outside is sent; the call goes on and memory stays flat."""

import asyncio
import contextlib
import json
import os
import random
import re
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from aioice import stun
from OpenSSL import SSL
from salon_testing.eventually import eventually
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.system.browser import Person
from tests.system.cloud import Cloud
from tests.system.conftest import Arrive
from tests.system.rooms import fresh

MEBIBYTE = 1024 * 1024


@pytest.fixture(scope="module")
def own_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    running = Cloud(tmp_path_factory.mktemp("junk"))
    try:
        running.start(relays=0)
        running.add_relay(SALON_RELAY_SETUP_TIMEOUT_S="5")
        yield running
    finally:
        running.stop()


async def call_in_progress(arrive: Arrive, cloud: Cloud) -> tuple[Person, str]:
    """A viewer who sees a stream."""
    room, stream = fresh("room"), fresh("stream")
    alice, bob = await arrive(fresh("alice"), at=cloud), await arrive(fresh("bob"), at=cloud)
    await bob.auto_play()
    for person in (alice, bob):
        await person.login(room)
    await alice.publish(stream, None, {"videoCodec": "VP8"})
    await bob.wait_for("(id) => salon.frames[id]", stream)
    await bob.sees(stream)
    return bob, stream


def datagrams(seed: int, count: int) -> Iterator[bytes]:
    """Random ones, and ones that look right at first: STUN, DTLS, RTP, RTCP headers with mutated rests."""
    dice = random.Random(seed)
    stun = bytes.fromhex("000100582112a442") + bytes(12) + bytes.fromhex("00060009") + b"abcd:efgh\0\0\0"
    hello = bytes.fromhex("16fefd0000000000000000") + (120).to_bytes(2) + bytes.fromhex("0100006c") + bytes(116)
    rtp = bytes.fromhex("90e0000100000001deadbeefbede0001") + bytes(40)
    rtcp = bytes.fromhex("81c90007deadbeef") + bytes(24)
    for _ in range(count):
        kind = dice.randrange(5)
        raw = bytearray((stun, hello, rtp, rtcp, dice.randbytes(dice.randrange(1, 1500)))[kind])
        for _ in range(dice.randrange(8)):
            raw[dice.randrange(len(raw))] = dice.randrange(256)
        yield bytes(raw[: dice.randrange(1, len(raw) + 1)] if dice.random() < 0.3 else raw)


async def test_junk_at_the_media_port(arrive: Arrive, own_cloud: Cloud) -> None:
    viewer, stream = await call_in_progress(arrive, own_cloud)
    relay = own_cloud.relays[0]

    async def throw(seed: int, count: int) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as thrower:
            thrower.setblocking(False)
            for number, datagram in enumerate(datagrams(seed, count)):
                try:
                    thrower.sendto(datagram, ("127.0.0.1", relay.port))
                except BlockingIOError:
                    await asyncio.sleep(0.001)
                if number % 200 == 0:
                    await asyncio.sleep(0)

    await throw(1, 20_000)
    before = relay.resident_bytes()
    for seed in range(2, 6):
        await throw(seed, 20_000)
    grown = relay.resident_bytes() - before
    assert grown < 8 * MEBIBYTE, f"the relay grew by {grown / MEBIBYTE:.1f} MiB"
    await viewer.sees(stream, frames=30)
    assert relay.popen.poll() is None


OPEN_TRANSPORT = """async ([room, offerer]) => {
    const pc = new RTCPeerConnection();
    pc.addTransceiver('video', { direction: 'sendonly' });
    await pc.setLocalDescription(await pc.createOffer());
    return pc.localDescription.sdp;
}"""


async def test_half_open_handshakes_are_given_up(arrive: Arrive, own_cloud: Cloud) -> None:
    """Peers that pass the ICE check, begin DTLS and fall silent are forgotten; others are served meanwhile."""
    viewer, stream = await call_in_progress(arrive, own_cloud)
    sdp = await viewer.call(OPEN_TRANSPORT, ["", ""])
    with contextlib.ExitStack() as peers:
        async with Client(own_cloud) as client:
            await client.login(fresh("room"))
            for number in range(40):
                name = f"half-open-{os.getpid()}-{number}"
                offer = {"peerConnectionId": f"pc{number}", "sdp": sdp, "tracks": [{"mid": "0", "streamId": name}]}
                reply = await client.ask("publish", {"streamId": name, "offer": offer})
                if "failed" in reply:  # one user may have so many, and eight that are not connected yet
                    assert reply["failed"]["reason"] in ("quota-exceeded", "rate-limited"), reply
                    break
                peer = peers.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
                begin_handshake(peer, sdp, reply["answer"]["sdp"])
            assert number >= 8
            await eventually(lambda: half_open(own_cloud) >= 8)
            await viewer.sees(stream, frames=30)
            newcomer, other = await call_in_progress(arrive, own_cloud)
            await newcomer.sees(other)
            await eventually(lambda: half_open(own_cloud) == 0)
    await viewer.sees(stream)


def begin_handshake(peer: socket.socket, offer: str, answer: str) -> None:
    """A valid ICE check and a ClientHello from the same address; nothing after that."""
    ours, theirs = (re.findall(r"^a=ice-(?:ufrag|pwd):(\S+)", sdp, re.MULTILINE) for sdp in (offer, answer))
    candidate = re.search(r"^a=candidate:\S+ 1 udp \d+ (\S+) (\d+)", answer, re.MULTILINE)
    assert candidate is not None
    address = (candidate[1], int(candidate[2]))
    check = stun.Message(message_method=stun.Method.BINDING, message_class=stun.Class.REQUEST)
    check.attributes["USERNAME"] = f"{theirs[0]}:{ours[0]}"
    check.attributes["PRIORITY"] = 1
    check.attributes["ICE-CONTROLLING"] = 1
    check.attributes["USE-CANDIDATE"] = None
    check.add_message_integrity(theirs[1].encode())
    peer.sendto(bytes(check), address)
    handshake = SSL.Connection(SSL.Context(SSL.DTLS_METHOD), None)
    handshake.set_connect_state()
    with contextlib.suppress(SSL.WantReadError):
        handshake.do_handshake()
    peer.sendto(handshake.bio_read(4096), address)


def half_open(cloud: Cloud) -> int:
    """Peer connections of the relay that are not connected yet."""
    url = cloud.relays[0].ready_url
    assert url is not None
    with urllib.request.urlopen(url.replace("readyz", "metrics")) as page:
        text = page.read().decode()
    found = re.search(r'^salon_relay_transports_count\{state="connecting"\} (\S+)$', text, re.MULTILINE)
    return 0 if found is None else int(float(found[1]))


GARBAGE_FRAMES = [
    "", "{", "[]", "null", "1", '"x"', "{}", '{"requestId": -1}', '{"requestId": 99999999999}', '{"login": []}',
    '{"requestId": 7, "login": {"appId": "x"}}', '{"requestId": 7, "unknown": {}}',
    '{"requestId": 7, "publish": {"offer": 1}}',
    "[" * 5000, '{"a":' * 3000, '{"requestId": 1, "hello": {"protocolVersions": [77]}}', "\u0000\ud7ff",
]  # fmt: skip


async def test_garbage_frames_get_a_clear_error_or_a_clean_close(arrive: Arrive, own_cloud: Cloud) -> None:
    viewer, stream = await call_in_progress(arrive, own_cloud)
    for garbage in GARBAGE_FRAMES:
        async with connect(own_cloud.ws_url()) as socket_:
            await socket_.send(garbage)
            answer = json.loads(await asyncio.wait_for(socket_.recv(), 5))
            assert answer["reply"]["failed"]["reason"], answer
            assert answer["reply"]["failed"]["code"]
    for oversized in ("x" * (300 * 1024), b"\x00" * 1024):
        async with connect(own_cloud.ws_url(), max_size=None) as socket_:
            await socket_.send(oversized)
            await asyncio.wait_for(socket_.wait_closed(), 5)
            assert socket_.close_code in {1003, 1009, 4400}
            assert socket_.close_reason
    await viewer.sees(stream)


async def test_a_flood_of_garbage_leaves_memory_flat(arrive: Arrive, own_cloud: Cloud) -> None:
    viewer, stream = await call_in_progress(arrive, own_cloud)
    dice = random.Random(7)

    async def flood(connections: int) -> None:
        for _ in range(connections):
            try:
                # Replies that nobody reads must not keep the closing handshake waiting.
                async with connect(own_cloud.ws_url(), max_queue=None) as socket_:
                    for _ in range(30):
                        await socket_.send(dice.choice(GARBAGE_FRAMES) or dice.randbytes(100).hex())
            except ConnectionClosed:
                continue

    await flood(40)
    before = own_cloud.rooms[0].resident_bytes()
    await flood(160)
    grown = own_cloud.rooms[0].resident_bytes() - before
    assert grown < 8 * MEBIBYTE, f"the room service grew by {grown / MEBIBYTE:.1f} MiB"
    await viewer.sees(stream)


def good_offer() -> str:
    return (
        "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n"
        "m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=ice-ufrag:abcd\r\n"
        "a=ice-pwd:abcdefghijklmnopqrstuvwx\r\na=fingerprint:sha-256 "
        + ":".join(["AB"] * 32)
        + "\r\na=setup:actpass\r\na=mid:0\r\na=sendonly\r\na=rtcp-mux\r\n"
        "a=rtpmap:96 VP8/90000\r\na=ssrc:1 cname:x\r\n"
    )


def bad_offers() -> Iterator[str]:
    good = good_offer()
    yield from ("", "junk", "v=0\r\n", good.replace("a=ice-ufrag:abcd\r\n", ""), good.replace("fingerprint", "finger"))
    yield from (good.replace("96", "xx"), good.replace("a=ssrc:1 cname:x", "a=ssrc:1"), good.replace("VP8", "NOPE"))
    yield good + "m=" + "x" * 1000
    yield good.replace("actpass", "passive")
    dice = random.Random(11)
    for _ in range(60):
        lines = good.split("\r\n")
        for _ in range(dice.randrange(1, 5)):
            position = dice.randrange(len(lines))
            match dice.randrange(3):
                case 0:
                    del lines[position]
                case 1:
                    lines.insert(position, dice.choice(lines))
                case _:
                    lines[position] = lines[position][: dice.randrange(len(lines[position]) + 1)] + dice.choice(
                        "=:; 0x"
                    )
        yield "\r\n".join(lines)


class Client:
    """A bare WebSocket client that may say anything."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._number = 0

    async def __aenter__(self) -> "Client":
        self._socket = await connect(self._cloud.ws_url())
        await self.ask("hello", {"protocolVersions": [1], "sdkName": "tests", "sdkVersion": "1"})
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._socket.close()

    async def login(self, room: str) -> None:
        user = fresh("client")
        token = self._cloud.mint(user)
        login = {"appId": self._cloud.app_id, "roomId": room, "token": token, "userId": user}
        assert "loggedIn" in await self.ask("login", login)

    async def ask(self, what: str, body: dict[str, Any]) -> dict[str, Any]:
        self._number += 1
        await self._socket.send(json.dumps({"requestId": self._number, what: body}))
        while True:
            frame: dict[str, Any] = json.loads(await asyncio.wait_for(self._socket.recv(), 10))
            reply: dict[str, Any] = frame.get("reply", {})
            if reply.get("requestId") == self._number:
                return reply


async def test_every_bad_offer_gets_an_error_code_over_the_websocket(arrive: Arrive, own_cloud: Cloud) -> None:
    viewer, stream = await call_in_progress(arrive, own_cloud)
    refused = 0
    offers = list(bad_offers())
    for start in range(0, len(offers), 8):  # of which all may wait for a connection
        async with Client(own_cloud) as client:
            await client.login(fresh("room"))
            for number, sdp in enumerate(offers[start : start + 8]):
                name = f"bad-{start + number}"
                offer = {"peerConnectionId": name, "sdp": sdp, "tracks": [{"mid": "0", "streamId": name}]}
                reply = await client.ask("publish", {"streamId": name, "offer": offer})
                if "failed" in reply:
                    refused += 1
                    assert reply["failed"]["reason"] in {"offer-malformed", "offer-unacceptable", "invalid-field"}, (
                        reply
                    )
                    assert reply["failed"]["code"]
                    assert len(reply["failed"]["message"]) > 10
    assert refused >= 10
    await viewer.sees(stream)


async def test_every_bad_offer_gets_a_clean_4xx_over_whip(arrive: Arrive, own_cloud: Cloud) -> None:
    viewer, stream = await call_in_progress(arrive, own_cloud)
    user = fresh("whip")
    token = own_cloud.mint(user)

    def post(path: str, body: bytes, content_type: str = "application/sdp", bearer: str | None = None) -> int:
        request = urllib.request.Request(
            f"{own_cloud.url()}{path}?app_id={own_cloud.app_id}&room_id=whip-room&stream_id={user}",
            data=body,
            headers={"Content-Type": content_type, "Authorization": f"Bearer {bearer or token}"},
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            problem = json.load(error)
            assert problem["error"]["code"]
            assert problem["error"]["message"]
            return error.code

    statuses = [await asyncio.to_thread(post, "/whip", sdp.encode()) for sdp in bad_offers()]
    assert set(statuses) <= {201, 400, 406, 422, 429}
    assert statuses.count(400) >= 5
    token = own_cloud.mint(fresh("whip"))  # who has not used up what a user may try
    assert await asyncio.to_thread(post, "/whip", b"{}", "application/json") == 415
    assert await asyncio.to_thread(post, "/whip", b"x" * 200_000) == 413
    assert await asyncio.to_thread(post, "/whip", b"\xff\xfe") == 400
    assert await asyncio.to_thread(post, "/whip", good_offer().encode(), bearer="04nonsense") == 401
    await viewer.sees(stream)


@pytest.mark.parametrize("body", [{"stream_id": "a b"}, {"stream_id": "x" * 257}, {"stream_id": ""}], ids=str)
async def test_ids_that_break_the_rules_are_refused(own_cloud: Cloud, body: dict[str, str]) -> None:
    async with Client(own_cloud) as client:
        await client.login(fresh("room"))
        reply = await client.ask(
            "publish", {"streamId": body["stream_id"], "offer": {"peerConnectionId": "a", "sdp": "v=0"}}
        )
        assert reply["failed"]["code"] in {1000014, 1000015, 1000016}
        assert reply["failed"]["reason"] == "invalid-field"
