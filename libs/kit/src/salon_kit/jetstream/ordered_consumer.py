"""One ephemeral push consumer whose messages arrive complete, in order and once, whatever happens to it.

Complete: every delivery carries a consumer sequence, every idle heartbeat says how many there were. A hole, silence,
a lost connection or a lost consumer make a new consumer that begins after the last message that was handed over.
Bounded: the server's flow control waits for our answer, which is given only after everything before it was handed over.
"""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Literal

from nats.aio.msg import Msg
from salon_contracts.errors import BusUnavailable

from salon_kit.jetstream.api import CONSUMER_NOT_FOUND, JetStream, JetStreamError
from salon_kit.jetstream.message import RawMessage, delivery, nanoseconds, raw_message, status_of
from salon_kit.log import get_logger
from salon_kit.metrics import READER_RECREATIONS
from salon_kit.nats.subscription import Subscription

log = get_logger()

Deliver = Callable[[RawMessage], Awaitable[None]]
CaughtUp = Callable[[], None]

INACTIVE_S = 30.0
"""The server forgets a consumer nobody listens to after that."""
MISSED_HEARTBEATS = 3
MAX_QUEUED = 65_536
CALL_TIMEOUT_S = 3.0
RETRY_S = 0.1


class OrderedConsumer:
    """`start` it, change its filters with `set_filters`, `close` it.

    `begin`: `new` delivers what is stored from now on; `last_per_subject` first delivers the last message of every
    subject and then calls `caught_up` once.
    """

    def __init__(
        self,
        jetstream: JetStream,
        stream: str,
        deliver: Deliver,
        *,
        begin: Literal["new", "last_per_subject"] = "new",
        caught_up: CaughtUp | None = None,
        heartbeat_s: float = 1.0,
    ) -> None:
        self._jetstream = jetstream
        self._connection = jetstream.connection
        self._stream = stream
        self._deliver = deliver
        self._begin = begin
        self._caught_up = caught_up
        self._heartbeat_s = heartbeat_s
        self._filters: list[str] = []
        self._position: int | None = None
        """Stream sequence through which everything was handed over; None: not begun."""
        self._initial_left = 0
        """Messages still to come of what was there at the beginning."""
        self._consumer: str | None = None
        self._consumer_sequence = 0
        self._begun_with: dict[str, object] = {}
        self._inbox = ""
        self._subscription: Subscription | None = None
        self._queue: asyncio.Queue[tuple[str, Msg]] = asyncio.Queue(MAX_QUEUED)
        self._last_arrival = 0.0
        self._control = asyncio.Lock()
        self._wanted = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._remove_listener: Callable[[], None] | None = None

    @property
    def filters(self) -> Sequence[str]:
        return self._filters

    async def set_filters(self, filters: Sequence[str], timeout_s: float = CALL_TIMEOUT_S) -> int:
        """Reads under `filters` (at least one) from now on.

        Returns the stream sequence above which everything is certain to be delivered. BusUnavailable: not certain; the
        reader goes on trying by itself.
        """
        if not filters:
            raise ValueError("a consumer without filters would read everything")
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name=f"read {self._stream}")
            self._remove_listener = self._connection.on_connection(self._on_connection)
        deadline = time.monotonic() + timeout_s
        async with self._control:
            self._filters = list(filters)
            await self._apply_filters(max(0.05, deadline - time.monotonic()))
        # What the consumer says of its position is what it delivered last. It has looked further than that, with the
        # old filters, and does not look back: certain is only what is stored from now on.
        info = await self._jetstream.api(
            f"STREAM.INFO.{self._stream}", timeout_s=max(0.05, deadline - time.monotonic())
        )
        return int(info["state"]["last_seq"])

    async def close(self) -> None:
        """Nothing is delivered after this returns."""
        if self._remove_listener is not None:
            self._remove_listener()
            self._remove_listener = None
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        async with self._control:
            await self._drop()

    # ---- the consumer ----

    async def _apply_filters(self, timeout_s: float) -> None:
        """Holds `_control`."""
        if self._consumer is None:
            self._wanted.set()
            await self._create(timeout_s)
            return
        try:
            await self._jetstream.create_consumer(
                self._stream, self._consumer, self._config(self._begun_with), action="update", timeout_s=timeout_s
            )
        except JetStreamError as error:
            log.warning("consumer-update-refused", err_code=error.err_code, detail=str(error))
            await self._lose("consumer-lost" if error.err_code == CONSUMER_NOT_FOUND else "update-refused")
            await self._create(timeout_s)
        except BusUnavailable:
            # It may or may not have been changed: only a new one is certain.
            await self._lose("update-unanswered")
            raise

    def _on_connection(self, connected: bool) -> None:
        if not connected:
            self._last_arrival = float("-inf")

    def _start(self) -> dict[str, object]:
        if self._position is None or self._initial_left:
            return {"deliver_policy": self._begin}
        return {"deliver_policy": "by_start_sequence", "opt_start_seq": self._position + 1}

    def _config(self, start: dict[str, object]) -> dict[str, object]:
        return {
            **start,
            "ack_policy": "none",
            "max_deliver": 1,
            "filter_subjects": self._filters,
            "deliver_subject": self._inbox,
            "idle_heartbeat": nanoseconds(self._heartbeat_s),
            "flow_control": True,
            "inactive_threshold": nanoseconds(INACTIVE_S),
            "mem_storage": True,
            "num_replicas": 1,
        }

    async def _create(self, timeout_s: float) -> None:
        """A new consumer after the last position; holds `_control`."""
        name = f"tail-{secrets.token_hex(8)}"
        self._inbox = self._connection.new_inbox()

        async def arrived(message: Msg) -> None:
            self._last_arrival = time.monotonic()
            if self._queue.full():  # the hole is noticed by the next heartbeat
                return
            self._queue.put_nowait((name, message))

        self._begun_with = self._start()
        config = self._config(self._begun_with)
        subscription = await self._connection.subscribe(self._inbox, arrived, max_pending=MAX_QUEUED)
        try:
            info = await self._jetstream.create_consumer(self._stream, name, config, timeout_s=timeout_s)
        except (JetStreamError, BusUnavailable) as error:
            await subscription.unsubscribe()
            await self._jetstream.forget_consumer(self._stream, name)
            if isinstance(error, JetStreamError):
                log.error("consumer-refused", err_code=error.err_code, detail=str(error))
                raise BusUnavailable() from error
            raise
        self._subscription = subscription
        self._consumer_sequence = 0
        self._last_arrival = time.monotonic()
        self._consumer = name
        if self._position is None or self._initial_left:
            self._position = int(info["delivered"]["stream_seq"])
            self._initial_left = int(info["num_pending"]) if self._begin == "last_per_subject" else 0
            if not self._initial_left:
                self._finish_initial()

    async def _lose(self, reason: str) -> None:
        """Gives the consumer up; `_run` makes another. Holds `_control`."""
        READER_RECREATIONS.labels(reason=reason).inc()
        log.info("consumer-given-up", reason=reason, stream=self._stream)
        await self._drop()
        self._wanted.set()

    async def _drop(self) -> None:
        name, self._consumer = self._consumer, None
        subscription, self._subscription = self._subscription, None
        if subscription is not None:
            await subscription.unsubscribe()
        if name is not None:
            await self._jetstream.forget_consumer(self._stream, name)

    def _finish_initial(self) -> None:
        self._initial_left = 0
        caught_up, self._caught_up = self._caught_up, None
        if caught_up is not None:
            caught_up()

    # ---- the loop ----

    async def _run(self) -> None:
        while True:
            if self._consumer is None:
                await self._wanted.wait()
                await self._recreate()
                continue
            try:
                name, message = self._queue.get_nowait()
            except asyncio.QueueEmpty:
                try:
                    async with asyncio.timeout(self._heartbeat_s):
                        name, message = await self._queue.get()
                except TimeoutError:
                    await self._check_silence()
                    continue
            if name == self._consumer:
                await self._take(name, message)

    async def _recreate(self) -> None:
        async with self._control:
            if self._consumer is not None or not self._filters:
                self._wanted.clear()
                return
            try:
                await self._create(CALL_TIMEOUT_S)
            except BusUnavailable:
                pass
            else:
                self._wanted.clear()
                return
        await asyncio.sleep(RETRY_S)

    async def _check_silence(self) -> None:
        if time.monotonic() - self._last_arrival > self._heartbeat_s * MISSED_HEARTBEATS:
            await self._give_up(self._consumer, "silence")

    async def _give_up(self, name: str | None, reason: str) -> None:
        async with self._control:
            if name is not None and name == self._consumer:
                await self._lose(reason)

    async def _take(self, name: str, message: Msg) -> None:
        status = status_of(message)
        if status == "100":
            await self._take_control(name, message)
            return
        if status is not None:  # 409: the consumer was deleted
            await self._give_up(name, f"status-{status}")
            return
        try:
            at = delivery(message)
        except ValueError:  # a stranger to the stream who knows our inbox; nothing is missing because of it
            log.warning("delivery-unreadable", stream=self._stream, subject=message.subject)
            return
        if at.consumer_sequence != self._consumer_sequence + 1:
            await self._give_up(name, "gap")
            return
        self._consumer_sequence = at.consumer_sequence
        position = self._position or 0
        if self._initial_left or at.stream_sequence > position:
            await self._deliver(raw_message(message))
            self._position = max(position, at.stream_sequence)
        if self._initial_left:
            self._initial_left -= 1
            if not self._initial_left or at.pending == 0:
                self._finish_initial()

    async def _take_control(self, name: str, message: Msg) -> None:
        headers = message.headers or {}
        # A flow control request is to be answered on its reply subject; a heartbeat repeats one that was lost.
        answer_to = message.reply or headers.get("Nats-Consumer-Stalled")
        if answer_to:
            try:
                await self._connection.publish(answer_to)
            except BusUnavailable:
                return
        last = headers.get("Nats-Last-Consumer")
        if last is not None and int(last) > self._consumer_sequence:
            await self._give_up(name, "gap")
