"""One client of nats-py after the other, with the same subscriptions: connected for as long as the process wants.

A client that gives up (any protocol error of the server's makes it) or that is stuck is replaced.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import nats.errors
from nats.aio.client import Client
from salon_contracts.errors import BusUnavailable

from salon_kit.log import get_logger
from salon_kit.metrics import BUS_CONNECTED, BUS_RECONNECTS
from salon_kit.nats.private import FastClient, close_transport
from salon_kit.nats.subscription import Subscription
from salon_kit.settings import BusSettings

log = get_logger()

STUCK_S = 20.0
"""A client that has not reconnected for so long is replaced."""


class LastingClient:
    def __init__(self, settings: BusSettings, name: str, on_change: Callable[[bool], None]) -> None:
        """`on_change(connected)` is called at every change; must not block."""
        self._settings = settings
        self._name = name
        self._on_change = on_change
        self.native: Client = FastClient()
        """The one of now."""
        self._usable = False
        """It has been connected: what is subscribed now it keeps over its own reconnects."""
        self._subscriptions: set[Subscription] = set()
        self._up = asyncio.Event()
        self._down = asyncio.Event()
        self._given_up = asyncio.Event()
        self._closing = False
        self._replacing: asyncio.Task[None] | None = None
        self._was_connected = False
        self._last_error: Exception | None = None

    async def open(self, timeout_s: float) -> None:
        """Raises BusUnavailable, caused by what nats-py said last."""
        try:
            await self._connect(timeout_s)
        except TimeoutError:
            raise BusUnavailable() from self._last_error
        self._replacing = asyncio.create_task(self._replace(), name="bus-client")

    @property
    def connected(self) -> bool:
        return self._up.is_set()

    async def wait_connected(self, timeout_s: float) -> None:
        """Returns once connected; BusUnavailable after `timeout_s`, or when it is closed."""
        if self._up.is_set():
            return
        if self._closing:
            raise BusUnavailable()
        try:
            async with asyncio.timeout(timeout_s):
                await self._up.wait()
        except TimeoutError:
            raise BusUnavailable() from None

    async def subscribe(self, subscription: Subscription) -> None:
        """At this client and at each that comes after it."""
        self._subscriptions.add(subscription)
        if self._closing:
            raise BusUnavailable()
        try:
            if self._usable:
                await subscription.attach(self.native, self._subscriptions.discard)
        except nats.errors.ConnectionClosedError:
            pass  # it is attached to the next client

    async def close(self) -> None:
        """Never raises."""
        self._closing = True
        if self._replacing is not None:
            self._replacing.cancel()
            await asyncio.gather(self._replacing, return_exceptions=True)
        self._set_connected(False)
        await self._close_client(self.native)

    # ---- inside ----

    async def _connect(self, timeout_s: float) -> None:
        """A connected client with all subscriptions. TimeoutError, or what nats-py raises: it is closed then."""
        client = FastClient()
        self._usable = False
        self.native = client
        self._given_up.clear()

        async def on_disconnected() -> None:
            if client is self.native:
                self._set_connected(False)

        async def on_reconnected() -> None:
            if client is self.native and client.is_connected:
                self._set_connected(True)

        async def on_closed() -> None:
            if client is self.native:
                self._set_connected(False)
                self._given_up.set()

        async def on_error(error: Exception) -> None:
            if not client.is_connected:
                await close_transport(client)
            if client is self.native:
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
        self._usable = True
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
            self._last_error = None
            self._down.clear()
            self._up.set()
            log.info("bus-connected", server=self._server())
        else:
            self._up.clear()
            self._down.set()
            if not self._closing:
                log.warning("bus-lost")
        BUS_CONNECTED.set(1 if connected else 0)
        self._on_change(connected)

    def _server(self) -> str:
        url = self.native.connected_url
        return "" if url is None else f"{url.hostname}:{url.port}"

    def _note_error(self, error: Exception) -> None:
        repeated = type(error) is type(self._last_error)
        if not _is_refusal(
            self._last_error
        ):  # the reset connection that comes after a refusal does not explain anything
            self._last_error = error
        if not self._closing and not repeated:
            log.warning("bus-error", err_code=type(error).__name__, detail=str(error))

    async def _replace(self) -> None:
        """Replaces a client that has given up or is stuck."""
        while True:
            await self._down.wait()
            if await self._recovers_by_itself():
                continue
            log.warning("bus-client-replaced")
            while not self._up.is_set():
                await self._close_client(self.native)
                try:
                    await self._connect(STUCK_S)
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
