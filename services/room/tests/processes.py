"""Room services as real processes."""

import asyncio
import multiprocessing
import os
import signal
import ssl
from pathlib import Path
from typing import Any

import httpx
from salon_kit.settings import BusSettings
from salon_kit.testing import free_port, run_forked

START_S = 20.0
STOP_S = 20.0
READY_POLL_S = 0.02
TROUBLE = ('"level": "error"', '"level": "critical"', '"exception"', "Traceback")

# Every instance is forked from one process that has imported the service already: importing takes far longer than
# starting. `python -m salon_room` itself is started by the tests of the whole cloud.
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["pytest", "salon_kit.testing", "salon_room.main"])


class RoomProcess:
    def __init__(self, bus: BusSettings, log: Path, name: str, settings: dict[str, Any]) -> None:
        self.port, self.health_port = free_port(), free_port()
        self.log = log
        environment = {
            **os.environ,
            "SALON_NODE_ID": name,
            "SALON_NATS_URL": bus.url,
            "SALON_NATS_USER": bus.user,
            "SALON_NATS_PASSWORD": bus.password.get_secret_value(),
            "SALON_NATS_RECONNECT_WAIT_S": "0.02",
            "SALON_NATS_PING_INTERVAL_S": str(bus.ping_interval_s),
            "SALON_NATS_EVENTS_MAX_BYTES": str(bus.events_max_bytes),
            "SALON_ROOM_PORT": str(self.port),
            "SALON_ROOM_HEALTH_PORT": str(self.health_port),
            **{f"SALON_ROOM_{key.upper()}": str(value) for key, value in settings.items()},
        }
        self._process = _FORKS.Process(target=run_forked, args=("salon_room.main", environment, log), name=name)
        self._process.start()

    @property
    def ws(self) -> str:
        return f"ws://127.0.0.1:{self.port}/ws"

    @property
    def http(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def health(self) -> str:
        return f"http://127.0.0.1:{self.health_port}"

    async def ready(self, verify: ssl.SSLContext | None = None) -> None:
        url = self.http if verify is None else self.http.replace("http:", "https:")
        async with asyncio.timeout(START_S), httpx.AsyncClient(verify=verify or True) as client:
            while True:
                assert self._process.is_alive(), self.log.read_text()[-3000:]
                try:
                    if (await client.get(f"{url}/readyz")).status_code == 200:
                        return
                except httpx.TransportError:
                    pass
                await asyncio.sleep(READY_POLL_S)

    def troubles(self) -> list[str]:
        """What it has logged that nobody may make it log."""
        said = self.log.read_text().splitlines()
        return [line for line in said if any(word in line for word in TROUBLE)]

    def kill(self) -> None:
        """kill -9."""
        self._process.kill()
        self._process.join()

    def pause(self) -> None:
        """SIGSTOP: alive but silent."""
        if self._process.pid is not None:
            os.kill(self._process.pid, signal.SIGSTOP)

    def resume(self) -> None:
        if self._process.pid is not None:
            os.kill(self._process.pid, signal.SIGCONT)

    async def stop(self) -> int | None:
        """SIGTERM; the exit code."""
        self.signal(signal.SIGTERM)
        await asyncio.to_thread(self._process.join, STOP_S)
        return self._process.exitcode

    def signal(self, which: signal.Signals) -> None:
        assert self._process.pid is not None
        os.kill(self._process.pid, which)

    def end(self) -> None:
        self.kill()
        self._process.close()
