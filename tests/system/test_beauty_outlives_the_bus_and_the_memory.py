"""NATS gone for ten seconds, and no shared memory: pictures go on, and beauty comes back where it can."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.beauty import BRIGHT, BRIGHTER_BY, CENTRE, OVERLOAD, keep, on_air
from tests.system.cloud import Cloud
from tests.system.conftest import Arrive

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def own_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    running = Cloud(tmp_path_factory.mktemp("bus"))
    try:
        running.start(relays=0)
        running.add_relay(SALON_RELAY_EFFECT_DEADLINE_MS="1000")
        yield running
    finally:
        running.stop()


async def test_ten_seconds_without_nats(face_arrive: Arrive, own_cloud: Cloud) -> None:
    show = await on_air(face_arrive, own_cloud)
    original = await show.look(CENTRE)
    await show.on(BRIGHT)
    await show.until(f"y > {original.y + BRIGHTER_BY}")
    await show.gap_ms()
    own_cloud.nats.kill()
    await show.viewer.page.wait_for_timeout(10_000)
    await show.viewer.sees(show.stream, frames=30)
    own_cloud.restart_nats()
    gap_ms = await show.gap_ms()
    await show.viewer.sees(show.stream)
    await show.until(f"y > {original.y + BRIGHTER_BY}", deadline_s=40)
    gap_back_ms = await show.gap_ms()
    keep("nats-gone", {"gap_ms": gap_ms, "gap_back_ms": gap_back_ms, "told": await show.told()})
    # It obeys again as well.
    await show.off()
    await show.until(f"y < {original.y + 2}")


async def test_without_shared_memory_the_original_flows_and_a_worker_with_an_address_gets_it_over_tcp(
    face_arrive: Arrive, tmp_path: Path
) -> None:
    cloud = Cloud(tmp_path)
    try:
        cloud.start(relays=0)
        cloud.add_relay(SALON_RELAY_EFFECT_DEADLINE_MS="1000", SALON_RELAY_RING_FOLDER=str(tmp_path / "nowhere"))
        show = await on_air(face_arrive, cloud)
        original = await show.look(CENTRE)
        outcome = await show.beauty(BRIGHT)
        assert outcome["errorCode"] == OVERLOAD
        await show.viewer.sees(show.stream, frames=30)
        assert (await show.look(CENTRE)).y < original.y + 2
        cloud.effects[0].kill()
        cloud.add_effects(SALON_EFFECTS_FRAMES_ADDRESS="127.0.0.1:0")
        await show.until_told(OVERLOAD, 0, deadline_s=40)
        await show.until(f"y > {original.y + BRIGHTER_BY}")
        keep("no-memory", {"answered_ms": outcome["tookMs"], "problem": outcome["extendedData"]})
    finally:
        cloud.stop()
