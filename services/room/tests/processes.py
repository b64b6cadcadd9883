"""Room services as real processes."""

import asyncio
import os
import signal
import ssl
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
from salon_kit.settings import BusSettings
from salon_kit.testing import free_port

START_S = 20.0


class RoomProcess:
    def __init__(self, bus: BusSettings, log: Path, name: str, settings: dict[str, Any]) -> None:
        self.port = free_port()
        self.log = log
        environment = {
            **os.environ,
            "SALON_NODE_ID": name,
            "SALON_NATS_URL": bus.url,
            "SALON_NATS_USER": bus.user,
            "SALON_NATS_PASSWORD": bus.password.get_secret_value(),
            "SALON_NATS_RECONNECT_WAIT_S": "0.02",
            "SALON_NATS_PING_INTERVAL_S": "1",
            "SALON_ROOM_PORT": str(self.port),
            **{f"SALON_ROOM_{key.upper()}": str(value) for key, value in settings.items()},
        }
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "salon_room"], env=environment, stdout=output, stderr=output
            )

    @property
    def ws(self) -> str:
        return f"ws://127.0.0.1:{self.port}/ws"

    @property
    def http(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def ready(self, verify: ssl.SSLContext | None = None) -> None:
        url = self.http if verify is None else self.http.replace("http:", "https:")
        async with asyncio.timeout(START_S), httpx.AsyncClient(verify=verify or True) as client:
            while True:
                assert self._process.poll() is None, self.log.read_text()[-3000:]
                try:
                    if (await client.get(f"{url}/readyz")).status_code == 200:
                        return
                except httpx.TransportError:
                    pass
                await asyncio.sleep(0.02)

    def kill(self) -> None:
        """kill -9."""
        self._process.kill()
        self._process.wait()

    async def stop(self) -> int:
        """SIGTERM; the exit code."""
        self._process.send_signal(signal.SIGTERM)
        return await asyncio.to_thread(self._process.wait, 20)

    def end(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
