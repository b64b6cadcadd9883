from pathlib import Path

import pytest
from salon.effects.v1.effects_pb2 import Beauty
from salon_frames import FrameRefused
from salon_kit.bus import Bus

from .conftest import Start
from .processes import client_of, inverted, open_when_there, picture

FRAME = picture(64, 48)


@pytest.mark.parametrize("way", ["shared memory", "connection"])
async def test_a_filter_that_raises_ends_with_the_original_and_the_worker_lives(
    bus: Bus, start: Start, ring_folder: Path, tmp_path: Path, way: str
) -> None:
    settings = {"SALON_EFFECTS_FILTERS": "trial_filters:fail_when_asked", "SALON_EFFECTS_THREADS": "1"}
    if way == "connection":
        settings["SALON_EFFECTS_RING_FOLDER"] = str(tmp_path / "none")
        settings["SALON_EFFECTS_FRAMES_ADDRESS"] = "127.0.0.1:0"
    worker = start(**settings)
    client = client_of(bus, ring_folder)
    await open_when_there(client)
    for _ in range(3):
        with pytest.raises(FrameRefused, match="FAILED"):
            await client.beautify(FRAME, Beauty(rosy=100))
    with pytest.raises(FrameRefused, match="FAILED"):
        await client.beautify(FRAME, Beauty(sharpen=100))  # it ends its thread, as it thinks
    assert (await client.beautify(FRAME, Beauty(smooth=1))).equals(inverted(FRAME))
    assert worker.log.count('"filter-failed"') == 2  # once for each kind
    assert "a bug in a filter" in worker.log
    assert worker.end() == 0
    await client.close()


async def test_a_filter_that_hangs_makes_the_worker_unready_and_others_are_asked(
    bus: Bus, start: Start, ring_folder: Path
) -> None:
    hanging = start(SALON_EFFECTS_ID="hanging", SALON_EFFECTS_FILTERS="trial_filters:hang_when_asked")
    client = client_of(bus, ring_folder, deadline_ms=50)
    assert await open_when_there(client) == "hanging"
    with pytest.raises(Exception, match="No beautified picture"):
        await client.beautify(FRAME, Beauty(rosy=100))
    await hanging.says("queue-left")
    start(SALON_EFFECTS_ID="fresh")
    assert await open_when_there(client) == "fresh"
    await client.close()
