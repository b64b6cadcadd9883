"""Real worker processes: through shared memory and through TCP."""

from pathlib import Path

import pytest
from salon.effects.v1.effects_pb2 import Beauty
from salon_contracts.errors import FramesUnreachable, InvalidField
from salon_kit.bus import Bus

from .conftest import Start
from .processes import client_of, inverted, is_empty, open_when_there, picture

BEAUTY = Beauty(smooth=50, whiten=40, rosy=30, sharpen=20)


@pytest.fixture(params=["shared memory", "connection"])
def way(request: pytest.FixtureRequest, tmp_path: Path, ring_folder: Path) -> tuple[Path, dict[str, str]]:
    """Where the client puts its rings, and what the worker is told."""
    if request.param == "shared memory":
        return ring_folder, {}
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    return elsewhere, {"SALON_EFFECTS_FRAMES_ADDRESS": "127.0.0.1:0"}


async def test_every_frame_comes_back_and_is_the_filtered_one(
    bus: Bus, start: Start, way: tuple[Path, dict[str, str]]
) -> None:
    folder, settings = way
    worker = start(SALON_EFFECTS_ID="effects-1", **settings)
    client = client_of(bus, folder)
    assert await open_when_there(client, 640, 360) == "effects-1"
    for number in range(20):
        frame = picture(640, 360, number)
        assert (await client.beautify(frame, BEAUTY)).equals(inverted(frame))
    await client.close()
    await worker.says("stream-closed")
    assert worker.end() == 0


async def test_the_name_of_the_ring_is_gone_once_it_is_open(
    bus: Bus, start: Start, way: tuple[Path, dict[str, str]]
) -> None:
    folder, settings = way
    start(**settings)
    client = client_of(bus, folder)
    await open_when_there(client)
    assert is_empty(folder)
    await client.beautify(picture(64, 48), BEAUTY)
    await client.close()


async def test_sizes_may_change_and_larger_ones_are_opened_anew(
    bus: Bus, start: Start, way: tuple[Path, dict[str, str]]
) -> None:
    folder, settings = way
    worker = start(**settings)
    client = client_of(bus, folder)
    await open_when_there(client, 640, 360)
    for width, height in ((640, 360), (320, 180), (180, 320), (1280, 720), (854, 480), (16, 16)):
        frame = picture(width, height)
        assert (await client.beautify(frame, BEAUTY)).equals(inverted(frame))
    assert worker.log.count("stream-opened") == 2
    await client.close()


async def test_parameters_and_range_go_with_every_frame(
    bus: Bus, start: Start, way: tuple[Path, dict[str, str]]
) -> None:
    folder, settings = way
    start(SALON_EFFECTS_FILTERS="trial_filters:add_whiten,trial_filters:copy,trial_filters:add_whiten", **settings)
    client = client_of(bus, folder)
    await open_when_there(client)
    frame = picture(64, 48)
    for whiten in (0, 5, 9):
        returned = await client.beautify(frame, Beauty(whiten=whiten))
        assert (returned.y == frame.y + 2 * whiten).all()
        assert not returned.full_range
    await client.close()


async def test_strided_planes_are_sent_as_well(bus: Bus, start: Start, way: tuple[Path, dict[str, str]]) -> None:
    folder, settings = way
    start(**settings)
    client = client_of(bus, folder)
    await open_when_there(client)
    large = picture(128, 96)
    part = type(large)(large.y[2:50, 4:68], large.u[1:25, 2:34], large.v[1:25, 2:34])
    assert (await client.beautify(part, BEAUTY)).equals(inverted(part))
    await client.close()


async def test_without_shared_memory_and_address_it_is_told(bus: Bus, start: Start, tmp_path: Path) -> None:
    start(SALON_EFFECTS_ID="effects-1")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    client = client_of(bus, elsewhere)
    with pytest.raises(FramesUnreachable, match="SALON_EFFECTS_FRAMES_ADDRESS"):
        await open_when_there(client)
    assert is_empty(elsewhere)


async def test_sizes_and_rates_out_of_range_are_refused(bus: Bus, start: Start, ring_folder: Path) -> None:
    start()
    client = client_of(bus, ring_folder)
    with pytest.raises(InvalidField, match="frames_per_s"):
        await open_when_there(client, rate=1000)
    with pytest.raises(ValueError, match="not an even size"):
        await client.open(63, 48, 30)
    assert is_empty(ring_folder)


async def test_many_streams_at_once_keep_apart(bus: Bus, start: Start, ring_folder: Path) -> None:
    import asyncio

    start()

    async def one(number: int) -> None:
        client = client_of(bus, ring_folder)
        await open_when_there(client)
        for turn in range(10):
            frame = picture(64, 48, 100 * number + turn)
            assert (await client.beautify(frame, BEAUTY)).equals(inverted(frame))
        await client.close()

    await asyncio.gather(*(one(number) for number in range(8)))
