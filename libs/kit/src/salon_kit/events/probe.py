"""Appends something of its own when nobody else does, so that a stream that cannot be written is known before a user is
the first to find out. A task of every service that appends events.
"""

import asyncio
import contextlib
import secrets

from salon_contracts.errors import BusUnavailable
from salon_contracts.subjects import EVENTS_STREAM, probe_subject

from salon_kit.bus import Bus
from salon_kit.jetstream import JetStreamError

QUIET_S = 10.0
"""Nothing was stored for so long: it is tried."""
FAILING_S = 1.0
"""How often it is tried while it fails: what waits for the disk goes on a second after there is space."""
TIMEOUT_S = 3.0


async def probe_storage(bus: Bus) -> None:
    """Runs until cancelled. What comes of it is in `bus.jetstream.storage`, as of every append."""
    storage = bus.jetstream.storage
    while True:
        failing = storage.problem is not None
        if failing or storage.idle_s(EVENTS_STREAM) >= QUIET_S:
            with contextlib.suppress(BusUnavailable, JetStreamError):  # noted by the append itself
                await try_to_store(bus)
        await asyncio.sleep(FAILING_S if storage.problem is not None else QUIET_S / 2)


async def try_to_store(bus: Bus, timeout_s: float = TIMEOUT_S) -> None:
    """Returns when something was stored in the event stream. Raises JetStreamError or BusUnavailable."""
    await bus.jetstream.publish(
        EVENTS_STREAM,
        probe_subject(bus.identity.node),
        b"",
        {},
        message_id=secrets.token_hex(12),
        timeout_s=timeout_s,
    )
