"""Hands every expired lease of a bucket to one process: a durable pull consumer that all of them share.

The consumer sees all messages of the bucket without their bodies, because the server cannot filter by header; what is
not an expiry is acknowledged at once. An expiry in hand is kept from being given to somebody else until it is
acknowledged, or this process dies, or MAX_HOLD times the ack wait have passed.
"""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Callable

from nats.aio.msg import Msg
from salon_contracts.errors import BusUnavailable

from salon_kit.buckets.bucket import change_kind
from salon_kit.bus import Bus
from salon_kit.jetstream import JetStreamError, delivery, nanoseconds, status_of
from salon_kit.log import get_logger
from salon_kit.metrics import LEASES_EXPIRED
from salon_kit.nats.connection import Connection, ConnectionLost, NoResponders

log = get_logger()

BATCH = 64
PULL_S = 5.0
RETRY_S = 0.2
MAX_HOLD = 6
MAX_ACK_PENDING = 4096


class Expired:
    """A lease that ran out and was not written again. Clean up, then `ack`; without that somebody else gets it."""

    def __init__(
        self, connection: Connection, message: Msg, bucket: str, key: str, settled: "Callable[[Expired], None]"
    ) -> None:
        self.key = key
        self._bucket = bucket
        self.revision = delivery(message).stream_sequence
        """Of the marker that stands for the expiry. It is higher than the revision of the lease was."""
        self.held_since = time.monotonic()
        self._connection = connection
        self._reply = message.reply
        self._settled = settled

    @property
    def cause_id(self) -> str:
        """What is appended because of it names this as its cause."""
        return f"{self._bucket}:{self.revision}"

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

    async def hold(self) -> None:
        """Tells the server that it is still being handled."""
        await self._connection.publish(self._reply, b"+WPI")


async def expirations(
    bus: Bus, bucket: str, durable_name: str, *, ack_wait_s: float, grace_s: float
) -> AsyncGenerator[Expired, None]:
    """See LeaseBucket.expirations."""
    taker = _Taker(bus, bucket, durable_name, ack_wait_s)
    tasks = [
        asyncio.create_task(taker.take(), name=f"take expiries of {bucket}"),
        asyncio.create_task(taker.keep_holding(), name=f"hold expiries of {bucket}"),
    ]
    for task in tasks:
        task.add_done_callback(taker.stop)
    try:
        while True:
            expired = await taker.ready.get()
            if expired is None:
                await asyncio.gather(*tasks)  # raises what ended it
                return
            await bus.wait_in_contact_for(grace_s)
            if await taker.stands(expired):
                LEASES_EXPIRED.labels(bucket=bucket, result="taken").inc()
                yield expired
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await taker.give_back()


class _Taker:
    def __init__(self, bus: Bus, bucket: str, durable_name: str, ack_wait_s: float) -> None:
        self.ready: asyncio.Queue[Expired | None] = asyncio.Queue(BATCH)
        self._connection = bus.connection
        self._jetstream = bus.jetstream
        self._replicas = bus.settings.replicas
        self._bucket = bucket
        self._stream = f"KV_{bucket}"
        self._durable_name = durable_name
        self._ack_wait_s = ack_wait_s
        self._held: set[Expired] = set()

    async def take(self) -> None:
        """Puts markers, held, into `ready`; everything else is acknowledged on the way."""
        while True:
            try:
                await self._ensure()
                await self._pull()
            except (BusUnavailable, JetStreamError) as error:
                log.info("expiries-interrupted", err_code=type(error).__name__)
                await asyncio.sleep(RETRY_S)

    async def keep_holding(self) -> None:
        while True:
            await asyncio.sleep(self._ack_wait_s / 3)
            too_long_ago = time.monotonic() - self._ack_wait_s * MAX_HOLD
            self._held = {held for held in self._held if held.held_since > too_long_ago}
            try:
                for held in list(self._held):
                    await held.hold()
            except BusUnavailable:
                continue

    async def stands(self, expired: Expired) -> bool:
        """Whether it is still ours, and the key has not been written since; if it was, the expiry is void."""
        if expired not in self._held:
            return False
        try:
            last = await self._jetstream.leader_last(
                self._stream, f"$KV.{self._bucket}.{expired.key}", timeout_s=self._ack_wait_s
            )
            if last is not None and last.sequence == expired.revision:
                return True
            LEASES_EXPIRED.labels(bucket=self._bucket, result="void").inc()
            await expired.ack()
        except BusUnavailable:
            self._held.discard(expired)  # it comes again
        return False

    async def give_back(self) -> None:
        """What was not settled goes to whoever is free."""
        try:
            for held in list(self._held):
                await held.retry_later(0.001)
        except BusUnavailable:
            return

    def stop(self, _task: "asyncio.Task[None]") -> None:
        """Wakes whoever waits for `ready`, so that the failure of a task is seen."""
        if self.ready.full():
            self.ready.get_nowait()
        self.ready.put_nowait(None)

    async def _ensure(self) -> None:
        config = {
            "durable_name": self._durable_name,
            "deliver_policy": "all",
            "ack_policy": "explicit",
            "ack_wait": nanoseconds(self._ack_wait_s),
            "max_ack_pending": MAX_ACK_PENDING,
            "max_deliver": -1,
            "filter_subjects": [f"$KV.{self._bucket}.>"],
            "headers_only": True,
            "num_replicas": self._replicas,
        }
        await self._jetstream.create_consumer(self._stream, self._durable_name, config, action="", timeout_s=PULL_S)

    async def _pull(self) -> None:
        """One pull after the other until the consumer is gone or the connection lost."""
        next_subject = f"$JS.API.CONSUMER.MSG.NEXT.{self._stream}.{self._durable_name}"
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
        if change_kind(message.headers or {}) != "expired":
            await self._connection.publish(message.reply, b"+ACK")
            return
        key = message.subject.removeprefix(f"$KV.{self._bucket}.")
        expired = Expired(self._connection, message, self._bucket, key, lambda settled: self._held.discard(settled))
        self._held.add(expired)
        await self.ready.put(expired)
