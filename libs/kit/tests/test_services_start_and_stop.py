import asyncio
import contextlib
import os
import resource
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import httpx
import pytest
from salon.token.v1.token_pb2 import TokenVerified, VerifyToken
from salon_contracts.ids import AppId, RoomId, RoomSessionId
from salon_contracts.subjects import room_session_state
from salon_kit.bus import Bus
from salon_kit.events import Events
from salon_kit.testing import NatsServer, free_port

PROGRAM = str(Path(__file__).with_name("sample_service.py"))


class Process:
    def __init__(self, process: asyncio.subprocess.Process, health_port: int) -> None:
        self.process = process
        self.health = f"http://127.0.0.1:{health_port}"

    async def says(self, beginning: str) -> str:
        assert self.process.stdout is not None
        async with asyncio.timeout(15.0):
            while line := (await self.process.stdout.readline()).decode().strip():
                if line.startswith(beginning):
                    return line
        raise AssertionError(f"never said {beginning!r}: {await self.errors()}")

    async def errors(self) -> str:
        assert self.process.stderr is not None
        return (await self.process.stderr.read()).decode()

    async def ends(self) -> int:
        return await asyncio.wait_for(self.process.wait(), 15.0)


@contextlib.asynccontextmanager
async def running(server: NatsServer, extra: Mapping[str, str] | None = None) -> AsyncIterator[Process]:
    port = free_port()
    environment = {
        **os.environ,
        "SALON_NATS_URL": server.settings.url,
        "SALON_NATS_USER": server.settings.user,
        "SALON_NATS_PASSWORD": server.settings.password.get_secret_value(),
        "SALON_SAMPLE_HEALTH_PORT": str(port),
        "SALON_STARTUP_TIMEOUT_S": "10",
        **(extra or {}),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        PROGRAM,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield Process(process, port)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.communicate()


async def test_it_may_have_as_many_sockets_as_the_system_allows(nats_server: NatsServer, bus: Bus) -> None:
    """The usual soft limit is 1024, for programs that use `select`."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 512), hard))
    try:
        async with running(nats_server) as service:
            assert int((await service.says("files")).split()[1]) > 512
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_it_starts_is_ready_and_stops_in_order(nats_server: NatsServer, bus: Bus) -> None:
    async with running(nats_server) as service:
        await service.says("ready")
        async with httpx.AsyncClient() as http:
            async with asyncio.timeout(5.0):
                while (await http.get(f"{service.health}/readyz")).status_code != 200:
                    pass
            assert (await http.get(f"{service.health}/healthz")).status_code == 200
            assert "salon_bus_connected_connections 1.0" in (await http.get(f"{service.health}/metrics")).text
        ask = asyncio.create_task(
            bus.request("salon.qry.v1.token.verify-token", VerifyToken(user_id="a"), TokenVerified, 10.0)
        )
        await service.says("handling")
        service.process.send_signal(signal.SIGTERM)
        assert (await ask).user_id == "a"  # what is in flight is finished
        await service.says("finish")
        assert await service.says("left") == "left 0"
        await service.says("close")
        assert await service.ends() == 0
        last = await Events(bus).snapshot(room_session_state(AppId(1), RoomId("r"), RoomSessionId("s")))
        assert len(last.events) == 1


async def test_losing_nats_it_is_not_ready_but_alive(own_nats_server: NatsServer) -> None:
    async with running(own_nats_server) as service, httpx.AsyncClient() as http:
        await service.says("ready")
        own_nats_server.kill()
        async with asyncio.timeout(10.0):
            while (await http.get(f"{service.health}/readyz")).json()["reasons"] != {"nats": "NATS cannot be reached"}:
                pass
        assert (await http.get(f"{service.health}/healthz")).status_code == 200
        own_nats_server.start()
        async with asyncio.timeout(10.0):
            while (await http.get(f"{service.health}/readyz")).status_code != 200:
                pass


async def test_a_phase_that_hangs_ends_with_the_deadline(nats_server: NatsServer, bus: Bus) -> None:
    async with running(nats_server, {"SALON_SAMPLE_MODE": "hangs", "SALON_STOP_TIMEOUT_S": "1.5"}) as service:
        await service.says("ready")
        service.process.send_signal(signal.SIGINT)
        await service.says("close")
        assert await service.ends() == 0


async def test_a_second_signal_ends_it_at_once(nats_server: NatsServer, bus: Bus) -> None:
    async with running(nats_server, {"SALON_SAMPLE_MODE": "hangs", "SALON_STOP_TIMEOUT_S": "300"}) as service:
        await service.says("ready")
        service.process.send_signal(signal.SIGTERM)
        async with httpx.AsyncClient() as http, asyncio.timeout(5.0):
            while "draining" not in (await http.get(f"{service.health}/readyz")).json()["reasons"]:
                pass
        service.process.send_signal(signal.SIGTERM)
        assert await service.ends() == 1


async def test_a_failed_task_ends_it(nats_server: NatsServer, bus: Bus) -> None:
    async with running(nats_server, {"SALON_SAMPLE_MODE": "fails"}) as service:
        assert await service.ends() == 1
        assert (await service.errors()).splitlines()[-1] == "sample has stopped: its task 'doomed' failed (KeyError)"


@pytest.mark.parametrize(
    ("extra", "code", "sentence"),
    [
        ({"SALON_SAMPLE_MODE": "refuses"}, 1, "sample cannot start: the master key is missing"),
        ({"SALON_SAMPLE_HEALTH_PORT": "x"}, 2, "SALON_SAMPLE_HEALTH_PORT: input should be a valid integer"),
        ({"SALON_NATS_PASSWORD": "wrong", "SALON_STARTUP_TIMEOUT_S": "0.5"}, 1, "sample cannot start: NATS at nats://"),
    ],
)
async def test_why_it_cannot_start_is_one_sentence(
    nats_server: NatsServer, bus: Bus, extra: dict[str, str], code: int, sentence: str
) -> None:
    async with running(nats_server, extra) as service:
        assert await service.ends() == code
        last = (await service.errors()).splitlines()[-1]
        assert last.startswith(sentence)
        assert "wrong" not in last


async def test_a_taken_port_is_told(nats_server: NatsServer) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        async with running(nats_server, {"SALON_SAMPLE_HEALTH_PORT": str(port)}) as service:
            assert await service.ends() == 1
            last = (await service.errors()).splitlines()[-1]
            assert last == f"sample cannot start: cannot listen on 127.0.0.1:{port}: Address already in use"


async def test_nats_that_is_not_there_is_told(nats_server: NatsServer) -> None:
    url = f"nats://127.0.0.1:{free_port()}"
    async with running(nats_server, {"SALON_NATS_URL": url, "SALON_STARTUP_TIMEOUT_S": "0.5"}) as service:
        assert await service.ends() == 1
        last = (await service.errors()).splitlines()[-1]
        assert last.startswith(f"sample cannot start: NATS at {url} was not reached within 0.5 s (")
