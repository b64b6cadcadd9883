"""`salon doctor` against clouds in several states of health, with stand-ins that behave like the real services."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest
from aioice import stun
from salon.effects.v1.effects_pb2 import FramesOpened, OpenFrames
from salon.relay.v1.relay_pb2 import CloseTransport, Negotiate, Negotiated, RelayAnnouncement, TransportClosedReply
from salon.token.v1.token_pb2 import AppList, ListApps
from salon_cli import checks
from salon_contracts.errors import EffectsFull, InvalidField
from salon_contracts.ids import RelayId
from salon_contracts.subjects import RELAYS_BUCKET, command, query
from salon_kit.buckets import LeaseBucket
from salon_kit.bus import Bus, RequestContext
from salon_kit.events import Events
from salon_kit.testing import NatsServer, free_port

from .conftest import Salon, bus_environment

PWD = "a-password-of-the-relay"
RELAY = RelayId("relay-1")


class StunPort(asyncio.DatagramProtocol):
    """Answers checks that know the password, like a relay; nothing else."""

    transport: asyncio.DatagramTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        request = stun.parse_message(data)
        request.check_message_integrity(PWD.encode())
        if not request.attributes["USERNAME"].startswith("relay-ufrag:"):
            return
        answer = stun.Message(stun.Method.BINDING, stun.Class.RESPONSE, transaction_id=request.transaction_id)
        answer.attributes["XOR-MAPPED-ADDRESS"] = addr
        answer.add_message_integrity(PWD.encode())
        self.transport.sendto(bytes(answer), addr)


async def _ready(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    await writer.drain()
    writer.close()


@asynccontextmanager
async def cloud(
    bus: Bus, *, listens: bool = True, announces: bool = True, has_room: bool = True
) -> AsyncIterator[tuple[int, list[str]]]:
    """A room, a token service, an effects worker and a relay; yields the room's port and the transports the relay has
    open."""
    await Events(bus).ensure()
    leases = LeaseBucket(bus, RELAYS_BUCKET)
    await leases.ensure()
    open_transports: list[str] = []

    async def negotiate(request: Negotiate, context: RequestContext) -> Negotiated:
        assert "a=ice-ufrag:" in request.offer_sdp
        open_transports.append(request.transport_id)
        return Negotiated(answer_sdp=f"v=0\r\na=ice-ufrag:relay-ufrag\r\na=ice-pwd:{PWD}\r\n")

    async def close(request: CloseTransport, context: RequestContext) -> TransportClosedReply:
        open_transports.remove(request.transport_id)
        return TransportClosedReply()

    async def list_apps(request: ListApps, context: RequestContext) -> AppList:
        return AppList()

    async def open_frames(request: OpenFrames, context: RequestContext) -> FramesOpened:
        if not has_room:
            raise EffectsFull(worker_id="worker-1")
        assert request == OpenFrames()
        raise InvalidField(field="stream_token", problem="illegal", limit="32 hex digits")

    servings: list[Any] = [
        await bus.serve(command("effects", "open"), OpenFrames, open_frames, queue="effects"),
        await bus.serve(command("relay", "negotiate", RELAY), Negotiate, negotiate),
        await bus.serve(command("relay", "close-transport", RELAY), CloseTransport, close),
        await bus.serve(query("token", "list-apps"), ListApps, list_apps, queue="token"),
    ]
    loop = asyncio.get_running_loop()
    transport, port = await loop.create_datagram_endpoint(StunPort, local_addr=("127.0.0.1", 0))
    udp_port = transport.get_extra_info("sockname")[1]
    if not listens:
        port.datagram_received = lambda data, addr: None  # type: ignore[method-assign]
    if announces:
        announcement = RelayAnnouncement(relay_id=RELAY, addresses=["127.0.0.1"], port=udp_port, transports=2)
        await leases.put(RELAY, announcement.SerializeToString(), 60)
    server = await asyncio.start_server(_ready, "127.0.0.1", 0)
    await bus.request(query("token", "list-apps"), ListApps(), AppList)  # NATS knows of everything served above
    try:
        yield server.sockets[0].getsockname()[1], open_transports
    finally:
        server.close()
        await server.wait_closed()
        transport.close()
        for serving in servings:
            await serving.stop()


async def run_doctor(server: NatsServer, room_port: int, *options: str) -> tuple[int, str, str]:
    """In a process of its own, as the stand-ins run in this one."""
    environment = {
        "PATH": "/usr/bin:/bin",
        **bus_environment(server),
        "SALON_ROOM_URL": f"http://127.0.0.1:{room_port}",
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "salon_cli", "doctor", *options),
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


def by_name(out: str) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for check in json.loads(out)["checks"]:
        found.setdefault(check["name"], []).append(check)
    return found


async def test_a_healthy_cloud(bus: Bus, nats_server: NatsServer) -> None:
    async with cloud(bus) as (room_port, open_transports):
        code, out, err = await run_doctor(nats_server, room_port)
        assert open_transports == []  # it has cleaned up behind itself
    assert (code, err) == (0, ""), out
    lines = out.splitlines()
    assert all(line.startswith("ok ") for line in lines)
    names = [line[8:26].strip() for line in lines]
    assert names == [
        "python",
        "nats",
        "jetstream",
        "events",
        "room",
        "token",
        "effects",
        "relays",
        "relay relay-1",
        "relay relay-1",
    ]
    assert "answers orders; 2 transports; announces 127.0.0.1, which Firefox" in out
    assert "only while the page may use camera or microphone" in out
    assert "answers STUN in" in lines[-1]


async def test_a_healthy_cloud_for_programs(bus: Bus, nats_server: NatsServer) -> None:
    async with cloud(bus) as (room_port, _):
        code, out, _ = await run_doctor(nats_server, room_port, "--json")
    assert code == 0
    assert json.loads(out)["ok"] is True
    assert all(check["ok"] and not check["advice"] for checks in by_name(out).values() for check in checks)


@pytest.mark.parametrize(
    ("addresses", "said"),
    [
        (["127.0.0.1", "192.0.2.2", "2001:db8::2"], "announces 127.0.0.1, 192.0.2.2, 2001:db8::2;"),
        (["192.0.2.2"], "announces 192.0.2.2;"),
        (["127.0.0.1", "::1"], "announces 127.0.0.1, ::1, which Firefox and what is built on libnice do not reach;"),
    ],
)
def test_addresses_that_some_clients_do_not_reach_are_told(addresses: list[str], said: str) -> None:
    assert f"{checks.announced(addresses)};" == said


@pytest.mark.parametrize(
    ("url", "concerned"),
    [
        ("http://localhost:8080", True),
        ("http://[::1]:8080", True),
        ("https://call.example.org", False),
        ("https://192.0.2.2:8443", False),
    ],
)
def test_firefox_at_localhost_is_spoken_of_where_it_concerns_somebody(url: str, concerned: bool) -> None:
    assert ("Firefox" in checks.firefox_at(url)) == concerned


async def test_a_relay_behind_a_firewall(bus: Bus, nats_server: NatsServer) -> None:
    async with cloud(bus, listens=False) as (room_port, open_transports):
        code, out, _ = await run_doctor(nats_server, room_port, "--json")
        assert open_transports == []
    assert code == 1
    orders, udp = by_name(out)["relay relay-1"]
    assert orders["ok"]
    assert not udp["ok"]
    assert "firewall" in udp["advice"]


async def test_a_relay_that_is_announced_and_gone(bus: Bus, nats_server: NatsServer) -> None:
    async with cloud(bus) as (room_port, _):
        gone = RelayAnnouncement(relay_id="gone", addresses=["127.0.0.1"], port=9)
        await LeaseBucket(bus, RELAYS_BUCKET).put("gone", gone.SerializeToString(), 60)
        code, out, _ = await run_doctor(nats_server, room_port, "--json")
    assert code == 1
    (finding,) = by_name(out)["relay gone"]
    assert not finding["ok"]
    assert "does not take an offer" in finding["detail"]


async def test_effects_workers_that_are_full(bus: Bus, nats_server: NatsServer) -> None:
    async with cloud(bus, has_room=False) as (room_port, _):
        code, out, _ = await run_doctor(nats_server, room_port, "--json")
    assert code == 1
    (finding,) = by_name(out)["effects"]
    assert not finding["ok"]
    assert "python -m salon_effects" in finding["advice"]


async def test_an_empty_cloud(bus: Bus, nats_server: NatsServer) -> None:
    """`bus` has wiped the server: NATS is well, and nothing else is there."""
    code, out, err = await run_doctor(nats_server, free_port(), "--json")
    assert (code, err) == (1, "")
    ok = {name: all(check["ok"] for check in checks) for name, checks in by_name(out).items()}
    assert ok == {
        "python": True,
        "nats": True,
        "jetstream": True,
        "events": False,
        "room": False,
        "token": False,
        "effects": False,
        "relays": False,
    }
    assert all(check["advice"] for checks in by_name(out).values() for check in checks if not check["ok"])


def test_no_nats_at_all(run_salon: Salon) -> None:
    port = free_port()
    result = run_salon("doctor", env={"SALON_NATS_URL": f"nats://127.0.0.1:{port}", "SALON_HTTP_PORT": str(port)})
    assert result.exit_code == 1
    assert "failed  nats" in result.stdout
    assert "cannot be reached" in result.stdout
    assert "Traceback" not in result.output


def test_a_wrong_password(run_salon: Salon, nats_server: NatsServer) -> None:
    environment = {**bus_environment(nats_server), "SALON_NATS_PASSWORD": "x", "SALON_HTTP_PORT": str(free_port())}
    result = run_salon("doctor", env=environment)
    assert result.exit_code == 1
    assert "refuses this user and password" in result.stdout


def test_nats_without_jetstream(run_salon: Salon) -> None:
    from salon_kit.nats.config import nats_server_binary

    port = free_port()
    process = subprocess.Popen(
        [str(nats_server_binary()), "-a", "127.0.0.1", "-p", str(port)], stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stderr is not None
        while "Server is ready" not in process.stderr.readline():
            assert process.poll() is None
        result = run_salon("doctor", env={"SALON_NATS_URL": f"nats://127.0.0.1:{port}", "SALON_HTTP_PORT": "9"})
    finally:
        process.kill()
        process.communicate()
    assert result.exit_code == 1
    assert "failed  jetstream" in result.stdout
    assert "jetstream {}" in result.stdout
