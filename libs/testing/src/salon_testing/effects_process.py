"""A real effects worker as a process, and how any process reaches the bus of a test."""

import asyncio
import contextlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from salon_contracts.errors import InvariantBroken
from salon_kit.testing import NatsServer

START_S = 40.0
"""A machine that is busy takes long to import everything."""


def bus_environment(server: NatsServer) -> dict[str, str]:
    return {
        "SALON_NATS_URL": server.settings.url,
        "SALON_NATS_USER": server.settings.user,
        "SALON_NATS_PASSWORD": server.settings.password.get_secret_value(),
        "SALON_NATS_RECONNECT_WAIT_S": "0.05",
        "SALON_NATS_PING_INTERVAL_S": "1",
    }


@dataclass
class EffectsProcess:
    """An effects worker, and the task that reads its log."""

    process: asyncio.subprocess.Process
    log: asyncio.Task[None]

    @classmethod
    async def start(cls, server: NatsServer, ring_folder: Path, **settings: str) -> "EffectsProcess":
        """As soon as it serves; `end` it."""
        environment = {
            **os.environ,
            **bus_environment(server),
            "SALON_EFFECTS_HEALTH_PORT": "0",
            "SALON_EFFECTS_RING_FOLDER": str(ring_folder),
            "SALON_LOG_LEVEL": "info",
            "SALON_LOG_FORMAT": "json",
            "PYTHONUNBUFFERED": "1",
            **settings,
        }
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "salon_effects", env=environment, stderr=asyncio.subprocess.PIPE
        )
        serves = asyncio.Event()
        worker = cls(process, asyncio.create_task(_read_log(process, serves), name="worker-log"))
        serving = asyncio.create_task(serves.wait(), name="worker-serves")
        await asyncio.wait([serving, worker.log], timeout=START_S, return_when=asyncio.FIRST_COMPLETED)
        serving.cancel()
        if not serves.is_set():
            await worker.end()
            raise RuntimeError("the effects worker does not start; what it wrote is on stderr")
        return worker

    def kill(self) -> None:
        self.process.kill()

    async def end(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        await self.process.wait()
        await self.log


async def _read_log(process: asyncio.subprocess.Process, serves: asyncio.Event) -> None:
    if process.stderr is None:
        raise InvariantBroken("stderr is a pipe")
    written = []
    async for line in process.stderr:
        if not serves.is_set():
            written.append(line.decode())
        if b"service-started" in line:
            serves.set()
    if not serves.is_set():
        sys.stderr.write("".join(written))
