"""`python -m salon_token` itself: its settings, its death, what it logs."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from salon_contracts.errors import NobodyServes
from salon_kit.bus import Bus
from salon_kit.testing import NatsServer

from .instance import MASTER_KEY, OTHER_MASTER_KEY, create, delete, list_apps, mint, rotate, verify, verify_again

START_S = 20.0
STOP_S = 20.0


class Process:
    """One process of the service; `log` is what it has written so far."""

    def __init__(self, server: NatsServer, log_file: Path, **settings: str) -> None:
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("SALON_")},
            "SALON_NATS_URL": server.settings.url,
            "SALON_NATS_USER": server.settings.user,
            "SALON_NATS_PASSWORD": server.settings.password.get_secret_value(),
            "SALON_TOKEN_HEALTH_PORT": "0",
            "SALON_LOG_LEVEL": "debug",
            "SALON_LOG_FORMAT": "json",
            **settings,
        }
        self._log_file = log_file
        with log_file.open("wb") as stream:
            command = [sys.executable, "-m", "salon_token"]
            self.process = subprocess.Popen(command, env=environment, stdout=stream, stderr=stream)

    @property
    def log(self) -> str:
        return self._log_file.read_text()

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(STOP_S)


Start = Callable[..., Process]


@pytest.fixture
def start(nats_server: NatsServer, tmp_path: Path) -> Iterator[Start]:
    processes: list[Process] = []

    def start_one(**settings: str) -> Process:
        processes.append(Process(nats_server, tmp_path / f"log-{len(processes)}", **settings))
        return processes[-1]

    yield start_one
    for process in processes:
        process.end(signal.SIGKILL)


async def answers(bus: Bus) -> None:
    """Returns when somebody serves."""
    deadline_s = time.monotonic() + START_S
    while time.monotonic() < deadline_s:
        try:
            await list_apps(bus)
        except NobodyServes:
            continue
        return
    raise AssertionError("nobody serves")


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({}, "SALON_TOKEN_MASTER_KEY: is required"),
        ({"SALON_TOKEN_MASTER_KEY": ""}, "SALON_TOKEN_MASTER_KEY: must be 32 bytes as 64 hex characters"),
        ({"SALON_TOKEN_MASTER_KEY": "topsecret"}, "SALON_TOKEN_MASTER_KEY: must be 32 bytes as 64 hex characters"),
        (
            {"SALON_TOKEN_MASTER_KEY": MASTER_KEY, "SALON_TOKEN_PREVIOUS_MASTER_KEYS": f"{OTHER_MASTER_KEY},topsecret"},
            "SALON_TOKEN_PREVIOUS_MASTER_KEYS: must be 32 bytes as 64 hex characters",
        ),
    ],
)
def test_a_missing_or_bad_master_key_is_one_sentence(start: Start, settings: dict[str, str], sentence: str) -> None:
    process = start(**settings)
    assert process.process.wait(STOP_S) != 0
    assert process.log.strip() == sentence
    assert "topsecret" not in process.log


async def test_a_wrong_master_key_says_which_one_is_needed(bus: Bus, start: Start) -> None:
    first = start(SALON_TOKEN_MASTER_KEY=MASTER_KEY)
    await answers(bus)
    await create(bus)
    assert first.end() == 0
    second = start(SALON_TOKEN_MASTER_KEY=OTHER_MASTER_KEY)
    assert second.process.wait(STOP_S) == 1
    assert "was sealed with another master key" in second.log
    assert "Traceback" not in second.log
    for key in (MASTER_KEY, OTHER_MASTER_KEY):
        assert key not in second.log


async def test_one_of_two_is_killed_and_nobody_notices(bus: Bus, start: Start) -> None:
    one = start(SALON_TOKEN_MASTER_KEY=MASTER_KEY)
    await answers(bus)
    app_id = (await create(bus)).app_id
    token = await mint(bus, app_id)
    two = start(SALON_TOKEN_MASTER_KEY=MASTER_KEY)
    while "service-started" not in two.log:
        assert two.process.poll() is None, two.log
        await verify(bus, app_id, token)
    one.end(signal.SIGKILL)
    assert await verify_again(bus, app_id, token)
    for _ in range(50):
        assert await verify(bus, app_id, token)
    assert two.end() == 0


async def test_secrets_and_tokens_are_never_logged(bus: Bus, start: Start) -> None:
    process = start(SALON_TOKEN_MASTER_KEY=MASTER_KEY)
    await answers(bus)
    made = await create(bus, name="demo")
    token = await mint(bus, made.app_id)
    await verify(bus, made.app_id, token)
    rotated = await rotate(bus, made.app_id, grace_s=60)
    for broken in (token[:-1], token.replace("A", "B")):
        with pytest.raises(Exception, match="token"):
            await verify(bus, made.app_id, broken)
    await delete(bus, made.app_id)
    assert process.end() == 0
    assert "app-created" in process.log
    for secret in (made.server_secret, rotated.server_secret, token, token[20:60], MASTER_KEY):
        assert secret not in process.log
    assert all(json.loads(line)["event"] for line in process.log.splitlines())
