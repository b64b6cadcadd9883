from pathlib import Path

import pytest
from salon.effects.v1.effects_pb2 import Beauty
from salon_contracts.errors import EffectsFull, NobodyServes
from salon_frames import EffectsClient
from salon_kit.bus import Bus

from .conftest import Start
from .processes import client_of, is_empty, open_when_there, picture

FRAME = picture(64, 48)


async def test_a_full_worker_leaves_and_comes_back_when_it_has_room(bus: Bus, start: Start, ring_folder: Path) -> None:
    worker = start(SALON_EFFECTS_ID="only", SALON_EFFECTS_MAX_STREAMS="2")
    clients = [client_of(bus, ring_folder) for _ in range(3)]
    await open_when_there(clients[0])
    await clients[1].open(64, 48, 30)
    await worker.says("queue-left")
    with pytest.raises((EffectsFull, NobodyServes)):
        await clients[2].open(64, 48, 30)
    await clients[0].close()
    assert await open_when_there(clients[2]) == "only"
    for client in clients:
        await client.close()


async def test_another_worker_takes_what_a_full_one_refuses(bus: Bus, start: Start, ring_folder: Path) -> None:
    first = start(SALON_EFFECTS_ID="first", SALON_EFFECTS_MAX_STREAMS="2")
    clients = [client_of(bus, ring_folder) for _ in range(4)]
    for client in clients[:2]:
        assert await open_when_there(client) == "first"
    await first.says("queue-left")
    start(SALON_EFFECTS_ID="second", SALON_EFFECTS_MAX_STREAMS="2")
    for client in clients[2:]:
        assert await open_when_there(client) == "second"
    for client in clients:
        await client.beautify(FRAME, Beauty(smooth=1))
        await client.close()


async def test_a_request_that_reaches_a_full_worker_is_refused_and_asked_again_at_once(
    bus: Bus, start: Start, ring_folder: Path
) -> None:
    """What is too large for one that is in the queue group all the same."""
    worker = start(SALON_EFFECTS_ID="only", SALON_EFFECTS_THREADS="1", SALON_EFFECTS_MAX_LOAD="0.2")
    small, large = client_of(bus, ring_folder), client_of(bus, ring_folder)
    await open_when_there(small)
    with pytest.raises(EffectsFull, match="only"):
        await large.open(3840, 2160, 60)
    assert '"queue-left"' not in worker.log
    assert is_empty(ring_folder)
    await small.beautify(FRAME, Beauty(smooth=1))
    await small.close()


async def test_measured_work_counts(bus: Bus, start: Start, ring_folder: Path) -> None:
    """10 ms a frame: far more than what was reserved for 64x48."""
    worker = start(SALON_EFFECTS_FILTERS="trial_filters:burn", SALON_EFFECTS_THREADS="1", SALON_EFFECTS_MAX_LOAD="0.2")
    client: EffectsClient = client_of(bus, ring_folder)
    await open_when_there(client)
    while '"queue-left"' not in worker.log:
        await client.beautify(FRAME, Beauty(smooth=1))
    await client.close()
    await worker.says("queue-joined", count=2)
