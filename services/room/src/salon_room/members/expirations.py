"""Log-ins whose lease ran out, each handled by one of all instances."""

import asyncio

from salon_contracts.errors import SalonError
from salon_kit.buckets import Expired, LeaseBucket
from salon_kit.log import get_logger
from salon_kit.trace import set_cause

from salon_room.members.logouts import Logouts

log = get_logger()

DURABLE = "room"
AT_ONCE = 16


async def take_expirations(leases: LeaseBucket, logouts: Logouts, grace_s: float) -> None:
    """Runs until cancelled."""
    slots = asyncio.Semaphore(AT_ONCE)
    async with asyncio.TaskGroup() as group:
        expirations = leases.expirations(DURABLE, grace_s=grace_s)
        async for expired in expirations:
            await slots.acquire()
            group.create_task(_handle(expired, logouts, slots), name="expire-login")


async def _handle(expired: Expired, logouts: Logouts, slots: asyncio.Semaphore) -> None:
    set_cause(expired.cause_id, None)
    try:
        ended = await logouts.expire(expired.key)
        await expired.ack()
        if ended:
            log.info("login-expired", count=ended)
    except SalonError as error:
        log.warning("expiry-postponed", err_code=error.code)
        await expired.retry_later()
    except ValueError:
        log.error("presence-key-unreadable")
        await expired.ack()
    finally:
        slots.release()
