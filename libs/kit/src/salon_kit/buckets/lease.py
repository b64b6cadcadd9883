"""Keys with a time to live: who stops renewing is gone, and exactly one process is told to clean up.

NATS ends them: a message with a time to live, and when that runs out a marker in its place, which stays for
`marker_ttl_s`.
"""

from collections.abc import AsyncGenerator

from salon_contracts.errors import Conflict

from salon_kit.buckets.bucket import Bucket, Entry, Watch, change_kind
from salon_kit.buckets.expiry import Expired, expirations
from salon_kit.bus import Bus

__all__ = ["Expired", "LeaseBucket"]

MIN_TTL_S = 1


class LeaseBucket:
    """A bucket in which every key has a time to live in whole seconds, at least 1."""

    def __init__(self, bus: Bus, name: str, *, marker_ttl_s: int = 86_400) -> None:
        """`marker_ttl_s`: how long an expiry is remembered for when nobody is there to take it."""
        self.name = name
        self._bus = bus
        self._marker_ttl_s = marker_ttl_s
        self._bucket = _TtlBucket(bus, name, marker_ttl_s)

    async def ensure(self, timeout_s: float = 10.0) -> None:
        """Creates the bucket, or, if it is this service's, brings it in line with the settings."""
        await self._bucket.ensure(timeout_s)

    async def get(self, key: str, *, timeout_s: float = 2.0) -> Entry | None:
        """None: never written, deleted or expired."""
        return await self._bucket.get(key, timeout_s=timeout_s)

    async def put(
        self, key: str, value: bytes, ttl_s: int, *, expected_revision: int | None = None, timeout_s: float = 5.0
    ) -> int:
        """The new revision. `expected_revision`: 0 means that nobody holds it; Conflict if it is another one."""
        return await self._bucket.write(key, value, _ttl_header(ttl_s), expected_revision, timeout_s)

    async def renew(self, entry: Entry, ttl_s: int, *, timeout_s: float = 5.0) -> Entry:
        """The same value for `ttl_s` more, with its new revision.

        Conflict: somebody else wrote or deleted the key. A lease that ran out while NATS was away and that nobody has
        written since is revived; whether it was cleaned up meanwhile, the events say.
        """
        headers = _ttl_header(ttl_s)
        try:
            revision = await self._bucket.write(entry.key, entry.value, headers, entry.revision, timeout_s)
        except Conflict:
            last = await self._bucket.last_raw(entry.key, timeout_s)
            if last is not None and change_kind(last.headers) != "expired":
                raise
            # None: it ran out and no marker could be stored, or the marker ran out too; a deletion leaves its own.
            expected = 0 if last is None else last.sequence
            revision = await self._bucket.write(entry.key, entry.value, headers, expected, timeout_s)
        return Entry(entry.key, entry.value, revision)

    async def delete(self, key: str, *, expected_revision: int | None = None, timeout_s: float = 5.0) -> None:
        """Ends the lease without an expiry: nobody is told by `expirations`."""
        # PURGE, because the server takes that for a marker itself and makes no other when its time runs out.
        headers = {"KV-Operation": "PURGE", "Nats-Rollup": "sub", **_ttl_header(self._marker_ttl_s)}
        await self._bucket.write(key, b"", headers, expected_revision, timeout_s)

    async def entries(self, prefix: str = "", *, timeout_s: float = 5.0) -> list[Entry]:
        """Every living lease whose key begins with the dot-separated `prefix` ("" for all), by key."""
        return await self._bucket.entries(prefix, timeout_s=timeout_s)

    def watch(self, prefix: str = "", *, heartbeat_s: float = 1.0, timeout_s: float = 5.0) -> Watch:
        """What there is under the dot-separated `prefix` ("" for all), then every change; a renewal is a `put`."""
        return self._bucket.watch(prefix, heartbeat_s=heartbeat_s, timeout_s=timeout_s)

    def expirations(
        self, durable_name: str, *, ack_wait_s: float = 5.0, grace_s: float = 3.0
    ) -> AsyncGenerator[Expired, None]:
        """Every lease that runs out, each to one of all processes that use the same `durable_name`.

            async for expired in leases.expirations("room"):
                await clean_up(expired.key)
                await expired.ack()

        When a taker dies before `ack`, another gets it after `ack_wait_s`. Nothing is handed out until NATS has
        answered for `grace_s` without a gap, so that owners can `renew` what ran out while it was away or silent. Runs
        until the iterator is closed.
        """
        return expirations(self._bus, self.name, durable_name, ack_wait_s=ack_wait_s, grace_s=grace_s)


class _TtlBucket(Bucket):
    """A bucket whose messages may have a time to live."""

    def __init__(self, bus: Bus, name: str, marker_ttl_s: int) -> None:
        super().__init__(bus, name, marker_ttl_s=marker_ttl_s)
        self.last_raw = self._last
        self.write = self._write


def _ttl_header(ttl_s: int) -> dict[str, str]:
    if ttl_s < MIN_TTL_S:
        raise ValueError(f"a lease lasts at least {MIN_TTL_S} s, not {ttl_s}")
    return {"Nats-TTL": str(ttl_s)}
