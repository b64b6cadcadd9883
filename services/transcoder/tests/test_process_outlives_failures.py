"""A real transcoder when workers are missing, die or are slow, NATS goes, or the bitstream is hostile."""

import asyncio
import os
import random
import select
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from salon.effects.v1.effects_pb2 import Beauty
from salon.relay.v1.relay_pb2 import EffectsProblem, FromTranscoder, ToTranscoder, TranscoderRetry
from salon_kit.testing import NatsServer
from salon_testing.effects_process import START_S, bus_environment
from salon_testing.transcoder import (
    RING_PREFIX,
    Codec,
    filming,
    is_bright,
    is_original,
    staged,
)

pytestmark = pytest.mark.timeout(120)

BRIGHT = Beauty(whiten=100)
SLOW_FILTER = """
import time
from pathlib import Path

def apply(frame, out, beauty):
    out.copy_from(frame)
    if Path(__file__).with_name("slow").exists():
        time.sleep(0.4)
"""


@pytest.fixture
def ring_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(dir="/dev/shm"))
    yield folder
    shutil.rmtree(folder)


def head_of(keyframe: bytes, codec: Codec) -> bytes:
    """What makes a decoder begin: VP8's frame header; H.264's parameter sets, and the start of a slice."""
    if codec == "VP8":
        return keyframe[:10]
    sets = [unit for unit in keyframe.split(b"\0\0\1")[1:] if unit[0] & 31 in (7, 8)]
    return b"".join(b"\0\0\1" + unit for unit in [*sets, b"\x65"])


def resident_bytes(pid: int) -> int:
    """The most it ever had."""
    status = Path(f"/proc/{pid}/status").read_text()
    return 1024 * int(status.partition("VmHWM:")[2].split()[0])


async def ended(process: asyncio.subprocess.Process) -> int:
    return await asyncio.wait_for(process.wait(), 10)


async def test_without_a_worker_the_original_goes_out_and_the_relay_knows(
    nats_server: NatsServer, ring_folder: Path
) -> None:
    async with staged(nats_server, ring_folder) as stage:
        await stage.start(BRIGHT)
        async with filming(stage):
            report = await stage.reported("original")
            assert report.original.problem == EffectsProblem.EFFECTS_PROBLEM_NO_WORKER
            assert all(map(is_original, await stage.seen(30)))
            await stage.add_worker()
            stage.order(ToTranscoder(retry=TranscoderRetry()))
            await stage.reported("beautified")
            await stage.seen_until(is_bright)
        assert stage.report_kinds == ["ready", "original", "beautified"]
        assert stage.ring_files == []


async def test_after_a_worker_that_is_killed_the_original_goes_out_until_there_is_another(
    nats_server: NatsServer, ring_folder: Path
) -> None:
    async with staged(nats_server, ring_folder) as stage:
        worker = await stage.add_worker()
        await stage.start(BRIGHT)
        async with filming(stage):
            await stage.beautified()
            worker.kill()
            report = await stage.reported("original")
            assert report.original.problem == EffectsProblem.EFFECTS_PROBLEM_NO_WORKER
            assert all(map(is_original, (await stage.seen(20))[5:]))
            await stage.add_worker()
            await stage.reported("beautified", times=2)
            await stage.seen_until(is_bright)
        assert stage.report_kinds == ["ready", "beautified", "original", "beautified"]


async def test_another_worker_that_is_there_takes_over_at_once(nats_server: NatsServer, ring_folder: Path) -> None:
    async with staged(nats_server, ring_folder) as stage:
        workers = {f"worker-{name}": await stage.add_worker(SALON_EFFECTS_ID=f"worker-{name}") for name in "ab"}
        await stage.start(BRIGHT)
        async with filming(stage):
            report = await stage.reported("beautified")
            await stage.beautified()
            workers[report.beautified.worker_id].kill()
            await stage.seen_until(is_original)
            await stage.seen_until(is_bright)
        assert stage.report_kinds == ["ready", "beautified"]


async def test_a_worker_that_becomes_slow_is_left_and_found_again_when_it_is_not(
    nats_server: NatsServer, ring_folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "salon_test_slow.py").write_text(SLOW_FILTER)
    async with staged(nats_server, ring_folder) as stage:
        await stage.add_worker(SALON_EFFECTS_FILTERS="salon_test_slow:apply", PYTHONPATH=str(tmp_path))
        await stage.start(BRIGHT)
        async with filming(stage):
            await stage.reported("beautified")
            (tmp_path / "slow").touch()
            report = await stage.reported("original")
            assert report.original.problem == EffectsProblem.EFFECTS_PROBLEM_TOO_SLOW
            (tmp_path / "slow").unlink()
            await stage.reported("beautified", times=2)
            await stage.seen(10)
        assert stage.counters[-1].deadlines_missed >= 1


async def test_nats_may_go_and_come_back(own_nats_server: NatsServer, ring_folder: Path) -> None:
    async with staged(own_nats_server, ring_folder) as stage:
        await stage.add_worker()
        await stage.start(BRIGHT)
        async with filming(stage):
            await stage.beautified()
            own_nats_server.kill()
            report = await stage.reported("original")
            assert report.original.problem == EffectsProblem.EFFECTS_PROBLEM_NO_WORKER
            assert all(map(is_original, await stage.seen(60)))
            own_nats_server.start()
            await stage.reported("beautified", 30, times=2)
            await stage.seen_until(is_bright)


@pytest.mark.parametrize("codec", ["VP8", "H264"])
async def test_a_few_broken_frames_cost_those_frames(nats_server: NatsServer, ring_folder: Path, codec: Codec) -> None:
    garbage = random.Random(1)
    async with staged(nats_server, ring_folder, codec=codec) as stage:
        await stage.start(BRIGHT)
        async with filming(stage):
            await stage.seen(10)
            for size in (40, 1, 3000, 12):
                stage.shoot((b"\0\0\0\1\x61" if codec == "H264" else b"\x11") + garbage.randbytes(size))
            await stage.seen(30)
        assert stage.process.returncode is None


async def test_a_picture_of_a_gigantic_size_takes_no_memory(nats_server: NatsServer, ring_folder: Path) -> None:
    async with staged(nats_server, ring_folder) as stage:
        await stage.start(BRIGHT)
        async with filming(stage):
            await stage.seen(10)
            keyframe = stage.camera.take(keyframe=True)
            for _ in range(5):
                stage.shoot(keyframe[:6] + b"\xff\x3f\xff\x3f" + keyframe[10:])
            await stage.seen(30)
        assert stage.process.returncode is None
        assert resident_bytes(stage.process.pid) < 300_000_000


@pytest.mark.parametrize("codec", ["VP8", "H264"])
async def test_a_stream_of_nothing_but_garbage_ends_the_process(
    nats_server: NatsServer, ring_folder: Path, codec: Codec
) -> None:
    garbage = random.Random(2)
    async with staged(nats_server, ring_folder, codec=codec) as stage:
        await stage.start(BRIGHT)
        head = head_of(stage.camera.take(keyframe=True), codec)
        async with asyncio.timeout(30):
            while stage.process.returncode is None:
                stage.shoot(head + garbage.randbytes(200))
                await asyncio.wait([asyncio.create_task(stage.process.wait())], timeout=0.01)
        assert stage.process.returncode == 3


async def test_killing_it_leaves_no_file_of_another_name(nats_server: NatsServer, ring_folder: Path) -> None:
    async with staged(nats_server, ring_folder) as stage:
        await stage.add_worker()
        await stage.start(BRIGHT)
        async with filming(stage):
            await stage.reported("beautified")
            stage.process.kill()
            await ended(stage.process)
        assert all(name.startswith(f"{RING_PREFIX}.") for name in stage.ring_files)


@pytest.mark.parametrize("started", [False, True])
async def test_ends_when_the_relay_closes_the_control_socket(
    nats_server: NatsServer, ring_folder: Path, started: bool
) -> None:
    async with staged(nats_server, ring_folder) as stage:
        await stage.reported("ready", START_S)
        if started:
            await stage.start(BRIGHT)
            async with filming(stage):
                await stage.seen(3)
        asyncio.get_running_loop().remove_reader(stage.control)
        stage.control.shutdown(socket.SHUT_RDWR)
        assert await ended(stage.process) == 0


async def test_ends_when_the_link_is_closed(nats_server: NatsServer, ring_folder: Path) -> None:
    async with staged(nats_server, ring_folder) as stage:
        await stage.start(BRIGHT)
        async with filming(stage):
            await stage.seen(3)
        stage.viewer.stop()
        stage.link.close()
        assert await ended(stage.process) == 0


async def test_ends_on_sigterm_before_it_was_started(nats_server: NatsServer, ring_folder: Path) -> None:
    async with staged(nats_server, ring_folder) as stage:
        await stage.reported("ready", START_S)
        stage.process.send_signal(signal.SIGTERM)
        assert await ended(stage.process) == 0


PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-m", "salon_transcoder", *sys.argv[1:]], close_fds=False)
print(child.pid, flush=True)
time.sleep(1000)
"""


async def test_dies_with_the_relay_even_if_somebody_else_holds_its_sockets(nats_server: NatsServer) -> None:
    link, control = (socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET) for _ in range(2))
    fds = (link[1].fileno(), control[1].fileno())
    parent = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PARENT, "--link-fd", str(fds[0]), "--control-fd", str(fds[1])),
        pass_fds=fds,
        env=dict(os.environ) | bus_environment(nats_server),
        stdout=asyncio.subprocess.PIPE,
    )
    assert parent.stdout is not None
    child = os.pidfd_open(int(await parent.stdout.readline()))
    try:
        control[0].settimeout(START_S)
        ready = await asyncio.to_thread(control[0].recv, 65_536)
        assert FromTranscoder.FromString(ready).HasField("ready")
        parent.kill()
        await parent.wait()
        readable, _, _ = await asyncio.to_thread(select.select, [child], [], [], 10)
        assert readable
    finally:
        if not select.select([child], [], [], 0)[0]:
            signal.pidfd_send_signal(child, signal.SIGKILL)
        os.close(child)
        for end in (*link, *control):
            end.close()
