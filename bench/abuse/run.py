"""Attacks on a cloud as `make run` starts it, while a call goes on and bystanders come and go.

    python -m bench abuse [ATTACK …]

A fresh cloud for every attack. A row says what a bystander waited at worst, the longest pause in the sound and the
picture of the call, what it lost, what the services' memory grew by, and what the attacker got.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from salon_cli.dev.certificate import ensure_certificate
from salon_cli.dev.child import answers_ready
from salon_kit.testing import free_port

from bench.abuse.attacks import ATTACKS, SECONDS
from bench.abuse.dev_cloud import DevCloud, fresh, resident_bytes
from bench.abuse.observer import Watch
from bench.abuse.raw import RawSocket
from bench.report import Report

PEOPLE = 400
AFTERWARDS_S = 3.0
STALL_S = 5.0
STALLS = 5
DISK_BYTES = 64 * 1024 * 1024
DISK_FULL_S = 10.0
RECOVERY_MAX_S = 40.0
BAR = "bystander at most 250 ms, no packet lost, memory within 32 MiB"
NAMES = ("nothing", *ATTACKS, "disk-full", "nats-stalled")
SERVICES = {"room": "salon_room", "relay": "salon_relay"}

Figures = dict[str, Any]


async def run(report: Report, names: list[str]) -> None:
    for name in names or NAMES:
        with tempfile.TemporaryDirectory() as folder:
            figures = await _attacked(name, Path(folder))
        report.add("abuse", bar=BAR, attack=name, **figures)


async def _attacked(name: str, folder: Path) -> Figures:
    with _small_disk(folder / "state") if name == "disk-full" else nullcontext():
        cloud = DevCloud(folder).start()
        second: subprocess.Popen[bytes] | None = None
        try:
            room, stream = fresh("abuse"), fresh("camera")
            port, scheme = cloud.ports["SALON_HTTP_PORT"], "ws"
            if name == "silent-connections":
                second, port = _tls_room(cloud, folder)
                scheme = "wss"
            common = {"app_id": cloud.app_id, "room": room, "host": "127.0.0.1", "port": port, "stream": stream}
            server = f"{scheme}://127.0.0.1:{port}/ws"
            users = [fresh("user"), fresh("user")]
            call = common | {
                "server": f"ws://127.0.0.1:{cloud.ports['SALON_HTTP_PORT']}/ws",
                "users": users,
                "tokens": [cloud.mint(user) for user in users],
            }
            bystander = common | {
                "server": server,
                "http": server.replace("ws", "http", 1).removesuffix("/ws"),
                "room": fresh("bystanders"),
                "people": _people(cloud),
            }
            watches = Watch("bench.abuse.call", call, folder), Watch("bench.abuse.bystander", bystander, folder)
            async with watches[0] as talk, watches[1] as others:
                await asyncio.sleep(2)
                before = _memory(cloud)
                await asyncio.gather(talk.mark(), others.mark())
                peak, got = await _while_measuring(cloud, _attack(name, cloud, folder, common))
                await asyncio.sleep(AFTERWARDS_S)
                seen = {**await talk.report(), **await others.report()}
            grown = {f"{key}_grown_mib": round((peak.get(key, 0) - before[key]) / 2**20, 1) for key in before}
            return {**seen, **grown, "attacker": json.dumps(got), "load": round(os.getloadavg()[0], 1)}
        finally:
            if second is not None:
                second.terminate()
                second.wait()
            cloud.stop()


async def _attack(name: str, cloud: DevCloud, folder: Path, common: Figures) -> Figures:
    if name == "nothing":
        await asyncio.sleep(SECONDS)
        return {}
    if name == "nats-stalled":
        return await _stall_nats(cloud)
    if name == "disk-full":
        return await _fill_disk(cloud, folder)
    config_file = folder / "attack.json"
    config_file.write_text(json.dumps(common | {"people": _people(cloud)}))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.abuse.attacks", name, str(config_file), stdout=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(180):
            out, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        return {"attacker": "not done within 180 s"}
    got: Figures = json.loads(out or b"{}")
    return got


async def _stall_nats(cloud: DevCloud) -> Figures:
    pid = cloud.pid_of("nats-server")
    assert pid is not None
    for _ in range(STALLS):
        os.kill(pid, signal.SIGSTOP)
        await asyncio.sleep(STALL_S)
        os.kill(pid, signal.SIGCONT)
        await asyncio.sleep(STALL_S)  # what is held for lost is removed by then
    return {"stalls": STALLS, "stalled_s": STALL_S}


async def _fill_disk(cloud: DevCloud, folder: Path) -> Figures:
    """Fills the disk that NATS is on, frees it, and waits for the cloud to say that it is ready again."""
    ballast = folder / "state" / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(1 << 16))
        except OSError:
            pass
    said_unready = False
    deadline_s = time.monotonic() + DISK_FULL_S
    while time.monotonic() < deadline_s:
        said_unready = said_unready or not await _is_ready(cloud)
        await asyncio.sleep(0.2)
    ballast.unlink()
    freed_s = time.monotonic()
    wrote = False
    while time.monotonic() - freed_s < RECOVERY_MAX_S and not wrote:
        wrote = await _writes(cloud)
    return {"said_unready": said_unready, "writes_after_s": round(time.monotonic() - freed_s, 1) if wrote else None}


async def _is_ready(cloud: DevCloud) -> bool:
    return await asyncio.to_thread(answers_ready, f"{cloud.url}/readyz")


async def _writes(cloud: DevCloud) -> bool:
    """Whether somebody can log in."""
    config = {"app_id": cloud.app_id, "room": fresh("room"), "people": _people(cloud, 1)}
    try:
        socket = await RawSocket.open("127.0.0.1", cloud.ports["SALON_HTTP_PORT"], "127.0.0.1")
    except (OSError, EOFError, TimeoutError):
        await asyncio.sleep(0.2)
        return False
    try:
        await socket.log_in(config)
    except (OSError, EOFError, TimeoutError):
        await asyncio.sleep(0.2)
        return False
    finally:
        socket.abort()
    return True


async def _while_measuring(cloud: DevCloud, attack: Any) -> tuple[dict[str, int], Figures]:
    peak: dict[str, int] = {}

    async def watch() -> None:
        while True:
            for key, size in _memory(cloud).items():
                peak[key] = max(peak.get(key, 0), size)
            await asyncio.sleep(0.2)

    watching = asyncio.create_task(watch())
    try:
        return peak, await attack
    finally:
        watching.cancel()


def _memory(cloud: DevCloud) -> dict[str, int]:
    sizes = {}
    for key, word in SERVICES.items():
        pid = cloud.pid_of(word)
        if pid is not None:
            sizes[key] = resident_bytes(pid)
    return sizes


def _people(cloud: DevCloud, count: int = PEOPLE) -> list[tuple[str, str]]:
    users = [fresh("person") for _ in range(count)]
    return [(user, cloud.mint(user)) for user in users]


def _tls_room(cloud: DevCloud, folder: Path) -> tuple["subprocess.Popen[bytes]", int]:
    """Another room instance on the same bus, behind TLS on loopback."""
    room_pid = cloud.pid_of("salon_room")
    assert room_pid is not None
    pairs = Path(f"/proc/{room_pid}/environ").read_bytes().decode().split("\0")
    environment = dict(pair.split("=", 1) for pair in pairs if "=" in pair)
    certificate, key = ensure_certificate(folder, "127.0.0.1")
    port = free_port()
    environment |= {
        "SALON_NODE_ID": "room-tls",
        "SALON_ROOM_PORT": str(port),
        "SALON_ROOM_HEALTH_PORT": "0",
        "SALON_ROOM_TLS_CERT": str(certificate),
        "SALON_ROOM_TLS_KEY": str(key),
    }
    with (folder / "room-tls.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "salon_room"], env=environment, stdout=log, stderr=subprocess.STDOUT
        )
    deadline_s = time.monotonic() + 30
    while not answers_ready(f"https://127.0.0.1:{port}/readyz"):
        if process.poll() is not None or time.monotonic() > deadline_s:
            raise AssertionError((folder / "room-tls.log").read_text()[-2000:])
        time.sleep(0.1)
    return process, port


@contextmanager
def _small_disk(folder: Path) -> Iterator[None]:
    """Needs to be root, as in a container."""
    folder.mkdir(mode=0o700)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)
