"""The connection to NATS, and request/reply over it.

One `Bus` per process. It connects once, reconnects for ever, and says whether it is connected. Everything has a
deadline. What is asked for while NATS is away waits for the connection until its deadline, then raises
`BusUnavailable`.
"""

import asyncio
import secrets
import time
from collections.abc import Callable
from typing import Any, TypeVar

from google.protobuf.message import DecodeError, Message
from nats.aio.msg import Msg
from salon.bus.v1.failure_pb2 import Failure
from salon_contracts.errors import (
    BusUnavailable,
    NobodyServes,
    RequestMalformed,
    RequestTimedOut,
    SalonError,
    from_failure,
)

from salon_kit.bus.endpoint import (
    FAILURE_HEADER,
    REQUEST_ID_HEADER,
    TIMEOUT_HEADER,
    TRACEPARENT_HEADER,
    Endpoint,
    Handler,
    Request,
    operation,
)
from salon_kit.clock import NANOSECONDS, clock_ns
from salon_kit.identity import Identity
from salon_kit.jetstream import JetStream
from salon_kit.log import get_logger
from salon_kit.metrics import BUS_REQUEST_SECONDS, BUS_REQUESTS
from salon_kit.nats.connection import BEAT_S, Connection, ConnectionLost, NoResponders
from salon_kit.nats.permissions import inbox_prefix
from salon_kit.nats.subscription import MessageCallback, Subscription
from salon_kit.settings import BusSettings
from salon_kit.trace import current_traceparent

Reply = TypeVar("Reply", bound=Message)

log = get_logger()


class Bus:
    """`await Bus.connect(...)`, use, `await bus.close()`."""

    def __init__(self, settings: BusSettings, identity: Identity) -> None:
        """Not connected yet: use `Bus.connect`."""
        self.settings = settings
        self.identity = identity
        name = f"{identity.service} {identity.node} {identity.epoch}"
        self.connection = Connection(settings, name, inbox_prefix(settings.user or identity.service))
        """For the modules of the kit."""
        self.jetstream = JetStream(self.connection)
        """For the modules of the kit."""
        self._endpoints: set[Endpoint[Any]] = set()

    @classmethod
    async def connect(cls, settings: BusSettings, identity: Identity, *, timeout_s: float = 10.0) -> "Bus":
        """Connected, or BusUnavailable after `timeout_s`. After that the bus reconnects for ever by itself."""
        bus = cls(settings, identity)
        await bus.connection.open(timeout_s)
        return bus

    @property
    def connected(self) -> bool:
        """Whether NATS can be reached right now."""
        return self.connection.connected

    def on_connection(self, callback: Callable[[bool], None]) -> Callable[[], None]:
        """`callback(True)` after every reconnect, `callback(False)` after every loss; must not block.

        Returns what removes it.
        """
        return self.connection.on_connection(callback)

    async def wait_connected(self, timeout_s: float) -> None:
        """Returns once connected; BusUnavailable after `timeout_s`."""
        await self.connection.wait_connected(timeout_s)

    def in_contact_for(self, seconds: float) -> bool:
        """Whether for the last `seconds`, without a gap, NATS answered and stored what it was given: whoever was
        silent all that time was silent by himself, not for want of a bus or of a disk to renew a lease on."""
        since_ns = self._in_contact_since_ns()
        return since_ns is not None and clock_ns() - since_ns >= seconds * NANOSECONDS

    def _in_contact_since_ns(self) -> int | None:
        heard_ns, works_ns = self.connection.in_contact_since_ns(), self.jetstream.storage.works_since_ns
        return None if heard_ns is None or works_ns is None else max(heard_ns, works_ns)

    async def wait_in_contact_for(self, seconds: float) -> int:
        """Returns once `in_contact_for` is true. What it returns changes with every gap."""
        while True:
            await self.connection.wait_connected(float("inf"))
            since_ns = self._in_contact_since_ns()
            if since_ns is not None and self.in_contact_for(seconds):
                return since_ns
            await asyncio.sleep(BEAT_S)  # nothing says when a gap will end

    async def request(self, subject: str, message: Message, reply_type: type[Reply], timeout_s: float = 2.0) -> Reply:
        """The answer of one server of `subject`.

        Raises whatever SalonError the handler raised; `NobodyServes` at once when nobody listens (the request has
        certainly not been handled: for a relay's subject that is a lost relay); `RequestTimedOut` when no answer came
        in time (it may have been handled); `BusUnavailable` when NATS is away until the deadline or was lost meanwhile;
        a plain `SalonError` when the handler broke or its answer cannot be read.
        """
        name = operation(subject)
        started = time.perf_counter()
        try:
            reply = await self._request(subject, message, reply_type, timeout_s)
        except SalonError as error:
            BUS_REQUESTS.labels(operation=name, result=error.code).inc()
            raise
        BUS_REQUESTS.labels(operation=name, result="ok").inc()
        BUS_REQUEST_SECONDS.labels(operation=name).observe(time.perf_counter() - started)
        return reply

    async def serve(
        self,
        subject: str,
        request_type: type[Request],
        handler: Handler[Request],
        *,
        queue: str = "",
        max_in_flight: int = 64,
        max_waiting: int = 256,
    ) -> Endpoint[Request]:
        """Answers `subject` with `handler` until the returned `Endpoint` is stopped.

        When this returns the server knows of it; without a connection it does as soon as there is one.

        `queue`: instances with the same name share the requests. At most `max_in_flight` handlers run at a time and
        `max_waiting` requests wait; more are refused with `RateLimited`. What cannot be parsed is refused with
        `RequestMalformed`. A SalonError raised by the handler travels to the asker; any other exception is logged,
        counted, and travels as code `internal` without details. A handler is cancelled when its asker's deadline
        has passed.
        """
        endpoint = Endpoint(self.connection, subject, request_type, handler, max_in_flight, max_waiting)
        await endpoint.start(queue, self._endpoints.discard)
        self._endpoints.add(endpoint)
        if self.connected:
            await self.flush()
        return endpoint

    async def publish(self, subject: str, data: bytes, *, reply: str = "") -> None:
        """Hands one bare message to the connection: no headers, no answer, lost if nobody listens.

        `reply`: where NATS says so at once when nobody listens (`is_no_responders`). Raises BusUnavailable.
        """
        await self.connection.publish(subject, data, reply=reply)

    async def subscribe(self, subject: str, callback: MessageCallback, *, max_pending: int = 65_536) -> Subscription:
        """Every bare message on `subject`, one at a time, over reconnects; more than `max_pending` waiting are dropped.

        What `callback` raises is logged and ends nothing. `await subscription.unsubscribe()` ends it.
        """
        return await self.connection.subscribe(subject, callback, max_pending=max_pending)

    async def flush(self, timeout_s: float = 2.0) -> None:
        """Returns once NATS has everything that was sent so far; BusUnavailable otherwise."""
        await self.connection.flush(timeout_s)

    async def close(self, timeout_s: float = 5.0) -> None:
        """Finishes what is in flight until the deadline, then disconnects. Never raises."""
        await asyncio.gather(*(endpoint.stop(timeout_s) for endpoint in list(self._endpoints)), return_exceptions=True)
        if self.connected:
            try:
                await self.flush(min(timeout_s, 2.0))
            except BusUnavailable:
                log.warning("bus-closed-unflushed")
        await self.connection.close()

    async def _request(self, subject: str, message: Message, reply_type: type[Reply], timeout_s: float) -> Reply:
        deadline = time.monotonic() + timeout_s
        await self.connection.wait_connected(timeout_s)
        left_s = max(0.001, deadline - time.monotonic())
        headers = {REQUEST_ID_HEADER: secrets.token_hex(8), TIMEOUT_HEADER: str(round(left_s * 1000))}
        traceparent = current_traceparent()
        if traceparent is not None:
            headers[TRACEPARENT_HEADER] = traceparent
        try:
            answer = await self.connection.roundtrip(
                subject, message.SerializeToString(), headers=headers, timeout_s=left_s
            )
        except NoResponders:
            raise NobodyServes(subject=subject) from None
        except ConnectionLost:
            raise BusUnavailable() from None
        except TimeoutError:
            raise RequestTimedOut(subject=subject, deadline_s=timeout_s) from None
        return _read_answer(answer, reply_type)


def _read_answer(answer: Msg, reply_type: type[Reply]) -> Reply:
    failed = answer.headers is not None and FAILURE_HEADER in answer.headers
    reply: Message = Failure() if failed else reply_type()
    try:
        reply.ParseFromString(answer.data)
    except DecodeError:
        log.error("answer-unreadable", subject=answer.subject, size_bytes=len(answer.data))
        raise SalonError() from None
    if isinstance(reply, Failure):
        raise from_failure(reply)
    if not isinstance(reply, reply_type):
        raise RequestMalformed(problem="the answer is of another type")
    return reply
