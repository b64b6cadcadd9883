"""Connections without a key are few, short, and nothing to anybody else."""

import asyncio
import os
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from salon.effects.v1.effects_pb2 import Beauty
from salon_effects import gate as gate_module
from salon_effects.gate import STRANGERS_MAX, Gate
from salon_frames.framing import KEY_BYTES
from salon_kit.bus import Bus
from salon_kit.testing import free_port

from .conftest import Start
from .processes import HERE, client_of, inverted, open_when_there, picture

KEY = b"k" * KEY_BYTES
PATIENT_S = 20.0


class Let:
    """A gate on loopback, and what came through it."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.address = self.listener.getsockname()
        self.admitted: list[tuple[bytes, socket.socket]] = []
        self.threads: set[str] = set()
        self._came = threading.Condition()
        self.gate = Gate(self.listener, self._knows, self._admit)
        self.gate.start()

    def _knows(self, key: bytes) -> bool:
        self.threads.add(threading.current_thread().name)
        return key == KEY

    def _admit(self, key: bytes, connection: socket.socket) -> None:
        with self._came:
            self.threads.add(threading.current_thread().name)
            self.admitted.append((key, connection))
            self._came.notify_all()

    def connect(self, said: bytes = b"", host: str = "127.0.0.1") -> socket.socket:
        connection = socket.create_connection(self.address, PATIENT_S, source_address=(host, 0))
        connection.sendall(said)
        return connection

    def until_admitted(self, count: int) -> None:
        with self._came:
            assert self._came.wait_for(lambda: len(self.admitted) >= count, PATIENT_S)

    def close(self) -> None:
        self.gate.close()
        for _, connection in self.admitted:
            connection.close()


def is_ended(connection: socket.socket) -> bool:
    """Waits until the other side has closed it."""
    with connection:
        try:
            return connection.recv(1) == b""
        except ConnectionError:
            return True


@pytest.fixture
def let() -> Iterator[Let]:
    made = Let()
    yield made
    made.close()


def test_key_is_let_in_and_what_follows_it_is_left_alone(let: Let) -> None:
    with let.connect(KEY + b"more"):
        let.until_admitted(1)
        [(key, connection)] = let.admitted
        assert key == KEY
        connection.setblocking(True)
        assert connection.recv(16) == b"more"
    assert let.threads == {"gate"}


def test_key_may_come_in_parts(let: Let) -> None:
    with let.connect(KEY[:5]) as connection:
        connection.sendall(KEY[5:31])
        connection.sendall(KEY[31:])
        let.until_admitted(1)


@pytest.mark.parametrize(
    "said", [b"x" * KEY_BYTES, b"GET / HTTP/1.1\r\nHost: effects.example\r\n\r\n", os.urandom(4096)]
)
def test_wrong_key_is_dropped_at_once(let: Let, monkeypatch: pytest.MonkeyPatch, said: bytes) -> None:
    monkeypatch.setattr(gate_module, "KEY_S", 3600.0)
    assert is_ended(let.connect(said))
    assert not let.admitted


@pytest.mark.parametrize("said", [b"", b"k", KEY[:-1]])
def test_who_never_finishes_is_dropped(let: Let, monkeypatch: pytest.MonkeyPatch, said: bytes) -> None:
    monkeypatch.setattr(gate_module, "KEY_S", 0.05)
    assert is_ended(let.connect(said))


def test_address_with_most_strangers_makes_room(let: Let, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate_module, "KEY_S", 3600.0)
    elsewhere = let.connect(host="127.0.0.2")  # has waited longer than anybody
    silent = [let.connect(host=f"127.0.1.{1 + n % 2}") for n in range(STRANGERS_MAX - 1)]
    for host in ("127.0.0.3", "127.0.1.1"):
        let.connect(KEY, host=host).close()
    let.until_admitted(2)
    assert is_ended(silent[0])
    for number, connection in enumerate([elsewhere, silent[-1]], 3):
        connection.sendall(KEY)
        let.until_admitted(number)
    for connection in [*silent, elsewhere]:
        connection.close()


def test_nobody_makes_room_before_a_key_had_time_to_come(let: Let, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate_module, "KEY_S", 3600.0)
    monkeypatch.setattr(gate_module, "PATIENCE_S", 3600.0)
    early = [let.connect() for _ in range(STRANGERS_MAX)]
    late = let.connect(KEY)  # waits in the backlog
    early[0].sendall(KEY)
    let.until_admitted(2)
    assert len(let.admitted) == 2
    for connection in [*early, late]:
        connection.close()


def test_closing_ends_everybody_and_again_does_nothing() -> None:
    let = Let()
    stranger = let.connect(b"k")
    let.gate.close()
    let.gate.close()
    assert is_ended(stranger)
    with pytest.raises(ConnectionError):
        let.connect()


def descriptors(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


async def test_frames_flow_while_200_strangers_try(bus: Bus, start: Start, tmp_path: Path, ring_folder: Path) -> None:
    port = free_port()
    process = start(
        SALON_EFFECTS_ID="effects-1",
        SALON_EFFECTS_RING_FOLDER=str(tmp_path / "none"),
        SALON_EFFECTS_FRAMES_ADDRESS=f"127.0.0.1:{port}",
        SALON_EFFECTS_FRAMES_BIND=f"127.0.0.1:{port}",
    )
    frame = picture(64, 48)
    client = client_of(bus, ring_folder)
    await open_when_there(client)
    before = descriptors(process.process.pid)
    trying = await asyncio.create_subprocess_exec(
        sys.executable, str(HERE / "strangers.py"), str(port), "200", stdout=asyncio.subprocess.PIPE
    )
    try:
        assert trying.stdout is not None
        assert await asyncio.wait_for(trying.stdout.readline(), PATIENT_S) == b"there\n"
        for _ in range(100):
            assert (await client.beautify(frame, Beauty(smooth=1))).equals(inverted(frame))
        second = client_of(bus, ring_folder, prefix="trial-2")  # who has a key comes in between them
        await second.open(64, 48, 30)
        assert (await second.beautify(frame, Beauty(smooth=1))).equals(inverted(frame))
        await second.close()
    finally:
        trying.kill()
        await trying.wait()
    async with asyncio.timeout(PATIENT_S):
        while descriptors(process.process.pid) > before:  # noqa: ASYNC110  # another process's files
            await asyncio.sleep(0.01)
    await client.close()
    assert '"level": "error"' not in process.log
