"""A cloud as `make run` starts it: `salon dev` with ports and a state folder of its own."""

import os
import secrets
import signal
import socket
import ssl
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from salon_cli.dev.child import answers_ready
from salon_contracts.ids import AppId, UserId
from salon_kit.testing import free_port
from salon_token.token04 import Claims, Form, ServerSecret, generate, new_iv, new_nonce

READY_DEADLINE_S = 60.0
STOP_DEADLINE_S = 20.0
PORTS = {
    "SALON_HTTP_PORT": socket.SOCK_STREAM,
    "SALON_MEDIA_PORT": socket.SOCK_DGRAM,
    "SALON_NATS_PORT": socket.SOCK_STREAM,
    "SALON_TOKEN_HEALTH_PORT": socket.SOCK_STREAM,
    "SALON_RELAY_HEALTH_PORT": socket.SOCK_STREAM,
    "SALON_EFFECTS_HEALTH_PORT": socket.SOCK_STREAM,
    "SALON_ROOM_HEALTH_PORT": socket.SOCK_STREAM,
}


@dataclass
class DevCloud:
    folder: Path
    settings: dict[str, str] = field(default_factory=dict)

    def start(self) -> "DevCloud":
        self.ports = {name: free_port(kind) for name, kind in PORTS.items()}
        ports = {name: str(port) for name, port in self.ports.items()}
        own = {"SALON_RELAY_BIND_HOST": "127.0.0.1", "SALON_STATE_DIR": str(self.folder / "state")}
        environment = {**os.environ, **ports, **own, **self.settings}
        self.log = self.folder / "salon-dev.log"
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "salon_cli", "dev"],
                env=environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
            )
        deadline = time.monotonic() + READY_DEADLINE_S
        while not (answers_ready(f"{self.url}/readyz") and "Token" in self.log.read_text()):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"salon dev does not start:\n{self.log.read_text()[-4000:]}")
            time.sleep(0.1)
        state = dict(
            line.split("=", 1) for line in (self.folder / "state/environment").read_text().splitlines() if "=" in line
        )
        self.app_id, self._secret = int(state["SALON_DEV_APP_ID"]), state["SALON_DEV_SERVER_SECRET"]
        return self

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.ports['SALON_HTTP_PORT']}"

    def mint(self, user_id: str) -> str:
        now_s = int(time.time())
        claims = Claims(AppId(self.app_id), UserId(user_id), new_nonce(), now_s, now_s + 3600)
        return generate(claims, ServerSecret.parse(self._secret), Form.GCM, new_iv(Form.GCM))

    def pid_of(self, what: str) -> int | None:
        """The child whose command line has the word `what`; None when there is none at the moment."""
        for pid in _children(self.process.pid):
            try:
                command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if what in command:
                return pid
        return None

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(STOP_DEADLINE_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def unverified() -> ssl.SSLContext:
    """For a certificate that the bench has made itself."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def resident_bytes(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def fresh(prefix: str) -> str:
    return f"{prefix}-{secrets.token_hex(4)}"


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        found += [int(child) for child in (task / "children").read_text().split()]
    return found
