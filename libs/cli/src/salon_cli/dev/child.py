"""One process of the cloud: started, watched, stopped. Nothing it starts outlives `salon dev`."""

import asyncio
import ctypes
import os
import signal
import ssl
import urllib.error
import urllib.request
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Literal

PR_SET_PDEATHSIG = 1
STOP_DEADLINE_S = 8.0
READY_POLL_S = 0.05

_libc = ctypes.CDLL(None, use_errno=True)


class ChildFailed(Exception):
    """A process ended that should not have; one sentence, with what it said last."""


class Child:
    """A running process. Its output goes to a file; `on_line` sees every line as well."""

    def __init__(
        self,
        name: str,
        process: asyncio.subprocess.Process,
        log_file: Path,
        on_line: Callable[[str, str], None],
        *,
        log_mode: Literal["a", "w"],
    ) -> None:
        self.name = name
        self._process = process
        self._log_file = log_file
        self._log_mode = log_mode
        self._on_line = on_line
        self._last_lines: deque[str] = deque(maxlen=20)
        self._reader = asyncio.create_task(self._read(), name=f"read-{name}")

    @classmethod
    async def start(
        cls,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        log_file: Path,
        on_line: Callable[[str, str], None],
        *,
        keep_log: bool = False,
    ) -> "Child":
        """`keep_log`: what an earlier start said stays."""
        process = await asyncio.create_subprocess_exec(
            *command,
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            limit=1 << 20,
            start_new_session=True,  # Ctrl-C in the terminal reaches us alone; we stop the others in order
            preexec_fn=partial(_die_with_parent, os.getpid()),
        )
        return cls(name, process, log_file, on_line, log_mode="a" if keep_log else "w")

    async def wait_ready(self, url: str, deadline_s: float) -> None:
        """Returns when the readiness page answers 200. Raises ChildFailed when it never does or the process ends."""
        async with asyncio.timeout(deadline_s) as timer:
            try:
                while not await asyncio.to_thread(answers_ready, url):
                    if self._process.returncode is not None:
                        await self.ended()
                        raise self.failure()
                    await asyncio.sleep(READY_POLL_S)
            except TimeoutError:
                pass
        if timer.expired():
            raise ChildFailed(f"{self.name} was not ready within {deadline_s:.0f} s; its log: {self._log_file}")

    async def ended(self) -> int:
        """Returns the exit code once the process has ended and all it said was read."""
        code = await self._process.wait()
        await self._reader
        return code

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._process.returncode

    def failure(self) -> ChildFailed:
        said = self._last_lines[-1] if self._last_lines else "it said nothing"
        return ChildFailed(f"{self.name} ended with code {self._process.returncode}: {said} (log: {self._log_file})")

    async def stop(self) -> None:
        """Asks it to stop, and ends it when it does not."""
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(self._process.wait(), STOP_DEADLINE_S)
            except TimeoutError:
                self._process.kill()
        await self.ended()

    async def _read(self) -> None:
        assert self._process.stdout is not None  # noqa: S101  # it was asked for above
        with self._log_file.open(f"{self._log_mode}b", buffering=0) as log:
            while True:
                try:
                    raw = await self._process.stdout.readline()
                except ValueError:  # a line longer than the limit; what is left of it follows
                    continue
                if not raw:
                    return
                line = raw.decode(errors="replace").rstrip()
                with suppress(OSError):  # the disk is full: whoever writes must not be held up by that
                    log.write(line.encode() + b"\n")
                self._last_lines.append(line)
                self._on_line(self.name, line)


def _die_with_parent(parent_pid: int) -> None:
    # A kill -9 of `salon dev` must not leave services behind that hold the ports.
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent_pid:  # it died before the line above
        os._exit(1)


def answers_ready(url: str) -> bool:
    """Whether the readiness page at this loopback address answers 200."""
    # Our own loopback port; its certificate names the public host.
    context = ssl._create_unverified_context() if url.startswith("https:") else None  # noqa: S323
    try:
        with urllib.request.urlopen(url, timeout=2, context=context) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
