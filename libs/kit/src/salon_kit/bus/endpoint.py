"""One subject that is answered: bounded, with deadlines, and deaf to nobody's bad input."""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from google.protobuf.message import DecodeError, Message
from nats.aio.msg import Msg
from salon_contracts.errors import BusUnavailable, RateLimited, RequestMalformed, SalonError, to_failure

from salon_kit.log import bound, get_logger
from salon_kit.metrics import BUS_IN_FLIGHT, BUS_SERVE_SECONDS, BUS_SERVED
from salon_kit.nats.connection import Connection
from salon_kit.nats.subscription import Subscription
from salon_kit.trace import current_traceparent, set_cause

log = get_logger()

Request = TypeVar("Request", bound=Message)

FAILURE_HEADER = "salon-failure"
REQUEST_ID_HEADER = "salon-request-id"
TIMEOUT_HEADER = "salon-timeout-ms"
TRACEPARENT_HEADER = "traceparent"
DEFAULT_TIMEOUT_S = 5.0
MAX_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class RequestContext:
    """What came beside a request."""

    subject: str
    request_id: str
    """The cause of every event that its handler, and what that starts, appends."""
    headers: Mapping[str, str]
    traceparent: str | None
    deadline_ns: int
    """time.monotonic_ns() after which nobody waits for the answer any more."""


Handler = Callable[[Request, RequestContext], Awaitable[Message]]


def operation(subject: str) -> str:
    """`salon.cmd.v1.relay.<node>.negotiate` -> `relay.negotiate`: without the node, for metrics."""
    tokens = subject.split(".")
    return f"{tokens[3]}.{tokens[-1]}" if len(tokens) >= 5 and tokens[0] == "salon" else "other"


class Endpoint(Generic[Request]):
    """A subject this process answers on; made by `Bus.serve`."""

    def __init__(
        self,
        connection: Connection,
        subject: str,
        request_type: type[Request],
        handler: Handler[Request],
        max_in_flight: int,
        max_waiting: int,
    ) -> None:
        self._connection = connection
        self._subject = subject
        self._operation = operation(subject)
        self._request_type = request_type
        self._handler = handler
        self._limit = max_in_flight + max_waiting
        self._slots = asyncio.Semaphore(max_in_flight)
        self._tasks: set[asyncio.Task[None]] = set()
        self._subscription: Subscription | None = None
        self.quiet = asyncio.Event()
        """Set once nothing new can come."""
        self._stopped: Callable[[Endpoint[Any]], None] = lambda _: None

    async def start(self, queue: str, stopped: "Callable[[Endpoint[Any]], None]") -> None:
        self._stopped = stopped
        self._subscription = await self._connection.subscribe(self._subject, self._take, queue=queue)

    @property
    def in_flight(self) -> int:
        """Requests being handled or waiting for their turn."""
        return len(self._tasks)

    async def stop(self, deadline_s: float = 5.0) -> None:
        """Takes no new request, lets those in flight finish until the deadline, then cancels them."""
        subscription, self._subscription = self._subscription, None
        if subscription is None:
            return
        await subscription.drain(lambda: self._connection.flush(deadline_s), deadline_s)
        self.quiet.set()
        self._stopped(self)
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=deadline_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _take(self, message: Msg) -> None:
        if len(self._tasks) >= self._limit:
            await self._refuse(message, RateLimited(limit=f"{self._limit} at a time"))
            return
        arrived = time.monotonic()
        task = asyncio.create_task(self._answer(message, arrived), name=f"serve {self._operation}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, message: Msg, arrived: float) -> None:
        headers = message.headers or {}
        deadline = arrived + _timeout_s(headers.get(TIMEOUT_HEADER))
        try:
            async with asyncio.timeout(deadline - time.monotonic()):
                async with self._slots:
                    BUS_IN_FLIGHT.labels(operation=self._operation).inc()
                    try:
                        await self._handle(message, headers, deadline)
                    finally:
                        BUS_IN_FLIGHT.labels(operation=self._operation).dec()
        except TimeoutError:
            BUS_SERVED.labels(operation=self._operation, result="request-timed-out").inc()

    async def _handle(self, message: Msg, headers: Mapping[str, str], deadline: float) -> None:
        started = time.perf_counter()
        request = self._request_type()
        try:
            request.ParseFromString(message.data)
        except DecodeError:
            await self._refuse(message, RequestMalformed(problem=f"not a {request.DESCRIPTOR.name}"))
            return
        request_id = headers.get(REQUEST_ID_HEADER) or secrets.token_hex(8)
        set_cause(request_id, headers.get(TRACEPARENT_HEADER))
        context = RequestContext(
            subject=message.subject,
            request_id=request_id,
            headers=headers,
            traceparent=current_traceparent(),
            deadline_ns=round(deadline * 1e9),
        )
        with bound(subject=message.subject, request_id=context.request_id):
            try:
                answer = await self._handler(request, context)
                if message.reply:
                    await self._connection.publish(message.reply, answer.SerializeToString())
            except SalonError as error:
                await self._refuse(message, error)
                return
            except Exception as error:
                log.exception("handler-failed", err_code=type(error).__name__)
                await self._refuse(message, SalonError())
                return
        BUS_SERVED.labels(operation=self._operation, result="ok").inc()
        BUS_SERVE_SECONDS.labels(operation=self._operation).observe(time.perf_counter() - started)

    async def _refuse(self, message: Msg, error: SalonError) -> None:
        BUS_SERVED.labels(operation=self._operation, result=error.code).inc()
        if not message.reply:
            return
        try:
            await self._connection.publish(
                message.reply, to_failure(error).SerializeToString(), headers={FAILURE_HEADER: error.code}
            )
        except BusUnavailable:
            log.warning("answer-lost", subject=self._subject)


def _timeout_s(text: str | None) -> float:
    if text is None or not text.isdecimal() or len(text) > 9:
        return DEFAULT_TIMEOUT_S
    return min(int(text) / 1000, MAX_TIMEOUT_S)
