"""Whatever is wrong with the cloud, a command says it in one sentence and exits with 1; never a traceback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from salon_cli import app as app_module
from salon_kit.testing import NatsServer, free_port

from .conftest import Salon, bus_environment


def test_nats_is_not_there(run_salon: Salon) -> None:
    url = f"nats://127.0.0.1:{free_port()}"
    result = run_salon("app", "list", env={"SALON_NATS_URL": url})
    expected = f"Error: NATS at {url} cannot be reached; start the cloud with `salon dev`, or set SALON_NATS_URL.\n"
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", expected)


def test_nats_refuses_the_password(run_salon: Salon, nats_server: NatsServer) -> None:
    environment = {**bus_environment(nats_server), "SALON_NATS_PASSWORD": "wrong-password"}
    result = run_salon("app", "list", env=environment)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "refuses this user and password" in result.stderr
    assert "wrong-password" not in result.stderr
    assert result.stderr.count("\n") == 1


def test_nobody_serves(run_salon: Salon) -> None:
    result = run_salon("app", "list")
    assert result.exit_code == 1
    assert "Is the service running?" in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "nats://", "nats://user:hunter2@127.0.0.1:1"])
def test_a_bad_setting(run_salon: Salon, url: str) -> None:
    result = run_salon("app", "list", env={"SALON_NATS_URL": url})
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: SALON_NATS_URL must ")
    assert "hunter2" not in result.stderr


def test_state_that_cannot_be_read(run_salon: Salon, tmp_path: Path) -> None:
    (tmp_path / "var/dev/environment").mkdir(parents=True)
    result = run_salon("app", "list", env={})
    assert result.exit_code == 1
    assert "cannot be read" in result.stderr


def test_as_a_process_too() -> None:
    command = [sys.executable, "-m", "salon_cli", "app", "list"]
    environment = {**os.environ, "SALON_NATS_URL": f"nats://127.0.0.1:{free_port()}"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: NATS at ")
    assert done.stderr.count("\n") == 1


def test_a_bug_is_no_traceback_either(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from salon_cli.main import main

    def broken(_command: object) -> None:
        raise KeyError("oops")

    monkeypatch.setattr(app_module, "run", broken)
    monkeypatch.setattr(sys, "argv", ["salon", "app", "list"])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 1
    assert capsys.readouterr().err == "Error: unexpected KeyError: 'oops'\n"


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("app",),
        ("token",),
        ("app", "create"),
        ("app", "list"),
        ("app", "rotate-secret"),
        ("app", "delete"),
        ("token", "mint"),
        ("doctor",),
    ],
)
def test_help_needs_no_cloud_and_shows_an_example(run_salon: Salon, arguments: tuple[str, ...]) -> None:
    result = run_salon(*arguments, "--help", env={})
    assert result.exit_code == 0
    assert "salon " in result.stdout
    assert len(arguments) == 1 or "  salon " in result.stdout
