"""One connection to NATS that is kept for ever, below Bus, Events and buckets.

What nats-py leaves open is closed here: a client that is of no use any more is replaced with its subscriptions; a
request that was in flight when the connection broke fails at once instead of at its deadline; nothing is buffered for
later while NATS is away, so nothing arrives after its sender gave up.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

import nats.errors
from nats.aio.msg import Msg
from nats.nuid import NUID
from salon_contracts.errors import BusUnavailable, InvariantBroken

from salon_kit.clock import clock_ns
from salon_kit.log import get_logger
from salon_kit.metrics import BUS_SILENCES
from salon_kit.nats.contact import Contact
from salon_kit.nats.lasting_client import LastingClient
from salon_kit.nats.replies import ConnectionLost, Replies
from salon_kit.nats.subscription import MessageCallback, Subscription
from salon_kit.settings import BusSettings

__all__ = ["Connection", "ConnectionLost", "NoResponders", "is_no_responders"]

log = get_logger()

BEAT_S = 0.25
"""How often NATS is made to say something, so that its silence, or ours, is noticed."""
SUBJECT_MAX_CHARACTERS = 2048
"""The longest that names of legal length make is some 1,400. NATS ends the connection of whoever sends a line of 4 KiB,
and nats-py says it again as soon as it is back."""
GAP_S = 1.0
"""Longer silence counts. In a shorter one no relay loses its lease, which lasts 2 s and is renewed every 0.5 s."""


class NoResponders(Exception):
    """Nobody listens on the subject."""


def is_no_responders(message: Msg) -> bool:
    """Whether NATS itself sent this to the `reply` of a message that nobody listens to."""
    return message.headers is not None and not message.data and message.headers.get("Status") == "503"


class Connection:
    def __init__(self, settings: BusSettings, name: str, inbox_prefix: str) -> None:
        """`inbox_prefix`: where this connection may listen for answers."""
        self._client = LastingClient(settings, name, self._changed)
        self._listeners: list[Callable[[bool], None]] = []
        self._nuid = NUID()
        self._inbox_prefix = inbox_prefix
        self._replies = Replies(self.new_inbox())
        self._beat_inbox = self.new_inbox()
        self._contact = Contact(GAP_S)
        self._beats: asyncio.Task[None] | None = None

    # ---- life ----

    async def open(self, timeout_s: float) -> None:
        await self.subscribe(f"{self._replies.inbox}.*", self._on_reply)
        await self.subscribe(self._beat_inbox, self._on_beat)
        await self._client.open(timeout_s)
        self._beats = asyncio.create_task(self._beat(), name="bus-beats")

    @property
    def connected(self) -> bool:
        return self._client.connected

    def on_connection(self, callback: Callable[[bool], None]) -> Callable[[], None]:
        self._listeners.append(callback)

        def remove() -> None:
            if callback in self._listeners:
                self._listeners.remove(callback)

        return remove

    async def wait_connected(self, timeout_s: float) -> None:
        await self._client.wait_connected(timeout_s)

    def in_contact_for_s(self) -> float:
        """Seconds for which NATS has answered, and this process has listened, without a gap; 0.0 in a gap."""
        return self._contact.for_s(clock_ns())

    def in_contact_since_ns(self) -> int | None:
        """When that began, which tells one such time from the next; None in a gap."""
        return self._contact.since_ns(clock_ns())

    async def flush(self, timeout_s: float) -> None:
        """Returns once the server has processed everything sent so far; BusUnavailable otherwise.

        Not nats-py's own flush: its PING overtakes what still waits to be written. A message to ourselves does not.
        """
        with self._replies.awaited() as (inbox, answer):
            try:
                async with asyncio.timeout(timeout_s):
                    await self.wait_connected(timeout_s)
                    await self.publish(inbox)
                    await answer
            except (TimeoutError, ConnectionLost):
                raise BusUnavailable() from None

    async def close(self) -> None:
        """Never raises."""
        if self._beats is not None:
            self._beats.cancel()
            await asyncio.gather(self._beats, return_exceptions=True)
        await self._client.close()

    # ---- talking ----

    async def publish(
        self, subject: str, data: bytes = b"", *, headers: Mapping[str, str] | None = None, reply: str = ""
    ) -> None:
        """Hands over to the connection; BusUnavailable when there is none, InvariantBroken when it is too large, the
        subject of it or the data."""
        if len(subject) > SUBJECT_MAX_CHARACTERS:
            raise InvariantBroken(f"a subject of {len(subject)} characters is more than NATS takes")
        if not self.connected:
            raise BusUnavailable()
        try:
            await self._client.native.publish(
                subject, data, reply=reply, headers=None if headers is None else dict(headers)
            )
        except nats.errors.MaxPayloadError:
            raise InvariantBroken(f"{len(data)} bytes for {subject} are more than NATS takes") from None
        except nats.errors.Error:  # closed, draining, or lost this very moment with a full buffer
            raise BusUnavailable() from None

    async def roundtrip(
        self, subject: str, data: bytes, *, headers: Mapping[str, str] | None = None, timeout_s: float
    ) -> Msg:
        """One request, one answer. NoResponders, ConnectionLost, BusUnavailable (not connected) or TimeoutError."""
        with self._replies.awaited() as (inbox, awaited):
            await self.publish(subject, data, headers=headers, reply=inbox)
            async with asyncio.timeout(timeout_s):
                answer = await awaited
        if is_no_responders(answer):
            raise NoResponders(subject)
        return answer

    @asynccontextmanager
    async def collector(self) -> AsyncIterator[tuple[str, "asyncio.Queue[Msg | None]"]]:
        """An inbox for several answers and the queue they land in; None in the queue: the connection was lost.

        A subscription of its own, because what a consumer delivers carries the subject it was stored under.
        """
        queue: asyncio.Queue[Msg | None] = asyncio.Queue()  # bounded by what is asked for

        async def collect(message: Msg) -> None:
            queue.put_nowait(message)

        inbox = self.new_inbox()
        subscription = await self.subscribe(inbox, collect)
        remove = self.on_connection(lambda up: None if up else queue.put_nowait(None))
        try:
            yield inbox, queue
        finally:
            remove()
            await subscription.unsubscribe()

    async def subscribe(
        self, subject: str, callback: MessageCallback, *, queue: str = "", max_pending: int = 65_536
    ) -> Subscription:
        """`callback` is awaited for one message at a time; more than `max_pending` waiting are dropped."""
        subscription = Subscription(subject, queue, callback, max_pending)
        await self._client.subscribe(subscription)
        return subscription

    def new_inbox(self) -> str:
        return f"{self._inbox_prefix}.{bytes(self._nuid.next()).decode()}"

    # ---- inside ----

    def _changed(self, connected: bool) -> None:
        if not connected:
            self._contact.lost()
            self._replies.lost()
        for listener in list(self._listeners):
            listener(connected)

    async def _on_reply(self, message: Msg) -> None:
        self._replies.take(message)

    async def _beat(self) -> None:
        """Sends itself a message again and again: `_on_beat` takes what comes back."""
        while True:
            await self._client.wait_connected(float("inf"))
            with contextlib.suppress(BusUnavailable):  # lost in this moment
                await self.publish(self._beat_inbox)
            await asyncio.sleep(BEAT_S)

    async def _on_beat(self, message: Msg) -> None:
        silent_s = self._contact.answered(clock_ns())
        if silent_s:
            BUS_SILENCES.inc()
            log.warning("bus-was-silent", dur_ms=round(silent_s * 1000))
