import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

# Imported one by one: `pytest_plugins` is allowed only in the conftest.py of the root.
from salon_kit.testing import NatsServer, bus, make_bus, nats_server, own_nats_server

from .processes import HERE, Process

__all__ = ["bus", "make_bus", "nats_server", "own_nats_server", "ring_folder", "start"]

Start = Callable[..., Process]


@pytest.fixture
def ring_folder(tmp_path: Path) -> Path:
    """A folder that worker and client share; any file system does for them."""
    folder = tmp_path / "rings"
    folder.mkdir()
    return folder


@pytest.fixture
def start(nats_server: NatsServer, tmp_path: Path, ring_folder: Path) -> Iterator[Start]:
    """`start(SALON_EFFECTS_THREADS="1")`: another worker process, killed after the test."""
    processes: list[Process] = []

    def start_one(python_path: Path = HERE, **settings: str) -> Process:
        settings = {"SALON_EFFECTS_RING_FOLDER": str(ring_folder), **settings}
        processes.append(Process(nats_server, tmp_path / f"log-{len(processes)}", python_path, **settings))
        return processes[-1]

    yield start_one
    for process in processes:
        process.end(signal.SIGKILL)
