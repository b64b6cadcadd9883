"""A subscription that outlives the nats-py client it is attached to."""

import asyncio
from collections.abc import Awaitable, Callable

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription as NativeSubscription
from salon_contracts.errors import BusUnavailable

from salon_kit.log import get_logger
from salon_kit.nats.private import drain

log = get_logger()

MessageCallback = Callable[[Msg], Awaitable[None]]

MAX_PENDING_BYTES = 64 * 1024 * 1024


class Subscription:
    """A subject this connection listens on, over any number of reconnects."""

    def __init__(self, subject: str, queue: str, callback: MessageCallback, max_pending: int) -> None:
        self.subject = subject
        self.queue = queue
        self.callback = callback
        self.max_pending = max_pending
        self._client: Client | None = None
        self._native: NativeSubscription | None = None
        self._forget: Callable[[Subscription], None] | None = None

    async def attach(self, client: Client, forget: "Callable[[Subscription], None]") -> None:
        if self._client is client:
            return
        self._client = client
        self._forget = forget
        self._native = await client.subscribe(
            self.subject,
            queue=self.queue,
            cb=self.callback,
            pending_msgs_limit=self.max_pending,
            pending_bytes_limit=MAX_PENDING_BYTES,
        )

    async def drain(self, barrier: Callable[[], Awaitable[None]], timeout_s: float) -> None:
        """Takes what the server has sent already, then no more."""
        native, client = self._native, self._client
        if native is not None and client is not None and client.is_connected:
            try:
                async with asyncio.timeout(timeout_s):
                    await drain(client, native, barrier)
            except (TimeoutError, BusUnavailable, nats.errors.Error) as error:
                log.warning("drain-incomplete", subject=self.subject, err_code=type(error).__name__)
        await self.unsubscribe()

    async def unsubscribe(self) -> None:
        """No more calls of the callback; one that runs is cancelled."""
        if self._forget is not None:
            self._forget(self)
            self._forget = None
        native, self._native = self._native, None
        if native is not None:
            try:
                await native.unsubscribe()
            except nats.errors.Error:
                return  # closed or draining: the server forgets it with the connection
