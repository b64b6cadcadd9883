"""One connection to NATS that is kept for ever, below Bus, Events and buckets.

What nats-py leaves open is closed here: a client that gives up (any protocol error of the server's makes it) or that is
stuck is replaced with its subscriptions; a request that was in flight when the connection broke fails at once instead
of at its deadline; nothing is buffered for later while NATS is away, so nothing arrives after its sender gave up.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from typing import Any

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.nuid import NUID
from salon_contracts.errors import BusUnavailable, InvariantBroken

from salon_kit.clock import clock_ns
from salon_kit.log import get_logger
from salon_kit.metrics import BUS_CONNECTED, BUS_RECONNECTS, BUS_SILENCES
from salon_kit.nats.contact import Contact
from salon_kit.nats.private import FastClient, close_transport
from salon_kit.nats.subscription import MessageCallback, Subscription
from salon_kit.settings import BusSettings

log = get_logger()

STUCK_S = 20.0
"""A client that has not reconnected for so long is replaced."""
BEAT_S = 0.25
"""How often NATS is made to say something, so that its silence, or ours, is noticed."""
GAP_S = 1.0
"""Longer silence counts. In a shorter one no relay loses its lease, which lasts 2 s and is renewed every 0.5 s."""


class NoResponders(Exception):
    """Nobody listens on the subject."""


class ConnectionLost(Exception):
    """The connection broke while an answer was awaited."""


def is_no_responders(message: Msg) -> bool:
    """Whether NATS itself sent this to the `reply` of a message that nobody listens to."""
    return message.headers is not None and not message.data and message.headers.get("Status") == "503"


class Connection:
    def __init__(self, settings: BusSettings, name: str, inbox_prefix: str) -> None:
        """`inbox_prefix`: where this connection may listen for answers."""
        self._settings = settings
        self._name = name
        self._client: Client = FastClient()
        self._client_usable = False
        """It has been connected: what is subscribed now it keeps over its own reconnects."""
        self._subscriptions: set[Subscription] = set()
        self._listeners: list[Callable[[bool], None]] = []
        self._replies: dict[str, asyncio.Future[Msg]] = {}
        self._nuid = NUID()
        self._inbox_prefix = inbox_prefix
        self._inbox = self.new_inbox()
        self._up = asyncio.Event()
        self._down = asyncio.Event()
        self._given_up = asyncio.Event()
        self._closing = False
        self._keeper: asyncio.Task[None] | None = None
        self._beats: asyncio.Task[None] | None = None
        self._beat_token = self._next_token()
        self._contact = Contact(GAP_S)
        self._was_connected = False
        self.last_error: Exception | None = None

    # ---- life ----

    async def open(self, timeout_s: float) -> None:
        await self.subscribe(f"{self._inbox}.*", self._on_reply)
        try:
            await self._connect_client(timeout_s)
        except TimeoutError:
            raise BusUnavailable() from self.last_error
        self._keeper = asyncio.create_task(self._keep(), name="bus-keeper")
        self._beats = asyncio.create_task(self._beat(), name="bus-beats")

    @property
    def connected(self) -> bool:
        return self._up.is_set()

    def on_connection(self, callback: Callable[[bool], None]) -> Callable[[], None]:
        self._listeners.append(callback)

        def remove() -> None:
            if callback in self._listeners:
                self._listeners.remove(callback)

        return remove

    async def wait_connected(self, timeout_s: float) -> None:
        if self._up.is_set():
            return
        if self._closing:
            raise BusUnavailable()
        try:
            async with asyncio.timeout(timeout_s):
                await self._up.wait()
        except TimeoutError:
            raise BusUnavailable() from None

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
        token = self._next_token()
        future: asyncio.Future[Msg] = asyncio.get_running_loop().create_future()
        self._replies[token] = future
        try:
            async with asyncio.timeout(timeout_s):
                await self.wait_connected(timeout_s)
                await self.publish(f"{self._inbox}.{token}")
                await future
        except (TimeoutError, ConnectionLost):
            raise BusUnavailable() from None
        finally:
            self._replies.pop(token, None)

    async def close(self) -> None:
        """Never raises."""
        self._closing = True
        tasks = [task for task in (self._keeper, self._beats) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._set_connected(False)
        await self._close_client(self._client)

    # ---- talking ----

    async def publish(
        self, subject: str, data: bytes = b"", *, headers: Mapping[str, str] | None = None, reply: str = ""
    ) -> None:
        """Hands over to the connection; BusUnavailable when there is none, InvariantBroken when it is too large."""
        if not self._up.is_set():
            raise BusUnavailable()
        try:
            await self._client.publish(subject, data, reply=reply, headers=None if headers is None else dict(headers))
        except nats.errors.MaxPayloadError:
            raise InvariantBroken(f"{len(data)} bytes for {subject} are more than NATS takes") from None
        except nats.errors.Error:  # closed, draining, or lost this very moment with a full buffer
            raise BusUnavailable() from None

    async def roundtrip(
        self, subject: str, data: bytes, *, headers: Mapping[str, str] | None = None, timeout_s: float
    ) -> Msg:
        """One request, one answer. NoResponders, ConnectionLost, BusUnavailable (not connected) or TimeoutError."""
        token = self._next_token()
        future: asyncio.Future[Msg] = asyncio.get_running_loop().create_future()
        self._replies[token] = future
        try:
            await self.publish(subject, data, headers=headers, reply=f"{self._inbox}.{token}")
            async with asyncio.timeout(timeout_s):
                answer = await future
        finally:
            self._replies.pop(token, None)
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
        self._subscriptions.add(subscription)
        if self._closing:
            raise BusUnavailable()
        try:
            if self._client_usable:
                await subscription.attach(self._client, self._subscriptions.discard)
        except nats.errors.ConnectionClosedError:
            pass  # it is attached to the next client
        return subscription

    def new_inbox(self) -> str:
        return f"{self._inbox_prefix}.{self._next_token()}"

    # ---- inside ----

    def _next_token(self) -> str:
        return bytes(self._nuid.next()).decode()

    async def _on_reply(self, message: Msg) -> None:
        token = message.subject.rpartition(".")[2]
        if token == self._beat_token:
            self._note_answer()
            return
        future = self._replies.get(token)
        if future is not None and not future.done():
            future.set_result(message)

    async def _connect_client(self, timeout_s: float) -> None:
        """A connected client with all subscriptions. TimeoutError, or what nats-py raises: it is closed then."""
        client = FastClient()
        self._client_usable = False
        self._client = client
        self._given_up.clear()

        async def on_disconnected() -> None:
            if client is self._client:
                self._set_connected(False)

        async def on_reconnected() -> None:
            if client is self._client and client.is_connected:
                self._set_connected(True)

        async def on_closed() -> None:
            if client is self._client:
                self._set_connected(False)
                self._given_up.set()

        async def on_error(error: Exception) -> None:
            if not client.is_connected:
                await close_transport(client)
            if client is self._client:
                self._note_error(error)

        settings = self._settings
        connecting = client.connect(
            servers=settings.servers,
            name=self._name,
            user=settings.user or None,
            password=settings.password.get_secret_value() or None,
            allow_reconnect=True,
            max_reconnect_attempts=-1,
            reconnect_time_wait=settings.reconnect_wait_s,  # type: ignore[arg-type]  # any number of seconds
            connect_timeout=settings.connect_timeout_s,  # type: ignore[arg-type]  # likewise
            ping_interval=settings.ping_interval_s,  # type: ignore[arg-type]  # likewise
            max_outstanding_pings=2,
            disconnected_cb=on_disconnected,
            reconnected_cb=on_reconnected,
            closed_cb=on_closed,
            error_cb=on_error,
            flush_timeout=5,
        )
        try:
            await _within(timeout_s, connecting)
        except BaseException:
            await self._close_client(client)
            raise
        self._client_usable = True
        for subscription in list(self._subscriptions):
            await subscription.attach(client, self._subscriptions.discard)
        self._set_connected(True)

    def _set_connected(self, connected: bool) -> None:
        if connected == self._up.is_set():
            return
        if connected:
            if self._was_connected:
                BUS_RECONNECTS.inc()
            self._was_connected = True
            self.last_error = None
            self._down.clear()
            self._up.set()
            log.info("bus-connected", server=self._server())
        else:
            self._up.clear()
            self._down.set()
            self._contact.lost()
            for future in self._replies.values():
                if not future.done():
                    future.set_exception(ConnectionLost())
            if not self._closing:
                log.warning("bus-lost")
        BUS_CONNECTED.set(1 if connected else 0)
        for listener in list(self._listeners):
            listener(connected)

    async def _beat(self) -> None:
        """Sends itself a message again and again: `_on_reply` takes what comes back."""
        while True:
            if self._up.is_set():
                with contextlib.suppress(BusUnavailable):  # lost in this moment: `_up` says so from now on
                    await self.publish(f"{self._inbox}.{self._beat_token}")
                await asyncio.sleep(BEAT_S)
            else:
                await self._up.wait()

    def _note_answer(self) -> None:
        silent_s = self._contact.answered(clock_ns())
        if silent_s:
            BUS_SILENCES.inc()
            log.warning("bus-was-silent", dur_ms=round(silent_s * 1000))

    def _server(self) -> str:
        url = self._client.connected_url
        return "" if url is None else f"{url.hostname}:{url.port}"

    def _note_error(self, error: Exception) -> None:
        repeated = type(error) is type(self.last_error)
        if not _is_refusal(
            self.last_error
        ):  # the reset connection that comes after a refusal does not explain anything
            self.last_error = error
        if not self._closing and not repeated:
            log.warning("bus-error", err_code=type(error).__name__, detail=str(error))

    async def _keep(self) -> None:
        """Replaces a client that has given up or is stuck."""
        while True:
            await self._down.wait()
            if await self._recovers_by_itself():
                continue
            log.warning("bus-client-replaced")
            while not self._up.is_set():
                await self._close_client(self._client)
                try:
                    await self._connect_client(STUCK_S)
                except (TimeoutError, OSError, nats.errors.Error) as error:
                    self._note_error(error)
                    await asyncio.sleep(self._settings.reconnect_wait_s)

    async def _recovers_by_itself(self) -> bool:
        waits = [asyncio.ensure_future(self._up.wait()), asyncio.ensure_future(self._given_up.wait())]
        try:
            await asyncio.wait(waits, timeout=STUCK_S, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        return self._up.is_set()

    @staticmethod
    async def _close_client(client: Client) -> None:
        try:
            async with asyncio.timeout(2.0):
                await client.close()
        except Exception as error:  # noqa: BLE001  # it is thrown away, whatever it says
            log.debug("bus-close-failed", err_code=type(error).__name__)
        await close_transport(client)


def _is_refusal(error: Exception | None) -> bool:
    return isinstance(error, nats.errors.Error) and "authorization" in str(error).lower()


async def _within(timeout_s: float, connecting: Coroutine[Any, Any, None]) -> None:
    """Cancels as often as it takes: nats-py swallows a cancellation in places."""
    task = asyncio.ensure_future(connecting)
    try:
        await asyncio.wait([task], timeout=timeout_s)
        if not task.done():
            raise TimeoutError
        task.result()
    finally:
        while not task.done():
            task.cancel()
            await asyncio.wait([task], timeout=0.1)
