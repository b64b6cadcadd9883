"""A real worker process, and the pictures and clients that talk to it."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from salon.effects.v1.effects_pb2 import Beauty
from salon_contracts.errors import NobodyServes, RequestTimedOut
from salon_contracts.ids import WorkerId
from salon_frames import I420, EffectsClient, FrameLate, FrameRefused, StreamIdentity, WorkerGone
from salon_kit.bus import Bus
from salon_kit.testing import NatsServer

START_S = 20.0
STOP_S = 20.0
HERE = Path(__file__).parent
ROOT = HERE.parents[2]
IDENTITY = StreamIdentity(relay_id="relay-a", app_id=7, room_id="lobby", stream_id="alice-camera")


class Process:
    """One worker; `log` is what it has written so far."""

    def __init__(self, server: NatsServer, log_file: Path, python_path: Path, **settings: str) -> None:
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("SALON_")},
            "SALON_NATS_URL": server.settings.url,
            "SALON_NATS_USER": server.settings.user,
            "SALON_NATS_PASSWORD": server.settings.password.get_secret_value(),
            "SALON_EFFECTS_HEALTH_PORT": "0",
            "SALON_EFFECTS_FILTERS": "trial_filters:invert",
            "SALON_LOG_LEVEL": "debug",
            "SALON_LOG_FORMAT": "json",
            "PYTHONPATH": os.pathsep.join([str(python_path), *filter(None, [os.environ.get("PYTHONPATH")])]),
            **settings,
        }
        self._log_file = log_file
        with log_file.open("wb") as stream:
            command = [sys.executable, "-m", "salon_effects"]
            self.process = subprocess.Popen(command, env=environment, stdout=stream, stderr=stream)

    @property
    def log(self) -> str:
        return self._log_file.read_text()

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(STOP_S)

    def wait(self) -> int:
        """Its exit code, once it has ended by itself or by a signal sent before."""
        return self.process.wait(STOP_S)

    async def says(self, event: str, count: int = 1) -> None:
        """Returns when the log holds the event so often."""
        deadline = time.monotonic() + START_S
        while self.log.count(f'"event": "{event}"') + self.log.count(f'"event":"{event}"') < count:
            assert self.process.poll() is None, self.log
            assert time.monotonic() < deadline, self.log
            await asyncio.sleep(0.01)


def is_empty(folder: Path) -> bool:
    return not any(folder.iterdir())


def picture(width: int, height: int, seed: int = 1) -> I420:
    """Noise within the limited range."""
    random = np.random.default_rng(seed)
    made = I420.allocate(width, height)
    for plane in made.planes:
        plane[...] = random.integers(16, 235, plane.shape, np.uint8)
    return made


def inverted(frame: I420) -> I420:
    made = I420.allocate(frame.width, frame.height)
    for plane, source in zip(made.planes, frame.planes, strict=True):
        np.subtract(255, source, out=plane)
    return made


def client_of(bus: Bus, folder: Path, deadline_ms: int = 5000, prefix: str = "trial-1") -> EffectsClient:
    return EffectsClient(bus, IDENTITY, folder, prefix, deadline_ms)


async def open_when_there(client: EffectsClient, width: int = 64, height: int = 48, rate: int = 30) -> WorkerId:
    """Opens as soon as somebody serves."""
    deadline = time.monotonic() + START_S
    while True:
        try:
            return await client.open(width, height, rate)
        except (NobodyServes, RequestTimedOut):  # not there yet, or just starting on a busy machine
            assert time.monotonic() < deadline
            await asyncio.sleep(0.01)


async def outcome(client: EffectsClient, frame: I420, beauty: Beauty) -> str:
    """`beautified`, or the code of what was raised."""
    try:
        await client.beautify(frame, beauty)
    except (FrameLate, FrameRefused, WorkerGone) as error:
        return error.code
    return "beautified"
