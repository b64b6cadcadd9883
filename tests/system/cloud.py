"""The whole cloud as real processes on loopback, for tests and benchmarks."""

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import SecretStr
from salon_cli.dev.child import answers_ready
from salon_contracts.access import ACCESS
from salon_contracts.ids import AppId, UserId
from salon_kit.nats.config import NatsConfig, nats_server_binary, write_nats_config
from salon_kit.testing import free_port
from salon_token.token04 import Claims, Form, ServerSecret, generate, new_iv, new_nonce

READY_DEADLINE_S = 30.0
STOP_DEADLINE_S = 10.0


@dataclass
class Process:
    """One service."""

    name: str
    popen: subprocess.Popen[bytes]
    log: Path
    ready_url: str | None
    port: int = 0

    @property
    def pid(self) -> int:
        return self.popen.pid

    def kill(self) -> None:
        """As kill -9 does."""
        self.popen.send_signal(signal.SIGKILL)
        self.popen.wait()

    def stop(self) -> int:
        self.popen.terminate()
        try:
            return self.popen.wait(STOP_DEADLINE_S)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()
            raise AssertionError(f"{self.name} did not stop within {STOP_DEADLINE_S} s:\n{self.said()}") from None

    def said(self) -> str:
        return self.log.read_text(errors="replace")[-4000:]

    def wait_ready(self) -> None:
        deadline = time.monotonic() + READY_DEADLINE_S
        while time.monotonic() < deadline:
            if self.popen.poll() is not None:
                raise AssertionError(f"{self.name} ended with {self.popen.returncode}:\n{self.said()}")
            if self.ready_url is None or answers_ready(self.ready_url):
                return
            time.sleep(0.05)
        raise AssertionError(f"{self.name} was not ready within {READY_DEADLINE_S} s:\n{self.said()}")

    def resident_bytes(self) -> int:
        """Physical memory the process holds now."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def cpu_s(self) -> float:
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@dataclass
class Cloud:
    """NATS, token, effects workers, relays and rooms; `add_room`, `add_relay` and `add_effects` start more of them."""

    folder: Path
    presence_ttl_s: int = 90
    room_settings: Mapping[str, str] = field(default_factory=dict)
    app_id: int = field(default_factory=lambda: secrets.randbelow(10**9) + 10**9)
    server_secret: str = field(default_factory=lambda: secrets.token_hex(16))
    rooms: list[Process] = field(default_factory=list)
    relays: list[Process] = field(default_factory=list)
    effects: list[Process] = field(default_factory=list)

    def start(self, rooms: int = 1, relays: int = 1, effects: int = 1) -> "Cloud":
        self.folder.mkdir(parents=True, exist_ok=True)
        self._password = secrets.token_hex(16)
        self._service_passwords = {service: secrets.token_hex(16) for service in ACCESS}
        self._master_key = secrets.token_hex(32)
        self.nats_port = free_port()
        self._start_nats()
        self.token = self._start("token", "salon_token", {"SALON_TOKEN_MASTER_KEY": self._master_key}, "TOKEN")
        for _ in range(relays):
            self.add_relay(wait=False)
        for _ in range(effects):
            self.add_effects(wait=False)
        for _ in range(rooms):
            self.add_room(wait=False)
        for process in (self.token, *self.relays, *self.effects, *self.rooms):
            process.wait_ready()
        self._create_app()
        return self

    def _start_nats(self) -> None:
        config = self.folder / "nats.conf"
        store, password = self.folder / "nats", SecretStr(self._password)
        services = {service: SecretStr(secret) for service, secret in self._service_passwords.items()}
        write_nats_config(
            NatsConfig(
                store_dir=store, port=self.nats_port, user="salon", password=password, service_passwords=services
            ),
            config,
        )
        log = self.folder / "nats.log"
        popen = _spawn([str(nats_server_binary()), "-c", str(config)], dict(os.environ), log)
        self.nats = Process("nats", popen, log, None, self.nats_port)
        deadline = time.monotonic() + READY_DEADLINE_S
        while not _connects(self.nats_port):
            assert time.monotonic() < deadline, self.nats.said()
            time.sleep(0.02)

    def restart_nats(self) -> None:
        """On the same port and store, after it was killed or stopped."""
        self._start_nats()

    def add_relay(self, *, wait: bool = True, **settings: str) -> Process:
        port = free_port(socket.SOCK_DGRAM)
        own = {
            "SALON_RELAY_BIND_HOST": "127.0.0.1",
            "SALON_RELAY_PORT": str(port),
            "SALON_RELAY_PUBLIC_ADDRESSES": "127.0.0.1",
            "SALON_RELAY_ID": f"relay-{len(self.relays) + 1}",
        }
        relay = self._start(f"relay-{len(self.relays) + 1}", "salon_relay", own | settings, "RELAY")
        relay.port = port
        self.relays.append(relay)
        if wait:
            relay.wait_ready()
        return relay

    def add_effects(self, *, wait: bool = True, **settings: str) -> Process:
        name = f"effects-{len(self.effects) + 1}"
        worker = self._start(name, "salon_effects", {"SALON_EFFECTS_ID": name} | settings, "EFFECTS")
        self.effects.append(worker)
        if wait:
            worker.wait_ready()
        return worker

    def add_room(self, *, wait: bool = True, **settings: str) -> Process:
        port = free_port()
        own = {
            "SALON_ROOM_HOST": "127.0.0.1",
            "SALON_ROOM_PORT": str(port),
            "SALON_ROOM_HEALTH_PORT": "0",
            "SALON_ROOM_DEMO_APP_ID": str(self.app_id),
            "SALON_ROOM_PRESENCE_TTL_S": str(self.presence_ttl_s),
            "SALON_ROOM_HEARTBEAT_INTERVAL_S": str(self.presence_ttl_s / 3),
        }
        name = f"room-{len(self.rooms) + 1}"
        room = self._start(name, "salon_room", own | dict(self.room_settings) | settings, None)
        room.port = port
        room.ready_url = f"http://127.0.0.1:{port}/readyz"
        self.rooms.append(room)
        if wait:
            room.wait_ready()
        return room

    def url(self, room: int = 0) -> str:
        """As a browser opens it; `localhost` makes it a secure context."""
        return f"http://localhost:{self.rooms[room].port}"

    def ws_url(self, room: int = 0) -> str:
        return f"ws://127.0.0.1:{self.rooms[room].port}/ws"

    def mint(
        self,
        user_id: str,
        *,
        lifetime_s: int = 3600,
        payload: str = "",
        secret: str | None = None,
        app_id: int | None = None,
        form: Form = Form.GCM,
    ) -> str:
        """A token as an app's own server makes it, good or bad."""
        now_s = int(time.time())
        claims = Claims(
            app_id=AppId(app_id or self.app_id),
            user_id=UserId(user_id),
            nonce=new_nonce(),
            created_at_unix_s=now_s,
            expires_at_unix_s=now_s + lifetime_s,
            payload=payload,
        )
        return generate(claims, ServerSecret.parse(secret or self.server_secret), form, new_iv(form))

    def bus_environment(self, service: str | None = None) -> dict[str, str]:
        """As a service's own user; None: as one who may do everything."""
        return {
            "SALON_NATS_URL": f"nats://127.0.0.1:{self.nats_port}",
            "SALON_NATS_USER": service or "salon",
            "SALON_NATS_PASSWORD": self._password if service is None else self._service_passwords[service],
        }

    def stop(self) -> None:
        for process in (*self.rooms, *self.relays, *self.effects, self.token):
            if process.popen.poll() is None:
                process.stop()
        if self.nats.popen.poll() is None:
            self.nats.stop()

    def _start(self, name: str, module: str, settings: Mapping[str, str], health_prefix: str | None) -> Process:
        user = self.bus_environment(module.removeprefix("salon_"))
        environment = {**os.environ, **user, "SALON_LOG_FORMAT": "json", **settings}
        ready_url = None
        if health_prefix is not None:
            port = free_port()
            environment |= {
                f"SALON_{health_prefix}_HEALTH_HOST": "127.0.0.1",
                f"SALON_{health_prefix}_HEALTH_PORT": str(port),
            }
            ready_url = f"http://127.0.0.1:{port}/readyz"
        log = self.folder / f"{name}.log"
        popen = _spawn([sys.executable, "-m", module], environment, log)
        return Process(name, popen, log, ready_url)

    def _create_app(self) -> None:
        command = [str(Path(sys.executable).parent / "salon"), "app", "create", "--name", "tests"]
        command += ["--app-id", str(self.app_id), "--json"]
        environment = {**os.environ, **self.bus_environment()}
        made = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)
        assert made.returncode == 0, made.stderr
        self.server_secret = str(json.loads(made.stdout)["server_secret"])


def _spawn(command: list[str], environment: Mapping[str, str], log: Path) -> subprocess.Popen[bytes]:
    with log.open("ab") as output:
        return subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT)


def _connects(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
