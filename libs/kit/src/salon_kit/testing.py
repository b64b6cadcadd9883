"""Fixtures with a real nats-server. A package's conftest.py imports those it wants, and names them in `__all__`:

    from salon_kit.testing import bus, events, make_bus, nats_server, own_nats_server

(`pytest_plugins` is allowed only in the root's conftest.py.)


    nats_server       one server for the test session (shared: do not stop it)
    own_nats_server   a server of this test alone, to stop, kill and restart
    bus               a connected Bus on nats_server, on which no stream or bucket exists
    events            Events on `bus`, ensured
    make_bus          `await make_bus(node="b")`: another connection to the same server, closed after the test
"""

import asyncio
import contextlib
import importlib
import os
import random
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import pytest
import pytest_asyncio
from pydantic import SecretStr

from salon_kit.bus import Bus
from salon_kit.events import Events
from salon_kit.identity import Identity
from salon_kit.jetstream.api import JetStreamError
from salon_kit.nats.config import NatsConfig, nats_server_binary, write_nats_config
from salon_kit.settings import BusSettings

START_S = 10.0
WAIT_S = 15.0
STORE_FAILED = 10049
"""JetStream's code: it could not make the files of a stream."""

Item = TypeVar("Item")


class Gathered(Generic[Item]):
    """What came, and a way to wait for it: `await gathered.until(lambda items: len(items) == 3)`."""

    def __init__(self) -> None:
        self.items: list[Item] = []
        self._came = asyncio.Event()

    def add(self, item: Item) -> None:
        self.items.append(item)
        self._came.set()

    async def until(self, enough: Callable[[list[Item]], bool], timeout_s: float = WAIT_S) -> list[Item]:
        """The items once there are enough; an AssertionError with what there is when the time is up."""
        try:
            async with asyncio.timeout(timeout_s):
                while not enough(self.items):
                    self._came.clear()
                    await self._came.wait()
        except TimeoutError:
            raise AssertionError(f"not enough after {timeout_s} s: {self.items[-20:]}") from None
        return self.items


class NatsServer:
    """A nats-server on a loopback port with JetStream in its own directory."""

    def __init__(
        self,
        directory: Path,
        *,
        sync_always: bool = False,
        service_passwords: Mapping[str, SecretStr] | None = None,
    ) -> None:
        self._directory = directory
        self._sync_always = sync_always
        self._process: subprocess.Popen[bytes] | None = None
        port = free_port()
        self.settings = BusSettings(
            url=f"nats://127.0.0.1:{port}",
            user="salon",
            password=SecretStr(secrets.token_hex(16)),
            reconnect_wait_s=0.02,
            ping_interval_s=1.0,
        )
        """What a Bus needs to connect. Reconnects are quick."""
        self._config = NatsConfig(
            store_dir=directory / "store",
            port=port,
            password=self.settings.password,
            service_passwords=service_passwords or {},
            sync_always=sync_always,
        )

    @property
    def log_path(self) -> Path:
        return self._directory / "nats.log"

    @property
    def pid(self) -> int:
        """Of the running server. RuntimeError when there is none."""
        if self._process is None:
            raise RuntimeError("nats-server has not been started")
        return self._process.pid

    def start(self) -> None:
        """Returns when it accepts connections; the same port and store every time."""
        self._directory.mkdir(parents=True, exist_ok=True)
        path = self._directory / "nats.conf"
        write_nats_config(self._config, path)
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603  # our own binary
                [str(nats_server_binary()), "-c", str(path)], stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )
        deadline = time.monotonic() + START_S
        while not self._greets():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"nats-server does not start:\n{self.log_path.read_text()[-2000:]}")
            time.sleep(0.01)

    def stop(self) -> None:
        """SIGTERM, and waits."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL, and waits."""
        self._end(signal.SIGKILL)

    def pause(self) -> None:
        """SIGSTOP, and waits until it is in force: alive but silent."""
        if self._process is not None:
            self._process.send_signal(signal.SIGSTOP)
            os.waitid(os.P_PID, self._process.pid, os.WSTOPPED)

    def resume(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)

    def stored_streams(self) -> list[str]:
        """What is in the directory of the streams, also what is being removed."""
        try:
            return os.listdir(self._directory / "store" / "jetstream" / "$G" / "streams")
        except FileNotFoundError:
            return []

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(how)
        try:
            process.wait(START_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(START_S)

    def _greets(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self._config.port), timeout=0.5) as connection:
                return connection.recv(5) == b"INFO "
        except OSError:
            return False


class MakeBus(Protocol):
    """`await make_bus(service="room", node="a")`."""

    async def __call__(self, *, service: str = "test", node: str | None = None) -> Bus: ...


def run_forked(module: str, environment: Mapping[str, str], log: Path) -> None:
    """What a forked process does to be a service: its own environment and log, then `main` of `module`.

    For `multiprocessing`, which wants a function it can import.
    """
    os.environ.clear()
    os.environ.update(environment)
    with log.open("ab") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    importlib.import_module(module).main()


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """A port of 127.0.0.1 that nobody has at the moment.

    Below those the kernel gives to connections and to whoever binds port 0, so that nobody gets it by chance before it
    is bound, and above those that browsers refuse.
    """
    first_given = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    while True:
        port = random.SystemRandom().randrange(11_000, first_given)
        with socket.socket(socket.AF_INET, kind) as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


async def wipe(bus: Bus, server: NatsServer) -> None:
    """Deletes every stream and bucket."""
    names = (await bus.jetstream.api("STREAM.NAMES", {}, timeout_s=5.0)).get("streams") or []
    for name in names:
        await bus.jetstream.api(f"STREAM.DELETE.{name}", timeout_s=5.0)
    # nats-server removes the files later; made and deleted again before that, a stream comes back with its messages.
    async with asyncio.timeout(WAIT_S):
        while server.stored_streams():  # noqa: ASYNC110  # files tell nobody when they are gone
            await asyncio.sleep(0.001)


@pytest.fixture(scope="session")
def nats_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    server = NatsServer(tmp_path_factory.mktemp("nats"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def own_nats_server(tmp_path: Path) -> Iterator[NatsServer]:
    server = NatsServer(tmp_path / "nats")
    server.start()
    yield server
    server.resume()
    server.kill()


@pytest_asyncio.fixture
async def bus(nats_server: NatsServer) -> AsyncIterator[Bus]:
    bus = await Bus.connect(nats_server.settings, Identity.start("test", "node-a"))
    await wipe(bus, nats_server)
    yield bus
    await bus.close()


@pytest_asyncio.fixture
async def make_bus(nats_server: NatsServer) -> AsyncIterator[MakeBus]:
    made: list[Bus] = []

    async def make(*, service: str = "test", node: str | None = None) -> Bus:
        identity = Identity.start(service, node or f"node-{len(made) + 2}")
        made.append(await Bus.connect(nats_server.settings, identity))
        return made[-1]

    yield make
    for bus in made:
        await bus.close()


@pytest_asyncio.fixture
async def events(bus: Bus) -> Events:
    events = Events(bus)
    async with asyncio.timeout(WAIT_S):
        while True:
            try:
                await events.ensure()
            except JetStreamError as error:
                if error.err_code != STORE_FAILED:
                    raise
                await asyncio.sleep(0.01)  # nats-server is still removing the one of the test before
            else:
                return events
