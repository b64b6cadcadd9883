"""One transcoder process, and the relay's end of its two sockets."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Final, Protocol

from google.protobuf.message import DecodeError
from salon.relay.v1.relay_pb2 import FromTranscoder, ToTranscoder
from salon_contracts.errors import InvariantBroken
from salon_kit.log import get_logger

log = get_logger()

COMMAND: Final = (sys.executable, "-m", "salon_transcoder")
READY_S: Final = 30.0
KILL_S: Final = 1.0
"""From the request to end to the end by force."""
MESSAGE_MAX_BYTES: Final = 65_536
LINK_BUFFER_BYTES: Final = 4 * 1024 * 1024
"""A key frame comes all at once; the kernel gives as much of it as it may."""


class ProcessPhase(Enum):
    STARTING = "starting"
    SPARE = "spare"
    """Warm, and nobody's."""
    USED = "used"
    ENDING = "ending"
    ENDED = "ended"


ALLOWED: Final[Mapping[ProcessPhase, frozenset[ProcessPhase]]] = {
    ProcessPhase.STARTING: frozenset({ProcessPhase.SPARE, ProcessPhase.ENDING, ProcessPhase.ENDED}),
    ProcessPhase.SPARE: frozenset({ProcessPhase.USED, ProcessPhase.ENDING, ProcessPhase.ENDED}),
    ProcessPhase.USED: frozenset({ProcessPhase.ENDING, ProcessPhase.ENDED}),
    ProcessPhase.ENDING: frozenset({ProcessPhase.ENDED}),
    ProcessPhase.ENDED: frozenset(),
}


class TranscoderUser(Protocol):
    """Who has taken a process."""

    def on_transcoder_message(self, message: FromTranscoder) -> None: ...
    def transcoder_lost(self) -> None:
        """It is ending or has ended, unasked."""


class Transcoder:
    """`run` it as a task, which ends with the process; `use` it once it has reported that it is ready; `end` it."""

    def __init__(
        self,
        ring_prefix: str,
        environment: Mapping[str, str],
        on_ready: Callable[["Transcoder"], None],
        command: Sequence[str] = COMMAND,
    ) -> None:
        self.ring_prefix = ring_prefix
        self.phase = ProcessPhase.STARTING
        self.pid: int | None = None
        self.was_used = False
        self._environment = environment
        self._command = command
        self._on_ready = on_ready
        self._user: TranscoderUser | None = None
        self._link: socket.socket | None = None
        self._control: socket.socket | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._deadline: asyncio.TimerHandle | None = None

    async def run(self) -> None:
        """Starts the process and returns when it has ended, by force when cancelled. Raises OSError if it cannot be."""
        try:
            await self._spawn()
            if self._process is not None:
                await self._process.wait()
        finally:
            self._close()
            if self._process is not None and self._process.returncode is None:
                self._signal(signal.SIGKILL)
                await asyncio.shield(self._process.wait())
            self._ended()

    async def _spawn(self) -> None:
        with contextlib.ExitStack() as theirs:
            self._link, link = _pair(LINK_BUFFER_BYTES)
            theirs.enter_context(link)
            self._control, control = _pair(0)
            theirs.enter_context(control)
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                "--link-fd",
                str(link.fileno()),
                "--control-fd",
                str(control.fileno()),
                stdin=asyncio.subprocess.DEVNULL,
                env=dict(self._environment),
                pass_fds=(link.fileno(), control.fileno()),
                start_new_session=True,  # a group of its own: Control-C is for the relay, which ends it in order
            )
        self.pid = self._process.pid
        loop = asyncio.get_running_loop()
        if self.phase is ProcessPhase.ENDING:
            self._signal(signal.SIGTERM)
            self._deadline = loop.call_later(KILL_S, self._signal, signal.SIGKILL)
            return
        loop.add_reader(self._control.fileno(), self._readable)
        self._deadline = loop.call_later(READY_S, self._not_ready)

    @property
    def link_fd(self) -> int:
        """The relay's end of the link. Duplicate it before `release_link`."""
        if self._link is None:
            raise InvariantBroken("the link of a transcoder that has none")
        return self._link.fileno()

    def release_link(self) -> None:
        """The packet path has its own descriptor: when that is closed too, the process sees it."""
        if self._link is not None:
            self._link.close()
            self._link = None

    def use(self, user: TranscoderUser) -> None:
        self._become(ProcessPhase.USED)
        self.was_used = True
        self._user = user

    def send(self, message: ToTranscoder) -> None:
        """Never blocks and never raises: a process that does not read its orders hangs, and is found out."""
        if self._control is None:
            return
        try:
            self._control.send(message.SerializeToString())
        except OSError as error:
            log.warning("transcoder-not-told", pid=self.pid, detail=str(error))

    def end(self) -> None:
        """Nothing is heard of it from now on. Again: nothing."""
        self._user = None
        if self.phase in (ProcessPhase.ENDING, ProcessPhase.ENDED):
            return
        self._become(ProcessPhase.ENDING)
        if self._process is None:
            return  # it is being spawned; that sees it
        self._close()
        self._signal(signal.SIGTERM)
        self._deadline = asyncio.get_running_loop().call_later(KILL_S, self._signal, signal.SIGKILL)

    def _readable(self) -> None:
        if self._control is None:
            return
        try:
            data = self._control.recv(MESSAGE_MAX_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._lose("control-closed")
            return
        try:
            message = FromTranscoder.FromString(data)
        except DecodeError:
            log.error("transcoder-unreadable", pid=self.pid, size_bytes=len(data))
            return
        if message.WhichOneof("body") == "ready":
            if self.phase is ProcessPhase.STARTING:
                self._cancel_deadline()
                self._become(ProcessPhase.SPARE)
                log.info("transcoder-ready", pid=self.pid)
                self._on_ready(self)
        elif self._user is not None:
            self._user.on_transcoder_message(message)

    def _not_ready(self) -> None:
        self._lose("not-ready")

    def _lose(self, reason: str) -> None:
        log.warning("transcoder-lost", pid=self.pid, err_code=reason)
        user, self._user = self._user, None
        self.end()
        if user is not None:
            user.transcoder_lost()

    def _ended(self) -> None:
        user, self._user = self._user, None
        if self.phase not in (ProcessPhase.ENDING, ProcessPhase.ENDED):
            code = None if self._process is None else self._process.returncode
            log.warning("transcoder-ended", pid=self.pid, err_code=code)
        if self.phase is not ProcessPhase.ENDED:
            self._become(ProcessPhase.ENDED)
        if user is not None:
            user.transcoder_lost()

    def _close(self) -> None:
        """Closes the sockets, which is another way to say that it shall end."""
        self._cancel_deadline()
        if self._control is not None:
            asyncio.get_running_loop().remove_reader(self._control.fileno())
            self._control.close()
            self._control = None
        self.release_link()

    def _cancel_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _signal(self, which: signal.Signals) -> None:
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, which)

    def _become(self, phase: ProcessPhase) -> None:
        if phase not in ALLOWED[self.phase]:
            raise InvariantBroken(f"a transcoder went from {self.phase.value} to {phase.value}")
        self.phase = phase


def _pair(buffer_bytes: int) -> tuple[socket.socket, socket.socket]:
    """Ours and theirs."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.setblocking(False)
    if buffer_bytes:
        for end in (ours, theirs):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffer_bytes)
    return ours, theirs
