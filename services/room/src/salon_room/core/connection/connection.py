"""One WebSocket without the socket: frames in, replies and notices out, at most one log-in.

Inputs are a frame, a finished job, a notice, the end of the log-in, a tick and the socket's end. Apply each, carry out
the outputs in order, then send what `next_frame` gives until it gives None, then close with `close_code` if there is
one. The next tick is due at `deadline_ns` until then. Nothing else changes what a connection is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Generic, assert_never

from google.protobuf.message import Message
from salon.room.v1.signal_pb2 import ClientMessage, Done, GoAway, ServerMessage, Welcome
from salon_contracts.errors import (
    LoggedInElsewhere,
    NotLoggedIn,
    RateLimited,
    RequestMalformed,
    SalonError,
    SessionGone,
)

from salon_room.core.connection import inputs, outputs
from salon_room.core.connection.close_code import CloseCode
from salon_room.core.connection.outputs import Job, Work
from salon_room.core.connection.replies import failed_frame, reply_frame
from salon_room.core.connection.send_queue import SendQueue
from salon_room.core.connection.serial_queue import QueueName, SerialQueue
from salon_room.core.connection.state import ConnectionMachine, ConnectionState, Departure
from salon_room.core.connection.verb import LOGOUT, L, Verb
from salon_room.core.limits import NANOSECONDS, REQUESTS_PER_CONNECTION, Bucket, Rate
from salon_room.core.signal_json import MEMBERS_VALUES_MAX, STRANGERS_VALUES_MAX, decode, encode, request_id_of
from salon_room.error_codes import Asked

PROTOCOL_VERSION = 1
SERVER_VERSION = "0.1.0"
MALFORMED_MAX = 20
FAILED_RESUMES_MAX = 3
"""An honest client that cannot resume logs in; each new connection counts for its address."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Of one connection, as the settings have them."""

    hello_timeout_s: float
    presence_ttl_s: float
    queue_max_frames: int
    queue_max_bytes: int


class Connection(Generic[L]):
    def __init__(self, verbs: Mapping[str, Verb[L]], bounds: Bounds, now_ns: int) -> None:
        """`verbs` by the names of their fields in ClientMessage."""
        self._verbs = verbs
        self._machine = ConnectionMachine()
        self._log_in: L | None = None
        self._is_over = False
        """Its log-in is, by an event."""
        self._queues: dict[QueueName, SerialQueue[Job[L]]] = {name: SerialQueue() for name in QueueName}
        self._send_queue = SendQueue(bounds.queue_max_frames, bounds.queue_max_bytes)
        self._requests = Bucket(REQUESTS_PER_CONNECTION)
        self._rates: dict[Rate, Bucket] = {}
        self._malformed = 0
        self._failed_resumes = 0
        self._presence_ttl_ns = round(bounds.presence_ttl_s * NANOSECONDS)
        self._must_be_in_at_ns: int | None = now_ns + round(bounds.hello_timeout_s * NANOSECONDS)
        """None: the time for logging in is over, another attempt needs another connection."""
        self._received_at_ns = now_ns
        self._departure = Departure.NONE
        self._is_logging_out = False
        """Logout is under way: it brings the log-in to its end, whatever becomes of the connection meanwhile."""
        self._is_gone = False
        """The socket is no more."""
        self._now_ns = now_ns
        self._out: list[outputs.Output[L]] = []
        self.close_code: CloseCode | None = None

    @property
    def deadline_ns(self) -> int:
        """When to tick next, unless it has moved by then; of no use once there is a `close_code`."""
        return self._must_be_in_at_ns or self._received_at_ns + self._presence_ttl_ns

    def next_frame(self) -> str | None:
        frame = self._send_queue.take()
        if frame is None:
            self._close_if_over()
        return frame

    def apply(self, happened: inputs.Input[L], now_ns: int) -> Sequence[outputs.Output[L]]:
        """Raises InvariantBroken for a bug: apply Failed then."""
        self._out, self._now_ns = [], now_ns
        match happened:
            case inputs.Notified(frame):
                self._queue(frame, is_notice=True)
            case inputs.FrameReceived(text):
                self._frame_received(text)
            case inputs.Finished(job, outcome):
                self._queues[job.queue].finish()
                self._finished(job, outcome)
                self._begin_next(job.queue)
            case inputs.Failed(job):
                self._failed(job)
            case inputs.LogInEnded(end):
                self._log_in_ended(end)
            case inputs.Ticked():
                self._ticked()
            case inputs.InstanceStops():
                self._queue(encode(ServerMessage(go_away=GoAway())))
                self._close(CloseCode.GOING_AWAY)
            case inputs.SocketClosed(code):
                self._socket_closed(code)
            case _:
                assert_never(happened)
        return self._out

    # ---- frames ----

    def _frame_received(self, text: str | None) -> None:
        if self._machine.is_closed:
            return
        self._received_at_ns = self._now_ns
        if text is None:
            self._close(CloseCode.NOT_TEXT)
            return
        try:
            is_in = self._machine.state is ConnectionState.LOGGED_IN
            message = decode(text, MEMBERS_VALUES_MAX if is_in else STRANGERS_VALUES_MAX)
            kind = message.WhichOneof("body")
            if kind is None or (message.request_id == 0 and kind != "heartbeat"):
                raise RequestMalformed(problem="no body known here, or no requestId")
        except RequestMalformed as error:
            self._malformed_frame(request_id_of(text), error)
            return
        try:
            self._requests.take(self._now_ns)
            self._dispatch(kind, message)
        except SalonError as error:
            self._fail(message.request_id, kind, error)

    def _malformed_frame(self, request_id: int, error: RequestMalformed) -> None:
        self._malformed += 1
        self._fail(request_id, "malformed", error)
        if self._malformed >= MALFORMED_MAX:
            self._close(CloseCode.MALFORMED)

    def _dispatch(self, kind: str, message: ClientMessage) -> None:
        """Raises the SalonError to answer with, if it is clear at once."""
        match kind:
            case "hello":
                self._hello(message)
            case "login" | "resume":
                self._machine.require_login_allowed()
                self._machine.enter(ConnectionState.LOGGING_IN)
                self._is_over = False
                self._send_queue.hold()
                work, body = (Work.LOG_IN, message.login) if kind == "login" else (Work.RESUME, message.resume)
                self._put(Job(work, QueueName.REQUESTS, kind, message.request_id, body))
            case "heartbeat":
                self._machine.require_logged_in()
                self._out.append(outputs.ClientLives())
                if message.request_id:
                    self._reply(message.request_id, kind, Done())
            case _:
                self._request(kind, message)

    def _hello(self, message: ClientMessage) -> None:
        self._machine.require_hello_allowed()
        if PROTOCOL_VERSION not in message.hello.protocol_versions:
            raise RequestMalformed(problem=f"this server speaks protocol version {PROTOCOL_VERSION}")
        self._machine.enter(ConnectionState.GREETED)
        welcome = Welcome(protocol_version=PROTOCOL_VERSION, server_version=SERVER_VERSION)
        self._reply(message.request_id, "hello", welcome)

    def _request(self, kind: str, message: ClientMessage) -> None:
        is_logging_in = self._machine.state is ConnectionState.LOGGING_IN
        if not is_logging_in:
            self._machine.require_logged_in()
        verb = self._verbs.get(kind)
        if verb is None:
            raise RequestMalformed(problem="the request is not known")
        if verb.rate is not None:
            self._rates.setdefault(verb.rate, Bucket(verb.rate)).take(self._now_ns)
        if kind == LOGOUT:
            self._departure = Departure.CERTAIN
        # What is sent behind Login waits for it.
        at_once = verb.queue is QueueName.MESSAGES and not is_logging_in
        queue = verb.queue if at_once else QueueName.REQUESTS
        self._put(Job(Work.REQUEST, queue, kind, message.request_id, getattr(message, kind), verb))

    # ---- jobs ----

    def _put(self, job: Job[L]) -> None:
        """Raises RateLimited."""
        self._queues[job.queue].put(job)
        self._begin_next(job.queue)

    def _begin_next(self, name: QueueName) -> None:
        queue = self._queues[name]
        while (job := queue.begin_next()) is not None:
            if self._begins(job):
                return
            queue.finish()

    def _begins(self, job: Job[L]) -> bool:
        """False: it is answered already, or goes on in another queue."""
        if job.work is Work.REQUEST:
            return self._request_begins(job)
        if job.work is Work.RESUME and self._failed_resumes >= FAILED_RESUMES_MAX:
            limit = f"{FAILED_RESUMES_MAX} attempts to resume that failed on one connection"
            self._not_logged_in(job, RateLimited(limit=limit))
            return False
        self._out.append(outputs.Start(job))
        return True

    def _request_begins(self, job: Job[L]) -> bool:
        try:
            if self._log_in is None or self._machine.state is not ConnectionState.LOGGED_IN:
                raise NotLoggedIn
            if job.queue is QueueName.REQUESTS and job.verb is not None and job.verb.queue is QueueName.EFFECTS:
                self._put(replace(job, queue=QueueName.EFFECTS))
                return False
        except SalonError as error:
            self._fail(job.request_id, job.kind, error)
            return False
        if job.kind == LOGOUT:
            self._machine.enter(ConnectionState.LEAVING)
            self._is_logging_out = True
        self._out.append(outputs.Start(replace(job, log_in=self._log_in)))
        return True

    def _finished(self, job: Job[L], outcome: Message | inputs.Entry[L] | SalonError | None) -> None:
        if isinstance(outcome, inputs.Entry):
            self._entered(job, outcome)
        elif job.work in (Work.LOG_IN, Work.RESUME) and isinstance(outcome, SalonError):
            self._not_logged_in(job, outcome)
        elif isinstance(outcome, SalonError):
            self._fail(job.request_id, job.kind, outcome)
        elif outcome is not None:
            self._reply(job.request_id, job.kind, outcome)
        if job.kind == LOGOUT:
            self._logged_out(is_done=not isinstance(outcome, SalonError))

    def _logged_out(self, *, is_done: bool) -> None:
        """Even if the bus was away: the client leaves, and its lease runs out."""
        self._is_logging_out = False
        if self._log_in is not None and (is_done or self._is_gone):
            if not is_done:
                self._out.append(outputs.LetGo(self._log_in, is_over=False))
            self._forget()
            self._queues[QueueName.REQUESTS].drop_waiting()
        self._close(CloseCode.NORMAL)

    def _failed(self, job: Job[L] | None) -> None:
        if job is not None:
            self._queues[job.queue].finish()
        for queue in self._queues.values():
            queue.drop_waiting()
        self._close(CloseCode.INTERNAL)
        if job is not None and job.kind == LOGOUT:
            self._logged_out(is_done=False)

    # ---- the log-in ----

    def _entered(self, job: Job[L], entry: inputs.Entry[L]) -> None:
        if self._machine.is_closed:  # a new one nobody was told of is ended, a resumed one goes on
            if job.work is Work.LOG_IN:
                self._departure = Departure.CERTAIN
            self._part(entry.log_in)
            return
        self._machine.enter(ConnectionState.LOGGED_IN)
        self._log_in = entry.log_in
        self._out.append(outputs.Entered(entry.log_in))
        self._out.append(outputs.Answered(job.kind, "ok"))
        self._queue(entry.reply)
        self._send_queue.catch_up(entry.missed)

    def _not_logged_in(self, job: Job[L], error: SalonError) -> None:
        if self._machine.state is ConnectionState.LOGGING_IN:
            self._machine.enter(ConnectionState.GREETED)
            self._send_queue.release()
        if job.work is Work.RESUME and isinstance(error, SessionGone | LoggedInElsewhere):
            self._failed_resumes += 1
        self._fail(job.request_id, job.kind, error)
        if self._must_be_in_at_ns is None:
            self._close(CloseCode.LOGIN_TIMEOUT)

    def _log_in_ended(self, end: inputs.End) -> None:
        if end is inputs.End.RESUMED_ELSEWHERE:
            self._close(CloseCode.RESUMED_ELSEWHERE, discard=True)
        else:
            self._is_over = True
            self._close_if_over()

    def _close_if_over(self) -> None:
        """What was held back is told first, the end being the last of it."""
        is_in = self._machine.state is ConnectionState.LOGGED_IN
        if self._is_over and is_in and not self._send_queue.is_catching_up:
            self._close(CloseCode.LOGGED_OUT)

    def _part(self, log_in: L) -> None:
        """The log-in goes on without this connection, unless it is over or the client leaves; that after what is under
        way."""
        if self._is_over or self._departure is Departure.NONE:
            self._out.append(outputs.LetGo(log_in, is_over=self._is_over))
        else:
            work = Work.LEAVE if self._departure is Departure.CERTAIN else Work.LEAVE_UNLESS_RESUMED
            self._put(Job(work, QueueName.REQUESTS, log_in=log_in))

    def _forget(self) -> None:
        self._log_in = None
        self._out.append(outputs.Left())

    # ---- time and end ----

    def _ticked(self) -> None:
        if self._must_be_in_at_ns is not None and self._now_ns >= self._must_be_in_at_ns:
            self._must_be_in_at_ns = None
            if self._machine.state in (ConnectionState.CONNECTED, ConnectionState.GREETED):
                self._close(CloseCode.LOGIN_TIMEOUT)
        if self._now_ns - self._received_at_ns >= self._presence_ttl_ns:
            self._close(CloseCode.HEARTBEAT_TIMEOUT)

    def _socket_closed(self, code: int | None) -> None:
        """A log-in goes on until its lease runs out, unless it is over."""
        if self._is_gone:
            return
        self._is_gone = True
        # Not if we were first: our code comes back in the answer.
        if code == CloseCode.GOING_AWAY and not self._machine.is_closed and self._departure is Departure.NONE:
            self._departure = Departure.LIKELY
        for queue in self._queues.values():
            queue.drop_waiting()
        self._send_queue.close(discard=True)
        self._machine.close()
        if self._log_in is not None and not self._is_logging_out:  # else `_logged_out` brings it to its end
            log_in = self._log_in
            self._forget()
            self._part(log_in)

    def _close(self, code: CloseCode, *, discard: bool = False) -> None:
        if self._machine.close():
            self.close_code = code
            self._send_queue.close(discard=discard)

    # ---- replies ----

    def _reply(self, request_id: int, kind: str, result: Message) -> None:
        frame = reply_frame(request_id, result)
        self._out.append(outputs.Answered(kind, "ok"))
        self._queue(frame)

    def _fail(self, request_id: int, kind: str, error: SalonError) -> None:
        verb = self._verbs.get(kind)
        self._out.append(outputs.Answered(kind, error.code))
        self._queue(failed_frame(request_id, error, Asked.ROOM if verb is None else verb.asked))

    def _queue(self, frame: str, *, is_notice: bool = False) -> None:
        put = self._send_queue.put_notice if is_notice else self._send_queue.put
        if not put(frame):
            self._out.append(outputs.FellBehind())
            self._close(CloseCode.TOO_SLOW, discard=True)
