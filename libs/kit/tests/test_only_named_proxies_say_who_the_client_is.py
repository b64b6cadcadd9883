import json

import pytest
from salon_kit.health import Receive, Scope, Send
from salon_kit.http.trusted_proxies import HEADER_MAX_BYTES, HOPS_MAX, TrustedProxies
from websockets.asyncio.client import connect

from .peers import Peer, serving

INSIDE = "127.0.0.0/8, 10.0.0.0/8,2001:db8:1::/48"


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "client"),
    [
        ("127.0.0.1", [b"203.0.113.7"], "203.0.113.7"),
        ("127.0.0.1", [b"198.51.100.1, 203.0.113.7"], "203.0.113.7"),
        ("127.0.0.1", [b"198.51.100.1", b"203.0.113.7, 10.0.0.9"], "203.0.113.7"),
        ("10.1.2.3", [b"198.51.100.1,203.0.113.7,10.0.0.9 , 10.0.0.8"], "203.0.113.7"),
        ("203.0.113.50", [b"198.51.100.1"], "203.0.113.50"),
        ("192.0.2.1", [b"127.0.0.1"], "192.0.2.1"),
        ("127.0.0.1", [], "127.0.0.1"),
        ("127.0.0.1", [b""], "127.0.0.1"),
        ("127.0.0.1", [b"10.0.0.1, 10.0.0.2"], "10.0.0.1"),
        ("127.0.0.1", [b"198.51.100.1, unknown"], "127.0.0.1"),
        ("127.0.0.1", [b"198.51.100.1, unknown, 10.0.0.3"], "10.0.0.3"),
        ("127.0.0.1", [b"203.0.113.7:4711"], "203.0.113.7"),
        ("127.0.0.1", [b'"[2001:db8:2::7]:4711"'], "2001:db8:2::7"),
        ("127.0.0.1", [b"2001:db8:2::7, 2001:db8:1::1"], "2001:db8:2::7"),
        ("127.0.0.1", [b"::ffff:203.0.113.7"], "203.0.113.7"),
        ("::ffff:127.0.0.1", [b"203.0.113.7"], "203.0.113.7"),
        ("127.0.0.1", [b"\xff\xfe, <script>"], "127.0.0.1"),
        ("not an address", [b"203.0.113.7"], "not an address"),
    ],
)
def test_the_nearest_address_that_is_no_proxys_is_the_client(
    peer: str, forwarded_for: list[bytes], client: str
) -> None:
    assert TrustedProxies.parse(INSIDE).client_of(peer, forwarded_for) == client


def test_without_names_nobody_is_believed() -> None:
    for peer in ("127.0.0.1", "::1", "10.0.0.1"):
        assert TrustedProxies.parse("").client_of(peer, [b"203.0.113.7"]) == peer


def test_a_long_header_is_looked_at_from_its_end_and_no_further_than_so_far() -> None:
    proxies = TrustedProxies.parse(INSIDE)
    assert proxies.client_of("127.0.0.1", [b"," * 30_000 + b"203.0.113.7"]) == "203.0.113.7"
    assert proxies.client_of("127.0.0.1", [b"203.0.113.7" + b",10.0.0.1" * HOPS_MAX]) == "10.0.0.1"
    assert proxies.client_of("127.0.0.1", [b"203.0.113.7," + b" " * HEADER_MAX_BYTES + b"10.0.0.1"]) == "10.0.0.1"


@pytest.mark.parametrize("text", ["300.0.0.1", "10.0.0.1/8", "proxy.example", "10.0.0.0/8;127.0.0.1"])
def test_what_is_no_network_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"does not appear to be|has host bits set"):
        TrustedProxies.parse(text)


async def who_is_it(scope: Scope, receive: Receive, send: Send) -> None:
    seen = json.dumps([scope["client"][0], scope["scheme"]])
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": seen})
        await receive()
        return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(seen))]})
    await send({"type": "http.response.body", "body": seen.encode()})


@pytest.mark.parametrize(
    ("trusted", "source", "client", "secure"),
    [
        ("", "127.0.0.1", "127.0.0.1", ""),
        ("127.0.0.9", "127.0.0.1", "127.0.0.1", ""),
        ("127.0.0.9", "127.0.0.9", "203.0.113.7", "s"),
    ],
)
async def test_requests_and_web_sockets_have_the_same_client(
    trusted: str, source: str, client: str, secure: str
) -> None:
    async with serving(who_is_it, proxies=TrustedProxies.parse(trusted)) as server:
        peer = await Peer.of(server, source)
        await peer.send(
            b"GET / HTTP/1.1\r\nhost: x\r\nx-forwarded-for: 198.51.100.1, 203.0.113.7\r\n"
            b"x-forwarded-proto: https\r\nconnection: close\r\n\r\n"
        )
        assert json.loads((await peer.rest()).partition(b"\r\n\r\n")[2]) == [client, f"http{secure}"]
        await peer.close()
        headers = {"X-Forwarded-For": "198.51.100.1, 203.0.113.7", "X-Forwarded-Proto": "https"}
        url = f"ws://127.0.0.1:{server.port}/"
        async with connect(url, additional_headers=headers, local_addr=(source, 0)) as socket:
            assert json.loads(await socket.recv()) == [client, f"ws{secure}"]
