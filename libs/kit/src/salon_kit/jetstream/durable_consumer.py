"""Hands each message of a stream to one process: a durable pull consumer that all with the same name share.

A message in hand is kept from being given to somebody else until it is acknowledged, or this process dies, or MAX_HOLD
times the ack wait have passed. What is not wanted is acknowledged at once: the server cannot filter by header.
"""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Callable, Sequence

from nats.aio.msg import Msg
from salon_contracts.errors import BusUnavailable

from salon_kit.jetstream.api import JetStream, JetStreamError
from salon_kit.jetstream.message import RawMessage, nanoseconds, raw_message, status_of
from salon_kit.log import get_logger
from salon_kit.nats.connection import Connection, ConnectionLost, NoResponders

log = get_logger()

BATCH = 64
PULL_S = 5.0
RETRY_S = 0.2
MAX_HOLD = 6
MAX_ACK_PENDING = 4096


class HeldMessage:
    """Handle it, then `ack`; without that somebody else gets it."""

    def __init__(self, connection: Connection, message: Msg, settled: "Callable[[HeldMessage], None]") -> None:
        self.raw: RawMessage = raw_message(message)
        self.held_since = time.monotonic()
        self._connection = connection
        self._reply = message.reply
        self._settled = settled

    async def ack(self, timeout_s: float = 2.0) -> None:
        """Handled: nobody else gets it. BusUnavailable: somebody will, so handling must be repeatable."""
        self._settled(self)
        try:
            await self._connection.roundtrip(self._reply, b"+ACK", timeout_s=timeout_s)
        except (NoResponders, ConnectionLost, TimeoutError):
            raise BusUnavailable() from None

    async def retry_later(self, delay_s: float = 1.0) -> None:
        """Not handled: whoever is free gets it again after `delay_s`."""
        self._settled(self)
        await self._connection.publish(self._reply, b"-NAK " + json.dumps({"delay": nanoseconds(delay_s)}).encode())

    def give_up(self) -> None:
        """Not handled, and it cannot be said: it comes again when the ack wait has passed."""
        self._settled(self)

    async def hold(self) -> None:
        """Tells the server that it is still being handled."""
        await self._connection.publish(self._reply, b"+WPI")


class DurableConsumer:
    """`async for held in consumer.messages(): …; await held.ack()`, oldest first, until the iterator is closed."""

    def __init__(
        self,
        jetstream: JetStream,
        stream: str,
        name: str,
        filters: Sequence[str],
        *,
        replicas: int,
        ack_wait_s: float = 5.0,
        wants: Callable[[RawMessage], bool] = lambda raw: True,
        headers_only: bool = False,
    ) -> None:
        self._connection = jetstream.connection
        self._jetstream = jetstream
        self._stream = stream
        self._name = name
        self._filters = list(filters)
        self._replicas = replicas
        self._ack_wait_s = ack_wait_s
        self._wants = wants
        self._headers_only = headers_only
        self._begin()

    def _begin(self) -> None:
        self._ready: asyncio.Queue[HeldMessage | None] = asyncio.Queue(BATCH)
        self._held: set[HeldMessage] = set()

    async def messages(self) -> AsyncGenerator[HeldMessage, None]:
        self._begin()  # what an iteration before this one left is over: it was given back
        tasks = [
            asyncio.create_task(self._take(), name=f"take {self._name} of {self._stream}"),
            asyncio.create_task(self._keep_holding(), name=f"hold {self._name} of {self._stream}"),
        ]
        for task in tasks:
            task.add_done_callback(self._stop)
        try:
            while True:
                held = await self._ready.get()
                if held is None:
                    await asyncio.gather(*tasks)  # raises what ended it
                    return
                yield held
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._give_back()

    def holds(self, held: HeldMessage) -> bool:
        """Whether it is still in our hands, which it is not when it was held for too long."""
        return held in self._held

    async def _take(self) -> None:
        """Puts what is wanted, held, into `_ready`; everything else is acknowledged on the way."""
        while True:
            try:
                await self._ensure()
                await self._pull()
            except (BusUnavailable, JetStreamError) as error:
                log.info("durable-consumer-interrupted", stream=self._stream, err_code=type(error).__name__)
                await asyncio.sleep(RETRY_S)

    async def _keep_holding(self) -> None:
        while True:
            await asyncio.sleep(self._ack_wait_s / 3)
            too_long_ago = time.monotonic() - self._ack_wait_s * MAX_HOLD
            self._held = {held for held in self._held if held.held_since > too_long_ago}
            try:
                for held in list(self._held):
                    await held.hold()
            except BusUnavailable:
                continue

    async def _give_back(self) -> None:
        """What was not settled goes to whoever is free."""
        try:
            for held in list(self._held):
                await held.retry_later(0.001)
        except BusUnavailable:
            return

    def _stop(self, _task: "asyncio.Task[None]") -> None:
        """Wakes whoever waits for `_ready`, so that the failure of a task is seen."""
        if self._ready.full():
            self._ready.get_nowait()
        self._ready.put_nowait(None)

    async def _ensure(self) -> None:
        config = {
            "durable_name": self._name,
            "deliver_policy": "all",
            "ack_policy": "explicit",
            "ack_wait": nanoseconds(self._ack_wait_s),
            "max_ack_pending": MAX_ACK_PENDING,
            "max_deliver": -1,
            "filter_subjects": self._filters,
            "headers_only": self._headers_only,
            "num_replicas": self._replicas,
        }
        await self._jetstream.create_consumer(self._stream, self._name, config, action="", timeout_s=PULL_S)

    async def _pull(self) -> None:
        """One pull after the other until the consumer is gone or the connection lost."""
        next_subject = f"$JS.API.CONSUMER.MSG.NEXT.{self._stream}.{self._name}"
        question = json.dumps(
            {"batch": BATCH, "expires": nanoseconds(PULL_S), "idle_heartbeat": nanoseconds(PULL_S / 4)}
        ).encode()
        async with self._connection.collector() as (inbox, queue):
            while True:
                await self._connection.publish(next_subject, question, reply=inbox)
                left = BATCH
                while left:
                    message = await self._next(queue)
                    status = status_of(message)
                    if status == "100":
                        continue
                    if status in {"404", "408"}:  # nothing came in PULL_S
                        break
                    if status is not None:
                        raise BusUnavailable()
                    left -= 1
                    await self._sort(message)

    async def _next(self, queue: "asyncio.Queue[Msg | None]") -> Msg:
        try:
            async with asyncio.timeout(PULL_S):
                message = await queue.get()
        except TimeoutError:  # not even a heartbeat
            raise BusUnavailable() from None
        if message is None:
            raise BusUnavailable()
        return message

    async def _sort(self, message: Msg) -> None:
        held = HeldMessage(self._connection, message, lambda settled: self._held.discard(settled))
        if not self._wants(held.raw):
            await self._connection.publish(message.reply, b"+ACK")
            return
        self._held.add(held)
        await self._ready.put(held)
