"""A relay that is started by hand announces itself and gets rooms; a relay that dies loses its rooms to another."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.cloud import Cloud
from tests.system.conftest import Arrive
from tests.system.rooms import fresh

RELAY_PORTS = """async () => {
    const pairs = [];
    for (const connection of salon.connections) {
        if (connection.connectionState !== 'connected') continue;
        const report = await connection.getStats();
        for (const item of report.values())
            if (item.type === 'candidate-pair' && item.nominated && item.state === 'succeeded')
                pairs.push(report.get(item.remoteCandidateId).port);
    }
    return pairs;
}"""


@pytest.fixture
def own_cloud(tmp_path: Path) -> Iterator[Cloud]:
    running = Cloud(tmp_path, presence_ttl_s=6)
    try:
        yield running.start()
    finally:
        running.stop()


async def test_a_second_relay_is_used(arrive: Arrive, own_cloud: Cloud) -> None:
    first, second = own_cloud.relays[0], own_cloud.add_relay()
    used: set[int] = set()
    for _ in range(12):  # two choices among two relays: all on one of them has a chance of 1 in 2,000
        room, stream = fresh("room"), fresh("stream")
        alice = await arrive(fresh("alice"), at=own_cloud)
        await alice.login(room)
        await alice.publish(stream, {"camera": {"video": {"quality": 1}}}, {"videoCodec": "VP8"})
        await alice.wait_event("publisherStateUpdate", "args[0].state === 'PUBLISHING'")
        ports = await alice.wait_for(f"({RELAY_PORTS})().then((ports) => ports.length && ports)")
        used.update(ports)
        await alice.page.close()
        if len(used) == 2:
            break
    assert used == {first.port, second.port}


async def test_when_a_relay_dies_the_call_goes_on_over_another(arrive: Arrive, own_cloud: Cloud) -> None:
    room, stream = fresh("room"), fresh("stream")
    alice, bob = await arrive(fresh("alice"), at=own_cloud), await arrive(fresh("bob"), at=own_cloud)
    await bob.auto_play()
    await asyncio.gather(alice.login(room), bob.login(room))
    await alice.publish(stream, None, {"videoCodec": "VP8"})
    await bob.wait_for("(id) => salon.frames[id]", stream)
    await bob.sees(stream)

    own_cloud.add_relay()
    own_cloud.relays[0].kill()
    await bob.wait_event("roomStreamUpdate", "args[1] === 'DELETE'")
    await bob.wait_for("(id) => salon.frames[id]", stream)
    await bob.sees(stream)
    await bob.hears(stream)
