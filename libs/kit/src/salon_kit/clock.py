"""The clock that leases and silences are measured on."""

import time

NANOSECONDS = 1_000_000_000


def clock_ns() -> int:
    """Nanoseconds that go on while the machine sleeps, as the leases of NATS do."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)
