"""Renews the relay's lease on a thread of its own, with its own event loop and its own connection to NATS.

The relay's event loop does DTLS, negotiation and effects. Whatever holds it up for a while, the relay still carries
packets (Rust does that), so its lease must not run out: the rooms would remove all its streams. Only a loop that has
given no sign of life for `stall_timeout_s` counts as dead; the lease is left to run out then, and taken again when the
loop is back. A thread is enough because nothing in the relay holds the interpreter's lock for long.
"""

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future

import uvloop
from salon.relay.v1.relay_pb2 import RelayAnnouncement
from salon_contracts.ids import RelayId
from salon_contracts.subjects import RELAYS_BUCKET
from salon_kit.buckets import LeaseBucket
from salon_kit.bus import Bus
from salon_kit.identity import Identity
from salon_kit.log import get_logger
from salon_kit.settings import BusSettings

from salon_relay.announce import RENEWALS_PER_TTL, Announcer

log = get_logger()


class AnnouncerThread:
    """`await start()`, run `run` as a task, `await withdraw()` at the end; all from the event loop that is watched."""

    def __init__(
        self,
        bus_settings: BusSettings,
        identity: Identity,
        relay_id: RelayId,
        announcement: Callable[[], RelayAnnouncement],
        *,
        ttl_s: int,
        stall_timeout_s: float,
    ) -> None:
        """`announcement` is called on the watched event loop only."""
        self._bus_settings = bus_settings
        self._identity = identity
        self._relay_id = relay_id
        self._announcement = announcement
        self._ttl_s = ttl_s
        self._stall_timeout_s = stall_timeout_s
        self._latest = RelayAnnouncement()
        """Never changed, only replaced: the thread reads it."""
        self._seen_alive_s = time.monotonic()
        self._started: Future[None] = Future()
        self._ended: Future[None] = Future()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._announcer: Announcer | None = None
        self._stop = asyncio.Event()
        """The thread's."""

    # ---- on the watched event loop ----

    async def start(self) -> None:
        """Announced when it returns. Raises RelayIdTaken and BusUnavailable."""
        self._sign_of_life()
        threading.Thread(target=self._run_thread, name="announcer", daemon=True).start()
        await asyncio.wrap_future(self._started)

    async def run(self) -> None:
        """Gives signs of life until cancelled. Raises RelayIdTaken."""
        ended = asyncio.wrap_future(self._ended)
        while not ended.done():
            self._sign_of_life()
            await asyncio.wait([ended], timeout=self._ttl_s / RENEWALS_PER_TTL)
        ended.result()

    def announce_now(self) -> None:
        """Something worth telling has changed."""
        self._sign_of_life()
        if self._loop is not None and self._announcer is not None and not self._ended.done():
            self._loop.call_soon_threadsafe(self._announcer.announce_now)

    async def withdraw(self) -> None:
        """Nobody is sent here any more; the thread has ended."""
        if self._loop is not None and not self._ended.done():
            self._loop.call_soon_threadsafe(self._stop.set)
            await asyncio.wait([asyncio.wrap_future(self._ended)])

    def _sign_of_life(self) -> None:
        self._latest = self._announcement()
        self._seen_alive_s = time.monotonic()

    # ---- on the thread ----

    def _is_alive(self) -> bool:
        return time.monotonic() - self._seen_alive_s <= self._stall_timeout_s

    def _run_thread(self) -> None:
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(self._announce())
        except BaseException as error:  # noqa: BLE001  # whoever waits for the thread is told
            for waited_for in (self._started, self._ended):
                if not waited_for.done():
                    waited_for.set_exception(error)
        else:
            self._ended.set_result(None)

    async def _announce(self) -> None:
        self._loop = asyncio.get_running_loop()
        bus = await Bus.connect(self._bus_settings, self._identity)
        try:
            announcer = self._announcer = Announcer(
                LeaseBucket(bus, RELAYS_BUCKET),
                self._relay_id,
                lambda: self._latest,
                ttl_s=self._ttl_s,
                is_alive=self._is_alive,
            )
            await announcer.start()
            self._started.set_result(None)
            await self._renew_until_stopped(announcer)
        finally:
            await bus.close(1.0)

    async def _renew_until_stopped(self, announcer: Announcer) -> None:
        renewing = asyncio.create_task(announcer.run(), name="announcement")
        stopped = asyncio.create_task(self._stop.wait(), name="announcement-stop")
        try:
            await asyncio.wait([renewing, stopped], return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopped.cancel()
            renewing.cancel()
            await asyncio.gather(renewing, stopped, return_exceptions=True)
        if not renewing.cancelled():
            renewing.result()
        await announcer.withdraw()
