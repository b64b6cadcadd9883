"""Memory, file descriptors, tasks and packet-path objects are the same after 1,000 peer connections as after 100."""

import asyncio
import gc
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from salon_contracts.ids import TransportId
from salon_testing.relay.running import RunningRelay

ReadOffer = Callable[[str], str]


def resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.timeout(180)
async def test_negotiate_and_close(relay: RunningRelay, read_offer: ReadOffer) -> None:
    publisher, viewer = read_offer("chromium_156_publish_vp8"), read_offer("chromium_156_play_two")

    async def cycle(number: int) -> None:
        relay.negotiate(f"p{number}", publisher, [("0", "cam"), ("1", "cam")], sends=True)
        relay.negotiate(f"v{number}", viewer, [("0", "cam"), ("1", "cam")], sends=False)
        relay.negotiate(f"v{number}", viewer, [("2", "cam")], sends=False)
        relay.router.close(TransportId(f"p{number}"))
        relay.router.close(TransportId(f"v{number}"))
        await asyncio.sleep(0)

    async def settle() -> tuple[int, int, int]:
        for _ in range(3):
            await asyncio.sleep(0)
        gc.collect()
        return resident_bytes(), len(os.listdir("/proc/self/fd")), len(asyncio.all_tasks())

    for number in range(100):
        await cycle(number)
    before = await settle()
    for number in range(100, 1100):
        await cycle(number)
    after = await settle()
    assert after[1:] == before[1:]
    assert after[0] - before[0] < 4 * 1024 * 1024
    assert relay.router.transports == relay.router.half_open == 0
    assert relay.router.registry.sources == relay.router.registry.sinks == 0
    stats = relay.path.stats()
    assert (stats["transports"], stats["sources"], stats["sinks"]) == ({}, {}, {})
