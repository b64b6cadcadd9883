"""`salon` as people run it, against a real nats-server and a real token service."""

import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog
from click.testing import CliRunner, Result
from salon_cli.main import salon

# Imported one by one: `pytest_plugins` is allowed only in the conftest.py of the root.
from salon_kit.testing import NatsServer, bus, events, make_bus, nats_server, own_nats_server

__all__ = ["bus", "events", "make_bus", "nats_server", "own_nats_server"]

Salon = Callable[..., Result]
START_S = 20.0


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    for name in [name for name in os.environ if name.startswith("SALON_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    yield
    structlog.reset_defaults()
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if getattr(handler, "salon", False)]:
        root.removeHandler(handler)


def bus_environment(server: NatsServer) -> dict[str, str]:
    return {
        "SALON_NATS_URL": server.settings.url,
        "SALON_NATS_USER": server.settings.user,
        "SALON_NATS_PASSWORD": server.settings.password.get_secret_value(),
    }


@pytest.fixture
def run_salon(nats_server: NatsServer) -> Salon:
    """`run_salon("app", "list")`; `input=` is standard input, `env=` replaces the settings of the bus."""

    def run(*arguments: str, input: str | None = None, env: dict[str, str] | None = None) -> Result:
        settings = bus_environment(nats_server) if env is None else env
        return CliRunner().invoke(salon, arguments, input=input, env=settings)

    return run


@pytest.fixture(scope="module")
def token_service(nats_server: NatsServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """`python -m salon_token`, up and answering."""
    log = tmp_path_factory.mktemp("token") / "log"
    environment = {
        **os.environ,
        **bus_environment(nats_server),
        "SALON_TOKEN_MASTER_KEY": "a1" * 32,
        "SALON_TOKEN_HEALTH_PORT": "0",
    }
    with log.open("wb") as stream:
        process = subprocess.Popen([sys.executable, "-m", "salon_token"], env=environment, stdout=stream, stderr=stream)
    deadline_s = time.monotonic() + START_S
    while CliRunner().invoke(salon, ["app", "list"], env=bus_environment(nats_server)).exit_code:
        if process.poll() is not None or time.monotonic() > deadline_s:
            process.kill()
            process.wait()
            raise RuntimeError(f"the token service does not start:\n{log.read_text()}")
    yield
    process.terminate()
    assert process.wait(START_S) == 0, log.read_text()
