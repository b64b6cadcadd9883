"""A service of the cloud that is killed and started again as it was: same command, same settings, same port."""

import asyncio
import subprocess
from pathlib import Path

from bench.kills.record import now_ms
from tests.system.cloud import Process

LOOK_EVERY_S = 0.01
READY_DEADLINE_S = 60.0
"""A machine that is kept busy on purpose takes its time."""


class Killable:
    def __init__(self, process: Process) -> None:
        self._process = process
        self._command = _zero_terminated(process.pid, "cmdline")
        self._environment = dict(each.split("=", 1) for each in _zero_terminated(process.pid, "environ"))

    def kill(self) -> None:
        self._process.kill()

    async def start_again(self) -> float:
        """When it was ready."""
        self._start()
        async with asyncio.timeout(READY_DEADLINE_S):
            while not await self._is_ready():  # noqa: ASYNC110  # another process tells nobody
                await asyncio.sleep(LOOK_EVERY_S)
        return now_ms()

    def _start(self) -> None:
        with self._process.log.open("ab") as output:
            self._process.popen = subprocess.Popen(
                self._command, env=self._environment, stdout=output, stderr=subprocess.STDOUT
            )

    async def _is_ready(self) -> bool:
        """Its readiness page says so; NATS, which has none here, accepts connections."""
        url = self._process.ready_url
        port = int(url.split(":")[2].split("/")[0]) if url is not None else self._process.port
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            return False
        try:
            if url is None:
                return True
            writer.write(b"GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
            return b" 200 " in await reader.readline()
        except OSError:
            return False
        finally:
            writer.close()


def _zero_terminated(pid: int, name: str) -> list[str]:
    return Path(f"/proc/{pid}/{name}").read_bytes().decode().rstrip("\0").split("\0")
