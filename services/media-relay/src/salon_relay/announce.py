"""Says that this relay is there: a lease in the bucket `salon_relays`, renewed with the present load.

When the process dies the lease runs out and rooms find another relay. A name that is taken by a living process is
noticed at start-up, and later too, because every renewal depends on the one before.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from salon.relay.v1 import relay_pb2
from salon_contracts.errors import BusUnavailable, Conflict
from salon_contracts.ids import RelayId
from salon_kit.buckets import LeaseBucket
from salon_kit.log import get_logger

log = get_logger()

RENEWALS_PER_TTL: Final = 4


class RelayIdTaken(Exception):
    """Another living process announces the same relay id."""


class Announcer:
    """`await start()`, run `run` as a task, `await drain()` when stopping, `await withdraw()` at the end."""

    def __init__(
        self,
        leases: LeaseBucket,
        relay_id: RelayId,
        announcement: Callable[[], relay_pb2.RelayAnnouncement],
        *,
        ttl_s: int,
        is_alive: Callable[[], bool] = lambda: True,
    ) -> None:
        """`is_alive`: whether what is announced still works; the lease is left to run out while it does not."""
        self._leases = leases
        self._relay_id = relay_id
        self._announcement = announcement
        self._is_alive = is_alive
        self._ttl_s = ttl_s
        self._revision = 0
        self._wake = asyncio.Event()

    async def start(self) -> None:
        """Announced when it returns. Waits for a predecessor's lease to run out; RelayIdTaken if it is renewed."""
        deadline = asyncio.get_running_loop().time() + 2 * self._ttl_s + 1
        while True:
            try:
                await self._put(expected_revision=0)
                return
            except Conflict:
                if asyncio.get_running_loop().time() > deadline:
                    raise RelayIdTaken(f"another relay runs under the name {self._relay_id}") from None
                await asyncio.sleep(self._ttl_s / RENEWALS_PER_TTL)

    async def run(self) -> None:
        """Renews until cancelled. Raises RelayIdTaken."""
        was_alive = True
        while True:
            try:
                async with asyncio.timeout(self._ttl_s / RENEWALS_PER_TTL):
                    await self._wake.wait()
            except TimeoutError:
                pass
            self._wake.clear()
            is_alive = self._is_alive()
            if was_alive and not is_alive:
                log.error("announcement-stopped", relay_id=self._relay_id)
            was_alive = is_alive
            if not is_alive:
                continue
            try:
                await self._put(expected_revision=self._revision)
            except BusUnavailable:
                log.warning("announcement-not-renewed")  # the bus reconnects for ever; the next turn tries again
            except Conflict:
                await self._recover()

    async def withdraw(self) -> None:
        """Nobody is sent here any more."""
        try:
            await self._leases.delete(self._relay_id)
        except BusUnavailable:
            log.warning("announcement-not-withdrawn")  # it runs out by itself

    def announce_now(self) -> None:
        """Something worth telling has changed."""
        self._wake.set()

    async def _put(self, *, expected_revision: int) -> None:
        self._revision = await self._leases.put(
            self._relay_id,
            self._announcement().SerializeToString(),
            self._ttl_s,
            expected_revision=expected_revision,
            timeout_s=self._ttl_s,
        )

    async def _recover(self) -> None:
        """The lease ran out while the bus was away, an acknowledgement was lost, or somebody else has the name."""
        try:
            entry = await self._leases.get(self._relay_id)
            if entry is None:
                await self._put(expected_revision=0)
            elif relay_pb2.RelayAnnouncement.FromString(entry.value).epoch == self._announcement().epoch:
                self._revision = entry.revision
            else:
                raise RelayIdTaken(f"another relay runs under the name {self._relay_id}")
        except (BusUnavailable, Conflict):
            log.warning("announcement-not-renewed")
