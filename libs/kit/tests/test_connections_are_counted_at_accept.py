"""Whoever connects is counted before anything is heard from him, with TLS and without."""

import asyncio
import contextlib
import datetime
import ipaddress
import json
import os
import signal
import ssl
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from salon_kit.http.trusted_proxies import TrustedProxies

from .peers import OK, WHOLE, Peer, serving

SERVER = """
import asyncio, resource, sys
from salon_kit.http.server import HttpServer
from salon_kit.log import set_up_logging
from salon_kit.health import Health

async def main():
    server = HttpServer(Health().app, "127.0.0.1", 0)
    server.start("http")
    print(server.port, flush=True)
    resource.setrlimit(resource.RLIMIT_NOFILE, (30, 30))
    await asyncio.Event().wait()

set_up_logging(level="info", format_="json", service="test", node_id="n")
with asyncio.Runner(loop_factory=__import__("uvloop").new_event_loop if sys.argv[1] == "uvloop" else None) as runner:
    runner.run(main())
"""


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    directory = tmp_path_factory.mktemp("tls")
    cert_path, key_path = directory / "cert.pem", directory / "key.pem"
    cert_path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    key_path.write_bytes(key.private_bytes(encoding, form, serialization.NoEncryption()))
    return cert_path, key_path


@pytest.mark.parametrize("is_tls", [False, True], ids=["plain", "TLS"])
async def test_silent_connections_of_one_address_are_refused_at_once(
    is_tls: bool, certificate: tuple[Path, Path]
) -> None:
    async with serving(max_per_address=20, tls=certificate if is_tls else None) as server:
        silent = [await Peer.of(server) for _ in range(20)]
        for _ in range(30):
            refused = await Peer.of(server)
            assert await refused.rest() == b""
            await refused.close()
        trust = ssl.create_default_context(cafile=str(certificate[0])) if is_tls else None
        neighbour = await Peer.of(server, "127.0.0.2", ssl=trust)
        await neighbour.send(WHOLE)
        assert await neighbour.answer() == OK
        for peer in (*silent, neighbour):
            await peer.close()


@pytest.mark.parametrize(
    "begun", [b"", b"\x16\x03\x01\x02\x00", b"GET / HTTP/1.1\r\n\r\n"], ids=["silence", "half a hello", "no TLS"]
)
async def test_a_handshake_that_does_not_come_is_given_up(begun: bytes, certificate: tuple[Path, Path]) -> None:
    async with serving(max_per_address=3, tls=certificate, handshake_timeout_s=0.3) as server:
        for _ in range(3):  # three times as many as there are places: each is left
            peers = [await Peer.of(server) for _ in range(3)]
            for peer in peers:
                await peer.send(begun)
            for peer in peers:
                assert b"HTTP" not in await peer.rest()
                await peer.close()
        trust = ssl.create_default_context(cafile=str(certificate[0]))
        honest = await Peer.of(server, ssl=trust)
        await honest.send(WHOLE)
        assert await honest.answer() == OK
        await honest.close()


async def test_a_connection_over_which_nothing_is_asked_is_given_up() -> None:
    async with serving(head_timeout_s=0.3) as server:
        for begun in (b"", b"GET / HTTP/1.1\r\nx: "):
            peer = await Peer.of(server)
            await peer.send(begun)
            assert await peer.rest() == b""
            await peer.close()


async def test_all_together_have_only_so_many_connections() -> None:
    async with serving(max_connections=5) as server:
        open_ = [await Peer.upgraded(server, f"127.0.0.{number}") for number in range(2, 7)]
        refused = await Peer.of(server, "127.0.0.99")
        assert await refused.rest() == b""
        await refused.close()
        await open_.pop().close()
        async with asyncio.timeout(10.0):
            while True:
                peer = await Peer.of(server)
                await peer.send(WHOLE)
                if await peer.answer() == OK:
                    break
                await peer.close()
        for each in (*open_, peer):
            await each.close()


async def test_a_trusted_proxy_has_as_many_as_there_are() -> None:
    proxies = TrustedProxies.parse("127.0.0.9")
    async with serving(max_per_address=2, max_connections=8, proxies=proxies) as server:
        peers = [await Peer.of(server, "127.0.0.9") for _ in range(8)]
        for peer in peers:
            await peer.send(WHOLE)
            assert await peer.answer() == OK
        one_more = await Peer.of(server, "127.0.0.9")
        assert await one_more.rest() == b""
        for peer in (*peers, one_more):
            await peer.close()


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
async def test_a_server_without_sockets_to_give_waits_for_one(loop: str) -> None:
    """It says so once and accepts again when others have gone."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SERVER, loop, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ
    )
    assert process.stdout is not None
    port = int(await process.stdout.readline())
    others = []
    for _ in range(60):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        others.append(writer)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
    for each in others:
        each.close()
    async with asyncio.timeout(20.0):
        assert await reader.readline() == b"HTTP/1.1 200 OK\r\n"
    writer.close()
    process.send_signal(signal.SIGKILL)
    out, err = await process.communicate()
    lines = [json.loads(line) for line in (out + err).splitlines() if line.startswith(b"{")]
    assert [line["event"] for line in lines] == ["accept-paused"]
    assert lines[0]["err_code"] == "EMFILE"
    for each in others:
        with contextlib.suppress(ConnectionError):
            await each.wait_closed()


async def test_refusals_are_one_line(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
    async with serving(max_per_address=1) as server:
        first = await Peer.of(server)
        for _ in range(50):
            refused = await Peer.of(server)
            assert await refused.rest() == b""
            await refused.close()
        await first.close()
    said = capfd.readouterr()
    assert (said.out + said.err + caplog.text).count("connections-refused") == 1
