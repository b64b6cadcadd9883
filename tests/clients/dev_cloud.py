"""The cloud as `make run` starts it, on ports that are free."""

import os
import re
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO

from salon_kit.testing import free_port

from tests.system.cloud import Cloud, Process

SALON = str(Path(sys.executable).parent / "salon")
STREAM_PORTS = ("NATS", "HTTP", "TOKEN_HEALTH", "RELAY_HEALTH", "EFFECTS_HEALTH", "ROOM_HEALTH")


class DevCloud(Cloud):
    """`salon dev` with its own state; it ends with `stop`."""

    def begin(self) -> "DevCloud":
        ports = {name: free_port() for name in STREAM_PORTS} | {"MEDIA": free_port(socket.SOCK_DGRAM)}
        settings = {f"SALON_{name}_PORT": str(port) for name, port in ports.items()}
        environment = {**os.environ, **settings, "SALON_STATE_DIR": str(self.folder / "state")}
        log = self.folder / "dev.log"
        with log.open("wb") as errors:
            popen = subprocess.Popen([SALON, "dev"], env=environment, stdout=subprocess.PIPE, stderr=errors)
        self.rooms = [Process("salon dev", popen, log, None, ports["HTTP"])]
        assert popen.stdout is not None
        banner = _banner(popen.stdout)
        app_id, secret = re.search(r"AppID +(\d+)", banner), re.search(r"ServerSecret +(\S{32})\n", banner)
        if app_id is None or secret is None:
            popen.kill()
            raise RuntimeError(f"salon dev did not start:\n{banner}\n{self.rooms[0].said()}")
        self.public_ports = ports["HTTP"], ports["MEDIA"]
        self.app_id, self.server_secret = int(app_id[1]), secret[1]
        threading.Thread(target=_drain, args=(popen.stdout,), daemon=True).start()
        return self

    def stop(self) -> None:
        if self.rooms and self.rooms[0].popen.poll() is None:
            self.rooms[0].stop()


def _banner(output: IO[bytes]) -> str:
    told = ""
    for line in output:
        told += line.decode()
        if "Stop with Ctrl-C" in told:
            break
    return told


def _drain(output: IO[bytes]) -> None:
    while output.read1(65536):  # type: ignore[attr-defined]
        pass
