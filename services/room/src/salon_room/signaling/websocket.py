"""The WebSocket around a connection's core: it carries out what the core says, and decides nothing."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import assert_never

from google.protobuf.message import Message
from salon.room.v1.signal_pb2 import Login, Resume
from salon_contracts.errors import InvariantBroken, SalonError
from salon_kit.http.websocket import reading_of, writing_of
from salon_kit.log import get_logger
from salon_kit.trace import begin_trace
from starlette.websockets import WebSocket, WebSocketDisconnect

from salon_room import metrics
from salon_room.background import Spawn
from salon_room.core.connection import inputs, outputs
from salon_room.core.connection.connection import Bounds, Connection
from salon_room.core.connection.outputs import Job, Work
from salon_room.core.connection.verb import Verb
from salon_room.members.lease_renewer import LeaseRenewer
from salon_room.members.logouts import Logouts
from salon_room.members.participant import Participant
from salon_room.members.presence import PresenceBook
from salon_room.quotas import client_address
from salon_room.signaling.allowances import MEMBER
from salon_room.signaling.entries import Entries

log = get_logger()

CLOSE_TIMEOUT_S = 2.0
"""How long the close frame may take behind what is in the socket already."""


class WebSocketConnection:
    """`await run()` from the accepted socket to its end. It is the port of its log-in."""

    def __init__(
        self,
        socket: WebSocket,
        verbs: Mapping[str, Verb[Participant]],
        bounds: Bounds,
        entries: Entries,
        logouts: Logouts,
        presence: PresenceBook,
        spawn: Spawn,
        on_entered: Callable[[], None],
    ) -> None:
        """`on_entered` is called when it has a log-in."""
        self._socket = socket
        self._address = client_address(socket)
        self._writing = writing_of(socket.scope)
        self._core = Connection(verbs, bounds, time.monotonic_ns())
        self._entries = entries
        self._logouts = logouts
        self._presence = presence
        self._spawn = spawn
        self._on_entered = on_entered
        self._renewer: LeaseRenewer | None = None
        self._unsent: str | None = None
        """The frame that the socket did not take at once: the sender has it, and all after it."""
        self._sender_wanted = asyncio.Event()

    async def run(self) -> None:
        reader = asyncio.create_task(self._read(), name="connection-reader")
        sender = asyncio.create_task(self._send(), name="connection-sender")
        ticker = asyncio.create_task(self._tick(), name="connection-ticker")
        tasks = (reader, sender, ticker)
        try:
            done, _ = await asyncio.wait((reader, sender), return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                if (bug := task.exception()) is not None:
                    self._failed(None, bug)
                    await asyncio.wait((sender,))
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._apply(inputs.SocketClosed(None))

    def stop(self) -> None:
        """This instance stops."""
        self._apply(inputs.InstanceStops())

    def renew_now(self) -> None:
        """The bus is back."""
        if self._renewer is not None:
            self._renewer.renew_now()

    # ---- the port of the log-in ----

    def notify(self, frame: str) -> None:
        self._apply(inputs.Notified(frame))

    def end(self, end: inputs.End) -> None:
        self._apply(inputs.LogInEnded(end))

    def transport_lost(self, name: str) -> None:
        """The client is told by a notice."""

    # ---- the socket ----

    async def _read(self) -> None:
        while True:
            try:
                received = await self._socket.receive()
            except (WebSocketDisconnect, RuntimeError):
                return
            if received["type"] == "websocket.disconnect":
                self._apply(inputs.SocketClosed(received.get("code")))
                return
            self._apply(inputs.FrameReceived(received.get("text")))

    def _send_now(self) -> None:
        while self._unsent is None and (frame := self._core.next_frame()) is not None:
            if not self._writing.write_now(frame):
                self._unsent = frame
        if self._unsent is not None or self._core.close_code is not None:
            self._sender_wanted.set()

    async def _send(self) -> None:
        """Until the connection is closed or the peer is gone."""
        try:
            while (code := self._core.close_code) is None:
                await self._sender_wanted.wait()
                self._sender_wanted.clear()
                if self._core.close_code is None:
                    await self._send_rest()
            metrics.CLOSES.labels(code=str(code.value)).inc()
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await self._send_rest()
                await self._socket.close(code, code.reason)
        except (WebSocketDisconnect, RuntimeError, OSError):
            return  # gone; the reader notices as well
        except TimeoutError:
            return  # does not read at all: the socket is dropped with what is in it

    async def _send_rest(self) -> None:
        frame = self._unsent
        while frame is not None:
            self._unsent = frame
            await self._socket.send_text(frame)
            frame = self._core.next_frame()
        self._unsent = None

    async def _tick(self) -> None:
        while self._core.close_code is None:
            await asyncio.sleep((self._core.deadline_ns - time.monotonic_ns()) / 1e9)
            self._apply(inputs.Ticked())

    # ---- the core ----

    def _apply(self, happened: inputs.Input[Participant]) -> None:
        for output in self._core.apply(happened, time.monotonic_ns()):
            self._carry_out(output)
        self._send_now()

    def _carry_out(self, output: outputs.Output[Participant]) -> None:
        match output:
            case outputs.Start(job):
                self._spawn(f"connection-{job.queue.value}", self._work(job))
            case outputs.Answered(kind, result):
                metrics.REQUESTS.labels(kind=kind, result=result).inc()
                if kind == "malformed":
                    metrics.MALFORMED.inc()
            case outputs.ClientLives():
                if self._renewer is not None:
                    self._renewer.beat()
            case outputs.Entered(who):
                reading_of(self._socket.scope).allow(MEMBER)
                self._renewer = LeaseRenewer(self._presence, self._logouts, self._spawn, who)
                self._on_entered()
                metrics.SESSIONS.inc()
            case outputs.Left():
                self._renewer = None
                metrics.SESSIONS.dec()
            case outputs.LetGo(who, is_over):
                self._logouts.let_go(who, is_over=is_over)
            case outputs.FellBehind():
                log.warning("reader-too-slow")
            case _:
                assert_never(output)

    async def _work(self, job: Job[Participant]) -> None:
        begin_trace()
        try:
            try:
                outcome = await self._outcome(job)
            except SalonError as error:
                outcome = error
            self._apply(inputs.Finished(job, outcome))
        except Exception as bug:  # noqa: BLE001  # the one supervisor of a connection: it is discarded
            self._failed(job, bug)

    async def _outcome(self, job: Job[Participant]) -> Message | inputs.Entry[Participant] | SalonError | None:
        who, verb = job.log_in, job.verb
        if isinstance(job.body, Login):
            return await self._entries.log_in(job.request_id, job.body, self._address, self)
        if isinstance(job.body, Resume):
            return await self._entries.resume(job.request_id, job.body, self._address, self)
        if who is None:
            raise InvariantBroken(f"{job.work.value} without a log-in")
        if verb is not None:
            return await verb.handler(who, job.body)
        leave = self._logouts.leave if job.work is Work.LEAVE else self._logouts.leave_unless_resumed
        await leave(who)
        return None

    def _failed(self, job: Job[Participant] | None, bug: BaseException) -> None:
        log.error("session-failed", exc_info=bug)
        metrics.BUGS.inc()
        self._apply(inputs.Failed(job))
