"""Hands every expired lease of a bucket to one process: markers are what a durable consumer wants of its messages."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from salon_contracts.access import bucket_stream
from salon_contracts.errors import BusUnavailable

from salon_kit.buckets.bucket import change_kind
from salon_kit.bus import Bus
from salon_kit.jetstream.durable_consumer import DurableConsumer, HeldMessage
from salon_kit.metrics import LEASES_EXPIRED


@dataclass(frozen=True, slots=True)
class Expired:
    """A lease that ran out and was not written again. Clean up, then `ack`; without that somebody else gets it."""

    key: str
    bucket: str
    held: HeldMessage

    @property
    def revision(self) -> int:
        """Of the marker that stands for the expiry. It is higher than the revision of the lease was."""
        return self.held.raw.sequence

    @property
    def cause_id(self) -> str:
        """What is appended because of it names this as its cause."""
        return f"{self.bucket}:{self.revision}"

    async def ack(self, timeout_s: float = 2.0) -> None:
        """Handled: nobody else gets it. BusUnavailable: somebody will, so handling must be repeatable."""
        await self.held.ack(timeout_s)

    async def retry_later(self, delay_s: float = 1.0) -> None:
        """Not handled: whoever is free gets it again after `delay_s`."""
        await self.held.retry_later(delay_s)


async def expirations(
    bus: Bus, bucket: str, durable_name: str, *, ack_wait_s: float, grace_s: float
) -> AsyncGenerator[Expired, None]:
    """See LeaseBucket.expirations."""
    consumer = DurableConsumer(
        bus.jetstream,
        bucket_stream(bucket),
        durable_name,
        [f"$KV.{bucket}.>"],
        replicas=bus.settings.replicas,
        ack_wait_s=ack_wait_s,
        wants=lambda raw: change_kind(raw.headers) == "expired",
        headers_only=True,
    )
    async with aclosing(consumer.messages()) as messages:
        async for held in messages:
            await bus.wait_in_contact_for(grace_s)
            expired = Expired(held.raw.subject.removeprefix(f"$KV.{bucket}."), bucket, held)
            if consumer.holds(held) and await _stands(bus, expired, ack_wait_s):
                LEASES_EXPIRED.labels(bucket=bucket, result="taken").inc()
                yield expired


async def _stands(bus: Bus, expired: Expired, timeout_s: float) -> bool:
    """Whether the key has not been written since; if it was, the expiry is void."""
    subject = expired.held.raw.subject
    try:
        last = await bus.jetstream.leader_last(bucket_stream(expired.bucket), subject, timeout_s=timeout_s)
        if last is not None and last.sequence == expired.revision:
            return True
        LEASES_EXPIRED.labels(bucket=expired.bucket, result="void").inc()
        await expired.ack()
    except BusUnavailable:
        expired.held.give_up()
    return False
