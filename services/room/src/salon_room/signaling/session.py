"""One WebSocket: frames in, replies and notices out, at most one log-in."""

import asyncio
import time
from collections import deque
from collections.abc import Callable

from salon.room.v1.events_pb2 import ClientKind, LogoutReason
from salon.room.v1.signal_pb2 import ClientMessage, Done, GoAway, Login, Resume, Resumed, ServerMessage, Welcome
from salon_contracts.errors import NotLoggedIn, RateLimited, RequestMalformed, SalonError
from salon_contracts.ids import parse_app_id, parse_room_id, parse_user_id, parse_user_name
from salon_kit.http.websocket import reading_of
from salon_kit.log import bound, get_logger
from salon_kit.trace import begin_trace
from starlette.websockets import WebSocket, WebSocketDisconnect

from salon_room import metrics
from salon_room.core.limits import (
    EFFECTS_PER_CONNECTION,
    OFFERS_PER_CONNECTION,
    REQUESTS_PER_CONNECTION,
    Bucket,
)
from salon_room.core.session_state import Departure, SessionMachine, SessionState
from salon_room.core.signal_json import MEMBERS_VALUES_MAX, STRANGERS_VALUES_MAX, decode, encode, request_id_of
from salon_room.members.lease_renewer import LeaseRenewer
from salon_room.members.logins import LoginRequest
from salon_room.members.participant import Participant
from salon_room.quotas import client_address
from salon_room.signaling.allowances import MEMBER
from salon_room.signaling.requests import OFFERING, Result, Verbs, failed_frame, logged_in_frames, perform, reply_frame
from salon_room.signaling.send_queue import CloseCode, SendQueue
from salon_room.signaling.serial_queue import SerialQueue

log = get_logger()

PROTOCOL_VERSION = 1
SERVER_VERSION = "0.1.0"
MALFORMED_MAX = 20


class Session:
    """`await session.run()` from the accepted socket to its end."""

    def __init__(self, socket: WebSocket, verbs: Verbs, on_entered: Callable[[], None]) -> None:
        """`on_entered` is called when it has a log-in."""
        settings = verbs.settings
        self._socket = socket
        self._address = client_address(socket)
        self._verbs = verbs
        self._send_queue = SendQueue(socket, settings.queue_max_frames, settings.queue_max_bytes)
        self._machine = SessionMachine()
        self._who: Participant | None = None
        self._requests_queue = SerialQueue("session-requests", verbs.background.spawn, self._bug)
        self._message_queue = SerialQueue("session-messages", verbs.background.spawn, self._bug)
        self._effects_queue = SerialQueue("session-effects", verbs.background.spawn, self._bug)
        """Turning effects on takes a relay up to 2 s, in which others may go on."""
        self._requests = Bucket(REQUESTS_PER_CONNECTION)
        self._on_entered = on_entered
        self._offers = Bucket(OFFERS_PER_CONNECTION)
        self._effects = Bucket(EFFECTS_PER_CONNECTION)
        self._malformed = 0
        self._heard_at_ns = time.monotonic_ns()
        self._lease_renewer: LeaseRenewer | None = None
        self._departure = Departure.NONE
        self._must_be_in = False
        """The time for logging in is over: another attempt needs another connection."""

    async def run(self) -> None:
        reader = asyncio.create_task(self._read(), name="session-reader")
        sender = asyncio.create_task(self._send_queue.run(), name="session-sender")
        watchdog = asyncio.create_task(self._watch(), name="session-watchdog")
        tasks = (reader, sender, watchdog)
        try:
            done, _ = await asyncio.wait((reader, sender), return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                if (bug := task.exception()) is not None:
                    self._bug(bug)
                    await asyncio.wait((sender,))
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._gone()

    def _gone(self) -> None:
        """The socket is no more. A log-in goes on until its lease runs out, unless it is over."""
        self._send_queue.close(CloseCode.NORMAL, discard=True)
        self._requests_queue.drop_waiting()
        self._message_queue.drop_waiting()
        self._effects_queue.drop_waiting()
        being_logged_out = self._machine.state is SessionState.LEAVING
        if self._machine.state is not SessionState.CLOSED:
            self._machine.enter(SessionState.CLOSED)
        who = self._who
        if who is None or being_logged_out:  # `_carry_out` brings it to its end
            return
        self._forget()
        self._let_go(who)

    def _let_go(self, who: Participant) -> None:
        """The log-in goes on without this connection, unless it is over or the client leaves; that after what is under
        way."""
        if who.ended_by_event or self._departure is Departure.NONE:
            self._verbs.logouts.let_go(who, is_over=who.ended_by_event)
        elif self._departure is Departure.CERTAIN:
            self._requests_queue.put(lambda: self._verbs.logouts.leave(who))
        else:
            self._requests_queue.put(lambda: self._verbs.logouts.leave_unless_resumed(who))

    def _forget(self) -> None:
        self._who = self._lease_renewer = None
        metrics.SESSIONS.dec()

    def _bug(self, bug: BaseException) -> None:
        log.error("session-failed", exc_info=bug)
        metrics.BUGS.inc()
        self._close(CloseCode.INTERNAL)

    def _close(self, code: CloseCode, *, discard: bool = False) -> None:
        if self._machine.close():
            metrics.CLOSES.labels(code=str(code.value)).inc()
            self._send_queue.close(code, discard=discard)

    # ---- ParticipantPort: what the room says ----

    def hear(self, frame: str, ends_session: bool) -> None:
        if self._queue(frame) and ends_session and self._machine.state is SessionState.LOGGED_IN:
            self._close(CloseCode.LOGGED_OUT)

    def fell_behind(self) -> None:
        self._close(CloseCode.TOO_SLOW, discard=True)

    def session_ended(self) -> None:
        if self._machine.state is SessionState.LOGGED_IN:
            self._close(CloseCode.LOGGED_OUT)

    def session_resumed_elsewhere(self) -> None:
        self._close(CloseCode.RESUMED_ELSEWHERE, discard=True)

    def transport_lost(self, name: str) -> None:
        """The client is told by a notice."""

    def go_away(self) -> None:
        """This instance stops."""
        self._send_queue.put(encode(ServerMessage(go_away=GoAway())))
        self._close(CloseCode.GOING_AWAY)

    # ---- time ----

    async def _watch(self) -> None:
        settings = self._verbs.settings
        await asyncio.sleep(settings.hello_timeout_s)
        if self._machine.state in (SessionState.CONNECTED, SessionState.GREETED):
            self._close(CloseCode.LOGIN_TIMEOUT)
            return
        self._must_be_in = True
        while True:
            silent_s = (time.monotonic_ns() - self._heard_at_ns) / 1e9
            if silent_s >= settings.presence_ttl_s:
                self._close(CloseCode.HEARTBEAT_TIMEOUT)
                return
            await asyncio.sleep(settings.presence_ttl_s - silent_s)

    def renew_now(self) -> None:
        """The bus is back."""
        if self._lease_renewer is not None:
            self._lease_renewer.renew_now()

    # ---- requests ----

    async def _read(self) -> None:
        while True:
            try:
                received = await self._socket.receive()
            except (WebSocketDisconnect, RuntimeError):
                return
            if received["type"] == "websocket.disconnect":
                self._closed_by_client(received.get("code"))
                return
            text = received.get("text")
            if self._machine.state is not SessionState.CLOSED:
                self._heard_at_ns = time.monotonic_ns()
                if text is None:
                    self._close(CloseCode.NOT_TEXT)
                else:
                    self._frame(text)

    def _closed_by_client(self, code: int | None) -> None:
        """Not if we were first: our code comes back in the answer."""
        is_first = self._send_queue.close_code is None
        if is_first and code == CloseCode.GOING_AWAY and self._departure is Departure.NONE:
            self._departure = Departure.LIKELY

    def _frame(self, text: str) -> None:
        try:
            is_in = self._machine.state is SessionState.LOGGED_IN
            message = decode(text, MEMBERS_VALUES_MAX if is_in else STRANGERS_VALUES_MAX)
            kind = message.WhichOneof("body")
            if kind is None or (message.request_id == 0 and kind != "heartbeat"):
                raise RequestMalformed(problem="no body known here, or no requestId")
        except RequestMalformed as error:
            self._malformed_frame(request_id_of(text), error)
            return
        try:
            self._requests.take(time.monotonic_ns())
            self._dispatch(kind, message)
        except SalonError as error:
            self._fail(message.request_id, kind, error)

    def _malformed_frame(self, request_id: int, error: RequestMalformed) -> None:
        metrics.MALFORMED.inc()
        self._malformed += 1
        self._fail(request_id, "malformed", error)
        if self._malformed >= MALFORMED_MAX:
            self._close(CloseCode.MALFORMED)

    def _dispatch(self, kind: str, message: ClientMessage) -> None:
        """Raises the SalonError to answer with, if it is clear at once."""
        request_id = message.request_id
        if kind == "hello":
            self._hello(message)
        elif kind in ("login", "resume"):
            self._machine.require_login_allowed()
            self._machine.enter(SessionState.LOGGING_IN)
            if kind == "login":
                self._requests_queue.put(lambda: self._login(request_id, message.login))
            else:
                self._requests_queue.put(lambda: self._resume(request_id, message.resume))
        elif kind == "heartbeat":
            self._machine.require_logged_in()
            if self._lease_renewer is not None:
                self._lease_renewer.beat()
            if request_id:
                self._reply(request_id, kind, Done())
        elif kind == "send_message" and self._machine.state is not SessionState.LOGGING_IN:
            self._machine.require_logged_in()
            self._message_queue.put(lambda: self._carry_out(request_id, kind, message))
        else:
            if self._machine.state is not SessionState.LOGGING_IN:
                self._machine.require_logged_in()
            if kind in OFFERING:
                self._offers.take(time.monotonic_ns())
            if kind == "set_effects":
                self._effects.take(time.monotonic_ns())
                self._requests_queue.put(lambda: self._after_what_came_before(request_id, kind, message))
                return
            if kind == "logout":
                self._departure = Departure.CERTAIN
            self._requests_queue.put(lambda: self._carry_out(request_id, kind, message))

    async def _after_what_came_before(self, request_id: int, kind: str, message: ClientMessage) -> None:
        """On a lane of its own from here: what was sent before it, such as Publish, is done; what comes after it need
        not wait."""
        try:
            self._effects_queue.put(lambda: self._carry_out(request_id, kind, message))
        except RateLimited as error:
            self._fail(request_id, kind, error)

    def _hello(self, message: ClientMessage) -> None:
        self._machine.require_hello_allowed()
        if PROTOCOL_VERSION not in message.hello.protocol_versions:
            raise RequestMalformed(problem=f"this server speaks protocol version {PROTOCOL_VERSION}")
        self._machine.enter(SessionState.GREETED)
        self._reply(
            message.request_id, "hello", Welcome(protocol_version=PROTOCOL_VERSION, server_version=SERVER_VERSION)
        )

    async def _login(self, request_id: int, login: Login) -> None:
        begin_trace()
        started_ns = time.monotonic_ns()
        try:
            request = LoginRequest(
                app_id=parse_app_id(login.app_id),
                room_id=parse_room_id(login.room_id),
                user_id=parse_user_id(login.user_id),
                user_name=parse_user_name(login.user_name),
                wants_user_updates=login.user_update,
                max_member_count=login.max_member_count,
                client=ClientKind.CLIENT_KIND_WEBSOCKET,
                address=self._address,
            )
            with bound(app_id=request.app_id, room_id=request.room_id, user_id=request.user_id):
                who = await self._verbs.logins.log_in(request, login.token, self)
        except SalonError as error:
            metrics.LOGINS.labels(result=error.code).inc()
            self._not_logged_in(request_id, "login", error)
            return
        metrics.LOGINS.labels(result="ok").inc()
        metrics.LOGIN_SECONDS.observe((time.monotonic_ns() - started_ns) / 1e9)
        if not await self._enter(who, wanted=True):
            return
        reply, *pages = logged_in_frames(request_id, who, self._verbs.settings)
        who.held = deque() if pages else None
        self._queue(reply)
        await self._tell_missed(who, pages)
        log.info(
            "user-logged-in", app_id=who.app_id, room_id=who.room_id, user_id=who.user_id, session_id=who.session_id
        )

    async def _resume(self, request_id: int, resume: Resume) -> None:
        begin_trace()
        try:
            app_id, user_id = parse_app_id(resume.app_id), parse_user_id(resume.user_id)
            self._verbs.quotas.attempt(self._address)
            who, missed = await self._verbs.resumes.resume(
                app_id, user_id, resume.session_id, resume.resume_key, resume.last_sequence, self
            )
        except SalonError as error:
            metrics.RESUMES.labels(result=error.code).inc()
            self._not_logged_in(request_id, "resume", error)
            return
        metrics.RESUMES.labels(result="ok").inc()
        if not await self._enter(who, wanted=False):
            return
        self._reply(
            request_id, "resume", Resumed(room_session_id=who.view.key.room_session_id, missed_count=len(missed))
        )
        await self._tell_missed(who, missed)
        ids = {"app_id": who.app_id, "room_id": who.room_id, "user_id": who.user_id, "session_id": who.session_id}
        log.info("user-resumed", **ids, count=len(missed))

    async def _tell_missed(self, who: Participant, missed: list[str]) -> None:
        """As fast as the client reads; what happens meanwhile waits behind it, within its own bound."""
        waiting = deque((frame, False) for frame in missed)
        while who.held is not None:
            if not waiting:
                waiting = who.held
                if not waiting:
                    who.held = None
                    if who.ended_by_event:
                        self._close(CloseCode.LOGGED_OUT)
                    return
            if not await self._send_queue.room():
                return
            self.hear(*waiting.popleft())

    async def _enter(self, who: Participant, *, wanted: bool) -> bool:
        """False: the socket went away meanwhile. A new log-in nobody was told of is ended, a resumed one goes on."""
        if self._machine.state is SessionState.CLOSED:
            if wanted:
                await self._verbs.logouts.log_out(who, LogoutReason.LOGOUT_REASON_LEFT)
            else:
                self._let_go(who)
            return False
        self._machine.enter(SessionState.LOGGED_IN)
        reading_of(self._socket.scope).allow(MEMBER)
        self._on_entered()
        self._who = who
        who.address = self._address
        self._lease_renewer = LeaseRenewer(self._verbs.presence, self._verbs.logouts, self._verbs.background.spawn, who)
        metrics.SESSIONS.inc()
        if who.ended_by_event and who.held is None:
            self._close(CloseCode.LOGGED_OUT)
        return True

    def _not_logged_in(self, request_id: int, kind: str, error: SalonError) -> None:
        if self._machine.state is SessionState.LOGGING_IN:
            self._machine.enter(SessionState.GREETED)
        self._fail(request_id, kind, error)
        if self._must_be_in:
            self._close(CloseCode.LOGIN_TIMEOUT)

    async def _carry_out(self, request_id: int, kind: str, message: ClientMessage) -> None:
        begin_trace()
        who = self._who
        if who is None or self._machine.state is not SessionState.LOGGED_IN:
            self._fail(request_id, kind, NotLoggedIn())
            return
        if kind == "logout":
            self._machine.enter(SessionState.LEAVING)
        try:
            result = await perform(self._verbs, who, kind, message)
        except SalonError as error:
            self._fail(request_id, kind, error)
            if kind == "logout" and self._machine.is_closed:  # the socket is gone already
                self._forget()
                self._verbs.logouts.let_go(who, is_over=False)
        else:
            self._reply(request_id, kind, result)
            if kind == "logout":
                self._forget()
        if kind == "logout":
            # Even if the bus was away: the client leaves, and its lease runs out.
            self._close(CloseCode.NORMAL)

    # ---- replies ----

    def _reply(self, request_id: int, kind: str, result: Result) -> None:
        self._queue(reply_frame(request_id, kind, result))

    def _fail(self, request_id: int, kind: str, error: SalonError) -> None:
        self._queue(failed_frame(request_id, kind, error))

    def _queue(self, frame: str) -> bool:
        if self._send_queue.put(frame):
            return True
        log.warning("reader-too-slow")
        self._close(CloseCode.TOO_SLOW, discard=True)
        return False
