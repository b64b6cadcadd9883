"""`salon dev`, which `make run` starts, as a person meets it: start, banner, Ctrl-C, and what can go wrong."""

import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect
from salon_kit.testing import free_port

from tests.system.browser import moving_pictures

SALON = str(Path(sys.executable).parent / "salon")


def environment(folder: Path, **more: str) -> dict[str, str]:
    """Ports and a state of its own. Media is at loopback alone, unless `more` says otherwise."""
    services = ("TOKEN_HEALTH", "RELAY_HEALTH", "EFFECTS_HEALTH", "ROOM_HEALTH")
    ports = {name: str(free_port()) for name in ("NATS", "HTTP", "MEDIA", *services)}
    mine = {f"SALON_{name}_PORT": port for name, port in ports.items()}
    return {**os.environ, **mine, "SALON_RELAY_BIND_HOST": "127.0.0.1", "SALON_STATE_DIR": str(folder), **more}


@contextmanager
def running(settings: dict[str, str], prefix: Sequence[str] = ()) -> Iterator[subprocess.Popen[str]]:
    """`prefix`: what runs the command somewhere else."""
    command = [*prefix, SALON, "dev"]
    process = subprocess.Popen(command, env=settings, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def read_banner(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    told = ""
    for line in process.stdout:
        told += line
        if "Stop with Ctrl-C" in line:
            return told
    assert process.stderr is not None
    raise AssertionError(f"no banner; it said:\n{told}\n{process.stderr.read()}")


def children(pid: int) -> set[int]:
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = stat.read_text()
        except OSError:
            continue
        if int(text.rpartition(")")[2].split()[1]) == pid:
            found.add(int(stat.parent.name))
    return found


def command_line(pid: int) -> bytes:
    """Empty when it is gone already."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def wait_gone(pids: set[int]) -> None:
    deadline = time.monotonic() + 15
    while alive := {pid for pid in pids if _alive(pid)}:
        assert time.monotonic() < deadline, f"still there: {alive}"
        time.sleep(0.05)


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_shows_where_to_go_and_leaves_no_process(tmp_path: Path, number: signal.Signals) -> None:
    settings = environment(tmp_path)
    with running(settings) as process:
        told = read_banner(process)
        assert "\x1b" not in told, "colours where nobody watches"
        url = re.search(r"Open +(\S+)", told)
        assert url is not None
        with urllib.request.urlopen(url[1]) as page:
            assert b"<html" in page.read().lower()
        app_id = re.search(r"AppID +(\d+)", told)
        secret = re.search(r"ServerSecret +(\S{32})\n", told)
        token = re.search(r"Token +(04\S+)", told)
        assert app_id is not None
        assert secret is not None
        assert token is not None

        request = urllib.request.Request(
            f"{url[1]}demo/token",
            data=json.dumps({"userID": "me", "roomID": "r"}).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request) as answer:
            page_app_id = str(json.load(answer)["appID"])
        assert page_app_id != app_id[1]

        own_state = {**os.environ, "SALON_STATE_DIR": str(tmp_path)}
        listed = subprocess.run([SALON, "app", "list"], env=own_state, capture_output=True, text=True, check=True)
        assert re.search(rf"{page_app_id} +demo-page ", listed.stdout)
        assert re.search(rf"{app_id[1]} +demo ", listed.stdout)
        examined = subprocess.run([SALON, "doctor"], env=own_state, capture_output=True, text=True, check=False)
        assert examined.returncode == 0, examined.stdout
        assert "failed" not in examined.stdout

        started = children(process.pid)
        assert len(started) == 5
        assert re.search(r"ok effects +on the bus", told)
        process.send_signal(number)
        assert process.wait(20) == 0
        wait_gone(started)
    assert (tmp_path / "environment").stat().st_mode & 0o077 == 0


def test_a_kill_leaves_no_process_either(tmp_path: Path) -> None:
    with running(environment(tmp_path)) as process:
        read_banner(process)
        started = children(process.pid)
        process.kill()
        process.wait()
        wait_gone(started)


@pytest.mark.parametrize("name", ["NATS", "HTTP", "MEDIA"])
def test_a_port_that_is_taken_is_one_clear_sentence(tmp_path: Path, name: str) -> None:
    kind = socket.SOCK_DGRAM if name == "MEDIA" else socket.SOCK_STREAM
    with socket.socket(socket.AF_INET, kind) as holder:
        holder.bind(("127.0.0.1", 0))
        if kind == socket.SOCK_STREAM:
            holder.listen()
        port = holder.getsockname()[1]
        settings = environment(tmp_path) | {f"SALON_{name}_PORT": str(port)}
        done = subprocess.run([SALON, "dev"], env=settings, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert str(port) in done.stderr
    assert f"SALON_{name}_PORT" in done.stderr


@pytest.mark.timeout(120)
def test_a_service_that_ends_again_and_again_ends_the_run_with_one_clear_sentence(tmp_path: Path) -> None:
    with running(environment(tmp_path)) as process:
        read_banner(process)
        started = children(process.pid)
        while process.poll() is None:
            for pid in children(process.pid):
                if b"salon_effects" in command_line(pid):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.05)
        assert process.returncode == 1
        assert process.stderr is not None
        said = process.stderr.read()
        assert said.count("\n") == 1
        assert "effects ended with code -9" in said
        assert "6 times within 5 minutes" in said
        wait_gone(started)


async def test_with_a_public_host_browsers_of_other_machines_can_call(browser: Browser, tmp_path: Path) -> None:
    """Over HTTPS at an address that is not localhost, media included. 127.0.0.2 stands for that address."""
    settings = environment(tmp_path, SALON_PUBLIC_HOST="127.0.0.2", SALON_RELAY_BIND_HOST="127.0.0.2")
    with running(settings) as process:
        read_banner(process)
        context = await browser.new_context(ignore_https_errors=True)  # a person accepts the certificate once
        pages = [await context.new_page() for _ in range(2)]
        for number, page in enumerate(pages):
            await page.goto(f"https://127.0.0.2:{settings['SALON_HTTP_PORT']}/?room=lobby")
            await page.get_by_test_id("name-input").fill(f"Visitor {number}")
            await page.get_by_test_id("join-button").click()
        for page in pages:
            await expect(page.get_by_test_id("tile")).to_have_count(2)
            await moving_pictures(page, 2)
        await context.close()


def test_with_a_public_host_it_serves_https_with_its_own_certificate(tmp_path: Path) -> None:
    # 127.0.0.2 stands for another address of this machine.
    settings = environment(tmp_path, SALON_PUBLIC_HOST="127.0.0.2", SALON_RELAY_BIND_HOST="127.0.0.2")
    with running(settings) as process:
        told = read_banner(process)
        url = f"https://127.0.0.2:{settings['SALON_HTTP_PORT']}/"
        assert url in told
        trust = ssl.create_default_context(cafile=tmp_path / "certificate.pem")
        with urllib.request.urlopen(url, context=trust) as page:
            assert page.status == 200
        assert settings["SALON_MEDIA_PORT"] in told
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
    assert (tmp_path / "certificate-key.pem").stat().st_mode & 0o077 == 0
