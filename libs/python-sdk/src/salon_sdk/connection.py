"""The signalling of one log-in, over however many WebSockets it takes."""

import asyncio
import logging
import ssl
from collections.abc import Sequence
from typing import Protocol

from salon.room.v1.signal_pb2 import (
    ClientMessage,
    Heartbeat,
    LoggedIn,
    Login,
    Logout,
    Reply,
    Resume,
    ServerMessage,
)

from salon_sdk.errors import EngineError, ErrorCode, socket_closed
from salon_sdk.reconnect import ReconnectSchedule, Trouble, trouble_of
from salon_sdk.states import CONNECTION_ALLOWED, ConnectionState, Machine
from salon_sdk.tasks import TaskOwner
from salon_sdk.timing import Timing
from salon_sdk.wire import Socket, hello, socket_url

log = logging.getLogger(__name__)

_SESSION_GONE = "session-gone"
_FINAL_CODES = frozenset(
    {
        ErrorCode.KICKED_BY_OTHER_LOGIN,
        ErrorCode.KICKED_BY_SERVER,
        ErrorCode.DUPLICATE_LOGIN,
        ErrorCode.LOGGED_IN_ELSEWHERE,
    }
)
"""Somebody decided that the log-in ends; it must not come back by itself."""


class ConnectionListener(Protocol):
    def on_message(self, message: ServerMessage) -> None: ...

    def on_reconnecting(self) -> None:
        """Not told when one quick try repairs it after the server's GoAway."""

    def on_reconnected(self, fresh: LoggedIn | None) -> None:
        """`fresh` when the old log-in was gone and a new one took its place."""

    def on_ended(self, error: EngineError) -> None:
        """The log-in is over, and not because this side closed it."""


class RoomConnection:
    """Logs in once, then keeps the log-in: heartbeats, resume after a lost socket, a new log-in where that is refused.

    Call `login`, then `start`; `request` waits for the connection to be there.
    """

    def __init__(
        self,
        servers: Sequence[str],
        login: Login,
        tasks: TaskOwner,
        listener: ConnectionListener,
        timing: Timing,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self._servers = [socket_url(server) for server in servers]
        self._login = login
        self._tasks = tasks
        self._closing = TaskOwner("salon-connection")
        self._listener = listener
        self._timing = timing
        self._ssl_context = ssl_context
        self._machine = Machine(ConnectionState.IDLE, CONNECTION_ALLOWED)
        self._online = asyncio.Event()
        self._online_or_over = asyncio.Event()
        self._socket: Socket | None = None
        self._runner: asyncio.Task[None] | None = None
        self._login_deadline = asyncio.Timeout(None)
        self._schedule = ReconnectSchedule(timing)
        self._attempts = 0
        self._logged_in = LoggedIn()
        self._last_sequence = 0
        self._seen_sequence = 0

    @property
    def state(self) -> ConnectionState:
        return self._machine.state

    @property
    def logged_in(self) -> LoggedIn:
        """What the present log-in was told."""
        return self._logged_in

    def renew_token(self, token: str) -> None:
        """For the next log-in, should one be needed."""
        self._login.token = token

    async def login(self) -> LoggedIn:
        """Raises EngineError: at once for a refusal, after the time-out where no server could be reached."""
        try:
            return await self._log_in()
        except BaseException:
            await self._closing.wait()
            raise

    async def _log_in(self) -> LoggedIn:
        self._machine.to(ConnectionState.LOGGING_IN)
        last_error: EngineError | None = None
        try:
            async with asyncio.timeout(self._timing.login_timeout_s) as self._login_deadline:
                while True:
                    try:
                        await self._open_and_log_in()
                        break
                    except EngineError as error:
                        if not error.retryable:
                            raise
                        last_error = error
                    await asyncio.sleep(self._pause_s(last_error))
        except TimeoutError:
            was = self._machine.state
            self._machine.to(ConnectionState.CLOSED)
            if was is ConnectionState.CLOSED:
                problem = "Logged out before the log-in was done."
                raise EngineError.because(ErrorCode.ROOM_NOT_LOGGED_IN, problem) from None
            extended_data = last_error.extended_data if last_error is not None else ""
            raise EngineError(ErrorCode.LOGIN_TIMEOUT, extended_data) from last_error
        except BaseException:
            self._machine.to(ConnectionState.CLOSED)
            raise
        self._machine.to(ConnectionState.ONLINE)
        self._schedule.online(_now_s())
        self._set_online(True)
        return self._logged_in

    def start(self) -> None:
        """From here on the listener is called."""
        self._runner = self._tasks.spawn(self._run(), name="room-connection")

    async def wait_online(self) -> None:
        """For ever when the log-in is over: for tasks of the room, which are cancelled then."""
        await self._online.wait()

    async def wait_online_or_over(self) -> None:
        """Raises EngineError when the log-in is over."""
        await self._online_or_over.wait()
        if self._machine.state is ConnectionState.CLOSED:
            raise EngineError.because(ErrorCode.SOCKET_CLOSED, "The log-in has ended.")

    async def request(self, message: ClientMessage) -> Reply:
        """Waits for the connection if it is being restored. Raises EngineError; SOCKET_CLOSED: perhaps carried out."""
        await self.wait_online_or_over()
        socket = self._socket
        if socket is None:
            raise socket_closed()
        try:
            return (await socket.request(message)).reply
        except EngineError as error:
            if error.error_code == ErrorCode.SOCKET_CLOSED and socket is self._socket:
                self._set_online(False)  # before _run has heard of it: nobody shall try again on the same socket
            raise

    async def close(self) -> None:
        """Logs out if it can and closes the socket."""
        was = self._machine.state
        self._machine.to(ConnectionState.CLOSED)
        self._set_online(False)
        if was is ConnectionState.LOGGING_IN:
            self._login_deadline.reschedule(0)
        if self._runner is not None:
            self._runner.cancel()
            await asyncio.gather(self._runner, return_exceptions=True)
        await self._closing.wait()
        if self._socket is None:
            return
        if was is ConnectionState.ONLINE:
            try:
                await self._socket.request(ClientMessage(logout=Logout()), self._timing.logout_timeout_s)
            except EngineError as error:
                log.info("logout-unanswered", extra={"err_code": error.error_code})
        await self._socket.close()

    async def _run(self) -> None:
        while True:
            assert self._socket is not None  # noqa: S101  # set by login and _reconnect
            quiet, ended = await self._serve(self._socket)
            self._set_online(False)
            self._close_aside(self._socket)
            if ended is not None:
                self._machine.to(ConnectionState.CLOSED)
                self._set_online(False)
                self._listener.on_ended(ended)
                return
            self._machine.to(ConnectionState.RECONNECTING)
            try:
                fresh = await self._reconnect(quiet)
            except EngineError as error:
                self._machine.to(ConnectionState.CLOSED)
                self._set_online(False)
                self._listener.on_ended(error)
                return
            self._machine.to(ConnectionState.ONLINE)
            self._schedule.online(_now_s())
            self._listener.on_reconnected(fresh)
            self._set_online(True)

    async def _serve(self, socket: Socket) -> tuple[bool, EngineError | None]:
        """Until the socket ends: whether that was announced, and the error if the log-in ended with it."""
        heartbeat = self._tasks.spawn(self._beat(socket), name="heartbeat")
        try:
            async for message in socket.messages():
                body = message.WhichOneof("body")
                if message.sequence and message.sequence <= self._seen_sequence:
                    continue
                self._last_sequence = max(self._last_sequence, message.sequence)
                if body == "go_away":
                    return True, None
                if body == "logged_out":
                    logged_out = message.logged_out
                    if logged_out.code not in _FINAL_CODES:
                        return False, None  # the resume is refused, and a new log-in made
                    return False, EngineError(logged_out.code, logged_out.reason, reason=logged_out.reason)
                self._listener.on_message(message)
            return False, None
        finally:
            heartbeat.cancel()

    async def _beat(self, socket: Socket) -> None:
        interval_s = self._logged_in.heartbeat_interval_ms / 1000
        while interval_s > 0:
            await asyncio.sleep(interval_s)
            try:
                await socket.send(ClientMessage(heartbeat=Heartbeat()))
            except EngineError:
                return  # the reader notices too

    async def _reconnect(self, quiet: bool) -> LoggedIn | None:
        """Raises EngineError when the log-in cannot be had back."""
        if not quiet:
            self._listener.on_reconnecting()
        self._schedule.lost(_now_s())
        pause_s = self._schedule.next_s(Trouble.UNREACHABLE, _now_s())
        try:
            async with asyncio.timeout(self._timing.retry_window_s):
                while True:
                    await asyncio.sleep(pause_s)
                    try:
                        return await self._open_and_resume()
                    except EngineError as error:
                        if not error.retryable:
                            raise
                        log.info("reconnect-failed", extra={"err_code": error.error_code})
                        pause_s = self._pause_s(error)
                    if quiet:
                        quiet = False
                        self._listener.on_reconnecting()
        except TimeoutError:
            pass
        problem = "The connection to the room could not be restored in time."
        raise EngineError.because(ErrorCode.RETRY_TIME_EXCEEDED, problem)

    def _pause_s(self, error: EngineError) -> float:
        """Spare servers are tried at once; the pause comes when all were tried."""
        pause_s = self._schedule.next_s(trouble_of(error), _now_s())
        return pause_s if self._attempts % len(self._servers) == 0 else 0.0

    async def _open_and_log_in(self) -> None:
        socket = await self._open(self._timing.open_timeout_s)
        try:
            await self._send_login(socket)
        except BaseException:
            self._close_aside(socket)
            raise
        self._socket = socket

    async def _send_login(self, socket: Socket) -> None:
        welcome = await socket.begin(hello())
        login = await socket.begin(ClientMessage(login=self._login))
        await socket.finish(welcome)
        message = await socket.finish(login)
        logged_in = message.reply.logged_in
        for _ in range(logged_in.pages_to_come):
            page = await socket.page()
            logged_in.users.extend(page.users_changed.users)
            logged_in.streams.extend(page.streams_changed.streams)
        self._logged_in = logged_in
        self._last_sequence = self._seen_sequence = message.sequence

    async def _open_and_resume(self) -> LoggedIn | None:
        socket = await self._open(self._schedule.open_timeout_s)
        try:
            welcome = await socket.begin(hello())
            resume = await socket.begin(ClientMessage(resume=self._resume()))
            await socket.finish(welcome, self._schedule.resume_timeout_s)
            # What comes up to here is a repetition.
            self._seen_sequence = self._last_sequence
            try:
                await socket.finish(resume, self._schedule.resume_timeout_s)
                fresh = None
            except EngineError as error:
                if error.reason != _SESSION_GONE or error.error_code in _FINAL_CODES:
                    raise
                self._close_aside(socket)
                socket = await self._open(self._schedule.open_timeout_s)
                await self._send_login(socket)
                fresh = self._logged_in
        except BaseException:
            self._close_aside(socket)
            raise
        self._socket = socket
        return fresh

    def _resume(self) -> Resume:
        return Resume(
            app_id=self._login.app_id,
            user_id=self._login.user_id,
            session_id=self._logged_in.session_id,
            resume_key=self._logged_in.resume_key,
            last_sequence=self._last_sequence,
        )

    async def _open(self, open_timeout_s: float) -> Socket:
        url = self._servers[self._attempts % len(self._servers)]
        self._attempts += 1
        return await Socket.open(url, self._tasks, self._timing, self._ssl_context, open_timeout_s)

    def _set_online(self, online: bool) -> None:
        """The state comes first: that it is over wakes those who wait, too."""
        for event, is_set in (
            (self._online, online),
            (self._online_or_over, online or self._machine.state is ConnectionState.CLOSED),
        ):
            if is_set:
                event.set()
            else:
                event.clear()

    def _close_aside(self, socket: Socket) -> None:
        """An instance that does not answer is not waited for; `close` sees the last of them out."""
        self._closing.spawn(socket.close(), name="close-socket")


def _now_s() -> float:
    return asyncio.get_running_loop().time()
